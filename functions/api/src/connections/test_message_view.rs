//! How far a test message got: a pure function of what stands in the table, and its form in answers.

use crate::connections::test_message::TestMessage;
use crate::http::body::moment;
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::crm::{CrmConnection, CrmKind, CrmState};
use shared::model::channel::Channel;
use shared::model::chat::{Chat, ClientState};
use shared::model::message::Message;
use utoipa::ToSchema;

/// A step of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Our webhook took it.
    Accepted,
    /// It stands in its chat.
    Stored,
    /// The chat has a responsible employee, or is shown to those who receive new clients.
    Given,
    /// The CRM has it.
    ToldCrm,
}

/// How a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Done.
    Done,
    /// Not yet; `why` says what it waits for.
    Waiting,
    /// Not done here at all; `why` says why.
    Skipped,
    /// Went wrong; `why` says how.
    Failed,
}

/// Why a step is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its turn has not come, or it is at work; ask again in a moment.
    NotYet,
    /// Our webhook refused it; `detail` is the HTTP status.
    Refused,
    /// Our webhook did not answer: the public address leads elsewhere, or nowhere.
    NoAnswer,
    /// The channel is paused.
    ChannelPaused,
    /// Nobody on the channel receives new clients and may write.
    NobodyEligible,
    /// Shown to all who receive new clients: whoever answers first becomes responsible.
    FirstResponder,
    /// Shown to all who receive new clients until the CRM names a responsible.
    ByCrm,
    /// The account has no CRM.
    NoCrm,
    /// The CRM refuses our key; set it again.
    CrmUnauthorized,
    /// The CRM failed, and is tried again later; `detail` is what it said.
    CrmFails,
    /// The CRM refused the message for good; `detail` is what it said.
    CrmRefused,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    step: StepName,
    state: StepState,
    /// When it was done, where that is known.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Null when it is simply done.
    why: Option<Why>,
    /// What else there is to say: the responsible employee, an HTTP status, the CRM's words.
    detail: Option<String>,
}

impl Step {
    fn is(step: StepName, state: StepState, why: Option<Why>) -> Self {
        Self { step, state, at: None, why, detail: None }
    }

    fn done(step: StepName, at: Option<Timestamp>) -> Self {
        Self { at: moment(at), ..Self::is(step, StepState::Done, None) }
    }

    fn waits(step: StepName, why: Why) -> Self {
        Self::is(step, StepState::Waiting, Some(why))
    }

    fn with(self, detail: Option<String>) -> Self {
        Self { detail, ..self }
    }
}

/// A test message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a92", "channel": "b0b0a3f4-5b86-8e0a-9f3e-5c8d2f1a7e66",
    "chat": "6f1f3a52-2d5c-8a77-b3a5-3b4f4d0e9c11", "posted_at": "2026-11-21T09:10:00.000Z", "done": false, "steps": [
        {"step": "accepted", "state": "done", "at": "2026-11-21T09:10:00.120Z", "why": null, "detail": "200"},
        {"step": "stored", "state": "done", "at": "2026-11-21T09:10:00.090Z", "why": null, "detail": null},
        {"step": "given", "state": "waiting", "at": null, "why": "nobody_eligible", "detail": null},
        {"step": "told_crm", "state": "waiting", "at": null, "why": "not_yet", "detail": null}
    ]
}))]
pub struct TestMessageView {
    id: String,
    /// The channel it entered.
    channel: String,
    /// The chat it goes into; the same for every test of a channel.
    chat: String,
    #[schema(format = DateTime)]
    posted_at: Option<String>,
    /// Whether it came all the way.
    done: bool,
    /// In order.
    steps: Vec<Step>,
}

