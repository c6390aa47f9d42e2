use super::*;
use crate::base::ids::AccountId;
use crate::model::access::sending::Refusal;
use crate::model::chat::tests::{channel, member, new_chat, text_event};
use crate::model::employee::Role;
use crate::model::message::keyboard::{Key, Keyboard, Layout};
use crate::model::message::media::Media;
use crate::service::testing::account;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn facts(account: &Account) -> ChangeFacts<'_> {
    let mut before = new_chat();
    let row = before.receive(&text_event("own", Side::Company), None, Timestamp::from_millis(900_000));
    ChangeFacts {
        account,
        before,
        // A channel that edits and deletes.
        channel: Channel { transport: Some("tgapi".into()), ..channel() },
        author: None,
        rights: AuthorRights::Enforced,
        place: None,
        row,
        signature: Some("Anna, sales".into()),
    }
}

#[test]
fn d6_a_change_takes_a_number_and_keeps_the_writers_signature() {
    let owner = account();
    let facts = facts(&owner);
    let file = Media::linked("http://example.com/b.pdf");
    for (wanted, action) in [
        (MessageChange::Text("Until Friday"), Action::EditText("Until Friday".into())),
        (MessageChange::File(&file), Action::EditFile(file.clone())),
        (MessageChange::Deletion, Action::Delete),
    ] {
        let (after, job) = decide(&facts, wanted, NOW).unwrap();
        assert_eq!((job.action, job.message_id.as_str()), (action, "own"));
        assert_eq!((job.number, after.seq), (facts.before.seq + 1, facts.before.seq + 1));
        assert_eq!((after.outbound_last, job.signature.as_deref()), (Some(after.seq), Some("Anna, sales")));
    }
}

#[test]
fn d6_what_cannot_be_changed_is_refused_with_the_reason() {
    let owner = account();
    let change = |change: &dyn Fn(&mut ChangeFacts<'_>), wanted| {
        let mut facts = facts(&owner);
        change(&mut facts);
        decide(&facts, wanted, NOW).map(|_| ()).unwrap_err()
    };
    let text = MessageChange::Text("Until Friday");
    assert_eq!(change(&|facts| facts.row = None, text), Refused::NotFound(What::SentMessage));
    let failed = |facts: &mut ChangeFacts<'_>| {
        facts.row.as_mut().unwrap().status = Some(DeliveryStatus::Failed);
    };
    assert_eq!(change(&failed, MessageChange::Deletion), Refused::NeverSent);
    let file = |facts: &mut ChangeFacts<'_>| {
        facts.row.as_mut().unwrap().media = Some(Media::linked("https://example.com/a.pdf"));
    };
    assert_eq!(change(&file, text), Refused::NotAText);
    let Refused::Limit(limit) = change(&|facts| facts.signature = None, MessageChange::Text(" ")) else {
        panic!("a blank text is sent")
    };
    assert_eq!(limit.field, "text");
}

#[test]
fn b3_an_edit_claims_nothing() {
    let owner = account();
    let mut facts = facts(&owner);
    let anna = EmployeeId::new("anna");
    facts.author = Some(Employee::new(&AccountId::new("account"), &anna, "Anna", NOW));
    facts.place = Some(member("anna", Role::Manager, true));
    facts.before.responsible = Some(EmployeeId::new("boris"));
    let refused = decide(&facts, MessageChange::Text("Until Friday"), NOW).map(|_| ());
    assert_eq!(refused, Err(Refused::MayNotSend(Refusal::NotResponsible)));
    facts.before.responsible = Some(anna);
    assert!(decide(&facts, MessageChange::Text("Until Friday"), NOW).is_ok());
}

#[test]
fn a_file_is_replaced_where_the_channel_can() {
    let owner = account();
    let file = Media { mime: Some("image/jpeg".into()), ..Media::linked("https://example.com/b.jpg") };
    let refused = |transport: &str, keyboard: bool| {
        let mut facts = facts(&owner);
        facts.channel.transport = Some(transport.into());
        if keyboard {
            let key = Key { title: "Yes".into(), does: None };
            let layout = Layout::Inline(vec![vec![key]]);
            facts.row.as_mut().unwrap().keyboard = Some(Keyboard { written: "{}".into(), layout });
        }
        match decide(&facts, MessageChange::File(&file), NOW) {
            Ok(_) => None,
            Err(Refused::Limit(limit)) => Some(limit.code),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(refused("tgapi", false), None);
    assert_eq!(refused("whatsapp", false), Some("CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING"));
    assert_eq!(refused("avito", false), Some("CHANNEL_INVALID_TRANSPORT_FOR_EDITING"));
    assert_eq!(refused("telegram", true), Some("MESSAGES_CONTAIN_BUTTONS"));
}

#[test]
fn a_label_needs_no_right_to_change_a_message() {
    let owner = account();
    let mut facts = facts(&owner);
    let boris = EmployeeId::new("boris");
    facts.author = Some(Employee::new(&AccountId::new("account"), &boris, "Boris", NOW));
    let refused = decide(&facts, MessageChange::Deletion, NOW).map(|_| ());
    assert_eq!(refused, Err(Refused::MayNotSend(Refusal::NoRole)));
    facts.rights = AuthorRights::Label;
    assert!(decide(&facts, MessageChange::Deletion, NOW).is_ok());
    facts.channel.paused = true;
    let refused = decide(&facts, MessageChange::Deletion, NOW).map(|_| ());
    assert_eq!(refused, Err(Refused::MayNotSend(Refusal::ChannelPaused)));
}
