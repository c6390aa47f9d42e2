//! Changes to a channel's settings: the request, its checks, and how they are applied.

use crate::channels::closing_options::ClosingChange;
use crate::channels::fallback::{FallbackView, ReservationView};
use crate::channels::view::DealStageView;
use crate::channels::working_hours::{self, HoursView};
use crate::http::body::{given, present};
use crate::http::error::ApiError;
use crate::http::validate;
use serde::Deserialize;
use shared::model::channel::{Channel, DealStage, Distribution, Fallback, Reservation};
use shared::model::chat::state::ChatStatus;
use shared::model::closing_options::Reopening;
use shared::model::working_hours::WorkingHours;
use utoipa::ToSchema;

/// Longest echo mark, in characters.
const MAX_ECHO_MARK: usize = 100;

/// Settings to change; fields that are left out stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Sales, WhatsApp", "close_after_s": 900, "distribution": "first_responder", "paused": false,
    "fallback": {"type": "heads"}, "reservation": {"answer_within_s": 300, "passes": 3}, "always_same": false,
    "working_hours": {"zone": "Europe/Moscow", "spans": [{"days": ["monday", "tuesday"], "from": "09:00", "to": "18:00"}]},
    "client_waits": true, "timeout_status": "closed", "reopening": "new_case", "farewell": null
}))]
pub struct ChannelChange {
    /// The account's own name for the channel. Null restores the provider's name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    title: Option<Option<String>>,
    /// The same as `title`; only one of the two may be sent.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether the channel is paused: incoming messages are stored, none are sent, and new clients wait.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub paused: Option<bool>,
    /// `by_crm` is refused where the CRM names no responsible. After a change, waiting clients are assigned by the new
    /// setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub distribution: Option<Distribution>,
    /// Who gets a new client when no employee is eligible. Null: the client stays in the queue. An employee who is
    /// named here must be able to write on the channel.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<FallbackView>)]
    fallback: Option<Option<FallbackView>>,
    /// How soon an employee must answer a client who was assigned to them in turn, before the next employee gets the
    /// client. Null: no limit.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ReservationView>)]
    reservation: Option<Option<ReservationView>>,
    /// Whether a client who comes back always goes to their previous responsible, eligible or not.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub always_same: Option<bool>,
    /// The channel's working hours, which rules test. Null: the account's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<HoursView>)]
    working_hours: Option<Option<HoursView>>,
    /// Seconds of silence after which a chat finishes. Null: the account's setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 2_592_000)]
    close_after_s: Option<Option<u32>>,
    /// Whether a client who waits for an answer keeps the chat open. Null: the account's setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    client_waits: Option<Option<bool>>,
    /// The status that a chat gets when it finishes by silence. Null: the account's setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ChatStatus>)]
    timeout_status: Option<Option<ChatStatus>>,
    /// What a client's message does to a finished chat. Null: the account's setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Reopening>)]
    reopening: Option<Option<Reopening>>,
    /// The text that the client gets when the chat finishes by silence. Empty: none; null: the account's setting.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    farewell: Option<Option<String>>,
    /// Whether everything that arrives on the channel is dropped and counted: nothing of it is stored.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
    /// Whether messages that were written on the phone or in the provider's application are imported. Messages that are
    /// not imported still count as an answer.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    import_echoes: Option<bool>,
    /// The mark before such a message in the CRM. Null: our text for its origin; empty: no mark.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    echo_mark: Option<Option<String>>,
    /// Whether the channel's name precedes the texts of clients and of such messages in the CRM.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    name_in_crm: Option<bool>,
    /// Where the channel's deals begin; null removes the stage. Refused where the CRM has no stages.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DealStageView>)]
    pub deal_stage: Option<Option<DealStageView>>,
    /// The CRM's group to which the channel belongs. Refused where the CRM has no groups; no kind of CRM has any yet.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub group: Option<Option<String>>,
}

