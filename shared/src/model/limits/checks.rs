//! Checks of a draft, an edit or a deletion against a row of the limits table. Pure.

use super::{
    ButtonRule, By, Draft, DraftComment, DraftEdit, DraftFile, DraftTemplate, Edits, FileKind, LimitError,
    Limits, PRIVATE_REPLY_WITHIN,
};
use crate::base::clock::Timestamp;
use crate::model::message::content::CommentMode;
use crate::model::message::keyboard::{Keyboard, Press};
use std::time::Duration;

type Checked = Result<(), LimitError>;

/// Checks whether a message may be sent, before anything is stored.
///
/// # Errors
/// The first limit that it breaks.
pub fn check(limits: &Limits, draft: &Draft<'_>, now: Timestamp) -> Checked {
    one_content(draft.text, draft.file.is_some(), draft.template.is_some())?;
    match &draft.comment {
        Some(comment) => answer_to_comment(limits, draft, comment, now)?,
        None => window(limits, draft, now)?,
    }
    if let Some(text) = draft.text {
        check_text(limits, text)?;
    }
    if let Some(file) = &draft.file {
        check_file(limits, file)?;
    }
    if let Some(template) = &draft.template {
        check_template(limits, template)?;
    }
    check_buttons(limits, draft)?;
    if draft.quotes && !limits.quotes {
        return Err(wrong(
            "INVALID_MESSAGE_DATA",
            "quote",
            "this channel cannot quote a message: send it without",
        ));
    }
    Ok(())
}

/// Checks whether a sent message may be edited this way.
///
/// # Errors
/// The first limit that it breaks.
pub fn check_edit(limits: &Limits, edit: &DraftEdit<'_>, now: Timestamp) -> Checked {
    one_content(edit.text, edit.file.is_some(), false)?;
    if limits.edits == Edits::No {
        let code = "CHANNEL_INVALID_TRANSPORT_FOR_EDITING";
        return Err(wrong(code, "message", "this channel cannot edit a sent message: send a new one"));
    }
    if edit.has_buttons {
        let code = "MESSAGES_CONTAIN_BUTTONS";
        return Err(wrong(code, "buttons", "a message with buttons cannot be edited: send a new one"));
    }
    if edit.file.is_some() && limits.edits == Edits::Text {
        let code = "CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING";
        return Err(wrong(code, "file", "this channel edits texts only: send the new file as a message"));
    }
    in_time(limits.edit_within, edit.sent_at, now, "MESSAGES_EDITING_TIME_EXPIRED", "edited")?;
    match (edit.text, &edit.file) {
        (Some(text), _) => check_text(limits, text),
        (None, Some(file)) => check_file(limits, file),
        (None, None) => Ok(()),
    }
}

/// Checks whether a message sent at `sent_at` may be deleted.
///
/// # Errors
/// The limit that it breaks.
pub fn check_delete(limits: &Limits, sent_at: Timestamp, now: Timestamp) -> Checked {
    if !limits.deletes {
        let code = "CHANNEL_INVALID_TRANSPORT_FOR_DELETION";
        return Err(wrong(code, "message", "this channel cannot delete a sent message"));
    }
    in_time(limits.delete_within, sent_at, now, "MESSAGES_DELETION_TIME_EXPIRED", "deleted")
}

/// Checks whether a person who has never written may be addressed this way (D4).
///
/// # Errors
/// Names the ways that are possible on this channel, where there are any.
pub fn check_first(limits: &Limits, by: By) -> Checked {
    if limits.first.contains(&by) {
        return Ok(());
    }
    match limits.first {
        [] => Err(wrong(
            "MESSAGES_NOT_TEXT_FIRST",
            "chat",
            "nobody can be written to first here: wait until the client writes",
        )),
        [By::Phone] => {
            Err(wrong("INVALID_MESSAGE_DATA", "chat", "a stranger is written to by phone here: give one"))
        }
        _ => Err(wrong(
            "INVALID_MESSAGE_DATA",
            "chat",
            "a stranger is written to by phone or user name here: give one",
        )),
    }
}

