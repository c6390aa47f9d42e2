//! What has changed in a chat since a sequence number: the route that a window polls.

use crate::app::App;
use crate::chats::assignment_view::AssignedView;
use crate::chats::view::ChatView;
use crate::contacts::person::people_of;
use crate::employees::notices::RuleNoticeView;
use crate::http::auth::Principal;
use crate::http::body::{Id, Ids, Params, page_size};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use crate::messages::view::MessageView;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::model::chat::ChatEvent;
use shared::model::chat::state::{ChatStatus, FinishReason};
use shared::model::crm::progress::SequencedRow;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// From where to list changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SinceParams {
    /// `last_seq` of the previous answer; 0 at first.
    #[param(minimum = 0, default = 0)]
    since: Option<u64>,
    /// Most changes in an answer.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// The end of a chat: it left the live list, or the cases.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-21T09:30:00.000Z", "reason": "by_hand", "status": "closed"}))]
pub struct FinishedView {
    #[schema(format = DateTime)]
    at: String,
    reason: FinishReason,
    /// The chat's status at that moment.
    status: Option<ChatStatus>,
}

/// A change: a message as it is now, new or changed; the chat's end; another responsible; or a rule's notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// Its sequence number.
    seq: u64,
    message: Option<MessageView>,
    finished: Option<FinishedView>,
    /// The chat has another responsible, or none.
    assignment: Option<AssignedView>,
    /// A rule's notice to employees.
    notice: Option<RuleNoticeView>,
}

impl ChangeView {
    fn bare(seq: u64) -> Self {
        Self { seq, message: None, finished: None, assignment: None, notice: None }
    }

    fn of(row: SequencedRow, base_url: &str) -> Self {
        let bare = Self::bare(number(&row));
        match row {
            SequencedRow::Message(message) => {
                Self { message: Some(MessageView::of(*message, base_url)), ..bare }
            }
            SequencedRow::Event(event) => {
                let notice = RuleNoticeView::of(&event);
                Self { notice, finished: FinishedView::of(event), ..bare }
            }
            SequencedRow::Assignment(record) => Self { assignment: Some((*record).into()), ..bare },
        }
    }
}

impl FinishedView {
    fn of(event: ChatEvent) -> Option<Self> {
        Some(Self { at: event.at.rfc3339(), reason: event.finished?, status: event.status })
    }
}

/// What has changed in a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changes {
    /// The chat as it is now, including status, tags and marks, which do not appear as changes below.
    chat: ChatView,
    /// In the order of their sequence numbers.
    changes: Vec<ChangeView>,
    /// The value of `since` for the next request.
    last_seq: u64,
    /// Whether there are more: request them at once.
    more: bool,
}

/// List a chat's changes
///
/// New or changed messages, the chat's ends, changes of the responsible, and rules' notices with a sequence number
/// greater than `since`. A message that changed several times appears once, as it is now. Ends of the chat and notices
/// are kept for 90 days.
#[utoipa::path(
    get, path = "/v1/chats/{chat}/changes", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), SinceParams),
    responses((status = 200, description = "The chat, and its changes", body = Changes))
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(wanted): Params<SinceParams>,
) -> Result<Json<Changes>, ApiError> {
    let limit = page_size(wanted.limit)?;
    let since = wanted.since.unwrap_or_default();
    let chat = visible_chat(&app, &principal, &id).await?.chat;
    let (rows, more) = if since < chat.seq {
        app.store.changes_after(&principal.account, &chat.chat, since, limit).await?
    } else {
        (Vec::new(), false)
    };
    let found = up_to(rows, more, chat.seq, since);
    let base_url = &app.public_base_url;
    let changes = found.rows.into_iter().map(|row| ChangeView::of(row, base_url)).collect();
    let people = people_of(&app, &principal.account, std::slice::from_ref(&chat)).await?;
    Ok(Json(Changes {
        chat: ChatView::of(chat, &people),
        changes,
        last_seq: found.last_seq,
        more: found.more,
    }))
}

/// The rows that may be returned of those that were read.
#[derive(Debug)]
struct Told {
    rows: Vec<SequencedRow>,
    last_seq: u64,
    more: bool,
}

/// Leaves out rows that were written after the chat was read, when its sequence number was `chat_seq`. A query may show
/// single rows of a transaction, and a caller who continued after them would never see the others. The next request
/// returns them.
fn up_to(mut rows: Vec<SequencedRow>, more: bool, chat_seq: u64, since: u64) -> Told {
    let newer = rows.iter().any(|row| number(row) > chat_seq);
    rows.retain(|row| number(row) <= chat_seq);
    let more = more && !newer;
    // Numbers without a row, such as a status's, are skipped with the last page.
    let last_seq = if more { rows.last().map_or(since, number) } else { chat_seq.max(since) };
    Told { rows, last_seq, more }
}

fn number(row: &SequencedRow) -> u64 {
    match row {
        SequencedRow::Message(message) => message.seq,
        SequencedRow::Event(event) => event.seq,
        SequencedRow::Assignment(record) => record.seq,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::base::clock::Timestamp;
    use shared::base::ids::{AccountId, ChatId};
    use shared::model::chat::state::FinishReason;

    fn row(seq: u64) -> SequencedRow {
        SequencedRow::Event(ChatEvent {
            v: 1,
            account: AccountId::new("a"),
            chat: ChatId::new("c"),
            seq,
            at: Timestamp::from_millis(1),
            finished: Some(FinishReason::ByHand),
            notice: None,
            status: None,
            expires_at: 1,
        })
    }

    fn told(rows: &[u64], more: bool, chat_seq: u64, since: u64) -> (Vec<u64>, u64, bool) {
        let told = up_to(rows.iter().copied().map(row).collect(), more, chat_seq, since);
        (told.rows.iter().map(number).collect(), told.last_seq, told.more)
    }

    #[test]
    fn what_was_written_after_the_chat_was_read_is_left_to_the_next_time() {
        // Of 4 and 5, written in one transaction, the query showed only 5.
        assert_eq!(told(&[2, 3, 5], false, 3, 1), (vec![2, 3], 3, false));
        assert_eq!(told(&[2, 3, 5], true, 3, 1), (vec![2, 3], 3, false), "what follows is newer still");
        assert_eq!(told(&[5], true, 3, 1), (vec![], 3, false));
    }

    #[test]
    fn numbers_without_a_row_are_passed_with_the_last_page_alone() {
        assert_eq!(told(&[2, 3], true, 9, 1), (vec![2, 3], 3, true));
        assert_eq!(told(&[4, 5], false, 9, 3), (vec![4, 5], 9, false), "6 to 9 were statuses");
        assert_eq!(told(&[], false, 9, 12), (vec![], 12, false), "one who knows more keeps what he knows");
    }
}
