//! A channel as answers show it: its settings, and what its messenger takes.

use crate::channels::closing_options::ClosingView;
use crate::channels::fallback::{FallbackView, ReservationView};
use crate::channels::working_hours::HoursView;
use crate::http::enums::{AddressedBy, ChannelState, ChatStatus, Distribution, Edits, FileKind, Reopening};
use serde::{Deserialize, Serialize};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::closing::Closing;
use shared::model::limits::{ButtonRule, FileRule, Limits};
use shared::providers;
use std::time::Duration;
use utoipa::ToSchema;

/// Where a channel's deals begin.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealStageView {
    /// A pipeline of `PUT /v1/pipelines`.
    pub pipeline_id: String,
    /// A stage of it.
    pub stage_id: String,
}

/// A number, a profile or a bot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "connection": "019aa5f1-11d2-7c55-b1ce-7a42e9f9f0ab",
    "provider": "wazzup", "external": "e0629e11-0f67-4567-92a9-2237e91ec1b9", "name": "Sales, WhatsApp",
    "provider_name": "79990001122", "transport": "whatsapp", "messenger": "whatsapp", "state": "active",
    "raw_state": "active", "state_at": "2026-11-21T09:10:00.000Z", "paused": false, "distribution": "round_robin",
    "fallback": {"type": "employee", "employee": "18"}, "reservation": {"answer_within_s": 300, "passes": 3},
    "always_same": false, "working_hours": null, "close_after_s": 900, "client_waits": null, "timeout_status": null,
    "reopening": null, "farewell": null,
    "closing": {
        "close_after_s": 900, "client_waits": false, "timeout_status": "closed", "reopening": "reopen", "farewell": null
    },
    "ignored": false, "import_echoes": true, "echo_mark": null, "name_in_crm": false,
    "deal_stage": {"pipeline_id": "1", "stage_id": "10"}, "group": null,
    "limits": {
        "text": 10000, "template": null, "buttons": null, "quotes": true, "edits": "text", "edit_within_s": 900,
        "deletes": true, "delete_within_s": null, "answer_within_s": null, "comments": false, "writes_first_by": ["phone"],
        "files": [{"kind": "image", "types": [], "bytes": 10485760}]
    },
    "created_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct ChannelView {
    id: String,
    /// The connection that carries it.
    connection: String,
    provider: String,
    /// The provider's id of it.
    external: String,
    /// Its name: the account's own, else the provider's.
    name: String,
    /// The provider's name of it.
    provider_name: String,
    /// The provider's word for what carries it.
    transport: Option<String>,
    /// The messenger; null while the provider has not told by what the channel goes.
    messenger: Option<String>,
    state: ChannelState,
    /// The provider's word for the state.
    raw_state: Option<String>,
    /// When the provider reported it.
    #[schema(format = DateTime)]
    state_at: Option<String>,
    /// Whether it is paused: what comes is kept, nothing is sent, and new clients wait.
    paused: bool,
    distribution: Distribution,
    /// Who gets a new client when nobody is eligible.
    fallback: FallbackView,
    /// How soon an employee must answer a client whom he got in turn, or the next one gets him; null: he need not.
    reservation: Option<ReservationView>,
    /// Whether a client who comes back always goes to who had him, eligible or not.
    always_same: bool,
    /// When the channel works; null: as the account says.
    working_hours: Option<HoursView>,
    /// The channel's own word on when a chat finishes, in seconds of silence; null: as the account says. What applies stands
    /// in `closing`, for this and the four below.
    close_after_s: Option<u32>,
    /// Whether a client who waits for an answer keeps his chat open; null: as the account says.
    client_waits: Option<bool>,
    /// What is said of the conversation when its chat finishes by silence; null: as the account says.
    timeout_status: Option<ChatStatus>,
    /// What a client's message after the end makes of his chat; null: as the account says.
    reopening: Option<Reopening>,
    /// What is written to the client when his chat finishes by silence: an empty one is none; null: as the account says.
    farewell: Option<String>,
    closing: ClosingView,
    /// Whether everything that comes on it is dropped and counted.
    ignored: bool,
    /// Whether messages written on the phone or in the provider's application are taken in.
    import_echoes: bool,
    /// What stands before such a message in the CRM: null is our text for its origin, an empty one nothing.
    echo_mark: Option<String>,
    /// Whether the channel's name stands before the texts of clients and of such messages in the CRM.
    name_in_crm: bool,
    deal_stage: Option<DealStageView>,
    /// The CRM's group that it belongs to; null where the CRM has none.
    group: Option<String>,
    /// What can be sent by it; null while the messenger is not known.
    limits: Option<LimitsView>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl ChannelView {
    /// A channel of this account, which says what the channel does not.
    pub fn of(channel: Channel, owner: &Account) -> Self {
        let closing = Closing::of(owner, Some(&channel)).into();
        let messenger = channel.messenger();
        let limits = messenger.as_ref().map(|of| providers::limits(&channel, of).into());
        let stage = channel
            .deal_stage
            .map(|stage| DealStageView { pipeline_id: stage.pipeline_id, stage_id: stage.stage_id });
        Self {
            id: channel.channel.to_string(),
            connection: channel.connection.to_string(),
            provider: channel.provider,
            external: channel.external,
            name: channel.title.unwrap_or_else(|| channel.name.clone()),
            provider_name: channel.name,
            transport: channel.transport,
            messenger: messenger.map(|messenger| messenger.as_str().to_owned()),
            state: channel.state.into(),
            raw_state: channel.raw_state,
            state_at: (channel.state_at.millis() > 0).then(|| channel.state_at.rfc3339()),
            paused: channel.paused,
            distribution: channel.distribution.into(),
            fallback: channel.fallback.into(),
            reservation: channel.reservation.map(ReservationView::from),
            always_same: channel.always_same,
            working_hours: channel.hours.map(HoursView::from),
            close_after_s: channel.closing.close_after_s,
            client_waits: channel.closing.client_waits,
            timeout_status: channel.closing.timeout_status.map(ChatStatus::from),
            reopening: channel.closing.reopening.map(Reopening::from),
            farewell: channel.closing.farewell,
            closing,
            ignored: channel.ignored,
            import_echoes: !channel.skip_echoes,
            echo_mark: channel.echo_mark,
            name_in_crm: channel.name_in_crm,
            deal_stage: stage,
            group: None,
            limits,
            created_at: channel.created_at.rfc3339(),
        }
    }
}

