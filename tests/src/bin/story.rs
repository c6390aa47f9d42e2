//! `story STACK.json [--tamper]`: plays a conversation through a deployed stack and prints the result, read back. Exits
//! with code 1 when it could not be played or the result is inconsistent; `--tamper` changes one stored message to
//! prove that.

use std::path::Path;
use std::process::ExitCode;

use tests::stack::Stack;
use tests::story::{StoryError, tell};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\nThe story failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StoryError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let tamper = arguments.iter().any(|argument| argument == "--tamper");
    let path = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"))
        .map_or(".local/run/stack.json", String::as_str);
    let stack = Stack::read(Path::new(path))?;
    tell(&stack, tamper, &say).await
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}
