//! Lists of chats that the caller may see (B9, D1). A list is read by its key; a caller who may not see the whole list
//! is refused.

use crate::app::App;
use crate::chats::view::{ChatView, Chats};
use crate::contacts::person::people_of;
use crate::http::auth::Principal;
use crate::http::body::{Params, page_size};
use crate::http::chat_access::{denied, visible};
use crate::http::error::ApiError;
use crate::http::existing::existing_channel;
use crate::http::page::{self, List};
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::access::sending::Refusal;
use shared::model::access::{self, Operation};
use shared::model::chat::Chat;
use shared::model::chat::state::ChatState;
use shared::model::employee::Membership;
use shared::service::place::place_of;
use shared::store::chat_lists::PageFrom;
use shared::store::row::Item;
use shared::store::{Page, StoreError};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How far a list's time may lag behind a chat's last message, in milliseconds.
const LIST_LAG_MS: i64 = 30_000;
/// Most reads of an index for one page.
const ROUNDS: usize = 5;

/// Lists that depend on the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    /// The chats for which the token's employee is responsible.
    Mine,
    /// With `channel`: the unclaimed chats, which are shown to all who receive new clients.
    Unclaimed,
}

/// Which chats to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatParams {
    /// A list that depends on the caller. Without it: one of `channel`, `employee` and `unanswered_by`.
    #[param(inline)]
    list: Option<ListName>,
    /// The chats of this channel.
    channel: Option<String>,
    /// The chats for which this employee is responsible: live ones first.
    employee: Option<String>,
    /// The chats of this employee whose client waits for an employee's answer, the longest waiting first.
    unanswered_by: Option<String>,
    /// Only chats in this state. Left out: `live` for a channel's list, all states for the others.
    #[param(inline)]
    state: Option<ChatState>,
    /// With `channel` alone: only chats with a message since then, or up to 30 seconds before. RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Most chats in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The requested list, its parameters checked against each other.
#[derive(Debug, PartialEq, Eq)]
enum WantedList {
    Channel { channel: String, state: ChatState, since: Option<Timestamp> },
    Unclaimed { channel: String, state: Option<ChatState> },
    Mine { state: Option<ChatState> },
    Employee { employee: EmployeeId, state: Option<ChatState> },
    Unanswered { employee: EmployeeId },
}

const ONE_OF: &str = "one of channel, employee and unanswered_by";
const NOT_HERE: &str = "does not go with this list";

impl ChatParams {
    fn wanted(&self) -> Result<WantedList, ApiError> {
        let state = self.state;
        let wanted = match (self.list, &self.channel, &self.employee, &self.unanswered_by) {
            (Some(ListName::Mine), None, None, None) => WantedList::Mine { state },
            (Some(ListName::Unclaimed), Some(channel), None, None) => {
                WantedList::Unclaimed { channel: named("channel", channel)?, state }
            }
            (Some(ListName::Unclaimed), None, None, None) => return Err(ApiError::missing_field("channel")),
            (Some(ListName::Mine), Some(_), ..) => return Err(ApiError::invalid("channel", NOT_HERE)),
            (Some(_), _, Some(_), _) => return Err(ApiError::invalid("employee", NOT_HERE)),
            (Some(_), ..) => return Err(ApiError::invalid("unanswered_by", NOT_HERE)),
            (None, Some(channel), None, None) => WantedList::Channel {
                channel: named("channel", channel)?,
                state: state.unwrap_or(ChatState::Live),
                since: self.since()?,
            },
            (None, None, Some(employee), None) => {
                WantedList::Employee { employee: EmployeeId::new(named("employee", employee)?), state }
            }
            (None, None, None, Some(_)) if state.is_some() => {
                return Err(ApiError::invalid("state", NOT_HERE));
            }
            (None, None, None, Some(employee)) => {
                WantedList::Unanswered { employee: EmployeeId::new(named("unanswered_by", employee)?) }
            }
            (None, None, None, None) => return Err(ApiError::missing_field("channel")),
            (None, _, Some(_), _) => return Err(ApiError::invalid("employee", ONE_OF)),
            (None, ..) => return Err(ApiError::invalid("unanswered_by", ONE_OF)),
        };
        match wanted {
            WantedList::Channel { .. } => Ok(wanted),
            _ if self.since.is_some() => Err(ApiError::invalid("since", NOT_HERE)),
            _ => Ok(wanted),
        }
    }

