//! P2: every incoming message is stored, or dropped and counted under a reason, or kept in the quarantine; nothing else
//! happens to any.

use super::noise::{Noise, noise};
use super::story::{Entry, OTHER_CHANNEL, PLACES, at, id};
use super::view::{chats, messages};
use super::{Verdict, breaks, holds, mutations};
use crate::world::drops::told_while;
use crate::world::wire::Mutation;
use crate::world::{CHANNEL, World};
use proptest::prelude::*;
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::{ChannelId, ConnectionId};
use shared::base::phone::Phone;
use shared::model::channel::Channel;
use shared::model::contact::blacklist::{BlockEntry, Subject};
use shared::model::message::kind::Kind;
use shared::model::messenger::ChannelRef;
use std::collections::{BTreeMap, BTreeSet};

const IGNORED: &str = OTHER_CHANNEL;
const WITHOUT_ECHOES: &str = "d28c575d-2222-4cac-8413-ba0000000983";
const CHANNELS: [&str; 3] = [CHANNEL, IGNORED, WITHOUT_ECHOES];

/// The fault of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// It cannot be parsed, but its chat is known.
    Text,
    /// It cannot be parsed, and its chat is unknown.
    Chat,
}

#[derive(Clone, Debug)]
struct Said {
    place: usize,
    channel: usize,
    company: bool,
    fault: Fault,
}

/// Places of the clients who write. The first one is on the blacklist.
const SPEAKERS: [usize; 4] = [0, 3, 4, 5];

/// What should happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Stored,
    Unsupported,
    Dropped(&'static str),
    Quarantined,
}

impl Said {
    fn end(&self) -> End {
        match (self.fault, CHANNELS[self.channel], SPEAKERS[self.place]) {
            (Fault::Chat, _, _) => End::Quarantined,
            (_, IGNORED, _) => End::Dropped("ignored_channel"),
            (_, _, 0) => End::Dropped("blacklisted"),
            (_, WITHOUT_ECHOES, _) if self.company => End::Dropped("echo_not_imported"),
            (Fault::Text, _, _) => End::Unsupported,
            (Fault::None, _, _) => End::Stored,
        }
    }

    fn entry(&self, number: usize) -> Entry {
        let place = PLACES[SPEAKERS[self.place]];
        let mut value = json!({
            "messageId": id(number), "channelId": CHANNELS[self.channel], "chatType": place.messenger,
            "chatId": place.id, "dateTime": at(number as u64), "type": "text", "isEcho": self.company,
            "status": if self.company { "sent" } else { "inbound" }, "text": "Здравствуйте",
        });
        match self.fault {
            Fault::None => {}
            Fault::Text => value["text"] = json!({"no": "text"}),
            Fault::Chat => value["chatId"] = json!(null),
        }
        Entry { list: "messages", value }
    }
}

fn said() -> impl Strategy<Value = Said> {
    let fault = prop_oneof![5 => Just(Fault::None), 1 => Just(Fault::Text), 1 => Just(Fault::Chat)];
    (0..SPEAKERS.len(), 0..CHANNELS.len(), any::<bool>(), fault)
        .prop_map(|(place, channel, company, fault)| Said { place, channel, company, fault })
}

fn told() -> impl Strategy<Value = (Vec<Said>, Noise)> {
    (prop::collection::vec(said(), 1..16), noise())
}

/// A World with the three channels, and one client on the blacklist.
async fn world() -> World {
    let world = World::with_employees(&["anna"]).await;
    let now = world.clock.now();
    let connection = ConnectionId::new("connection");
    for external in [IGNORED, WITHOUT_ECHOES] {
        let id = ChannelId::derive(&world.account, "wazzup", external);
        let named = ChannelRef { id, provider: "wazzup".into(), external: external.into() };
        let mut channel = Channel::new(&world.account, &connection, &named, now);
        (channel.ignored, channel.skip_echoes) = (external == IGNORED, external == WITHOUT_ECHOES);
        world.store.create_channel(&channel).await.unwrap();
    }
    let account = world.store.account(&world.account).await.unwrap().unwrap();
    let blocked = Subject::Phone(Phone::from_international_digits(PLACES[0].id).unwrap());
    let entry = BlockEntry {
        v: 1,
        account: world.account.clone(),
        id: blocked.digest(&account.id_salt),
        subject: Some(blocked),
        follows: None,
        note: None,
        created_at: now,
        expires_at: None,
    };
    world.write(&entry).await;
    world.set_account(|account| account.has_blacklist = true).await;
    world
}

/// How many events were dropped, by reason.
fn counted(lines: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        // The line of a quarantined record has a text instead of a reason's name.
        let Some((reason, count)) = line.rsplit_once(' ').filter(|(reason, _)| !reason.contains(' ')) else {
            continue;
        };
        *counts.entry(reason.to_owned()).or_default() += count.parse::<usize>().unwrap();
    }
    counts
}

async fn accounted(all: &[Said], noise: &Noise, exact: bool, mutation: Option<Mutation>) -> Verdict {
    let world = world().await;
    if let Some(mutation) = mutation {
        world.table.mutate(mutation);
    }
    let entries: Vec<Entry> = all.iter().enumerate().map(|(number, said)| said.entry(number)).collect();
    let lines = told_while(async {
        noise.play(&world, &entries).await;
    })
    .await;
    world.table.heal();
    let of_end = |end: End| all.iter().enumerate().filter(move |(_, said)| said.end() == end);
    let ids = |end: End| of_end(end).map(|(number, _)| id(number)).collect::<BTreeSet<String>>();
    let (mut stored, mut unsupported) = (BTreeSet::new(), BTreeSet::new());
    for chat in chats(&world).await {
        for message in messages(&world, &chat).await {
            let kept = message.quarantined.is_some() && message.kind == Kind::Unsupported;
            let name = message.message_id.as_str().to_owned();
            prop_assert!(if kept { &mut unsupported } else { &mut stored }.insert(name), "twice");
        }
    }
    prop_assert_eq!(stored, ids(End::Stored));
    prop_assert_eq!(unsupported, ids(End::Unsupported));
    let counts = counted(&lines);
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for said in all {
        if let End::Dropped(reason) = said.end() {
            *expected.entry(reason.to_owned()).or_default() += 1;
        }
    }
    prop_assert!(counts.keys().eq(expected.keys()), "{:?} for {:?}", counts, expected);
    let fewer = expected.iter().filter(|(reason, count)| counts[*reason] < **count).count();
    prop_assert_eq!(fewer, 0, "{:?} for {:?}", counts, expected);
    let unreadable = all.iter().filter(|said| said.fault != Fault::None).count();
    let objects = world.bucket.objects.lock().unwrap().len();
    prop_assert!(objects >= unreadable, "{} objects for {} entries", objects, unreadable);
    if exact {
        prop_assert_eq!((counts, objects), (expected, unreadable));
    }
    Ok(())
}

#[test]
fn p2_each_message_is_stored_or_counted_or_kept() {
    holds(6, told(), async |(all, noise)| {
        accounted(&all, &Noise::none(), true, None).await?;
        accounted(&all, &noise, false, None).await
    });
}

#[test]
fn p2_messages_that_are_lost_are_noticed() {
    breaks(6, told(), async |(all, _)| {
        accounted(&all, &Noise::none(), true, Some(mutations::forgetful(" M#"))).await
    });
}

#[test]
fn p2_a_blacklist_that_nobody_finds_is_noticed() {
    breaks(8, told(), async |(all, _)| {
        accounted(&all, &Noise::none(), true, Some(mutations::confused("#BLACKLIST", "#LOST"))).await
    });
}
