//! Sending (E1), for employees, programs and the account alike. Rights, limits and the caller's key are checked first;
//! then message, key, chat, claim and job are written in one transaction.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId, MessageId};
use crate::model::access::sending::{Permit, Refusal, Sender, keeps_client_on_first_message, may_send};
use crate::model::account::Account;
use crate::model::assignment::eligible_now;
use crate::model::channel::Channel;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::closing::Closing;
use crate::model::chat::state::{AssignmentState, ChatState};
use crate::model::chat::{Chat, ForRules};
use crate::model::contact::Contact;
use crate::model::employee::{Employee, Membership};
use crate::model::event::Author;
use crate::model::message::Message;
use crate::model::outbound::{Action, OutboundJob, SendKey, signed};
use crate::service::author::known_author;
use crate::service::checked_content::{checked, event_of};
use crate::service::content::Content;
use crate::service::context::Context;
use crate::service::follow_up::{follow_up, mark_for_rules, nudge_assignment};
use crate::service::new_message::{Accepted, AuthorRights, CallersKey, NewMessage};
use crate::service::place::place_of;
use crate::service::reassign::{By, reassign_chat};
use crate::service::refused::{Conflict, Refused, What};
use crate::service::send_target::{Addressed, addressed, claim, leave};
use crate::store::attribute;
use crate::store::attribute::CLAIMS_BY;
use crate::store::chat_transaction::ChatTransaction;
use crate::store::row::Write;
use crate::store::{Read, Store, StoreError};
use std::time::Duration;

/// Sends a message of the account's: when this returns, it is queued for the provider. A file of ours that no message
/// uses is deleted.
///
/// # Errors
/// [`Refused::MayNotSend`] when the author may not; [`Refused::Limit`], [`Refused::NotAComment`] and
/// [`Refused::NoCommentNamed`] when the channel does not take it; [`Refused::NotFound`] and [`Refused::NothingQuoted`]
/// when the chat or the quoted message does not exist; [`Refused::Conflict`] when the key was used for another request;
/// [`Refused::Store`].
pub async fn send(cx: &Context<'_>, account: &Account, message: &NewMessage) -> Result<Accepted, Refused> {
    let sent = cx.retry_on_conflict(|| send_once(cx, account, message)).await;
    if let Ok(accepted) = &sent {
        // Also when it was accepted before: the process that accepted it may have died before its nudges.
        follow_up(cx, &accepted.chat, account.crm_kind).await;
    }
    let not_used = match &sent {
        Ok(accepted) => accepted.repeated,
        Err(refused) => refused.stored_nothing(),
    };
    if let Content::File(file) = &message.content
        && not_used
        && let Err(error) = cx.files.delete(&file.object).await
    {
        tracing::warn!(account = %account.account, error = %error, "a copy that no message uses was not deleted; the bucket deletes it when it expires");
    }
    sent
}

/// The message that was accepted under the same key, if any. Checked before anything is prepared for a message that may
/// be a repeat.
///
/// # Errors
/// [`Refused::Conflict`] when the key was used for another request; [`Refused::Store`].
pub async fn sent_before(
    cx: &Context<'_>,
    account: &Account,
    key: Option<&CallersKey>,
) -> Result<Option<Accepted>, Refused> {
    let accepted = accepted_before(cx.store, &account.account, key).await?;
    if let Some(accepted) = &accepted {
        // The process that accepted it may have died before its nudges.
        follow_up(cx, &accepted.chat, account.crm_kind).await;
    }
    Ok(accepted)
}

async fn send_once(cx: &Context<'_>, account: &Account, message: &NewMessage) -> Result<Accepted, Refused> {
    if let Some(accepted) = accepted_before(cx.store, &account.account, message.key.as_ref()).await? {
        return Ok(accepted);
    }
    let facts = load(cx, account, message).await?;
    let now = cx.ambient.now();
    let sending = match decide(&facts, message, now)? {
        Decision::Send(sending) => sending,
        Decision::LeaveTo(other) => {
            let by = By { why: AssignmentReason::Kept, employee: None };
            reassign_chat(cx, account, &facts.to.chat.chat, &other, &by).await?;
            return Err(Refused::MayNotSend(Refusal::NotResponsible));
        }
    };
    let kept_until = now + Duration::from_secs(cx.media_days * 24 * 3600);
    let (after, writes) = writes(&facts, &sending, message, kept_until, now)?;
    cx.store.commit(writes).await?;
    if sending.given.is_some() && after.assignment_state == AssignmentState::Waiting {
        nudge_assignment(cx, &account.account, std::slice::from_ref(&after.channel)).await;
    }
    Ok(Accepted { chat: after, message_id: message.id.clone(), repeated: false })
}

