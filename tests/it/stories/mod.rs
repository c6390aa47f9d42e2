//! Ten stories, step by step. After each step the whole state is rendered as text, and a story's text is compared with
//! the one in `snapshots`. `INSTA_UPDATE=always cargo test -p tests --test it stories` writes them again: read them as
//! a sales manager would before you commit them.

mod calls;
mod changes;
mod comments;
mod contents;
mod own_sends;
mod render;

use crate::world::{CHANNEL, TOKEN, World};
use serde_json::Value;
use shared::base::clock::Ambient;
use std::time::Duration;
use tests::wazzup;

const PHONE: &str = "79011112233";

/// A story and its text.
struct Story {
    world: World,
    told: String,
    steps: u32,
}

impl Story {
    /// An account with one employee.
    async fn begin() -> Self {
        Self { world: World::with_employees(&["anna"]).await, told: String::new(), steps: 0 }
    }

    /// The present moment as a provider writes it.
    fn now(&self) -> String {
        self.world.clock.now().rfc3339()
    }

    /// A client's text in WhatsApp, written now.
    fn text(&self, id: &str, text: &str) -> Value {
        wazzup::text(CHANNEL, PHONE, id, &self.now(), text)
    }

    /// An employee's answer in WhatsApp, written on the phone now.
    fn echo(&self, id: &str, text: &str) -> Value {
        wazzup::echo(CHANNEL, PHONE, id, &self.now(), text)
    }

    /// Posts entries in one webhook.
    async fn post(&self, entries: &[Value]) {
        assert_eq!(self.world.post(TOKEN, wazzup::messages(entries).to_string()).await, 200);
    }

    /// Handles everything in the queues, renders the state, and continues ten seconds later.
    async fn step(&mut self, what: &str) {
        self.world.settle().await;
        self.write_down(what).await;
        self.world.clock.advance(Duration::from_secs(10));
    }

    /// Appends the present state to the text.
    async fn write_down(&mut self, what: &str) {
        self.steps += 1;
        let at = &self.now()[11..19];
        let state = render::state(&self.world).await;
        self.told.push_str(&format!("{}. {at} {what}\n\n{state}\n", self.steps));
    }

    /// Compares the story's text with its snapshot.
    async fn end(self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, self.told));
        self.world.assert_crm_content().await;
    }
}
