//! Telegram in both directions: what people do in the sandbox's Telegram reaches the CRM, and what employees do reaches
//! the phones.

use super::asking::{Asker, until};
use super::{Live, PATIENCE, live};
use serde_json::{Value, json};
use tests::account::{Account, AccountChannel, random};
use tests::sandbox::faults::{Action, Fault};
use tests::sandbox::state::{ChatMessage, CrmState};
use tests::sandbox::telegram::state::{BotMessage, Person};
use tests::sandbox::telegram::{Act, Deleted, Edited, Place, Said};
use tests::sandbox::words::{ChatType, MessageStatus, MessageType};
use tests::telegram::{Bot, person};

/// An album's id, as Telegram assigns it.
const ALBUM: &str = "13894561230001";

/// An account with a bot, an employee who gets its clients, and a client.
struct Salon {
    live: &'static Live,
    account: Account,
    bot: Bot,
    anna: Asker,
    client: Person,
}

impl Salon {
    async fn new() -> Self {
        let live = Live::get();
        let account = live.account(&[600], &["anna"]).await;
        let bot = Bot::connect(&account, &["anna"]).await.unwrap();
        let asker = Asker::new(live, &account.key);
        let token = asker.expect(201, "POST", "/v1/employees/anna/tokens", Some(&json!({}))).await;
        let anna = asker.with(token["token"].as_str());
        Self { live, account, bot, anna, client: person("Марина") }
    }

