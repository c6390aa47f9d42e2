//! Downloads from loopback servers whose answers the test sets.

use super::super::AllowList;
use super::*;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Heard = Arc<Mutex<Vec<String>>>;

/// A server that gives these answers one after the other and records the requests.
async fn server(answers: Vec<String>) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Heard::default();
    let keep = Arc::clone(&heard);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            keep.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
            // The client may close the connection before the end.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heard)
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn to(place: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nconnection: close\r\ncontent-length: 0\r\nlocation: {place}\r\n\r\n")
}

async fn fetch(url: &str, allow: &str, max_bytes: u64) -> Result<Downloaded, DownloadError> {
    let http = OutboundHttp::new(AllowList::parse(allow)).unwrap();
    let (url, secret) = (url.parse().unwrap(), SecretString::from("token"));
    let wanted = Download { url: &url, bearer: Some(&secret), max_bytes, timeout: TIMEOUT };
    http.download(wanted, Timestamp::default()).await
}

#[tokio::test]
async fn a_file_comes_with_its_type_and_name() {
    let headers = "content-type: image/png\r\ncontent-disposition: attachment; filename=\"a.png\"\r\n";
    let (host, _) = server(vec![ok(headers, "bytes")]).await;
    let file = fetch(&format!("http://{host}/f"), &host, 5).await.unwrap();
    assert_eq!((file.status, file.body.as_slice()), (200, b"bytes".as_slice()));
    assert_eq!((file.content_type.as_deref(), file.name.as_deref()), (Some("image/png"), Some("a.png")));
}

#[tokio::test]
async fn what_is_too_large_is_noticed_before_and_while_it_is_read() {
    let (host, _) = server(vec![ok("", "123456")]).await;
    assert_eq!(fetch(&format!("http://{host}/f"), &host, 5).await, Err(DownloadError::TooLarge));
    let untold = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
        3\r\n123\r\n3\r\n456\r\n0\r\n\r\n";
    let (host, _) = server(vec![untold.to_owned()]).await;
    assert_eq!(fetch(&format!("http://{host}/f"), &host, 5).await, Err(DownloadError::TooLarge));
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_no_file() {
    let (host, _) = server(vec!["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_owned()]).await;
    assert_eq!(fetch(&format!("http://{host}/f"), &host, 500).await, Err(DownloadError::Broken));
}

#[tokio::test]
async fn an_error_is_answered_with_its_status_and_wait() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy";
    let (host, _) = server(vec![busy.to_owned()]).await;
    let answer = fetch(&format!("http://{host}/f"), &host, 5).await.unwrap();
    assert_eq!((answer.status, answer.retry_after), (503, Some(Duration::from_secs(7))));
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn redirects_are_followed_and_the_bearer_stays_with_its_host() {
    let (other, heard_there) = server(vec![ok("", "there")]).await;
    let (host, heard) = server(vec![to("/next"), to(&format!("http://{other}/file"))]).await;
    let file = fetch(&format!("http://{host}/first"), &format!("{host},{other}"), 50).await.unwrap();
    assert_eq!(file.body, b"there");
    let bearer = |heard: &Heard| {
        heard.lock().unwrap().iter().map(|text| text.contains("Bearer token")).collect::<Vec<_>>()
    };
    assert_eq!((bearer(&heard), bearer(&heard_there)), (vec![true, true], vec![false]));
}

#[tokio::test]
async fn no_redirect_leads_where_no_request_may_go() {
    for place in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/f",
        "http://127.0.0.1:1/f",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
    ] {
        let (host, _) = server(vec![to(place)]).await;
        let answer = fetch(&format!("http://{host}/f"), &host, 50).await;
        assert_eq!(answer, Err(DownloadError::NotAllowed), "{place}");
    }
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_not_allowed() {
    assert_eq!(fetch("https://localhost:1/f", "", 50).await, Err(DownloadError::NotAllowed));
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let (host, heard) = server(vec![to("/f"); 9]).await;
    assert_eq!(fetch(&format!("http://{host}/f"), &host, 50).await, Err(DownloadError::Broken));
    assert_eq!(heard.lock().unwrap().len(), REDIRECTS + 1);
}

#[test]
fn names_are_read_in_each_of_their_forms() {
    for (text, expected) in [
        ("attachment; filename=\"a;b \\\"c\\\".pdf\"", Some("a;b \"c\".pdf")),
        ("attachment; filename=x.pdf; filename*=UTF-8''%D0%B0%20b.pdf", Some("а b.pdf")),
        ("inline; FileName=счёт.pdf", Some("счёт.pdf")),
        ("attachment; filename*=UTF-8''%ZZ; filename=y", Some("y")),
        ("attachment", None),
        ("attachment; filename=\"\"", None),
    ] {
        assert_eq!(file_name(text).as_deref(), expected, "{text}");
    }
}
