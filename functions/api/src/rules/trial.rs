//! What a rule's actions would do in a chat, in words.

use crate::rules::view::RuleAction;
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::base::ids::MessageId;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::state::AssignmentState;
use shared::model::chat::{Chat, NoticeTo};
use shared::model::event::Origin;
use shared::model::rules::{Action, Skipped, Trigger, automatic, may_assign, reply_text, tags_after};
use shared::providers;
use utoipa::ToSchema;

/// The result of an action in a dry run.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryAction {
    /// The action, as in the rule.
    action: RuleAction,
    /// What it would do, in words.
    would: String,
    /// The text that it would write: an answer with its variables filled in, or a notice.
    text: Option<String>,
    /// Why it would be skipped, by the code that the log would have; null if it would run.
    skipped: Option<&'static str>,
}

/// A chat in which actions are tried one after the other.
pub struct Trial<'a> {
    chat: Chat,
    channel: &'a Channel,
    owner: &'a Account,
    at: Timestamp,
}

impl<'a> Trial<'a> {
    /// A trial in a chat as it is after the triggers.
    pub fn new(
        mut chat: Chat,
        channel: &'a Channel,
        owner: &'a Account,
        happened: &[Trigger],
        at: Timestamp,
    ) -> Self {
        if happened.contains(&Trigger::MessageIn) {
            chat.client_wrote_at = Some(at);
            if chat.assignment_state == AssignmentState::Silent {
                chat.assignment_state = AssignmentState::Waiting;
            }
        }
        Self { chat, channel, owner, at }
    }

    /// What an action would do after the previous ones.
    pub fn of(&mut self, action: &Action) -> DryAction {
        let (text, skipped) = match action {
            Action::AutoReply { text } => self.reply(text),
            Action::Assign(to) => (None, may_assign(&self.chat, to.as_ref()).err()),
            Action::Tag { add, remove } => {
                let tags = tags_after(&self.chat, add, remove);
                (None, tags.map(|tags| self.chat.tags = tags).err())
            }
            Action::Notify { text, .. } => (Some(text.clone()), None),
            Action::Finish { .. } | Action::SetStatus(_) | Action::Ignore => (None, None),
        };
        let skipped = skipped.map(Skipped::code);
        DryAction { action: action.into(), would: words(action), text, skipped }
    }

    fn reply(&mut self, template: &str) -> (Option<String>, Option<Skipped>) {
        let Ok(text) = reply_text(template, &self.chat, self.channel, self.owner) else {
            return (None, Some(Skipped::NoValue));
        };
        let limits = providers::limits(self.channel, &self.chat.messenger);
        let id = MessageId::new("dry-run");
        let sent = automatic::write(&mut self.chat, self.channel, limits, &id, Origin::Rule, &text, self.at);
        (Some(text), sent.err().map(Skipped::NotWritten))
    }
}

fn words(action: &Action) -> String {
    let listed = |tags: &[String]| tags.join(", ");
    match action {
        Action::AutoReply { .. } => "write to the client".into(),
        Action::Assign(Some(employee)) => format!("give the client to employee {employee}"),
        Action::Assign(None) => "give the client out as the channel gives out new ones".into(),
        Action::Tag { add, remove } if remove.is_empty() => format!("add the tags {}", listed(add)),
        Action::Tag { add, remove } if add.is_empty() => format!("remove the tags {}", listed(remove)),
        Action::Tag { add, remove } => {
            format!("remove the tags {}, then add {}", listed(remove), listed(add))
        }
        Action::Finish { .. } => "finish the chat".into(),
        Action::SetStatus(_) => "say how far the conversation has come".into(),
        Action::Ignore => "drop the message before anything is stored".into(),
        Action::Notify { to: NoticeTo::Responsible, .. } => {
            "tell the responsible employee, or else the heads".into()
        }
        Action::Notify { to: NoticeTo::Heads, .. } => "tell the heads of the channel".into(),
        Action::Notify { to: NoticeTo::Employee(employee), .. } => format!("tell employee {employee}"),
    }
}
