//! Another responsible: by hand, or because the CRM says so (B1). Who is responsible for a client is said by his contact and
//! by each of his chats; rights follow from the chats, at once.

use crate::App;
use crate::auth::existing_account;
use crate::employees::existing_employee;
use crate::error::ApiError;
use shared::account::Account;
use shared::chat::{Chat, ClientState};
use shared::clock::Timestamp;
use shared::contact::Contact;
use shared::crm::CrmKind;
use shared::employee::Employee;
use shared::ids::{ChatId, ContactId, EmployeeId};
use shared::store::row::Write;
use shared::store::{Read, StoreError, keys};
use std::time::Duration;

/// Chats of a contact that are read at once.
const PAGE: i32 = 100;

/// Gives a chat, and the contact behind it, to an employee, whoever had it: one transaction, which also takes a waiting client
/// out of the queue and a chat that is nobody's out of everybody's list. Then the CRM is nudged. A chat that is his
/// already, and whose contact is, stays as it is. Answers the chat as it is then.
///
/// That he has a role on the channel is the caller's to check.
///
/// # Errors
/// 404 when the chat or the employee is not there.
pub async fn reassign_chat(app: &App, chat: &Chat, employee: &EmployeeId) -> Result<Chat, ApiError> {
    let owner = existing_account(app, chat.account.as_str()).await?;
    let given = app.settle(|| give(app, &owner, &chat.chat, employee)).await?;
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
                if before.responsible.as_ref() == Some(employee) {
                    continue;
                }
                let given = app.settle(|| give(app, &owner, &before.chat, employee)).await?;
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
async fn give(app: &App, owner: &Account, id: &ChatId, to: &EmployeeId) -> Result<Option<Chat>, ApiError> {
    let account = &owner.account;
    let Some(before) = app.store.chat(account, id).await? else { return Ok(None) };
    let (contact, channel) = tokio::join!(
        app.store.person(account, &before.contact, Read::Consistent),
        app.store.channel(account, &before.channel, Read::Eventual),
    );
    let employee = existing_employee(app, account, to.as_str()).await?;
    let window = channel?.map(|channel| channel.close_after());
    let after = given(&before, to, owner.crm_kind, window, app.ambient.now());
    let writes = writes(&before, &after, contact?.as_ref(), &employee)?;
    if writes.is_empty() {
        return Ok(Some(before));
    }
    app.store.commit(writes).await?;
    tracing::info!(account = %account, channel = %after.channel, chat = %after.chat, "given to another employee");
    app.tell(&after, owner.crm_kind).await;
    Ok(Some(after))
}

/// The chat as it is when it is an employee's. One in which the client has not written yet is his too, and stays silent: no
/// deal is made of it.
fn given(chat: &Chat, to: &EmployeeId, crm: CrmKind, window: Option<Duration>, now: Timestamp) -> Chat {
    let mut after = chat.clone();
    let silent = chat.client == ClientState::Silent;
    if chat.responsible.as_ref() == Some(to) && (silent || chat.client == ClientState::Assigned) {
        return after;
    }
    after.assign(to);
    if silent {
        after.client = ClientState::Silent;
    }
    if crm == CrmKind::None {
        after.settle_without_crm();
    }
    if let Some(window) = window {
        after.watch(window, now);
    }
    after
}

/// What is written: nothing when nothing changes.
fn writes(
    before: &Chat,
    after: &Chat,
    contact: Option<&Contact>,
    employee: &Employee,
) -> Result<Vec<Write>, StoreError> {
    let moved = before.check_at != after.check_at;
    let depends_on: &[&str] = if moved {
        &["last_seq", "client", "responsible", "check_at"]
    } else {
        &["last_seq", "client", "responsible"]
    };
    let mut writes: Vec<Write> = Write::change(before, after, depends_on)?.into_iter().collect();
    if let Some(since) = before.waiting_since.filter(|_| before.client == ClientState::Waiting) {
        writes.push(Write::forget(keys::waiting(&before.account, &before.channel, since, &before.chat)));
    }
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
