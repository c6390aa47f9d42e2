//! P3 and P11: one chat for each address, one contact for each person, whatever the spelling of their phone.

use super::noise::{Noise, noise};
use super::story::{Entry, OTHER_CHANNEL, at, id};
use super::view::{chats, dump, messages, person};
use super::{Verdict, breaks, holds, mutations};
use crate::world::wire::Mutation;
use crate::world::{CHANNEL, World};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A phone: its stored form, its ids in WhatsApp and Viber, and its spellings in messengers that verify phones.
struct Number {
    kept: &'static str,
    ids: &'static [&'static str],
    spellings: &'static [&'static str],
}

const NUMBERS: [Number; 3] = [
    Number {
        kept: "+79011112233",
        ids: &["79011112233"],
        spellings: &[
            "+7 901 111-22-33",
            "8 (901) 111-22-33",
            "89011112233",
            "79011112233",
            "7\u{a0}901 1112233",
        ],
    },
    Number {
        kept: "+525512345678",
        ids: &["525512345678", "5215512345678"],
        spellings: &["+52 55 1234 5678", "+52 1 55 1234 5678", "+525512345678"],
    },
    Number {
        kept: "+5511987654321",
        ids: &["5511987654321", "551187654321"],
        spellings: &["+55 11 98765-4321", "+55 (11) 8765-4321", "5511987654321"],
    },
];

/// How a person writes.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// In a messenger whose ids are phones: which messenger, and which form of the id.
    ByPhone { messenger: usize, form: usize },
    /// In a messenger that verifies phones: which one, as which user, and in which spelling; `None` is a message
    /// without the phone.
    Vouched { messenger: usize, user: u8, spelling: Option<usize> },
}

/// One message: the person (an index of [`NUMBERS`]; beyond them, a person without a phone), how, and on which channel.
#[derive(Clone, Debug)]
struct Hello {
    person: usize,
    way: Way,
    other_channel: bool,
}

/// The number of people of whom only a messenger's id is known, and a user name that all of them share.
const NAMELESS: usize = 2;

const BY_PHONE: [&str; 2] = ["whatsapp", "viber"];
const VOUCHED: [&str; 2] = ["telegram", "max"];

impl Hello {
    /// The messenger, the id and the reported phone.
    fn address(&self) -> (&'static str, String, Option<&'static str>) {
        let number = NUMBERS.get(self.person);
        match (self.way, number) {
            (Way::ByPhone { messenger, form }, Some(number)) => {
                (BY_PHONE[messenger], number.ids[form % number.ids.len()].to_owned(), None)
            }
            (Way::Vouched { messenger, user, spelling }, Some(number)) => {
                let spelled = spelling.map(|spelling| number.spellings[spelling % number.spellings.len()]);
                (VOUCHED[messenger], format!("{}00{user}", self.person + 5), spelled)
            }
            (Way::ByPhone { messenger, .. } | Way::Vouched { messenger, .. }, None) => {
                let messenger = ["telegram", "instagram"][messenger];
                (messenger, format!("{}00{}", self.person + 5, self.person), None)
            }
        }
    }

    fn entry(&self, number: usize) -> Entry {
        let (messenger, chat, phone) = self.address();
        let mut contact = json!({"name": format!("Client {chat}"), "username": "marina_86"});
        if let Some(phone) = phone {
            contact["phone"] = json!(phone);
        }
        let value = json!({
            "messageId": id(number), "channelId": if self.other_channel { OTHER_CHANNEL } else { CHANNEL },
            "chatType": messenger, "chatId": chat, "dateTime": at(number as u64), "type": "text",
            "isEcho": false, "status": "inbound", "text": "Здравствуйте", "contact": contact,
        });
        Entry { list: "messages", value }
    }

    /// The writer's address, and the phone that this message reports, if any.
    fn knows(&self) -> (String, Option<usize>) {
        let (messenger, chat, phone) = self.address();
        let phone = (phone.is_some() || matches!(self.way, Way::ByPhone { .. })).then_some(self.person);
        (format!("{messenger}:{chat}"), phone.filter(|person| *person < NUMBERS.len()))
    }
}

