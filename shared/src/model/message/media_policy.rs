//! Which files are stored and how they are served, and what follows from an attempt to copy one.

use super::media::CopyFailure;
use crate::base::clock::Timestamp;
use crate::model::message::kind::Kind;
use std::time::Duration;

/// The type that is served when a browser must not show a file in place.
const BYTES: &str = "application/octet-stream";
/// Longest file name that is stored, in characters.
const MAX_NAME: usize = 150;
/// Maximum size of a name in its header, plain and encoded, in bytes: with the text around it the header stays below
/// 900 bytes, and S3 refuses metadata above two thousand.
const MAX_NAME_BYTES: usize = 850;

/// The media type reported by the server or the provider, normalised: `image/jpeg`, without parameters, in lower case.
/// A server that only says "bytes" says nothing, so the provider's type is used.
pub fn told_type(served: Option<&str>, provider: Option<&str>) -> String {
    let read = |text: Option<&str>| text.and_then(essence).filter(|mime| !says_nothing(mime));
    read(served).or_else(|| read(provider)).unwrap_or_else(|| BYTES.to_owned())
}

fn says_nothing(mime: &str) -> bool {
    [BYTES, "binary/octet-stream"].contains(&mime)
}

/// The type of a `Content-Type`, when it is valid.
fn essence(text: &str) -> Option<String> {
    let mime = text.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, rest) = mime.split_once('/')?;
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    (mime.len() <= 127 && word(kind) && word(rest)).then_some(mime)
}

/// Whether a file of this type can be what the message says it is. A page where a picture should be is a login or an
/// error that is answered with 200. Bytes without a reported type may be anything; stickers have types of the
/// messenger's own.
pub fn fits(kind: Kind, mime: &str) -> bool {
    let of = |kind: &str| mime.split('/').next() == Some(kind);
    match kind {
        Kind::Document => true,
        Kind::Image => of("image") || mime == BYTES,
        Kind::Sticker => !of("text") && !["application/json", "application/xhtml+xml"].contains(&mime),
        Kind::Audio | Kind::Voice => of("audio") || ["video/mp4", "application/ogg", BYTES].contains(&mime),
        Kind::Video => of("video") || mime == BYTES,
        _ => !["text/html", "application/xhtml+xml"].contains(&mime),
    }
}

/// The type under which a file is served. Only a type that a browser shows without running anything in it is kept,
/// because a stranger's page or drawing would run in a browser as ours.
pub fn served_type(mime: &str) -> &str {
    if shown_in_place(mime) { mime } else { BYTES }
}

fn shown_in_place(mime: &str) -> bool {
    match mime.split_once('/') {
        Some((_, rest)) if rest.ends_with("+xml") => false,
        Some(("image" | "audio" | "video", _)) => true,
        _ => mime == "application/pdf",
    }
}

