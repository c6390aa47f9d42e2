//! Puts clients back into the queue: those of an employee who leaves, and a channel's unclaimed clients. It works a
//! page at a time and writes each chat separately. Between two passes only the requeue's row is kept.

use crate::Assignment;
use crate::drain::DrainError;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ChatId};
use shared::model::account::Account;
use shared::model::assignment::requeue::{NextLook, Requeue, RequeueScope, works};
use shared::model::channel::{Channel, Distribution};
use shared::model::chat::Chat;
use shared::model::chat::assignment_record::MOST_CONSIDERED;
use shared::model::chat::closing::Closing;
use shared::model::employee::takes_new_clients;
use shared::platform::nudge::RequeueNudge;
use shared::store::attribute;
use shared::store::requeues::{Among, Because, end_write};
use shared::store::row::Write;
use shared::store::{ChatTransaction, DecidedOn, Read, RetryPolicy, StoreError, retry_on_conflict};
use std::collections::HashSet;
use std::time::Duration;

/// How often one chat is decided again after a conflict.
const RETRIES: RetryPolicy = RetryPolicy::growing(5, Duration::from_millis(50));
/// A pass that ran out of time continues at once by a nudge; if the nudge does not arrive, the due index resumes it
/// after this time.
const LOST_AFTER: Duration = Duration::from_secs(300);

/// The result of one pass over the chats.
#[derive(Debug, Default)]
struct Look {
    /// Clients who were put back into the queue.
    passed_on: usize,
    /// Chats that could not be read or written.
    failed: usize,
    /// Whether the pass ran out of time before its end.
    cut: bool,
}

impl Assignment {
    /// Makes one pass over all chats that a requeue concerns, until a moment.
    pub(crate) async fn requeue(&self, nudge: &RequeueNudge, until: Timestamp) -> Result<(), DrainError> {
        let (account, now) = (&nudge.account, self.ambient.now());
        // Another nudge ended it.
        let Some(requeue) = self.store.requeue(account, &nudge.whose).await? else { return Ok(()) };
        let owner = self.settings.owner(&self.store, account, now).await?.ok_or(DrainError::NoAccount)?;
        let look = self.look(&owner, &requeue, until).await?;
        tracing::info!(account = %account, why = ?requeue.why, passed_on = look.passed_on, failed = look.failed,
            cut = look.cut, "clients go back into the queue");
        if look.cut {
            return self.go_on(&requeue, &look).await;
        }
        match requeue.after_look(look.failed, self.ambient.now()) {
            NextLook::Again(next) => self.remember(&requeue, &next).await?,
            NextLook::End => self.end(&requeue).await?,
            NextLook::GiveUp => {
                tracing::error!(account = %account, failed = look.failed, "clients of a departed employee are left to people");
                self.end(&requeue).await?;
            }
        }
        Ok(())
    }

    async fn look(&self, owner: &Account, requeue: &Requeue, until: Timestamp) -> Result<Look, DrainError> {
        let mut look = Look::default();
        if let RequeueScope::Unclaimed { channel } = &requeue.whose
            && self.nobody_sees(&requeue.account, channel).await?.is_none()
        {
            return Ok(look);
        }
        for among in Among::ALL {
            let mut from = None;
            loop {
                let page = self.store.chats_to_pass_on(requeue, among, from.take()).await?;
                self.pass_on_page(owner, requeue, &page.items, &mut look).await?;
                from = page.next;
                if from.is_none() {
                    break;
                }
                if self.ambient.now() >= until {
                    look.cut = true;
                    return Ok(look);
                }
            }
        }
        Ok(look)
    }

    /// Requeues a page of chats, then nudges the channels on which clients wait now, also when the page failed partway.
    async fn pass_on_page(
        &self,
        owner: &Account,
        requeue: &Requeue,
        page: &[ChatId],
        look: &mut Look,
    ) -> Result<(), DrainError> {
        let mut channels = HashSet::new();
        let mut outcome = Ok(());
        let (chats, unreadable) = self.readable(&owner.account, page).await?;
        look.failed += unreadable.len();
        for chat in chats {
            match self.pass_on(owner, requeue, &chat).await {
                Ok(true) => {
                    look.passed_on += 1;
                    channels.insert(chat.channel);
                }
                Ok(false) => {}
                // The table is busy: the chat is not the cause.
                Err(error @ StoreError::Busy(_)) => {
                    outcome = Err(error.into());
                    break;
                }
                Err(error) => {
                    tracing::error!(account = %owner.account, chat = %chat.chat, error = %error, "a client cannot be passed on");
                    look.failed += 1;
                }
            }
        }
        self.nudger.assignment_of_all(&owner.account, &channels).await?;
        outcome
    }

