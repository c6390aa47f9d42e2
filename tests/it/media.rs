//! Copies of files (C12): the message is synced at once, its file follows, and a copy that fails is marked.

use crate::world::wire::{Fault as WireFault, How};
use crate::world::{BASE_URL, TOKEN, World, messages, text};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::hex_digest;
use shared::model::message::Message;
use shared::model::message::media::{CopyFailure, FileCopy, PendingFile, objects_of};
use shared::platform::batch::SqsBatch;
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::nudge::MediaNudge;
use shared::platform::queue::Outgoing;
use shared::store::row::Write;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PHONE: &str = "79011112233";
const PNG: &[u8] = b"\x89PNG and so on";

/// A client's picture, as Wazzup posts it.
fn image(id: &str, link: &str) -> Value {
    let mut message = text(PHONE, id, "Вот фото");
    message["type"] = json!("image");
    message["contentUri"] = json!(link);
    message
}

struct Story {
    world: World,
    link: String,
}

impl Story {
    /// A World and a server that has the picture.
    async fn new() -> Self {
        let world = World::with_employees(&["anna"]).await;
        let link = world.sandbox.client().put_file("photo.png", "image/png", PNG).await.unwrap();
        Self { world, link }
    }

    /// The client sends the picture, and everything that can be done at once is done.
    async fn sent(&self) {
        self.accepted().await;
        self.world.settle().await;
    }

    /// The message is stored, and the nudge to copy its picture is in the queue.
    async fn accepted(&self) {
        assert_eq!(self.world.post(TOKEN, messages(&[image("m1", &self.link)])).await, 200);
        assert!(self.world.deliver("inbound.fifo").await);
    }

    async fn fails(&self, action: Action) {
        let fault = Fault::file("photo.png", action);
        self.world.sandbox.client().add_fault(&fault).await.unwrap();
    }

    async fn fails_times(&self, action: Action, times: u64) {
        let fault = Fault::file("photo.png", action).times(times);
        self.world.sandbox.client().add_fault(&fault).await.unwrap();
    }

    async fn message(&self) -> Message {
        self.world.messages(PHONE).await.remove(0)
    }

    async fn copy(&self) -> Option<FileCopy> {
        self.message().await.file
    }

    async fn pending(&self) -> Vec<PendingFile> {
        let chat = self.world.chat_id(PHONE);
        self.world.store.pending_files(&self.world.account, &chat).await.unwrap()
    }

    /// How often the file was requested.
    async fn asked(&self) -> usize {
        let files = self.world.sandbox.client().files().await.unwrap();
        files.iter().map(|file| file.requests.len()).sum()
    }

    fn objects(&self) -> Vec<(String, Vec<u8>)> {
        self.world.files.objects.lock().unwrap().clone().into_iter().collect()
    }

    /// Asserts that the file is stored once, its message links to it, no work is left, and the CRM is in sync.
    async fn assert_copied(&self) {
        let message = self.message().await;
        let Some(FileCopy::Stored { object, link, mime, bytes }) = &message.file else {
            panic!("{:?}", message.file)
        };
        assert_eq!((mime.as_str(), *bytes), ("image/png", PNG.len() as u64));
        let kept = self.objects();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(kept[0].0.ends_with(object.as_str()) && kept[0].1 == PNG, "{kept:?}");
        let of_chat = objects_of(&self.world.account, &self.world.chat_id(PHONE));
        assert!(object.starts_with(&of_chat), "{object}");
        let found = self.world.store.file_link(&hex_digest(link.as_bytes())).await.unwrap().unwrap();
        assert_eq!((&found.object, link.len()), (object, 32));
        let told = self.assert_told().await;
        assert!(told.contains(&format!("{BASE_URL}/media/{link}")), "{told}");
    }

