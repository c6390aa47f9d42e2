//! Sending (E1): whoever writes, it is decided here. Rights, limits and the caller's key come first; then message, key,
//! chat, claim and job are one transaction, or nothing is.

use crate::app::App;
use crate::chats::reassign::{By, reassign_chat};
use crate::http::chat_access::place_of;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::service::checked_content::{Content, checked, event_of};
use crate::service::follow_up::mark_for_rules;
use crate::service::send_target::{Addressed, Gone, addressed, claim, leave};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId, EmployeeId, MessageId};
use shared::model::access::sending::{Permit, Refusal, Sender, keeps_whom_he_addresses, may_send};
use shared::model::account::Account;
use shared::model::assignment::eligible_now;
use shared::model::channel::Channel;
use shared::model::chat::assignment_reason::Why;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::{ChatState, ClientState};
use shared::model::chat::{Chat, ForRules};
use shared::model::contact::Contact;
use shared::model::employee::{Employee, Membership};
use shared::model::event::{Author, MessageEvent, Origin};
use shared::model::message::Message;
use shared::model::message::content::CommentMode;
use shared::model::outbound::{Action, OutboundJob, SendKey, signed};
use shared::store::chats::{chat_write, open_chat_writes};
use shared::store::outbound::send_writes;
use shared::store::row::Write;
use shared::store::waiting::waiting_writes;
use shared::store::{Read, StoreError};

/// What a member's place must still say when his answer makes him responsible.
const PLACE: [&str; 4] = ["role", "receives_new_clients", "sends", "inactive"];

/// Who writes.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The employee, when it is one. One whom we do not know writes as the account itself.
    pub employee: Option<EmployeeId>,
    /// Where it was written.
    pub origin: Origin,
}

/// A caller's key (E4).
#[derive(Clone, Debug)]
pub struct CallersKey {
    /// Digest of the key, by [`SendKey::digest`].
    pub digest: String,
    /// Digest of what is asked for.
    pub request: String,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id, ours.
    pub id: MessageId,
    /// Who writes.
    pub from: Writer,
    /// What.
    pub content: Content,
    /// The message that it answers, by the id under which the chat has it.
    pub quote: Option<MessageId>,
    /// How a comment is answered.
    pub mode: Option<CommentMode>,
    /// The caller's key.
    pub key: Option<CallersKey>,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into a chat that is there.
    Chat(ChatId),
    /// Into this chat, which is made when it is not there (D4).
    Dialogue(Box<Dialogue>),
}

/// A dialogue that we begin.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The channel that it is begun on.
    pub channel: Channel,
    /// How the chat would look if it were a message of the client's: whose chat, which messenger, what is known of him.
    pub like: MessageEvent,
    /// How he is reached until the provider tells the chat's id.
    pub reach: Option<shared::model::chat::Reach>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The chat as it is now.
    pub chat: Chat,
    /// The message, by our id.
    pub message_id: MessageId,
    /// Whether it was asked for before under the same key: then nothing was done now.
    pub repeated: bool,
}

/// Sends a message: when this returns, it is on its way.
///
/// # Errors
/// 403 with the reason when the author may not, 422 when the provider's limits forbid it, 404 when chat or quoted message are
/// not there, 409 `key_reused` when the key stands for another request.
pub async fn send(
    app: &App,
    account: &AccountId,
    target: &Target,
    message: &NewMessage,
) -> Result<Accepted, ApiError> {
    let (owner, accepted) = app.settle(|| send_once(app, account, target, message)).await?;
    // Also when it was accepted before: whoever did it may have died before he told anybody.
    app.tell(&accepted.chat, owner.crm_kind).await;
    Ok(accepted)
}

async fn send_once(
    app: &App,
    account: &AccountId,
    target: &Target,
    message: &NewMessage,
) -> Result<(Account, Accepted), ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    if let Some(accepted) = accepted_before(app, account, message.key.as_ref()).await? {
        return Ok((owner, accepted));
    }
    let facts = facts(app, &owner, target, message).await?;
    let permit = may_send(facts.sender(), &facts.chat, &facts.channel).map_err(ApiError::may_not_send)?;
    let now = app.ambient.now();
    let signature = facts.author.as_ref().and_then(|author| author.signature.as_deref());
    let received = message.content.text().map(|text| signed(text, signature));
    checked(
        &facts.chat,
        &facts.channel,
        &message.content,
        received.as_deref(),
        facts.quoted.as_ref(),
        message.mode,
        now,
    )?;
    let author = facts.author_of(message);
    let event = event_of(&facts.chat, &facts.channel, message, author, facts.quoted.as_ref(), now);
    let claimed = facts.claimed_by(permit);
    if claimed.is_some() {
        facts.nobody_else_has_him(app).await?;
    }
    let mut after = facts.chat.clone();
    let given = claimed.map(|employee| claim(&mut after, employee, now));
    let mut row = after
        .send(&event, received.as_deref(), now)
        .ok_or_else(|| ApiError::internal("a new message changed nothing"))?;
    if let Content::File(file) = &message.content {
        row.file = Some(file.stored());
    }
    let given = given.or_else(|| facts.leave_whoever_is_gone(&mut after, now));
    facts.conclude(&owner, message, &mut after, now);
    let mut job = OutboundJob::new(account, &after.chat, row.created_seq, &message.id, Action::Send, now);
    job.signature = signature.filter(|_| received.is_some()).map(str::to_owned);
    app.store.commit(facts.writes(app, &after, &row, &job, message, given.as_ref())?).await?;
    if given.is_some() && after.client == ClientState::Waiting {
        app.nudge(account, std::slice::from_ref(&after.channel)).await;
    }
    let (message_id, repeated) = (message.id.clone(), false);
    Ok((owner, Accepted { chat: after, message_id, repeated }))
}

