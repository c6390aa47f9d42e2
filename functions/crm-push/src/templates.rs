//! Reports a message template's state to a CRM that subscribes to it.
//!
//! The nudge carries the state. While the CRM fails, a timer brings the nudge back, for a day at most: a CRM that was
//! away longer reads the states from the list of templates.

use crate::{CrmPush, PushError, topics};
use shared::base::clock::Timestamp;
use shared::crm;
use shared::crm::client::CrmError;
use shared::model::crm::CrmConnection;
use shared::platform::nudge::TemplateNudge;
use shared::platform::queue::Outgoing;
use shared::store::Read;
use std::time::Duration;

/// When a failed CRM is tried again, unless it names another time.
const AGAIN: Duration = Duration::from_secs(60);
/// The same if the CRM does not accept our key: a person has to set another one.
const AFTER_REFUSAL: Duration = Duration::from_secs(900);
/// How long a state is worth reporting.
const WORTH: Duration = Duration::from_secs(24 * 3600);

impl CrmPush {
    /// Sends a template's state to the CRM, or postpones the report.
    pub(crate) async fn tell_template(
        &self,
        nudge: &TemplateNudge,
        last_call: Timestamp,
    ) -> Result<(), PushError> {
        let wants = |crm: &CrmConnection| topics(crm).template_states;
        let crm = self.store.crm(&nudge.account, Read::Consistent).await?.filter(wants);
        let Some(crm) = crm else { return Ok(()) };
        let now = self.ambient.now();
        if let Some(until) = crm.paused_until.filter(|until| *until > now) {
            return self.tell_template_after(nudge, until.since(now)).await;
        }
        if now > last_call {
            return Err(PushError::OutOfTime);
        }
        match self.send_template(&crm, nudge).await {
            Err(PushError::Crm(error)) => {
                tracing::warn!(account = %nudge.account, error = %error, "the CRM was not told of the template's state");
                let again = match error {
                    // A CRM that does not support such bodies loses nothing by refusing them.
                    CrmError::Never { .. } => return Ok(()),
                    CrmError::Unauthorized => AFTER_REFUSAL,
                    CrmError::Later { after: Some(after), .. } => after.max(AGAIN),
                    _ => AGAIN,
                };
                self.tell_template_after(nudge, again).await
            }
            told => told,
        }
    }

    async fn send_template(&self, crm: &CrmConnection, nudge: &TemplateNudge) -> Result<(), PushError> {
        let call = self.call(crm, self.without_texts()).await?;
        Ok(crm::client(crm.kind).push_template_state(&call, &nudge.template).await?)
    }

    async fn tell_template_after(&self, nudge: &TemplateNudge, pause: Duration) -> Result<(), PushError> {
        if self.ambient.now().since(nudge.at) >= WORTH {
            tracing::warn!(account = %nudge.account, "a template's state is dropped: the CRM did not take it for a day");
            return Ok(());
        }
        let outgoing = Outgoing::standard(nudge)?.after(Duration::from_secs(pause.as_secs() + 1));
        Ok(self.queues.send(&self.timers_url, vec![outgoing]).await?)
    }
}
