//! One attempt at a group of events of one chat: read, decide, commit, notify.

use crate::Routing;
use crate::changes::{Changes, RoutingError};
use crate::context::RoutingContext;
use crate::filter::{Drops, InboundFilter};
use crate::fold::Fold;
use crate::group::Group;
use crate::report::{FoldReport, refuse_oversize};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId};
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::contact::blacklist::Subject;
use shared::model::contact::{Identity, verified_phone};
use shared::model::event::MessageEvent;
use shared::model::messenger::ChannelRef;
use shared::model::rules::automatic::FreshIds;
use shared::store::StoreError;
use shared::store::clients::Client;
use std::sync::Arc;
use std::time::Duration;

/// The state before a fold.
struct Start {
    /// The chat as stored, if there is one.
    before: Option<Chat>,
    /// The same chat, or an empty one.
    chat: Chat,
    /// The client of a new chat, or new facts about a known client.
    client: Option<Client>,
    /// Other forms of the chat's id that lead to it from now on.
    forms: Vec<ChatId>,
    /// The filter for the group's messages.
    filter: InboundFilter,
    /// The chat's channel; `None` if it does not exist any more.
    channel: Option<Channel>,
}

impl Routing {
    /// Applies a group. `again` says that the last attempt met a conflict: then all rows that the group names are read.
    pub(crate) async fn try_once(&self, group: &Group<'_>, again: bool) -> Result<(), RoutingError> {
        let now = self.ambient.now();
        let owner =
            self.settings.owner(&self.store, group.account, now).await?.ok_or(RoutingError::NoAccount)?;
        let Some(start) = self.start(&owner, group).await? else { return Ok(()) };
        let known = self.known(group, start.before.is_some(), &start.chat, &start.filter, again).await?;
        let Start { before, chat, client, forms, filter, channel } = start;
        let context = self.ground(owner, channel, client.as_ref(), now).await?;
        let mut fold = Fold::new(chat, filter, known, &context);
        for envelope in group.envelopes {
            fold.take(envelope);
        }
        let nothing_came = before.is_none() && fold.messages.is_empty();
        if nothing_came || fold.ignored == group.envelopes.len() {
            fold.drops.report(group.account, group.chat);
            return Ok(());
        }
        if fold.is_too_much() && group.envelopes.len() > 1 {
            return Err(RoutingError::TooMuch);
        }
        let crm = context.owner.crm_kind;
        if before.as_ref().is_some_and(|before| before.seq != fold.chat.seq) {
            fold.chat.forget_old_sends(now);
        }
        let (told, file_pending) = (FoldReport::of(&fold), fold.file_pending);
        let mut changes = Changes {
            before,
            after: fold.chat,
            messages: fold.messages,
            listings: fold.listings,
            events: fold.events,
            assignments: fold.assignments,
            sends: fold.sends,
            client,
            forms,
            checked: group.is_checked(),
            now,
        };
        refuse_oversize(&changes)?;
        self.store.commit(changes.writes(&context.closing, crm)?).await?;
        told.report(&changes);
        self.nudger.chat(&changes.after, crm).await?;
        self.nudge_for_place(&changes).await?;
        if file_pending {
            self.nudger.media(group.account, &changes.after.chat, Duration::ZERO).await?;
        }
        Ok(self.set_timer(&changes).await?)
    }

    /// Collects the context for folding the group.
    async fn ground(
        &self,
        owner: Account,
        channel: Option<Channel>,
        client: Option<&Client>,
        now: Timestamp,
    ) -> Result<RoutingContext, StoreError> {
        let rules = self.settings.rules(&self.store, &owner, now).await?;
        let closing = Closing::of(&owner, channel.as_ref());
        let is_new_client = client.is_some_and(|client| client.is_new);
        let (ambient, ids) = (Arc::clone(&self.ambient), FreshIds::default());
        Ok(RoutingContext { owner, channel, closing, rules, is_new_client, now, ambient, ids })
    }