    fn since(&self) -> Result<Option<Timestamp>, ApiError> {
        let read = |text: &String| {
            let at = Timestamp::parse_rfc3339(text)
                .ok_or_else(|| ApiError::invalid("since", "RFC 3339, as 2026-11-21T09:20:00Z"))?;
            Ok(Timestamp::from_millis(at.millis().saturating_sub(LIST_LAG_MS)))
        };
        self.since.as_ref().map(read).transpose()
    }
}

/// Checks the form of an id. The employee need not exist, because one who is gone may still have chats.
fn named(field: &str, id: &str) -> Result<String, ApiError> {
    validate::name(field, id, validate::MAX_EMPLOYEE_ID)?;
    Ok(id.to_owned())
}

/// A list that the caller may read.
enum Open {
    Channel(ChannelId, ChatState, Option<Timestamp>),
    Unclaimed(ChannelId, Option<ChatState>),
    Employee(EmployeeId, Option<ChatState>),
    Unanswered(EmployeeId),
}

/// List chats
///
/// The chats of a channel (live, general or cases), its unclaimed chats, or the chats of an employee, the latest first;
/// an employee's unanswered chats come with the longest waiting first. With an employee's token: their own chats; all
/// chats of a channel where they are head or quality control; and its unclaimed chats where they receive new clients
/// too.
#[utoipa::path(
    get, path = "/v1/chats", tag = "chats", params(ChatParams),
    responses(
        (status = 200, description = "A page of chats", body = Chats),
        (status = 403, description = "Not a list for this employee's role (`no_role`)")
    )
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
    Params(params): Params<ChatParams>,
) -> Result<Json<Chats>, ApiError> {
    let limit = page_size(params.limit)?;
    let open = admit(&app, &principal, params.wanted()?).await?;
    let list = open.list(&principal);
    let start = list.start(params.cursor.as_deref())?;
    let found = page::page(filled(&app, &principal, &open, limit, start).await, params.cursor.is_some())?;
    let chats = found.items;
    let people = people_of(&app, &principal.account, &chats).await?;
    let chats = chats.into_iter().map(|chat| ChatView::of(chat, &people)).collect();
    Ok(Json(Chats { chats, next_cursor: list.next(found.next.as_ref())? }))
}

