//! Who a new chat's client is: known by identity, else by verified phone, else new (C2, C3).

use crate::Routing;
use crate::commit::ChatContact;
use shared::contact::{Contact, CrmRecords, Identity};
use shared::event::MessageEvent;
use shared::ids::{AccountId, ContactId};
use shared::store::StoreError;

impl Routing {
    pub(crate) async fn client_of(
        &self,
        account: &AccountId,
        event: &MessageEvent,
    ) -> Result<ChatContact, StoreError> {
        let identity = Identity::of(event);
        let phone = identity.phone();
        let (by_identity, by_phone) = self.store.owners(account, &identity, phone.as_ref()).await?;
        if let Some(id) = by_identity {
            return Ok(ChatContact { id, new: None, identity: None, claims_phone: false });
        }
        if let Some(id) = by_phone {
            return Ok(ChatContact { id, new: None, identity: Some(identity), claims_phone: false });
        }
        let id = ContactId::new(self.ambient.uuid().to_string());
        let new = Contact {
            v: 1,
            account: account.clone(),
            contact: id.clone(),
            name: event.contact.name.clone(),
            phone: phone.clone(),
            username: event.contact.username.clone(),
            responsible: None,
            crm: CrmRecords::default(),
            created_at: self.ambient.now(),
        };
        Ok(ChatContact { id, new: Some(new), identity: Some(identity), claims_phone: phone.is_some() })
    }
}