    /// The client's chat on a channel, as soon as it exists and has a responsible.
    async fn chat(&self, channel: &AccountChannel) -> String {
        let id = self.client.id.to_string();
        until("the client's chat", || async {
            let chats = self.account.chats(channel, "live").await.unwrap();
            let is_theirs = |chat: &Value| chat["provider_chat_id"].as_str() == Some(&id);
            let chat = chats.into_iter().find(|chat| is_theirs(chat) && !chat["responsible"].is_null())?;
            Some(chat["id"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// Anna answers; returns the message's id.
    async fn answers(&self, chat: &str, text: &str) -> String {
        let path = format!("/v1/chats/{chat}/messages");
        let sent = self.anna.expect(202, "POST", &path, Some(&json!({ "text": text }))).await;
        sent["message"]["id"].as_str().unwrap().to_owned()
    }

    /// What the bot has written to the client, as soon as it is as wanted; in a business account's chat if its
    /// connection is named.
    async fn written(
        &self,
        connection: Option<&str>,
        wanted: impl Fn(&BotMessage) -> bool,
    ) -> Vec<BotMessage> {
        let (token, place) = (&self.bot.token, (connection, self.client.id));
        let wanted = |all: &[BotMessage]| all.iter().any(&wanted);
        let written = self.live.sandbox.written_until(token, place, PATIENCE, wanted).await.unwrap();
        assert!(wanted(&written), "{written:?}");
        written
    }

    /// The CRM, as soon as it is as wanted; it must have refused nothing.
    async fn crm_until(&self, wanted: impl Fn(&CrmState) -> bool) -> CrmState {
        let crm = self.live.sandbox.crm_until(&self.account.crm, PATIENCE, wanted).await.unwrap();
        assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
        crm
    }

    /// Anna edits the answer and deletes it; the client's phone and the CRM show both.
    async fn edits_and_deletes(&self, chat: &str, message: &str, connection: Option<&str>) {
        let path = format!("/v1/chats/{chat}/messages/{message}");
        self.anna.expect(202, "PATCH", &path, Some(&json!({"text": "Да, до 20:00"}))).await;
        let written = self.written(connection, |one| one.edits == 1).await;
        assert_eq!(written[0].text.as_deref(), Some("Да, до 20:00"));
        let is_edited = |one: &ChatMessage| one.edited && words(one) == "Да, до 20:00";
        self.crm_until(|crm| find(crm, message).is_some_and(is_edited)).await;
        self.anna.expect(202, "DELETE", &path, None).await;
        self.written(connection, |one| one.deleted).await;
        self.crm_until(|crm| find(crm, message).is_some_and(|one| one.deleted)).await;
    }

    /// The client sends a photo with a caption, and then an album of two: photos of 4001, 4002 and 4003 bytes.
    async fn gets_pictures(&self) -> [i64; 3] {
        let mut sent = [0; 3];
        for (n, message) in (1..).zip(&mut sent) {
            let name = format!("{}-{n}.jpg", self.account.id);
            let bytes = vec![n; 4000 + usize::from(n)];
            self.live.sandbox.put_file(&name, "image/jpeg", bytes).await.unwrap();
            let said = Said::file(Place::private(&self.client), &self.client, "photo", &name);
            let said = match n {
                1 => Said { text: Some("Вот такая".into()), ..said },
                _ => Said { album: Some(ALBUM.into()), ..said },
            };
            *message = self.bot.does(&Act::Say(said)).await.unwrap();
        }
        sent
    }

    /// Asserts that no log contains the bot's token or anything personal.
    async fn assert_logs_are_clean(&self) {
        let (_, secret) = self.bot.token.split_once(':').unwrap();
        live::assert_logs_hold_nothing_personal(self.live, &[secret, &self.account.key]).await;
    }
}

fn messages(crm: &CrmState) -> impl Iterator<Item = &ChatMessage> {
    crm.chats.iter().flat_map(|chat| &chat.messages)
}

fn find<'a>(crm: &'a CrmState, id: &str) -> Option<&'a ChatMessage> {
    messages(crm).find(|message| message.message_id == id)
}

fn words(message: &ChatMessage) -> &str {
    message.text.as_deref().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telegram_client_is_heard_whatever_they_send() {
    let salon = Salon::new().await;
    let (bot, client) = (&salon.bot, &salon.client);
    let asked = bot.hears(client, "Белая ещё продаётся?").await.unwrap();
    let pictures = salon.gets_pictures().await;
    let group = -1_001_000_000_000 - client.id;
    let said = Said::text(Place::group(group, "Клуб"), client, "Кто уже ездил?");
    let in_group = bot.does(&Act::Say(said)).await.unwrap();
    let id = |chat: i64, message: i64| format!("{chat}:{message}");
    // If the edit overtook its message on the way to the CRM, it would be the first that the CRM sees of it.
    salon.crm_until(|crm| find(crm, &id(client.id, asked)).is_some()).await;
    let edited = Edited { place: Place::private(client), message_id: asked, text: "Чёрная?".into() };
    bot.does(&Act::Edit(edited)).await.unwrap();

    let pictures = pictures.map(|message| id(client.id, message));
    let crm = salon
        .crm_until(|crm| {
            let edited = find(crm, &id(client.id, asked)).is_some_and(|one| one.edited);
            let is_there = |id: &String| find(crm, id).is_some_and(|one| one.content_uri.is_some());
            crm.message_count() == 5 && edited && pictures.iter().all(is_there)
        })
        .await;
    assert_eq!(words(find(&crm, &id(client.id, asked)).unwrap()), "Чёрная?");
    for (n, picture) in pictures.iter().enumerate() {
        let fetched = salon.live.sandbox.fetch_file(&salon.account.crm, picture).await.unwrap();
        assert_eq!((fetched.status, fetched.bytes), (Some(200), 4001 + n), "{fetched:?}");
        assert_eq!(fetched.content_type.as_deref(), Some("image/jpeg"));
        let shown = find(&crm, picture).unwrap();
        assert_eq!((shown.kind, words(shown).contains("Вот такая")), (MessageType::Image, n == 0));
    }
    let club = crm.chats.iter().find(|chat| chat.chat_type == ChatType::Telegroup).unwrap();
    assert_eq!((club.chat_id.as_str(), club.messages.len()), (group.to_string().as_str(), 1));
    assert_eq!(club.messages[0].message_id, id(group, in_group));
    assert_eq!(club.messages[0].text.as_deref(), Some("Марина: Кто уже ездил?"));
    let chat = salon.chat(&bot.channel).await;
    let kept = salon.account.messages(&chat).await.unwrap();
    let albums = kept.iter().filter(|message| message["album"] == ALBUM).count();
    assert_eq!((kept.len(), albums), (4, 2), "{kept:?}");
    salon.assert_logs_are_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_waits_as_long_as_telegram_says_and_can_be_edited_and_deleted() {
    let salon = Salon::new().await;
    salon.bot.hears(&salon.client, "Добрый день!").await.unwrap();
    let chat = salon.chat(&salon.bot.channel).await;
    let flood = Fault::telegram(&salon.bot.token, "send", Action::telegram_flood(6)).times(1);
    salon.live.sandbox.add_fault(&flood).await.unwrap();
    let answer = salon.answers(&chat, "Да, приезжайте").await;
    let written = salon.written(None, |_| true).await;
    assert_eq!((written.len(), written[0].text.as_deref()), (1, Some("Да, приезжайте")));

    let calls = salon.live.sandbox.bot(&salon.bot.token).await.unwrap().requests;
    let sends: Vec<_> = calls.iter().filter(|call| call.route == "POST /sendMessage").collect();
    let statuses: Vec<_> = sends.iter().map(|call| call.answer.as_ref().map(|one| one.status)).collect();
    assert_eq!(statuses, [Some(429), Some(200)]);
    let pause = sends[1].received_at - sends[0].received_at;
    assert!(pause >= 6000, "retried after {pause} ms");

    let own = |crm: &CrmState| find(crm, &answer).is_some_and(|one| one.status == MessageStatus::Sent);
    let crm = salon.crm_until(own).await;
    assert!(find(&crm, &answer).unwrap().is_echo);
    salon.edits_and_deletes(&chat, &answer, None).await;
    let crm = salon.crm_until(|_| true).await;
    assert_eq!(crm.message_count(), 2, "{crm:?}");
    salon.assert_logs_are_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_account_is_answered_for_and_its_owner_is_echoed() {
    let salon = Salon::new().await;
    let (bot, client, owner, id) = (&salon.bot, &salon.client, person("Олег"), random());
    let channel = bot.connect_business(&id, &owner, &["anna"]).await.unwrap();
    let say = |from: &Person, text: &str| Act::Say(Said::text(Place::business(&id, client), from, text));
    let asked = bot.does(&say(client, "Ещё продаёте?")).await.unwrap();
    let echo = bot.does(&say(&owner, "Да, приезжайте")).await.unwrap();
    let key = |message: i64| format!("{id}:{}:{message}", client.id);
    let crm = salon.crm_until(|crm| crm.message_count() == 2).await;
    let echo = find(&crm, &key(echo)).unwrap();
    assert!(echo.is_echo && words(echo).ends_with("Да, приезжайте"), "{echo:?}");
    assert!(!find(&crm, &key(asked)).unwrap().is_echo);

    let chat = salon.chat(&channel).await;
    let answer = salon.answers(&chat, "Ждём вас до 19:00").await;
    let written = salon.written(Some(&id), |_| true).await;
    assert_eq!(written[0].text.as_deref(), Some("Ждём вас до 19:00"));
    salon.crm_until(|crm| find(crm, &answer).is_some()).await;
    salon.edits_and_deletes(&chat, &answer, Some(&id)).await;

    let place = Place::business(&id, client);
    bot.does(&Act::Delete(Deleted { place, message_ids: vec![asked] })).await.unwrap();
    let crm = salon.crm_until(|crm| find(crm, &key(asked)).is_some_and(|one| one.deleted)).await;
    assert_eq!((crm.message_count(), crm.chats.len()), (3, 1), "{crm:?}");
    salon.assert_logs_are_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_a_client_who_blocked_the_bot_fails_with_the_reason() {
    let salon = Salon::new().await;
    salon.bot.hears(&salon.client, "Добрый день!").await.unwrap();
    let chat = salon.chat(&salon.bot.channel).await;
    salon.bot.does(&Act::Block(salon.client.clone())).await.unwrap();
    let answer = salon.answers(&chat, "Да, приезжайте").await;
    let messages = until("the failure", || async {
        let messages = salon.account.messages(&chat).await.unwrap();
        let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
        let is_notice = |message: &Value| text(message).starts_with("[SWITCHBOARD ERROR] ");
        messages.iter().any(is_notice).then_some(messages)
    })
    .await;
    let own = messages.iter().find(|message| message["id"] == answer.as_str()).unwrap();
    assert_eq!((&own["status"], &own["error"]["code"]), (&json!("failed"), &json!("BOT_BLOCKED")), "{own}");
    assert!(messages.iter().any(|message| message["raw_kind"] == "bot_blocked"), "{messages:?}");
    let failed = |one: &ChatMessage| one.status == MessageStatus::Error;
    salon.crm_until(|crm| find(crm, &answer).is_some_and(failed)).await;
    let written = salon.live.sandbox.written_by_bot(&salon.bot.token, None, salon.client.id).await.unwrap();
    assert!(written.is_empty(), "{written:?}");
    salon.assert_logs_are_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_update_is_401_and_nothing_of_it_is_kept() {
    let salon = Salon::new().await;
    let other = Bot::connect(&salon.account, &[]).await.unwrap();
    let hook = salon.live.sandbox.bot(&salon.bot.token).await.unwrap().webhook.unwrap();
    let others = salon.live.sandbox.bot(&other.token).await.unwrap().webhook.unwrap();
    let (true_one, others) = (hook.secret_token.unwrap(), others.secret_token.unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |secret: Option<&str>, id: i64, text: &str| {
        let client = &salon.client;
        let message = json!({
            "message_id": id, "date": 1_795_000_000, "text": text,
            "from": { "id": client.id, "is_bot": false, "first_name": client.first_name },
            "chat": { "id": client.id, "type": "private", "first_name": client.first_name },
        });
        let body = json!({ "update_id": id, "message": message }).to_string();
        let request = http.post(&hook.url).header("content-type", "application/json").body(body);
        let request = match secret {
            Some(secret) => request.header("X-Telegram-Bot-Api-Secret-Token", secret),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    let altered = format!("{true_one}0");
    let bot_alone = format!("{}-", salon.bot.channel.external);
    let forgeries = [None, Some(""), Some(bot_alone.as_str()), Some(&altered), Some(&others)];
    for (id, forged) in (7..).zip(forgeries) {
        assert_eq!(post(forged, id, "Подделка").await, 401, "{forged:?}");
    }
    // An unreadable update goes to the quarantine only if it is genuine.
    let unreadable = http.post(&hook.url).body("{").send().await.unwrap();
    assert_eq!(unreadable.status().as_u16(), 401);
    // This message comes after the forged ones in the chat's order: when it is there, they would be there too.
    assert_eq!(post(Some(&true_one), 70, "Настоящее").await, 200);

    let crm = salon.crm_until(|crm| crm.message_count() >= 1).await;
    let chat = salon.chat(&salon.bot.channel).await;
    let chats = salon.account.chats(&salon.bot.channel, "live").await.unwrap();
    assert_eq!((chats.len(), salon.account.messages(&chat).await.unwrap().len()), (1, 1), "{chats:?}");
    assert_eq!((crm.message_count(), crm.contacts.len()), (1, 1), "{crm:?}");
    assert!(messages(&crm).all(|one| words(one).ends_with("Настоящее")), "{crm:?}");
    assert!(salon.live.quarantined(&salon.account.id).await.is_empty());
    salon.assert_logs_are_clean().await;
}
