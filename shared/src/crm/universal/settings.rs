//! The settings of a universal CRM: the address of its webhooks, and its subscriptions (`PATCH /v3/webhooks`).

use crate::base::clock::Timestamp;
use crate::base::ids::AccountId;
use crate::model::crm::connection::SUBSCRIPTION;
use crate::model::crm::{CrmConnection, CrmKind};
use crate::model::field::{Field, Form};
use crate::model::texts::Language;
use std::collections::BTreeMap;
use url::Url;

pub(super) const WEBHOOK_URL: &str = "webhook_url";

/// The settings that `PUT /v1/crm` accepts.
pub(super) const FIELDS: [Field; 2] = [
    Field {
        name: WEBHOOK_URL,
        title: |language| match language {
            Language::Ru => "Адрес для вебхуков",
            Language::En => "Webhook address",
        },
        form: Form::Url,
        required: true,
        pattern: r"^https?://\S{1,1992}$",
        shape: "an http or https address",
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

/// The subscriptions of a CRM. A CRM that selects nothing is subscribed to everything that Wazzup sends, and to nothing
/// else: a client that was written for Wazzup gets no body or member that Wazzup does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// Messages, statuses.
    pub messages_and_statuses: bool,
    /// The CRM creates contacts and deals for us.
    pub contacts_and_deals_creation: bool,
    /// States of channels.
    pub channels_updates: bool,
    /// States of WABA templates.
    pub template_status: bool,
    /// Ours: the ends of chats.
    pub chat_finished: bool,
    /// Ours: how many clients wait because no employee is eligible.
    pub waiting_clients: bool,
    /// Ours: rules' notices to employees.
    pub notification: bool,
    /// Ours: the pipeline stage of a deal to create.
    pub deal_stage: bool,
    /// Ours: a failed send as a message in the chat, besides its status.
    pub error_notice: bool,
    /// Ours: words of ours before a text, for where an echo was written, a story, and a group's author.
    pub text_marks: bool,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self::wazzups(true)
    }
}

impl Subscriptions {
    /// Wazzup's own all on, or all off; ours off.
    pub fn wazzups(on: bool) -> Self {
        Self {
            messages_and_statuses: on,
            contacts_and_deals_creation: on,
            channels_updates: on,
            template_status: on,
            chat_finished: false,
            waiting_clients: false,
            notification: false,
            deal_stage: false,
            error_notice: false,
            text_marks: false,
        }
    }

    /// Wazzup's own and all of ours.
    pub fn everything() -> Self {
        let mut all = Self::default();
        all.named().into_iter().for_each(|(_, on)| *on = true);
        all
    }

    /// Each subscription with its name.
    pub(super) fn named(&mut self) -> [(&'static str, &mut bool); 10] {
        [
            ("messages_and_statuses", &mut self.messages_and_statuses),
            ("contacts_and_deals_creation", &mut self.contacts_and_deals_creation),
            ("channels_updates", &mut self.channels_updates),
            ("template_status", &mut self.template_status),
            ("chat_finished", &mut self.chat_finished),
            ("waiting_clients", &mut self.waiting_clients),
            ("notification", &mut self.notification),
            ("deal_stage", &mut self.deal_stage),
            ("error_notice", &mut self.error_notice),
            ("text_marks", &mut self.text_marks),
        ]
    }

    /// The subscriptions of a connection's CRM.
    pub fn of(connection: &CrmConnection) -> Self {
        let mut all = Self::default();
        all.apply(&connection.settings);
        all
    }

    /// Changes those that `settings` name (`subscriptions.…`: `true` or `false`).
    pub(super) fn apply(&mut self, settings: &BTreeMap<String, String>) {
        for (name, on) in self.named() {
            *on = settings.get(&setting(name)).map_or(*on, |value| value == "true");
        }
    }

    /// Stores the subscriptions in a connection. Nothing is stored if all are as they are at first, as in rows that are
    /// older than this setting, so that a write that depends on it also holds for those rows.
    pub fn set(mut self, connection: &mut CrmConnection) {
        let at_first = self == Self::default();
        for (name, on) in self.named() {
            let name = setting(name);
            if at_first {
                connection.settings.remove(&name);
            } else {
                connection.settings.insert(name, on.to_string());
            }
        }
    }
}

/// The name of a subscription among the settings.
fn setting(name: &str) -> String {
    format!("{SUBSCRIPTION}{name}")
}

/// A new connection to a CRM that receives webhooks at `webhook_url`.
pub fn connection(account: &AccountId, webhook_url: &str, now: Timestamp) -> CrmConnection {
    let mut fresh = CrmConnection::new(account, CrmKind::Universal, now);
    fresh.settings.insert(WEBHOOK_URL.to_owned(), webhook_url.to_owned());
    fresh
}

/// The address of a connection's CRM for webhooks, as it was set.
pub fn webhook_url(connection: &CrmConnection) -> &str {
    connection.setting(WEBHOOK_URL).unwrap_or_default()
}

/// The connection with its webhooks at `webhook_url`; `before` is the present connection. At the same host, port and
/// scheme it is the same CRM: its key, its subscriptions and the records in it stay. Anywhere else it is another CRM,
/// of which nothing is known. All recorded failures are cleared.
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

/// Whether `url` has the same host, port and scheme: a key for one origin is never sent to another.
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
        Subscriptions::wazzups(false).set(&mut first);
        let second = to("https://crm.example.com/b", Some(&first));
        let third = to("https://crm.example.com/c", Some(&second));
        assert_eq!([second.fingerprint(), third.fingerprint()], [first.fingerprint(), first.fingerprint()]);
        assert_eq!((Subscriptions::of(&third), third.failures), (Subscriptions::of(&first), 0));
        let other = to("https://crm.example.net/a", Some(&third));
        assert_eq!((&other.known_as, Subscriptions::of(&other)), (&None, Subscriptions::default()));
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
    fn whatever_it_wants_is_found_again_and_what_it_has_at_first_leaves_no_trace() {
        let mut connection =
            connection(&AccountId::new("a"), "https://crm.example.com/h", Timestamp::default());
        let fresh = connection.clone();
        for bits in 0..1024_u16 {
            let mut wants = Subscriptions::default();
            for (at, (_, on)) in wants.named().into_iter().enumerate() {
                *on = bits & (1 << at) != 0;
            }
            wants.set(&mut connection);
            assert_eq!(Subscriptions::of(&connection), wants);
            assert_eq!(connection == fresh, bits == 15);
        }
    }

    #[test]
    fn a_stored_connection_that_names_wazzups_four_has_none_of_ours() {
        let mut connection =
            connection(&AccountId::new("a"), "https://crm.example.com/h", Timestamp::default());
        for name in ["messages_and_statuses", "contacts_and_deals_creation", "channels_updates"] {
            connection.settings.insert(setting(name), "true".into());
        }
        connection.settings.insert(setting("template_status"), "false".into());
        let expected = Subscriptions { template_status: false, ..Subscriptions::default() };
        assert_eq!(Subscriptions::of(&connection), expected);
    }
}
