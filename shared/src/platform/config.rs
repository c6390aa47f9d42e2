//! Configuration from the environment: the only place that reads it. A missing variable stops the start and is named.

use std::fmt;
use std::str::FromStr;

/// The fault of a variable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not set, or empty.
    #[error("environment variable {0} is not set: the template sets it for this function")]
    Missing(&'static str),
    /// Set to an invalid value.
    #[error("environment variable {name} is not understood: {why}")]
    Invalid {
        /// The variable's name.
        name: &'static str,
        /// The reason, without the value.
        why: String,
    },
}

/// A variable that must be set.
///
/// # Errors
/// [`ConfigError::Missing`].
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// A variable that may be unset; empty counts as unset.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that must be set and must parse as a type.
///
/// # Errors
/// [`ConfigError`].
pub fn parsed<T: FromStr<Err: fmt::Display>>(name: &'static str) -> Result<T, ConfigError> {
    required(name)?.parse().map_err(|error: T::Err| ConfigError::Invalid { name, why: error.to_string() })
}
