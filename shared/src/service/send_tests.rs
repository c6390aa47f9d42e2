use super::*;
use crate::base::ids::{ChatId, ContactId};
use crate::model::channel::Distribution;
use crate::model::chat::tests::{channel, member, new_chat, text_event};
use crate::model::contact::CrmRecords;
use crate::model::employee::{Role, Status};
use crate::model::event::{Origin, Side};
use crate::model::outbound::JobState;
use crate::service::new_message::{Target, Writer};
use crate::service::send_target::Gone;
use crate::service::testing::account;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn id(name: &str) -> EmployeeId {
    EmployeeId::new(name)
}

fn message(employee: Option<&str>, text: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new("own"),
        target: Target::Chat(ChatId::new("chat")),
        from: Writer { employee: employee.map(id), rights: AuthorRights::Enforced, origin: Origin::Api },
        content: Content::Text { text: text.into(), buttons: Vec::new() },
        keyboard: None,
        quote: None,
        mode: None,
        key: None,
    }
}

/// A live chat whose client has written and has no employee, on a channel that assigns clients to the first responder.
fn unclaimed() -> Chat {
    let mut chat = new_chat();
    chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(500_000));
    chat.offer_to_all();
    chat.assignment_state = AssignmentState::Unclaimed;
    chat
}

fn person(responsible: Option<&str>) -> Contact {
    Contact {
        v: 1,
        account: AccountId::new("account"),
        contact: ContactId::new("contact"),
        name: None,
        phone: None,
        identities: Vec::new(),
        merged_into: None,
        merged_from: Vec::new(),
        kept_apart: Vec::new(),
        username: None,
        responsible: responsible.map(id),
        crm: CrmRecords::default(),
        created_at: Timestamp::from_millis(0),
    }
}

/// A send into `chat`, by an employee with this membership or by the account.
fn facts<'a>(account: &'a Account, chat: &Chat, place: Option<Membership>) -> SendFacts<'a> {
    let author = place.as_ref().map(|place| Employee {
        signature: Some("Anna, sales".into()),
        ..Employee::new(&place.account, &place.employee, "Anna", Timestamp::from_millis(0))
    });
    SendFacts {
        account,
        to: Addressed {
            before: Some(chat.clone()),
            chat: chat.clone(),
            belongings: Vec::new(),
            place,
            gone: None,
        },
        channel: Channel { distribution: Distribution::FirstResponder, ..channel() },
        author,
        label: None,
        person: None,
        others_place: None,
        quoted: None,
    }
}

fn sending(facts: &SendFacts<'_>, message: &NewMessage) -> Sending {
    match decide(facts, message, NOW).unwrap() {
        Decision::Send(sending) => *sending,
        Decision::LeaveTo(other) => panic!("left to {other}"),
    }
}

#[test]
fn e1_a_message_its_job_and_the_chat_have_one_number() {
    let owner = account();
    let (facts, message) = (facts(&owner, &unclaimed(), None), message(None, "Good afternoon"));
    let sent = sending(&facts, &message);
    assert_eq!((sent.job.number, sent.job.state), (sent.row.created_seq, JobState::Queued));
    assert_eq!((&sent.job.action, &sent.job.signature), (&Action::Send, &None));
    assert_eq!(sent.row.text.as_deref(), Some("Good afternoon"));
    assert_eq!((sent.after.outbound_last, &sent.given), (Some(sent.job.number), &None));
    assert_eq!(sent.after.assignment_state, AssignmentState::Unclaimed, "the account itself claims nothing");
    let (after, _) = writes(&facts, &sent, &message, NOW, NOW).unwrap();
    assert_eq!(after.crm_synced_seq, after.seq, "there is no CRM to tell");
}

