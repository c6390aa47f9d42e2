//! Each finding is checked on an account that has it, and on a good set-up that has none.

use super::*;
use crate::base::ids::{AccountId, IdSalt};
use crate::model::channel::{DealStage, Distribution, Fallback};
use crate::model::chat::tests::{channel, member};
use crate::model::employee::{Role, Status};
use crate::model::pipeline::{Pipeline, Stage};
use crate::model::sealed::Sealed;
use crate::model::texts::Language;
use crate::model::working_hours::{Day, Span, WorkingHours};
use std::collections::HashSet;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// Everything that the check reads.
struct Rows {
    account: Account,
    connections: Vec<Connection>,
    channels: Vec<Channel>,
    employees: Vec<Employee>,
    members: Vec<Membership>,
    crm: Option<CrmConnection>,
    pipelines: Option<Pipelines>,
}

/// A good set-up with one row of each kind.
fn rows() -> Rows {
    let id = AccountId::new("a");
    let mut account = Account::new(id.clone(), "One", IdSalt::from_bytes([0; 16]), "RU", NOW);
    account.crm_kind = CrmKind::Universal;
    let connection = Connection {
        public: Default::default(),
        v: 1,
        account: id.clone(),
        connection: ConnectionId::new("k"),
        provider: "wazzup".into(),
        name: "Наш Wazzup".into(),
        state: ConnectionState::Connected,
        error: None,
        credential: Sealed::new(Vec::new()),
        token_hash: String::new(),
        token: Sealed::new(Vec::new()),
        created_at: NOW,
    };
    let stage = Stage { id: "10".into(), name: "New".into() };
    let pipeline = Pipeline { id: "1".into(), name: "Sales".into(), stages: vec![stage] };
    let mut crm = CrmConnection::new(&id, CrmKind::Universal, NOW);
    crm.paused_until = Some(NOW);
    Rows {
        account,
        connections: vec![connection],
        channels: vec![on("c1", "whatsapp")],
        employees: vec![Employee::new(&id, &EmployeeId::new("anna"), "Анна", NOW)],
        members: vec![place("anna", "c1", Role::Manager)],
        crm: Some(crm),
        pipelines: Some(Pipelines { v: 1, account: id, pipelines: vec![pipeline] }),
    }
}

fn on(id: &str, transport: &str) -> Channel {
    Channel {
        channel: ChannelId::new(id),
        provider: "wazzup".into(),
        name: format!("Имя {id}"),
        transport: Some(transport.into()),
        deal_stage: Some(DealStage { pipeline_id: "1".into(), stage_id: "10".into() }),
        ..channel()
    }
}

fn place(employee: &str, channel: &str, role: Role) -> Membership {
    Membership { channel: ChannelId::new(channel), ..member(employee, role, true) }
}

fn found(rows: &Rows) -> Vec<Finding> {
    let setup = Setup {
        account: &rows.account,
        connections: &rows.connections,
        channels: &rows.channels,
        employees: &rows.employees,
        members: &rows.members,
        crm: rows.crm.as_ref(),
        crm_can: Capabilities { stages: rows.account.crm_kind != CrmKind::None, ..Capabilities::NONE },
        pipelines: rows.pipelines.as_ref(),
    };
    check(&setup, NOW)
}

fn codes(rows: &Rows) -> Vec<Code> {
    found(rows).into_iter().map(|finding| finding.code).collect()
}

/// The findings after a change to a good set-up.
fn after(change: impl FnOnce(&mut Rows)) -> Vec<Code> {
    let mut rows = rows();
    change(&mut rows);
    codes(&rows)
}

#[test]
fn a_good_set_up_has_no_findings() {
    assert_eq!(found(&rows()), []);
}

