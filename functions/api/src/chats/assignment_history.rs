//! Who is responsible for a chat's client and why: now, and the history.

use crate::app::App;
use crate::chats::assignment_view::{AssignmentEntry, ConsideredView, Names};
use crate::http::auth::Principal;
use crate::http::body::{Id, Ids, Params, moment, page_size};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use crate::http::page::{self, List, PageParams};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::assignment::{RingPlace, eligible};
use shared::model::chat::Chat;
use shared::model::chat::assignment_record::{AssignmentRecord, Considered, MOST_CONSIDERED};
use shared::model::chat::state::{AssignmentState, QueuePreference};
use shared::model::employee::Employee;
use shared::store::row::Key;
use shared::store::{Read, StoreError, keys};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::ToSchema;

/// Whom a waiting client should get instead of the next employee in the ring.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WishView {
    /// This employee, if they may write to the client; else the client is assigned as any other.
    To {
        /// The employee's id.
        employee: String,
    },
    /// Any employee, regardless of who had the client before.
    Anew,
}

impl From<&QueuePreference> for WishView {
    fn from(wish: &QueuePreference) -> Self {
        match wish {
            QueuePreference::Employee(employee) => Self::To { employee: employee.to_string() },
            QueuePreference::Anyone => Self::Anew,
        }
    }
}

/// The members of the channel as they are now.
#[derive(Debug, Serialize, ToSchema)]
pub struct NowView {
    /// At most 50; of a larger channel those whose turn comes next.
    members: Vec<ConsideredView>,
    /// Whether there are more.
    more: bool,
}

/// Who is responsible for a chat's client, and the history of that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "responsible": null, "client": "waiting", "waiting_since": "2026-11-21T09:20:00.000Z", "position": 2,
    "wish": {"type": "anew"}, "reserved_until": null, "passed": ["17"],
    "now": {"members": [{"employee": "17", "name": "Anna Petrova", "reason": "did_not_answer"}], "more": false},
    "history": [{
        "seq": 4, "at": "2026-11-21T09:25:01.000Z", "why": "lapsed", "responsible": "17", "by": null,
        "arrived_at": "2026-11-21T09:20:00.000Z", "waits": true, "considered": [], "more": false
    }, {
        "seq": 2, "at": "2026-11-21T09:20:00.400Z", "why": "turn", "responsible": "17", "by": null,
        "arrived_at": "2026-11-21T09:20:00.000Z", "waits": false,
        "considered": [
            {"employee": "21", "name": "Boris Orlov", "reason": "outside_working_hours"},
            {"employee": "17", "name": "Anna Petrova", "reason": null}
        ], "more": false
    }],
    "next_cursor": null
}))]
pub struct AssignmentHistory {
    /// The employee's id.
    responsible: Option<String>,
    client: AssignmentState,
    /// Since when the client waits for a responsible.
    #[schema(format = DateTime)]
    waiting_since: Option<String>,
    /// While the client waits: how many of the channel's clients are ahead in the queue, counted up to 1000.
    position: Option<u32>,
    /// Whom the waiting client should get instead of the next employee in the ring; null: no preference.
    wish: Option<WishView>,
    /// Until when the responsible must answer before the next employee gets the client.
    #[schema(format = DateTime)]
    reserved_until: Option<String>,
    /// The employees who missed that time since the client came.
    passed: Vec<String>,
    /// While the client waits: the channel's members, each with why they do not get the client now. Null when the
    /// client does not wait.
    now: Option<NowView>,
    /// The latest entry first.
    history: Vec<AssignmentEntry>,
    /// Where the next page of the history begins; null on the last one.
    next_cursor: Option<String>,
}