    /// Requeues one chat's client; returns whether the client went back into the queue. `first` is the chat as it was
    /// read.
    async fn pass_on(&self, owner: &Account, requeue: &Requeue, first: &Chat) -> Result<bool, StoreError> {
        let mut present = Some(first.clone());
        retry_on_conflict(RETRIES, &*self.ambient, || {
            let present = present.take();
            async move {
                let before = match present {
                    Some(first) => Some(first),
                    None => self.store.chat(&owner.account, &first.chat).await?,
                };
                match before {
                    Some(before) => self.pass_on_once(owner, requeue, before).await,
                    None => Ok(false),
                }
            }
        })
        .await
    }

    async fn pass_on_once(
        &self,
        owner: &Account,
        requeue: &Requeue,
        before: Chat,
    ) -> Result<bool, StoreError> {
        let now = self.ambient.now();
        if !requeue.concerns(&before) {
            return Ok(false);
        }
        let Some(because) = self.because(requeue, &before).await? else { return Ok(false) };
        let channel = self.settings.channel(&self.store, &owner.account, &before.channel, now).await?;
        let closing = Closing::of(owner, channel.as_ref());
        let mut change =
            ChatTransaction::of(before, &closing, owner.crm_kind).decided_on(DecidedOn::Responsible);
        let record = change.change(|chat| requeue.requeue(chat, now));
        change.assignment(&record);
        change.row(because.check(&owner.account));
        let (_, writes) = change.writes(now)?;
        self.store.commit(writes).await?;
        Ok(true)
    }

    /// The reason why a chat's client is requeued, as of the last write. `None` if the client is not: the employee may
    /// have come back, or the channel may offer its clients to all again.
    async fn because(&self, requeue: &Requeue, chat: &Chat) -> Result<Option<Because>, StoreError> {
        let account = &requeue.account;
        Ok(match &requeue.whose {
            RequeueScope::Employee { employee, .. } => {
                let place = self.store.member(account, &chat.channel, employee).await?;
                match place {
                    None => {
                        Some(Because::NoPlace { employee: employee.clone(), channel: chat.channel.clone() })
                    }
                    Some(place) if !works(Some(&place)) => Some(Because::Place(Box::new(place))),
                    // The membership may have been created while the CRM refused the employee.
                    Some(_) => {
                        let known = self.store.employee(account, employee).await?;
                        let refused = known.filter(|employee| employee.refused_at.is_some());
                        refused.map(|employee| Because::Refused(Box::new(employee)))
                    }
                }
            }
            RequeueScope::Unclaimed { channel } => {
                let row = self.nobody_sees(account, channel).await?;
                row.map(|row| Because::Channel(Box::new(row)))
            }
        })
    }

    /// The channel, if its unclaimed clients are to be assigned: because it distributes in turn, or because new clients
    /// would be offered to all while no member takes clients.
    async fn nobody_sees(
        &self,
        account: &AccountId,
        channel: &ChannelId,
    ) -> Result<Option<Channel>, StoreError> {
        let Some(row) = self.store.channel(account, channel, Read::Consistent).await? else {
            return Ok(None);
        };
        let given_out = match row.distribution {
            Distribution::RoundRobin => true,
            Distribution::ByCrm => false,
            // As a drain does: all members are read where they are few.
            Distribution::FirstResponder => {
                !match self.store.few_members(account, channel, MOST_CONSIDERED).await? {
                    Some(few) => few.iter().any(|member| takes_new_clients(member).is_ok()),
                    None => self.store.anybody_takes_clients(account, channel).await?,
                }
            }
        };
        Ok(given_out.then_some(row))
    }

    /// Schedules the rest of a pass that ran out of time.
    async fn go_on(&self, requeue: &Requeue, look: &Look) -> Result<(), DrainError> {
        let again = Requeue { check_at: self.ambient.now() + LOST_AFTER, ..requeue.clone() };
        self.remember(requeue, &again).await?;
        if look.passed_on > 0 {
            self.nudger.requeue(&requeue.account, &requeue.whose).await?;
        }
        Ok(())
    }

    async fn remember(&self, before: &Requeue, after: &Requeue) -> Result<(), StoreError> {
        self.unless_another(Write::change(before, after, &[attribute::requeue::ID])?).await
    }

    async fn end(&self, requeue: &Requeue) -> Result<(), StoreError> {
        self.unless_another(Some(end_write(requeue))).await
    }

    /// Commits unless another requeue replaced this one meanwhile; the new one is on the due index by itself.
    async fn unless_another(&self, write: Option<Write>) -> Result<(), StoreError> {
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if error.is_conflict() => Ok(()),
            done => done,
        }
    }
}
