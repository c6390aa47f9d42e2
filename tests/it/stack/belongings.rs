//! An account that has one of everything that a path of the API can name, created through the API and webhooks alone.

use super::asking::{Asker, until};
use super::{Live, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::account::Account;
use tests::sandbox::faults::{Action, Fault};
use tests::sandbox::state::{Channel, WazzupSetup};
use tests::wazzup::{about_listing, advert, messages, text};

const CLIENT: &str = "79011118001";

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no id: {value}")).to_owned()
}

/// Ids by the names of path parameters. The employee is on the account's channel; the user, contact and deal of `/v3`
/// have the employee's id too, so `id` works for each of them.
pub async fn belongings(live: &Live, account: &Account, employee: &str) -> BTreeMap<String, String> {
    let api = Asker::new(live, &account.key);
    let connections = api.expect(200, "GET", "/v1/connections", None).await;
    let connection = id(&connections["connections"][0]["id"]);
    let avito = second_channel(live, account, &connection).await;
    let (channel, chat) = (&account.channels[0], chat_of(account, &avito, employee).await);
    let shown = api.expect(200, "GET", &format!("/v1/chats/{chat}"), None).await;
    let listings = api.expect(200, "GET", &format!("/v1/chats/{chat}/listings"), None).await;
    let sent = json!({"text": "Добрый день!"});
    let sent = api.expect(202, "POST", &format!("/v1/chats/{chat}/messages"), Some(&sent)).await;
    let (contact, from, erasure) = people(&api, account, &id(&shown["contact"]["id"])).await;
    let keys = api.expect(200, "GET", "/v1/keys", None).await;
    let block = api.expect(200, "PUT", "/v1/blacklist", Some(&json!({"phone": "+79011118999"}))).await;
    let reply = json!({"title": "Приветствие", "text": "Добрый день!"});
    let reply = api.expect(201, "POST", "/v1/quick-replies", Some(&reply)).await;
    let upload = json!({"name": "offer.pdf", "mime": "application/pdf", "bytes": 10});
    let upload = api.expect(201, "POST", "/v1/uploads", Some(&upload)).await;
    let test = api.expect(202, "POST", "/v1/test-messages", Some(&json!({}))).await;
    load(&api, employee).await;
    let failure = failed_change(live, account).await;
    BTreeMap::from(
        [
            ("failure", failure),
            ("connection", connection),
            ("channel", channel.id.clone()),
            ("chat", chat),
            ("message", id(&sent["message"]["id"])),
            ("listing", id(&listings["listings"][0]["id"])),
            ("contact", contact),
            ("from", from),
            ("erasure", erasure),
            ("employee", employee.to_owned()),
            ("key", id(&keys["keys"][0]["id"])),
            ("block", id(&block["id"])),
            ("reply", id(&reply["id"])),
            ("upload", id(&upload["id"])),
            ("test", id(&test["id"])),
            ("id", employee.to_owned()),
        ]
        .map(|(name, id)| (name.to_owned(), id)),
    )
}

/// A message that the CRM refuses, while it accepts the next one.
async fn failed_change(live: &Live, account: &Account) -> String {
    let refused = format!("refused-{}", account.id);
    let fault = Fault::crm(&account.crm, "messages", Action::status(422)).matching(&refused);
    live.sandbox.add_fault(&fault).await.unwrap();
    let (channel, phone) = (&account.channels[0].external, "79011118004");
    for (id, body) in [(refused.clone(), "Раз"), (format!("taken-{}", account.id), "Два")] {
        let written = messages(&[text(channel, phone, &id, &moment(), body)]);
        assert_eq!(account.post(&written).await.unwrap().status, Some(200));
    }
    until("a change that the CRM did not accept", || async {
        let listed = account.api.get("/v1/crm/failures").await.unwrap();
        listed["failures"][0]["id"].as_str().map(str::to_owned)
    })
    .await
}

