//! Dropped events, as the functions log them: `ignored_channel 2` for two events.

use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Vec<String>>>);

/// One line of the log, as far as it reports a drop.
struct Line {
    reason: Option<String>,
    count: u64,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "reason" {
            self.reason = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "count" {
            self.count = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Subscriber for Reader {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line { reason: None, count: 1 };
        event.record(&mut line);
        if let Some(reason) = line.reason {
            self.0.lock().unwrap().push(format!("{reason} {}", line.count));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The drops that are logged while a future runs on this thread, in order.
pub async fn told_while(run: impl Future<Output = ()>) -> Vec<String> {
    let reader = Reader::default();
    let guard = tracing::subscriber::set_default(reader.clone());
    run.await;
    drop(guard);
    let told = reader.0.lock().unwrap();
    told.clone()
}
