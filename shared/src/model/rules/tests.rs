use super::*;
use crate::base::clock::Timestamp;
use crate::base::ids::{ConnectionId, IdSalt};
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::chat::tests::new_chat;
use crate::model::messenger::ChannelRef;
use crate::model::quick_reply::{MissingVariable, Variable};

fn rule(id: &str, when: When, conditions: Vec<Condition>) -> Rule {
    let actions = vec![Action::SetStatus(ChatStatus::Open)];
    Rule { id: id.into(), name: id.into(), enabled: true, when, conditions, actions }
}

fn compiled(rules: Vec<Rule>) -> Compiled {
    Compiled::new(&RuleSet { rules, ..RuleSet::none(&AccountId::new("a")) })
}

fn facts<'a>(happened: &'a [Trigger], text: Option<&'a str>, chat: &'a Chat) -> RuleFacts<'a> {
    RuleFacts { happened, text, kind: Some(Kind::Text), chat, is_new_client: false, in_working_hours: true }
}

fn ids(rules: &[&Rule]) -> Vec<String> {
    rules.iter().map(|rule| rule.id.clone()).collect()
}

/// Whether a rule with one condition runs when the client writes.
fn holds(condition: &Condition, facts: &RuleFacts<'_>) -> bool {
    let rules = compiled(vec![rule("1", When::MessageIn, vec![condition.clone()])]);
    !rules.matching(facts).is_empty()
}

fn chat() -> Chat {
    let mut chat = new_chat();
    chat.tags = ["vip".to_owned()].into();
    chat.responsible = Some(EmployeeId::new("anna"));
    chat
}

const WROTE: &[Trigger] = &[Trigger::MessageIn];

#[test]
fn each_trigger_is_pulled_by_what_it_waits_for_and_by_nothing_else() {
    let all = [
        When::MessageIn,
        When::MessageOut,
        When::Call,
        When::ChatOpened,
        When::ChatFinished,
        When::Idle { minutes: 10 },
        When::Idle { minutes: 30 },
    ];
    let rules = compiled(all.iter().map(|when| rule(&format!("{when:?}"), *when, Vec::new())).collect());
    let chat = chat();
    for when in all {
        let happened = [when.happened()];
        assert_eq!(When::from(when.happened()), when);
        assert_eq!(ids(&rules.matching(&facts(&happened, None, &chat))), [format!("{when:?}")]);
    }
    assert!(rules.matching(&facts(&[Trigger::Idle(11)], None, &chat)).is_empty());
    assert!(rules.matching(&facts(&[], None, &chat)).is_empty());
    // A first message that is a call has three triggers; the rules run once, in the saved order.
    let happened = [Trigger::ChatOpened, Trigger::Call, Trigger::MessageIn];
    assert_eq!(ids(&rules.matching(&facts(&happened, None, &chat))), ["MessageIn", "Call", "ChatOpened"]);
}

#[test]
fn rules_run_in_the_order_in_which_they_were_saved_and_only_if_enabled() {
    let off = Rule { enabled: false, ..rule("off", When::MessageIn, Vec::new()) };
    let never = rule("never", When::MessageIn, vec![Condition::NewClient(false), Condition::NewClient(true)]);
    let rules = compiled(vec![
        rule("z", When::MessageIn, Vec::new()),
        off,
        rule("out", When::MessageOut, Vec::new()),
        never,
        rule("a", When::MessageIn, vec![Condition::NewClient(false)]),
    ]);
    let chat = chat();
    let facts = facts(WROTE, Some("hi"), &chat);
    assert_eq!(ids(&rules.matching(&facts)), ["z", "a"]);
    let expected = [
        MatchResult::Runs,
        MatchResult::Disabled,
        MatchResult::NotCalled,
        MatchResult::Fails(1),
        MatchResult::Runs,
    ];
    assert_eq!(rules.outcomes(&facts), expected);
    assert_eq!(rules.set().rules.len(), 5);
}

