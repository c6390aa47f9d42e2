//! One round of a drain: decides on the waiting clients that were read and collects the writes of one transaction.

use crate::Assignment;
use crate::view::{MemberReader, View};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, ContactId, EmployeeId};
use shared::model::account::Account;
use shared::model::assignment::decision::{Assigned, Client, Decider, Decision};
use shared::model::assignment::{Ring, WaitingClient};
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::{AssignmentState, QueuePreference};
use shared::model::contact::Contact;
use shared::model::employee::Membership;
use shared::store::attribute;
use shared::store::attribute::ELIGIBLE_BY;
use shared::store::open_chats::frees_place;
use shared::store::row::{Row, Write};
use shared::store::{ChatTransaction, DecidedOn, StoreError};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The most writes for one client: waiting row, chat, history, two rows of open chats, contact, and the check of the
/// employee.
const PER_CLIENT: usize = 7;
/// While clients wait and no employee is eligible, the channel is checked this often even if nothing changes.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// The decisions of one round.
pub(crate) struct Round {
    /// All writes of the round.
    pub(crate) writes: Vec<Write>,
    /// Chats that left the queue.
    pub(crate) given: Vec<Chat>,
    /// Whether a place under an employee's cap became free, because a client reserved for that employee was assigned to
    /// another.
    pub(crate) freed: bool,
    /// Whether the channel assigns nothing for now, because it is switched off.
    pub(crate) paused: bool,
    /// Arrival times of the clients for whom no employee is eligible.
    pub(crate) left: Vec<Timestamp>,
    /// Clients postponed to the next round: the transaction had no room, or another chat of the same contact was
    /// assigned in this round.
    pub(crate) put_off: usize,
    /// Waiting rows whose chats do not show as waiting yet: two reads may see only a part of a transaction.
    pub(crate) torn: usize,
    /// The ring before and after the round.
    pub(crate) ring: (Ring, Ring),
    /// Whether the channel's scheduled check was due.
    pub(crate) was_due: bool,
    /// Contacts whose row was written: one transaction takes one write per row.
    persons: HashSet<ContactId>,
    tidied: HashSet<ChatId>,
    chosen: HashMap<EmployeeId, Membership>,
}

impl Round {
    fn of(ring: Ring, now: Timestamp) -> Self {
        Self {
            writes: Vec::new(),
            given: Vec::new(),
            freed: false,
            paused: false,
            left: Vec::new(),
            put_off: 0,
            torn: 0,
            was_due: ring.check_at.is_some_and(|at| at <= now),
            ring: (ring.clone(), ring),
            persons: HashSet::new(),
            tidied: HashSet::new(),
            chosen: HashMap::new(),
        }
    }

    /// Whether to notify the heads: clients began to wait in vain, ceased to, or still do when the next notice is due.
    /// A switched-off channel notifies no head, because it assigns nothing on purpose.
    pub(crate) fn heads_want_to_know(&self) -> bool {
        if self.paused {
            return false;
        }
        let (before, after) = (self.ring.0.left > 0, self.ring.1.left > 0);
        before != after || (after && self.was_due)
    }

    fn has_room(&self) -> bool {
        self.writes.len() + self.chosen.len() + PER_CLIENT < shared::store::MAX_WRITES
    }

    /// The chat of a client who is to be assigned; `None` if there is nothing to assign, or not in this round.
    fn takes_up<'v>(
        &mut self,
        client: &WaitingClient,
        view: &'v View,
    ) -> Result<Option<&'v Chat>, StoreError> {
        if !self.has_room() {
            self.put_off += 1;
            return Ok(None);
        }
        match view.chats.get(&client.chat) {
            Some(chat) if chat.assignment_state == AssignmentState::Waiting => {
                // A second chat of the same contact goes to the employee of the first, so it is postponed.
                if self.persons.contains(&person(client, view).1) {
                    self.put_off += 1;
                    return Ok(None);
                }
                Ok(Some(chat))
            }
            // Assigned in another way meanwhile: only the waiting row is left.
            Some(chat)
                if matches!(
                    chat.assignment_state,
                    AssignmentState::Assigned | AssignmentState::Unclaimed
                ) =>
            {
                self.writes.push(Write::forget(client.key()));
                if self.tidied.insert(chat.chat.clone()) {
                    self.writes.push(Write::check(chat, &[attribute::chat::CLIENT])?);
                }
                Ok(None)
            }
            // The chat's row is unreadable: the client waits in vain, as if no employee were eligible, until the row is
            // repaired.
            None if view.unreadable.contains(&client.chat) => {
                self.left.push(client.arrived_at);
                Ok(None)
            }
            _ => {
                self.torn += 1;
                Ok(None)
            }
        }
    }
}