    async fn assert_failed(&self, why: CopyFailure) {
        assert_eq!(self.copy().await, Some(FileCopy::Failed { why }));
        assert_eq!(self.objects(), []);
        let told = self.assert_told().await;
        assert!(!told.contains(&self.link), "the CRM does not get the provider's link: {told}");
    }

    /// Asserts that no work is left and that the CRM is in sync; returns the CRM's chats as text.
    async fn assert_told(&self) -> String {
        assert_eq!(self.pending().await, []);
        let chat = self.world.chat(PHONE).await.unwrap();
        assert_eq!(chat.crm_synced_seq, chat.seq);
        assert!(self.message().await.file_seq.is_some());
        let crm = self.world.crm().await;
        assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
        serde_json::to_string(&crm.chats).unwrap()
    }
}

#[tokio::test]
async fn c12_the_text_goes_on_at_once_and_the_file_follows() {
    let story = Story::new().await;
    story.accepted().await;
    for queue in ["assignment.fifo", "crm.fifo"] {
        while story.world.deliver(queue).await {}
    }
    assert_eq!(story.copy().await, Some(FileCopy::Pending));
    let crm = story.world.crm().await;
    assert!(serde_json::to_string(&crm.chats).unwrap().contains("Вот фото"), "{:?}", crm.chats);
    story.world.settle().await;
    story.assert_copied().await;
    assert_eq!(story.asked().await, 1);
}

#[tokio::test]
async fn c12_an_unwilling_server_is_asked_again_in_time() {
    let story = Story::new().await;
    story.fails_times(Action::retry_after(503, 40), 2).await;
    story.sent().await;
    assert_eq!((story.copy().await, story.asked().await), (Some(FileCopy::Pending), 1));
    story.world.pass(Duration::from_secs(38)).await;
    assert_eq!(story.asked().await, 1, "the server asked to wait forty seconds");
    story.world.pass(Duration::from_secs(60)).await;
    story.assert_copied().await;
    assert_eq!(story.asked().await, 3);
}

#[tokio::test]
async fn c12_what_never_comes_is_marked_within_half_an_hour() {
    let story = Story::new().await;
    story.fails(Action::status(500)).await;
    story.sent().await;
    story.world.pass(Duration::from_secs(1500)).await;
    assert_eq!(story.copy().await, Some(FileCopy::Pending));
    story.world.pass(Duration::from_secs(300)).await;
    story.assert_failed(CopyFailure::Unavailable).await;
    assert_eq!(story.asked().await, 8);
}

#[tokio::test]
async fn c12_a_file_that_is_not_there_is_asked_for_twice() {
    let story = Story::new().await;
    story.fails(Action::status(404)).await;
    story.sent().await;
    assert_eq!(story.copy().await, Some(FileCopy::Pending), "the file may appear later");
    story.world.pass(Duration::from_secs(10)).await;
    story.assert_failed(CopyFailure::Gone).await;
    assert_eq!(story.asked().await, 2);
}

#[tokio::test]
async fn c12_what_is_too_large_is_left_at_once() {
    for action in [Action::too_large(1_000_001), Action::too_large_untold(1_000_001)] {
        let story = Story::new().await;
        story.fails(action).await;
        story.sent().await;
        story.assert_failed(CopyFailure::TooLarge).await;
        assert_eq!(story.asked().await, 1);
    }
}

#[tokio::test]
async fn c12_a_page_in_place_of_a_picture_is_not_kept() {
    let story = Story::new().await;
    story.fails(Action::wrong_type("text/html; charset=utf-8")).await;
    story.sent().await;
    story.world.pass(Duration::from_secs(10)).await;
    story.assert_failed(CopyFailure::WrongType).await;
}

#[tokio::test]
async fn c12_no_redirect_leads_into_a_private_network() {
    let story = Story::new().await;
    story.fails(Action::redirect("http://169.254.169.254/latest/meta-data")).await;
    story.sent().await;
    story.assert_failed(CopyFailure::AddressNotAllowed).await;
    assert_eq!(story.asked().await, 1);
}