/// Adds an Avito channel at Wazzup, and returns Wazzup's id of it.
async fn second_channel(live: &Live, account: &Account, connection: &str) -> String {
    let api = Asker::new(live, &account.key);
    let entry = |id: &str, transport: &str| Channel {
        channel_id: id.to_owned(),
        transport: transport.to_owned(),
        plain_id: "79990000000".into(),
        state: "active".into(),
        name: Some("Канал".into()),
    };
    let external = shared::base::ids::hex_digest(account.id.as_bytes());
    let external = format!("{}-0000-4000-8000-{}", &external[..8], &external[8..20]);
    let channels = vec![entry(&account.channels[0].external, "whatsapp"), entry(&external, "avito")];
    let setup = WazzupSetup { channels, crm_key: None };
    live.sandbox.put_wazzup(&account.wazzup_key, &setup).await.unwrap();
    api.expect(200, "POST", &format!("/v1/connections/{connection}/refresh"), None).await;
    external
}

/// A chat about a listing, on a channel whose head is the employee, and clients on the first channel.
async fn chat_of(account: &Account, avito: &str, employee: &str) -> String {
    let message = |name: &str| format!("{name}-{}", account.id);
    // A listing is identified by its number: each account has another one.
    let number = shared::base::ids::hex_digest(account.id.as_bytes())
        .replace(|digit: char| !digit.is_ascii_digit(), "");
    let car = advert(&number[..10], "Автомобиль", "1 000 000 ₽");
    let first = &account.channels[0].external;
    let written = messages(&[
        about_listing(avito, "u2i-belongings", &message("listing"), &moment(), "Торг?", &car),
        text(first, CLIENT, &message("one"), &moment(), "Раз"),
        text(first, "79011118002", &message("two"), &moment(), "Два"),
        text(first, "79011118003", &message("three"), &moment(), "Три"),
    ]);
    assert_eq!(account.post(&written).await.unwrap().status, Some(200));
    let channels = account.api.get("/v1/channels").await.unwrap();
    let channels = channels["channels"].as_array().unwrap();
    let channel = id(&channels.iter().find(|one| one["external"] == avito).unwrap()["id"]);
    let head = json!({"role": "head", "receives_new_clients": false});
    account.api.put(&format!("/v1/channels/{channel}/employees/{employee}"), &head).await.unwrap();
    until("the chat about a listing", || async {
        let chats = account.api.get(&format!("/v1/chats?channel={channel}")).await.unwrap();
        chats["chats"][0]["id"].as_str().map(str::to_owned)
    })
    .await
}

/// A contact, another one that was merged into it, and the erasure of a third.
async fn people(api: &Asker, account: &Account, of_listing: &str) -> (String, String, String) {
    let mut found = Vec::new();
    for phone in [CLIENT, "79011118002", "79011118003"] {
        let contact = until("a contact", || async {
            let contacts = account.api.get(&format!("/v1/contacts?phone=%2B{phone}")).await.unwrap();
            contacts["contacts"][0]["id"].as_str().map(str::to_owned)
        });
        found.push(contact.await);
    }
    let merge = format!("/v1/contacts/{}/merge", found[0]);
    api.expect(200, "POST", &merge, Some(&json!({"into": of_listing}))).await;
    let erasure = api.expect(202, "DELETE", &format!("/v1/contacts/{}", found[2]), None).await;
    (of_listing.to_owned(), found.swap_remove(0), id(&erasure["erasure"]["id"]))
}

/// Loads a CRM's entities, all with the employee's id.
async fn load(api: &Asker, employee: &str) {
    let point = json!([{"chatType": "whatsapp", "chatId": "79011118777"}]);
    for (path, entity) in [
        ("/v3/users", json!([{"id": employee, "name": "Анна"}])),
        (
            "/v3/contacts",
            json!([{"id": employee, "responsibleUserId": employee, "name": "Марина", "contactData": point}]),
        ),
        (
            "/v3/deals",
            json!([{
                "id": employee, "responsibleUserId": employee, "name": "Сделка", "uri": "https://crm.example.com/1",
                "contacts": [employee], "closed": false
            }]),
        ),
    ] {
        api.expect(200, "POST", path, Some(&entity)).await;
    }
}
