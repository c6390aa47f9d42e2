//! A local server that plays Telegram for the tests of this folder, and a call to it.

use crate::base::clock::Timestamp;
use crate::model::credential::Credential;
use crate::platform::http::{AllowList, OutboundHttp};
use crate::providers::client::Call;
use secrecy::SecretString;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use url::Url;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(super) const TOKEN: &str = "7770001:TEST_opens_nothing_0123456789abcdef";

/// A request that the server received.
#[derive(Debug)]
pub(super) struct Asked {
    /// The first line's path.
    pub path: String,
    /// The body.
    pub body: Value,
}

/// A call to a server that gives these answers, one per request.
pub(super) struct Fake {
    http: OutboundHttp,
    base: Url,
    credential: Credential,
    asked: JoinHandle<Vec<Asked>>,
}

impl Fake {
    /// A server with the status line and body of each answer.
    pub fn answering(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = |(status, body): &(&str, &str)| {
            let head = format!("content-length: {}\r\nconnection: close", body.len());
            format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}")
        };
        let answers: Vec<String> = answers.iter().map(answer).collect();
        let asked = std::thread::spawn(move || {
            let answered = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut chunk = [0; 4096];
                while !whole(&request) {
                    let read = stream.read(&mut chunk).unwrap();
                    assert_ne!(read, 0, "the request broke off");
                    request.extend_from_slice(&chunk[..read]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                taken(&String::from_utf8(request).unwrap())
            });
            answered.collect()
        });
        Self::at(Url::parse(&format!("http://127.0.0.1:{port}/telegram")).unwrap(), asked)
    }

    /// A server with one answer.
    pub fn one(status: &str, body: &str) -> Self {
        Self::answering(&[(status, body)])
    }

    /// A server that does not answer.
    pub fn away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        Self::at(base, std::thread::spawn(Vec::new))
    }

    fn at(base: Url, asked: JoinHandle<Vec<Asked>>) -> Self {
        let allowed = AllowList::parse(&format!("127.0.0.1:{}", base.port().unwrap()));
        let http = OutboundHttp::new(allowed).unwrap();
        let credential = Credential::of("token", SecretString::from(TOKEN));
        Self { http, base, credential, asked }
    }

    pub fn call(&self) -> Call<'_> {
        Call { http: &self.http, base_url: &self.base, credential: &self.credential, now: NOW }
    }

    /// The requests, once all answers are given.
    pub fn asked(self) -> Vec<Asked> {
        self.asked.join().unwrap()
    }
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn taken(request: &str) -> Asked {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let path = head.strip_prefix("POST ").and_then(|line| line.split(' ').next()).unwrap();
    Asked { path: path.to_owned(), body: serde_json::from_str(body).unwrap() }
}
