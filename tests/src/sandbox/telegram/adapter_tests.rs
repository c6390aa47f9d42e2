//! The product's adapter and its table of limits against the sandbox's Telegram: the two were written independently and
//! must agree.

use super::state::BotSetup;
use super::tests::{CONNECTION, Scene, TOKEN, marina, scene, setup};
use super::{Act, Migrated, Place, Said};
use crate::sandbox::faults::{Action, Fault};
use secrecy::SecretString;
use serde_json::json;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ConnectionId, MessageId};
use shared::model::channel::Channel;
use shared::model::credential::Credential;
use shared::model::limits::{Draft, DraftFile, FileKind, Limits, check};
use shared::model::message::content::Button;
use shared::model::message::kind::Kind;
use shared::model::message::media::Media;
use shared::model::messenger::{ChannelRef, Messenger};
use shared::model::outbound::call::{
    Edit, FailureReason, FileInfo, OutgoingContent, OutgoingMessage, Recipient, SendFailure, Sent,
};
use shared::platform::http::{AllowList, OutboundHttp};
use shared::providers;
use shared::providers::client::{Call, Client, MessageRef, ProviderError, Webhook};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const BOT: &str = "7770001";

/// The product's connection to the scene's bot, on one of its channels.
struct Line {
    http: OutboundHttp,
    base: reqwest::Url,
    credential: Credential,
    channel: Channel,
}

impl Line {
    fn new(scene: &Scene, external: &str) -> Self {
        let id = ChannelId::new("c");
        let of = ChannelRef { id, provider: "telegram".into(), external: external.into() };
        let channel = Channel::new(&AccountId::new("a"), &ConnectionId::new("n"), &of, NOW);
        let base: reqwest::Url = scene.client.telegram_url().parse().unwrap();
        let allow = AllowList::parse(&format!("127.0.0.1:{}", base.port().unwrap()));
        let credential = Credential::of("token", SecretString::from(TOKEN));
        Self { http: OutboundHttp::new(allow).unwrap(), base, credential, channel }
    }

    fn bot(scene: &Scene) -> Self {
        Self::new(scene, BOT)
    }

    fn business(scene: &Scene) -> Self {
        Self::new(scene, &format!("business:{CONNECTION}"))
    }

    fn client(&self) -> &'static dyn Client {
        providers::client("telegram").unwrap()
    }

    fn call(&self) -> Call<'_> {
        Call { http: &self.http, base_url: &self.base, credential: &self.credential, now: NOW }
    }

    fn limits(&self) -> &'static Limits {
        providers::provider("telegram").unwrap().limits(&self.channel, &Messenger::Telegram)
    }

    async fn send(&self, chat: i64, content: OutgoingContent<'_>) -> Result<Sent, SendFailure> {
        let (key, chat_id) = (MessageId::new("k"), chat.to_string());
        let message = OutgoingMessage {
            key: &key,
            channel: &self.channel,
            messenger: &Messenger::Telegram,
            group: chat < 0,
            quote: None,
            to: Recipient::Chat(&chat_id),
            content,
            keyboard: None,
            answers: true,
            comment: None,
        };
        self.client().send(&self.call(), &message).await
    }

    async fn says(&self, chat: i64, text: &str) -> Result<Sent, SendFailure> {
        self.send(chat, OutgoingContent::Text { text, buttons: &[] }).await
    }

    fn named<'a>(&'a self, id: &'a MessageId, has_file: bool) -> MessageRef<'a> {
        MessageRef { channel: &self.channel, chat: "218485655", id, has_file, buttons: &[] }
    }
}

/// The reason why a send failed for good.
fn reason<T: std::fmt::Debug>(result: Result<T, SendFailure>) -> (String, FailureReason) {
    match result {
        Err(SendFailure::Never { code, reason, .. }) => (code, reason),
        other => panic!("{other:?}"),
    }
}

/// Whether the product's limits allow a draft.
fn passes(limits: &Limits, draft: Draft<'_>) -> bool {
    check(limits, &Draft { client_wrote_at: Some(NOW), ..draft }, NOW).is_ok()
}

