//! A CRM as the domain knows it: what it holds of a contact, and how far it is up to date.

use crate::base::clock::Timestamp;
use crate::base::ids::AccountId;
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};
use url::Url;
pub mod entities;
pub mod progress;

/// Which CRM an account works with (A2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmKind {
    /// None: only our own chats.
    #[default]
    None,
    /// A CRM that is a client of the Wazzup-v3-compatible API and takes its webhooks.
    Universal,
}

/// What a kind of CRM can do; the settings API refuses what does not apply (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Workers of one account at a time: 1 where the CRM's rate limit is per account.
    pub workers: u32,
    /// Whether it can name a client's responsible, so that a channel may leave that to it.
    pub assigns: bool,
    /// Whether deals have pipeline stages.
    pub stages: bool,
    /// Whether it has groups of employees, one of which a channel may belong to.
    pub groups: bool,
    /// Whether it is told how far a delivery has come.
    pub statuses: bool,
    /// Whether it is told of edits.
    pub edits: bool,
    /// Whether it is told of deletions.
    pub deletions: bool,
    /// Whether it is told of reactions as such; else they are texts.
    pub reactions: bool,
    /// Whether it is told that a chat is finished.
    pub finished: bool,
    /// Whether it can be asked for its employees and pipelines; else it brings them itself.
    pub refreshes: bool,
    /// Whether we may change contacts that are there already.
    pub writes_contacts: bool,
}

impl Capabilities {
    /// Nothing at all.
    const NONE: Self = Self {
        workers: 1,
        assigns: false,
        stages: false,
        groups: false,
        statuses: false,
        edits: false,
        deletions: false,
        reactions: false,
        finished: false,
        refreshes: false,
        writes_contacts: false,
    };
}

impl CrmKind {
    /// What this kind can do.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::None => Capabilities::NONE,
            // Few enough that a slow CRM leaves the other accounts' workers alone. It names a responsible by loading its
            // contacts; its contract has no call that changes a contact, or that asks for employees.
            Self::Universal => Capabilities {
                workers: 4,
                assigns: true,
                stages: true,
                statuses: true,
                edits: true,
                deletions: true,
                finished: true,
                ..Capabilities::NONE
            },
        }
    }
}

/// How a CRM connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmState {
    /// Works, or has not been tried.
    #[default]
    Active,
    /// The CRM refused our key: chats wait until it is set again.
    Unauthorized,
}

/// What a CRM wants to be told, as `PATCH /v3/webhooks` says it. Whoever says nothing is told everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    /// Messages, statuses, the ends of chats.
    pub messages_and_statuses: bool,
    /// It creates contacts and deals for us.
    pub contacts_and_deals_creation: bool,
    /// States of channels.
    pub channels_updates: bool,
    /// States of WABA templates. Kept, and shown; no provider of ours reports them yet.
    pub template_status: bool,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self::all(true)
    }
}

impl Subscriptions {
    /// Whether it is told everything.
    pub fn is_all(&self) -> bool {
        *self == Self::all(true)
    }

    /// All of them, or none.
    pub fn all(on: bool) -> Self {
        Self {
            messages_and_statuses: on,
            contacts_and_deals_creation: on,
            channels_updates: on,
            template_status: on,
        }
    }
}

/// An account's connection to its CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrmConnection {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which kind.
    pub kind: CrmKind,
    /// Where the CRM takes our webhooks.
    pub webhook_url: String,
    /// What we authorize with there, encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_key: Option<Sealed>,
    /// What it wants to be told. Left out for all of it, as in rows that are older than the choice: a write that depends on
    /// it holds for these too.
    #[serde(default, skip_serializing_if = "Subscriptions::is_all")]
    pub subscriptions: Subscriptions,
    /// Its fingerprint, where the webhooks' address has changed and the CRM has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_as: Option<String>,
    /// How it is.
    #[serde(default)]
    pub state: CrmState,
    /// Failures in a row over all chats: see [`pace`].
    #[serde(default)]
    pub failures: u32,
    /// Nobody calls the CRM before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// What it last said against us, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was set.
    pub created_at: Timestamp,
}

