//! What the set-up check can find, and how severe it is.

use serde::Serialize;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something may not be as intended.
    Warning,
}

/// The code of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Code {
    NoConnection,
    ConnectionUnauthorized,
    ConnectionNotReady,
    ChannelNeedsAttention,
    ChannelUnauthorized,
    ChannelDisabled,
    ChannelPending,
    ChannelPaused,
    ChannelIgnored,
    NobodyMayWrite,
    NobodyEligible,
    NobodyReceives,
    FallbackCannotWrite,
    FallbackWithoutHeads,
    HoursNeverOpen,
    NoEmployees,
    EmployeeWithoutRole,
    EmployeeNotBound,
    EmployeeWithoutDefault,
    NoAccountDefault,
    AccountDefaultUnusable,
    StageUnknown,
    NoPipelines,
    NoCrm,
    CrmUnauthorized,
    CrmPaused,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 26] = [
        Self::NoConnection,
        Self::ConnectionUnauthorized,
        Self::ConnectionNotReady,
        Self::ChannelNeedsAttention,
        Self::ChannelUnauthorized,
        Self::ChannelDisabled,
        Self::ChannelPending,
        Self::ChannelPaused,
        Self::ChannelIgnored,
        Self::NobodyMayWrite,
        Self::NobodyEligible,
        Self::NobodyReceives,
        Self::FallbackCannotWrite,
        Self::FallbackWithoutHeads,
        Self::HoursNeverOpen,
        Self::NoEmployees,
        Self::EmployeeWithoutRole,
        Self::EmployeeNotBound,
        Self::EmployeeWithoutDefault,
        Self::NoAccountDefault,
        Self::AccountDefaultUnusable,
        Self::StageUnknown,
        Self::NoPipelines,
        Self::NoCrm,
        Self::CrmUnauthorized,
        Self::CrmPaused,
    ];

    /// The code in API answers; stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoConnection => "no_connection",
            Self::ConnectionUnauthorized => "connection_unauthorized",
            Self::ConnectionNotReady => "connection_not_ready",
            Self::ChannelNeedsAttention => "channel_needs_attention",
            Self::ChannelUnauthorized => "channel_unauthorized",
            Self::ChannelDisabled => "channel_disabled",
            Self::ChannelPending => "channel_pending",
            Self::ChannelPaused => "channel_paused",
            Self::ChannelIgnored => "channel_ignored",
            Self::NobodyMayWrite => "nobody_may_write",
            Self::NobodyEligible => "nobody_eligible",
            Self::NobodyReceives => "nobody_receives_new_clients",
            Self::FallbackCannotWrite => "fallback_cannot_write",
            Self::FallbackWithoutHeads => "fallback_without_heads",
            Self::HoursNeverOpen => "hours_never_open",
            Self::NoEmployees => "no_employees",
            Self::EmployeeWithoutRole => "employee_without_role",
            Self::EmployeeNotBound => "employee_not_bound",
            Self::EmployeeWithoutDefault => "employee_without_default",
            Self::NoAccountDefault => "no_account_default",
            Self::AccountDefaultUnusable => "account_default_unusable",
            Self::StageUnknown => "deal_stage_unknown",
            Self::NoPipelines => "no_pipelines",
            Self::NoCrm => "no_crm",
            Self::CrmUnauthorized => "crm_unauthorized",
            Self::CrmPaused => "crm_paused",
        }
    }

    /// Its severity.
    pub fn level(self) -> Level {
        match self {
            Self::ConnectionNotReady
            | Self::ChannelDisabled
            | Self::ChannelPending
            | Self::ChannelPaused
            | Self::ChannelIgnored
            | Self::NobodyReceives
            | Self::EmployeeWithoutRole
            | Self::EmployeeWithoutDefault
            | Self::NoAccountDefault
            | Self::NoCrm
            | Self::CrmPaused => Level::Warning,
            Self::NoConnection
            | Self::ConnectionUnauthorized
            | Self::ChannelNeedsAttention
            | Self::ChannelUnauthorized
            | Self::NobodyMayWrite
            | Self::NobodyEligible
            | Self::FallbackCannotWrite
            | Self::FallbackWithoutHeads
            | Self::HoursNeverOpen
            | Self::NoEmployees
            | Self::EmployeeNotBound
            | Self::AccountDefaultUnusable
            | Self::StageUnknown
            | Self::NoPipelines
            | Self::CrmUnauthorized => Level::Error,
        }
    }
}
