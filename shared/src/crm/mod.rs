//! CRMs: one folder per kind, and the registry of them. Code outside a kind's folder does not name the kind: it asks
//! for the client of an account's kind.

pub mod backoff;
pub mod client;
pub mod formatting;

mod none;
pub mod universal;

use crate::model::crm::{Capabilities, CrmKind};
use client::CrmClient;

/// The registry: each module and its kind. A module has a `Client` and its `CAPABILITIES`.
macro_rules! crms {
    ($($module:ident: $kind:ident),+ $(,)?) => {
        /// The clients of all kinds, no CRM first.
        pub const CLIENTS: &[&dyn CrmClient] = &[$(&$module::Client),+];

        /// The client of a kind.
        pub fn client(kind: CrmKind) -> &'static dyn CrmClient {
            match kind {
                $(CrmKind::$kind => &$module::Client,)+
            }
        }

        /// The capabilities of a kind. Separate from [`CrmClient::capabilities`], because a function that needs only
        /// these links no client.
        pub fn capabilities(kind: CrmKind) -> Capabilities {
            match kind {
                $(CrmKind::$kind => $module::CAPABILITIES,)+
            }
        }
    };
}

crms! { none: None, universal: Universal }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::ids::AccountId;
    use client::Topics;
    use regex::Regex;
    use std::collections::{BTreeMap, HashSet};

    #[test]
    fn each_kind_has_its_own_client() {
        for listed in CLIENTS {
            let found = client(listed.kind());
            assert_eq!((found.kind(), found.capabilities()), (listed.kind(), capabilities(listed.kind())));
        }
        let kinds: HashSet<String> = CLIENTS.iter().map(|client| format!("{:?}", client.kind())).collect();
        assert_eq!(kinds.len(), CLIENTS.len());
    }

    #[test]
    fn an_example_connects_and_who_has_no_crm_wants_nothing() {
        for client in CLIENTS {
            let mut settings = BTreeMap::new();
            for field in client.settings_fields() {
                assert!(Regex::new(field.pattern).unwrap().is_match(field.example), "{}", field.name);
                settings.insert(field.name.to_owned(), field.example.to_owned());
            }
            assert_eq!(settings.len(), client.settings_fields().len(), "each name once");
            let account = AccountId::new("a");
            let set = client.connection(&account, settings, None, Timestamp::default());
            assert_eq!((set.kind, &set.account), (client.kind(), &account));
            let has_crm = client.kind() != CrmKind::None;
            assert_eq!(client.address(&set).is_ok(), has_crm);
            assert_eq!(client.wants(&set) != Topics::NONE, has_crm);
        }
    }
}
