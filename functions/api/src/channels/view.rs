//! A channel in answers: its settings, and the limits of its messenger.

use crate::channels::closing_options::ClosingView;
use crate::channels::fallback::{FallbackView, ReservationView};
use crate::channels::working_hours::HoursView;
use serde::{Deserialize, Serialize};
use shared::model::account::Account;
use shared::model::channel::{Channel, Distribution};
use shared::model::chat::closing::Closing;
use shared::model::chat::state::ChatStatus;
use shared::model::closing_options::Reopening;
use shared::model::limits::{ButtonRule, By, Edits, FileKind, FileRule, Limits};
use shared::model::messenger::ChannelState;
use shared::providers;
use std::time::Duration;
use utoipa::ToSchema;

/// The pipeline stage at which a channel's deals begin.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealStageView {
    /// A pipeline of `PUT /v1/pipelines`.
    pub pipeline_id: String,
    /// A stage of that pipeline.
    pub stage_id: String,
}

/// A channel: a number, a profile or a bot.
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
    /// The provider's id of the channel.
    external: String,
    /// Its name: the account's own, else the provider's.
    name: String,
    /// The provider's name of the channel.
    provider_name: String,
    /// The provider's word for the transport.
    transport: Option<String>,
    /// The messenger; null until the provider reports the channel's transport.
    messenger: Option<String>,
    state: ChannelState,
    /// The provider's word for the state.
    raw_state: Option<String>,
    /// When the provider reported the state.
    #[schema(format = DateTime)]
    state_at: Option<String>,
    /// Whether the channel is paused: incoming messages are stored, none are sent, and new clients wait.
    paused: bool,
    distribution: Distribution,
    /// Who gets a new client when no employee is eligible.
    fallback: FallbackView,
    /// How soon an employee must answer a client who was assigned to them in turn, before the next employee gets the
    /// client; null: no limit.
    reservation: Option<ReservationView>,
    /// Whether a client who comes back always goes to their previous responsible, eligible or not.
    always_same: bool,
    /// The channel's working hours; null: the account's.
    working_hours: Option<HoursView>,
    /// The channel's own setting for the seconds of silence after which a chat finishes; null: the account's. `closing`
    /// has the values that apply, for this field and the four below.
    close_after_s: Option<u32>,
    /// Whether a client who waits for an answer keeps the chat open; null: the account's setting.
    client_waits: Option<bool>,
    /// The status that a chat gets when it finishes by silence; null: the account's setting.
    timeout_status: Option<ChatStatus>,
    /// What a client's message does to a finished chat; null: the account's setting.
    reopening: Option<Reopening>,
    /// The text that the client gets when the chat finishes by silence. Empty: none; null: the account's setting.
    farewell: Option<String>,
    closing: ClosingView,
    /// Whether everything that arrives on the channel is dropped and counted.
    ignored: bool,
    /// Whether messages that were written on the phone or in the provider's application are imported.
    import_echoes: bool,
    /// The mark before such a message in the CRM. Null: our text for its origin; empty: no mark.
    echo_mark: Option<String>,
    /// Whether the channel's name precedes the texts of clients and of such messages in the CRM.
    name_in_crm: bool,
    deal_stage: Option<DealStageView>,
    /// The CRM's group to which the channel belongs; null where the CRM has none.
    group: Option<String>,
    /// What can be sent on the channel; null while the messenger is not known.
    limits: Option<LimitsView>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl ChannelView {
    /// The view of a channel of `owner`, which supplies the settings that the channel leaves open.
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
            state: channel.state,
            raw_state: channel.raw_state,
            state_at: (channel.state_at.millis() > 0).then(|| channel.state_at.rfc3339()),
            paused: channel.paused,
            distribution: channel.distribution,
            fallback: channel.fallback.into(),
            reservation: channel.reservation.map(ReservationView::from),
            always_same: channel.always_same,
            working_hours: channel.hours.map(HoursView::from),
            close_after_s: channel.closing.close_after_s,
            client_waits: channel.closing.client_waits,
            timeout_status: channel.closing.timeout_status,
            reopening: channel.closing.reopening,
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

/// What can be sent on a channel. Texts are counted in characters, files in bytes, times in seconds; null: no limit of
/// ours.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// Longest text.
    text: usize,
    /// Longest filled template; null where there are no templates.
    template: Option<usize>,
    /// The limits of buttons; null where there are no buttons.
    buttons: Option<ButtonsView>,
    /// Whether a message may quote another one.
    quotes: bool,
    edits: Edits,
    /// How long after sending a message may be edited; null leaves it to the provider.
    edit_within_s: Option<u64>,
    /// Whether a sent message may be deleted.
    deletes: bool,
    /// How long after sending a message may be deleted; null leaves it to the provider.
    delete_within_s: Option<u64>,
    /// How long after the client's last message the client may be written to; templates, where there are any, may be
    /// sent later too.
    answer_within_s: Option<u64>,
    /// Whether the channel receives comments, which are answered by text alone.
    comments: bool,
    /// By what a person who has never written can be addressed; empty: not at all.
    writes_first_by: Vec<By>,
    /// The limits of files, by kind; kinds that are not listed are not accepted.
    files: Vec<FileLimitView>,
}

/// Which buttons are accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ButtonsView {
    /// Most buttons of a message.
    count: usize,
    /// Longest title.
    title: usize,
}

/// Which files of a kind are accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileLimitView {
    kind: FileKind,
    /// MIME types, as `image/jpeg`; empty: all of the kind.
    types: Vec<String>,
    /// The largest size.
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
            edits: limits.edits,
            edit_within_s: seconds(limits.edit_within),
            deletes: limits.deletes,
            delete_within_s: seconds(limits.delete_within),
            answer_within_s: seconds(limits.window.map(|window| window.open)),
            comments: limits.comments,
            writes_first_by: limits.first.to_vec(),
            files: limits.files.iter().map(FileLimitView::from).collect(),
        }
    }
}

impl From<&FileRule> for FileLimitView {
    fn from(rule: &FileRule) -> Self {
        Self {
            kind: rule.kind,
            types: rule.types.iter().map(|kind| (*kind).to_owned()).collect(),
            bytes: rule.bytes,
        }
    }
}
