//! Rows as the workers write them, for tests of the code that reads them.

use crate::testing::{Bench, Company};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, ContactId, MessageId};
use shared::base::phone::Phone;
use shared::model::chat::Chat;
use shared::model::contact::{Contact, ContactChat, ContactClaim, CrmRecords, Identity};
use shared::model::crm::failure::{CrmFailure, FailedChange};
use shared::model::event::{ContactHint, MessageEvent, Revision, Side};
use shared::model::message::kind::Kind;
use shared::model::messenger::{ChannelRef, Messenger};
use shared::store::keys::{self, ContactClaimRow};
use shared::store::row::{Row, Write};

/// A client's text message.
pub fn event(channel: &str, chat: &str, message: &str, at: i64) -> MessageEvent {
    MessageEvent {
        connection: ConnectionId::new("connection"),
        channel: ChannelRef { id: ChannelId::new(channel), provider: "wazzup".into(), external: "c1".into() },
        chat: ChatId::new(chat),
        provider_chat_id: "79011112233".into(),
        aliases: Vec::new(),
        messenger: Messenger::Whatsapp,
        group: false,
        message_id: MessageId::new(message),
        side: Side::Client,
        origin: None,
        own_id: None,
        author: None,
        contact: ContactHint { name: Some("Ivan".into()), ..ContactHint::default() },
        kind: Kind::Text,
        raw_kind: None,
        text: Some(format!("text of {message}")),
        media: None,
        details: None,
        quote: None,
        album: None,
        listing: None,
        extra: None,
        sent_at: Timestamp::from_millis(at),
        revision: Revision::New,
        old_text: None,
        status: None,
        error: None,
        quarantined: None,
    }
}

/// Stores a chat with `messages` messages, the first at `at`.
pub async fn chat(bench: &Bench, company: &Company, channel: &str, id: &str, at: i64, messages: i64) -> Chat {
    let account = account(company);
    let first = event(channel, id, "m0", at);
    let mut chat = Chat::unopened(&account, &first, ContactId::new("contact"), Timestamp::from_millis(at));
    let mut writes = Vec::new();
    for index in 0..messages {
        let now = at + index * 1000;
        let message = event(channel, id, &format!("m{index}"), now);
        writes.push(
            Write::create(&chat.receive(&message, None, Timestamp::from_millis(now)).unwrap()).unwrap(),
        );
    }
    writes.push(Write::create(&chat).unwrap());
    let history = ContactChat {
        v: 1,
        account,
        contact: chat.contact.clone(),
        chat: chat.chat.clone(),
        channel: chat.channel.clone(),
        created_at: chat.listed_at,
    };
    writes.push(Write::create(&history).unwrap());
    bench.app.store.commit_in_parts(writes).await.unwrap();
    chat
}

/// A company's account id.
pub fn account(company: &Company) -> AccountId {
    AccountId::new(company.id.as_str())
}

/// Writes new rows.
pub async fn create<R: Row>(bench: &Bench, rows: &[R]) {
    let writes = rows.iter().map(|row| Write::create(row).unwrap()).collect();
    bench.app.store.commit(writes).await.unwrap();
}

/// Replaces a row by a changed one.
pub async fn change<R: Row + Clone>(bench: &Bench, before: &R, change: impl FnOnce(&mut R)) -> R {
    let mut after = before.clone();
    change(&mut after);
    bench.app.store.commit(Write::change(before, &after, &[]).unwrap().into_iter().collect()).await.unwrap();
    after
}

/// A user of Telegram.
pub fn telegram(user: &str) -> Identity {
    Identity { messenger: Messenger::Telegram, group: false, user: user.into() }
}

/// Stores a contact with its claims.
pub async fn contact(
    bench: &Bench,
    company: &Company,
    id: &str,
    phone: Option<&str>,
    identities: &[Identity],
) -> Contact {
    let contact = Contact {
        v: 1,
        account: account(company),
        contact: ContactId::new(id),
        name: Some(format!("Name of {id}")),
        phone: phone.and_then(|phone| Phone::parse(phone, "RU")),
        identities: identities.to_vec(),
        merged_into: None,
        merged_from: Vec::new(),
        kept_apart: Vec::new(),
        username: None,
        responsible: None,
        crm: CrmRecords { contact_id: Some(format!("crm-{id}")), ..CrmRecords::default() },
        created_at: Timestamp::from_millis(1),
    };
    let claims = identities.iter().map(|identity| keys::identity(&contact.account, identity));
    let claims = claims.chain(contact.phone.iter().map(|phone| keys::phone(&contact.account, phone)));
    let claim = ContactClaim { v: 1, contact: contact.contact.clone() };
    let rows: Vec<_> = claims.map(|at| ContactClaimRow { at, claim: claim.clone() }).collect();
    create(bench, &rows).await;
    create(bench, std::slice::from_ref(&contact)).await;
    contact
}

/// The ids of a list, page by page; the path has a query.
pub async fn ids(bench: &Bench, key: &str, path: &str, list: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), path.to_owned());
    loop {
        let page = bench.expect(200, key, "GET", &next, None).await;
        found.extend(page[list].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return found,
        }
    }
}

/// A change that the CRM did not accept.
pub fn crm_failure(company: &Company, channel: &str, chat: &str) -> CrmFailure {
    CrmFailure {
        v: 1,
        account: account(company),
        id: "019aa5f3-3b10-7c55-8e01-6a2f9d417c30".into(),
        chat: ChatId::new(chat),
        channel: ChannelId::new(channel),
        change: FailedChange::Finished,
        seq: 1,
        message: None,
        why: "HTTP 500".into(),
        first_failed_at: Timestamp::from_millis(1),
        at: Timestamp::from_millis(2),
        expires_at: i64::MAX / 2,
    }
}
