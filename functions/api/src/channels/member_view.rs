//! An employee's membership on a channel, in requests and answers.

use crate::channels::working_hours::{self, HoursView};
use crate::http::body::{given, present};
use crate::http::error::ApiError;
use serde::{Deserialize, Serialize};
use shared::model::employee::{Membership, Role, Status};
use shared::model::working_hours::WorkingHours;
use utoipa::ToSchema;

/// Largest cap on open chats, because one read counts that many.
const MAX_CAP: u32 = 1000;

/// An employee's membership on a channel, to set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true, "cap": 20, "status": "available",
    "working_hours": {
        "zone": "Europe/Moscow",
        "spans": [{"days": ["monday", "tuesday", "wednesday", "thursday", "friday"], "from": "09:00", "to": "18:00"}]
    }
}))]
pub struct PutMember {
    pub(crate) role: Role,
    /// Whether the employee gets new clients.
    pub(crate) receives_new_clients: bool,
    /// Whether the employee is bound to the channel: else they cannot send on it. Left out, it stays; true for a new
    /// member.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub(crate) sends: Option<bool>,
    /// Whether it is the employee's default among the channels of its messenger; their previous default of that
    /// messenger stops being one. Left out, it stays while the employee can send there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    pub(crate) is_default: Option<bool>,
    /// Most open chats on the channel before the employee gets no new clients. Left out, it stays; null: no cap.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    cap: Option<Option<u32>>,
    /// The employee's working hours; outside them they get no new clients. Left out, they stay; null: always.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<HoursView>)]
    working_hours: Option<Option<HoursView>>,
    /// Left out, it stays; `available` for a new member.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<Status>,
}

/// What decides, beside the switch, whether the employee gets new clients now: checked. Fields that were left out stay.
#[derive(Clone, Debug)]
pub struct Availability {
    cap: Option<Option<u32>>,
    hours: Option<Option<WorkingHours>>,
    status: Option<Status>,
}

impl PutMember {
    /// Checks what can be checked without reading anything.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn availability(&self) -> Result<Availability, ApiError> {
        if self.cap.flatten().is_some_and(|cap| !(1..=MAX_CAP).contains(&cap)) {
            return Err(ApiError::invalid("cap", format!("1 to {MAX_CAP}")));
        }
        let hours = working_hours::checked(self.working_hours.clone())?;
        Ok(Availability { cap: self.cap, hours, status: self.status })
    }
}

impl Availability {
    /// Applies the given fields.
    pub fn set(&self, member: &mut Membership) {
        member.cap = self.cap.unwrap_or(member.cap);
        member.status = self.status.unwrap_or(member.status);
        if let Some(hours) = &self.hours {
            member.hours.clone_from(hours);
        }
    }
}

/// An employee's membership on a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employee": "17", "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true, "cap": 20,
    "working_hours": null, "status": "available", "inactive": false, "joined_at": "2026-11-21T09:12:00.000Z"
}))]
pub struct MemberView {
    employee: String,
    role: Role,
    receives_new_clients: bool,
    /// Whether the employee is bound to the channel: else they cannot send on it.
    sends: bool,
    /// Whether it is the employee's default among the channels of its messenger.
    is_default: bool,
    /// Most open chats on the channel before the employee gets no new clients; null: no cap.
    cap: Option<u32>,
    /// The employee's working hours; null: always.
    working_hours: Option<HoursView>,
    status: Status,
    /// Whether the CRM no longer knows the employee, or refuses them: they get no clients until the CRM loads them
    /// again.
    inactive: bool,
    /// The member's position in the ring: members are sorted by when they joined.
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<Membership> for MemberView {
    fn from(member: Membership) -> Self {
        Self {
            employee: member.employee.to_string(),
            role: member.role,
            receives_new_clients: member.receives_new_clients,
            sends: member.sends,
            is_default: member.is_default,
            cap: member.cap,
            working_hours: member.hours.map(HoursView::from),
            status: member.status,
            inactive: member.inactive,
            joined_at: member.joined_at.rfc3339(),
        }
    }
}

/// A channel's members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "members": [{
        "employee": "17", "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true, "cap": null,
        "working_hours": null, "status": "busy", "inactive": false, "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct Members {
    /// In the order of the ring.
    pub(crate) members: Vec<MemberView>,
}