#[tokio::test]
async fn c12_a_commit_that_fails_or_seems_to_fetches_nothing_twice() {
    for (how, times) in [(How::Throttled, 2), (How::AnswerLost, 1)] {
        let story = Story::new().await;
        story.accepted().await;
        let holding = "FILE#".to_owned();
        story.world.table.fail(WireFault { operation: "TransactWriteItems", holding, times, how });
        story.world.settle().await;
        story.assert_copied().await;
        assert_eq!(story.asked().await, 1, "{how:?}");
    }
}

#[tokio::test]
async fn c12_a_table_that_is_down_costs_the_file_nothing_and_leaves_one_object() {
    let story = Story::new().await;
    story.accepted().await;
    let holding = "FILE#".to_owned();
    let fault = WireFault { operation: "TransactWriteItems", holding, times: 40, how: How::Throttled };
    story.world.table.fail(fault);
    story.world.pass(Duration::from_secs(600)).await;
    story.assert_copied().await;
}

#[tokio::test]
async fn c12_a_bucket_that_is_down_costs_the_file_nothing() {
    let story = Story::new().await;
    story.accepted().await;
    story.world.files_wire.cut_off(Some(1));
    story.world.pass(Duration::from_secs(2)).await;
    let pending = story.pending().await;
    assert_eq!((pending.len(), pending[0].attempts), (1, 0), "{pending:?}");
    story.world.files_wire.cut_off(None);
    story.world.pass(Duration::from_secs(60)).await;
    story.assert_copied().await;
}

#[tokio::test]
async fn p12_doubled_nudges_fetch_once_and_copy_once() {
    let story = Story::new().await;
    story.accepted().await;
    nudge(&story.world, 3).await;
    story.world.settle().await;
    nudge(&story.world, 2).await;
    story.world.settle().await;
    story.assert_copied().await;
    assert_eq!(story.asked().await, 1);
}

#[tokio::test]
async fn c12_a_lost_nudge_is_made_good_by_the_due_index() {
    let story = Story::new().await;
    story.accepted().await;
    story.world.queues.lose("media");
    story.world.pass(Duration::from_secs(540)).await;
    assert_eq!(story.copy().await, Some(FileCopy::Pending));
    story.world.pass(Duration::from_secs(180)).await;
    story.assert_copied().await;
}

#[tokio::test]
async fn c12_who_died_over_a_file_is_followed_and_what_kills_everybody_is_given_up() {
    let story = Story::new().await;
    story.accepted().await;
    let world = &story.world;
    let now = world.clock.now();
    let mut dead = story.pending().await.remove(0);
    let left = format!("{}dead", objects_of(&world.account, &dead.chat));
    world.files.objects.lock().unwrap().insert(left.clone(), b"half".to_vec());
    dead = PendingFile {
        attempts: 7,
        retry_at: Some(now + Duration::from_secs(150)),
        object: Some(left),
        ..dead
    };
    world.write(&dead).await;
    world.settle().await;
    assert_eq!(story.asked().await, 0, "another worker may be copying it");
    world.clock.advance(Duration::from_secs(151));
    nudge(world, 1).await;
    world.settle().await;
    story.assert_copied().await;
    // Another worker began all attempts, and finished none.
    let story = Story::new().await;
    story.accepted().await;
    let dead = PendingFile { attempts: 8, ..story.pending().await.remove(0) };
    story.world.write(&dead).await;
    story.world.settle().await;
    story.assert_failed(CopyFailure::Unavailable).await;
    assert_eq!(story.asked().await, 0);
}