#[tokio::test]
async fn it_connects_and_what_telegram_refuses_is_told() {
    let scene = scene().await;
    let line = Line::bot(&scene);
    let listed = line.client().channels(&line.call()).await.unwrap();
    assert_eq!(
        (listed[0].external.as_str(), listed[0].plain_id.as_deref()),
        (BOT, Some("@salon_example_bot"))
    );
    let secret = SecretString::from("ab12");
    let hook = Webhook { url: "http://127.0.0.1:9/webhooks/telegram/t", secret: Some(&secret) };
    line.client().subscribe(&line.call(), &hook).await.unwrap();
    let set = scene.client.bot(TOKEN).await.unwrap().webhook.unwrap();
    assert_eq!((set.url.as_str(), set.secret_token.as_deref()), (hook.url, Some("7770001-ab12")));
    // The sandbox accepts every kind of update that the product asks for, and reports no others.
    assert_eq!(set.allowed_updates.len(), 9);
    scene.client.put_bot(TOKEN, &BotSetup { local_webhooks: false, ..setup() }).await.unwrap();
    let refused = line.client().subscribe(&line.call(), &hook).await;
    assert!(matches!(refused, Err(ProviderError::Refused(words)) if words.contains("HTTPS")));
    line.client().unsubscribe(&line.call(), &hook).await.unwrap();
    assert_eq!(scene.client.bot(TOKEN).await.unwrap().webhook, None);
    for token in ["7770002:TEST_opens_nothing_0123456789abcdef", "nothing"] {
        let credential = Credential::of("token", SecretString::from(token));
        let call = Call { credential: &credential, ..line.call() };
        assert!(matches!(line.client().channels(&call).await, Err(ProviderError::Unauthorized)), "{token}");
    }
}

#[tokio::test]
async fn texts_buttons_and_files_are_refused_by_both_or_by_none() {
    let scene = scene().await;
    scene.business(true).await;
    for line in [Line::bot(&scene), Line::business(&scene)] {
        let limits = line.limits();
        for text in [" ".to_owned(), "я".repeat(limits.text), "я".repeat(limits.text + 1)] {
            scene.after_a_pause().await;
            let sent = line.says(marina().id, &text).await;
            let draft = Draft { text: Some(&text), ..Draft::default() };
            assert_eq!(sent.is_ok(), passes(limits, draft), "{} {sent:?}", text.chars().count());
        }
        let rule = limits.buttons.unwrap();
        for payload in [Some("p".repeat(64)), None, Some("https://example.com/".into())] {
            scene.after_a_pause().await;
            let button = Button { title: "я".repeat(rule.title), payload };
            let buttons = vec![button; rule.count];
            line.send(marina().id, OutgoingContent::Text { text: "?", buttons: &buttons }).await.unwrap();
        }
        for rule in limits.files {
            let kind = match rule.kind {
                FileKind::Image => Kind::Image,
                FileKind::Audio => Kind::Audio,
                FileKind::Video => Kind::Video,
                FileKind::Document => Kind::Document,
            };
            for (mime, bytes) in rule.types.iter().flat_map(|mime| [(mime, 9), (mime, rule.bytes + 1)]) {
                scene.after_a_pause().await;
                let body = vec![7; usize::try_from(bytes).unwrap()];
                let url = scene.client.put_file("f", mime, body).await.unwrap();
                let file = FileInfo { kind, mime: Some(mime), name: None };
                let sent = line.send(marina().id, OutgoingContent::File { url: &url, file }).await;
                let draft = DraftFile { content_type: mime, bytes: Some(bytes) };
                let draft = Draft { file: Some(draft), ..Draft::default() };
                assert_eq!(sent.is_ok(), passes(limits, draft), "{mime} {bytes} {sent:?}");
            }
        }
    }
}

#[tokio::test]
async fn edits_and_deletions_reach_the_phone_or_say_why_not() {
    let scene = scene().await;
    scene.business(true).await;
    let link = scene.client.put_file("f", "image/png", vec![7; 9]).await.unwrap();
    for line in [Line::bot(&scene), Line::business(&scene)] {
        let connection = line.channel.external.strip_prefix("business:");
        let text = line.says(marina().id, "Да").await.unwrap().message_id.unwrap();
        let file = FileInfo { kind: Kind::Image, mime: Some("image/png"), name: None };
        let file = line.send(marina().id, OutgoingContent::File { url: &link, file }).await.unwrap();
        let (client, file) = (line.client(), file.message_id.unwrap());
        for (id, has_file) in [(&text, false), (&file, true)] {
            let named = line.named(id, has_file);
            client.edit(&line.call(), &named, Edit::Text("Нет")).await.unwrap();
            client.edit(&line.call(), &named, Edit::Text("Нет")).await.expect("an edit that was made before");
            let wrong = line.named(id, !has_file);
            let wrong = reason(client.edit(&line.call(), &wrong, Edit::Text("Да")).await);
            assert_eq!(wrong, ("NOT_EDITABLE".into(), FailureReason::NotSupported));
            client.delete(&line.call(), &named).await.unwrap();
            let gone = ("MESSAGE_NOT_FOUND".to_owned(), FailureReason::MessageGone);
            assert_eq!(reason(client.delete(&line.call(), &named).await), gone);
            assert_eq!(reason(client.edit(&line.call(), &named, Edit::Text("Да")).await), gone);
        }
        let written = scene.client.written_by_bot(TOKEN, connection, marina().id).await.unwrap();
        assert!(
            written.iter().all(|one| one.deleted && one.edits == 1 && one.text.as_deref() == Some("Нет"))
        );
        assert_eq!(written.len(), 2);
    }
    let line = Line::bot(&scene);
    scene.after_a_pause().await;
    let old = line.says(marina().id, "Да").await.unwrap().message_id.unwrap();
    scene.after_hours(49).await;
    let late = reason(line.client().delete(&line.call(), &line.named(&old, false)).await);
    assert_eq!(late, ("DELETION_TOO_LATE".into(), FailureReason::DeletionTooLate));
}

