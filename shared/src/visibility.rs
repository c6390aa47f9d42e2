//! Who sees a chat (B1, B3, B9): one rule for lists, search, opening, counting, notices and sending.

use crate::chat::{Chat, ClientState};
use crate::employee::{Membership, Role};

/// Whether an employee sees a chat; `place` is his on the chat's channel. Without one he sees nothing there.
///
/// Heads and quality control see all. A manager sees the chats for which he is responsible, and while he receives new
/// clients also those that are nobody's yet.
pub fn sees(place: Option<&Membership>, chat: &Chat) -> bool {
    let Some(place) = place else { return false };
    match place.role {
        Role::Head | Role::QualityControl => true,
        Role::Manager => {
            chat.responsible.as_ref() == Some(&place.employee)
                || (chat.client == ClientState::Unclaimed && place.receives_new_clients)
        }
    }
}

/// Whether a chat that is nobody's yet is shown to him: then he is told of it.
pub fn sees_unclaimed(place: &Membership) -> bool {
    !matches!(place.role, Role::Manager) || place.receives_new_clients
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{member, new_chat};
    use crate::ids::EmployeeId;

    #[test]
    fn p10_each_role_sees_what_it_should() {
        let mine = |role, receives| member("anna", role, receives);
        let mut chat = new_chat();
        let cases = [
            (Some("anna"), ClientState::Assigned, [true, true, true]),
            (Some("boris"), ClientState::Assigned, [false, true, true]),
            (None, ClientState::Waiting, [false, true, true]),
            (None, ClientState::Silent, [false, true, true]),
        ];
        for (responsible, client, seen) in cases {
            (chat.responsible, chat.client) = (responsible.map(EmployeeId::new), client);
            for (role, expected) in [Role::Manager, Role::Head, Role::QualityControl].into_iter().zip(seen) {
                for receives in [true, false] {
                    assert_eq!(sees(Some(&mine(role, receives)), &chat), expected, "{role:?} {client:?}");
                }
            }
            assert!(!sees(None, &chat), "no role, no access");
        }
        (chat.responsible, chat.client) = (None, ClientState::Unclaimed);
        assert!(sees(Some(&mine(Role::Manager, true)), &chat));
        assert!(!sees(Some(&mine(Role::Manager, false)), &chat));
        assert!(sees(Some(&mine(Role::Head, false)), &chat));
    }
}
