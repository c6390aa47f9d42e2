//! Working hours in requests and answers: of an employee on a channel, of a channel, of the account.

use crate::http::body::objects;
use crate::http::error::ApiError;
use serde::{Deserialize, Serialize};
use shared::model::working_hours::{Day, Span, WorkingHours};
use utoipa::ToSchema;

/// The field that holds them.
const FIELD: &str = "working_hours";

/// A weekly schedule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "zone": "Europe/Moscow",
    "spans": [{"days": ["monday", "tuesday", "wednesday", "thursday", "friday"], "from": "09:00", "to": "18:00"}]
}))]
pub struct HoursView {
    /// IANA name of the time zone, as `Europe/Moscow`.
    #[schema(max_length = 64)]
    zone: String,
    /// The open hours; in any order, and they may overlap.
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1, max_items = 50)]
    spans: Vec<SpanView>,
}

/// The same hours on some days.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoursSpan)]
pub struct SpanView {
    /// The days on which the span begins.
    #[schema(min_items = 1, max_items = 7)]
    days: Vec<Day>,
    /// When the span begins.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$", example = "09:00")]
    from: String,
    /// When the span ends; `24:00` is the day's end. If it is not after `from`, the span ends on the next day.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$", example = "18:00")]
    to: String,
}

impl From<WorkingHours> for HoursView {
    fn from(hours: WorkingHours) -> Self {
        let spans =
            hours.spans.into_iter().map(|span| SpanView { days: span.days, from: span.from, to: span.to });
        Self { zone: hours.zone, spans: spans.collect() }
    }
}

impl From<HoursView> for WorkingHours {
    fn from(view: HoursView) -> Self {
        let spans = view.spans.into_iter().map(|span| Span { days: span.days, from: span.from, to: span.to });
        Self { zone: view.zone, spans: spans.collect() }
    }
}

/// Checks the `working_hours` of a request: left out, null, or a schedule.
///
/// # Errors
/// 400 naming the place, as `working_hours.spans[0].from`.
pub fn checked(given: Option<Option<HoursView>>) -> Result<Option<Option<WorkingHours>>, ApiError> {
    let given = given.map(|hours| hours.map(WorkingHours::from));
    if let Some(Some(hours)) = &given {
        hours.check().map_err(|bad| ApiError::invalid(format!("{FIELD}.{}", bad.path), bad.why))?;
    }
    Ok(given)
}
