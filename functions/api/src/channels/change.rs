//! What of a channel's settings is to change: as it is sent, and as it is set.

use crate::channels::closing_options::ClosingChange;
use crate::channels::fallback::{FallbackView, ReservationView};
use crate::channels::view::DealStageView;
use crate::channels::working_hours::{self, HoursView};
use crate::http::body::{given, present};
use crate::http::enums::{ChatStatus, Distribution, Reopening};
use crate::http::error::ApiError;
use crate::http::validate;
use serde::Deserialize;
use shared::model::channel::{Channel, DealStage, Fallback, Reservation};
use shared::model::working_hours::WorkingHours;
use utoipa::ToSchema;

/// Longest mark of echoes, in characters.
const MAX_ECHO_MARK: usize = 100;

/// Settings to change; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Sales, WhatsApp", "close_after_s": 900, "distribution": "first_responder", "paused": false,
    "fallback": {"type": "heads"}, "reservation": {"answer_within_s": 300, "passes": 3}, "always_same": false,
    "working_hours": {"zone": "Europe/Moscow", "spans": [{"days": ["monday", "tuesday"], "from": "09:00", "to": "18:00"}]},
    "client_waits": true, "timeout_status": "closed", "reopening": "new_case", "farewell": null
}))]
pub struct ChannelChange {
    /// The account's own name for it. Null takes the provider's again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    title: Option<Option<String>>,
    /// The same as `title`, which it may not stand beside.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether it is paused: what comes is kept, nothing is sent, and new clients wait.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub paused: Option<bool>,
    /// `by_crm` is refused where the CRM names nobody. A change gives waiting clients out anew.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub distribution: Option<Distribution>,
    /// Who gets a new client when nobody is eligible. Null is the queue. An employee must be able to write on the channel.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<FallbackView>)]
    fallback: Option<Option<FallbackView>>,
    /// How soon an employee must answer a client whom he got in turn, or the next one gets him. Null: he need not.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ReservationView>)]
    reservation: Option<Option<ReservationView>>,
    /// Whether a client who comes back always goes to who had him, eligible or not.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub always_same: Option<bool>,
    /// When the channel works: what rules ask for. Null: as the account says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<HoursView>)]
    working_hours: Option<Option<HoursView>>,
    /// Silence in seconds after which a chat finishes. Null: as the account says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 2_592_000)]
    close_after_s: Option<Option<u32>>,
    /// Whether a client who waits for an answer keeps his chat open. Null: as the account says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    client_waits: Option<Option<bool>>,
    /// What is said of the conversation when its chat finishes by silence. Null: as the account says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ChatStatus>)]
    timeout_status: Option<Option<ChatStatus>>,
    /// What a client's message after the end makes of his chat. Null: as the account says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Reopening>)]
    reopening: Option<Option<Reopening>>,
    /// What is written to the client when his chat finishes by silence. An empty one is none; null: as the account says.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    farewell: Option<Option<String>>,
    /// Whether everything that comes on it is dropped and counted: nothing of it is stored.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
    /// Whether messages written on the phone or in the provider's application are taken in. Those that are not still count as
    /// an answer.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    import_echoes: Option<bool>,
    /// What stands before such a message in the CRM. Null is our text for its origin, an empty one nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    echo_mark: Option<Option<String>>,
    /// Whether the channel's name stands before the texts of clients and of such messages in the CRM.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    name_in_crm: Option<bool>,
    /// Null takes the stage away. Refused where the CRM has no stages.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DealStageView>)]
    pub deal_stage: Option<Option<DealStageView>>,
    /// The CRM's group that it belongs to. Refused where the CRM has no groups; no kind has any yet.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub group: Option<Option<String>>,
}

/// The same, after what can be checked without reading anything.
#[derive(Clone, Debug)]
pub struct Checked {
    /// As it was sent.
    pub sent: ChannelChange,
    /// How chats end.
    pub closing: ClosingChange,
    /// Who gets a new client when nobody is eligible.
    pub fallback: Option<Fallback>,
    reservation: Option<Option<Reservation>>,
    hours: Option<Option<WorkingHours>>,
}

impl ChannelChange {
    /// Checks it.
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
    /// Whether clients who wait may go to somebody else, or at all, from now on.
    pub fn concerns_waiting(&self) -> bool {
        let sent = &self.sent;
        sent.distribution.is_some()
            || sent.paused.is_some()
            || sent.always_same.is_some()
            || self.fallback.is_some()
            || self.reservation.is_some()
    }

    /// Sets all of it.
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

    /// What becomes of its clients.
    fn set_giving_out(&self, channel: &mut Channel) {
        if let Some(distribution) = self.sent.distribution {
            channel.distribution = distribution.into();
        }
        if let Some(fallback) = &self.fallback {
            channel.fallback.clone_from(fallback);
        }
        channel.paused = self.sent.paused.unwrap_or(channel.paused);
        channel.reservation = self.reservation.unwrap_or(channel.reservation);
        channel.always_same = self.sent.always_same.unwrap_or(channel.always_same);
    }

    /// Its name, what is taken in, and what stands before texts in the CRM.
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
