//! The deployed functions on the local stack: the real template, real binaries, real queues and table, IAM enforced.

mod alarms;
mod asking;
mod belongings;
mod clients;
mod closing;
mod crm;
mod deployment;
mod fuzz;
mod isolation;
mod live;
mod load;
mod outbound;
mod people;
mod telegram;
mod test_message;
mod uploads;
mod v3;
mod webhooks;

pub use live::Live;
use std::time::Duration;
use tests::account::Account;

/// Asserts that no log contains anything that this account's test used.
async fn assert_logs_hold_nothing_personal(account: &Account) {
    let token = account.webhook_url.rsplit('/').next().unwrap();
    let secrets = [token, &account.crm_key, &account.wazzup_key, &account.key];
    live::assert_logs_hold_nothing_personal(Live::get(), &secrets).await;
}

/// The current time in the format of a webhook.
pub fn moment() -> String {
    use shared::base::clock::Ambient;
    shared::base::clock::Machine.now().rfc3339()
}

/// The most time that the machine may need when it is slow.
pub const PATIENCE: Duration = Duration::from_secs(300);
