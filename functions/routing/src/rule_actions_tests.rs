//! What each action changes in a chat.

use super::*;
use shared::base::clock::{Manual, Timestamp};
use shared::base::ids::{AccountId, ContactId, IdSalt};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::{ChatState, ChatStatus};
use shared::model::chat::{MAX_CHAT_TAGS, NoticeTo};
use shared::model::event::{Envelope, Event, MessageEvent};
use std::sync::Arc;

/// A message that a client writes at 100 ms.
fn question() -> MessageEvent {
    let event = serde_json::json!({
        "v": 2, "account": "a", "accepted_at": 100,
        "event": {"type": "message", "data": {
            "connection": "k", "channel": {"id": "c", "provider": "wazzup", "external": "x"}, "chat": "chat",
            "provider_chat_id": "79011112233", "messenger": "whatsapp", "message_id": "m", "side": "client",
            "kind": "text", "text": "t", "sent_at": 100, "contact": {"name": "Ivan"},
        }},
    });
    match Envelope::parse(&event.to_string()).unwrap().event {
        Event::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn silent() -> Chat {
    Chat::unopened(&AccountId::new("a"), &question(), ContactId::new("contact"), at(0))
}

/// A chat whose client has written and waits.
fn waiting() -> Chat {
    let mut chat = silent();
    chat.receive(&question(), None, at(100)).unwrap();
    chat
}

/// The same chat, assigned to Anna.
fn annas(why: AssignmentReason) -> Chat {
    let mut chat = waiting();
    chat.assign(&anna(), why, at(110));
    chat
}

fn anna() -> EmployeeId {
    EmployeeId::new("anna")
}

fn ground() -> RoutingContext {
    let account = AccountId::new("a");
    let channel =
        Channel::new(&account, &shared::base::ids::ConnectionId::new("k"), &question().channel, at(0));
    RoutingContext {
        owner: Account::new(account, "Demo", IdSalt::from_bytes([7; 16]), "RU", at(0)),
        channel: Some(Channel { name: "Main".into(), transport: Some("whatsapp".into()), ..channel }),
        closing: Closing::default(),
        rules: None,
        is_new_client: false,
        now: at(200),
        ambient: Arc::new(Manual::new(at(200))),
        ids: automatic::FreshIds::default(),
    }
}

fn reply(text: &str) -> Action {
    Action::AutoReply { text: text.into() }
}

fn tags(add: &[&str], remove: &[&str]) -> Action {
    let owned = |tags: &[&str]| tags.iter().map(ToString::to_string).collect();
    Action::Tag { add: owned(add), remove: owned(remove) }
}

#[test]
fn what_cannot_be_done_changes_nothing_and_says_why() {
    let mut full = waiting();
    full.tags = (0..MAX_CHAT_TAGS).map(|tag| tag.to_string()).collect();
    let nameless = Chat { name: None, ..waiting() };
    let paused = {
        let mut context = ground();
        context.channel.as_mut().unwrap().paused = true;
        context
    };
    let gone = RoutingContext { channel: None, ..ground() };
    let no_channel = Skipped::NotWritten(NotWritten::Channel);
    for (action, mut chat, context, why) in [
        (reply("Hi"), waiting(), paused, no_channel),
        (reply("Hi"), waiting(), gone, no_channel),
        (reply(&"x".repeat(100_000)), waiting(), ground(), Skipped::NotWritten(NotWritten::Limit)),
        (reply("Hi, {client_name}"), nameless, ground(), Skipped::NoValue),
        (Action::Assign(Some(anna())), silent(), ground(), Skipped::Silent),
        (Action::Assign(None), annas(AssignmentReason::ByHand), ground(), Skipped::GivenByHand),
        (
            Action::Assign(Some(EmployeeId::new("boris"))),
            annas(AssignmentReason::ByCrm),
            ground(),
            Skipped::GivenByHand,
        ),
        (tags(&["more"], &[]), full, ground(), Skipped::TooManyTags),
    ] {
        let before = chat.clone();
        assert_eq!(apply(&action, &mut chat, &context), Err(why), "{action:?}");
        assert_eq!(chat, before, "{action:?}");
    }
}

#[test]
fn an_answer_goes_out_and_is_no_activity_and_nobodys_answer() {
    let mut chat = waiting();
    chat.idle_told = Some(5);
    let ActionResult::Sent(sent) = apply(&reply("Hi, {client_name}"), &mut chat, &ground()).unwrap() else {
        panic!("it is sent");
    };
    assert_eq!((sent.row.text.as_deref(), sent.row.origin), (Some("Hi, Ivan"), Some(Origin::Rule)));
    assert_eq!((&sent.job.message_id, sent.job.number), (&sent.row.message_id, chat.seq));
    assert_eq!(
        (chat.last_activity_at, chat.unanswered_at, chat.idle_told),
        (at(100), Some(at(100)), Some(5))
    );
    assert_eq!((chat.outbound_at, chat.pending_sends.len()), (Some(at(200)), 1));
}

#[test]
fn an_answer_into_a_finished_chat_opens_nothing() {
    let mut chat = annas(AssignmentReason::Turn);
    chat.finish(FinishReason::ByHand, at(150));
    assert!(matches!(apply(&reply("Bye"), &mut chat, &ground()), Ok(ActionResult::Sent(_))));
    assert_eq!((chat.state, chat.finished_at), (ChatState::General, Some(at(150))));
}

#[test]
fn a_client_waits_for_whom_the_rule_names_and_keeps_his_place() {
    for (action, wish) in [
        (Action::Assign(Some(EmployeeId::new("boris"))), QueuePreference::Employee(EmployeeId::new("boris"))),
        (Action::Assign(None), QueuePreference::Anyone),
    ] {
        let mut chat = annas(AssignmentReason::Turn);
        let seq = chat.seq;
        let Ok(ActionResult::Waits(record)) = apply(&action, &mut chat, &ground()) else {
            panic!("{action:?}")
        };
        assert_eq!((record.why, record.seq, record.waits), (AssignmentReason::BackByRule, seq + 1, true));
        assert_eq!((chat.assignment_state, chat.waiting_since), (AssignmentState::Waiting, Some(at(100))));
        assert_eq!((chat.queue_preference.clone(), chat.responsible.clone()), (Some(wish), Some(anna())));
        assert_eq!(apply(&action, &mut chat, &ground()), Ok(ActionResult::InChat), "he waits so already");
    }
    let mut chat = annas(AssignmentReason::Turn);
    let before = chat.clone();
    assert_eq!(apply(&Action::Assign(Some(anna())), &mut chat, &ground()), Ok(ActionResult::InChat));
    assert_eq!(chat, before, "she has him already");
}

#[test]
fn b3_who_has_been_answered_is_not_given_out_anew_but_may_go_to_whom_a_rule_names() {
    let mut chat = annas(AssignmentReason::Turn);
    let answer = MessageEvent {
        side: shared::model::event::Side::Company,
        message_id: shared::base::ids::MessageId::new("answer"),
        sent_at: at(150),
        ..question()
    };
    chat.receive(&answer, None, at(150)).unwrap();
    let asks =
        MessageEvent { message_id: shared::base::ids::MessageId::new("m2"), sent_at: at(160), ..question() };
    chat.receive(&asks, None, at(160)).unwrap();
    let before = chat.clone();
    assert_eq!(apply(&Action::Assign(None), &mut chat, &ground()), Err(Skipped::Answered));
    assert_eq!(chat, before);
    let named = Action::Assign(Some(EmployeeId::new("boris")));
    assert!(matches!(apply(&named, &mut chat, &ground()), Ok(ActionResult::Waits(_))));
}

#[test]
fn tags_are_taken_off_first_and_news_takes_a_number() {
    let mut chat = waiting();
    let seq = chat.seq;
    for (action, expected, number) in [
        (tags(&["a", "b"], &[]), vec!["a", "b"], seq + 1),
        (tags(&["a"], &["a", "b"]), vec!["a"], seq + 2),
        (tags(&["a"], &["b"]), vec!["a"], seq + 2),
    ] {
        assert_eq!(apply(&action, &mut chat, &ground()), Ok(ActionResult::InChat));
        assert_eq!((chat.tags.iter().map(String::as_str).collect::<Vec<_>>(), chat.seq), (expected, number));
    }
}

#[test]
fn f3_finishing_and_saying_how_far_it_has_come() {
    let mut chat = annas(AssignmentReason::Turn);
    let seq = chat.seq;
    assert_eq!(
        apply(&Action::SetStatus(ChatStatus::Waiting), &mut chat, &ground()),
        Ok(ActionResult::InChat)
    );
    assert_eq!((chat.status, chat.seq, chat.state), (Some(ChatStatus::Waiting), seq + 1, ChatState::Live));
    let finish = |status| Action::Finish { status };
    let Ok(ActionResult::Event(event)) = apply(&finish(None), &mut chat, &ground()) else {
        panic!("it is finished")
    };
    assert_eq!(
        (event.finished, event.status, event.seq),
        (Some(FinishReason::Rule), Some(ChatStatus::Waiting), seq + 2)
    );
    assert_eq!((chat.state, chat.finish_reason), (ChatState::General, Some(FinishReason::Rule)));
    assert!(chat.unanswered_at.is_some(), "finished but unanswered still counts");
    assert_eq!(apply(&finish(Some(ChatStatus::Closed)), &mut chat, &ground()), Ok(ActionResult::InChat));
    assert_eq!((chat.status, chat.seq), (Some(ChatStatus::Closed), seq + 3), "it was finished already");
}

#[test]
fn employees_are_told_under_the_next_number() {
    let mut chat = annas(AssignmentReason::Turn);
    let seq = chat.seq;
    let action = Action::Notify { to: NoticeTo::Heads, text: "Look".into() };
    let Ok(ActionResult::Event(event)) = apply(&action, &mut chat, &ground()) else {
        panic!("they are told")
    };
    let notice = event.notice.unwrap();
    assert_eq!((event.seq, event.finished, chat.seq), (seq + 1, None, seq + 1));
    assert_eq!((notice.to, notice.text.as_str()), (NoticeTo::Heads, "Look"));
}