#[test]
fn connections_and_channels_that_do_not_work_are_found() {
    assert_eq!(after(|rows| rows.connections.clear()), [Code::NoConnection]);
    let connection = |state| after(|rows| rows.connections[0].state = state);
    assert_eq!(connection(ConnectionState::Unauthorized), [Code::ConnectionUnauthorized]);
    assert_eq!(connection(ConnectionState::Connecting), [Code::ConnectionNotReady]);
    let channel = |state| after(|rows| rows.channels[0].state = state);
    assert_eq!(channel(ChannelState::NeedsAttention), [Code::ChannelNeedsAttention]);
    assert_eq!(channel(ChannelState::Unauthorized), [Code::ChannelUnauthorized]);
    assert_eq!(channel(ChannelState::Pending), [Code::ChannelPending]);
    assert_eq!(after(|rows| rows.channels[0].paused = true), [Code::ChannelPaused]);
}

#[test]
fn of_a_channel_by_which_nothing_goes_nothing_else_is_said() {
    let bare = |change: fn(&mut Channel)| {
        after(|rows| {
            rows.members.clear();
            rows.employees.truncate(1);
            rows.members.push(place("anna", "c2", Role::Manager));
            rows.channels.push(on("c2", "telegram"));
            change(&mut rows.channels[0]);
        })
    };
    assert_eq!(bare(|channel| channel.ignored = true), [Code::ChannelIgnored]);
    assert_eq!(bare(|channel| channel.state = ChannelState::Disabled), [Code::ChannelDisabled]);
    assert_eq!(bare(|_| {}), [Code::NobodyMayWrite]);
}

#[test]
fn a_channel_without_anybody_for_its_clients_is_found() {
    let changed = |change: fn(&mut Membership), distribution| {
        after(|rows| {
            rows.channels[0].distribution = distribution;
            change(&mut rows.members[0]);
        })
    };
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    for distribution in [RoundRobin, FirstResponder, ByCrm] {
        assert_eq!(changed(|_| {}, distribution), []);
        assert_eq!(changed(|place| place.role = Role::QualityControl, distribution), [Code::NobodyMayWrite]);
        let unbound = changed(|place| place.sends = false, distribution);
        assert_eq!(unbound, [Code::NobodyMayWrite, Code::EmployeeNotBound]);
    }
    let apart = after(|rows| {
        rows.members[0].receives_new_clients = false;
        rows.members.push(Membership { sends: false, ..place("boris", "c1", Role::Manager) });
    });
    assert_eq!(apart, [Code::NobodyEligible], "one writes, the other one gets the clients");
    let off = |distribution| changed(|place| place.receives_new_clients = false, distribution);
    assert_eq!(off(RoundRobin), [Code::NobodyEligible]);
    assert_eq!(off(FirstResponder), [Code::NobodyReceives]);
    assert_eq!(off(ByCrm), [Code::NobodyReceives]);
}

#[test]
fn a_fallback_that_catches_nobody_is_found_and_one_that_does_is_enough() {
    let falling = |fallback: Fallback, distribution, change: fn(&mut Rows)| {
        after(|rows| {
            rows.channels[0].fallback = fallback;
            rows.channels[0].distribution = distribution;
            rows.members[0].receives_new_clients = false;
            let boris = EmployeeId::new("boris");
            rows.employees.push(Employee::new(&rows.account.account, &boris, "Борис", NOW));
            let head = place("boris", "c1", Role::Head);
            rows.members.push(Membership { receives_new_clients: false, ..head });
            change(rows);
        })
    };
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    let boris = || Fallback::Employee(EmployeeId::new("boris"));
    for fallback in [boris(), Fallback::Heads] {
        for distribution in [RoundRobin, FirstResponder] {
            assert_eq!(falling(fallback.clone(), distribution, |_| {}), []);
        }
        assert_eq!(
            falling(fallback, ByCrm, |_| {}),
            [Code::NobodyReceives],
            "the CRM names somebody, or nobody"
        );
    }
    let lacking: [fn(&mut Rows); 3] = [
        |rows| rows.members[1].role = Role::QualityControl,
        |rows| rows.members[1].inactive = true,
        |rows| {
            rows.members.pop();
            rows.employees.pop();
        },
    ];
    for change in lacking {
        let named = falling(boris(), RoundRobin, change);
        assert_eq!(named, [Code::FallbackCannotWrite, Code::NobodyEligible]);
        let heads = falling(Fallback::Heads, RoundRobin, change);
        assert_eq!(heads, [Code::FallbackWithoutHeads, Code::NobodyEligible]);
    }
    let no_head = falling(Fallback::Heads, RoundRobin, |rows| rows.members[1].role = Role::Manager);
    assert_eq!(no_head, [Code::FallbackWithoutHeads, Code::NobodyEligible]);
}

