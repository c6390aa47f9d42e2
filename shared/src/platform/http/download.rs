//! Downloads of files: bounded in size and time; each redirect is followed explicitly, under the guard of every other
//! request.

use super::{NotPublic, OutboundHttp, retry_after};
use crate::base::clock::Timestamp;
use reqwest::Response;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// The time limit of a whole download, redirects included, unless less time is left.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// The most redirects that are followed.
const REDIRECTS: usize = 3;

/// A file to download.
#[derive(Debug)]
pub struct Download<'a> {
    /// Its address.
    pub url: &'a Url,
    /// `Authorization: Bearer …`, if any. It is sent to this URL's origin only.
    pub bearer: Option<&'a SecretString>,
    /// The most bytes that are read.
    pub max_bytes: u64,
    /// The time limit of the whole download.
    pub timeout: Duration,
}

/// The server's final answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, as it came.
    pub content_type: Option<String>,
    /// The file's name from `Content-Disposition`, as it came: not safe for a header or a path.
    pub name: Option<String>,
    /// The wait that the server asks for.
    pub retry_after: Option<Duration>,
    /// The file; empty unless the status is a success.
    pub body: Vec<u8>,
}

/// The reason why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The URL, or one that it redirects to, may not be called.
    #[error("the address is not allowed")]
    NotAllowed,
    /// More bytes than the limit: announced or sent.
    #[error("larger than is read")]
    TooLarge,
    /// No connection.
    #[error("could not connect")]
    NotSent,
    /// No complete answer in time, or too many redirects.
    #[error("nothing whole came in time")]
    Broken,
}

impl OutboundHttp {
    /// Downloads a file, once.
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn download(&self, wanted: Download<'_>, now: Timestamp) -> Result<Downloaded, DownloadError> {
        let fetched = tokio::time::timeout(wanted.timeout, self.fetch(&wanted, now));
        fetched.await.unwrap_or(Err(DownloadError::Broken))
    }

    async fn fetch(&self, wanted: &Download<'_>, now: Timestamp) -> Result<Downloaded, DownloadError> {
        let mut url = wanted.url.clone();
        for _ in 0..=REDIRECTS {
            self.check(&url).map_err(|_| DownloadError::NotAllowed)?;
            let client = if self.allow.allows(&url) { &self.open } else { &self.guarded };
            let mut request = client.get(url.clone()).timeout(wanted.timeout);
            if let Some(bearer) = wanted.bearer.filter(|_| url.origin() == wanted.url.origin()) {
                request = request.bearer_auth(bearer.expose_secret());
            }
            let response = request.send().await.map_err(|error| failure(&error))?;
            match redirect(&url, &response) {
                Some(next) => url = next.ok_or(DownloadError::Broken)?,
                None => return read(response, wanted.max_bytes, now).await,
            }
        }
        Err(DownloadError::Broken)
    }
}

/// The next address of a redirect; the inner `None` if the answer names no valid one.
fn redirect(from: &Url, response: &Response) -> Option<Option<Url>> {
    [301, 302, 303, 307, 308]
        .contains(&response.status().as_u16())
        .then(|| header(response.headers(), &LOCATION).and_then(|location| from.join(&location).ok()))
}

async fn read(mut response: Response, max_bytes: u64, now: Timestamp) -> Result<Downloaded, DownloadError> {
    let headers = response.headers();
    let mut answer = Downloaded {
        status: response.status().as_u16(),
        content_type: header(headers, &CONTENT_TYPE),
        name: header(headers, &CONTENT_DISPOSITION).and_then(|text| file_name(&text)),
        retry_after: retry_after(headers, now),
        body: Vec::new(),
    };
    if !response.status().is_success() {
        return Ok(answer);
    }
    let announced = response.content_length().unwrap_or(0);
    if announced > max_bytes {
        return Err(DownloadError::TooLarge);
    }
    let room = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    answer.body.reserve_exact(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|_| DownloadError::Broken)? {
        if chunk.len() > room - answer.body.len() {
            return Err(DownloadError::TooLarge);
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    // File names often come as bare UTF-8, which HTTP does not accept as text.
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::to_owned)
}

/// The name in a `Content-Disposition`: `filename*` in UTF-8 before `filename`.
fn file_name(text: &str) -> Option<String> {
    let (mut plain, mut whole) = (None, None);
    for part in parameters(text) {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                whole = value.to_ascii_lowercase().starts_with("utf-8'").then(|| decoded(value)).flatten()
            }
            "filename" => plain = Some(unquoted(value)),
            _ => {}
        }
    }
    whole.or(plain).filter(|name| !name.is_empty())
}

/// Splits at the semicolons outside quotes.
fn parameters(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut name = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        name.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    name
}

/// `UTF-8'ru'%D0%B0.pdf`, decoded.
fn decoded(value: &str) -> Option<String> {
    let text = value.splitn(3, '\'').nth(2)?;
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digit =
                |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            digit(rest.next())? * 16 + digit(rest.next())?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

/// The error of a request. A name that resolves to a private network only is an address that is not allowed; the
/// resolver reports that as an inner error.
fn failure(error: &reqwest::Error) -> DownloadError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return DownloadError::NotAllowed;
        }
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() { DownloadError::NotSent } else { DownloadError::Broken }
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
