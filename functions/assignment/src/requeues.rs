//! The clients of an employee who goes, and those of a channel that were everybody's, go back into the queue: a page at a time,
//! each by a write of its own. Nothing is kept between two looks but the row that says that there is something to do.

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

/// How often one chat is decided again while others change it.
const RETRIES: RetryPolicy = RetryPolicy::growing(5, Duration::from_millis(50));
/// A look that was cut short goes on at once; this long later it is taken for lost.
const LOST_AFTER: Duration = Duration::from_secs(300);

/// What a look did.
#[derive(Debug, Default)]
struct Look {
    /// Clients who are in the queue now.
    passed_on: usize,
    /// Chats that could not be read or written.
    failed: usize,
    /// Whether it came to no end before its time was over.
    cut: bool,
}

impl Assignment {
    /// Looks once at all chats that a departure is about, until a moment.
    pub(crate) async fn requeue(&self, nudge: &RequeueNudge, until: Timestamp) -> Result<(), DrainError> {
        let (account, now) = (&nudge.account, self.ambient.now());
        // It was ended by another nudge.
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

    /// A page of chats; then the channels are nudged on which somebody waits now, also when the page came to no good end.
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
                // Not this chat's fault.
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

    /// One chat; says whether its client went back into the queue. `first` is how it was read.
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

    /// Why a chat's client is to be passed on, as of the last write; `None`: he is not. The employee may have come back, and
    /// the channel may show its clients to everybody again.
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
                    // His place may have been made while he was being refused.
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

    /// The channel, if its clients who are nobody's are to be given out: in turn, or because new ones come to nobody who would
    /// see them.
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
            // As a drain looks: all where they are few.
            Distribution::FirstResponder => {
                !match self.store.few_members(account, channel, MOST_CONSIDERED).await? {
                    Some(few) => few.iter().any(|member| takes_new_clients(member).is_ok()),
                    None => self.store.anybody_takes_clients(account, channel).await?,
                }
            }
        };
        Ok(given_out.then_some(row))
    }

    /// There is more to do than there was time for.
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

    /// One that began meanwhile in its place is due by itself.
    async fn unless_another(&self, write: Option<Write>) -> Result<(), StoreError> {
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if error.is_conflict() => Ok(()),
            done => done,
        }
    }
}
