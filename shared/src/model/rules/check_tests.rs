use super::*;
use crate::model::chat::state::ChatStatus;
use crate::model::message::kind::Kind;
use crate::model::rules::Compiled;
use proptest::prelude::*;

fn known() -> KnownIds {
    let employees = [("anna", true), ("quality", false)];
    KnownIds {
        channels: [ChannelId::new("c1")].into(),
        employees: employees.map(|(id, writes)| (EmployeeId::new(id), writes)).into(),
    }
}

fn rule() -> Rule {
    Rule {
        id: "1".into(),
        name: "Rule".into(),
        enabled: true,
        when: When::MessageIn,
        conditions: Vec::new(),
        actions: vec![Action::SetStatus(ChatStatus::Open)],
    }
}

fn fault_of(rules: &[Rule]) -> (String, Fault) {
    let bad = check(rules, &known()).expect_err("it was taken");
    assert!(!bad.why.is_empty());
    (bad.path, bad.fault)
}

fn with_condition(condition: Condition) -> Vec<Rule> {
    vec![rule(), Rule { id: "2".into(), conditions: vec![Condition::NewClient(true), condition], ..rule() }]
}

fn with_action(action: Action) -> Vec<Rule> {
    vec![Rule { actions: vec![action], ..rule() }]
}

fn contains(text: &str) -> Condition {
    Condition::Text(TextTest::Contains(text.into()))
}

fn matches(text: &str) -> Condition {
    Condition::Text(TextTest::Matches(text.into()))
}

fn reply(text: &str) -> Action {
    Action::AutoReply { text: text.into() }
}

#[test]
fn a_faulty_condition_is_named_by_its_path() {
    let x = |count: usize| "ё".repeat(count);
    let anna = || EmployeeId::new("anna");
    for (condition, path, fault) in [
        (Condition::Channel(Vec::new()), "any_of", Fault::Invalid),
        (Condition::Channel(vec![ChannelId::new("c1"); 101]), "any_of", Fault::Invalid),
        (
            Condition::Channel(vec![ChannelId::new("c1"), ChannelId::new("c2")]),
            "any_of[1]",
            Fault::UnknownChannel,
        ),
        (Condition::Messenger(vec!["vk".into(), "icq".into()]), "any_of[1]", Fault::Invalid),
        (Condition::Messenger(vec![String::new()]), "any_of[0]", Fault::Invalid),
        (Condition::Kind(Vec::new()), "any_of", Fault::Invalid),
        (contains(" "), "contains", Fault::Invalid),
        (contains(&x(4097)), "contains", Fault::Invalid),
        (contains("a\u{0}"), "contains", Fault::Invalid),
        (Condition::Text(TextTest::Equals(String::new())), "equals", Fault::Invalid),
        (matches(""), "matches", Fault::Invalid),
        (matches("(a"), "matches", Fault::Invalid),
        (matches(r"(?P<x>a)(?=b)"), "matches", Fault::Invalid),
        (matches(&x(1001)), "matches", Fault::Invalid),
        (matches(r"((\w{100}){100}){100}"), "matches", Fault::Invalid),
        (matches(r"\w+@\w+\.\w{2,10}"), "matches", Fault::Invalid),
        (matches(&format!("{}a{}", "(".repeat(300), ")".repeat(300))), "matches", Fault::Invalid),
        (Condition::Tag(TagTest::Has(x(51))), "has", Fault::Invalid),
        (Condition::Tag(TagTest::Lacks("a\nb".into())), "lacks", Fault::Invalid),
        (
            Condition::Responsible(ResponsibleTest::AnyOf(vec![anna(), EmployeeId::new("gone")])),
            "any_of[1]",
            Fault::UnknownEmployee,
        ),
    ] {
        let expected = (format!("rules[1].if[1].{path}"), fault);
        assert_eq!(fault_of(&with_condition(condition.clone())), expected, "{condition:?}");
    }
    for condition in [
        Condition::Channel(vec![ChannelId::new("c1"); 100]),
        Condition::Messenger(vec!["whatsapp".into(), "max".into()]),
        Condition::Kind(vec![Kind::MissedCall]),
        contains(&x(4096)),
        contains("two\nlines"),
        matches(&format!("(?i){}", x(300))),
        matches(r"(?-u:\w)+@(?-u:[\w.-])+\.(?-u:\w){2,10}"),
        matches(r"^\w+$"),
        Condition::Tag(TagTest::Has(x(50))),
        Condition::Responsible(ResponsibleTest::AnyOf(vec![anna()])),
        Condition::Responsible(ResponsibleTest::Present(false)),
        Condition::WorkingHours(false),
    ] {
        assert_eq!(check(&with_condition(condition.clone()), &known()), Ok(()), "{condition:?}");
    }
}

