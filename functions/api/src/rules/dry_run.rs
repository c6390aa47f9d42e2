//! Dry runs of rules (F6): what they would do, without doing it.

use crate::app::App;
use crate::http::auth::{AdminOrSection, Principal};
use crate::http::body::{Body, object, present, present_objects};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use crate::rules::trial::{DryAction, Trial};
use crate::rules::view::{RuleBody, RuleWhen};
use crate::rules::{checked, saved};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChannelId, ChatId, ContactId, EmployeeId};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::company_events::first_event;
use shared::model::chat::state::{AssignmentState, ChatState};
use shared::model::chat::{Chat, MAX_CHAT_TAGS};
use shared::model::message::kind::Kind;
use shared::model::messenger::Messenger;
use shared::model::rules::{Compiled, MAX_TAG, MatchResult, Rule, RuleFacts, RuleSet, Trigger, When};
use shared::model::texts;
use shared::store::Read;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest text of a message in a dry run, in characters, because rules read no more.
const MAX_TRIED: usize = shared::model::rules::LOOKED_AT;

/// A dry run: what happens, in an existing chat or in a described one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "channel": "b0b0a3f4-5b86-8e0a-9f3e-5c8d2f1a7e66", "message": {"text": "What does the car cost?"}, "new_client": true
}))]
pub struct DryRun {
    /// An existing chat, with its channel, tags and responsible.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 100)]
    chat: Option<String>,
    /// Instead of a chat: the channel of an imagined chat.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 100)]
    channel: Option<String>,
    /// Tags of the imagined chat.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_items = 20)]
    tags: Option<Vec<String>>,
    /// The responsible employee of the imagined chat.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 200)]
    responsible: Option<String>,
    /// The name of the imagined chat's client.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 200)]
    client_name: Option<String>,
    /// The message. If `happened` is left out, the client writes it.
    #[serde(default, deserialize_with = "object")]
    #[schema(nullable = false)]
    message: Option<DryMessage>,
    /// The triggers, all at the same time. When left out: a message of the client, with the call that it is and the
    /// chat that it opens.
    #[serde(default, deserialize_with = "present_objects")]
    #[schema(nullable = false, min_items = 1, max_items = 6)]
    happened: Option<Vec<RuleWhen>>,
    /// Whether the client was unknown until now. When left out: no in an existing chat, yes in an imagined one.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    new_client: Option<bool>,
    /// The time, for working hours. When left out: now.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, format = DateTime)]
    at: Option<String>,
    /// Rules to try instead of the saved ones; they are checked like rules to save.
    #[serde(default, deserialize_with = "present_objects")]
    #[schema(nullable = false, max_items = 100)]
    rules: Option<Vec<RuleBody>>,
}

/// The message of a dry run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryMessage {
    /// Its text, or caption.
    #[serde(default)]
    #[schema(max_length = 4096)]
    text: Option<String>,
    /// Its kind; `text` when left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    kind: Option<Kind>,
}

/// The result of a dry run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "happened": [{"type": "message_in"}, {"type": "chat_opened"}], "in_working_hours": true, "drops_message": false,
    "rules": [{
        "id": "price", "name": "Price", "outcome": "runs", "fails_at": null,
        "actions": [{
            "action": {"type": "auto_reply", "text": "Good day {client_name}!"}, "would": "write to the client",
            "text": "Good day Ivan!", "skipped": null
        }]
    }]
}))]
pub struct DryRunView {
    /// The triggers of the dry run.
    happened: Vec<RuleWhen>,
    /// Whether the time is within the working hours of channel or account.
    in_working_hours: bool,
    /// Whether the message would be dropped; then no other action runs.
    drops_message: bool,
    /// Each rule, in the rules' order.
    rules: Vec<DryRule>,
}

/// A rule's result.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRule {
    id: String,
    name: String,
    outcome: RuleOutcome,
    /// The index, from 0, of the first condition that does not hold.
    fails_at: Option<usize>,
    /// What it would do, in order; empty if it does not run.
    actions: Vec<DryAction>,
}