/// `Content-Disposition` of a file with this served type: shown in place or saved, under a name when there is one.
pub fn disposition(served: &str, name: Option<&str>) -> String {
    let way = if shown_in_place(served) { "inline" } else { "attachment" };
    let Some(name) = name.and_then(clean_name) else { return way.to_owned() };
    // An ASCII name for readers that support no other, and the whole one (RFC 6266).
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-()".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let whole: String = name
        .bytes()
        .map(|byte| if stays(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("{way}; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// Whether a byte of a name is not encoded.
fn stays(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

/// The size of a name's character in the header: one byte plain, and its own bytes encoded.
fn cost(c: char) -> usize {
    1 + if u8::try_from(c).is_ok_and(stays) { 1 } else { 3 * c.len_utf8() }
}

/// The beginning of a name, limited to `chars` characters and `bytes` in the header.
fn beginning(name: &str, chars: usize, bytes: usize) -> String {
    let mut left = bytes;
    let fits = |c: &char| match left.checked_sub(cost(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    name.chars().take(chars).take_while(fits).collect()
}

/// A file's name without its path and without characters that are not allowed; `None` when nothing is left of it.
pub fn clean_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim().trim_matches('.');
    let whole = beginning(kept, MAX_NAME, MAX_NAME_BYTES);
    let kept = match kept.rsplit_once('.') {
        // The extension decides how the file is opened, so a long name is shortened before it.
        Some((stem, ending)) if whole.len() < kept.len() && ending.chars().count() < 20 => {
            let taken: usize = ending.chars().map(cost).sum::<usize>() + cost('.');
            let room = MAX_NAME - 1 - ending.chars().count();
            format!("{}.{ending}", beginning(stem, room, MAX_NAME_BYTES - taken))
        }
        _ => whole,
    };
    (!kept.is_empty()).then_some(kept)
}

/// Why an attempt returned no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server answered with this status, and asked for this pause.
    Status(u16, Option<Duration>),
    /// The file is larger than allowed.
    TooLarge,
    /// It is not what the message says it is.
    WrongType,
    /// The link leads to an address from which nothing is fetched.
    NotAllowed,
    /// The answer was not understandable, or not complete.
    NoAnswer,
}

/// What follows from an attempt that returned no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is retried at this moment.
    Again(Timestamp),
    /// It is given up.
    GiveUp(CopyFailure),
}

/// Pauses between attempts, in seconds; the last one repeats. With [`ATTEMPTS`] they make half an hour.
const WAITS_S: [u64; 6] = [5, 15, 45, 120, 300, 600];
/// Maximum number of attempts.
pub const ATTEMPTS: u32 = 8;
/// The number of refusals, such as "not found" and "forbidden", after which they are believed: a provider's storage may
/// be late.
const BELIEVED: u32 = 2;
/// Longest pause that a server may ask for: the longest delay of a nudge in a queue.
const MAX_WAIT: Duration = Duration::from_secs(900);

/// Decides what follows from attempt number `attempt`, the first being 1.
pub fn after(attempt: u32, trouble: Trouble, now: Timestamp) -> Verdict {
    let believed = attempt >= BELIEVED;
    let (at_once, wait) = match trouble {
        Trouble::TooLarge => (Some(CopyFailure::TooLarge), None),
        Trouble::NotAllowed => (Some(CopyFailure::AddressNotAllowed), None),
        Trouble::WrongType => (believed.then_some(CopyFailure::WrongType), None),
        Trouble::Status(404 | 410, wait) => (believed.then_some(CopyFailure::Gone), wait),
        Trouble::Status(401 | 403, wait) => (believed.then_some(CopyFailure::Refused), wait),
        Trouble::Status(_, wait) => (None, wait),
        Trouble::NoAnswer => (None, None),
    };
    if let Some(why) = at_once {
        return Verdict::GiveUp(why);
    }
    if attempt >= ATTEMPTS {
        return Verdict::GiveUp(CopyFailure::Unavailable);
    }
    let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    let own = Duration::from_secs(WAITS_S[place]);
    Verdict::Again(now + own.max(wait.unwrap_or_default().min(MAX_WAIT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn types_are_read_as_they_are_meant() {
        for (served, provider, expected) in [
            (Some("image/JPEG; charset=x"), None, "image/jpeg"),
            (Some("application/octet-stream"), Some("image/png"), "image/png"),
            (None, Some("audio/ogg; codecs=opus"), "audio/ogg"),
            (Some("text/html"), Some("image/png"), "text/html"),
            (Some("nonsense"), None, "application/octet-stream"),
            (Some("image/png\"; x"), None, "application/octet-stream"),
            (None, None, "application/octet-stream"),
        ] {
            assert_eq!(told_type(served, provider), expected, "{served:?} {provider:?}");
        }
    }

    #[test]
    fn a_page_is_nothing_but_a_document() {
        for kind in [Kind::Image, Kind::Voice, Kind::Video, Kind::Sticker, Kind::StoryReply, Kind::Template] {
            assert!(!fits(kind, "text/html"), "{kind:?}");
        }
        assert!(fits(Kind::Document, "text/html"));
    }

    #[test]
    fn each_kind_takes_its_types() {
        let bytes = "application/octet-stream";
        for (kind, taken, refused) in [
            (
                Kind::Image,
                vec!["image/webp", bytes],
                vec![
                    "text/plain",
                    "application/json",
                    "application/xhtml+xml",
                    "video/mp4",
                    "audio/ogg",
                    "imagery/png",
                ],
            ),
            (
                Kind::Sticker,
                vec!["image/webp", "video/webm", bytes, "application/was", "application/zip"],
                vec!["text/plain", "application/json", "application/xhtml+xml"],
            ),
            (Kind::Voice, vec!["audio/ogg", "video/mp4", "application/ogg", bytes], vec!["image/png"]),
            (Kind::Video, vec!["video/quicktime", bytes], vec!["image/png", "application/json"]),
            (Kind::StoryReply, vec!["image/jpeg", "video/mp4", bytes], vec!["application/xhtml+xml"]),
        ] {
            assert!(taken.iter().all(|mime| fits(kind, mime)), "{kind:?}");
            assert!(!refused.iter().any(|mime| fits(kind, mime)), "{kind:?}");
        }
    }

    #[test]
    fn nothing_that_runs_in_a_browser_is_served_as_what_it_is() {
        for mime in [
            "text/html",
            "image/svg+xml",
            "image/x+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/javascript",
        ] {
            assert_eq!(served_type(mime), "application/octet-stream");
            assert!(disposition(served_type(mime), None).starts_with("attachment"), "{mime}");
        }
        for mime in ["image/jpeg", "audio/ogg", "video/mp4", "application/pdf"] {
            assert_eq!((served_type(mime), disposition(mime, None).as_str()), (mime, "inline"));
        }
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let header = disposition("application/octet-stream", Some("../Счёт \"1\"\r\nX: y.pdf"));
        assert!(!header.contains(['\r', '\n']) && header.matches('"').count() == 2, "{header}");
        assert!(header.ends_with("%D0%A1%D1%87%D1%91%D1%82%20%221%22X%3A%20y.pdf"), "{header}");
        assert_eq!(disposition("image/png", Some("..")), "inline");
        let long = clean_name(&format!("{}.docx", "я".repeat(400))).unwrap();
        assert!(long.chars().count() > 100 && long.ends_with("я.docx"), "{long}");
        let long = clean_name(&format!("{}.docx", "x".repeat(400))).unwrap();
        assert!(long.chars().count() == MAX_NAME && long.ends_with("x.docx"), "{long}");
    }

    #[test]
    fn no_name_makes_a_header_that_is_refused_for_its_length() {
        for filler in ["a", " ", "я", "字", "🦀"] {
            for name in [filler.repeat(400), format!("a{}.{}", filler.repeat(400), filler.repeat(18))] {
                let header = disposition("application/octet-stream", Some(&format!("a{name}b")));
                assert!(header.len() < 900 && header.contains("filename="), "{} {header}", header.len());
            }
        }
    }

    #[test]
    fn attempts_are_spaced_and_end_within_half_an_hour() {
        let (mut now, mut attempt) = (START, 0);
        let waits: Vec<u64> = std::iter::from_fn(|| {
            attempt += 1;
            match after(attempt, Trouble::Status(503, None), now) {
                Verdict::Again(at) => {
                    let wait = at.since(now).as_secs();
                    now = at;
                    Some(wait)
                }
                Verdict::GiveUp(why) => {
                    assert_eq!(why, CopyFailure::Unavailable);
                    None
                }
            }
        })
        .collect();
        assert_eq!(waits, [5, 15, 45, 120, 300, 600, 600]);
        assert!((1200..=1800).contains(&now.since(START).as_secs()));
    }

    #[test]
    fn what_cannot_change_is_given_up_at_once_and_what_may_be_late_is_asked_twice() {
        for (trouble, why) in [
            (Trouble::TooLarge, CopyFailure::TooLarge),
            (Trouble::NotAllowed, CopyFailure::AddressNotAllowed),
        ] {
            assert_eq!(after(1, trouble, START), Verdict::GiveUp(why));
        }
        for (trouble, why) in [
            (Trouble::Status(404, None), CopyFailure::Gone),
            (Trouble::Status(410, None), CopyFailure::Gone),
            (Trouble::Status(401, None), CopyFailure::Refused),
            (Trouble::Status(403, None), CopyFailure::Refused),
            (Trouble::WrongType, CopyFailure::WrongType),
        ] {
            assert!(matches!(after(1, trouble, START), Verdict::Again(_)), "{trouble:?}");
            assert_eq!(after(2, trouble, START), Verdict::GiveUp(why));
        }
    }

    #[test]
    fn a_server_gets_the_time_it_asks_for_up_to_a_quarter_of_an_hour() {
        let asked = |attempt, seconds| {
            after(attempt, Trouble::Status(429, Some(Duration::from_secs(seconds))), START)
        };
        assert_eq!(asked(1, 60), Verdict::Again(START + Duration::from_secs(60)));
        assert_eq!(asked(1, 86_400), Verdict::Again(START + Duration::from_secs(900)));
        assert_eq!(
            asked(4, 1),
            Verdict::Again(START + Duration::from_secs(120)),
            "never sooner than we would"
        );
    }
}
