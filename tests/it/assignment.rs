//! How waiting clients are assigned, over the real table: concurrent drains, waits and their ends, large channels,
//! history.

mod at_once;
mod in_vain;
mod large;
mod reserved;
mod waiting;

use crate::world::change_of;
use crate::world::{TOKEN, World, messages, text};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::assignment::Ring;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::state::QueuePreference;
use shared::model::employee::Membership;
use shared::platform::nudge::AssignmentNudge;
use shared::platform::queue::Outgoing;
use shared::store::settings::member_writes;
use std::time::Duration;

/// The phone of the client of this number.
pub fn phone(number: usize) -> String {
    format!("7901111{number:04}")
}

impl World {
    /// A client writes for the first time, and waits.
    pub async fn comes(&self, number: usize) {
        // Time passes first, because clients who arrive at the same moment would have no order.
        self.clock.advance(Duration::from_millis(1));
        let phone = phone(number);
        self.post(TOKEN, messages(&[text(&phone, &format!("m{phone}"), "Здравствуйте")])).await;
        while self.deliver("inbound.fifo").await {}
    }

    /// Nudges assignment for the channel, as the functions do: each nudge is one drain.
    pub async fn nudge_channel(&self) {
        let nudge = AssignmentNudge::new(&self.account, &self.channel);
        let outgoing = Outgoing::assignment(&nudge, &*self.clock).unwrap();
        self.context.queues.send("https://sqs.test/assignment.fifo", vec![outgoing]).await.unwrap();
    }

    /// Runs one drain without any other nudge.
    pub async fn drain_channel(&self) {
        self.queues.lose("assignment.fifo");
        self.nudge_channel().await;
        assert!(self.deliver("assignment.fifo").await);
        assert!(self.queues.holds("assignment.fifo").is_empty(), "the drain came to an end");
    }

    /// Adds or replaces a member, with their turn in the ring.
    pub async fn place(&self, member: &Membership) {
        let before = self.store.member(&self.account, &self.channel, &member.employee).await.unwrap();
        let writes = member_writes(before.as_ref(), Some(member), &[]).unwrap();
        self.store.commit(writes).await.unwrap();
    }

    pub async fn ring_row(&self) -> Ring {
        self.store.ring(&self.account, &self.channel).await.unwrap().unwrap()
    }

    /// The responsible of each of these clients' chats; `-` is none.
    pub async fn whose(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
        let mut whose = Vec::new();
        for number in numbers {
            let chat = self.chat(&phone(number)).await.unwrap();
            whose.push(chat.responsible.map_or_else(|| "-".to_owned(), |employee| employee.to_string()));
        }
        whose
    }

    /// The responsible of a client's contact, whatever the chat says.
    pub async fn whose_person(&self, number: usize) -> Option<EmployeeId> {
        let chat = self.chat(&phone(number)).await.unwrap();
        self.contact(&chat.contact).await.responsible
    }

    /// Requeues a client who has a responsible, at the place of their arrival.
    pub async fn waits_again(&self, number: usize, wish: Option<QueuePreference>) {
        let before = self.chat(&phone(number)).await.unwrap();
        let mut after = before.clone();
        after.enqueue(wish, self.clock.now());
        self.store.commit(change_of(before, after, self.clock.now())).await.unwrap();
    }

    /// How many open chats count under an employee's cap.
    pub async fn open_with(&self, name: &str) -> u32 {
        let caps = [(EmployeeId::new(name), 1000)];
        self.store.count_open_chats(&self.account, &self.channel, &caps).await.unwrap()[0]
    }

    /// A client's assignment history, the first entry first.
    pub async fn history_of(&self, number: usize) -> Vec<AssignmentRecord> {
        let chat = self.chat_id(&phone(number));
        let page = self.store.assignment_records(&self.account, &chat, 100, None).await.unwrap();
        page.items.into_iter().rev().collect()
    }

    pub async fn why_of(&self, number: usize) -> Vec<AssignmentReason> {
        self.history_of(number).await.into_iter().map(|record| record.why).collect()
    }
}