#[test]
fn b8_the_signature_goes_to_the_job_and_not_into_the_text() {
    let owner = account();
    let facts = facts(&owner, &unclaimed(), Some(member("anna", Role::Manager, true)));
    let sent = sending(&facts, &message(Some("anna"), "Good afternoon"));
    assert_eq!(sent.job.signature.as_deref(), Some("Anna, sales"));
    assert_eq!(sent.row.text.as_deref(), Some("Good afternoon"));
    let author = sent.row.author.unwrap();
    assert_eq!((author.name.as_deref(), author.id.as_deref()), (Some("Anna"), Some("anna")));
}

#[test]
fn b3_the_first_answer_claims_where_the_channel_says_so() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), Some(member("anna", Role::Manager, true)));
    facts.person = Some(person(None));
    let sent = sending(&facts, &message(Some("anna"), "Good afternoon"));
    assert_eq!(
        (sent.after.assignment_state, sent.after.responsible),
        (AssignmentState::Assigned, Some(id("anna")))
    );
    let given = sent.given.unwrap();
    assert_eq!((given.why, given.responsible), (AssignmentReason::FirstAnswer, Some(id("anna"))));
    facts.channel.distribution = Distribution::ByCrm;
    let sent = sending(&facts, &message(Some("anna"), "Good afternoon"));
    assert_eq!((sent.after.assignment_state, sent.given), (AssignmentState::Unclaimed, None));
}

#[test]
fn p4_a_chat_is_left_to_the_employee_who_has_the_person_while_eligible() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), Some(member("anna", Role::Manager, true)));
    facts.person = Some(person(Some("boris")));
    facts.others_place = Some(member("boris", Role::Manager, true));
    let hello = message(Some("anna"), "Good afternoon");
    assert_eq!(decide(&facts, &hello, NOW), Ok(Decision::LeaveTo(id("boris"))));
    for place in [
        Some(Membership { status: Status::Away, ..member("boris", Role::Manager, true) }),
        Some(member("boris", Role::Manager, false)),
        None,
    ] {
        facts.others_place = place;
        assert_eq!(sending(&facts, &hello).after.responsible, Some(id("anna")));
    }
    // A head who claims nothing still writes to the person.
    facts.others_place = Some(member("boris", Role::Manager, true));
    facts.to.place = Some(member("anna", Role::Head, false));
    assert_eq!(sending(&facts, &hello).given, None);
}

#[test]
fn a_label_gets_no_client_of_another_employee() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), Some(member("anna", Role::Manager, true)));
    facts.person = Some(person(Some("boris")));
    facts.others_place = Some(member("boris", Role::Manager, true));
    let mut hello = message(Some("anna"), "Good afternoon");
    hello.from.rights = AuthorRights::Label;
    let sent = sending(&facts, &hello);
    assert_eq!((sent.after.responsible, sent.given), (None, None), "the message goes, and the client stays");
    facts.others_place = None;
    assert_eq!(sending(&facts, &hello).after.responsible, Some(id("anna")), "an employee who may claim does");
}

#[test]
fn a_message_of_the_accounts_shows_the_employee_who_is_named() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), Some(member("anna", Role::QualityControl, true)));
    facts.label = facts.author.take();
    facts.to.place = None;
    let sent = sending(&facts, &message(Some("anna"), "Good afternoon"));
    let author = sent.row.author.unwrap();
    assert_eq!((author.name.as_deref(), author.id.as_deref()), (Some("Anna"), Some("anna")));
    assert_eq!((sent.after.responsible, sent.given), (None, None));
    facts.label = None;
    let author = sending(&facts, &message(Some("stranger"), "Good afternoon")).row.author.unwrap();
    assert_eq!((author.name, author.id.as_deref()), (None, Some("stranger")));
}

