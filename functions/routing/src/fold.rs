//! Folds the events of one chat over its state.

use crate::changes::Staged;
use crate::context::RoutingContext;
use crate::filter::{Drops, InboundFilter, Verdict};
use crate::loaded::LoadedRows;
use crate::notices::{came_to_nothing, notice};
use crate::trigger::{TriggerContext, ignored};
use shared::base::clock::Timestamp;
use shared::base::ids::MessageId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::pending_sends::CallState;
use shared::model::chat::{Chat, ChatEvent};
use shared::model::event::{Envelope, Event, MessageEvent, Revision, Side};
use shared::model::message::Message;
use shared::model::message::listing::ChatListing;
use shared::model::rules::automatic::Automatic;
use shared::model::rules::{Rule, Skipped};
use shared::model::texts::{self, Language};
use shared::platform::disposition::DropReason;
use std::collections::HashMap;

/// The number of rows that rules may write for the events of one group: the events' own writes must fit beside them
/// into one transaction.
pub(crate) const ROOM: usize = 40;

/// The state while a group is folded.
pub struct Fold<'a> {
    /// The chat.
    pub chat: Chat,
    /// The changed messages.
    pub messages: HashMap<MessageId, Staged>,
    /// The changed listings: the stored row and the new one.
    pub listings: HashMap<String, (Option<ChatListing>, ChatListing)>,
    /// Events of the chat as a whole.
    pub events: Vec<ChatEvent>,
    /// Entries for the history of its responsible.
    pub assignments: Vec<AssignmentRecord>,
    /// Automatic messages to send.
    pub sends: Vec<Automatic>,
    /// The reasons, by code, why farewells and rule actions were skipped.
    pub skipped: Vec<&'static str>,
    /// Number of events that were stored before.
    pub duplicates: u64,
    /// The dropped events.
    pub drops: Drops,
    /// How many of them a rule ignored.
    pub ignored: usize,
    /// Whether a file of a named message is still pending, be the message new or not.
    pub file_pending: bool,
    /// How many rows rules may still write.
    pub(crate) room: usize,
    pub(crate) context: &'a RoutingContext,
    filter: InboundFilter,
    known: LoadedRows,
}

impl<'a> Fold<'a> {
    /// Begins a fold with a chat.
    pub fn new(chat: Chat, filter: InboundFilter, known: LoadedRows, context: &'a RoutingContext) -> Self {
        Self {
            chat,
            messages: HashMap::new(),
            listings: HashMap::new(),
            events: Vec::new(),
            assignments: Vec::new(),
            sends: Vec::new(),
            skipped: Vec::new(),
            duplicates: 0,
            ignored: 0,
            drops: Drops::default(),
            file_pending: false,
            room: ROOM,
            context,
            filter,
            known,
        }
    }

    /// Whether an action was skipped because there was no room for it.
    pub fn is_too_much(&self) -> bool {
        self.skipped.contains(&Skipped::TooMuch.code())
    }

