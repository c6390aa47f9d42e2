//! Another responsible: by hand, or because the CRM says so (B1). Who is responsible for a client is said by his contact and
//! by each of his chats; rights follow from the chats, at once.

use crate::app::App;
use crate::chats::update::owner_of;
use crate::http::chat_access::place_of;
use crate::http::error::ApiError;
use crate::http::existing::{existing_account, existing_employee};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId, ContactId, EmployeeId};
use shared::model::access::sending::Refusal;
use shared::model::account::Account;
use shared::model::assignment::requeue::WORKS_BY;
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::{Given, Why};
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::{ClientState, Wish};
use shared::model::contact::Contact;
use shared::model::crm::CrmKind;
use shared::model::employee::{Employee, Membership};
use shared::store::chats::open_chat_writes;
use shared::store::row::Write;
use shared::store::waiting::waiting_writes;
use shared::store::{Read, StoreError};

/// Chats of a contact that are read at once.
const PAGE: i32 = 100;

/// On whose word somebody gets a client.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Why.
    pub why: Why,
    /// The employee who decided it, when it was one.
    pub employee: Option<&'a EmployeeId>,
}

impl By<'_> {
    /// The CRM's.
    pub const CRM: Self = Self { why: Why::ByCrm, employee: None };
}

/// Gives a chat, and the contact behind it, to an employee, whoever had it: one transaction, which also takes a waiting client
/// out of the queue and a chat that is nobody's out of everybody's list. Then the CRM is nudged. A chat that is his
/// already, and whose contact is, stays as it is. Answers the chat as it is then.
///
/// Whom a person gives it to works on the channel; that of others is the caller's to check.
///
/// # Errors
/// 404 when the chat or the employee is not there; 422 with the reason when a person gives it to somebody who does not work there.
pub async fn reassign_chat(
    app: &App,
    chat: &Chat,
    employee: &EmployeeId,
    by: &By<'_>,
) -> Result<Chat, ApiError> {
    let owner = existing_account(app, chat.account.as_str()).await?;
    let given = app.settle(|| give(app, &owner, &chat.chat, employee, by)).await?;
    given.ok_or_else(|| ApiError::not_found("chat"))
}

