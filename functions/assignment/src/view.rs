//! What a round of a drain reads: always the ring and the waiting clients with their chats and contacts; all members of
//! a small channel, and only those that the decisions ask for of a large one.

use crate::Assignment;
use shared::base::ids::{AccountId, ChannelId, ChatId, ContactId};
use shared::model::assignment::candidates::{Candidates, DataNeeded};
use shared::model::assignment::{Ring, RingPlace, WaitingClient};
use shared::model::chat::Chat;
use shared::model::chat::assignment_record::MOST_CONSIDERED;
use shared::model::contact::Contact;
use shared::model::employee::Membership;
use shared::store::row::Key;
use shared::store::{Read, StoreError, keys};
use std::collections::{HashMap, HashSet};

/// Members of a large channel that are read at first: the next eligible employee is usually among them.
const FIRST_TURNS: i32 = 10;
/// Members that are read at a time after the first ones.
const FURTHER_TURNS: i32 = 100;
/// The most queries for open chats at once.
const MOST_COUNTS: usize = 32;

/// A channel as a round of a drain sees it.
pub(crate) struct View {
    pub(crate) ring: Option<Ring>,
    pub(crate) waiting: Vec<WaitingClient>,
    /// Whether other clients wait behind these.
    pub(crate) more: bool,
    /// Whether other clients wait before these.
    pub(crate) is_behind: bool,
    pub(crate) chats: HashMap<ChatId, Chat>,
    /// Chats whose rows cannot be read: their clients wait until the rows are repaired.
    pub(crate) unreadable: HashSet<ChatId>,
    /// The contacts, by the contact ids under which the clients wait.
    pub(crate) contacts: HashMap<ContactId, Contact>,
}

/// Reads the members that a round needs.
pub(crate) struct MemberReader<'a> {
    assignment: &'a Assignment,
    account: &'a AccountId,
    channel: &'a ChannelId,
    /// The member who had the last turn.
    last: Option<RingPlace>,
    /// The place after which reading the ring continues.
    after: Option<RingPlace>,
    /// Whether the ring's end was reached and reading restarted at its beginning.
    wrapped: bool,
    /// Whether a conflict occurred: then the copies in the ring are not trusted.
    doubted: bool,
    turns_at_once: i32,
    counts_at_once: usize,
}

impl Assignment {
    /// Reads the clients who wait behind `behind`, and their chats and contacts.
    pub(crate) async fn view(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        behind: Option<&WaitingClient>,
        limit: i32,
    ) -> Result<View, StoreError> {
        // The ring is read first: counts read after it are not older than its round.
        let (ring, waiting) = tokio::join!(
            self.store.ring(account, channel),
            self.store.waiting_behind(account, channel, behind, limit),
        );
        let (ring, (waiting, more)) = (ring?, waiting?);
        let ids: Vec<ChatId> = waiting.iter().map(|client| client.chat.clone()).collect();
        let contacts: Vec<ContactId> = waiting.iter().map(|client| client.contact.clone()).collect();
        let (chats, contacts) =
            tokio::join!(self.readable(account, &ids), self.store.persons(account, &contacts));
        let (chats, unreadable) = chats?;
        let chats = chats.into_iter().map(|chat| (chat.chat.clone(), chat)).collect();
        Ok(View { ring, waiting, more, is_behind: behind.is_some(), chats, unreadable, contacts: contacts? })
    }

    /// Reads chats as of the last write; the ids of unreadable ones come separately, so that they block no other.
    pub(crate) async fn readable(
        &self,
        account: &AccountId,
        ids: &[ChatId],
    ) -> Result<(Vec<Chat>, HashSet<ChatId>), StoreError> {
        match self.store.chats(account, ids).await {
            Err(StoreError::Unreadable(_)) => {}
            read => return Ok((read?, HashSet::new())),
        }
        let (mut chats, mut unreadable) = (Vec::with_capacity(ids.len()), HashSet::new());
        for id in ids {
            match self.store.chat(account, id).await {
                Ok(chat) => chats.extend(chat),
                Err(error @ StoreError::Unreadable(_)) => {
                    tracing::error!(account = %account, chat = %id, error = %error, "a client cannot be passed on");
                    unreadable.insert(id.clone());
                }
                Err(error) => return Err(error),
            }
        }
        Ok((chats, unreadable))
    }