async fn accepted_before(
    store: &Store,
    account: &AccountId,
    key: Option<&CallersKey>,
) -> Result<Option<Accepted>, Refused> {
    let Some(key) = key else { return Ok(None) };
    let Some(known) = store.send_key(account, &key.digest).await? else { return Ok(None) };
    if known.request != key.request {
        return Err(Refused::Conflict(Conflict::KeyReused));
    }
    // Where the client was erased, the key was used all the same.
    let chat = store.chat(account, &known.chat).await?.ok_or(Refused::Conflict(Conflict::KeyOfErased))?;
    Ok(Some(Accepted { chat, message_id: known.message_id, repeated: true }))
}

/// The rows that a send is decided on, as of the last write.
#[derive(Debug)]
struct SendFacts<'a> {
    account: &'a Account,
    /// The chat, and the author's membership of its channel.
    to: Addressed,
    channel: Channel,
    author: Option<Employee>,
    /// The employee who is named as the author, and whose message the account sends.
    label: Option<Employee>,
    /// The client, where the author or an heir may get them.
    person: Option<Contact>,
    /// The membership of another employee who has the person, where the author may claim the chat.
    others_place: Option<Membership>,
    /// The quoted message, if it is in the chat and was not deleted.
    quoted: Option<Message>,
}

async fn load<'a>(
    cx: &Context<'_>,
    owner: &'a Account,
    message: &NewMessage,
) -> Result<SendFacts<'a>, Refused> {
    let (store, account) = (cx.store, &owner.account);
    let author = match &message.from.employee {
        Some(employee) => known_author(store, account, employee, message.from.rights).await?,
        None => None,
    };
    let mut to = addressed(cx, owner, &message.target, author.as_ref()).await?;
    let channel = store.channel(account, &to.chat.channel, Read::Consistent).await?;
    let channel = channel.ok_or(Refused::NotFound(What::Channel))?;
    let (author, label) = match (author, message.from.rights) {
        (Some(named), AuthorRights::Label) if !writes_as_employee(&to, &channel) => {
            // Also a new chat begins as the account's.
            to = addressed(cx, owner, &message.target, None).await?;
            (None, Some(named))
        }
        (author, _) => (author, None),
    };
    let claimable = author.as_ref().filter(|_| to.before.is_some() && to.chat.responsible.is_none());
    let person = if claimable.is_some() || to.gone.is_some() {
        store.person(account, &to.chat.contact, Read::Consistent).await?
    } else {
        None
    };
    let others_place = match (claimable, person.as_ref().and_then(|person| person.responsible.as_ref())) {
        (Some(author), Some(other)) if *other != author.employee => {
            place_of(store, account, &to.chat.channel, other).await?
        }
        _ => None,
    };
    let quoted = match &message.quote {
        Some(id) => quoted(store, &to.chat, id).await?,
        None => None,
    };
    Ok(SendFacts { account: owner, to, channel, author, label, person, others_place, quoted })
}

/// Whether the employee with the membership of the chat's channel may write there themself.
fn writes_as_employee(to: &Addressed, channel: &Channel) -> bool {
    may_send(Sender::Employee(to.place.as_ref()), &to.chat, channel).is_ok()
}

async fn quoted(store: &Store, chat: &Chat, id: &MessageId) -> Result<Option<Message>, StoreError> {
    let found = store.messages(&chat.account, &chat.chat, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().next().filter(|row| row.deleted_seq.is_none()))
}

/// The outcome of deciding a send.
#[derive(Debug, PartialEq)]
enum Decision {
    /// The message is sent.
    Send(Box<Sending>),
    /// The message is not sent, and its chat goes to this employee, who has the person in another chat (B5).
    LeaveTo(EmployeeId),
}

/// What is written for a message that is sent.
#[derive(Debug, PartialEq)]
struct Sending {
    /// The chat afterwards.
    after: Chat,
    row: Message,
    job: OutboundJob,
    /// The entry in the chat's history, if its responsible changes.
    given: Option<AssignmentRecord>,
}

fn decide(facts: &SendFacts<'_>, message: &NewMessage, now: Timestamp) -> Result<Decision, Refused> {
    let (chat, channel) = (&facts.to.chat, &facts.channel);
    if message.quote.is_some() && facts.quoted.is_none() {
        return Err(Refused::NothingQuoted);
    }
    let permit = may_send(facts.sender(), chat, channel).map_err(Refused::MayNotSend)?;
    let signature = facts.shown_author().and_then(|author| author.signature.as_deref());
    let received = message.content.text().map(|text| signed(text, signature));
    let quoted = facts.quoted.as_ref();
    checked(chat, channel, message, received.as_deref(), quoted, now)?;
    let mut claimed = facts.claimed_by(permit);
    if claimed.is_some()
        && let Some(other) = facts.kept_by_another(now)
    {
        match message.from.rights {
            AuthorRights::Enforced => return Ok(Decision::LeaveTo(other.clone())),
            AuthorRights::Label => claimed = None,
        }
    }
    let event = event_of(chat, channel, message, facts.author_of(message), quoted, now);
    let mut after = chat.clone();
    let given = claimed.map(|employee| claim(&mut after, employee, now));
    let row = after.send(&event, received.as_deref(), now);
    let mut row = row.ok_or(Refused::Internal("a new message changed nothing"))?;
    if let Content::File(file) = &message.content {
        row.file = Some(file.stored());
    }
    row.keyboard.clone_from(&message.keyboard);
    let given = given.or_else(|| facts.leave_departed(&mut after, now));
    facts.tell_rules(message, &mut after);
    let number = row.created_seq;
    let mut job = OutboundJob::new(&after.account, &after.chat, number, &message.id, Action::Send, now);
    job.signature = signature.filter(|_| received.is_some()).map(str::to_owned);
    Ok(Decision::Send(Box::new(Sending { after, row, job, given })))
}

