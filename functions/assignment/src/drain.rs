//! One channel's waiting clients, a few dozen at a time, until nobody waits or nobody is eligible.

use crate::Assignment;
use shared::account::Account;
use shared::assignment::{Given, Ring, WaitingClient, give};
use shared::channel::Channel;
use shared::chat::{Chat, ClientState};
use shared::contact::Contact;
use shared::crm::CrmKind;
use shared::employee::Membership;
use shared::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use shared::metrics::Metric;
use shared::nudge::nudges;
use shared::queue::{Outgoing, QueueError};
use shared::store::row::{Row, Write};
use shared::store::{Read, StoreError};
use shared::telemetry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Clients in one transaction: three rows each, the ring, and a check per member, of a hundred writes in all.
const AT_ONCE: i32 = 20;
/// Most members that one transaction can check.
const MOST_WRITES: usize = shared::store::MAX_WRITES;
/// Races that may be lost in a row before the queue takes over.
const ATTEMPTS: u32 = 5;
/// While somebody waits and nobody is eligible, the channel is looked at this often even if nothing changes.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// Why a drain stopped early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The account is not there (yet).
    #[error("the account is not there")]
    NoAccount,
}

/// A channel as a round of a drain sees it.
struct View {
    ring: Option<Ring>,
    members: Vec<Membership>,
    waiting: Vec<WaitingClient>,
    chats: HashMap<ChatId, Chat>,
    /// The persons, by the contacts that the clients wait under.
    contacts: HashMap<ContactId, Contact>,
}

/// What a round decides.
struct Round {
    writes: Vec<Write>,
    assigned: Vec<Chat>,
    /// Clients for whom nobody is eligible.
    left: usize,
    /// Waiting rows whose chats were not read as waiting yet: two reads may see a transaction in part.
    torn: usize,
}