/// The change, after the checks that need no reads.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The request.
    pub sent: ChannelChange,
    /// Changes to how chats finish.
    pub closing: ClosingChange,
    /// Who gets a new client when no employee is eligible.
    pub fallback: Option<Fallback>,
    reservation: Option<Option<Reservation>>,
    hours: Option<Option<WorkingHours>>,
}

impl ChannelChange {
    /// Checks the request without reading anything.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn checked(mut self) -> Result<Checked, ApiError> {
        self.check_texts()?;
        let closing = ClosingChange {
            close_after_s: self.close_after_s,
            client_waits: self.client_waits,
            timeout_status: self.timeout_status,
            reopening: self.reopening,
            farewell: self.farewell.take(),
        };
        let fallback =
            self.fallback.as_ref().map(|to| to.as_ref().map_or(Ok(Fallback::Queue), FallbackView::checked));
        let reservation =
            self.reservation.map(|reservation| reservation.map(ReservationView::checked).transpose());
        Ok(Checked {
            closing: closing.checked()?,
            fallback: fallback.transpose()?,
            reservation: reservation.transpose()?,
            hours: working_hours::checked(self.working_hours.take())?,
            sent: self,
        })
    }

    fn check_texts(&self) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            validate::name("name", name, validate::MAX_NAME)?;
            if self.title.is_some() {
                return Err(ApiError::invalid("name", "is the same as title: only one of them"));
            }
        }
        if let Some(Some(title)) = &self.title {
            validate::name("title", title, validate::MAX_NAME)?;
        }
        match &self.echo_mark {
            Some(Some(mark)) if !mark.is_empty() => validate::name("echo_mark", mark, MAX_ECHO_MARK),
            _ => Ok(()),
        }
    }
}

impl Checked {
    /// Whether the change affects which employees waiting clients go to, or whether they can be assigned at all.
    pub fn concerns_waiting(&self) -> bool {
        let sent = &self.sent;
        sent.distribution.is_some()
            || sent.paused.is_some()
            || sent.always_same.is_some()
            || self.fallback.is_some()
            || self.reservation.is_some()
    }

    /// Applies the whole change to a channel.
    pub fn set(&self, channel: &mut Channel) {
        self.set_giving_out(channel);
        self.set_texts(channel);
        self.closing.set(&mut channel.closing);
        if let Some(hours) = &self.hours {
            channel.hours.clone_from(hours);
        }
        if let Some(stage) = &self.sent.deal_stage {
            let stage = stage.clone();
            channel.deal_stage =
                stage.map(|DealStageView { pipeline_id, stage_id }| DealStage { pipeline_id, stage_id });
        }
    }

    /// Applies the settings that decide how clients are assigned.
    fn set_giving_out(&self, channel: &mut Channel) {
        if let Some(distribution) = self.sent.distribution {
            channel.distribution = distribution;
        }
        if let Some(fallback) = &self.fallback {
            channel.fallback.clone_from(fallback);
        }
        channel.paused = self.sent.paused.unwrap_or(channel.paused);
        channel.reservation = self.reservation.unwrap_or(channel.reservation);
        channel.always_same = self.sent.always_same.unwrap_or(channel.always_same);
    }

    /// Applies the channel's name, what it imports, and the marks before texts in the CRM.
    fn set_texts(&self, channel: &mut Channel) {
        let sent = &self.sent;
        if let Some(title) = &sent.title {
            channel.title.clone_from(title);
        }
        if let Some(name) = &sent.name {
            channel.title = Some(name.clone());
        }
        channel.ignored = sent.ignored.unwrap_or(channel.ignored);
        channel.skip_echoes = sent.import_echoes.map_or(channel.skip_echoes, |import| !import);
        channel.name_in_crm = sent.name_in_crm.unwrap_or(channel.name_in_crm);
        if let Some(mark) = &sent.echo_mark {
            channel.echo_mark.clone_from(mark);
        }
    }
}