    /// Loads the state before the fold. `None` if there is nothing to do: the check is for a chat that does not exist,
    /// or everything is dropped.
    async fn start(&self, owner: &Account, group: &Group<'_>) -> Result<Option<Start>, RoutingError> {
        let Some(first) = group.first() else { return self.start_of_check(owner, group).await };
        let now = self.ambient.now();
        let known = self.settings.channel(&self.store, group.account, &first.channel.id, now).await?;
        let mut filter = known.as_ref().map(InboundFilter::of).unwrap_or_default();
        let by_id = Subject::of(&Identity::of(first));
        if !filter.ignored {
            filter.blocked = self.is_blocked(owner, std::slice::from_ref(&by_id)).await?;
        }
        if dropped_whole(group, &filter) {
            return Ok(None);
        }
        let (found, mut forms) = self.find(group, first).await?;
        if filter.closed().is_none() {
            let telling = group.telling(&owner.region).unwrap_or(first);
            let phone = verified_phone(telling, &owner.region);
            let told = Subject::all(&Identity::all_of(telling), phone.as_ref());
            let news = found.as_ref().is_none_or(|chat| tells_of_client(chat, telling, phone.as_ref()));
            let others: Vec<Subject> = told.into_iter().filter(|subject| news && *subject != by_id).collect();
            filter.blocked = !others.is_empty() && self.is_blocked(owner, &others).await?;
        }
        if dropped_whole(group, &filter) {
            return Ok(None);
        }
        let channel = match known {
            Some(channel) => channel,
            None => self.channel_of(group.account, first).await?,
        };
        let Some(before) = found else {
            if filter.closed().is_none() && group.may_be_dialogue() {
                return Err(RoutingError::MaybeDialogue);
            }
            return self.start_of_chat(owner, group, first, filter, forms, channel).await;
        };
        let client = match filter.closed() {
            None => self.news_of_client(owner, &before, group, &mut forms).await?,
            Some(_) => None,
        };
        filter.erased_at = before.erased_at;
        let mut chat = before.clone();
        chat.aliases.extend(forms.iter().cloned());
        if let Some(phone) = client.as_ref().and_then(|client| client.phone.clone()) {
            chat.phone = Some(phone);
        }
        Ok(Some(Start { before: Some(before), chat, client, forms, filter, channel: Some(channel) }))
    }

    /// The start of a chat that does not exist yet.
    async fn start_of_chat(
        &self,
        owner: &Account,
        group: &Group<'_>,
        first: &MessageEvent,
        mut filter: InboundFilter,
        forms: Vec<ChatId>,
        channel: Channel,
    ) -> Result<Option<Start>, RoutingError> {
        if filter.closed().is_some() {
            drop_all(group, &filter);
            return Ok(None);
        }
        let client = self
            .store
            .client_of(owner, group.telling(&owner.region).unwrap_or(first), &*self.ambient)
            .await?;
        let Some(contact) = client.id.clone() else { return Err(StoreError::Contended.into()) };
        filter.erased_at = client.erased_at;
        let accepted_at =
            group.envelopes.iter().map(|envelope| envelope.accepted_at).min().unwrap_or_default();
        let mut chat = Chat::unopened(group.account, first, contact, accepted_at);
        chat.phone.clone_from(&client.phone);
        chat.erased_at = client.erased_at;
        chat.aliases.clone_from(&forms);
        Ok(Some(Start { before: None, chat, client: Some(client), forms, filter, channel: Some(channel) }))
    }

    async fn start_of_check(
        &self,
        owner: &Account,
        group: &Group<'_>,
    ) -> Result<Option<Start>, RoutingError> {
        let Some(chat) = self.store.chat(group.account, group.chat).await? else { return Ok(None) };
        let now = self.ambient.now();
        let channel = self.settings.channel(&self.store, &owner.account, &chat.channel, now).await?;
        // Without its channel the chat finishes all the same.
        let (before, filter) = (Some(chat.clone()), InboundFilter::default());
        Ok(Some(Start { before, chat, client: None, forms: Vec::new(), filter, channel }))
    }

    async fn is_blocked(&self, owner: &Account, subjects: &[Subject]) -> Result<bool, StoreError> {
        if !owner.has_blacklist {
            return Ok(false);
        }
        self.store.is_blocked(owner, subjects, self.ambient.now()).await
    }