impl SendFacts<'_> {
    fn sender(&self) -> Sender<'_> {
        match &self.author {
            Some(_) => Sender::Employee(self.to.place.as_ref()),
            None => Sender::Account,
        }
    }

    /// The employee as whose message it is shown.
    fn shown_author(&self) -> Option<&Employee> {
        self.author.as_ref().or(self.label.as_ref())
    }

    fn claimed_by(&self, permit: Permit) -> Option<&EmployeeId> {
        self.author.as_ref().filter(|_| permit == Permit::Claim).map(|author| &author.employee)
    }

    /// A person may have chats on several channels: the employee who has them in one keeps them in all while eligible
    /// there (B5), and the chat goes to that employee instead.
    fn kept_by_another(&self, now: Timestamp) -> Option<&EmployeeId> {
        let place = self.others_place.as_ref()?;
        eligible_now(place, now).is_ok().then_some(&place.employee)
    }

    /// The author as the message shows them; an employee whom we do not know is shown by the id that the caller named.
    fn author_of(&self, message: &NewMessage) -> Option<Author> {
        let id = message.from.employee.as_ref()?;
        let name = self.shown_author().map(|author| author.name.clone());
        Some(Author { name, id: Some(id.to_string()), user: None })
    }

    /// Takes a chat that the message has opened from an employee who is gone. The author becomes responsible if their
    /// membership lets them keep clients they write to first, unless another employee has the person.
    fn leave_departed(&self, after: &mut Chat, now: Timestamp) -> Option<AssignmentRecord> {
        let gone = self.to.gone.as_ref().filter(|_| after.state != ChatState::General)?;
        let author =
            self.to.place.as_ref().filter(|place| place.sends && keeps_client_on_first_message(place));
        let author = author.map(|place| &place.employee);
        let of = self.person.as_ref().and_then(|person| person.responsible.as_ref());
        let kept = of.is_some_and(|of| *of != gone.employee && Some(of) != author);
        Some(leave(after, author.filter(|_| !kept), kept, now))
    }

    /// Records the message for the account's rules, and the opening of the chat if the message opened it.
    fn tell_rules(&self, message: &NewMessage, after: &mut Chat) {
        if self.to.chat.state == ChatState::General && after.state != ChatState::General {
            mark_for_rules(self.account, after, ForRules::Opened);
        }
        mark_for_rules(self.account, after, ForRules::MessageOut(message.id.clone()));
    }
}

/// The chat as it is written, and the one transaction that sends a message. Its file's link is valid until
/// `kept_until`.
fn writes(
    facts: &SendFacts<'_>,
    sending: &Sending,
    message: &NewMessage,
    kept_until: Timestamp,
    now: Timestamp,
) -> Result<(Chat, Vec<Write>), StoreError> {
    let (before, after) = (facts.to.before.clone(), &sending.after);
    let closing = Closing::of(facts.account, Some(&facts.channel));
    let mut change = ChatTransaction::between(before, after.clone(), &closing, facts.account.crm_kind);
    change.send(&sending.row, &sending.job);
    change.also(Ok(facts.to.belongings.iter().cloned()));
    if let Some(key) = &message.key {
        change.row(Write::create(&SendKey {
            v: 1,
            account: after.account.clone(),
            key: key.digest.clone(),
            request: key.request.clone(),
            chat: after.chat.clone(),
            message_id: message.id.clone(),
            created_at: sending.job.created_at,
        }));
    }
    if let Content::File(file) = &message.content {
        change.row(Write::create(&file.link_row(after, kept_until)));
    }
    if let Some(record) = &sending.given {
        change.also(given_writes(facts, record));
    }
    change.writes(now)
}

/// The writes of a changed responsible, and the checks that they depend on.
fn given_writes(facts: &SendFacts<'_>, record: &AssignmentRecord) -> Result<Vec<Write>, StoreError> {
    let mut writes = vec![Write::create(record)?];
    writes.extend(facts.to.gone.as_ref().map(|gone| gone.still.clone()));
    if let (Some(employee), Some(place)) = (&record.responsible, &facts.to.place) {
        writes.push(Write::check(place, &CLAIMS_BY)?);
        if let Some(person) = &facts.person {
            let claimed = Contact { responsible: Some(employee.clone()), ..person.clone() };
            writes.extend(Write::change(
                person,
                &claimed,
                &[attribute::contact::RESPONSIBLE, attribute::contact::MERGED_INTO],
            )?);
        }
    }
    Ok(writes)
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