#[test]
fn a_faulty_action_is_named_by_its_path() {
    let tags = |add: &[&str], remove: &[&str]| Action::Tag {
        add: add.iter().map(ToString::to_string).collect(),
        remove: remove.iter().map(ToString::to_string).collect(),
    };
    let notify = |to, text: &str| Action::Notify { to, text: text.into() };
    let employee = |id: &str| EmployeeId::new(id);
    for (action, path, fault) in [
        (reply(""), "text", Fault::Invalid),
        (reply(&"x".repeat(4097)), "text", Fault::Invalid),
        (reply("{client"), "text", Fault::Invalid),
        (reply("{price}"), "text", Fault::Invalid),
        (reply("{employee_name}"), "text", Fault::Invalid),
        (reply("{car}"), "text", Fault::Invalid),
        (Action::Assign(Some(employee("gone"))), "employee", Fault::UnknownEmployee),
        (Action::Assign(Some(employee("quality"))), "employee", Fault::MayNotWrite),
        (tags(&[], &[]), "add", Fault::Invalid),
        (tags(&["a", " "], &[]), "add[1]", Fault::Invalid),
        (tags(&[], &["a\u{7}"]), "remove[0]", Fault::Invalid),
        (tags(&["a"; 21], &[]), "add", Fault::Invalid),
        (tags(&[], &["a"; 21]), "remove", Fault::Invalid),
        (notify(NoticeTo::Heads, " "), "text", Fault::Invalid),
        (notify(NoticeTo::Employee(employee("gone")), "hi"), "employee", Fault::UnknownEmployee),
    ] {
        let expected = (format!("rules[0].then[0].{path}"), fault);
        assert_eq!(fault_of(&with_action(action.clone())), expected, "{action:?}");
    }
    for action in [
        reply("{{x}} {client_name}, {channel_name}: {company}"),
        Action::Assign(None),
        Action::Assign(Some(employee("anna"))),
        tags(&["a"; 20], &["b"; 20]),
        Action::Finish { status: None },
        Action::Ignore,
        notify(NoticeTo::Responsible, "look"),
        notify(NoticeTo::Employee(employee("quality")), "look"),
    ] {
        assert_eq!(check(&with_action(action.clone()), &known()), Ok(()), "{action:?}");
    }
}

#[test]
fn a_message_is_asked_for_only_where_there_is_one_and_dropped_only_if_it_is_the_clients() {
    let all = [
        (When::MessageIn, true, true),
        (When::MessageOut, true, false),
        (When::Call, true, true),
        (When::ChatOpened, true, false),
        (When::ChatFinished, false, false),
        (When::Idle { minutes: 1 }, false, false),
    ];
    for (when, has_message, can_ignore) in all {
        for condition in [contains("x"), Condition::Kind(vec![Kind::Text])] {
            let rules = [Rule { when, conditions: vec![condition], ..rule() }];
            let checked = check(&rules, &known()).map_err(|bad| bad.path);
            let expected = if has_message { Ok(()) } else { Err("rules[0].if[0].type".into()) };
            assert_eq!(checked, expected, "{when:?}");
        }
        let rules = [Rule { when, actions: vec![Action::Ignore], ..rule() }];
        let checked = check(&rules, &known()).map_err(|bad| bad.path);
        let expected = if can_ignore { Ok(()) } else { Err("rules[0].then[0].type".into()) };
        assert_eq!(checked, expected, "{when:?}");
    }
    let both = [Rule { actions: vec![reply("hi"), Action::Ignore], ..rule() }];
    assert_eq!(fault_of(&both), ("rules[0].then[1].type".into(), Fault::Invalid));
}