    /// Finds the group's chat, by the id that the group names or by another form of it, and the forms that lead to it
    /// from now on.
    async fn find(
        &self,
        group: &Group<'_>,
        first: &MessageEvent,
    ) -> Result<(Option<Chat>, Vec<ChatId>), StoreError> {
        let named = self.store.chat(group.account, group.chat).await?;
        let others = first.aliases.iter().map(|alias| &alias.chat).filter(|form| *form != group.chat);
        if named.is_some() {
            return Ok((named, Vec::new()));
        }
        let mut forms = Vec::new();
        for form in others {
            match self.store.chat(group.account, form).await? {
                Some(chat) => return Ok((Some(chat), vec![group.chat.clone()])),
                None => forms.push(form.clone()),
            }
        }
        Ok((None, forms))
    }

    /// Collects facts about a known chat's client that the chat does not hold yet. Usually there are none, and then
    /// nothing is read.
    async fn news_of_client(
        &self,
        owner: &Account,
        chat: &Chat,
        group: &Group<'_>,
        forms: &mut Vec<ChatId>,
    ) -> Result<Option<Client>, StoreError> {
        for message in group.messages() {
            let phone = verified_phone(message, &owner.region);
            if forms.is_empty() && !tells_of_client(chat, message, phone.as_ref()) {
                continue;
            }
            let told: Vec<ChatId> =
                new_forms(chat, message).filter(|form| !forms.contains(form)).cloned().collect();
            for form in told {
                // A form that is already a chat of its own stays one; the contacts of both chats become one.
                if self.store.chat(group.account, &form).await?.is_none() {
                    forms.push(form);
                }
            }
            return self.store.client_told(owner, &chat.contact, message, &*self.ambient).await.map(Some);
        }
        Ok(None)
    }

    /// The channel of a message. A channel that was never listed is created with default settings, because a provider
    /// may add a channel at any time and its first client must not be missed.
    async fn channel_of(&self, account: &AccountId, message: &MessageEvent) -> Result<Channel, RoutingError> {
        let ChannelRef { id, provider, .. } = &message.channel;
        let now = self.ambient.now();
        if let Some(channel) = self.settings.channel(&self.store, account, id, now).await? {
            return Ok(channel);
        }
        let channel = Channel::new(account, &message.connection, &message.channel, now);
        match self.store.create_channel(&channel).await {
            Ok(()) => {
                tracing::info!(account = %account, channel = %id, provider, "a channel that was not listed");
                Ok(channel)
            }
            // Created by another worker a moment ago, unless another account owns it.
            Err(StoreError::Lost(places)) if places.contains(&0) => Err(StoreError::Contended.into()),
            Err(StoreError::Lost(_)) => Err(RoutingError::ForeignChannel),
            Err(error) => Err(error.into()),
        }
    }
}

/// Forms of the chat's id that a message names and the chat does not hold.
fn new_forms<'a>(chat: &'a Chat, message: &'a MessageEvent) -> impl Iterator<Item = &'a ChatId> {
    let told = message.aliases.iter().map(|alias| &alias.chat);
    told.filter(|form| **form != chat.chat && !chat.aliases.contains(form))
}

/// Whether a message holds facts about a known chat's client that the chat does not hold.
fn tells_of_client(chat: &Chat, message: &MessageEvent, phone: Option<&Phone>) -> bool {
    (phone.is_some() && phone != chat.phone.as_ref()) || new_forms(chat, message).next().is_some()
}

/// Whether the whole group is dropped; then the drops are counted.
fn dropped_whole(group: &Group<'_>, filter: &InboundFilter) -> bool {
    let whole = filter.closed().is_some() && !group.is_checked();
    if whole {
        drop_all(group, filter);
    }
    whole
}

fn drop_all(group: &Group<'_>, filter: &InboundFilter) {
    let Some(reason) = filter.closed() else { return };
    let mut drops = Drops::default();
    group.messages().for_each(|_| drops.add(reason));
    drops.report(group.account, group.chat);
}