/// The client's contact, if it is known, and its id.
fn person<'v>(client: &WaitingClient, view: &'v View) -> (Option<&'v Contact>, ContactId) {
    let contact = view.contacts.get(&client.contact);
    (contact, contact.map_or(&client.contact, |contact| &contact.contact).clone())
}

impl Assignment {
    /// Decides on all clients of a view, one after the other.
    pub(crate) async fn decide(
        &self,
        owner: &Account,
        channel: &Channel,
        view: &View,
        doubted: bool,
    ) -> Result<Round, StoreError> {
        let now = self.ambient.now();
        let before = view.ring.clone().unwrap_or_else(|| Ring::new(&owner.account, &channel.channel));
        let mut round = Round { paused: channel.paused, ..Round::of(before.clone(), now) };
        let (mut members, candidates) = self.members(&before, doubted).await?;
        let mut decider = Decider::new(channel, before.clone(), candidates, now);
        for client in &view.waiting {
            let Some(chat) = round.takes_up(client, view)? else { continue };
            let (contact, id) = person(client, view);
            let decision = choose(&mut decider, &mut members, chat, contact).await?;
            let giving = Giving { owner, channel, client, chat, contact, decision, now };
            match giving.writes()? {
                None => round.left.push(client.arrived_at),
                Some((next, writes)) => {
                    round.writes.extend(writes);
                    round.freed |= frees_place(chat, &next);
                    round.given.push(next);
                    round.persons.insert(id);
                    let member = giving.employee().and_then(|employee| decider.candidates.chosen(employee));
                    round.chosen.extend(member.map(|member| (member.employee.clone(), member.clone())));
                }
            }
        }
        for member in round.chosen.values() {
            // The employee must still be a member and eligible at the moment of the commit.
            round.writes.push(Write::check(member, &ELIGIBLE_BY)?);
        }
        let opening = decider.candidates.next_opening(now);
        round.ring.1 = Ring { large: decider.candidates.is_large(), ..decider.ring };
        self.note_who_waits(&mut round, view, opening).await?;
        round.writes.extend(ring_write(&mut round.ring, view.ring.is_some(), !round.given.is_empty())?);
        Ok(round)
    }

    /// Records in the ring how many clients are left waiting, and when to check again.
    async fn note_who_waits(
        &self,
        round: &mut Round,
        view: &View,
        opening: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (before, now) = (round.ring.0.clone(), self.ambient.now());
        let given = u32::try_from(round.given.len()).unwrap_or(u32::MAX);
        let after = &mut round.ring.1;
        if view.is_behind {
            after.left = before.left.saturating_sub(given).max(1);
            return Ok(());
        }
        let Some(oldest) = round.left.first() else {
            if !view.more && round.put_off == 0 && round.torn == 0 {
                (after.left, after.oldest, after.check_at) = (0, None, None);
            }
            return Ok(());
        };
        let page = u32::try_from(round.left.len() + round.put_off).unwrap_or(u32::MAX);
        let look = (now + LOOK_AGAIN).min(opening.unwrap_or(now + LOOK_AGAIN));
        after.check_at = Some(before.check_at.filter(|at| *at > now).map_or(look, |at| at.min(look)));
        if round.paused {
            // The count last reported to the heads stays: the waiting clients are counted when the channel assigns
            // again.
            (after.left, after.oldest) = (before.left, before.oldest);
            return Ok(());
        }
        after.left = match view.more {
            false => page,
            // Counting costs a read of all who wait, so it happens when the heads are notified, and not for each
            // message.
            true if before.left == 0 || round.was_due => {
                let waiting = self.store.count_waiting(&before.account, &before.channel, None).await?;
                waiting.saturating_sub(given).max(page)
            }
            true => before.left.saturating_sub(given).max(page),
        };
        after.oldest = Some(*oldest);
        Ok(())
    }
}

