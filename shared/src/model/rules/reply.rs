//! The text that a rule writes to the client.

use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::quick_reply::{MissingVariable, Template, TemplateError, Values, Variable};

/// The variables that a rule's answer may contain: those with values known wherever rules run.
pub const VARIABLES: [Variable; 3] = [Variable::ClientName, Variable::ChannelName, Variable::Company];

/// Why an answer cannot be written. Neither case says anything about the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// It is not a valid template: such a rule cannot be saved.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A variable has no value here.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
}

/// A rule's answer as it is sent in a chat: a template as in quick replies, with [`VARIABLES`].
///
/// # Errors
/// [`ReplyError::Missing`] names the first variable that has no value.
pub fn reply_text(
    template: &str,
    chat: &Chat,
    channel: &Channel,
    account: &Account,
) -> Result<String, ReplyError> {
    let template = Template::parse(template)?;
    let mut values = Values::default();
    values.set(Variable::ClientName, chat.name.clone());
    values.set(Variable::ChannelName, Some(channel.shown_name().to_owned()));
    values.set(Variable::Company, Some(account.name.clone()));
    Ok(template.render(&values)?)
}