impl CrmConnection {
    /// A connection that has not been tried yet.
    pub fn new(account: &AccountId, kind: CrmKind, webhook_url: &str, now: Timestamp) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            kind,
            webhook_url: webhook_url.to_owned(),
            crm_key: None,
            subscriptions: Subscriptions::default(),
            known_as: None,
            state: CrmState::Active,
            failures: 0,
            paused_until: None,
            error: None,
            created_at: now,
        }
    }

    /// The connection when the CRM's webhooks go to `url`, spelt `webhook_url`; `before` is what is set for this kind. At the
    /// same host, port and scheme it stays the same CRM: its key, what it wants to be told and the records that are in it
    /// stay. Anywhere else it is another one, of which nothing is known. Every trouble is forgotten.
    pub fn moved_to(
        url: &Url,
        webhook_url: &str,
        before: Option<&Self>,
        (account, kind): (&AccountId, CrmKind),
        now: Timestamp,
    ) -> Self {
        let fresh = Self::new(account, kind, webhook_url, now);
        match before.filter(|before| before.kind == kind && before.same_origin(url)) {
            Some(same) => Self {
                crm_key: same.crm_key.clone(),
                subscriptions: same.subscriptions,
                known_as: Some(same.fingerprint()),
                ..fresh
            },
            None => fresh,
        }
    }

    /// Whether `url` is at the same host, port and scheme: a key that was given for one goes to no other.
    pub fn same_origin(&self, url: &Url) -> bool {
        self.webhook_url.parse::<Url>().is_ok_and(|own| own.origin() == url.origin())
    }

    /// Tells one CRM from another by where it takes webhooks: records made in one are unknown to the next.
    pub fn fingerprint(&self) -> String {
        let by_url = || crate::base::ids::hex_digest(self.webhook_url.as_bytes()).chars().take(16).collect();
        self.known_as.clone().unwrap_or_else(by_url)
    }
}

/// Whether a link of the CRM's may be shown to be followed: `http` or `https`, and nothing that a browser would carry out.
pub fn is_web_link(text: &str) -> bool {
    text.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_is_the_same_crm() {
        let of = (&AccountId::new("a"), CrmKind::Universal);
        let to = |text: &str, before: Option<&CrmConnection>| {
            CrmConnection::moved_to(&text.parse().unwrap(), text, before, of, Timestamp::default())
        };
        let mut first = to("https://crm.example.com/a", None);
        (first.failures, first.subscriptions) = (3, Subscriptions::all(false));
        let second = to("https://crm.example.com/b", Some(&first));
        let third = to("https://crm.example.com/c", Some(&second));
        assert_eq!([second.fingerprint(), third.fingerprint()], [first.fingerprint(), first.fingerprint()]);
        assert_eq!((third.subscriptions, third.failures), (first.subscriptions, 0));
        let other = to("https://crm.example.net/a", Some(&third));
        assert_eq!((&other.known_as, other.subscriptions), (&None, Subscriptions::all(true)));
        assert_ne!(other.fingerprint(), first.fingerprint());
    }

    #[test]
    fn a_key_stays_with_its_host() {
        let account = AccountId::new("a");
        let at = |url| CrmConnection::new(&account, CrmKind::Universal, url, Timestamp::default());
        for (own, other, same) in [
            ("https://crm.example.com/h", "https://crm.example.com/other?x=1", true),
            ("https://crm.example.com/h", "https://CRM.example.com:443/h", true),
            ("https://crm.example.com/h", "https://crm.example.com:8443/h", false),
            ("https://crm.example.com/h", "https://crm.example.com.evil.example/h", false),
            ("https://crm.example.com/h", "http://crm.example.com/h", false),
            ("no url", "https://crm.example.com/h", false),
        ] {
            assert_eq!(at(own).same_origin(&other.parse().unwrap()), same, "{own} {other}");
        }
    }
}