/// Get a chat's assignment and its history
///
/// For callers who see the chat. Each entry of the history has who became responsible, why, and who decided it; for a
/// decision among several members it has why each was passed over. The history begins where it was first recorded.
#[utoipa::path(
    get, path = "/v1/chats/{chat}/assignment", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), PageParams),
    responses((status = 200, description = "The assignment now, and a page of the history", body = AssignmentHistory))
)]
pub async fn get(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(page): Params<PageParams>,
) -> Result<Json<AssignmentHistory>, ApiError> {
    let limit = page_size(page.limit)?;
    let account = &principal.account;
    let chat = visible_chat(&app, &principal, &id).await?.chat;
    let from = List::assignment(account, &chat.chat).start(page.cursor.as_deref())?;
    let read = app.store.assignment_records(account, &chat.chat, limit, from).await;
    let found = page::page(read, page.cursor.is_some())?;
    let waits = chat.assignment_state == AssignmentState::Waiting;
    let (position, now) = if waits {
        let position = app.store.count_waiting(account, &chat.channel, Some(&chat)).await?;
        (Some(position), Some(members_now(&app, &chat).await?))
    } else {
        (None, None)
    };
    let names = names_of(&app, account, &found.items, now.as_ref()).await?;
    let now = now.map(|(members, more)| NowView {
        members: members.into_iter().map(|one| ConsideredView::of(one, &names)).collect(),
        more,
    });
    let history = found.items.into_iter().map(|record| AssignmentEntry::of(record, &names)).collect();
    let next_cursor = page::next(found.next.as_ref())?;
    Ok(Json(AssignmentHistory {
        responsible: chat.responsible.as_ref().map(ToString::to_string),
        client: chat.assignment_state,
        waiting_since: moment(chat.waiting_since),
        position,
        wish: chat.queue_preference.as_ref().map(WishView::from),
        reserved_until: moment(chat.reserved_until),
        passed: chat.missed_by.iter().map(ToString::to_string).collect(),
        now,
        history,
        next_cursor,
    }))
}

/// The members of a chat's channel, each with why they do not get its client now; and whether there are more.
async fn members_now(app: &App, chat: &Chat) -> Result<(Vec<Considered>, bool), StoreError> {
    let (account, channel) = (&chat.account, &chat.channel);
    let (mut members, more) = match app.store.few_members(account, channel, MOST_CONSIDERED).await? {
        Some(members) => (members, false),
        None => {
            let last = app.store.ring(account, channel).await?.and_then(|ring| ring.last);
            let most = i32::try_from(MOST_CONSIDERED).unwrap_or(i32::MAX);
            (app.store.turns(account, channel, last.as_ref(), most).await?.0, true)
        }
    };
    members.sort_by_cached_key(RingPlace::of);
    // Open chats are counted only where there is a cap.
    let capped: Vec<(EmployeeId, u32)> =
        members.iter().filter_map(|member| Some((member.employee.clone(), member.cap?))).collect();
    let counts = app.store.count_open_chats(account, channel, &capped).await?;
    let open: HashMap<EmployeeId, u32> = capped.into_iter().map(|(who, _)| who).zip(counts).collect();
    let now = app.ambient.now();
    let considered = members.into_iter().map(|member| {
        let passed = chat.missed_by.contains(&member.employee);
        let reason = eligible(&member, open.get(&member.employee).copied(), passed, now).err();
        Considered { employee: member.employee, reason }
    });
    Ok((considered.collect(), more))
}

/// The names of the employees who are listed as considered in an answer.
async fn names_of(
    app: &App,
    account: &AccountId,
    records: &[AssignmentRecord],
    now: Option<&(Vec<Considered>, bool)>,
) -> Result<Names, StoreError> {
    let before = records.iter().flat_map(|record| &record.considered);
    let now = now.iter().flat_map(|(members, _)| members);
    let who: BTreeSet<&EmployeeId> = before.chain(now).map(|one| &one.employee).collect();
    let wanted: Vec<Key> = who.into_iter().map(|employee| keys::employee(account, employee)).collect();
    if wanted.is_empty() {
        return Ok(Names::new());
    }
    let found: Vec<Employee> = app.store.get_many(&wanted, Read::Eventual).await?;
    Ok(found.into_iter().map(|row| (row.employee, row.name)).collect())
}
