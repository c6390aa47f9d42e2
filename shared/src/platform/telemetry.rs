//! Logs: JSON, one object per line, RFC 3339 timestamp, span fields flattened. Never logged: message texts, phone
//! numbers, names, keys, URL tokens, webhook bodies.

use crate::base::clock::{Ambient, Machine};
use crate::platform::disposition::DropReason;
use crate::platform::metrics::{self, Metric};
use json_subscriber::JsonLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// Starts logging for the function of this name. Called once, first in `main`; a second call changes nothing.
pub fn init(function: &'static str, level: &str) {
    let _ = FUNCTION.set(function);
    let mut layer = JsonLayer::stdout();
    layer.with_level("level");
    layer.add_static_field("function", function.into());
    layer.with_flattened_event();
    layer.with_top_level_flattened_span_list();
    layer.with_timer("timestamp", tracing_subscriber::fmt::time::SystemTime);
    let filter = EnvFilter::new(format!(
        "{level},aws_config=warn,aws_smithy_runtime=warn,hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn"
    ));
    // A second start, as in tests, keeps the first subscriber.
    let _ = Registry::default().with(filter).with(layer).try_init();
}

/// Counts a metric. The line goes to stdout unchanged: CloudWatch reads it from there.
#[expect(clippy::print_stdout, reason = "the embedded metric format is read from stdout")]
pub fn count(metric: Metric, count: u64) {
    if count == 0 {
        return;
    }
    println!("{}", metrics::line(metric, count, function_name(), Machine.now()));
}

/// Counts events that were dropped on purpose, by reason.
#[expect(clippy::print_stdout, reason = "the embedded metric format is read from stdout")]
pub fn count_dropped(reason: DropReason, count: u64) {
    if count > 0 {
        println!("{}", metrics::drop_line(reason, count, function_name(), Machine.now()));
    }
}

static FUNCTION: std::sync::OnceLock<&'static str> = std::sync::OnceLock::new();

fn function_name() -> &'static str {
    FUNCTION.get().copied().unwrap_or("tests")
}