    /// The members of a channel as candidates: all of a small channel, none yet of a large one.
    pub(crate) async fn members<'a>(
        &'a self,
        ring: &'a Ring,
        doubted: bool,
    ) -> Result<(MemberReader<'a>, Candidates), StoreError> {
        let (account, channel) = (&ring.account, &ring.channel);
        let members = MemberReader {
            assignment: self,
            account,
            channel,
            last: ring.last.clone(),
            after: ring.last.clone(),
            wrapped: false,
            doubted,
            turns_at_once: FIRST_TURNS,
            counts_at_once: 1,
        };
        let few = match ring.large {
            true => None,
            false => self.store.few_members(account, channel, MOST_CONSIDERED).await?,
        };
        let candidates =
            few.map_or_else(Candidates::default, |few| Candidates::small(few, ring.last.as_ref()));
        Ok((members, candidates))
    }
}

impl MemberReader<'_> {
    /// Reads the data that a decision asks for.
    pub(crate) async fn read(
        &mut self,
        wanted: DataNeeded,
        candidates: &mut Candidates,
    ) -> Result<(), StoreError> {
        let (store, account, channel) = (&self.assignment.store, self.account, self.channel);
        match wanted {
            DataNeeded::OpenChats(mut caps) => {
                // The next employee usually has room, so counting starts with one; each further round of counting
                // doubles the number.
                caps.truncate(self.counts_at_once);
                self.counts_at_once = (self.counts_at_once * 2).min(MOST_COUNTS);
                let counts = store.count_open_chats(account, channel, &caps).await?;
                for ((employee, _), open) in caps.iter().zip(counts) {
                    candidates.add_open_chats(employee, open);
                }
            }
            DataNeeded::Member(employee) => {
                let member = store.member(account, channel, &employee).await?;
                candidates.add_member(&employee, member);
            }
            DataNeeded::Turns => self.read_turns(candidates).await?,
            DataNeeded::Anybody => {
                candidates.add_anybody(store.anybody_takes_clients(account, channel).await?)
            }
            DataNeeded::Heads => candidates.add_heads(store.members(account, channel).await?),
        }
        Ok(())
    }

    /// Reads the next members in the ring, from behind the last turn around to that member again.
    async fn read_turns(&mut self, candidates: &mut Candidates) -> Result<(), StoreError> {
        let store = &self.assignment.store;
        let (mut members, more) =
            store.turns(self.account, self.channel, self.after.as_ref(), self.turns_at_once).await?;
        self.turns_at_once = FURTHER_TURNS;
        let read_to = members.last().map(RingPlace::of);
        let read = members.len();
        if let Some(last) = self.last.as_ref().filter(|_| self.wrapped) {
            members.retain(|member| RingPlace::of(member) <= *last);
        }
        let past_last = members.len() < read;
        let at_end = !more || past_last;
        let is_whole = at_end && (self.wrapped || self.last.is_none());
        self.wrapped |= at_end;
        self.after = read_to.filter(|_| !at_end);
        if self.doubted {
            members = self.as_written(members).await?;
        }
        candidates.add_turns(members, is_whole);
        Ok(())
    }

    /// The membership rows themselves instead of their copies in the ring.
    async fn as_written(&self, copies: Vec<Membership>) -> Result<Vec<Membership>, StoreError> {
        let keys: Vec<Key> =
            copies.iter().map(|copy| keys::membership(self.account, self.channel, &copy.employee)).collect();
        let mut members: Vec<Membership> = self.assignment.store.get_many(&keys, Read::Consistent).await?;
        members.sort_by_key(RingPlace::of);
        Ok(members)
    }
}