/// Checks that there is exactly one of text, file and template.
fn one_content(text: Option<&str>, file: bool, template: bool) -> Checked {
    match usize::from(text.is_some()) + usize::from(file) + usize::from(template) {
        0 => Err(wrong("MESSAGE_NOTHING_TO_SEND", "text", "there is nothing to send: give a text or a file")),
        1 => Ok(()),
        _ if template => {
            Err(wrong("INVALID_MESSAGE_DATA", "template", "a template goes alone, without text or file"))
        }
        _ => {
            let code = "MESSAGE_ONLY_TEXT_OR_CONTENT";
            Err(wrong(code, "text", "a message is a text or a file, not both: send two"))
        }
    }
}

fn check_text(limits: &Limits, text: &str) -> Checked {
    if text.trim().is_empty() {
        return Err(wrong("MESSAGES_TEXT_CAN_NOT_BE_BLANK", "text", "the text is empty"));
    }
    let length = text.chars().count();
    if length > limits.text {
        let message = format!(
            "the text has {length} characters, {} at most with its signature: shorten or split it",
            limits.text
        );
        return Err(over(limits.text_code, "text", limits.text, message));
    }
    Ok(())
}

fn check_file(limits: &Limits, file: &DraftFile<'_>) -> Checked {
    let kind = FileKind::of(file.content_type);
    let essence = file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let taken = limits
        .files
        .iter()
        .find(|rule| rule.kind == kind && (rule.types.is_empty() || rule.types.contains(&essence.as_str())));
    let Some(rule) = taken else {
        let types: Vec<&str> = limits.files.iter().flat_map(|rule| rule.types).copied().collect();
        let message = format!("files of this type are not taken here; taken are {}", types.join(", "));
        return Err(LimitError { code: limits.type_code, field: "file", limit: None, message });
    };
    match file.bytes {
        Some(0) => Err(wrong("MESSAGES_CONTENT_CAN_NOT_BE_BLANK", "file", "the file is empty")),
        Some(bytes) if bytes > rule.bytes => {
            let message = format!("the file has {bytes} bytes, {} at most: send a smaller one", rule.bytes);
            Err(LimitError { code: rule.code, field: "file", limit: Some(rule.bytes), message })
        }
        _ => Ok(()),
    }
}

fn check_template(limits: &Limits, template: &DraftTemplate<'_>) -> Checked {
    let Some(most) = limits.template else {
        return Err(wrong("INVALID_MESSAGE_DATA", "template", "this channel has no templates: send a text"));
    };
    if let Some(at) = template.values.iter().position(|value| value.trim().is_empty()) {
        let message = format!("value {} is empty: fill it", at + 1);
        return Err(LimitError { code: "INVALID_MESSAGE_DATA", field: "template", limit: None, message });
    }
    // Without the template's own text, the values alone give the smallest possible length.
    let length = match template.filled {
        Some(text) => text.chars().count(),
        None => template.values.iter().map(|value| value.chars().count()).sum(),
    };
    if length > most {
        let message =
            format!("the filled template has {length} characters, {most} at most: shorten its values");
        return Err(over("MESSAGES_TOO_LONG_WABA_TEMPLATE", "template", most, message));
    }
    Ok(())
}

fn check_buttons(limits: &Limits, draft: &Draft<'_>) -> Checked {
    let code = "INVALID_MESSAGE_DATA";
    if draft.buttons.is_empty() {
        return Ok(());
    }
    let Some(rule) = limits.buttons else {
        return Err(wrong(code, "buttons", "this channel has no buttons: send the text without"));
    };
    if draft.text.is_none() {
        return Err(wrong(code, "buttons", "buttons stand below a text only"));
    }
    if draft.buttons.len() > rule.count {
        let message = format!("{} buttons at most", rule.count);
        return Err(over(code, "buttons", rule.count, message));
    }
    for (at, button) in draft.buttons.iter().enumerate() {
        check_button(rule, at + 1, &button.title, button.payload.as_deref())?;
    }
    Ok(())
}

fn check_button(rule: ButtonRule, number: usize, title: &str, payload: Option<&str>) -> Checked {
    let code = "INVALID_MESSAGE_DATA";
    if title.trim().is_empty() {
        let message = format!("button {number} has no title");
        return Err(LimitError { code, field: "buttons", limit: None, message });
    }
    if title.chars().count() > rule.title {
        let message = format!("button {number}: a title has {} characters at most", rule.title);
        return Err(over(code, "buttons", rule.title, message));
    }
    let payload = payload.unwrap_or_default().len();
    if let Some(most) = rule.payload.filter(|most| payload > *most) {
        let message = format!("button {number}: a payload has {most} bytes at most");
        return Err(over(code, "buttons", most, message));
    }
    Ok(())
}