#[test]
fn b4_hours_that_never_begin_are_found_and_a_status_is_not() {
    let never = WorkingHours { zone: "Europe/Moscow".into(), spans: Vec::new() };
    let mut rows = rows();
    rows.members[0].hours = Some(never);
    let told = found(&rows);
    let codes: Vec<Code> = told.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::HoursNeverOpen, Code::NobodyEligible]);
    assert_eq!(
        (told[0].employee.clone(), told[0].channel.clone()),
        (Some(EmployeeId::new("anna")), Some(ChannelId::new("c1")))
    );
    rows.members[0].receives_new_clients = false;
    assert_eq!(self::codes(&rows), [Code::NobodyEligible], "no client would come to her anyway");
    assert_eq!(after(|rows| rows.members[0].status = Status::Off), [], "she is there again tomorrow");
    assert_eq!(
        after(|rows| rows.members[0].inactive = true),
        [Code::NobodyMayWrite],
        "the CRM knows her not"
    );
    let sunday = Span { days: vec![Day::Sunday], from: "09:00".into(), to: "10:00".into() };
    let seldom = WorkingHours { zone: "Europe/Moscow".into(), spans: vec![sunday] };
    assert_eq!(after(|rows| rows.members[0].hours = Some(seldom)), []);
}

#[test]
fn employees_and_heads_who_lack_something_are_named() {
    assert_eq!(after(|rows| rows.employees.clear()), [Code::NoEmployees]);
    let second = |role, channel: &'static str, sends| {
        let mut rows = rows();
        rows.channels.push(on("c2", "telegram"));
        rows.members.push(place("anna", "c2", Role::Manager));
        rows.employees.push(Employee::new(&rows.account.account, &EmployeeId::new("boris"), "Борис", NOW));
        if let Some(role) = role {
            rows.members.push(Membership { sends, ..place("boris", channel, role) });
        }
        found(&rows)
    };
    assert_eq!(second(Some(Role::Head), "c1", true), []);
    assert_eq!(second(Some(Role::QualityControl), "c1", false), [], "who writes to nobody need not be bound");
    let none = second(None, "", true);
    assert_eq!((none.len(), none[0].code), (1, Code::EmployeeWithoutRole));
    assert_eq!(none[0].employee, Some(EmployeeId::new("boris")));
    let mute = second(Some(Role::Head), "c2", false);
    assert_eq!((mute.len(), mute[0].code), (1, Code::EmployeeNotBound));
    assert_eq!(mute[0].messenger.as_deref(), Some("telegram"));
    assert_eq!(second(Some(Role::Head), "gone", true)[0].code, Code::EmployeeWithoutRole);
}