#[tokio::test]
async fn refusals_are_sorted_by_what_has_to_follow() {
    let scene = scene().await;
    let line = Line::bot(&scene);
    assert_eq!(reason(line.says(5, "Да").await).1, FailureReason::NoSuchRecipient);
    scene.does(Act::Block(marina())).await;
    let blocked = reason(line.says(marina().id, "Да").await);
    assert_eq!(blocked, ("BOT_BLOCKED".into(), FailureReason::Blocked));
    scene.does(Act::Unblock(marina())).await;
    let business = Line::business(&scene);
    assert_eq!(reason(business.says(marina().id, "Да").await).1, FailureReason::NotConnected);
    scene.business(true).await;
    scene.after_hours(25).await;
    assert_eq!(reason(business.says(marina().id, "Да").await).1, FailureReason::WindowClosed);

    for (seconds, action) in [(7, Action::telegram_flood(7)), (3, Action::retry_after(429, 3))] {
        scene.client.add_fault(&Fault::telegram(TOKEN, "send", action).times(1)).await.unwrap();
        match line.says(marina().id, "Да").await {
            Err(SendFailure::Later { after, .. }) => assert_eq!(after, Some(Duration::from_secs(seconds))),
            other => panic!("{other:?}"),
        }
    }
    // The call took effect but was not answered: the outcome is unknown.
    for action in [Action::act_then_drop(), Action::act_then_status(502), Action::garbage()] {
        scene.client.add_fault(&Fault::telegram(TOKEN, "send", action).times(1)).await.unwrap();
        let sent = line.says(marina().id, "Да").await;
        assert!(matches!(sent, Err(SendFailure::Unknown { .. })), "{sent:?}");
    }
}

#[tokio::test]
async fn a_group_that_moved_is_followed() {
    let scene = scene().await;
    let (old, new) = (-402_345_678, -1_001_293_752_024);
    scene.says(Place::group(old, "Клуб"), &marina(), "Кто?").await;
    scene.does(Act::Migrate(Migrated { place: Place::group(old, "Клуб"), by: marina(), to: new })).await;
    let sent = Line::bot(&scene).says(old, "Я").await.unwrap();
    assert_eq!(sent.chat_id.as_deref(), Some("-1001293752024"));
    assert_eq!(scene.client.written_by_bot(TOKEN, None, new).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_clients_file_is_had() {
    let scene = scene().await;
    let line = Line::bot(&scene);
    scene.client.put_file("a.jpg", "image/jpeg", vec![7; 900]).await.unwrap();
    scene.does(Act::Say(Said::file(Place::private(&marina()), &marina(), "photo", "a.jpg"))).await;
    let media = |id: &str| Media::linked(format!("telegram:{id}"));
    let source = line.client().file(&line.call(), &media("AgACAgIAAxkB00001l")).await.unwrap();
    let got = reqwest::get(source.url).await.unwrap().bytes().await.unwrap();
    assert_eq!(got.len(), 900);
    let unknown = line.client().file(&line.call(), &media("nothing")).await;
    assert!(matches!(unknown, Err(ProviderError::Unavailable(_))), "{unknown:?}");
    let large = vec![7; (20 << 20) + 1];
    scene.client.put_file("b.jpg", "image/jpeg", large).await.unwrap();
    scene.does(Act::Say(Said::file(Place::private(&marina()), &marina(), "photo", "b.jpg"))).await;
    let large = line.client().file(&line.call(), &media("AgACAgIAAxkB00003l")).await;
    assert!(matches!(large, Err(ProviderError::Refused(_))), "{large:?}");
    let asked = scene.client.bot(TOKEN).await.unwrap().requests;
    assert_eq!(asked.last().unwrap().body, json!({ "file_id": "AgACAgIAAxkB00003l" }));
}