#[test]
fn b1_rights_come_before_limits_and_a_quote_before_both() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), Some(member("anna", Role::QualityControl, true)));
    let mut long = message(Some("anna"), &"я".repeat(20_000));
    assert_eq!(decide(&facts, &long, NOW), Err(Refused::MayNotSend(Refusal::QualityControl)));
    long.quote = Some(MessageId::new("unknown"));
    assert_eq!(decide(&facts, &long, NOW), Err(Refused::NothingQuoted));
    long.quote = None;
    facts.to.place = None;
    assert_eq!(decide(&facts, &long, NOW), Err(Refused::MayNotSend(Refusal::NoRole)));
    facts.to.place = Some(member("anna", Role::Manager, true));
    let Err(Refused::Limit(limit)) = decide(&facts, &long, NOW) else { panic!("it is sent") };
    assert_eq!(limit.field, "text");
    facts.channel.paused = true;
    assert_eq!(decide(&facts, &long, NOW), Err(Refused::MayNotSend(Refusal::ChannelPaused)));
}

#[test]
fn e5_only_a_comment_is_answered_as_one() {
    let owner = account();
    let mut facts = facts(&owner, &unclaimed(), None);
    let mut reply = message(None, "Good afternoon");
    reply.mode = Some(crate::model::message::content::CommentMode::Reply);
    assert_eq!(decide(&facts, &reply, NOW), Err(Refused::NotAComment));
    facts.to.chat.post = Some(crate::model::chat::PostRef { id: "post".into(), url: None });
    assert_eq!(decide(&facts, &reply, NOW), Err(Refused::NoCommentNamed));
}

#[test]
fn b4_a_chat_that_a_message_opens_does_not_stay_with_an_employee_who_is_gone() {
    let owner = account();
    let mut chat = unclaimed();
    chat.set_responsible(&id("gone"));
    chat.unanswered_at = None;
    chat.finish(crate::model::chat::state::FinishReason::Inactivity, Timestamp::from_millis(900_000));
    let key = crate::store::keys::membership(&chat.account, &chat.channel, &id("gone"));
    let hello = message(Some("anna"), "Good afternoon");
    // The author's membership, the person's responsible, and the chat's state and responsible afterwards.
    for (place, of, then) in [
        (member("anna", Role::Head, true), Some("gone"), (AssignmentState::Assigned, Some(id("anna")))),
        (member("anna", Role::Head, false), Some("gone"), (AssignmentState::Waiting, None)),
        (member("anna", Role::Head, true), Some("boris"), (AssignmentState::Waiting, None)),
    ] {
        let mut facts = facts(&owner, &chat, Some(place));
        facts.to.gone = Some(Gone { employee: id("gone"), still: Write::absent(key.clone()) });
        facts.person = Some(person(of));
        let sent = sending(&facts, &hello);
        assert_eq!((sent.after.assignment_state, sent.after.responsible), then, "{of:?}");
        assert!(sent.given.is_some());
    }
    // A message of a program's does not open a chat.
    let mut facts = facts(&owner, &chat, None);
    facts.to.gone = Some(Gone { employee: id("gone"), still: Write::absent(key) });
    let mut automatic = message(None, "Please wait");
    automatic.from.origin = Origin::Bot;
    let sent = sending(&facts, &automatic);
    assert_eq!(
        (sent.after.state, sent.after.responsible, sent.given),
        (ChatState::General, Some(id("gone")), None)
    );
}

#[test]
fn f6_rules_are_told_of_a_message_and_of_the_chat_that_it_opened() {
    let mut owner = account();
    let out = ForRules::MessageOut(MessageId::new("own"));
    let live = unclaimed();
    let mut finished = live.clone();
    finished.finish(crate::model::chat::state::FinishReason::Inactivity, Timestamp::from_millis(900_000));
    let hello = message(None, "Good afternoon");
    assert!(sending(&facts(&owner, &finished, None), &hello).after.for_rules.is_empty(), "there are none");
    owner.has_rules = true;
    assert_eq!(sending(&facts(&owner, &live, None), &hello).after.for_rules, std::slice::from_ref(&out));
    assert_eq!(sending(&facts(&owner, &finished, None), &hello).after.for_rules, [ForRules::Opened, out]);
}
