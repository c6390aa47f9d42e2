//! What is set of a universal CRM: where it takes webhooks, and which of them it wants (`PATCH /v3/webhooks`).

use crate::base::clock::Timestamp;
use crate::base::ids::AccountId;
use crate::model::crm::{CrmConnection, CrmKind};
use crate::model::field::{Field, Form};
use crate::model::texts::Language;
use url::Url;

pub(super) const WEBHOOK_URL: &str = "webhook_url";

/// What `PUT /v1/crm` takes.
pub(super) const FIELDS: [Field; 2] = [
    Field {
        name: WEBHOOK_URL,
        title: |language| match language {
            Language::Ru => "Адрес для вебхуков",
            Language::En => "Webhook address",
        },
        form: Form::Url,
        required: true,
        pattern: r"^https://\S{1,1992}$",
        shape: "an https address",
        example: "https://crm.example.com/hooks/switchboard",
    },
    Field {
        name: "crm_key",
        title: |language| match language {
            Language::Ru => "Ключ, который выдала CRM",
            Language::En => "Key that the CRM gave",
        },
        form: Form::Secret,
        required: false,
        pattern: "^[!-~]{1,1000}$",
        shape: "1 to 1000 visible ASCII characters",
        example: "a-key-of-the-crm",
    },
];

/// What a CRM wants to be told. One that says nothing is told everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// All of them, or none.
    pub fn all(on: bool) -> Self {
        Self {
            messages_and_statuses: on,
            contacts_and_deals_creation: on,
            channels_updates: on,
            template_status: on,
        }
    }

    /// Each with its name among the settings.
    fn named(&mut self) -> [(&'static str, &mut bool); 4] {
        [
            ("subscriptions.messages_and_statuses", &mut self.messages_and_statuses),
            ("subscriptions.contacts_and_deals_creation", &mut self.contacts_and_deals_creation),
            ("subscriptions.channels_updates", &mut self.channels_updates),
            ("subscriptions.template_status", &mut self.template_status),
        ]
    }

    /// What a connection's CRM wants to be told.
    pub fn of(connection: &CrmConnection) -> Self {
        let mut all = Self::default();
        for (name, on) in all.named() {
            *on = connection.setting(name) != Some("false");
        }
        all
    }

    /// Sets what a connection's CRM wants to be told. Nothing is noted where it is everything, as in rows that are older than
    /// the choice: a write that depends on it holds for these too.
    pub fn set(mut self, connection: &mut CrmConnection) {
        let everything = self == Self::default();
        for (name, on) in self.named() {
            if everything {
                connection.settings.remove(name);
            } else {
                connection.settings.insert(name.to_owned(), on.to_string());
            }
        }
    }
}

/// A connection to the CRM that takes webhooks at `webhook_url`, of which nothing else is known.
pub fn connection(account: &AccountId, webhook_url: &str, now: Timestamp) -> CrmConnection {
    let mut fresh = CrmConnection::new(account, CrmKind::Universal, now);
    fresh.settings.insert(WEBHOOK_URL.to_owned(), webhook_url.to_owned());
    fresh
}

/// Where a connection's CRM takes webhooks, as it was given.
pub fn webhook_url(connection: &CrmConnection) -> &str {
    connection.setting(WEBHOOK_URL).unwrap_or_default()
}

/// The connection when the CRM's webhooks go to `webhook_url`; `before` is what is set so far. At the same host, port and
/// scheme it stays the same CRM: its key, what it wants to be told and the records that are in it stay. Anywhere else it is
/// another one, of which nothing is known. Every trouble is forgotten.
pub fn moved_to(
    webhook_url: &str,
    before: Option<&CrmConnection>,
    account: &AccountId,
    now: Timestamp,
) -> CrmConnection {
    let mut moved = connection(account, webhook_url, now);
    let url: Result<Url, _> = webhook_url.parse();
    let stays = |before: &&CrmConnection| url.as_ref().is_ok_and(|url| same_origin(before, url));
    if let Some(same) = before.filter(|before| before.kind == moved.kind).filter(stays) {
        moved.credential.clone_from(&same.credential);
        Subscriptions::of(same).set(&mut moved);
        moved.known_as = Some(same.fingerprint());
    }
    moved
}

/// Whether `url` is at the same host, port and scheme: a key that was given for one goes to no other.
pub fn same_origin(connection: &CrmConnection, url: &Url) -> bool {
    webhook_url(connection).parse::<Url>().is_ok_and(|own| own.origin() == url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_is_the_same_crm() {
        let account = AccountId::new("a");
        let to =
            |url: &str, before: Option<&CrmConnection>| moved_to(url, before, &account, Timestamp::default());
        let mut first = to("https://crm.example.com/a", None);
        first.failures = 3;
        Subscriptions::all(false).set(&mut first);
        let second = to("https://crm.example.com/b", Some(&first));
        let third = to("https://crm.example.com/c", Some(&second));
        assert_eq!([second.fingerprint(), third.fingerprint()], [first.fingerprint(), first.fingerprint()]);
        assert_eq!((Subscriptions::of(&third), third.failures), (Subscriptions::of(&first), 0));
        let other = to("https://crm.example.net/a", Some(&third));
        assert_eq!((&other.known_as, Subscriptions::of(&other)), (&None, Subscriptions::all(true)));
        assert_ne!(other.fingerprint(), first.fingerprint());
    }

    #[test]
    fn a_key_stays_with_its_host() {
        let account = AccountId::new("a");
        for (own, other, same) in [
            ("https://crm.example.com/h", "https://crm.example.com/other?x=1", true),
            ("https://crm.example.com/h", "https://CRM.example.com:443/h", true),
            ("https://crm.example.com/h", "https://crm.example.com:8443/h", false),
            ("https://crm.example.com/h", "https://crm.example.com.evil.example/h", false),
            ("https://crm.example.com/h", "http://crm.example.com/h", false),
            ("no url", "https://crm.example.com/h", false),
        ] {
            let connection = connection(&account, own, Timestamp::default());
            assert_eq!(same_origin(&connection, &other.parse().unwrap()), same, "{own} {other}");
        }
    }

    #[test]
    fn whatever_it_wants_is_found_again_and_everything_leaves_no_trace() {
        let mut connection =
            connection(&AccountId::new("a"), "https://crm.example.com/h", Timestamp::default());
        let fresh = connection.clone();
        for bits in 0..16_u8 {
            let mut wants = Subscriptions::default();
            for (at, (_, on)) in wants.named().into_iter().enumerate() {
                *on = bits & (1 << at) != 0;
            }
            wants.set(&mut connection);
            assert_eq!(Subscriptions::of(&connection), wants);
            assert_eq!(connection == fresh, bits == 15);
        }
    }
}
