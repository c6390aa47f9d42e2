//! Who is told of a chat that the API changed: the CRM, and delivery.

use crate::App;
use shared::chat::Chat;
use shared::crm::CrmKind;
use shared::nudge::nudges;
use shared::queue::{Outgoing, QueueError};

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
            let outgoing = Outgoing::crm(nudge, crm.capabilities().workers, &*self.ambient)?;
            self.queues.send(&self.crm_url, vec![outgoing]).await?;
        }
        if nudges.assignment.is_some() {
            self.nudge(&chat.account, std::slice::from_ref(&chat.channel)).await;
        }
        Ok(())
    }
}
