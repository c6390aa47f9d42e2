//! Who gets a channel's clients when no employee is eligible, and how long an employee may leave a client who was
//! assigned in turn without an answer: in requests and answers.

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::validate;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::access::sending::Refusal;
use shared::model::channel::{Fallback, MAX_ANSWER_WITHIN_S, MAX_PASSES, MIN_ANSWER_WITHIN_S, Reservation};
use shared::service::place::place_of;
use shared::store::attribute;
use shared::store::row::Write;
use utoipa::ToSchema;

/// The field that names a channel's fallback employee.
const EMPLOYEE: &str = "fallback.employee";

/// Who gets a new client when no employee is eligible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FallbackKind {
    /// The client waits, in order of arrival, until an employee is eligible; the heads are notified.
    Queue,
    /// One employee, regardless of their switch, status, hours and cap.
    Employee,
    /// The next head in turn who is available, regardless of their switch and cap.
    Heads,
}

/// Who gets a new client when no employee is eligible.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FallbackSetting, example = json!({"type": "queue", "employee": null}))]
pub struct FallbackView {
    #[serde(rename = "type")]
    kind: FallbackKind,
    /// The employee's id, where `type` is `employee`: their role on the channel writes, and they are bound to it. Else
    /// null.
    #[serde(default)]
    employee: Option<String>,
}

impl From<Fallback> for FallbackView {
    fn from(fallback: Fallback) -> Self {
        let (kind, employee) = match fallback {
            Fallback::Queue => (FallbackKind::Queue, None),
            Fallback::Employee(employee) => (FallbackKind::Employee, Some(employee.to_string())),
            Fallback::Heads => (FallbackKind::Heads, None),
        };
        Self { kind, employee }
    }
}

impl FallbackView {
    /// Converts it to the model's type.
    ///
    /// # Errors
    /// 400 naming the field: an employee is given where none belongs, or is missing where one does.
    pub fn checked(&self) -> Result<Fallback, ApiError> {
        match (self.kind, &self.employee) {
            (FallbackKind::Queue, None) => Ok(Fallback::Queue),
            (FallbackKind::Heads, None) => Ok(Fallback::Heads),
            (FallbackKind::Employee, Some(employee)) => {
                validate::employee_id(EMPLOYEE, employee)?;
                Ok(Fallback::Employee(EmployeeId::new(employee.as_str())))
            }
            (FallbackKind::Employee, None) => Err(ApiError::missing_field(EMPLOYEE)),
            (_, Some(_)) => Err(ApiError::invalid(EMPLOYEE, "stands with the type employee alone")),
        }
    }
}

/// Checks that the fallback employee can write on the channel. Returns the check that the membership is still as it was
/// read when the channel is written.
///
/// # Errors
/// 422 with what the employee lacks: `no_role` (also when there is no such employee), `quality_control`, `not_bound`.
pub async fn can_take(
    app: &App,
    account: &AccountId,
    channel: &ChannelId,
    fallback: &Fallback,
) -> Result<Vec<Write>, ApiError> {
    let Fallback::Employee(employee) = fallback else { return Ok(Vec::new()) };
    let refused = |why: Refusal| ApiError::refused(why.code(), EMPLOYEE, why.to_string());
    let place = place_of(&app.store, account, channel, employee).await?;
    let place = place.ok_or_else(|| refused(Refusal::NoRole))?;
    if !place.role.may_write() {
        return Err(refused(Refusal::QualityControl));
    }
    if !place.sends {
        return Err(refused(Refusal::NotBound));
    }
    Ok(vec![Write::check(&place, &[attribute::membership::ROLE, attribute::membership::SENDS])?])
}

/// How long an employee may leave a new client who was assigned to them in turn without an answer before the next
/// employee gets the client.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReservationSetting, example = json!({"answer_within_s": 300, "passes": 3}))]
pub struct ReservationView {
    /// Seconds within which the employee must answer.
    #[schema(minimum = 30, maximum = 86_400)]
    answer_within_s: u32,
    /// How often a client is passed on at most; the last employee keeps the client.
    #[schema(minimum = 1, maximum = 10)]
    passes: u32,
}

impl From<Reservation> for ReservationView {
    fn from(reservation: Reservation) -> Self {
        Self { answer_within_s: reservation.answer_within_s, passes: reservation.passes }
    }
}

impl ReservationView {
    /// Converts it to the model's type.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn checked(self) -> Result<Reservation, ApiError> {
        if !(MIN_ANSWER_WITHIN_S..=MAX_ANSWER_WITHIN_S).contains(&self.answer_within_s) {
            let why = format!("{MIN_ANSWER_WITHIN_S} to {MAX_ANSWER_WITHIN_S} seconds");
            return Err(ApiError::invalid("reservation.answer_within_s", why));
        }
        if !(1..=MAX_PASSES).contains(&self.passes) {
            return Err(ApiError::invalid("reservation.passes", format!("1 to {MAX_PASSES}")));
        }
        Ok(Reservation { answer_within_s: self.answer_within_s, passes: self.passes })
    }
}