#[test]
fn a_condition_holds_where_one_of_its_values_does() {
    let chat = chat();
    let (channel, messenger) = (chat.channel.clone(), chat.messenger.as_str().to_owned());
    let other = || ChannelId::new("another");
    let anna = || EmployeeId::new("anna");
    let plain = facts(WROTE, None, &chat);
    for (condition, expected) in [
        (Condition::Channel(vec![other(), channel]), true),
        (Condition::Channel(vec![other()]), false),
        (Condition::Channel(Vec::new()), false),
        (Condition::Messenger(vec!["vk".into(), messenger]), true),
        (Condition::Messenger(vec!["vk".into()]), false),
        (Condition::Kind(vec![Kind::Image, Kind::Text]), true),
        (Condition::Kind(vec![Kind::MissedCall]), false),
        (Condition::NewClient(false), true),
        (Condition::NewClient(true), false),
        (Condition::Tag(TagTest::Has("vip".into())), true),
        (Condition::Tag(TagTest::Has("VIP".into())), false),
        (Condition::Tag(TagTest::Lacks("vip".into())), false),
        (Condition::Tag(TagTest::Lacks("spam".into())), true),
        (Condition::WorkingHours(true), true),
        (Condition::WorkingHours(false), false),
        (Condition::Responsible(ResponsibleTest::AnyOf(vec![EmployeeId::new("boris"), anna()])), true),
        (Condition::Responsible(ResponsibleTest::AnyOf(vec![EmployeeId::new("boris")])), false),
        (Condition::Responsible(ResponsibleTest::Present(true)), true),
        (Condition::Responsible(ResponsibleTest::Present(false)), false),
    ] {
        assert_eq!(holds(&condition, &plain), expected, "{condition:?}");
    }
    let nobodys = new_chat();
    let outside = RuleFacts {
        is_new_client: true,
        in_working_hours: false,
        kind: None,
        ..facts(WROTE, None, &nobodys)
    };
    for (condition, expected) in [
        (Condition::NewClient(true), true),
        (Condition::WorkingHours(false), true),
        (Condition::Kind(vec![Kind::Text]), false),
        (Condition::Responsible(ResponsibleTest::Present(false)), true),
        (Condition::Responsible(ResponsibleTest::AnyOf(vec![anna()])), false),
    ] {
        assert_eq!(holds(&condition, &outside), expected, "{condition:?}");
    }
}

#[test]
fn texts_are_compared_without_case_and_surrounding_space_but_not_by_patterns() {
    let chat = chat();
    let contains = |text: &str| TextTest::Contains(text.into());
    let equals = |text: &str| TextTest::Equals(text.into());
    let matches = |text: &str| TextTest::Matches(text.into());
    for (test, text, expected) in [
        (contains("Цена"), Some("какая ЦЕНА у неё?"), true),
        (contains(" цена "), Some("цена"), true),
        (contains("цена"), Some("це на"), false),
        (contains("ΌΔΟΣ"), Some("όδος"), false),
        (contains("ΌΔΟΣ"), Some("η ΌΔΟΣ εδώ"), true),
        (contains("цена"), None, false),
        (equals("Спасибо"), Some("  СПАСИБО\n"), true),
        (equals("Спасибо"), Some("спасибо!"), false),
        (equals("x"), None, false),
        (matches("^price$"), Some("price"), true),
        (matches("^price$"), Some("Price"), false),
        (matches("(?i)ЦЕНА|price"), Some("а цена?"), true),
        (matches(r"\d{2}:\d{2}"), Some("at 09:30"), true),
        (matches(r"\d{2}:\d{2}"), Some("at nine"), false),
        (matches(""), None, false),
        (matches("(unclosed"), Some("(unclosed"), false),
    ] {
        let facts = facts(WROTE, text, &chat);
        assert_eq!(holds(&Condition::Text(test.clone()), &facts), expected, "{test:?} {text:?}");
    }
}

#[test]
fn of_a_long_text_only_the_beginning_is_looked_at() {
    let chat = chat();
    let last = format!("{}Я", "ё".repeat(LOOKED_AT - 1));
    let beyond = format!("{}Я", "ё".repeat(LOOKED_AT));
    for test in [TextTest::Contains("я".into()), TextTest::Matches("Я".into())] {
        let condition = Condition::Text(test);
        assert!(holds(&condition, &facts(WROTE, Some(&last), &chat)));
        assert!(!holds(&condition, &facts(WROTE, Some(&beyond), &chat)));
    }
}

