//! A new client whom the CRM has already (C2): linked to its contact and assigned to its responsible from the first
//! message on, and no record is created for them again.

use crate::world::{TOKEN, World, messages, text};
use reqwest::Method;
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::account::Account;
use shared::model::chat::state::AssignmentState;
use shared::model::crm::entities::{ContactPoint, CrmContact, CrmSubject, DealRef};
use shared::model::employee::Employee;
use shared::store::{Read, keys};

const PHONE: &str = "79011112233";

impl World {
    /// Stores a contact and a deal as `POST /v3/contacts` and `POST /v3/deals` do.
    pub async fn loaded(&self, id: &str, phone: &str, responsible: &str, deal: Option<&str>) -> CrmContact {
        let owner: Account =
            self.store.get(&keys::account(&self.account), Read::Consistent).await.unwrap().unwrap();
        self.write(&Account { has_crm_contacts: true, ..owner.clone() }).await;
        let point = ContactPoint {
            chat_type: "whatsapp".into(),
            chat_id: Some(phone.into()),
            username: None,
            phone: None,
        };
        let contact = CrmContact {
            v: 1,
            account: self.account.clone(),
            id: id.into(),
            responsible: EmployeeId::new(responsible),
            name: "Marina Test".into(),
            points: vec![point],
            uri: Some(format!("https://crm.example.com/{id}")),
            in_crm: None,
            deal: deal.map(|deal| DealRef { id: deal.into(), uri: None }),
            loaded_at: self.clock.now(),
        };
        self.write(&contact).await;
        for digest in contact.subjects(&owner.region, &owner.id_salt) {
            let (account, crm_contact) = (self.account.clone(), id.to_owned());
            self.write(&CrmSubject { v: 1, account, digest, crm_contact }).await;
        }
        contact
    }

    async fn employee(&self, name: &str) {
        self.write(&Employee::new(&self.account, &EmployeeId::new(name), name, self.clock.now())).await;
    }
}

#[tokio::test]
async fn c2_a_newcomer_whom_the_crm_knows_goes_to_its_responsible_and_nothing_is_created() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.employee("boris").await;
    world.loaded("4711", PHONE, "boris", Some("815")).await;
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.settle().await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (chat.assignment_state, chat.responsible.as_ref().map(EmployeeId::as_str)),
        (AssignmentState::Assigned, Some("boris"))
    );
    let person = world.store.person(&world.account, &chat.contact, Read::Consistent).await.unwrap().unwrap();
    assert_eq!(
        (person.crm.contact_id.as_deref(), person.crm.deal_id.as_deref()),
        (Some("4711"), Some("815"))
    );
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (0, 0, 1));
    // A client whom the CRM does not have is new.
    world.post(TOKEN, messages(&[text("79022223344", "m2", "Добрый день")])).await;
    world.settle().await;
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn b5_a_responsible_who_takes_nobody_passes_him_on() {
    let world = World::with_employees(&["anna"]).await;
    world.employee("boris").await;
    world.loaded("4711", PHONE, "boris", Some("815")).await;
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.settle().await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(chat.responsible.as_ref().map(EmployeeId::as_str), Some("anna"));
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (0, 0, 1), "the client has both");
}

/// The CRM's sandbox answers a repeated idempotency key with what it created under it, so what is created anew here came
/// under another key.
#[tokio::test]
async fn what_the_crm_deleted_is_created_anew_with_the_clients_next_message() {
    let world = World::with_employees(&["anna"]).await;
    let api = world.serve().await;
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.settle().await;
    let records = || async {
        let chat = world.chat(PHONE).await.unwrap();
        let person =
            world.store.person(&world.account, &chat.contact, Read::Consistent).await.unwrap().unwrap();
        (person.crm.contact_id.unwrap_or_default(), person.crm.deal_id.unwrap_or_default())
    };
    assert_eq!(records().await, ("1".to_owned(), "1".to_owned()));
    api.done(Method::DELETE, "/v3/deals/1", None).await;
    world.post(TOKEN, messages(&[text(PHONE, "m2", "Вы здесь?")])).await;
    world.settle().await;
    assert_eq!(records().await, ("1".to_owned(), "2".to_owned()), "the contact stayed");
    api.done(Method::DELETE, "/v3/contacts/1", None).await;
    world.settle().await;
    assert_eq!(world.crm().await.contacts.len(), 1, "the deletion itself creates nothing");
    world.post(TOKEN, messages(&[text(PHONE, "m3", "Ау")])).await;
    world.settle().await;
    assert_eq!(records().await, ("2".to_owned(), "3".to_owned()));
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (2, 3, 3));
    assert_eq!(crm.deals[2].contacts, ["2"]);
    let shown = api.done(Method::GET, "/v3/contacts/2", None).await;
    assert_eq!(
        (&shown["responsibleUserId"], &shown["contactData"][0]["chatId"]),
        (&json!("anna"), &json!(PHONE))
    );
}

#[tokio::test]
async fn a_contact_loaded_later_replaces_the_created_one_from_the_next_request_on() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let api = world.serve().await;
    world.employee("boris").await;
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.settle().await;
    let load = json!([{"id": "4711", "responsibleUserId": "boris", "name": "Marina",
        "contactData": [{"chatType": "whatsapp", "chatId": PHONE}]}]);
    api.done(Method::POST, "/v3/contacts", Some(load)).await;
    world.post(TOKEN, messages(&[text(PHONE, "m2", "Вы здесь?")])).await;
    world.settle().await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(chat.responsible.as_ref().map(EmployeeId::as_str), Some("boris"));
    let person = world.store.person(&world.account, &chat.contact, Read::Consistent).await.unwrap().unwrap();
    assert_eq!((person.crm.contact_id.as_deref(), person.crm.contact_uri), (Some("4711"), None));
    assert_eq!(world.crm().await.contacts.len(), 1, "nothing is created again");
}