fn hello() -> impl Strategy<Value = Hello> {
    let by_phone = (0..2usize, 0..2usize).prop_map(|(messenger, form)| Way::ByPhone { messenger, form });
    // The phone of the first user is reported now and then, that of the second never.
    let spelling = prop::option::weighted(0.7, 0..5usize);
    let vouched = (0..2usize, 0..2u8, spelling).prop_map(|(messenger, user, spelling)| Way::Vouched {
        messenger,
        user,
        spelling: spelling.filter(|_| user == 0),
    });
    (0..NUMBERS.len() + NAMELESS, prop_oneof![by_phone, vouched], any::<bool>())
        .prop_map(|(person, way, other_channel)| Hello { person, way, other_channel })
}

fn told() -> impl Strategy<Value = (Vec<Hello>, Noise)> {
    (prop::collection::vec(hello(), 2..13), noise())
}

/// The expected owner of each address: the phone, or the address itself without one.
fn owners(hellos: &[Hello]) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for (address, phone) in hellos.iter().map(Hello::knows) {
        let owner = owners.entry(address.clone()).or_insert(address);
        if let Some(phone) = phone {
            NUMBERS[phone].kept.clone_into(owner);
        }
    }
    owners
}

async fn meet(hellos: &[Hello], noise: &Noise, mutation: Option<Mutation>) -> Verdict {
    let world = World::with_employees(&["anna"]).await;
    if let Some(mutation) = mutation {
        world.table.mutate(mutation);
    }
    let entries: Vec<Entry> = hellos.iter().enumerate().map(|(number, hello)| hello.entry(number)).collect();
    noise.play(&world, &entries).await;
    world.table.heal();
    let owners = owners(hellos);
    let mut seen = BTreeSet::new();
    let mut contacts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut stored = 0;
    for chat in chats(&world).await {
        let address = format!("{}:{}", chat.messenger.as_str(), chat.provider_chat_id);
        prop_assert!(seen.insert((chat.channel_external.clone(), address.clone())), "two chats: {}", address);
        let (root, known_by) = person(&world, &chat.contact).await;
        let owner = owners[&address].clone();
        prop_assert!(!owner.starts_with('+') || known_by.contains(&owner), "{} has {}", address, known_by);
        prop_assert!(owner.starts_with('+') || known_by.ends_with("None"), "{} has {}", address, known_by);
        contacts.entry(owner).or_default().insert(format!("{root:?}"));
        stored += messages(&world, &chat).await.len();
    }
    prop_assert_eq!(stored, hellos.len());
    prop_assert!(contacts.values().all(|of_one| of_one.len() == 1), "more than one contact: {:?}", contacts);
    let roots: BTreeSet<&String> = contacts.values().flatten().collect();
    prop_assert_eq!(roots.len(), contacts.len(), "one contact for two: {:?}", contacts);
    let rows = dump(&world).await;
    let all = rows.iter().filter(|((_, sort), row)| sort == "CONTACT" && row.get("merged_into").is_none());
    prop_assert_eq!(all.count(), contacts.len(), "contacts without a chat");
    Ok(())
}

#[test]
fn p3_p11_one_chat_for_each_address_and_one_contact_for_each_person() {
    holds(8, told(), async |(hellos, noise)| meet(&hellos, &noise, None).await);
}

#[test]
fn p3_writes_that_depend_on_nothing_are_noticed() {
    breaks(12, told(), async |(hellos, noise)| meet(&hellos, &noise, Some(mutations::unconditional())).await);
}

#[test]
fn p11_phones_that_nobody_owns_are_noticed() {
    breaks(8, told(), async |(hellos, noise)| {
        meet(&hellos, &noise.untroubled(), Some(mutations::forgetful("#PHONE#"))).await
    });
}

#[test]
fn p11_people_who_share_a_user_name_and_are_taken_for_one_are_noticed() {
    // Confuses two Telegram users without phones, as if the user name were their identity.
    let mutation = || mutations::confused("IDENTITY#telegram#person#8003", "IDENTITY#telegram#person#9004");
    breaks(20, told(), async |(hellos, noise)| meet(&hellos, &noise.untroubled(), Some(mutation())).await);
}