/// Whether a rule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleOutcome {
    /// It runs.
    Runs,
    /// It is switched off.
    Disabled,
    /// It waits for another trigger.
    NotCalled,
    /// A condition does not hold.
    ConditionFails,
    /// It would run, but another rule drops the message.
    MessageDropped,
}

/// Dry-run the rules
///
/// Says for each rule whether it would run, at which condition it fails, and what it would do. Nothing is changed, and
/// no notice is sent. With a chat: one that the caller may see.
#[utoipa::path(
    post, path = "/v1/rules/dry-run", tag = "rules", request_body = DryRun,
    responses(
        (status = 200, description = "The result of each rule", body = DryRunView),
        (status = 422, description = "There is no such channel (`unknown_channel`), or a rule of the request could not be saved")
    )
)]
pub async fn dry_run(
    AdminOrSection(principal): AdminOrSection,
    State(app): State<Arc<App>>,
    Body(mut wanted): Body<DryRun>,
) -> Result<Json<DryRunView>, ApiError> {
    wanted.check()?;
    let at = wanted.at(app.ambient.now())?;
    let set = match wanted.rules.take() {
        Some(rules) => {
            let rules = checked(&app, &principal.account, rules).await?;
            RuleSet { rules, ..RuleSet::none(&principal.account) }
        }
        None => saved(&app, &principal.account).await?,
    };
    let owner = existing_account(&app, principal.account.as_str()).await?;
    let (chat, channel) = wanted.place(&app, &principal, at).await?;
    Ok(Json(told(&Compiled::new(&set), &wanted, &owner, (chat, &channel), at)))
}

impl DryRun {
    fn check(&self) -> Result<(), ApiError> {
        let described = [
            ("channel", self.channel.is_some()),
            ("tags", self.tags.is_some()),
            ("responsible", self.responsible.is_some()),
            ("client_name", self.client_name.is_some()),
        ];
        if self.chat.is_some()
            && let Some((field, _)) = described.iter().find(|(_, is_said)| *is_said)
        {
            return Err(ApiError::invalid(*field, "only for an imagined chat, not beside chat"));
        }
        if self.chat.is_none() && self.channel.is_none() {
            return Err(ApiError::missing_field("channel"));
        }
        let tags = self.tags.as_deref().unwrap_or_default();
        if tags.len() > MAX_CHAT_TAGS {
            return Err(ApiError::invalid("tags", format!("at most {MAX_CHAT_TAGS} tags")));
        }
        for (place, tag) in tags.iter().enumerate() {
            validate::name(format!("tags[{place}]"), tag, MAX_TAG)?;
        }
        if let Some(responsible) = &self.responsible {
            validate::employee_id("responsible", responsible)?;
        }
        if let Some(name) = &self.client_name {
            validate::name("client_name", name, validate::MAX_NAME)?;
        }
        let text = self.message.as_ref().and_then(|message| message.text.as_deref()).unwrap_or_default();
        if text.chars().count() > MAX_TRIED {
            return Err(ApiError::invalid("message.text", format!("at most {MAX_TRIED} characters")));
        }
        match &self.happened {
            None if self.message.is_none() => Err(ApiError::missing_field("message")),
            Some(happened) if !(1..=6).contains(&happened.len()) => {
                Err(ApiError::invalid("happened", "1 to 6 of them"))
            }
            _ => Ok(()),
        }
    }

    fn at(&self, now: Timestamp) -> Result<Timestamp, ApiError> {
        let Some(text) = &self.at else { return Ok(now) };
        Timestamp::parse_rfc3339(text).ok_or_else(|| ApiError::invalid("at", "a moment of RFC 3339"))
    }