/// Gives a person with all his chats to an employee: the contact first, so that a chat that begins meanwhile goes to him, then
/// chat by chat. What was done stays when it stops midway; doing it again goes on. Answers how many chats changed.
///
/// # Errors
/// 404 when the contact or the employee is not there.
pub async fn reassign_contact(
    app: &App,
    contact: &Contact,
    employee: &EmployeeId,
) -> Result<usize, ApiError> {
    let owner = existing_account(app, contact.account.as_str()).await?;
    let root = app.settle(|| name_responsible(app, &owner, &contact.contact, employee)).await?;
    let mut changed = 0;
    for id in std::iter::once(&root.contact).chain(&root.merged_from) {
        let mut from = None;
        loop {
            let page = app.store.contact_chats(&owner.account, id, PAGE, from).await?;
            let chats: Vec<ChatId> = page.items.into_iter().map(|row| row.chat).collect();
            for before in app.store.chats(&owner.account, &chats).await? {
                if is_settled(&before, employee, By::CRM.why) {
                    continue;
                }
                let given = app.settle(|| give(app, &owner, &before.chat, employee, &By::CRM)).await?;
                changed += usize::from(given.is_some());
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(changed)
}

/// Takes a chat's client from whoever has him and puts him back into the queue of the channel, at his place of before: one
/// transaction; then he is given out. One who stands there anew already stays. `head` is who decided it, when it was an employee.
///
/// # Errors
/// 404 when the chat is not there; 422 when its client has not written.
pub async fn put_back(app: &App, chat: &Chat, head: Option<&EmployeeId>) -> Result<Chat, ApiError> {
    let after = app.settle(|| put_back_once(app, &chat.account, &chat.chat, head)).await?;
    // Also when nothing changed: whoever was to nudge before may have died.
    app.nudge(&after.account, std::slice::from_ref(&after.channel)).await;
    Ok(after)
}

async fn put_back_once(
    app: &App,
    account: &AccountId,
    id: &ChatId,
    head: Option<&EmployeeId>,
) -> Result<Chat, ApiError> {
    let before = app.store.chat(account, id).await?.ok_or_else(|| ApiError::not_found("chat"))?;
    if before.client == ClientState::Silent {
        return Err(ApiError::refused("client_silent", "distribute", "the client has not written"));
    }
    let there = before.client == ClientState::Waiting && before.wish == Some(Wish::Anew);
    if there && before.responsible.is_none() {
        return Ok(before);
    }
    let (owner, closing) = owner_of(app, &before).await?;
    let (after, record) = taken_back(&before, head, owner.crm_kind, &closing, app.ambient.now());
    let mut writes = chat_part(&before, &after)?;
    writes.push(Write::create(&record)?);
    app.store.commit(writes).await?;
    Ok(after)
}

/// The chat as it is when a person put its client back, and the entry in its history. Who let him wait before may have him
/// again: a person wants it so.
fn taken_back(
    chat: &Chat,
    head: Option<&EmployeeId>,
    crm: CrmKind,
    closing: &Closing,
    now: Timestamp,
) -> (Chat, AssignmentRecord) {
    let mut after = chat.clone();
    after.arrived_at = chat.arrived_at.or(chat.opened_at);
    after.take_back(now);
    after.passed.clear();
    let record = AssignmentRecord::new(&after, Why::BackByHand, now).by(head);
    if crm == CrmKind::None {
        after.settle_without_crm();
    }
    after.watch(closing, now);
    (after, record)
}

/// The contact's part alone.
async fn name_responsible(
    app: &App,
    owner: &Account,
    contact: &ContactId,
    to: &EmployeeId,
) -> Result<Contact, ApiError> {
    let before = app.store.person(&owner.account, contact, Read::Consistent).await?;
    let before = before.ok_or_else(|| ApiError::not_found("contact"))?;
    let employee = existing_employee(app, &owner.account, to.as_str()).await?;
    let after = Contact { responsible: Some(to.clone()), ..before.clone() };
    if let Some(change) = Write::change(&before, &after, &["responsible", "merged_into"])? {
        app.store.commit(vec![change, Write::check(&employee, &[])?]).await?;
    }
    Ok(after)
}

/// One chat, as it is now. `None` when it is gone.
async fn give(
    app: &App,
    owner: &Account,
    id: &ChatId,
    to: &EmployeeId,
    by: &By<'_>,
) -> Result<Option<Chat>, ApiError> {
    let account = &owner.account;
    let Some(before) = app.store.chat(account, id).await? else { return Ok(None) };
    let (contact, channel) = tokio::join!(
        app.store.person(account, &before.contact, Read::Consistent),
        app.store.channel(account, &before.channel, Read::Eventual),
    );
    let place = if by.why == Why::ByHand { Some(may_have(app, &before, to).await?) } else { None };
    let employee = existing_employee(app, account, to.as_str()).await?;
    let closing = Closing::of(owner, channel?.as_ref());
    let (after, record) = given(&before, to, by, owner.crm_kind, &closing, app.ambient.now());
    let mut writes = writes(&before, &after, contact?.as_ref(), &employee)?;
    if writes.is_empty() {
        return Ok(Some(before));
    }
    writes.extend(place.map(|place| Write::check(&place, &WORKS_BY)).transpose()?);
    writes.extend(record.map(|record| Write::create(&record)).transpose()?);
    app.store.commit(writes).await?;
    tracing::info!(account = %account, channel = %after.channel, chat = %after.chat, "given to another employee");
    app.let_next_in(&before, &after).await;
    app.tell(&after, owner.crm_kind).await;
    Ok(Some(after))
}

/// Whether an employee's place lets him have clients; as of the last write.
async fn may_have(app: &App, chat: &Chat, employee: &EmployeeId) -> Result<Membership, ApiError> {
    let refused = |why: Refusal| ApiError::refused(why.code(), "employee", why.to_string());
    // Whoever is not there has no place either.
    let place = place_of(app, &chat.account, &chat.channel, employee).await?;
    let place = place.ok_or_else(|| refused(Refusal::NoRole))?;
    if !place.role.may_write() {
        return Err(refused(Refusal::QualityControl));
    }
    if place.sends { Ok(place) } else { Err(refused(Refusal::NotBound)) }
}

/// Whether nothing is to be done for a chat to be an employee's: he has it, and the queue has not. Where a person says so of one
/// that he got by himself, that is news: no rule takes it from him then. A CRM mostly repeats what it was told.
fn is_settled(chat: &Chat, to: &EmployeeId, why: Why) -> bool {
    let has = matches!(chat.client, ClientState::Silent | ClientState::Assigned);
    let said = why != Why::ByHand || chat.given == Some(Given::ByHand);
    chat.responsible.as_ref() == Some(to) && has && said
}

/// The chat as it is when it is an employee's, and the entry in its history when that is news. One in which the client has not
/// written yet is his too, and stays silent: no deal is made of it.
fn given(
    chat: &Chat,
    to: &EmployeeId,
    by: &By<'_>,
    crm: CrmKind,
    closing: &Closing,
    now: Timestamp,
) -> (Chat, Option<AssignmentRecord>) {
    let mut after = chat.clone();
    let silent = chat.client == ClientState::Silent;
    if is_settled(chat, to, by.why) {
        return (after, None);
    }
    let record = after.give(to, by.why, now).by(by.employee);
    if silent {
        after.client = ClientState::Silent;
    }
    if crm == CrmKind::None {
        after.settle_without_crm();
    }
    after.watch(closing, now);
    (after, Some(record))
}

/// What is written: nothing when nothing changes.
fn writes(
    before: &Chat,
    after: &Chat,
    contact: Option<&Contact>,
    employee: &Employee,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = chat_part(before, after)?;
    if let Some(contact) = contact {
        let his = Contact { responsible: Some(employee.employee.clone()), ..contact.clone() };
        writes.extend(Write::change(contact, &his, &["responsible", "merged_into"])?);
    }
    if !writes.is_empty() {
        // He must still be there at the moment of the commit.
        writes.push(Write::check(employee, &[])?);
    }
    Ok(writes)
}

/// The chat's own change, with what stands for it in the queue and beside its responsible's cap.
fn chat_part(before: &Chat, after: &Chat) -> Result<Vec<Write>, StoreError> {
    let moved = before.check_at != after.check_at;
    let depends_on: &[&str] = if moved {
        &["last_seq", "client", "responsible", "check_at"]
    } else {
        &["last_seq", "client", "responsible"]
    };
    let mut writes: Vec<Write> = Write::change(before, after, depends_on)?.into_iter().collect();
    writes.extend(open_chat_writes(Some(before), Some(after))?);
    writes.extend(waiting_writes(before, after)?);
    Ok(writes)
}
