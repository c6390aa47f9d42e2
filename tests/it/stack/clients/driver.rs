//! A Python program of `tests/clients` that drives a client: it reads JSON lines and prints JSON lines.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The most time until the program prints a line that is waited for.
const LONGEST: Duration = Duration::from_secs(300);

/// A running program; it is ended when it goes out of scope.
pub struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
}

impl Driver {
    /// Starts the program with its first line of input.
    pub fn start(script: &str, given: &Value) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut command = Command::new(root.join(".venv/bin/python"));
        command.arg("-B").arg(root.join("tests/clients").join(script)).env("NO_PROXY", "127.0.0.1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("`make` installs the clients into .venv");
        let printed = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let mut driver = Self { child, input, lines };
        driver.tell(given);
        driver
    }

    /// Writes a line.
    pub fn tell(&mut self, given: &Value) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{given}").unwrap();
        input.flush().unwrap();
    }

    /// The next printed line.
    pub fn next(&self) -> Value {
        self.lines.recv_timeout(LONGEST).expect("it printed nothing more; the reason is above")
    }

    /// Ends the input, and returns the last line.
    pub fn end(&mut self) -> Value {
        drop(self.input.take());
        let mut last = self.next();
        while let Ok(line) = self.lines.recv_timeout(LONGEST) {
            last = line;
        }
        assert!(self.child.wait().unwrap().success());
        last
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
