//! Outbound HTTP: one client per process, guarded against requests into private networks (SSRF).
//!
//! Every URL that an account can set goes through here. No redirects are followed ([`download`] follows them
//! explicitly, each under the same guard), addresses are checked **after** name resolution and on literal IPs alike,
//! and idle connections are dropped early because a Lambda freezes between events.

pub mod download;

use crate::base::clock::Timestamp;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(3);
/// The time limit of a whole request, unless the caller sets another.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;

/// `host:port` pairs that may be in private networks: for local runs, empty in production.
#[derive(Clone, Debug, Default)]
pub struct AllowList(HashSet<String>);

impl AllowList {
    /// Parses a comma-separated list of `host:port`.
    pub fn parse(text: &str) -> Self {
        Self(
            text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_lowercase).collect(),
        )
    }

    fn allows(&self, url: &Url) -> bool {
        let port = url.port_or_known_default().unwrap_or(0);
        url.host_str().is_some_and(|host| self.0.contains(&format!("{host}:{port}")))
    }
}

/// A request to a foreign server. JSON in, JSON expected.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: reqwest::Method,
    /// The address.
    pub url: &'a Url,
    /// `Authorization: Bearer …`, if any.
    pub bearer: Option<&'a SecretString>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Vec<u8>>,
    /// The time limit of the whole request.
    pub timeout: Duration,
}

/// The server's answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The wait that the server asks for in `Retry-After` (seconds or HTTP date).
    pub retry_after: Option<Duration>,
    /// The body, at most 1 MiB of it.
    pub body: Vec<u8>,
}

/// The reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The URL may not be called at all.
    #[error("the address is not allowed: {0}")]
    NotAllowed(&'static str),
    /// Nothing was sent: safe to repeat.
    #[error("could not connect")]
    NotSent,
    /// The request may have been carried out or not.
    #[error("no answer in time or the connection broke")]
    OutcomeUnknown,
}

/// The client.
#[derive(Clone, Debug)]
pub struct OutboundHttp {
    guarded: reqwest::Client,
    open: reqwest::Client,
    allow: AllowList,
}

impl OutboundHttp {
    /// Builds the client once per process.
    ///
    /// # Errors
    /// If the TLS back end cannot start.
    pub fn new(allow: AllowList) -> Result<Self, reqwest::Error> {
        let base = || {
            reqwest::Client::builder()
                .user_agent("Switchboard")
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT)
                .pool_idle_timeout(Duration::from_secs(20))
                .referer(false)
        };
        Ok(Self { guarded: base().dns_resolver(Arc::new(PublicOnly)).build()?, open: base().build()?, allow })
    }

    /// Checks that a URL may be called: it is `https`, or on the allow-list. The error names the reason, for a settings
    /// page.
    ///
    /// # Errors
    /// [`SendError::NotAllowed`] with the reason.
    pub fn check(&self, url: &Url) -> Result<(), SendError> {
        if url.scheme() != "https" && !self.allow.allows(url) {
            return Err(SendError::NotAllowed("only https is called"));
        }
        self.check_place(url)
    }

    /// The same for an address that may also be `http`: that of a CRM's webhooks (Wazzup API v3, "Webhooks").
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_place(&self, url: &Url) -> Result<(), SendError> {
        if self.allow.allows(url) {
            return Ok(());
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(SendError::NotAllowed("only http and https are called"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SendError::NotAllowed("no user name or password in the URL"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return Err(SendError::NotAllowed("no host")),
        };
        match literal {
            Some(ip) if !is_public(ip) => Err(SendError::NotAllowed("private or reserved address")),
            _ => Ok(()),
        }
    }

    /// Checks a link that others fetch for us, a provider for example: `http` is possible there, and the rest is as in
    /// [`Self::check`].
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_link(&self, url: &Url) -> Result<(), SendError> {
        let mut secure = url.clone();
        if url.scheme() == "http" && !self.allow.allows(url) && secure.set_scheme("https").is_ok() {
            return self.check(&secure);
        }
        self.check(url)
    }

    /// Sends one request, once, to a public place or one on the allow-list. The caller decides about a retry, and
    /// whether the address may be `http` ([`Self::check`], [`Self::check_place`]).
    ///
    /// # Errors
    /// [`SendError`] says whether anything can have reached the server.
    pub async fn send(&self, request: Request<'_>, now: Timestamp) -> Result<Answer, SendError> {
        self.check_place(request.url)?;
        let client = if self.allow.allows(request.url) { &self.open } else { &self.guarded };
        let mut builder = client.request(request.method, request.url.clone()).timeout(request.timeout);
        if let Some(bearer) = request.bearer {
            builder = builder.bearer_auth(bearer.expose_secret());
        }
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.header("content-type", "application/json; charset=utf-8").body(body);
        }
        let mut response = builder.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                SendError::NotSent
            } else {
                SendError::OutcomeUnknown
            }
        })?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), now);
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - body.len())]),
                Ok(None) => break,
                Err(_) => return Err(SendError::OutcomeUnknown),
            }
        }
        Ok(Answer { status, retry_after, body })
    }
}