/// What was accepted under the same key.
///
/// # Errors
/// 409 `key_reused` when the key stands for another request.
pub async fn accepted_before(
    app: &App,
    account: &AccountId,
    key: Option<&CallersKey>,
) -> Result<Option<Accepted>, ApiError> {
    let Some(key) = key else { return Ok(None) };
    let Some(known) = app.store.send_key(account, &key.digest).await? else { return Ok(None) };
    if known.request != key.request {
        let message = "the key was used for another message: a key stands for one message, for good";
        return Err(ApiError::conflict("key_reused", message));
    }
    let chat = app.store.chat(account, &known.chat).await?;
    // His client was erased: the key was used all the same.
    let chat =
        chat.ok_or_else(|| ApiError::conflict("key_reused", "the key was used for a message that is gone"))?;
    Ok(Some(Accepted { chat, message_id: known.message_id, repeated: true }))
}

/// What a send is decided on, as of the last write.
struct Facts {
    /// The chat as stored; none when it is made now.
    before: Option<Chat>,
    chat: Chat,
    /// Rows that a new chat brings along.
    belongings: Vec<Write>,
    channel: Channel,
    author: Option<Employee>,
    place: Option<Membership>,
    /// Who loses the chat when it opens.
    gone: Option<Gone>,
    /// The client, where somebody may get him.
    person: Option<Contact>,
    quoted: Option<Message>,
}

async fn facts(app: &App, owner: &Account, target: &Target, message: &NewMessage) -> Result<Facts, ApiError> {
    let account = &owner.account;
    let author = match &message.from.employee {
        Some(employee) => known_author(app, account, employee).await?,
        None => None,
    };
    let Addressed { before, chat, belongings, place, gone } =
        addressed(app, owner, target, author.as_ref()).await?;
    let channel = app.store.channel(account, &chat.channel, Read::Consistent).await?;
    let channel = channel.ok_or_else(|| ApiError::not_found("channel"))?;
    let claimable = before.is_some() && author.is_some() && chat.responsible.is_none();
    let person = if claimable || gone.is_some() {
        app.store.person(account, &chat.contact, Read::Consistent).await?
    } else {
        None
    };
    let quoted = match &message.quote {
        Some(id) => Some(quoted(app, account, &chat, id).await?),
        None => None,
    };
    Ok(Facts { before, chat, belongings, channel, author, place, gone, person, quoted })
}

/// The author, by the id that was told. Where nobody was ever loaded, every id is taken: the CRM keeps its users to itself. Where
/// some were, an unknown one has no rights, be he new or gone.
///
/// # Errors
/// 403 `no_role` for such a one.
pub async fn known_author(
    app: &App,
    account: &AccountId,
    employee: &EmployeeId,
) -> Result<Option<Employee>, ApiError> {
    if let Some(known) = app.store.employee(account, employee).await? {
        return Ok(Some(known));
    }
    if app.store.employees(account).await?.is_empty() {
        return Ok(None);
    }
    Err(ApiError::may_not_send(Refusal::NoRole))
}

async fn quoted(app: &App, account: &AccountId, chat: &Chat, id: &MessageId) -> Result<Message, ApiError> {
    let found = app.store.messages(account, &chat.chat, std::slice::from_ref(id)).await?;
    let found = found.into_iter().next().filter(|row| row.deleted_seq.is_none());
    found.ok_or_else(|| {
        let message = "there is no such message in this chat, or it was deleted";
        ApiError::refused("quote_not_found", "quote", message).because("REFERENCE_MESSAGE_NOT_FOUND")
    })
}