    /// The chat and its channel, existing or imagined.
    async fn place(
        &self,
        app: &App,
        principal: &Principal,
        at: Timestamp,
    ) -> Result<(Chat, Channel), ApiError> {
        let account = &principal.account;
        if let Some(id) = &self.chat {
            let chat = visible_chat(app, principal, id).await?.chat;
            let channel = app.store.channel(account, &chat.channel, Read::Consistent).await?;
            return Ok((chat, channel.ok_or_else(|| ApiError::not_found("channel"))?));
        }
        let id = self.channel.as_deref().unwrap_or_default();
        let found = match id.chars().count() {
            1..=validate::MAX_ID => app.store.channel(account, &ChannelId::new(id), Read::Consistent).await?,
            _ => None,
        };
        let channel = found
            .ok_or_else(|| ApiError::refused("unknown_channel", "channel", "there is no such channel"))?;
        let messenger = channel.messenger().unwrap_or_else(|| Messenger::Other(String::new()));
        let ids = (ChatId::new("imagined"), String::new());
        let like = first_event(&channel, ids, messenger, at);
        let mut chat = Chat::unopened(account, &like, ContactId::new("imagined"), at);
        chat.tags = self.tags.iter().flatten().cloned().collect();
        chat.responsible = self.responsible.as_deref().map(EmployeeId::new);
        chat.assignment_state =
            if chat.responsible.is_some() { AssignmentState::Assigned } else { AssignmentState::Silent };
        chat.name.clone_from(&self.client_name);
        Ok((chat, channel))
    }

    fn kind(&self) -> Option<shared::model::message::kind::Kind> {
        let message = self.message.as_ref()?;
        Some(message.kind.map_or(shared::model::message::kind::Kind::Text, Into::into))
    }

    /// The triggers: those of the request, else those of a client's message in this chat.
    fn happens(&self, chat: &Chat) -> Vec<Trigger> {
        if let Some(happened) = &self.happened {
            return happened.iter().map(|when| When::from(*when).happened()).collect();
        }
        let Some(kind) = self.kind().filter(|kind| kind.is_said()) else { return Vec::new() };
        let mut happened = vec![Trigger::MessageIn];
        happened.extend(kind.is_call().then_some(Trigger::Call));
        happened.extend((chat.state == ChatState::General).then_some(Trigger::ChatOpened));
        happened
    }
}

fn told(
    rules: &Compiled,
    wanted: &DryRun,
    owner: &Account,
    (chat, channel): (Chat, &Channel),
    at: Timestamp,
) -> DryRunView {
    let happened = wanted.happens(&chat);
    let hours = channel.hours.as_ref().or(owner.hours.as_ref());
    let in_working_hours = hours.is_none_or(|hours| hours.is_open(at));
    let told = wanted.message.as_ref().and_then(|message| message.text.as_deref());
    let of_call = || wanted.kind().and_then(|kind| texts::call(kind, owner.language));
    let outcomes = rules.outcomes(&RuleFacts {
        happened: &happened,
        text: told.or_else(of_call),
        kind: wanted.kind(),
        chat: &chat,
        is_new_client: wanted.new_client.unwrap_or(wanted.chat.is_none()),
        in_working_hours,
    });
    let mut each: Vec<(&Rule, MatchResult)> = rules.set().rules.iter().zip(outcomes).collect();
    let drops = |(rule, outcome): &(&Rule, MatchResult)| *outcome == MatchResult::Runs && rule.ignores();
    let drops_message = each.iter().any(drops);
    let mut trial = Trial::new(chat, channel, owner, &happened, at);
    let rules = each.drain(..).map(|(rule, outcome)| told_of(rule, outcome, drops_message, &mut trial));
    DryRunView {
        rules: rules.collect(),
        happened: happened.into_iter().map(|happened| When::from(happened).into()).collect(),
        in_working_hours,
        drops_message,
    }
}

fn told_of(rule: &Rule, outcome: MatchResult, drops_message: bool, trial: &mut Trial<'_>) -> DryRule {
    let (outcome, fails_at) = match outcome {
        MatchResult::Runs if drops_message && !rule.ignores() => (RuleOutcome::MessageDropped, None),
        MatchResult::Runs => (RuleOutcome::Runs, None),
        MatchResult::Disabled => (RuleOutcome::Disabled, None),
        MatchResult::NotCalled => (RuleOutcome::NotCalled, None),
        MatchResult::Fails(place) => (RuleOutcome::ConditionFails, Some(place)),
    };
    let runs = outcome == RuleOutcome::Runs;
    let actions = rule.actions.iter().filter(|_| runs).map(|action| trial.of(action)).collect();
    DryRule { id: rule.id.clone(), name: rule.name.clone(), outcome, fails_at, actions }
}
