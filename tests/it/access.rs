//! Rights end to end: a head may work while the CRM is down, and an employee who loses a client loses all access at
//! once (B1, B9, P10).

use crate::world::World;
use crate::world::asking::Asking;
use crate::world::sends::PHONE;
use reqwest::Method;
use serde_json::{Value, json};
use shared::model::chat::state::AssignmentState;
use shared::model::employee::{Membership, Role};
use shared::store::Read;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault};

/// Loads employees with their roles, and returns a token of each.
async fn staff(world: &World, asking: &Asking, people: &[(&str, Role, bool)]) -> Vec<String> {
    let loaded: Vec<Value> = people.iter().map(|(name, ..)| json!({"id": name, "name": name})).collect();
    asking.done(Method::PUT, "/v1/employees", Some(json!({"employees": loaded}))).await;
    let mut tokens = Vec::new();
    for (at, (name, role, receives)) in people.iter().enumerate() {
        let place = world.member(name, i64::try_from(at).unwrap());
        world.write(&Membership { role: *role, receives_new_clients: *receives, ..place }).await;
        let path = format!("/v1/employees/{name}/tokens");
        let made = asking.done(Method::POST, &path, Some(json!({}))).await;
        tokens.push(made["token"].as_str().unwrap().to_owned());
    }
    tokens
}

#[tokio::test]
async fn b1_a_head_reads_and_writes_while_the_crm_is_down_and_nobody_is_responsible() {
    let world = World::with_employees(&[]).await;
    let asking = world.serve().await;
    let tokens = staff(&world, &asking, &[("head", Role::Head, false), ("anna", Role::Manager, false)]).await;
    let client = world.sandbox.client();
    client.add_fault(&Fault::crm("demo", "any", Action::status(503))).await.unwrap();
    world.client_writes("m1", "Ещё продаёте?").await;
    world.pass_everywhere(Duration::from_secs(120)).await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (chat.assignment_state, &chat.responsible),
        (AssignmentState::Waiting, &None),
        "no member is eligible"
    );
    assert!(chat.seq > chat.crm_synced_seq, "the CRM knows nothing");

    let get = |token: usize, path: String| {
        let (asking, tokens) = (&asking, &tokens);
        async move { asking.by(&tokens[token], Method::GET, &path, None, &[]).await }
    };
    let one = format!("/v1/chats/{}", chat.chat);
    let (status, listed) = get(0, format!("/v1/chats?channel={}", world.channel)).await;
    assert_eq!((status, &listed["chats"][0]["id"]), (200, &json!(chat.chat.as_str())), "{listed}");
    let (_, found) = get(0, format!("/v1/chats/search?q=%2B{PHONE}")).await;
    assert_eq!(found["chats"][0]["id"], chat.chat.as_str(), "{found}");
    let (_, opened) = get(0, one.clone()).await;
    assert_eq!(opened["may_send"], json!({"allowed": true, "claims": false, "reason": null}), "{opened}");
    assert_eq!(get(1, one.clone()).await.0, 404, "a manager does not see another's chat");

    let say = Some(json!({"text": "Да, приезжайте"}));
    let (status, sent) = asking.by(&tokens[0], Method::POST, &format!("{one}/messages"), say, &[]).await;
    assert_eq!(status, 202, "{sent}");
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Да, приезжайте"]);
    let after = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (after.assignment_state, after.responsible, after.unanswered_at),
        (AssignmentState::Waiting, None, None)
    );
}

#[tokio::test]
async fn b1_who_loses_a_client_by_the_crm_loses_him_everywhere_in_that_write() {
    let world = World::with_employees(&[]).await;
    let asking = world.serve().await;
    let people = [("anna", Role::Manager, true), ("boris", Role::Manager, false)];
    let tokens = staff(&world, &asking, &people).await;
    world.client_writes("m1", "Ещё продаёте?").await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(chat.responsible.as_ref().map(|id| id.as_str()), Some("anna"));
    let known = world.store.contact(&world.account, &chat.contact, Read::Consistent).await.unwrap().unwrap();
    let in_crm = known.crm.contact_id.unwrap();
    for (has, lacks) in [(0, 1), (1, 0)] {
        if has == 1 {
            let contact = json!([{
                "id": in_crm, "responsibleUserId": "boris", "name": "Client",
                "contactData": [{"chatType": "whatsapp", "chatId": PHONE}],
            }]);
            asking.done(Method::POST, "/v3/contacts", Some(contact)).await;
        }
        for (who, shown) in [(has, true), (lacks, false)] {
            for list in ["/v1/chats?list=mine", &format!("/v1/chats/search?q=%2B{PHONE}")] {
                let (status, answer) = asking.by(&tokens[who], Method::GET, list, None, &[]).await;
                let found = answer["chats"].as_array().map(Vec::len);
                assert_eq!((status, found), (200, Some(usize::from(shown))), "{who} {list} {answer}");
            }
            for rest in ["", "/messages", "/changes", "/listings"] {
                let path = format!("/v1/chats/{}{rest}", chat.chat);
                let (status, answer) = asking.by(&tokens[who], Method::GET, &path, None, &[]).await;
                assert_eq!(status, if shown { 200 } else { 404 }, "{who} {path} {answer}");
            }
            let (path, say) = (format!("/v1/chats/{}/messages", chat.chat), Some(json!({"text": "Да"})));
            let (status, answer) = asking.by(&tokens[who], Method::POST, &path, say, &[]).await;
            assert_eq!(status, if shown { 202 } else { 403 }, "{who} {answer}");
        }
    }
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Да", "Да"]);
}
