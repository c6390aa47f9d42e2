//! Who is told of a chat that the API changed: the CRM, delivery, and the account's rules.

use crate::app::App;
use shared::base::clock::Timestamp;
use shared::model::account::Account;
use shared::model::chat::closing::Closing;
use shared::model::chat::{Chat, ForRules};
use shared::model::crm::CrmKind;
use shared::platform::metrics::Metric;
use shared::platform::nudge::{Timer, nudges};
use shared::platform::queue::{Outgoing, QueueError};
use shared::platform::telemetry;
use std::time::Duration;

/// So many happenings wait in a chat for rules. `routing` takes them off at its next look, a moment later; more than these
/// are a flood, which rules need not answer one by one.
const MOST_FOR_RULES: usize = 20;

/// What must be looked at sooner than a sweep surely comes gets a timer: a chat with a short window that was opened here.
const SWEEPS_ARE_LATE: Duration = Duration::from_secs(60);

/// Notes in a chat what happened to it here, for the account's rules: `routing` runs them when it next looks (F6). What is
/// written must be the chat afterwards, and [`App::tell`] asks for the look.
pub(crate) fn mark_for_rules(
    owner: &Account,
    closing: &Closing,
    chat: &mut Chat,
    happened: ForRules,
    now: Timestamp,
) {
    if !owner.has_rules {
        return;
    }
    // That it was opened or finished is told in any case.
    let whole = matches!(happened, ForRules::Opened | ForRules::Finished);
    let is_known = whole && chat.for_rules.contains(&happened);
    if chat.for_rules.len() >= MOST_FOR_RULES && (!whole || is_known) {
        telemetry::count(Metric::AutomaticSkipped, u64::from(!is_known));
        tracing::warn!(account = %chat.account, chat = %chat.chat, "too much happened at once: rules are not told of it all");
        return;
    }
    chat.for_rules.push(happened);
    chat.watch(closing, now);
}

impl App {
    /// Sends the nudges that follow from a chat's state. What was committed stays also when a queue does not take one,
    /// because the due index brings the chat back.
    pub(crate) async fn tell(&self, chat: &Chat, crm: CrmKind) {
        if let Err(error) = self.try_to_tell(chat, crm).await {
            tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, "not nudged; the due index will");
        }
    }

    async fn try_to_tell(&self, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
        let nudges = nudges(chat, crm, self.ambient.now());
        if let Some(nudge) = &nudges.delivery {
            let outgoing = Outgoing::delivery(nudge, &*self.ambient)?;
            self.queues.send(&self.outbound_url, vec![outgoing]).await?;
        }
        if let Some(nudge) = &nudges.crm {
            let outgoing = Outgoing::crm(nudge, shared::crm::capabilities(crm).workers, &*self.ambient)?;
            self.queues.send(&self.crm_url, vec![outgoing]).await?;
        }
        let now = self.ambient.now();
        let soon = chat.check_at.map(|at| (at, at.since(now))).filter(|(_, wait)| *wait < SWEEPS_ARE_LATE);
        let look = if chat.for_rules.is_empty() { soon } else { Some((now, Duration::ZERO)) };
        if let Some((at, wait)) = look {
            let timer = Outgoing::standard(&Timer::new(chat.account.clone(), chat.chat.clone(), at))?;
            // A whole second later: a check that comes early would have to be posted again.
            let timer =
                if wait.is_zero() { timer } else { timer.after(Duration::from_secs(wait.as_secs() + 1)) };
            self.queues.send(&self.timers_url, vec![timer]).await?;
        }
        if nudges.assignment.is_some() {
            self.nudge(&chat.account, std::slice::from_ref(&chat.channel)).await;
        }
        Ok(())
    }
}
