//! `sandbox --port N`: plays Wazzup, Telegram and universal CRMs on loopback until it is told to stop. Port 0 (the
//! default) chooses a free one.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use tests::sandbox::Sandbox;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let port = port(std::env::args().skip(1))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let sandbox = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    announce(&sandbox.url());
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    sandbox.stop().await;
    Ok(())
}

fn port(mut arguments: impl Iterator<Item = String>) -> Result<u16, String> {
    let usage = "usage: sandbox [--port N]";
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => Ok(0),
        (Some("--port"), Some(number), None) => {
            number.parse().map_err(|e| format!("--port {number}: {e}\n{usage}"))
        }
        _ => Err(usage.to_owned()),
    }
}

#[expect(clippy::print_stdout, reason = "the one line that callers read the address from")]
fn announce(url: &str) {
    println!("sandbox listening on {url}");
}

#[expect(clippy::print_stderr, reason = "a command line tool says what went wrong")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("sandbox: {error}");
}
