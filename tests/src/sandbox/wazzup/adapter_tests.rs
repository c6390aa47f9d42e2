//! The product's adapter and its table of limits against the sandbox's Wazzup: the two were written independently and
//! must agree.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ConnectionId, MessageId};
use shared::model::channel::Channel;
use shared::model::credential::Credential;
use shared::model::limits::{
    Draft, DraftEdit, DraftFile, FileKind, LimitError, Limits, check, check_delete, check_edit,
};
use shared::model::message::content::Button;
use shared::model::message::kind::Kind;
use shared::model::messenger::{ChannelRef, Messenger};
use shared::model::outbound::call::{
    Edit, FileInfo, OutgoingContent, OutgoingMessage, Recipient, SendFailure, Sent,
};
use shared::platform::http::{AllowList, OutboundHttp};
use shared::providers;
use shared::providers::client::{Call, Client, MessageRef, Page};
use shared::providers::wazzup::limits::TABLE;

use super::tests::{PHONE, id, scene, template};
use crate::sandbox::faults::{Action, Fault};
use crate::sandbox::tests::Scene;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

const FILE: FileInfo<'static> = FileInfo { kind: Kind::Document, mime: None, name: None };

/// The product's connection to the scene's account, on the channel of a row.
struct Line<'a> {
    http: OutboundHttp,
    base: reqwest::Url,
    channel: Channel,
    row: &'static Limits,
    scene: &'a Scene,
}

impl<'a> Line<'a> {
    fn new(scene: &'a Scene, row: &'static Limits) -> Self {
        let of =
            ChannelRef { id: ChannelId::new("c"), provider: "wazzup".into(), external: id(row.transport) };
        let mut channel = Channel::new(&AccountId::new("a"), &ConnectionId::new("n"), &of, NOW);
        channel.transport = Some(row.transport.to_owned());
        let base: reqwest::Url = scene.client.wazzup_url().parse().unwrap();
        let allow = AllowList::parse(&format!("127.0.0.1:{}", base.port().unwrap()));
        Self { http: OutboundHttp::new(allow).unwrap(), base, channel, row, scene }
    }

    fn client(&self) -> &'static dyn Client {
        providers::client("wazzup").unwrap()
    }

    fn call<'c>(&'c self, credential: &'c Credential) -> Call<'c> {
        Call { http: &self.http, base_url: &self.base, credential, now: NOW }
    }

    fn named<'c>(&'c self, id: &'c MessageId) -> MessageRef<'c> {
        MessageRef { channel: &self.channel, chat: PHONE, id, has_file: false, buttons: &[] }
    }

    fn messenger(&self) -> &'static Messenger {
        self.row.messenger.as_ref().unwrap()
    }

    async fn send(
        &self,
        key: &str,
        to: Recipient<'_>,
        content: OutgoingContent<'_>,
    ) -> Result<Sent, SendFailure> {
        let (key, quote) = (MessageId::new(key), MessageId::new(format!("in-{}", self.row.transport)));
        let message = OutgoingMessage {
            key: &key,
            channel: &self.channel,
            messenger: self.messenger(),
            group: false,
            quote: matches!(to, Recipient::Chat(_)).then_some(&quote),
            to,
            content,
            keyboard: None,
            answers: true,
            comment: None,
        };
        self.client().send(&self.call(&secret()), &message).await
    }

    /// The sandbox's answer to a content: its code, or nothing.
    async fn says(&self, content: OutgoingContent<'_>) -> Option<String> {
        let key = uuid::Uuid::from_u128(u128::try_from(self.scene.phone().await.len()).unwrap());
        match self.send(&key.to_string(), Recipient::Chat(PHONE), content).await {
            Ok(sent) => {
                assert!(sent.message_id.is_some() && sent.chat_id.as_deref() == Some(PHONE));
                None
            }
            Err(SendFailure::Never { code, .. }) => Some(code),
            Err(other) => panic!("{}: {other:?}", self.row.transport),
        }
    }
}

fn secret() -> Credential {
    Credential::of("api_key", SecretString::from("key"))
}

/// The product's check of a draft: its code, or nothing.
fn ours(row: &Limits, draft: Draft<'_>) -> Option<String> {
    check(row, &Draft { client_wrote_at: Some(NOW), ..draft }, NOW).err().map(|error| error.code.to_owned())
}

#[tokio::test]
async fn texts_and_files_are_refused_by_both_or_by_none() {
    let scene = scene().await;
    let mut seen = Vec::new();
    for row in &TABLE {
        let line = Line::new(&scene, row);
        for text in [" ".to_owned(), "я".repeat(row.text), "я".repeat(row.text + 1)] {
            let said = line.says(OutgoingContent::Text { text: &text, buttons: &[] }).await;
            let draft = Draft { text: Some(&text), ..Draft::default() };
            assert_eq!(said, ours(row, draft), "{}: {} characters", row.transport, text.chars().count());
        }
        for rule in row.files {
            let kind = rule.types.first().copied().unwrap_or(match rule.kind {
                FileKind::Image => "image/png",
                FileKind::Audio => "audio/mpeg",
                FileKind::Video => "video/mp4",
                FileKind::Document => "application/pdf",
            });
            // Large files take time, so each limit is tried once.
            let known = seen.contains(&(rule.bytes, rule.code));
            seen.push((rule.bytes, rule.code));
            let sizes = if known { vec![0, 1] } else { vec![0, rule.bytes, rule.bytes + 1] };
            for bytes in sizes {
                let body = vec![7; usize::try_from(bytes).unwrap()];
                let url = scene.client.put_file("f", kind, body).await.unwrap();
                let said = line.says(OutgoingContent::File { url: &url, file: FILE }).await;
                let file = Some(DraftFile { content_type: kind, bytes: Some(bytes) });
                let draft = Draft { file, ..Draft::default() };
                assert_eq!(said, ours(row, draft), "{}: {kind} of {bytes}", row.transport);
            }
        }
    }
}