impl Facts {
    /// What follows from a message for its chat besides the message: rules are to be told of it, and of the chat that it opened.
    fn conclude(&self, owner: &Account, message: &NewMessage, after: &mut Chat, now: Timestamp) {
        if owner.crm_kind == shared::model::crm::CrmKind::None {
            after.settle_without_crm();
        }
        let closing = Closing::of(owner, Some(&self.channel));
        if self.chat.state == ChatState::General && after.state != ChatState::General {
            mark_for_rules(owner, &closing, after, ForRules::Opened, now);
        }
        mark_for_rules(owner, &closing, after, ForRules::MessageOut(message.id.clone()), now);
        after.watch(&closing, now);
    }

    fn sender(&self) -> Sender<'_> {
        match &self.author {
            Some(_) => Sender::Employee(self.place.as_ref()),
            None => Sender::Account,
        }
    }

    fn claimed_by(&self, permit: Permit) -> Option<&EmployeeId> {
        self.author.as_ref().filter(|_| permit == Permit::Claim).map(|author| &author.employee)
    }

    /// A chat that the message has opened does not stay with somebody who is gone: its author gets the client where he keeps whom
    /// he addresses, unless somebody else has the person.
    fn leave_whoever_is_gone(&self, after: &mut Chat, now: Timestamp) -> Option<AssignmentRecord> {
        let gone = self.gone.as_ref().filter(|_| after.state != ChatState::General)?;
        let author = self.place.as_ref().filter(|place| place.sends && keeps_whom_he_addresses(place));
        let author = author.map(|place| &place.employee);
        let of = self.person.as_ref().and_then(|person| person.responsible.as_ref());
        let kept = of.is_some_and(|of| *of != gone.employee && Some(of) != author);
        Some(leave(after, author.filter(|_| !kept), kept, now))
    }

    /// A person may have chats on several channels: who has him in one keeps him in all while he is eligible there (B5), and the
    /// chat goes to him instead.
    async fn nobody_else_has_him(&self, app: &App) -> Result<(), ApiError> {
        let author = self.author.as_ref().map(|author| &author.employee);
        let other = self.person.as_ref().and_then(|person| person.responsible.as_ref());
        let Some(other) = other.filter(|other| Some(*other) != author) else { return Ok(()) };
        let place = place_of(app, &self.chat.account, &self.chat.channel, other).await?;
        if place.is_none_or(|place| eligible_now(&place, app.ambient.now()).is_err()) {
            return Ok(());
        }
        reassign_chat(app, &self.chat, other, &By { why: Why::Kept, employee: None }).await?;
        Err(ApiError::may_not_send(Refusal::NotResponsible))
    }

    /// The author as the message shows him; one whom we do not know by the id that was told.
    fn author_of(&self, message: &NewMessage) -> Option<Author> {
        let id = message.from.employee.as_ref()?;
        let name = self.author.as_ref().map(|author| author.name.clone());
        Some(Author { name, id: Some(id.to_string()), user: None })
    }

    fn writes(
        &self,
        app: &App,
        after: &Chat,
        row: &Message,
        job: &OutboundJob,
        message: &NewMessage,
        given: Option<&AssignmentRecord>,
    ) -> Result<Vec<Write>, ApiError> {
        let mut writes: Vec<Write> = match &self.before {
            Some(before) => chat_write(before, after)?.into_iter().collect(),
            None => vec![Write::create(after)?],
        };
        if let Some(before) = &self.before {
            writes.extend(waiting_writes(before, after)?);
        }
        writes.extend(send_writes(row, job)?);
        writes.extend(open_chat_writes(self.before.as_ref(), Some(after))?);
        writes.extend(self.belongings.iter().cloned());
        if let Some(key) = &message.key {
            writes.push(Write::create(&SendKey {
                v: 1,
                account: after.account.clone(),
                key: key.digest.clone(),
                request: key.request.clone(),
                chat: after.chat.clone(),
                message_id: message.id.clone(),
                created_at: job.created_at,
            })?);
        }
        if let Content::File(file) = &message.content {
            writes.push(Write::create(&file.link_row(app, after))?);
        }
        writes.extend(given.map(|record| self.given_writes(record)).transpose()?.into_iter().flatten());
        Ok(writes)
    }

    /// That the chat is somebody else's now, or nobody's, and what that depends on.
    fn given_writes(&self, record: &AssignmentRecord) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![Write::create(record)?];
        writes.extend(self.gone.as_ref().map(|gone| gone.still.clone()));
        if let (Some(employee), Some(place)) = (&record.responsible, &self.place) {
            writes.push(Write::check(place, &PLACE)?);
            if let Some(person) = &self.person {
                let claimed = Contact { responsible: Some(employee.clone()), ..person.clone() };
                writes.extend(Write::change(person, &claimed, &["responsible", "merged_into"])?);
            }
        }
        Ok(writes)
    }
}
