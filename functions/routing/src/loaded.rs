//! Loads the messages and listings that folding a group of events needs: usually none.

use crate::Routing;
use crate::filter::InboundFilter;
use crate::group::Group;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ConnectionId, MessageId};
use shared::model::chat::{Chat, ForRules};
use shared::model::event::{MessageEvent, Origin, Revision, Side};
use shared::model::message::Message;
use shared::model::message::listing::ChatListing;
use shared::model::outbound::{Action, OutboundJob, signed};
use shared::store::StoreError;
use shared::store::chats::StoredMessages;
use shared::store::settings::Pointed;
use std::collections::{HashMap, HashSet};

/// The stored rows of the messages and listings that a group of events names.
#[derive(Debug, Default)]
pub struct LoadedRows {
    /// Messages by their ids.
    pub messages: HashMap<MessageId, Message>,
    /// Messages that were erased.
    pub erased: HashSet<MessageId>,
    /// Messages whose ids already point to a message: ids of some providers are unique in a chat only.
    pub pointed: HashSet<MessageId>,
    /// Our own ids of messages that the provider names by its ids.
    pub own: HashMap<MessageId, MessageId>,
    /// Listings by their ids.
    pub listings: HashMap<String, ChatListing>,
    /// The jobs queued for the provider, if they had to be read.
    pub jobs: Option<Vec<OutboundJob>>,
}

impl LoadedRows {
    /// Adds stored messages.
    pub fn add(&mut self, stored: StoredMessages) {
        self.erased.extend(stored.erased);
        self.messages.extend(stored.messages.into_iter().map(|row| (row.message_id.clone(), row)));
    }

    /// Whether an edit of the message with this id is one that we are about to make: then the job's outcome records it.
    pub fn is_our_edit(&self, id: &MessageId, event: &MessageEvent) -> bool {
        let text = event.text.as_deref().map(str::trim);
        let mut queued = self.jobs.iter().flatten().filter(|job| job.message_id == *id);
        event.revision == Revision::Edited
            && queued.any(|job| match &job.action {
                Action::EditText(ours) => text == Some(signed(ours, job.signature.as_deref()).trim()),
                Action::EditFile(_) => event.media.is_some(),
                Action::Send | Action::Delete => false,
            })
    }
}

impl Routing {
    /// The rows that the group names, as far as they must be read. A new message needs none, because its write requires
    /// that it does not exist. `again` says that the last attempt met a conflict: then all of them are read.
    pub(crate) async fn known(
        &self,
        group: &Group<'_>,
        is_stored: bool,
        chat: &Chat,
        filter: &InboundFilter,
        again: bool,
    ) -> Result<LoadedRows, StoreError> {
        let mut known = LoadedRows::default();
        if !is_stored && !again {
            return Ok(known);
        }
        let mut ids: HashSet<MessageId> = group
            .messages()
            .filter(|message| again || message.revision != Revision::New)
            .map(|message| message.message_id.clone())
            .collect();
        if group.dated().any(|(message, at)| chat.may_be_pending(message, at)) {
            // All pending sends: the next echo with the same text belongs to the next send.
            ids.extend(chat.pending_sends.iter().map(|send| send.message.clone()));
        }
        if group.is_checked() {
            ids.extend(chat.for_rules.iter().filter_map(ForRules::message).cloned());
        }
        self.pointed(group, chat, &mut known, |message| again || may_be_settled(message, filter)).await?;
        ids.extend(known.own.values().cloned());
        if !ids.is_empty() {
            let ids: Vec<MessageId> = ids.into_iter().collect();
            known.add(self.store.stored_messages(group.account, &chat.chat, &ids).await?);
        }
        if group.dated().any(|(message, at)| asks_for_jobs(chat, message, at)) {
            known.jobs = Some(self.store.outbound_jobs(group.account, &chat.chat).await?);
        }
        if is_stored {
            known.listings = self.told_listings(group.account, group, chat).await?;
        }
        Ok(known)
    }

    /// Reads the pointers of the company's messages for which `asked` holds.
    async fn pointed(
        &self,
        group: &Group<'_>,
        chat: &Chat,
        known: &mut LoadedRows,
        asked: impl Fn(&MessageEvent) -> bool,
    ) -> Result<(), StoreError> {
        let mut by_connection: HashMap<&ConnectionId, Vec<MessageId>> = HashMap::new();
        let of_company = |message: &&MessageEvent| message.side == Side::Company && asked(message);
        for message in group.messages().filter(of_company) {
            by_connection.entry(&message.connection).or_default().push(message.message_id.clone());
        }
        for (connection, ids) in by_connection {
            for (id, pointed) in self.store.pointers(group.account, connection, &ids).await? {
                // Ids of some providers are unique in a chat only: an erased message may be another chat's. What is
                // left at the message's own key says whether this one was erased.
                if let Pointed::To(pointer) = pointed
                    && let Some(own) = pointer.own_id.filter(|_| pointer.chat == chat.chat)
                {
                    known.own.insert(id.clone(), own);
                }
                known.pointed.insert(id);
            }
        }
        Ok(())
    }

    /// The stored listings for which a message differs from the chat.
    async fn told_listings(
        &self,
        account: &AccountId,
        group: &Group<'_>,
        chat: &Chat,
    ) -> Result<HashMap<String, ChatListing>, StoreError> {
        let told = group.messages().filter_map(|message| message.listing.as_ref());
        let ids: HashSet<String> = told
            .filter(|listing| chat.listing.as_ref() != Some(&listing.mark()))
            .map(|listing| listing.id.clone())
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let rows = self.store.chat_listings_by_id(account, &chat.chat, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.listing.id.clone(), row)).collect())
    }
}

/// Whether a company's message may be ours under an id that the provider has already named: a change from outside, or
/// an echo that would only count as an answer although we wrote it ourselves.
fn may_be_settled(message: &MessageEvent, filter: &InboundFilter) -> bool {
    message.revision != Revision::New || (filter.skip_echoes && message.origin.is_some_and(Origin::is_echo))
}

/// Whether only the chat's jobs can identify a message: as an echo of one of our sends, or of our edit.
fn asks_for_jobs(chat: &Chat, message: &MessageEvent, at: Timestamp) -> bool {
    let edited = message.side == Side::Company && message.revision == Revision::Edited;
    (edited && chat.outbound_at.is_some()) || chat.may_be_pending_by_content(message, at)
}
