//! Another responsible: by hand, or because the CRM says so (B1). Who is responsible for a client is said by the contact and
//! by each of its chats; rights follow from the chats, at once.

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, ContactId, EmployeeId};
use crate::model::access::sending::Refusal;
use crate::model::account::Account;
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::{AssignedBy, AssignmentReason};
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::closing::Closing;
use crate::model::chat::state::{AssignmentState, QueuePreference};
use crate::model::contact::Contact;
use crate::model::crm::CrmKind;
use crate::model::employee::{Employee, Membership};
use crate::service::context::Context;
use crate::service::follow_up::{follow_up, nudge_assignment, nudge_if_place_freed};
use crate::service::place::place_of;
use crate::service::refused::{Refused, What};
use crate::service::update_chat::closing_of;
use crate::store::attribute;
use crate::store::attribute::WORKS_BY;
use crate::store::chat_transaction::{ChatTransaction, DecidedOn};
use crate::store::row::Write;
use crate::store::{Read, StoreError};

/// Chats of a contact that are read at once.
const PAGE: i32 = 100;

/// On whose word an employee gets a client.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Why.
    pub why: AssignmentReason,
    /// The employee who decided it, when it was one.
    pub employee: Option<&'a EmployeeId>,
}

impl By<'_> {
    /// The CRM's.
    pub const CRM: Self = Self { why: AssignmentReason::ByCrm, employee: None };
}

/// Gives a chat, and the contact behind it, to an employee, from any other: one transaction, which also takes a waiting client
/// out of the queue and a chat without a responsible out of the list that all employees see. Then the CRM is nudged. A chat that is
/// theirs already, and whose contact is, stays as it is. Answers the chat as it is then.
///
/// An employee to whom a person gives it works on the channel; whether others do is the caller's to check.
///
/// # Errors
/// [`Refused::NotFound`] when the chat or the employee is not there; [`Refused::MayNotHave`] when a person gives it to an employee
/// who does not work there; [`Refused::Store`].
pub async fn reassign_chat(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    employee: &EmployeeId,
    by: &By<'_>,
) -> Result<Chat, Refused> {
    let given = cx.retry_on_conflict(|| give_once(cx, account, chat, employee, by)).await?;
    given.ok_or(Refused::NotFound(What::Chat))
}

