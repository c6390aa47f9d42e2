//! Words of settings of employees and of how chats end, one for one with the model's.

use crate::views::mirror;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mirror! {
    /// What an employee says of himself on a channel. Only who is available gets new clients.
    EmployeeStatus of shared::employee::Status {
        /// Takes new clients.
        Available,
        /// Has enough to do.
        Busy,
        /// Is not at his desk.
        Away,
        /// Does not work today.
        Off,
    }
}

mirror! {
    /// What a client's message after the end makes of his chat.
    Reopening of shared::closing::Reopening {
        /// It is live again, the same case as before.
        Reopen,
        /// It is live again, as a new case: nothing is said of it yet.
        NewCase,
        /// It stands among the cases, without being live.
        CaseOnly,
    }
}

mirror! {
    /// A day of the week.
    #[allow(missing_docs, reason = "the names say it")]
    Day of shared::working_hours::Day {
        Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
    }
}