/// What can be sent by a channel. Texts count in characters, files in bytes, times in seconds; null is no limit of ours.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// Longest text.
    text: usize,
    /// Longest filled template; null where there are no templates.
    template: Option<usize>,
    /// Null where there are no buttons.
    buttons: Option<ButtonsView>,
    /// Whether a message may quote another one.
    quotes: bool,
    edits: Edits,
    /// How long after sending it may be edited; null leaves it to the provider.
    edit_within_s: Option<u64>,
    /// Whether a sent message may be deleted.
    deletes: bool,
    /// How long after sending; null leaves it to the provider.
    delete_within_s: Option<u64>,
    /// How long after the client's last message he may be written to; where there are templates, they go out later too.
    answer_within_s: Option<u64>,
    /// Whether comments come by it, which are answered by text alone.
    comments: bool,
    /// By what somebody who has never written can be written to; empty: not at all.
    writes_first_by: Vec<AddressedBy>,
    /// A kind that is not named is not taken.
    files: Vec<FileLimitView>,
}

/// Which buttons are taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct ButtonsView {
    /// How many at most.
    count: usize,
    /// Longest title.
    title: usize,
}

/// Which files of a kind are taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileLimitView {
    kind: FileKind,
    /// Types, as `image/jpeg`; empty: all of the kind.
    types: Vec<String>,
    /// The largest.
    bytes: u64,
}

impl From<&'static Limits> for LimitsView {
    fn from(limits: &'static Limits) -> Self {
        let seconds = |span: Option<Duration>| span.map(|span| span.as_secs());
        Self {
            text: limits.text,
            template: limits.template,
            buttons: limits.buttons.map(|ButtonRule { count, title, .. }| ButtonsView { count, title }),
            quotes: limits.quotes,
            edits: limits.edits.into(),
            edit_within_s: seconds(limits.edit_within),
            deletes: limits.deletes,
            delete_within_s: seconds(limits.delete_within),
            answer_within_s: seconds(limits.window.map(|window| window.open)),
            comments: limits.comments,
            writes_first_by: limits.first.iter().map(|by| (*by).into()).collect(),
            files: limits.files.iter().map(FileLimitView::from).collect(),
        }
    }
}

impl From<&FileRule> for FileLimitView {
    fn from(rule: &FileRule) -> Self {
        Self {
            kind: rule.kind.into(),
            types: rule.types.iter().map(|kind| (*kind).to_owned()).collect(),
            bytes: rule.bytes,
        }
    }
}