async fn choose(
    decider: &mut Decider<'_>,
    members: &mut MemberReader<'_>,
    chat: &Chat,
    contact: Option<&Contact>,
) -> Result<Decision, StoreError> {
    let responsible = contact.and_then(|contact| contact.responsible.as_ref());
    loop {
        match decider.choose(Client { chat, responsible }) {
            Ok(decision) => return Ok(decision),
            Err(wanted) => members.read(wanted, &mut decider.candidates).await?,
        }
    }
}

/// The ring's write, if the round changed anything. Of two rounds that read the same ring one conflicts and decides
/// again, so no employee gets two turns at once, nor more chats than the cap.
fn ring_write(ring: &mut (Ring, Ring), exists: bool, gave: bool) -> Result<Option<Write>, StoreError> {
    let (before, after) = ring;
    if !gave && before == after {
        return Ok(None);
    }
    after.rounds += 1;
    match exists {
        true => Write::change(before, after, &[attribute::ring::ROUNDS, attribute::ring::TURNS]),
        false => Write::create(after).map(Some),
    }
}

/// One client, and the decision on them.
struct Giving<'a> {
    owner: &'a Account,
    channel: &'a Channel,
    client: &'a WaitingClient,
    chat: &'a Chat,
    contact: Option<&'a Contact>,
    decision: Decision,
    now: Timestamp,
}

impl Giving<'_> {
    fn employee(&self) -> Option<&EmployeeId> {
        match &self.decision.outcome {
            Assigned::To { employee, .. } => Some(employee),
            Assigned::ToAll | Assigned::ToNobody => None,
        }
    }

    /// The chat after the decision, and the writes that assign it; `None` if the client keeps waiting.
    fn writes(&self) -> Result<Option<(Chat, Vec<Write>)>, StoreError> {
        let closing = Closing::of(self.owner, Some(self.channel));
        let mut change = ChatTransaction::of(self.chat.clone(), &closing, self.owner.crm_kind)
            .decided_on(DecidedOn::Responsible);
        let record = match &self.decision.outcome {
            Assigned::ToNobody => return Ok(None),
            Assigned::ToAll => change.change(|chat| {
                chat.offer_to_all();
                AssignmentRecord::new(chat, AssignmentReason::ShownToAll, self.now)
            }),
            Assigned::To { employee, why, reserved_until } => change.change(|chat| {
                let record = chat.assign(employee, *why, self.now);
                chat.reserved_until = *reserved_until;
                record
            }),
        };
        change.taken_from_queue(self.client);
        change.assignment(&record.among(self.decision.considered.clone(), self.decision.more));
        change.also(self.contact_write());
        change.writes(self.now).map(Some)
    }

    /// The contact gets the same responsible; if the contact's responsible decided the assignment, the write requires
    /// it unchanged. If a client was unassigned and is now offered to all, the contact's responsible is cleared, so
    /// that the first answer of another employee does not return the client to the former one.
    fn contact_write(&self) -> Result<Option<Write>, StoreError> {
        let depends_on = [attribute::contact::RESPONSIBLE, attribute::contact::MERGED_INTO];
        let Some(contact) = self.contact else { return Ok(None) };
        if self.decision.outcome == Assigned::ToAll
            && self.chat.queue_preference == Some(QueuePreference::Anyone)
        {
            let after = Contact { responsible: None, ..contact.clone() };
            return Write::change(contact, &after, &depends_on);
        }
        let Some(employee) = self.employee() else { return Ok(None) };
        let after = Contact { responsible: Some(employee.clone()), ..contact.clone() };
        if contact.responsible == after.responsible && self.chat.responsible != after.responsible {
            return Write::check(contact, &depends_on).map(Some);
        }
        Write::change(contact, &after, &depends_on)
    }
}
