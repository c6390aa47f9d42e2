//! Metrics in CloudWatch's embedded metric format on stdout, with names from one closed list. Alarms use these names.

use crate::base::clock::Timestamp;
use serde_json::json;

/// The namespace of every metric.
pub const NAMESPACE: &str = "Switchboard";

/// The metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Events accepted: durable in a queue.
    Accepted,
    /// Raw records or bodies put into the quarantine.
    Quarantined,
    /// Entries skipped on purpose.
    Ignored,
    /// Messages stored for the first time.
    Stored,
    /// Repeated deliveries of stored events.
    Duplicates,
    /// Clients who wait for a responsible while no employee is eligible.
    WaitingClients,
    /// Clients assigned to an employee.
    Assigned,
    /// Chats finished.
    Finished,
    /// Farewells and rule actions that could not be carried out.
    AutomaticSkipped,
    /// Changes that the CRM accepted.
    CrmPushed,
    /// Changes that the CRM refused permanently.
    CrmRefused,
    /// Pauses of an account's CRM.
    CrmPaused,
    /// Statuses whose message did not come within an hour.
    StatusLost,
    /// Events dropped on purpose, by their reason.
    Dropped,
    /// Files copied.
    FilesStored,
    /// Files given up.
    FilesFailed,
    /// Contacts that were merged into another.
    Merged,
    /// Clients erased.
    Erased,
    /// Messages, edits and deletions that a provider accepted.
    Delivered,
    /// Those that a provider will never accept.
    DeliveryFailed,
    /// Sends of unknown outcome.
    DeliveryUnknown,
    /// Connections whose credential the provider began to refuse.
    ConnectionUnauthorized,
    /// Changes of settings that are missing from the audit trail.
    AuditLost,
    /// Webhooks answered 401: not signed as their provider signs.
    Forged,
    /// Webhooks answered 503 because they could not be made durable.
    NotAccepted,
}

impl Metric {
    /// The metric's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Quarantined => "Quarantined",
            Self::Ignored => "Ignored",
            Self::Stored => "Stored",
            Self::Duplicates => "Duplicates",
            Self::WaitingClients => "WaitingClients",
            Self::Assigned => "Assigned",
            Self::Finished => "Finished",
            Self::AutomaticSkipped => "AutomaticSkipped",
            Self::CrmPushed => "CrmPushed",
            Self::CrmRefused => "CrmRefused",
            Self::CrmPaused => "CrmPaused",
            Self::StatusLost => "StatusLost",
            Self::Dropped => "Dropped",
            Self::FilesStored => "FilesStored",
            Self::FilesFailed => "FilesFailed",
            Self::Merged => "Merged",
            Self::Erased => "Erased",
            Self::Delivered => "Delivered",
            Self::DeliveryFailed => "DeliveryFailed",
            Self::DeliveryUnknown => "DeliveryUnknown",
            Self::ConnectionUnauthorized => "ConnectionUnauthorized",
            Self::AuditLost => "AuditLost",
            Self::Forged => "Forged",
            Self::NotAccepted => "NotAccepted",
        }
    }
}

/// One line of the embedded metric format.
pub fn line(metric: Metric, count: u64, function: &str, now: Timestamp) -> String {
    json!({
        "_aws": {
            "Timestamp": now.millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                // By function, and over all of them: an alarm uses either.
                "Dimensions": [["function"], []],
                "Metrics": [{"Name": metric.name(), "Unit": "Count"}],
            }],
        },
        "function": function,
        metric.name(): count,
    })
    .to_string()
}

/// The same for an event that was dropped on purpose, with the reason as a dimension.
pub fn drop_line(
    reason: crate::platform::disposition::DropReason,
    count: u64,
    function: &str,
    now: Timestamp,
) -> String {
    json!({
        "_aws": {
            "Timestamp": now.millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["reason"], []],
                "Metrics": [{"Name": Metric::Dropped.name(), "Unit": "Count"}],
            }],
        },
        "function": function,
        "reason": reason.name(),
        Metric::Dropped.name(): count,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_metric_and_dimension() {
        let value: serde_json::Value =
            serde_json::from_str(&line(Metric::Quarantined, 3, "routing", Timestamp::from_millis(7)))
                .unwrap();
        assert_eq!(value["Quarantined"], 3);
        assert_eq!(value["function"], "routing");
        assert_eq!(value["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "Quarantined");
    }
}