impl TestMessageView {
    /// The answer.
    pub fn of(test: &TestMessage, steps: Vec<Step>) -> Self {
        let done = |step: &Step| matches!(step.state, StepState::Done | StepState::Skipped);
        Self {
            id: test.id.clone(),
            channel: test.channel.to_string(),
            chat: test.chat.to_string(),
            posted_at: moment(Some(test.posted_at)),
            done: steps.iter().all(done),
            steps,
        }
    }
}

/// What the table holds around a test message.
#[derive(Debug)]
pub struct Facts {
    /// The message.
    pub message: Option<Message>,
    /// Its chat.
    pub chat: Option<Chat>,
    /// Its channel.
    pub channel: Option<Channel>,
    /// Whether somebody on the channel may be given a client.
    pub somebody_eligible: bool,
    /// Which CRM the account works with.
    pub crm_kind: CrmKind,
    /// The connection to it.
    pub crm: Option<CrmConnection>,
}

/// How far it got, step by step.
pub fn steps(test: &TestMessage, facts: &Facts, now: Timestamp) -> Vec<Step> {
    let stored = match &facts.message {
        Some(message) => Step::done(StepName::Stored, Some(message.accepted_at)),
        None => Step::waits(StepName::Stored, Why::NotYet),
    };
    vec![accepted(test), stored, given(facts), told(facts, now)]
}

fn accepted(test: &TestMessage) -> Step {
    let name = StepName::Accepted;
    let Some(answered) = &test.answered else { return Step::waits(name, Why::NotYet) };
    let detail = answered.status.map(|status| status.to_string());
    match answered.status {
        Some(200) => Step::done(name, Some(answered.at)),
        Some(_) => Step::is(name, StepState::Failed, Some(Why::Refused)),
        None => Step::is(name, StepState::Failed, Some(Why::NoAnswer)),
    }
    .with(detail)
}

fn given(facts: &Facts) -> Step {
    let name = StepName::Given;
    let (Some(chat), Some(_)) = (&facts.chat, &facts.message) else { return Step::waits(name, Why::NotYet) };
    match chat.client {
        ClientState::Assigned => Step::done(name, None)
            .with(chat.responsible.as_ref().map(|employee| employee.as_str().to_owned())),
        ClientState::Unclaimed => {
            let by_crm = facts
                .channel
                .as_ref()
                .is_some_and(|channel| channel.distribution == shared::model::channel::Distribution::ByCrm);
            Step::is(name, StepState::Done, Some(if by_crm { Why::ByCrm } else { Why::FirstResponder }))
        }
        ClientState::Waiting | ClientState::Silent => {
            let paused = facts.channel.as_ref().is_some_and(|channel| channel.paused);
            Step::waits(
                name,
                match (paused, facts.somebody_eligible) {
                    (true, _) => Why::ChannelPaused,
                    (false, false) => Why::NobodyEligible,
                    (false, true) => Why::NotYet,
                },
            )
        }
    }
}

fn told(facts: &Facts, now: Timestamp) -> Step {
    let name = StepName::ToldCrm;
    let Some(crm) = facts.crm.as_ref().filter(|_| facts.crm_kind != CrmKind::None) else {
        return Step::is(name, StepState::Skipped, Some(Why::NoCrm));
    };
    let (Some(chat), Some(message)) = (&facts.chat, &facts.message) else {
        return Step::waits(name, Why::NotYet);
    };
    if let Some(words) = &message.crm_refused {
        return Step::is(name, StepState::Failed, Some(Why::CrmRefused)).with(Some(words.clone()));
    }
    if chat.crm_done >= message.created_seq {
        return Step::done(name, None);
    }
    let failing = crm.paused_until.is_some_and(|until| until > now) || chat.crm_error.is_some();
    let words = chat.crm_error.clone().or_else(|| crm.error.clone());
    match crm.state {
        CrmState::Unauthorized => Step::waits(name, Why::CrmUnauthorized),
        CrmState::Active if failing => Step::waits(name, Why::CrmFails).with(words),
        CrmState::Active => Step::waits(name, Why::NotYet),
    }
}