/// A page, read on while it is less than half full, because two things leave gaps: chats that have left the list
/// meanwhile, and an employee's chats on a channel from which the employee was removed. The other lists the caller sees
/// whole.
async fn filled(
    app: &App,
    principal: &Principal,
    open: &Open,
    limit: i32,
    start: Option<Item>,
) -> Result<Page<Chat>, StoreError> {
    let mut found = Page { items: Vec::new(), next: start };
    for _ in 0..ROUNDS {
        let left = limit - i32::try_from(found.items.len()).unwrap_or(limit);
        let page = read(app, principal, open, PageFrom { limit: left, start: found.next.take() }).await?;
        found.next = page.next;
        found.items.extend(match open {
            Open::Employee(..) | Open::Unanswered(_) => {
                visible(app, principal, Operation::List, page.items).await?
            }
            Open::Channel(..) | Open::Unclaimed(..) => page.items,
        });
        let half = found.items.len() * 2 >= usize::try_from(limit).unwrap_or_default();
        if half || found.next.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Checks that the caller sees the whole list. A channel on which the caller has no membership is answered as not
/// found.
async fn admit(app: &App, principal: &Principal, wanted: WantedList) -> Result<Open, ApiError> {
    let caller = principal.by.employee();
    let own = |employee: &EmployeeId| caller.is_none_or(|caller| caller == employee);
    match wanted {
        WantedList::Mine { state } => match caller {
            Some(caller) => Ok(Open::Employee(caller.clone(), state)),
            None => Err(ApiError::invalid("list", "goes with an employee's token; others name the employee")),
        },
        WantedList::Employee { employee, state } if own(&employee) => Ok(Open::Employee(employee, state)),
        WantedList::Unanswered { employee } if own(&employee) => Ok(Open::Unanswered(employee)),
        WantedList::Employee { .. } | WantedList::Unanswered { .. } => Err(denied(Refusal::NoRole)),
        WantedList::Channel { channel, state, since } => {
            let channel = existing_channel(app, &principal.account, &channel).await?.channel;
            place_lets(app, principal, &channel, access::sees_all).await?;
            Ok(Open::Channel(channel, state, since))
        }
        WantedList::Unclaimed { channel, state } => {
            let channel = existing_channel(app, &principal.account, &channel).await?.channel;
            place_lets(app, principal, &channel, access::sees_unclaimed).await?;
            Ok(Open::Unclaimed(channel, state))
        }
    }
}

async fn place_lets(
    app: &App,
    principal: &Principal,
    channel: &ChannelId,
    lets: impl Fn(&Membership) -> bool,
) -> Result<(), ApiError> {
    let Some(employee) = principal.by.employee() else { return Ok(()) };
    match place_of(&app.store, &principal.account, channel, employee).await? {
        None => Err(ApiError::not_found("channel")),
        Some(place) if lets(&place) => Ok(()),
        Some(_) => Err(denied(Refusal::NoRole)),
    }
}

impl Open {
    /// The list, as this caller sees it.
    fn list(&self, principal: &Principal) -> List {
        let account = &principal.account;
        let (list, state) = match self {
            Self::Channel(channel, state, _) => (List::channel_chats(account, channel, *state), Some(*state)),
            Self::Unclaimed(channel, state) => (List::unclaimed_chats(account, channel), *state),
            Self::Employee(employee, state) => (List::employee_chats(account, employee), *state),
            Self::Unanswered(employee) => (List::unanswered_chats(account, employee), None),
        };
        let caller = principal.by.employee().map(EmployeeId::as_str);
        list.seen_as(format!("{state:?} {caller:?}"))
    }
}

async fn read(
    app: &App,
    principal: &Principal,
    open: &Open,
    from: PageFrom,
) -> Result<Page<Chat>, StoreError> {
    let (store, account) = (&app.store, &principal.account);
    match open {
        Open::Channel(channel, state, since) => {
            store.chats_of_channel(account, channel, *state, *since, from).await
        }
        Open::Unclaimed(channel, state) => {
            store.unclaimed_chats(account, channel, state.map(ChatState::into), from).await
        }
        Open::Employee(employee, state) => {
            store.chats_of_employee(account, employee, state.map(ChatState::into), from).await
        }
        Open::Unanswered(employee) => store.unanswered_chats(account, employee, from).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> ChatParams {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let map: serde_json::Map<String, serde_json::Value> =
            pairs.map(|(name, value)| (name.to_owned(), value.into())).collect();
        serde_json::from_value(map.into()).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_one_list() {
        let live = ChatState::Live;
        for (query, wanted) in [
            ("channel=c", WantedList::Channel { channel: "c".into(), state: live, since: None }),
            (
                "channel=c&since=1970-01-01T00:01:00Z",
                WantedList::Channel {
                    channel: "c".into(),
                    state: live,
                    since: Some(Timestamp::from_millis(30_000)),
                },
            ),
            ("list=unclaimed&channel=c", WantedList::Unclaimed { channel: "c".into(), state: None }),
            ("list=mine&state=live", WantedList::Mine { state: Some(live) }),
            ("employee=7", WantedList::Employee { employee: EmployeeId::new("7"), state: None }),
            ("unanswered_by=7", WantedList::Unanswered { employee: EmployeeId::new("7") }),
        ] {
            assert_eq!(params(query).wanted().unwrap(), wanted, "{query}");
        }
    }
}