/// Checks a CRM's keyboard. The provider gets it as it was written, so that only what it certainly refuses is refused
/// here: how many buttons fit into a row is the provider's decision. `titled` says whether the buttons need titles of
/// their own; those of a template have them.
///
/// # Errors
/// The first limit that it breaks.
pub fn check_keyboard(limits: &Limits, keyboard: &Keyboard, titled: bool) -> Checked {
    let code = "INVALID_MESSAGE_DATA";
    let Some(rule) = limits.buttons else {
        return Err(wrong(code, "buttons", "this channel has no buttons: send the message without"));
    };
    if keyboard.rows().len() > rule.count {
        let message = format!("{} rows of buttons at most", rule.count);
        return Err(over(code, "buttons", rule.count, message));
    }
    let keys = keyboard.rows().iter().flatten().enumerate();
    for (at, key) in keys.filter(|(_, key)| titled || !key.title.is_empty()) {
        let payload = match &key.does {
            Some(Press::Send(data)) => Some(data.as_str()),
            Some(Press::Open(_)) | None => None,
        };
        check_button(rule, at + 1, &key.title, payload)?;
    }
    Ok(())
}

/// Checks whether the company may write now, outside comments.
fn window(limits: &Limits, draft: &Draft<'_>, now: Timestamp) -> Checked {
    let Some(window) = limits.window else { return Ok(()) };
    if window.template_passes && draft.template.is_some() {
        return Ok(());
    }
    match draft.client_wrote_at {
        Some(at) if now.since(at) <= window.open => Ok(()),
        None if !window.template_passes => {
            let words = "nobody can be written to first here: wait until the client writes";
            Err(wrong("MESSAGES_NOT_TEXT_FIRST", "chat", words))
        }
        _ => {
            let advice =
                if window.template_passes { "send a template" } else { "wait until the client writes" };
            let hours = window.open.as_secs() / 3600;
            let message = format!("the client has not written for {hours} hours: {advice}");
            Err(LimitError { code: window.code, field: "chat", limit: Some(window.open.as_secs()), message })
        }
    }
}

fn answer_to_comment(limits: &Limits, draft: &Draft<'_>, comment: &DraftComment, now: Timestamp) -> Checked {
    if !limits.comments {
        let code = "MESSAGES_INVALID_CONTACT_TYPE";
        return Err(wrong(code, "chat", "comments do not come by this channel and cannot be answered by it"));
    }
    if draft.text.is_none() || !draft.buttons.is_empty() {
        let field = if draft.file.is_some() { "file" } else { "text" };
        return Err(wrong("COMMENT_CAN_BE_TEXT_ONLY", field, "a comment is answered by a text alone"));
    }
    if comment.mode != CommentMode::Private {
        return Ok(());
    }
    if comment.answered_privately {
        let words = "its author got a private answer to this comment already: answer under it";
        return Err(wrong("COMMENT_ALREADY_PRIVATE_REPLIED", "chat", words));
    }
    if now.since(comment.written_at) > PRIVATE_REPLY_WITHIN {
        let limit = Some(PRIVATE_REPLY_WITHIN.as_secs());
        let message = "a comment is answered in private within 7 days: answer under it".into();
        return Err(LimitError { code: "7_DAYS_EXCEEDED", field: "chat", limit, message });
    }
    Ok(())
}

fn in_time(
    within: Option<Duration>,
    sent_at: Timestamp,
    now: Timestamp,
    code: &'static str,
    done: &str,
) -> Checked {
    match within {
        Some(within) if now.since(sent_at) > within => {
            let minutes = within.as_secs() / 60;
            let message = format!("a message can be {done} within {minutes} minutes of its sending");
            Err(LimitError { code, field: "message", limit: Some(within.as_secs()), message })
        }
        _ => Ok(()),
    }
}

fn wrong(code: &'static str, field: &'static str, message: &str) -> LimitError {
    LimitError { code, field, limit: None, message: message.into() }
}

fn over(code: &'static str, field: &'static str, limit: usize, message: String) -> LimitError {
    LimitError { code, field, limit: u64::try_from(limit).ok(), message }
}