    /// Folds one event.
    pub fn take(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Message(event) => self.message(event, envelope.accepted_at),
            Event::Check { .. } => self.check(envelope.accepted_at),
            Event::Status(_) | Event::Edited(_) | Event::ChannelState(_) | Event::TemplateState(_) => {}
        }
    }

    fn message(&mut self, event: &MessageEvent, accepted_at: Timestamp) {
        if self.known.erased.contains(&event.message_id) {
            return self.drops.add(DropReason::Erased);
        }
        let lapsed = self.chat.waits_after_lapse();
        self.pass(event, accepted_at);
        if lapsed && self.chat.missed_by.is_empty() {
            self.keep(accepted_at);
        }
    }

    /// Assigns the client to the responsible again, because they answered after their time had passed but before
    /// another employee got the client (B5).
    fn keep(&mut self, at: Timestamp) {
        if let Some(responsible) = self.chat.responsible.clone() {
            self.assignments.push(self.chat.assign(&responsible, AssignmentReason::Kept, at));
        }
    }

    fn pass(&mut self, event: &MessageEvent, accepted_at: Timestamp) {
        let own = self.own_id(event, accepted_at);
        match self.filter.verdict(event, accepted_at, own.is_some()) {
            Verdict::Drop(reason) => return self.drops.add(reason),
            Verdict::CountAsAnswer => {
                self.chat.overhear(event, accepted_at);
                return self.drops.add(DropReason::EchoNotImported);
            }
            Verdict::Accept => {}
        }
        let stored = match own {
            _ if self.known.is_our_edit(own.as_ref().unwrap_or(&event.message_id), event) => false,
            Some(own) if event.revision == Revision::New => self.adopt(&own, event, accepted_at),
            Some(own) => self.change_ours(&own, event, accepted_at),
            None => self.store(event, accepted_at),
        };
        self.duplicates += u64::from(!stored);
    }

    /// The id of our message, if the event is its echo or a change of it.
    fn own_id(&self, event: &MessageEvent, accepted_at: Timestamp) -> Option<MessageId> {
        if event.side != Side::Company {
            return None;
        }
        let called = |own: &MessageId| match (&self.known.jobs, self.present(own)) {
            (Some(jobs), Some(row)) => CallState::of(&row, jobs),
            _ => CallState::NotMade,
        };
        let pending = || self.chat.pending_send(event, accepted_at, called).map(|send| send.message.clone());
        let own = self.known.own.get(&event.message_id).cloned().or_else(pending);
        // Without our row it is handled like any other message.
        own.filter(|own| self.present(own).is_some())
    }

    fn adopt(&mut self, own: &MessageId, event: &MessageEvent, accepted_at: Timestamp) -> bool {
        let Some(known) = self.present(own) else { return false };
        let seq = self.chat.seq + 1;
        self.chat.confirm_send(own);
        let Some(after) = known.adopt(event, seq) else { return false };
        self.chat.seq = seq;
        self.known.own.insert(event.message_id.clone(), own.clone());
        self.stage_ours(&known, after, event, accepted_at);
        true
    }

    /// Applies an edit or a deletion of our message from outside. Its file stays the one that we sent, whatever the
    /// provider calls it.
    fn change_ours(&mut self, own: &MessageId, event: &MessageEvent, accepted_at: Timestamp) -> bool {
        let Some(known) = self.present(own) else { return false };
        let ours = MessageEvent { message_id: own.clone(), media: known.media.clone(), ..event.clone() };
        let Some(after) = self.chat.receive(&ours, Some(&known), accepted_at) else { return false };
        self.stage_ours(&known, after, event, accepted_at);
        true
    }

    fn stage_ours(&mut self, known: &Message, after: Message, event: &MessageEvent, accepted_at: Timestamp) {
        let failed = came_to_nothing(known, &after);
        self.stage(&known.message_id, after.clone(), event);
        let context = self.context;
        if let Some(channel) = context.tells_failures().filter(|_| failed)
            && let Some(row) = notice(&mut self.chat, channel, &after, context.owner.language, accepted_at)
        {
            self.stage(&row.message_id.clone(), row, event);
        }
    }

    fn store(&mut self, event: &MessageEvent, accepted_at: Timestamp) -> bool {
        let known = self.present(&event.message_id);
        let is_first = known.as_ref().is_none_or(|known| known.incomplete);
        let worded = with_words(event, self.context.owner.language);
        let mut chat = self.chat.clone();
        let Some(after) = chat.receive_under(&self.context.closing, &worded, known.as_ref(), accepted_at)
        else {
            self.file_pending |= known.is_some_and(|row| row.waits_for_file());
            return false;
        };
        let rules = if is_first { self.rules_for(&worded, &chat, accepted_at) } else { Vec::new() };
        let again = if known.is_none() { self.rules_again(&worded, &chat, accepted_at) } else { Vec::new() };
        if event.side == Side::Client && (ignored(&rules) || ignored(&again)) {
            self.ignored += 1;
            self.drops.add(DropReason::Rule);
            return true;
        }
        self.chat = chat;
        self.file_pending |= after.waits_for_file();
        self.stage(&event.message_id, after, event);
        if is_first {
            self.listing(event, accepted_at);
        }
        self.carry_out(&rules);
        true
    }

    /// The rules that a message triggers; `after` is the chat with the message.
    fn rules_for(&self, event: &MessageEvent, after: &Chat, accepted_at: Timestamp) -> Vec<&'a Rule> {
        let is_new_client = self.context.is_new_client && self.messages.is_empty();
        let trigger = TriggerContext::of(event, &self.chat, after, accepted_at).new_client(is_new_client);
        trigger.matching(self.context, after)
    }

    /// The rules that a message would have triggered, if only its edit or its deletion is known.
    fn rules_again(&self, event: &MessageEvent, after: &Chat, accepted_at: Timestamp) -> Vec<&'a Rule> {
        TriggerContext::again(event, accepted_at).matching(self.context, after)
    }

    pub(crate) fn present(&self, id: &MessageId) -> Option<Message> {
        self.messages.get(id).map(|staged| &staged.after).or_else(|| self.known.messages.get(id)).cloned()
    }

    fn stage(&mut self, id: &MessageId, after: Message, event: &MessageEvent) {
        let before = self.known.messages.get(id).cloned();
        let (connection, pointed) =
            (event.connection.clone(), self.known.pointed.contains(&event.message_id));
        self.messages.insert(id.clone(), Staged { before, after, connection, pointed });
    }

    /// Records the listing that a new message is about. A question about an earlier listing makes it the latest one
    /// again.
    fn listing(&mut self, event: &MessageEvent, at: Timestamp) {
        let Some(listing) = event.listing.as_ref() else { return };
        let about_before = self.chat.listing.as_ref().map(|mark| mark.id.clone());
        if !self.chat.about(listing) {
            return;
        }
        let before = self.known.listings.get(&listing.id).cloned();
        let present = self.listings.get(&listing.id).map(|(_, staged)| staged).or(before.as_ref());
        let told = ChatListing::tell(present, &self.chat.account, &self.chat.chat, listing, at);
        let again = || {
            let present =
                present.filter(|row| about_before.as_ref() != Some(&listing.id) && row.last_at < at)?;
            Some(ChatListing { last_at: at, ..present.clone() })
        };
        if let Some(told) = told.or_else(again) {
            self.listings.insert(listing.id.clone(), (before, told));
        }
    }
}

/// Gives a call the account's fixed text, which rules match like any other text (C9).
fn with_words(event: &MessageEvent, language: Language) -> std::borrow::Cow<'_, MessageEvent> {
    match texts::call(event.kind, language).filter(|_| event.text.is_none()) {
        Some(text) => std::borrow::Cow::Owned(MessageEvent { text: Some(text.to_owned()), ..event.clone() }),
        None => std::borrow::Cow::Borrowed(event),
    }
}
