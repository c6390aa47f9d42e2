//! Changing a chat's responsible: by hand, or because the CRM says so (B1). The contact and each of its chats store the
//! client's responsible; rights follow from the chats, at once.

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

/// Page size when a contact's chats are read.
const PAGE: i32 = 100;

/// Who decided that an employee gets a client.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The reason.
    pub why: AssignmentReason,
    /// The employee who decided it, if one did.
    pub employee: Option<&'a EmployeeId>,
}

impl By<'_> {
    /// The CRM decided it.
    pub const CRM: Self = Self { why: AssignmentReason::ByCrm, employee: None };
}

/// Assigns a chat, and the contact behind it, to an employee, regardless of who is responsible now. One transaction,
/// which also removes a waiting client from the queue and a chat without a responsible from the list that all employees
/// see. Then the CRM is nudged. Nothing changes when the employee is responsible for both already. Returns the chat as
/// it is afterwards.
///
/// When a person decides it, the employee has to work on the channel; otherwise the caller checks that.
///
/// # Errors
/// [`Refused::NotFound`] when the chat or the employee does not exist; [`Refused::MayNotHave`] when a person assigns it
/// to an employee who does not work on the channel; [`Refused::Store`].
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

/// Assigns a person with all their chats to an employee: the contact first, so that a chat that begins meanwhile goes
/// to the employee, then chat by chat. After a failure midway the finished part stays, and a repeated call does the
/// rest. Returns how many chats changed.
///
/// # Errors
/// [`Refused::NotFound`] when the contact or the employee does not exist; [`Refused::Store`].
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

/// Changes the contact alone.
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

/// Assigns one chat, as it is now. `None` when the chat is gone.
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
    tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "assigned to another employee");
    nudge_if_place_freed(cx, &facts.before, &after).await;
    follow_up(cx, &after, account.crm_kind).await;
    Ok(Some(after))
}

/// The rows that an assignment is decided on, as of the last write.
#[derive(Debug)]
struct GiftFacts {
    before: Chat,
    closing: Closing,
    contact: Option<Contact>,
    employee: Option<Employee>,
    /// The employee's membership of the channel, where a person assigns the chat.
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

/// A chat assigned to an employee.
#[derive(Debug)]
struct Gift {
    /// The chat afterwards.
    after: Chat,
    employee: Employee,
    /// The membership that allows the employee to have it, where a person assigns it.
    place: Option<Membership>,
    /// The entry in its history; `None` where the employee was responsible already.
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

/// Whether an employee's membership allows them to have clients.
fn may_have(place: Option<&Membership>) -> Result<&Membership, Refused> {
    // An employee who does not exist has no membership either.
    let place = place.ok_or(Refused::MayNotHave(Refusal::NoRole))?;
    if !place.role.may_write() {
        return Err(Refused::MayNotHave(Refusal::QualityControl));
    }
    if place.sends { Ok(place) } else { Err(Refused::MayNotHave(Refusal::NotBound)) }
}

/// Whether the chat is the employee's already, so that nothing has to be done: they are responsible, and it is not
/// queued. It still counts as a change when a person assigns a chat that the employee got otherwise, because no rule
/// unassigns it then. A CRM mostly repeats what it was notified of.
fn is_settled(chat: &Chat, to: &EmployeeId, why: AssignmentReason) -> bool {
    let has = matches!(chat.assignment_state, AssignmentState::Silent | AssignmentState::Assigned);
    let said = why != AssignmentReason::ByHand || chat.assigned_by == Some(AssignedBy::Person);
    chat.responsible.as_ref() == Some(to) && has && said
}

/// The chat assigned to an employee, and the entry in its history if that is a change. A chat in which the client has
/// not written yet is assigned too, and stays silent: no deal is made of it.
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

/// The chat as it is written, and the writes; none when nothing changes.
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
    // The employee must still exist at the moment of the commit.
    change.row(Write::check(&gift.employee, &[]));
    change.also(gift.place.as_ref().map(|place| Write::check(place, &WORKS_BY)).transpose());
    if let Some(record) = &gift.record {
        change.assignment(record);
    }
    change.writes(now)
}

/// Unassigns a chat's client and puts them back into the channel's queue, at the place they had before, in one
/// transaction; then assignment is nudged. A client who is queued again already stays as they are. `head` is the
/// employee who decided it, if one did.
///
/// # Errors
/// [`Refused::NotFound`] when the chat does not exist; [`Refused::ClientSilent`] when its client has not written;
/// [`Refused::Store`].
pub async fn requeue(
    cx: &Context<'_>,
    account: &Account,
    chat: &ChatId,
    head: Option<&EmployeeId>,
) -> Result<Chat, Refused> {
    let after = cx.retry_on_conflict(|| requeue_once(cx, account, chat, head)).await?;
    // Also when nothing changed: the process that changed it may have died before its nudge.
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

/// The chat after a person requeued its client, and the entry in its history; `None` when the client is queued again
/// already. An employee with missed turns may get the client again, because a person asked for it.
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
