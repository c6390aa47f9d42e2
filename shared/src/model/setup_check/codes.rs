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

/// Defines the codes from a table: each with its severity and its word.
macro_rules! codes {
    ($($code:ident: $level:ident, $word:literal;)*) => {
        /// The code of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the texts say it")]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$code),*];

            /// The code in API answers; stable.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)*
                }
            }

            /// Its severity.
            pub fn level(self) -> Level {
                match self {
                    $(Self::$code => Level::$level,)*
                }
            }
        }
    };
}

codes! {
    NoConnection: Error, "no_connection";
    ConnectionUnauthorized: Error, "connection_unauthorized";
    ConnectionNotReady: Warning, "connection_not_ready";
    ChannelNeedsAttention: Error, "channel_needs_attention";
    ChannelUnauthorized: Error, "channel_unauthorized";
    ChannelDisabled: Warning, "channel_disabled";
    ChannelPending: Warning, "channel_pending";
    ChannelPaused: Warning, "channel_paused";
    ChannelIgnored: Warning, "channel_ignored";
    NobodyMayWrite: Error, "nobody_may_write";
    NobodyEligible: Error, "nobody_eligible";
    NobodyReceives: Warning, "nobody_receives_new_clients";
    FallbackCannotWrite: Error, "fallback_cannot_write";
    FallbackWithoutHeads: Error, "fallback_without_heads";
    HoursNeverOpen: Error, "hours_never_open";
    NoEmployees: Error, "no_employees";
    EmployeeWithoutRole: Warning, "employee_without_role";
    EmployeeNotBound: Error, "employee_not_bound";
    EmployeeWithoutDefault: Warning, "employee_without_default";
    NoAccountDefault: Warning, "no_account_default";
    AccountDefaultUnusable: Error, "account_default_unusable";
    StageUnknown: Error, "deal_stage_unknown";
    NoPipelines: Error, "no_pipelines";
    NoCrm: Warning, "no_crm";
    CrmUnauthorized: Error, "crm_unauthorized";
    CrmPaused: Warning, "crm_paused";
}
