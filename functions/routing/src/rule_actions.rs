//! Applies rule actions to a chat (F6).

use crate::context::RoutingContext;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::state::{AssignmentState, FinishReason, QueuePreference};
use shared::model::chat::{Chat, ChatEvent, RuleNotice};
use shared::model::event::Origin;
use shared::model::rules::automatic::{self, Automatic, NotWritten};
use shared::model::rules::{Action, Skipped, may_assign, reply_text, tags_after};
use shared::providers;

/// The result of an action, besides its changes in the chat itself.
#[derive(Debug, PartialEq)]
pub enum ActionResult {
    /// Changes in the chat only, or none because it was so before.
    InChat,
    /// A message is being sent to the client.
    Sent(Box<Automatic>),
    /// The chat was finished, or employees are notified.
    Event(ChatEvent),
    /// The client waits for another responsible.
    Waits(AssignmentRecord),
}

/// The number of rows that an action may write.
pub fn row_count(action: &Action) -> usize {
    match action {
        Action::AutoReply { .. } => 3,
        Action::Notify { .. } => 2,
        Action::Assign(_) | Action::Finish { .. } => 1,
        Action::Tag { .. } | Action::SetStatus(_) | Action::Ignore => 0,
    }
}

/// Applies one action to a chat.
///
/// # Errors
/// [`Skipped`]: the chat is unchanged.
pub fn apply(action: &Action, chat: &mut Chat, context: &RoutingContext) -> Result<ActionResult, Skipped> {
    match action {
        Action::AutoReply { text } => reply(text, chat, context),
        Action::Assign(to) => assign(to.as_ref(), chat, context),
        Action::Tag { add, remove } => tag(add, remove, chat),
        Action::Finish { status } => {
            let event = chat.finish_with(FinishReason::Rule, *status, context.now);
            Ok(event.map_or(ActionResult::InChat, ActionResult::Event))
        }
        Action::SetStatus(status) => {
            chat.set_status(Some(*status));
            Ok(ActionResult::InChat)
        }
        Action::Notify { to, text } => {
            let notice = RuleNotice::new(to.clone(), text.as_str());
            Ok(ActionResult::Event(chat.notify(notice, context.now)))
        }
        // Handled before anything was stored.
        Action::Ignore => Ok(ActionResult::InChat),
    }
}

fn reply(template: &str, chat: &mut Chat, context: &RoutingContext) -> Result<ActionResult, Skipped> {
    let channel = context.channel.as_ref().ok_or(Skipped::NotWritten(NotWritten::Channel))?;
    let text = reply_text(template, chat, channel, &context.owner).map_err(|_| Skipped::NoValue)?;
    let sent = automatic::write(
        chat,
        channel,
        providers::limits(channel, &chat.messenger),
        &context.fresh_id(),
        Origin::Rule,
        &text,
        context.now,
    );
    sent.map(|sent| ActionResult::Sent(Box::new(sent))).map_err(Skipped::NotWritten)
}

/// Enqueues the client: the new responsible is decided by the queue, as for any other client.
fn assign(
    to: Option<&EmployeeId>,
    chat: &mut Chat,
    context: &RoutingContext,
) -> Result<ActionResult, Skipped> {
    may_assign(chat, to)?;
    let has_him =
        to.is_some() && chat.responsible.as_ref() == to && chat.assignment_state == AssignmentState::Assigned;
    let wish = to.map_or(QueuePreference::Anyone, |to| QueuePreference::Employee(to.clone()));
    let waits_so =
        chat.assignment_state == AssignmentState::Waiting && chat.queue_preference.as_ref() == Some(&wish);
    if has_him || waits_so {
        return Ok(ActionResult::InChat);
    }
    chat.enqueue(Some(wish), context.now);
    Ok(ActionResult::Waits(AssignmentRecord::new(chat, AssignmentReason::BackByRule, context.now)))
}

fn tag(add: &[String], remove: &[String], chat: &mut Chat) -> Result<ActionResult, Skipped> {
    let tags = tags_after(chat, add, remove)?;
    if tags != chat.tags {
        chat.tags = tags;
        chat.seq += 1;
    }
    Ok(ActionResult::InChat)
}

#[cfg(test)]
#[path = "rule_actions_tests.rs"]
mod tests;