#[tokio::test]
async fn c12_nobody_waits_for_the_file_of_a_deleted_message() {
    let story = Story::new().await;
    story.accepted().await;
    let mut deleted = image("m1", &story.link);
    deleted["isDeleted"] = json!(true);
    assert_eq!(story.world.post(TOKEN, messages(&[deleted])).await, 200);
    assert!(story.world.deliver("inbound.fifo").await);
    story.world.settle().await;
    assert!(story.message().await.deleted_seq.is_some());
    assert_eq!((story.pending().await, story.asked().await, story.objects()), (vec![], 0, vec![]));
}

#[tokio::test]
async fn c12_a_message_that_is_edited_meanwhile_gets_its_new_file() {
    let mut story = Story::new().await;
    let new_link = story.link.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = listener.local_addr().unwrap();
    story.link = format!("http://{slow}/old.png");
    story.world.media.http =
        OutboundHttp::new(AllowList::parse(&format!("{slow},{}", story.world.sandbox.address()))).unwrap();
    story.accepted().await;
    let edit = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let message = story.message().await;
        let mut edited = message.clone();
        edited.media.as_mut().unwrap().url = new_link.clone();
        let write = Write::change(&message, &edited, &[]).unwrap();
        story.world.store.commit(write.into_iter().collect()).await.unwrap();
        let old = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n\r\nold picture";
        stream.write_all(old.as_bytes()).await.unwrap();
    };
    tokio::join!(story.world.deliver("media"), edit);
    assert_eq!((story.copy().await, story.objects()), (Some(FileCopy::Pending), vec![]));
    story.world.settle().await;
    story.assert_copied().await;
}

#[tokio::test]
async fn p12_who_come_at_the_same_time_fetch_once() {
    let story = Story::new().await;
    story.accepted().await;
    let media = &story.world.media;
    let run = || media.handle(batch(&story.world, 1), Duration::from_secs(115), &story.world.context);
    let answers = futures::future::join_all([run(), run(), run(), run()]).await;
    assert!(answers.iter().all(|answer| answer.returned().is_empty()));
    story.world.settle().await;
    story.assert_copied().await;
    assert_eq!(story.asked().await, 1);
}

#[tokio::test]
async fn p12_what_was_written_into_an_erased_chat_is_found_by_its_nudge() {
    let story = Story::new().await;
    let world = &story.world;
    let chat = world.chat_id(PHONE);
    let orphan = format!("{}orphan", objects_of(&world.account, &chat));
    world.files.objects.lock().unwrap().insert(orphan, PNG.to_vec());
    let answer = world.media.handle(batch(world, 2), Duration::from_secs(115), &world.context).await;
    assert!(answer.returned().is_empty() && story.objects().is_empty());
}

#[tokio::test]
async fn c12_the_chat_is_not_kept_open_and_nothing_becomes_unread_by_a_file() {
    let story = Story::new().await;
    story.accepted().await;
    let before = story.world.chat(PHONE).await.unwrap();
    story.world.clock.advance(Duration::from_secs(60));
    story.world.settle().await;
    story.assert_copied().await;
    let after = story.world.chat(PHONE).await.unwrap();
    assert_eq!(after.last_activity_at, before.last_activity_at);
    assert_eq!((after.unread(), after.unanswered_at), (before.unread(), before.unanswered_at));
}

/// A nudge as Lambda delivers it, with this receive count.
fn batch(world: &World, receive_count: u32) -> SqsBatch {
    let nudge = MediaNudge::new(&world.account, &world.chat_id(PHONE));
    let record = json!({
        "messageId": "1", "receiptHandle": "1", "body": serde_json::to_string(&nudge).unwrap(),
        "attributes": {"ApproximateReceiveCount": receive_count.to_string()},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:media",
    });
    serde_json::from_value(json!({"Records": [record]})).unwrap()
}

/// Sends this many nudges.
async fn nudge(world: &World, times: usize) {
    let nudge = MediaNudge::new(&world.account, &world.chat_id(PHONE));
    let outgoing = vec![Outgoing::standard(&nudge).unwrap(); times];
    world.context.queues.send("https://sqs.test/media", outgoing).await.unwrap();
}