#[tokio::test]
async fn buttons_of_every_transport_that_knows_them_arrive() {
    let scene = scene().await;
    for row in TABLE.iter().filter(|row| row.buttons.is_some()) {
        let line = Line::new(&scene, row);
        let rule = row.buttons.unwrap();
        let title = "я".repeat(rule.title);
        let payload = |at: usize| at.is_multiple_of(2).then(|| "p".repeat(rule.payload.unwrap_or(64)));
        for with_payload in [true, false] {
            let button = |at| Button { title: title.clone(), payload: payload(at).filter(|_| with_payload) };
            let buttons: Vec<Button> = (0..rule.count).map(button).collect();
            assert_eq!(line.says(OutgoingContent::Text { text: "?", buttons: &buttons }).await, None);
            let shown = scene.phone().await.last().unwrap().buttons.concat().len();
            assert_eq!(shown, rule.count, "{}", row.transport);
        }
    }
}

#[tokio::test]
async fn edits_and_deletions_are_refused_by_both_or_by_none() {
    let scene = scene().await;
    let url = scene.client.put_file("f", "image/png", vec![7; 9]).await.unwrap();
    let file = Some(DraftFile { content_type: "image/png", bytes: Some(9) });
    let code = |result: Result<(), SendFailure>| match result {
        Ok(()) => None,
        Err(SendFailure::Never { code, .. }) => Some(code),
        Err(other) => panic!("{other:?}"),
    };
    let own = |result: Result<(), LimitError>| result.err().map(|error| error.code.to_owned());
    for row in &TABLE {
        let line = Line::new(&scene, row);
        let (mut late, name) = (0, row.transport);
        let spans = [
            Duration::ZERO,
            Duration::from_secs(901),
            Duration::from_secs(3601),
            Duration::from_secs(48 * 3601),
        ];
        for span in spans {
            let text = OutgoingContent::Text { text: "Да", buttons: &[] };
            let sent = line.send(&format!("{name} {span:?}"), Recipient::Chat(PHONE), text).await.unwrap();
            let id = sent.message_id.unwrap();
            scene.client.advance("key", span).await.unwrap();
            let sent_at = Timestamp::from_millis(NOW.millis() - i64::try_from(span.as_millis()).unwrap());
            let edit = DraftEdit { sent_at, ..DraftEdit::default() };
            let text =
                code(line.client().edit(&line.call(&secret()), &line.named(&id), Edit::Text("Нет")).await);
            assert_eq!(
                text,
                own(check_edit(row, &DraftEdit { text: Some("Нет"), ..edit }, NOW)),
                "{name} {span:?}"
            );
            let other =
                code(line.client().edit(&line.call(&secret()), &line.named(&id), Edit::File(&url)).await);
            assert_eq!(other, own(check_edit(row, &DraftEdit { file, ..edit }, NOW)), "{name} {span:?}");
            let gone = code(line.client().delete(&line.call(&secret()), &line.named(&id)).await);
            late += usize::from(gone.is_some());
            assert_eq!(gone, own(check_delete(row, sent_at, NOW)), "{name} {span:?}");
        }
        assert_eq!(late > 0, !row.deletes || row.delete_within.is_some(), "{name}");
    }
}

#[tokio::test]
async fn strangers_templates_and_repetitions_go_the_documented_way() {
    let scene = scene().await;
    scene.client.put_templates("key", &[template("APPROVED")]).await.unwrap();
    let line = |name: &str| Line::new(&scene, TABLE.iter().find(|row| row.transport == name).unwrap());
    let text = || OutgoingContent::Text { text: "Добрый день", buttons: &[] };
    for (transport, to) in [
        ("whatsapp", Recipient::Phone("79990000009")),
        ("viber", Recipient::Phone("79990000009")),
        ("tgapi", Recipient::Phone("79990000009")),
        ("tgapi", Recipient::Username("anna")),
        ("max", Recipient::Phone("79990000009")),
    ] {
        let sent = line(transport).send(&format!("{transport} {to:?}"), to, text()).await.unwrap();
        let chat = sent.chat_id.unwrap();
        assert_eq!(
            scene.client.received("key", &chat).await.unwrap().last().unwrap().text.as_deref(),
            Some("Добрый день")
        );
    }
    let values = ["Анна".to_owned()];
    let filled = OutgoingContent::Template { id: "APPROVED", values: &values };
    line("wapi").send("t", Recipient::Chat(PHONE), filled).await.unwrap();
    let (waba, key, page) = (line("wapi"), secret(), Page { limit: 100, offset: 0 });
    let listed = waba.client().templates(&waba.call(&key), page).await.unwrap();
    assert_eq!((listed[0].is_approved(), listed[0].places, &listed[0].raw), (true, 1, &template("APPROVED")));

    // A call that took effect but was not answered is sent again: one message, not two.
    for action in [Action::act_then_drop(), Action::act_then_status(500), Action::garbage()] {
        let shown = scene.phone().await.len();
        scene.client.add_fault(&Fault::wazzup("key", "send", action.clone()).times(1)).await.unwrap();
        let key = json!(action).to_string();
        let first = line("whatsapp").send(&key, Recipient::Chat(PHONE), text()).await;
        assert!(matches!(first, Err(SendFailure::Unknown { .. })), "{first:?}");
        let again = line("whatsapp").send(&key, Recipient::Chat(PHONE), text()).await.unwrap();
        assert_eq!(again.message_id.is_none(), !key.contains("garbage"), "{key}");
        assert_eq!(scene.phone().await.len(), shown + 1);
    }
}