/// A backtracking engine would not finish here.
#[test]
fn a_pattern_made_to_hang_is_answered() {
    let chat = chat();
    let text = format!("{}!", "a".repeat(LOOKED_AT - 1));
    for (pattern, expected) in
        [("(a+)+$", false), ("^(a|aa)+$", false), ("(a*)*b", false), ("(x+x+)+y", false), ("(a+)+!$", true)]
    {
        let condition = Condition::Text(TextTest::Matches(pattern.into()));
        assert_eq!(holds(&condition, &facts(WROTE, Some(&text), &chat)), expected, "{pattern}");
    }
}

#[test]
fn the_account_is_told_whether_rules_run_and_which_silence_they_wait_for() {
    let idle = |minutes| rule("i", When::Idle { minutes }, Vec::new());
    let mut set = RuleSet { rules: vec![idle(30), idle(5), idle(30)], ..RuleSet::none(&AccountId::new("a")) };
    assert_eq!((set.runs(), set.idle_minutes()), (true, vec![5, 30]));
    set.rules.iter_mut().for_each(|rule| rule.enabled = false);
    assert_eq!((set.runs(), set.idle_minutes()), (false, vec![]));
    set.rules = vec![rule("m", When::MessageIn, Vec::new())];
    assert_eq!((set.runs(), set.idle_minutes()), (true, vec![]));
}

#[test]
fn an_answer_is_filled_in_and_a_missing_value_is_named() {
    let now = Timestamp::default();
    let account =
        Account::new(AccountId::new("a"), "Северные моторы", IdSalt::from_bytes([1; 16]), "RU", now);
    let named = ChannelRef { id: ChannelId::new("c"), provider: "wazzup".into(), external: "7900".into() };
    let mut channel = Channel::new(&account.account, &ConnectionId::new("n"), &named, now);
    channel.title = Some("Продажи".into());
    let mut chat = new_chat();
    chat.name = Some("Иван {company}".into());
    let text = |chat: &Chat, text: &str| reply_text(text, chat, &channel, &account);
    assert_eq!(
        text(&chat, "{{{client_name}}}, {channel_name}, {company}").unwrap(),
        "{Иван {company}}, Продажи, Северные моторы"
    );
    chat.name = None;
    let missing = ReplyError::Missing(MissingVariable(Variable::ClientName));
    assert_eq!(text(&chat, "{client_name}").unwrap_err(), missing);
    assert!(matches!(text(&chat, "{client_name").unwrap_err(), ReplyError::Template(_)));
    assert_eq!(text(&chat, "{car}").unwrap_err(), ReplyError::Missing(MissingVariable(Variable::Car)));
}

#[test]
fn a_set_is_stored_and_read_back_and_its_words_do_not_print() {
    let to = || NoticeTo::Employee(EmployeeId::new("anna"));
    let actions = vec![
        Action::AutoReply { text: "секрет".into() },
        Action::Assign(None),
        Action::Assign(Some(EmployeeId::new("anna"))),
        Action::Tag { add: vec!["секрет".into()], remove: Vec::new() },
        Action::Finish { status: None },
        Action::Ignore,
        Action::Notify { to: to(), text: "секрет".into() },
    ];
    let conditions = vec![
        Condition::Text(TextTest::Equals("секрет".into())),
        Condition::Tag(TagTest::Has("секрет".into())),
        Condition::Kind(vec![Kind::Text]),
        Condition::Responsible(ResponsibleTest::Present(false)),
    ];
    let one = Rule { actions, conditions, ..rule("1", When::Idle { minutes: 5 }, Vec::new()) };
    let set = RuleSet { version: 3, rules: vec![one], ..RuleSet::none(&AccountId::new("a")) };
    let item: serde_dynamo::Item = serde_dynamo::to_item(&set).unwrap();
    assert_eq!(serde_dynamo::from_item::<_, RuleSet>(item).unwrap(), set);
    let printed = format!("{set:?} {:?} {:?}", set.rules[0].actions, Compiled::new(&set));
    assert!(!printed.contains("секрет"), "{printed}");
}
