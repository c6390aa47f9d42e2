//! What of a chat's changes a CRM receives, and what a creation contains.

use super::*;
use crate::base::clock::Manual;
use crate::base::phone::Phone;
use crate::model::channel::DealStage;
use crate::model::chat::state::FinishReason;
use crate::model::chat::tests::{new_chat, text_event};
use crate::model::event::{MessageEvent, Side};
use crate::model::message::kind::Kind;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::FailureReason;
use crate::model::texts::Language;
use crate::platform::http::{AllowList, OutboundHttp};
use serde_json::json;

fn connection(subscriptions: Subscriptions) -> CrmConnection {
    let mut connection =
        settings::connection(&AccountId::new("a"), "https://crm.invalid/h", Timestamp::default());
    subscriptions.set(&mut connection);
    connection
}

/// A chat's changes: a message, a notice of a failed send, and the end of the chat.
fn changes(chat: &mut Chat) -> Vec<Change> {
    let at = Timestamp::default();
    let message = chat.receive(&text_event("m", Side::Client), None, at).unwrap();
    let notice = MessageEvent {
        origin: Some(Origin::Notice),
        kind: Kind::System,
        ..text_event("error-m", Side::Company)
    };
    let notice = chat.receive(&notice, None, at).unwrap();
    let finished = chat.finish(FinishReason::Inactivity, at);
    let all = [
        ChangeKind::New(Box::new(message)),
        ChangeKind::New(Box::new(notice)),
        ChangeKind::Finished(finished),
    ];
    (1..).zip(all).map(|(seq, what)| Change { seq, what }).collect()
}

#[test]
fn what_is_ours_is_reported_to_a_crm_that_asked_for_it() {
    let changes = changes(&mut new_chat());
    let wanted = |subscriptions: Subscriptions| -> Vec<bool> {
        changes.iter().map(|change| is_wanted(&subscriptions, change)).collect()
    };
    let wazzups = Subscriptions::default();
    assert_eq!(wanted(wazzups), [true, false, false]);
    assert_eq!(wanted(Subscriptions::everything()), [true, true, true]);
    assert_eq!(wanted(Subscriptions { error_notice: true, ..wazzups }), [true, true, false]);
    assert_eq!(wanted(Subscriptions { chat_finished: true, ..wazzups }), [true, false, true]);
    let silent = Subscriptions { messages_and_statuses: false, ..Subscriptions::everything() };
    assert_eq!(wanted(silent), [false, false, true]);
}

#[tokio::test]
async fn a_change_that_nobody_asked_for_is_passed_without_a_call() {
    let mut chat = new_chat();
    let changes = changes(&mut chat);
    // No address is allowed to be called without a name service: a call would fail.
    let (http, clock) = (OutboundHttp::new(AllowList::default()).unwrap(), Manual::new(Timestamp::default()));
    let connection = connection(Subscriptions::default());
    let call = CrmCall {
        http: &http,
        ambient: &clock,
        connection: &connection,
        address: "http://127.0.0.1:1/".parse().unwrap(),
        credential: None,
        formatter: Formatter::new(Language::Ru, None, "https://sb.example", |_, _| FailureReason::Other),
    };
    let push = async |changes: &[Change]| Client.push(&call, &chat, &CrmRecords::default(), changes).await;
    assert_eq!(push(&changes[1..]).await, Ok(2));
    assert_eq!(push(&[]).await, Ok(0));
    assert!(push(&changes).await.is_err(), "the first is wanted, and called for");
}

#[test]
fn a_new_connection_has_wazzups_subscriptions_and_takes_those_that_are_given() {
    let account = AccountId::new("a");
    let set = |given: &[(&str, &str)], before: Option<&CrmConnection>| {
        let mut settings =
            BTreeMap::from([(settings::WEBHOOK_URL.to_owned(), "https://crm.invalid/h".into())]);
        settings.extend(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Client.connection(&account, settings, before, Timestamp::default())
    };
    let fresh = set(&[], None);
    assert_eq!(Subscriptions::of(&fresh), Subscriptions::default());
    let asks =
        set(&[("subscriptions.text_marks", "true"), ("subscriptions.channels_updates", "false")], None);
    let expected = Subscriptions { text_marks: true, channels_updates: false, ..Subscriptions::default() };
    assert_eq!(Subscriptions::of(&asks), expected);
    let again = set(&[("subscriptions.text_marks", "false")], Some(&asks));
    assert_eq!(Subscriptions::of(&again), Subscriptions { text_marks: false, ..expected });
    let names: Vec<&str> = Client.subscriptions(None).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 10);
    assert!(Client.subscriptions(Some(&asks)).contains(&("text_marks", true)));
}

#[test]
fn a_contact_is_named_by_what_its_messenger_allows() {
    let mut chat = new_chat();
    let phone = Phone::parse("+79012223344", "RU");
    let row = json!({"v": 1, "account": "a", "contact": "contact", "created_at": Timestamp::default()});
    let mut contact: Contact = serde_json::from_value(row).unwrap();
    (contact.phone, contact.username) = (phone, Some("marina".into()));
    for (messenger, chat_id, group, expected) in [
        (Messenger::Whatsapp, "79011112233", false, json!({"chatType": "whatsapp", "chatId": "79011112233"})),
        (
            Messenger::Telegram,
            "4711",
            false,
            json!({"chatType": "telegram", "chatId": "4711", "username": "marina", "phone": "79012223344"}),
        ),
        (Messenger::Max, "4711", false, json!({"chatType": "max", "chatId": "4711", "phone": "79012223344"})),
        (Messenger::Instagram, "marina", false, json!({"chatType": "instagram", "chatId": "marina"})),
        (Messenger::Telegram, "-100", true, json!({"chatType": "telegroup", "chatId": "-100"})),
    ] {
        (chat.messenger, chat.group, chat.provider_chat_id) = (messenger, group, chat_id.into());
        assert_eq!(serde_json::to_value(ContactData::new(&chat, &contact)).unwrap(), expected);
    }
}

#[test]
fn a_deal_names_a_stage_where_the_crm_asked_for_it() {
    let stage = DealStage { pipeline_id: "sales".into(), stage_id: "new".into() };
    let deal = |subscriptions| {
        let responsible = EmployeeId::new("17");
        let stage = Subscriptions::of(&connection(subscriptions)).deal_stage.then(|| Stage::from(&stage));
        let create_deal = CreateDeal {
            responsible_user_id: responsible.as_str(),
            contacts: vec!["4711"],
            source: "auto",
            stage,
        };
        serde_json::to_value(CreateDealHook { create_deal }).unwrap()
    };
    let plain = json!({"responsibleUserId": "17", "contacts": ["4711"], "source": "auto"});
    assert_eq!(deal(Subscriptions::default()), json!({"createDeal": plain}));
    let mut staged = plain;
    staged["stage"] = json!({"pipelineId": "sales", "stageId": "new"});
    assert_eq!(deal(Subscriptions::everything()), json!({"createDeal": staged}));
}