impl Assignment {
    /// Gives out all waiting clients of a channel.
    pub(crate) async fn drain(&self, account: &AccountId, channel: &ChannelId) -> Result<(), DrainError> {
        let now = self.ambient.now();
        let owner = self.settings.owner(&self.store, account, now).await?.ok_or(DrainError::NoAccount)?;
        let (mut lost, mut torn) = (0, 0);
        loop {
            // After a lost race the first client goes alone, so that one contended chat holds up no other.
            let limit = if lost > 0 { 1 } else { AT_ONCE };
            let view = self.view(account, channel, limit).await?;
            if view.waiting.is_empty() {
                return Ok(self.rest(view.ring).await?);
            }
            // From the table, not from memory: who switches the distribution wants the next client to go by it.
            let Some(row) = self.store.channel(account, channel, Read::Eventual).await? else {
                return Ok(());
            };
            let round = self.decide(&owner, &row, &view)?;
            match self.store.commit(round.writes).await {
                Ok(()) => lost = 0,
                Err(error) if error.wants_new_decision() && lost < ATTEMPTS => {
                    lost += 1;
                    tokio::time::sleep(self.ambient.jitter(Duration::from_millis(50 << lost))).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            self.tell(&owner, &round.assigned).await?;
            if round.torn > 0 {
                torn += 1;
                if torn > ATTEMPTS {
                    return Err(StoreError::Busy("a waiting client's chat is not to be read".into()).into());
                }
                tokio::time::sleep(self.ambient.jitter(Duration::from_millis(50 << torn))).await;
                continue;
            }
            if round.left > 0 {
                telemetry::count(Metric::WaitingClients, round.left as u64);
                tracing::warn!(account = %account, channel = %channel, waiting = round.left, "nobody is eligible");
                return Ok(());
            }
        }
    }

    async fn view(&self, account: &AccountId, channel: &ChannelId, limit: i32) -> Result<View, StoreError> {
        let (waiting, ring, members) = tokio::join!(
            self.store.waiting(account, channel, limit),
            self.store.ring(account, channel),
            self.store.members(account, channel),
        );
        let waiting = waiting?;
        let ids: Vec<ChatId> = waiting.iter().map(|client| client.chat.clone()).collect();
        let contacts: Vec<ContactId> = waiting.iter().map(|client| client.contact.clone()).collect();
        let (chats, contacts) =
            tokio::join!(self.store.chats(account, &ids), self.store.persons(account, &contacts),);
        Ok(View {
            ring: ring?,
            members: members?,
            waiting,
            chats: chats?.into_iter().map(|chat| (chat.chat.clone(), chat)).collect(),
            contacts: contacts?,
        })
    }

    fn decide(&self, owner: &Account, channel: &Channel, view: &View) -> Result<Round, StoreError> {
        let before = view.ring.clone().unwrap_or_else(|| Ring::new(&owner.account, &channel.channel));
        let mut ring = before.clone();
        let mut round = Round { writes: Vec::new(), assigned: Vec::new(), left: 0, torn: 0 };
        let mut chosen: HashSet<EmployeeId> = HashSet::new();
        let mut contacts: HashSet<&ContactId> = HashSet::new();
        for client in &view.waiting {
            let chat = match view.chats.get(&client.chat) {
                Some(chat) if chat.client == ClientState::Waiting => chat,
                // Given out by another way meanwhile: only the row is left.
                Some(chat) if matches!(chat.client, ClientState::Assigned | ClientState::Unclaimed) => {
                    if round.writes.len() + chosen.len() + 5 <= MOST_WRITES {
                        round.writes.push(Write::forget(client.key()));
                        round.writes.push(Write::check(chat, &["client"])?);
                    }
                    continue;
                }
                _ => {
                    round.torn += 1;
                    continue;
                }
            };
            // A second chat of the same person waits for the next round, and goes where the first one went. Room is
            // kept for this client's three writes, the ring, and a check for each chosen member and one more.
            let contact = view.contacts.get(&client.contact);
            let person = contact.map_or(&client.contact, |contact| &contact.contact);
            if contacts.contains(person) || round.writes.len() + chosen.len() + 5 > MOST_WRITES {
                continue;
            }
            let sticky = contact.and_then(|contact| contact.responsible.as_ref());
            let (employee, place) = match give(channel, &view.members, ring.last.as_ref(), sticky) {
                Given::To(employee, place) => (employee, place),
                Given::ToAll => {
                    contacts.insert(person);
                    round.writes.extend(release(owner.crm_kind, client, chat, &mut round.assigned)?);
                    continue;
                }
                Given::ToNobody => {
                    round.left += 1;
                    continue;
                }
            };
            if place != ring.last || Some(&employee) != sticky {
                ring.turns += 1;
            }
            ring.last = place;
            contacts.insert(person);
            round.writes.extend(assign(
                owner.crm_kind,
                client,
                chat,
                contact,
                &employee,
                &mut round.assigned,
            )?);
            chosen.insert(employee);
        }
        let look_again = self.ambient.now() + LOOK_AGAIN;
        ring.check_at = (round.left > 0).then_some(look_again);
        for member in view.members.iter().filter(|member| chosen.contains(&member.employee)) {
            // He must still be there and eligible at the very moment of the commit.
            round.writes.push(Write::check(member, &["role", "receives_new_clients", "sends"])?);
        }
        match &view.ring {
            Some(_) => round.writes.extend(Write::change(&before, &ring, &["turns", "last"])?),
            None => round.writes.push(Write::create(&ring)?),
        }
        Ok(round)
    }

    /// Nobody waits: the due index lets go of the channel.
    async fn rest(&self, ring: Option<Ring>) -> Result<(), StoreError> {
        let Some(before) = ring.filter(|ring| ring.check_at.is_some()) else { return Ok(()) };
        let after = Ring { check_at: None, ..before.clone() };
        match self
            .store
            .commit(Write::change(&before, &after, &["turns", "check_at"])?.into_iter().collect())
            .await
        {
            // Somebody is at it: it is looked at again.
            Err(error) if error.wants_new_decision() => Ok(()),
            done => done,
        }
    }

    async fn tell(&self, owner: &Account, assigned: &[Chat]) -> Result<(), QueueError> {
        telemetry::count(Metric::Assigned, assigned.len() as u64);
        let workers = owner.crm_kind.capabilities().workers;
        let mut outgoing = Vec::new();
        for chat in assigned {
            tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, "assigned");
            if let Some(nudge) = nudges(chat, owner.crm_kind, self.ambient.now()).crm {
                outgoing.push(Outgoing::crm(&nudge, workers, &*self.ambient)?);
            }
        }
        // What was committed is not found waiting again, so its nudge is tried harder than others.
        let mut sent = self.queues.send(&self.crm_url, outgoing.clone()).await;
        for attempt in 0..ATTEMPTS {
            if sent.is_ok() {
                break;
            }
            tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100 << attempt))).await;
            sent = self.queues.send(&self.crm_url, outgoing.clone()).await;
        }
        sent
    }
}

/// The writes that show one client to everybody who receives new clients.
fn release(
    crm: CrmKind,
    client: &WaitingClient,
    chat: &Chat,
    told: &mut Vec<Chat>,
) -> Result<Vec<Write>, StoreError> {
    let mut next = chat.clone();
    next.release();
    if crm == CrmKind::None {
        next.settle_without_crm();
    }
    let change = Write::change(chat, &next, &["last_seq", "client", "responsible"])?;
    told.push(next);
    Ok(std::iter::once(Write::delete(client.key())).chain(change).collect())
}

/// The writes that give one client to an employee.
fn assign(
    crm: CrmKind,
    client: &WaitingClient,
    chat: &Chat,
    contact: Option<&Contact>,
    employee: &EmployeeId,
    assigned: &mut Vec<Chat>,
) -> Result<Vec<Write>, StoreError> {
    let mut next = chat.clone();
    next.assign(employee);
    if crm == CrmKind::None {
        next.settle_without_crm();
    }
    let mut writes = vec![Write::delete(client.key())];
    writes.extend(Write::change(chat, &next, &["last_seq", "client", "responsible"])?);
    if let Some(contact) = contact {
        let responsible = Contact { responsible: Some(employee.clone()), ..contact.clone() };
        writes.extend(Write::change(contact, &responsible, &["responsible", "merged_into"])?);
    }
    assigned.push(next);
    Ok(writes)
}