/// Gives a person with all their chats to an employee: the contact first, so that a chat that begins meanwhile goes to the employee,
/// then chat by chat. What was done stays when it stops midway; doing it again goes on. Answers how many chats changed.
///
/// # Errors
/// [`Refused::NotFound`] when the contact or the employee is not there; [`Refused::Store`].
pub async fn reassign_contact(
    cx: &Context<'_>,
    account: &Account,
    contact: &ContactId,
    employee: &EmployeeId,
) -> Result<usize, Refused> {
    let root = cx.retry_on_conflict(|| name_responsible(cx, account, contact, employee)).await?;
    let mut changed = 0;
    for id in std::iter::once(&root.contact).chain(&root.merged_from) {
        let mut from = None;
        loop {
            let page = cx.store.contact_chats(&account.account, id, PAGE, from).await?;
            let chats: Vec<ChatId> = page.items.into_iter().map(|row| row.chat).collect();
            for before in cx.store.chats(&account.account, &chats).await? {
                if is_settled(&before, employee, By::CRM.why) {
                    continue;
                }
                let give = || give_once(cx, account, &before.chat, employee, &By::CRM);
                changed += usize::from(cx.retry_on_conflict(give).await?.is_some());
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
    cx: &Context<'_>,
    account: &Account,
    contact: &ContactId,
    to: &EmployeeId,
) -> Result<Contact, Refused> {
    let before = cx.store.person(&account.account, contact, Read::Consistent).await?;
    let before = before.ok_or(Refused::NotFound(What::Contact))?;
    let employee = cx.store.employee(&account.account, to).await?;
    let employee = employee.ok_or(Refused::NotFound(What::Employee))?;
    let after = Contact { responsible: Some(to.clone()), ..before.clone() };
    if let Some(change) =
        Write::change(&before, &after, &[attribute::contact::RESPONSIBLE, attribute::contact::MERGED_INTO])?
    {
        cx.store.commit(vec![change, Write::check(&employee, &[])?]).await?;
    }
    Ok(after)
}

/// One chat, as it is now. `None` when it is gone.
async fn give_once(
    cx: &Context<'_>,
    account: &Account,
    id: &ChatId,
    to: &EmployeeId,
    by: &By<'_>,
) -> Result<Option<Chat>, Refused> {
    let Some(facts) = load_gift(cx, account, id, to, by).await? else { return Ok(None) };
    let now = cx.ambient.now();
    let gift = decide_gift(&facts, to, by, now)?;
    let (after, writes) = gift_writes(&facts, &gift, account.crm_kind, now)?;
    if writes.is_empty() {
        return Ok(Some(facts.before));
    }
    cx.store.commit(writes).await?;
    tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "given to another employee");
    nudge_if_place_freed(cx, &facts.before, &after).await;
    follow_up(cx, &after, account.crm_kind).await;
    Ok(Some(after))
}

/// What it is decided on whether an employee gets a chat, as of the last write.
#[derive(Debug)]
struct GiftFacts {
    before: Chat,
    closing: Closing,
    contact: Option<Contact>,
    employee: Option<Employee>,
    /// The employee's place on the channel, where a person gives them the chat.
    place: Option<Membership>,
}

/// `None` when the chat is gone.
async fn load_gift(
    cx: &Context<'_>,
    owner: &Account,
    id: &ChatId,
    to: &EmployeeId,
    by: &By<'_>,
) -> Result<Option<GiftFacts>, StoreError> {
    let (store, account) = (cx.store, &owner.account);
    let Some(before) = store.chat(account, id).await? else { return Ok(None) };
    let (contact, closing) = tokio::join!(
        store.person(account, &before.contact, Read::Consistent),
        closing_of(store, owner, &before),
    );
    let place = match by.why {
        AssignmentReason::ByHand => place_of(store, account, &before.channel, to).await?,
        _ => None,
    };
    let employee = store.employee(account, to).await?;
    Ok(Some(GiftFacts { before, closing: closing?, contact: contact?, employee, place }))
}

/// An employee's chat.
#[derive(Debug)]
struct Gift {
    /// The chat as it is then.
    after: Chat,
    employee: Employee,
    /// The place that lets the employee have it, where a person says so.
    place: Option<Membership>,
    /// The entry in its history; none where the chat was theirs already.
    record: Option<AssignmentRecord>,
}

fn decide_gift(facts: &GiftFacts, to: &EmployeeId, by: &By<'_>, now: Timestamp) -> Result<Gift, Refused> {
    let place = match by.why {
        AssignmentReason::ByHand => Some(may_have(facts.place.as_ref())?.clone()),
        _ => None,
    };
    let employee = facts.employee.clone().ok_or(Refused::NotFound(What::Employee))?;
    let (after, record) = given(&facts.before, to, by, now);
    Ok(Gift { after, employee, place, record })
}

/// Whether an employee's place lets them have clients.
fn may_have(place: Option<&Membership>) -> Result<&Membership, Refused> {
    // An employee who is not there has no place either.
    let place = place.ok_or(Refused::MayNotHave(Refusal::NoRole))?;
    if !place.role.may_write() {
        return Err(Refused::MayNotHave(Refusal::QualityControl));
    }
    if place.sends { Ok(place) } else { Err(Refused::MayNotHave(Refusal::NotBound)) }
}

/// Whether nothing is to be done for a chat to be an employee's: they have it, and the queue has not. Where a person says so of one
/// that they got by themselves, that is news: no rule takes it from them then. A CRM mostly repeats what it was told.
fn is_settled(chat: &Chat, to: &EmployeeId, why: AssignmentReason) -> bool {
    let has = matches!(chat.assignment_state, AssignmentState::Silent | AssignmentState::Assigned);
    let said = why != AssignmentReason::ByHand || chat.assigned_by == Some(AssignedBy::Person);
    chat.responsible.as_ref() == Some(to) && has && said
}

/// The chat as it is when it is an employee's, and the entry in its history when that is news. One in which the client has not
/// written yet is theirs too, and stays silent: no deal is made of it.
fn given(chat: &Chat, to: &EmployeeId, by: &By<'_>, now: Timestamp) -> (Chat, Option<AssignmentRecord>) {
    let mut after = chat.clone();
    let silent = chat.assignment_state == AssignmentState::Silent;
    if is_settled(chat, to, by.why) {
        return (after, None);
    }
    let record = after.assign(to, by.why, now).by(by.employee);
    if silent {
        after.assignment_state = AssignmentState::Silent;
    }
    (after, Some(record))
}

/// The chat as it is written, and the writes: none when nothing changes.
fn gift_writes(
    facts: &GiftFacts,
    gift: &Gift,
    crm: CrmKind,
    now: Timestamp,
) -> Result<(Chat, Vec<Write>), StoreError> {
    let mut contact_write = None;
    if let Some(contact) = &facts.contact {
        let theirs = Contact { responsible: Some(gift.employee.employee.clone()), ..contact.clone() };
        contact_write = Write::change(
            contact,
            &theirs,
            &[attribute::contact::RESPONSIBLE, attribute::contact::MERGED_INTO],
        )?;
    }
    if gift.record.is_none() && contact_write.is_none() {
        return Ok((facts.before.clone(), Vec::new()));
    }
    let (before, after) = (Some(facts.before.clone()), gift.after.clone());
    let mut change =
        ChatTransaction::between(before, after, &facts.closing, crm).decided_on(DecidedOn::Responsible);
    change.also(Ok(contact_write));
    // The employee must still be there at the moment of the commit.
    change.row(Write::check(&gift.employee, &[]));
    change.also(gift.place.as_ref().map(|place| Write::check(place, &WORKS_BY)).transpose());
    if let Some(record) = &gift.record {
        change.assignment(record);
    }
    change.writes(now)
}

/// Takes a chat's client from the employee who has them and puts them back into the queue of the channel, at their place of before:
/// one transaction; then they are given out. One who stands there anew already stays. `head` is who decided it, when it was an
/// employee.
///
/// # Errors
/// [`Refused::NotFound`] when the chat is not there; [`Refused::ClientSilent`] when its client has not written; [`Refused::Store`].
pub async fn requeue(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    head: Option<&EmployeeId>,
) -> Result<Chat, Refused> {
    let after = cx.retry_on_conflict(|| requeue_once(cx, account, chat, head)).await?;
    // Also when nothing changed: the process that was to nudge before may have died.
    nudge_assignment(cx, &after.account, std::slice::from_ref(&after.channel)).await;
    Ok(after)
}

async fn requeue_once(
    cx: &Context<'_>,
    account: &Account,
    id: &ChatId,
    head: Option<&EmployeeId>,
) -> Result<Chat, Refused> {
    let before = cx.store.chat(&account.account, id).await?.ok_or(Refused::NotFound(What::Chat))?;
    let closing = closing_of(cx.store, account, &before).await?;
    let now = cx.ambient.now();
    let Some((after, record)) = requeued(&before, head, now)? else { return Ok(before) };
    let mut change = ChatTransaction::between(Some(before), after, &closing, account.crm_kind)
        .decided_on(DecidedOn::Responsible);
    change.assignment(&record);
    let (after, writes) = change.writes(now)?;
    cx.store.commit(writes).await?;
    Ok(after)
}

/// The chat as it is when a person puts its client back, and the entry in its history; `None` when the client waits anew already.
/// An employee who let the client wait before may have them again: a person wants it so.
fn requeued(
    chat: &Chat,
    head: Option<&EmployeeId>,
    now: Timestamp,
) -> Result<Option<(Chat, AssignmentRecord)>, Refused> {
    if chat.assignment_state == AssignmentState::Silent {
        return Err(Refused::ClientSilent);
    }
    let there = chat.assignment_state == AssignmentState::Waiting
        && chat.queue_preference == Some(QueuePreference::Anyone);
    if there && chat.responsible.is_none() {
        return Ok(None);
    }
    let mut after = chat.clone();
    after.arrived_at = chat.arrived_at.or(chat.opened_at);
    after.unassign(now);
    after.missed_by.clear();
    let record = AssignmentRecord::new(&after, AssignmentReason::BackByHand, now).by(head);
    Ok(Some((after, record)))
}

#[cfg(test)]
#[path = "reassign_tests.rs"]
mod tests;