#[test]
fn a_rule_has_a_name_an_id_of_its_own_and_something_to_do() {
    for (rule, path) in [
        (Rule { id: String::new(), ..rule() }, "id"),
        (Rule { id: "a b".into(), ..rule() }, "id"),
        (Rule { id: "x".repeat(101), ..rule() }, "id"),
        (Rule { name: " ".into(), ..rule() }, "name"),
        (Rule { name: "x".repeat(201), ..rule() }, "name"),
        (Rule { name: "a\nb".into(), ..rule() }, "name"),
        (Rule { when: When::Idle { minutes: 0 }, ..rule() }, "when.minutes"),
        (Rule { when: When::Idle { minutes: 43_201 }, ..rule() }, "when.minutes"),
        (Rule { actions: Vec::new(), ..rule() }, "then"),
        (Rule { actions: vec![Action::Assign(None); 11], ..rule() }, "then"),
        (Rule { conditions: vec![Condition::NewClient(true); 21], ..rule() }, "if"),
    ] {
        assert_eq!(fault_of(&[rule]), (format!("rules[0].{path}"), Fault::Invalid));
    }
    assert_eq!(fault_of(&[rule(), rule()]), ("rules[1].id".into(), Fault::Invalid));
    let most = Rule {
        id: "x".repeat(100),
        name: "ё".repeat(200),
        when: When::Idle { minutes: 43_200 },
        conditions: vec![Condition::NewClient(true); 20],
        actions: vec![Action::Assign(None); 10],
        ..rule()
    };
    assert_eq!(check(&[most], &known()), Ok(()));
}

#[test]
fn a_set_has_its_limits() {
    let numbered = |count: usize, of: &dyn Fn(usize) -> Rule| -> Vec<Rule> {
        (0..count).map(|place| Rule { id: place.to_string(), ..of(place) }).collect()
    };
    let idle = |place: usize| Rule { when: When::Idle { minutes: place as u32 + 1 }, ..rule() };
    let pattern = |_| Rule { conditions: vec![matches("a")], ..rule() };
    let large = |_| Rule { actions: vec![reply(&"x".repeat(4000))], ..rule() };
    let notes = |place: usize| {
        let to = |at: usize| NoticeTo::Employee(EmployeeId::new(format!("e{}", place * 10 + at)));
        let actions = (0..10).map(|at| Action::Notify { to: to(at), text: "x".into() }).collect();
        Rule { actions, ..rule() }
    };
    for (most, of) in [
        (MAX_RULES, &(|_| rule()) as &dyn Fn(usize) -> Rule),
        (MAX_IDLE, &idle),
        (MAX_PATTERNS, &pattern),
        (48, &large),
        (MAX_EMPLOYEES / 10, &notes),
    ] {
        assert_eq!(check_size(&numbered(most, of)), Ok(()), "{most}");
        let bad = check_size(&numbered(most + 1, of)).expect_err("it was taken");
        assert_eq!((bad.path.as_str(), bad.fault), ("rules", Fault::Invalid), "{most}");
        assert_eq!(check(&numbered(most + 1, of), &known()), Err(bad));
    }
}

#[test]
fn who_writes_too_large_a_pattern_is_told_what_to_do() {
    let bad = check(&with_condition(matches(r"\w+@\w+\.\w{2,10}")), &known()).expect_err("it was taken");
    assert!(bad.why.contains(r"(?-u:\w)") && !bad.why.contains('@'), "{bad}");
}

#[test]
fn patterns_are_weighed_together() {
    let large = |place: usize| {
        let conditions = vec![matches(r"^\w+$")];
        Rule { id: place.to_string(), conditions, ..rule() }
    };
    let rules: Vec<Rule> = (0..9).map(large).collect();
    assert_eq!(check(&rules[..8], &known()), Ok(()));
    assert_eq!(fault_of(&rules), ("rules".into(), Fault::Invalid));
    let plain = |place: usize| Rule { conditions: vec![matches("(?i)цена|price")], ..large(place) };
    assert_eq!(check(&(0..50).map(plain).collect::<Vec<_>>(), &known()), Ok(()));
}

