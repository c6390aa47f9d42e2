//! Names of rows' attributes, each bound to its row: what a conditional write depends on. A misspelt name does not compile.

use crate::model::account::Account;
use crate::model::assignment::Ring;
use crate::model::assignment::requeue::Requeue;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::connection::Connection;
use crate::model::contact::{Contact, Merge};
use crate::model::crm::connection::CrmConnection;
use crate::model::crm::entities::CrmContact;
use crate::model::employee::{Employee, Membership};
use crate::model::erasure::Erasure;
use crate::model::message::Message;
use crate::model::message::listing::ChatListing;
use crate::model::message::media::PendingFile;
use crate::model::outbound::OutboundJob;
use crate::model::pipeline::Pipelines;
use crate::model::quick_reply::QuickReplyCount;
use crate::model::rules::RuleSet;
use crate::store::rows::{ApiKeyEntry, ApiKeyRow};
use std::marker::PhantomData;

/// The name of an attribute of the rows `R`, as the table has it.
pub struct Attribute<R>(&'static str, PhantomData<fn() -> R>);

impl<R> Attribute<R> {
    const fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl<R> Clone for Attribute<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Attribute<R> {}

impl<R> std::fmt::Debug for Attribute<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl<R> PartialEq for Attribute<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Attribute<R> {}

/// A module per row, and a constant per attribute.
macro_rules! attributes {
    ($($module:ident: $row:ident { $($name:ident = $text:literal),* $(,)? })*) => {
        $(
            #[doc = concat!("Attributes of [`", stringify!($row), "`].")]
            pub mod $module {
                use super::{Attribute, $row};
                $(
                    #[doc = concat!("`", $text, "`")]
                    pub const $name: Attribute<$row> = Attribute::new($text);
                )*
            }
        )*

        /// The attributes that their row does not have. `full` names those of a row that holds another one flattened.
        #[cfg(test)]
        fn unknown(full: impl Fn(&str) -> Vec<String>) -> Vec<String> {
            let mut unknown = Vec::new();
            $(
                let declared = serde_aux::serde_introspection::serde_introspect::<$row>();
                let mut known: Vec<String> = declared.iter().map(|&name| name.to_owned()).collect();
                if known.is_empty() {
                    known = full(stringify!($row));
                }
                $(
                    if !known.iter().any(|name| name == $text) {
                        unknown.push(format!("{}.{}", stringify!($row), $text));
                    }
                )*
            )*
            unknown
        }
    };
}

attributes! {
    account: Account {
        CLOSING = "closing",
        CRM_KIND = "crm_kind",
        DEFAULT_CHANNELS = "default_channels",
        HAS_CRM_CONTACTS = "has_crm_contacts",
        HAS_RULES = "has_rules",
        IDLE_MINUTES = "idle_minutes",
        REWRITE_LEADING_EIGHT = "rewrite_leading_eight",
    }
    api_key: ApiKeyRow {
        EXPIRES_AT = "expires_at",
        LAST_USED_AT = "last_used_at",
    }
    api_key_entry: ApiKeyEntry {
        EXPIRES_AT = "expires_at",
    }
    channel: Channel {
        CHECK_AT = "check_at",
        CONNECTION = "connection",
        DISTRIBUTION = "distribution",
        MESSENGER = "messenger",
        STATE_AT = "state_at",
        TRANSPORT = "transport",
    }
    chat: Chat {
        ALIASES = "aliases",
        CHECK_AT = "check_at",
        CLIENT = "client",
        CLIENT_COUNT = "client_count",
        CONTACT = "contact",
        CRM_DONE = "crm_done",
        FOR_RULES = "for_rules",
        LAST_SEQ = "last_seq",
        OUTBOUND_AT = "outbound_at",
        PASSED = "passed",
        READ_COUNT = "read_count",
        RECORDS_IN = "records_in",
        RESERVED_UNTIL = "reserved_until",
        RESPONSIBLE = "responsible",
        STATE = "state",
        UNANSWERED_AT = "unanswered_at",
        WAITING_SINCE = "waiting_since",
    }
    chat_listing: ChatListing {
        LAST_AT = "last_at",
        LISTING = "listing",
    }
    connection: Connection {
        CREDENTIAL = "credential",
        STATE = "state",
        TOKEN_HASH = "token_hash",
    }
    contact: Contact {
        CRM = "crm",
        IDENTITIES = "identities",
        KEPT_APART = "kept_apart",
        MERGED_FROM = "merged_from",
        MERGED_INTO = "merged_into",
        PHONE = "phone",
        RESPONSIBLE = "responsible",
    }
    crm_connection: CrmConnection {
        CRM_KEY = "crm_key",
        FAILURES = "failures",
        KNOWN_AS = "known_as",
        PAUSED_UNTIL = "paused_until",
        PROBE_AT = "probe_at",
        SETTINGS = "settings",
        STATE = "state",
        SUBSCRIPTIONS = "subscriptions",
        WEBHOOK_URL = "webhook_url",
    }
    crm_contact: CrmContact {
        DEAL = "deal",
    }
    employee: Employee {
        DEFAULTS_SET = "defaults_set",
        REFUSED_AT = "refused_at",
        TOKENS_ENDED_AT = "tokens_ended_at",
    }
    erasure: Erasure {
        CHECK_AT = "check_at",
        STATE = "state",
    }
    membership: Membership {
        CAP = "cap",
        HOURS = "hours",
        INACTIVE = "inactive",
        IS_DEFAULT = "is_default",
        JOINED_AT = "joined_at",
        RECEIVES_NEW_CLIENTS = "receives_new_clients",
        ROLE = "role",
        SENDS = "sends",
        STATUS = "status",
    }
    merge: Merge {
        UNDONE_AT = "undone_at",
    }
    message: Message {
        SEQ = "seq",
        V = "v",
    }
    outbound_job: OutboundJob {
        ATTEMPTS = "attempts",
        STATE = "state",
    }
    pending_file: PendingFile {
        ATTEMPTS = "attempts",
        CREATED_AT = "created_at",
        RETRY_AT = "retry_at",
    }
    pipelines: Pipelines {
        PIPELINES = "pipelines",
    }
    quick_reply_count: QuickReplyCount {
        COUNT = "count",
    }
    requeue: Requeue {
        ID = "id",
    }
    ring: Ring {
        CHECK_AT = "check_at",
        ROUNDS = "rounds",
        TURNS = "turns",
    }
    rule_set: RuleSet {
        VERSION = "version",
    }
}

/// What decides whether a new client may go to a member. A write on the strength of it depends on them all.
pub const ELIGIBLE_BY: [Attribute<Membership>; 7] = [
    membership::ROLE,
    membership::RECEIVES_NEW_CLIENTS,
    membership::SENDS,
    membership::CAP,
    membership::HOURS,
    membership::STATUS,
    membership::INACTIVE,
];

/// What decides whether an employee works with clients on the channel.
pub const WORKS_BY: [Attribute<Membership>; 3] = [membership::ROLE, membership::SENDS, membership::INACTIVE];

/// What decides whether a member may claim a chat by answering in it.
pub const CLAIMS_BY: [Attribute<Membership>; 4] =
    [membership::ROLE, membership::RECEIVES_NEW_CLIENTS, membership::SENDS, membership::INACTIVE];

/// What a member's turn in the ring is a copy of: a write of one of them depends on all.
pub const RING: [Attribute<Membership>; 9] = [
    membership::ROLE,
    membership::RECEIVES_NEW_CLIENTS,
    membership::SENDS,
    membership::IS_DEFAULT,
    membership::CAP,
    membership::HOURS,
    membership::STATUS,
    membership::INACTIVE,
    membership::JOINED_AT,
];

/// What a merge of contacts and its undoing are decided on.
pub const MERGED_BY: [Attribute<Contact>; 6] = [
    contact::IDENTITIES,
    contact::PHONE,
    contact::MERGED_INTO,
    contact::MERGED_FROM,
    contact::KEPT_APART,
    contact::RESPONSIBLE,
];

#[cfg(test)]
mod tests {
    use crate::base::clock::Timestamp;
    use crate::model::channel::Channel;
    use crate::model::chat::tests::channel;
    use crate::model::messenger::Messenger;
    use crate::store::row::{Row, item_of};
    use crate::store::rows::ApiKeyRow;

    fn names(row: &impl Row) -> Vec<String> {
        item_of(row).unwrap().into_keys().collect()
    }

    fn full_channel() -> Channel {
        Channel {
            messenger: Some(Messenger::Telegram),
            transport: Some("tgapi".into()),
            check_at: Some(Timestamp::default()),
            ..channel()
        }
    }

    fn full_key() -> ApiKeyRow {
        let row = serde_json::json!({
            "hash": "h", "v": 1, "account": "a", "key_id": "k", "prefix": "sb_1234", "created_at": 0,
            "last_used_at": 1, "expires_at": 2,
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn each_attribute_is_one_of_its_row() {
        let full = |row: &str| match row {
            "Channel" => names(&full_channel()),
            "ApiKeyRow" => names(&full_key()),
            other => panic!("{other} tells no fields: it wants a full example here"),
        };
        assert_eq!(super::unknown(full), Vec::<String>::new());
    }
}