#[test]
fn b7_who_has_several_channels_of_a_messenger_needs_a_default() {
    let several = |change: fn(&mut Rows)| {
        after(|rows| {
            // One messenger, though the transports differ.
            rows.channels.push(on("c2", "wapi"));
            rows.members.push(place("anna", "c2", Role::Manager));
            change(rows);
        })
    };
    let both = [Code::NoAccountDefault, Code::EmployeeWithoutDefault];
    assert_eq!(several(|_| {}), both);
    assert_eq!(several(|rows| rows.members[1].is_default = true), [Code::NoAccountDefault]);
    let account = |rows: &mut Rows, channel: &str| {
        rows.account.default_channels.insert("whatsapp".into(), ChannelId::new(channel));
    };
    let mut rows = rows();
    rows.channels.push(on("c2", "wapi"));
    rows.members.push(Membership { sends: false, ..place("anna", "c2", Role::Manager) });
    assert_eq!(codes(&rows), [Code::NobodyMayWrite, Code::NoAccountDefault], "bound to one of them");
    rows.members[1].sends = true;
    account(&mut rows, "c2");
    assert_eq!(codes(&rows), []);
    account(&mut rows, "gone");
    assert_eq!(codes(&rows), [Code::AccountDefaultUnusable]);
    account(&mut rows, "c2");
    rows.channels[1].ignored = true;
    assert_eq!(codes(&rows), [Code::AccountDefaultUnusable, Code::ChannelIgnored]);
    assert_eq!(several(|rows| rows.channels[1].transport = Some("telegram".into())), [], "another messenger");
}

#[test]
fn deal_stages_and_the_crm_are_checked() {
    let stage = |id: &'static str| {
        after(|rows| {
            rows.channels[0].deal_stage = Some(DealStage { pipeline_id: "1".into(), stage_id: id.into() });
        })
    };
    assert_eq!(stage("11"), [Code::StageUnknown]);
    assert_eq!(after(|rows| rows.pipelines = None), [Code::NoPipelines]);
    assert_eq!(after(|rows| rows.pipelines.as_mut().unwrap().pipelines.clear()), [Code::NoPipelines]);
    let unused = after(|rows| (rows.pipelines, rows.channels[0].deal_stage) = (None, None));
    assert_eq!(unused, []);
    let none = after(|rows| (rows.account.crm_kind, rows.crm, rows.pipelines) = (CrmKind::None, None, None));
    assert_eq!(none, [Code::NoCrm], "without a CRM there are no stages to miss");
    assert_eq!(after(|rows| rows.crm = None), [Code::NoCrm]);
    let refused = after(|rows| rows.crm.as_mut().unwrap().state = CrmState::Unauthorized);
    assert_eq!(refused, [Code::CrmUnauthorized]);
    let paused = after(|rows| {
        rows.crm.as_mut().unwrap().paused_until = Some(NOW + std::time::Duration::from_millis(1))
    });
    assert_eq!(paused, [Code::CrmPaused]);
}

#[test]
fn errors_stand_first_and_say_what_they_are_about() {
    let mut rows = rows();
    rows.account.language = Language::En;
    rows.channels[0].paused = true;
    rows.channels[0].title = Some("Sales {employee}".into());
    rows.channels[0].state = ChannelState::NeedsAttention;
    rows.channels[0].raw_state = Some("qridle".into());
    let found = found(&rows);
    let told: Vec<_> = found.iter().map(|finding| (finding.code.level(), finding.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (Level::Error, "Channel “Sales {employee}” needs attention at the provider (qridle)."),
            (Level::Warning, "Channel “Sales {employee}” is paused: answers are not sent, new clients wait."),
        ]
    );
    assert_eq!(found[0].channel, Some(ChannelId::new("c1")));
}

#[test]
fn every_code_has_its_word_and_texts() {
    let words: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words.len(), Code::ALL.len());
    let rows = rows();
    let about = About {
        connection: rows.connections.first(),
        channel: rows.channels.first(),
        employee: rows.employees.first(),
        messenger: Some("whatsapp"),
    };
    for language in [Language::Ru, Language::En] {
        let texts: HashSet<String> =
            Code::ALL.iter().map(|code| texts::text(*code, about, language)).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(
            texts.iter().all(|text| text.ends_with('.') && !text.contains(['{', '}', '?'])),
            "{texts:#?}"
        );
    }
}
