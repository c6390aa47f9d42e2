//! The nudges that follow a change of a chat: to the CRM, delivery, assignment, and the account's rules.

use crate::base::ids::{AccountId, ChannelId};
use crate::model::account::Account;
use crate::model::chat::{Chat, ForRules};
use crate::model::crm::CrmKind;
use crate::platform::metrics::Metric;
use crate::platform::nudger::log_untaken;
use crate::platform::queue::QueueError;
use crate::platform::telemetry;
use crate::service::context::Context;
use crate::store::open_chats::frees_place;
use std::time::Duration;

/// Most triggers that wait in a chat for rules. `routing` removes them at its next check, a moment later; more than
/// these are a flood, and rules need not answer every message of a flood.
const MOST_FOR_RULES: usize = 20;

/// A check that is due sooner than the next sweep may come gets a timer: for a chat with a short window that was opened
/// here.
const SWEEPS_ARE_LATE: Duration = Duration::from_secs(60);

/// Records in a chat what happened to it here, for the account's rules: `routing` runs them at its next check (F6). The
/// caller writes the chat, and [`follow_up`] asks for the check.
pub(super) fn mark_for_rules(owner: &Account, chat: &mut Chat, happened: ForRules) {
    if !owner.has_rules {
        return;
    }
    // Opened and finished are recorded even in a flood.
    let whole = matches!(happened, ForRules::Opened | ForRules::Finished);
    let is_known = whole && chat.for_rules.contains(&happened);
    if chat.for_rules.len() >= MOST_FOR_RULES && (!whole || is_known) {
        telemetry::count(Metric::AutomaticSkipped, u64::from(!is_known));
        tracing::warn!(account = %chat.account, chat = %chat.chat, "too much happened at once: some triggers of rules were dropped");
        return;
    }
    chat.for_rules.push(happened);
}

/// Sends the nudges that follow from a chat's state. What was committed stays even when a queue does not take a nudge,
/// because the due index brings the chat back.
pub async fn follow_up(cx: &Context<'_>, chat: &Chat, crm: CrmKind) {
    log_untaken(&chat.account, Some(&chat.chat), send_nudges(cx, chat, crm).await);
}

async fn send_nudges(cx: &Context<'_>, chat: &Chat, crm: CrmKind) -> Result<(), QueueError> {
    let nudged = cx.nudger.chat(chat, crm).await;
    let now = cx.ambient.now();
    let soon = chat.check_at.filter(|at| at.since(now) < SWEEPS_ARE_LATE);
    let checked = match soon {
        _ if !chat.for_rules.is_empty() => cx.nudger.check(chat).await,
        // It is due now, so there is nothing to wait for.
        Some(at) if at.since(now).is_zero() => cx.nudger.due(chat, at).await,
        Some(at) => cx.nudger.timer(chat, at).await,
        None => Ok(()),
    };
    nudged.and(checked)
}

/// Nudges `assignment` for channels where a client may wait for an employee. What was committed stays even when the
/// queue does not take the nudge, because the due index brings every waiting client back.
pub async fn nudge_assignment(cx: &Context<'_>, account: &AccountId, channels: &[ChannelId]) {
    log_untaken(account, None, cx.nudger.assignment_of_all(account, channels).await);
}

/// Nudges assignment after a change that left an employee with one open chat less: they may be under their cap again,
/// so waiting clients can be assigned. When this fails, what was committed stays, and the due index brings the clients
/// back.
pub(super) async fn nudge_if_place_freed(cx: &Context<'_>, before: &Chat, after: &Chat) {
    if !frees_place(before, after) {
        return;
    }
    match cx.store.clients_wait(&before.account, &before.channel).await {
        Ok(true) => nudge_assignment(cx, &before.account, std::slice::from_ref(&before.channel)).await,
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(account = %before.account, channel = %before.channel, error = %error, "could not check whether clients wait; the due index will");
        }
    }
}