#[test]
fn who_is_named_is_told_with_whether_he_gets_clients() {
    let id = |id: &str| EmployeeId::new(id);
    let one = Rule {
        conditions: vec![Condition::Responsible(ResponsibleTest::AnyOf(vec![id("a"), id("b")]))],
        actions: vec![
            Action::Assign(Some(id("b"))),
            Action::Notify { to: NoticeTo::Employee(id("c")), text: "x".into() },
            Action::Assign(None),
            Action::Notify { to: NoticeTo::Heads, text: "x".into() },
        ],
        ..rule()
    };
    let named: Vec<_> = named_employees(&[one]).into_iter().collect();
    assert_eq!(named, [(id("a"), false), (id("b"), true), (id("c"), false)]);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[(){}\\[\\]|*+?.^$\\\\a-zа-я0-9{},:<>!=-]{0,40}",
        Just("(a+)+$".to_owned()),
        Just(r"(\pL{9}){9}".to_owned()),
        Just("{client_name}".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        text().prop_map(|text| matches(&text)),
        text().prop_map(|text| contains(&text)),
        text().prop_map(|tag| Condition::Tag(TagTest::Has(tag))),
        prop::collection::vec(text(), 0..3).prop_map(Condition::Messenger),
        prop::collection::vec(text().prop_map(ChannelId::new), 0..3).prop_map(Condition::Channel),
        any::<bool>().prop_map(Condition::WorkingHours),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        text().prop_map(|text| reply(&text)),
        Just(Action::Ignore),
        Just(Action::Assign(None)),
        text().prop_map(|id| Action::Assign(Some(EmployeeId::new(id)))),
        (prop::collection::vec(text(), 0..3), prop::collection::vec(text(), 0..3))
            .prop_map(|(add, remove)| Action::Tag { add, remove }),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let when = prop_oneof![
        Just(When::MessageIn),
        Just(When::ChatOpened),
        any::<u32>().prop_map(|minutes| When::Idle { minutes })
    ];
    let (conditions, actions) =
        (prop::collection::vec(condition(), 0..4), prop::collection::vec(action(), 0..3));
    ("[a-c]{0,2}", text(), when, conditions, actions).prop_map(|(id, name, when, conditions, actions)| Rule {
        id,
        name,
        enabled: true,
        when,
        conditions,
        actions,
    })
}

proptest! {
    /// Any rules are accepted or refused with a path, and accepted rules can run: each pattern compiles.
    #[test]
    fn what_was_saved_compiles(rules in prop::collection::vec(any_rule(), 0..4)) {
        match check(&rules, &known()) {
            Err(bad) => prop_assert!(bad.path.starts_with("rules")),
            Ok(()) => {
                for text in patterns(&rules) {
                    prop_assert!(pattern(text).is_ok());
                }
                for action in rules.iter().flat_map(|rule| &rule.actions) {
                    if let Action::AutoReply { text } = action {
                        prop_assert!(Template::parse(text).is_ok());
                    }
                }
                Compiled::new(&RuleSet { rules, ..RuleSet::none(&AccountId::new("a")) });
            }
        }
    }

    /// A row that another version wrote, or garbage, is read or refused, and nothing else.
    #[test]
    fn any_json_is_read_or_refused(text in any::<String>(), which in 0..6usize) {
        let quoted = serde_json::json!(text);
        let json = [
            quoted.to_string(),
            format!(r#"{{"matches":{quoted}}}"#),
            format!(r#"{{"text":{{"matches":{quoted}}}}}"#),
            format!(r#"{{"channel":[{quoted}]}}"#),
            format!(r#"{{"kind":[{quoted}]}}"#),
            text.clone(),
        ];
        if let Ok(condition) = serde_json::from_str::<Condition>(&json[which]) {
            let _ = check(&with_condition(condition), &known());
        }
    }
}