/// The error for a name that resolves to private networks only.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
struct NotPublic;

/// A resolver that returns only public addresses, so that a name cannot lead into a private network.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet: not private, loopback, link-local (and so no metadata service),
/// CGNAT, multicast, documentation or otherwise reserved (IANA special-purpose registries).
pub fn is_public(ip: IpAddr) -> bool {
    const RESERVED: [&str; 27] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/96",
        "64:ff9b::/95",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ];
    let ip = match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 => v4,
    };
    !RESERVED.iter().filter_map(|net| net.parse::<IpNet>().ok()).any(|net| net.contains(&ip))
}

/// `Retry-After` as a span: seconds, or an HTTP date (RFC 9110 §10.2.3). At most a day.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
            Timestamp::from_millis(at).since(now)
        }
    };
    Some(span.min(Duration::from_secs(24 * 3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_not_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "::10.0.0.1",
            "::8.8.8.8",
            "3fff:fff::1",
            "5f00::1",
            "fec0::1",
            "feff::1",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "3ffe::1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_link_for_others_may_be_http_and_leads_to_a_public_host() {
        let http = OutboundHttp::new(AllowList::parse("127.0.0.1:9000")).unwrap();
        let verdict = |url: &str| http.check_link(&url.parse().unwrap()).is_ok();
        for url in [
            "https://files.example/a",
            "http://files.example:8080/a",
            "http://8.8.8.8/a",
            "http://127.0.0.1:9000/a",
        ] {
            assert!(verdict(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/a",
            "http://[::1]/a",
            "http://127.0.0.1:9001/a",
            "http://u:p@files.example/a",
            "ftp://files.example/a",
        ] {
            assert!(!verdict(url), "{url}");
        }
    }

    #[test]
    fn only_https_to_public_hosts_unless_allowed() {
        let http = OutboundHttp::new(AllowList::parse("127.0.0.1:9000")).unwrap();
        let verdict = |url: &str| http.check(&url.parse().unwrap()).is_ok();
        assert!(verdict("https://crm.example.com/hook"));
        assert!(verdict("http://127.0.0.1:9000/crm"));
        assert!(!verdict("http://127.0.0.1:9001/crm"));
        assert!(!verdict("http://crm.example.com/hook"));
        assert!(!verdict("https://169.254.169.254/latest/meta-data"));
        assert!(!verdict("https://[::1]/"));
        assert!(!verdict("https://user:secret@crm.example.com/"));
        let place = |url: &str| http.check_place(&url.parse().unwrap()).is_ok();
        assert!(place("https://crm.example.com/hook") && place("http://crm.example.com/hook"));
        assert!(place("http://127.0.0.1:9000/crm"));
        for refused in [
            "http://127.0.0.1:9001/crm",
            "http://127.0.0.1/crm",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://user:secret@crm.example.com/",
            "ftp://crm.example.com/hook",
            "file:///etc/passwd",
        ] {
            assert!(!place(refused), "{refused}");
        }
    }

    #[test]
    fn retry_after_reads_seconds_and_dates() {
        let now = Timestamp::parse_rfc3339("2026-11-21T09:00:00Z").unwrap();
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now).map(|span| span.as_secs())
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Sat, 21 Nov 2026 09:01:00 GMT"), Some(60));
        assert_eq!(read("Sat, 21 Nov 2026 08:01:00 GMT"), Some(0));
        assert_eq!(read("999999999"), Some(86400));
        assert_eq!(read("soon"), None);
    }
}
