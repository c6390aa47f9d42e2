//! Uploads (D6): files that employees upload to send them. A file goes straight into the bucket by a link that accepts
//! only this file, and is moved to a chat's folder when it is sent.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::message::media_policy::{clean_name, told_type};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Maximum size in bytes. A channel accepts less, which is checked when the file is sent.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// How long the link accepts the file.
pub const LINK_LASTS: Duration = Duration::from_secs(15 * 60);
/// How long a file waits to be sent.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Types of documents that may be sent, besides pictures, sound and video.
const DOCUMENTS: [&str; 20] = [
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/rtf",
    "text/rtf",
    "text/plain",
    "text/csv",
    "text/vcard",
    "application/zip",
    "application/x-zip-compressed",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-rar-compressed",
];
/// Name extensions that a client's computer opens as programs or pages, whatever the media type says.
const RUN: [&str; 30] = [
    "apk", "app", "bat", "cmd", "com", "cpl", "dll", "dmg", "docm", "exe", "hta", "htm", "html", "iso",
    "jar", "js", "lnk", "msi", "php", "pif", "ps1", "pptm", "reg", "scr", "sh", "svg", "vbs", "wsf", "xhtml",
    "xlsm",
];

/// A file that was announced and not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id: a UUID v7.
    pub id: String,
    /// The employee who uploads it: no other employee may send it. `None`: the account uploads it, and any of its
    /// employees may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee: Option<EmployeeId>,
    /// The file's name.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The object that the link writes.
    pub object: String,
    /// Until when it may be sent, in seconds since the epoch: the table's TTL too.
    pub expires_at: i64,
}

impl Upload {
    /// The object that an upload is written to.
    pub fn object_of(account: &AccountId, id: &str) -> String {
        format!("uploads/{account}/{id}")
    }

    /// Whether it may be sent at this moment, in the name of this employee or of the account.
    pub fn is_for(&self, author: Option<&EmployeeId>, now: Timestamp) -> bool {
        let others = matches!((&self.employee, author), (Some(own), Some(author)) if own != author);
        !others && now.seconds() < self.expires_at
    }
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file is empty.
    #[error("an empty file is not sent")]
    Empty,
    /// The file is too large.
    #[error("at most {MAX_BYTES} bytes")]
    TooLarge,
    /// The type may not be sent.
    #[error("pictures, sound, video, PDF, office documents, plain text and archives are sent; not this type")]
    Type,
    /// The name opens as a program or a page.
    #[error("a file with this ending is not sent: it opens as a program or a page")]
    Ending,
    /// The name is not valid.
    #[error("a file's name: no path, no control characters, at most 150 characters")]
    Name,
}

impl Refusal {
    /// The field of the request that is at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Empty | Self::TooLarge => "bytes",
            Self::Type => "mime",
            Self::Ending | Self::Name => "name",
        }
    }
}

/// A file that may be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name.
    pub name: String,
    /// Its type, without parameters, in lower case.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
}

impl NewFile {
    /// Checks the description of a file.
    ///
    /// # Errors
    /// [`Refusal`] says why the file is refused.
    pub fn of(name: &str, mime: &str, bytes: u64) -> Result<Self, Refusal> {
        let name = name.trim();
        // Characters that change the direction of writing make `gpj.exe` look like `exe.jpg`.
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if clean_name(name).as_deref() != Some(name) || name.contains(turns) {
            return Err(Refusal::Name);
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        if ending.is_some_and(|ending| RUN.contains(&ending.as_str())) {
            return Err(Refusal::Ending);
        }
        let mime = told_type(Some(mime), None);
        if !is_sent(&mime) {
            return Err(Refusal::Type);
        }
        match bytes {
            0 => Err(Refusal::Empty),
            1..=MAX_BYTES => Ok(Self { name: name.to_owned(), mime, bytes }),
            _ => Err(Refusal::TooLarge),
        }
    }
}

fn is_sent(mime: &str) -> bool {
    match mime.split_once('/') {
        // An SVG drawing is a page, because it can run scripts.
        Some(("image", kind)) => !kind.contains("svg") && !kind.ends_with("xml"),
        Some(("audio" | "video", kind)) => !kind.ends_with("xml"),
        _ => DOCUMENTS.contains(&mime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_taken_in_one_spelling() {
        for (name, mime, expected) in [
            ("photo.jpg", "image/JPEG", "image/jpeg"),
            ("голос.ogg", "audio/ogg; codecs=opus", "audio/ogg"),
            (" Смета №2.pdf ", "application/pdf", "application/pdf"),
            ("clip", "video/mp4", "video/mp4"),
            ("a.b.zip", "application/zip", "application/zip"),
            ("notes.txt", "text/plain; charset=utf-8", "text/plain"),
        ] {
            let file = NewFile::of(name, mime, 1).unwrap();
            assert_eq!((file.name.as_str(), file.mime.as_str()), (name.trim(), expected));
        }
        assert!(DOCUMENTS.iter().all(|mime| NewFile::of("a.bin", mime, 1).is_ok()));
    }

    #[test]
    fn sizes_hold_at_the_limit_and_not_one_over() {
        let of = |bytes| NewFile::of("a.png", "image/png", bytes).map(|file| file.bytes);
        assert_eq!(of(0), Err(Refusal::Empty));
        assert_eq!((of(1), of(MAX_BYTES)), (Ok(1), Ok(MAX_BYTES)));
        assert_eq!(of(MAX_BYTES + 1), Err(Refusal::TooLarge));
    }

    #[test]
    fn pages_and_programs_are_refused_by_type_and_by_name() {
        for mime in [
            "text/html",
            "image/svg+xml",
            "image/SVG",
            "application/xhtml+xml",
            "application/x-msdownload",
            "application/javascript",
            "application/octet-stream",
            "application/vnd.ms-word.document.macroEnabled.12",
            "model/x",
            "image",
            "",
        ] {
            assert_eq!(NewFile::of("a.png", mime, 1), Err(Refusal::Type), "{mime}");
        }
        for name in ["a.exe", "a.pdf.EXE", "page.html", "a.svg", "macro.xlsm"] {
            assert_eq!(NewFile::of(name, "application/pdf", 1), Err(Refusal::Ending), "{name}");
        }
        let long = "x".repeat(151);
        for name in
            ["", " ", ".", "..", "../a.png", "a/b.png", "a\\b.png", "a\nb.png", "a\u{202e}gpj.png", &long]
        {
            assert_eq!(NewFile::of(name, "image/png", 1), Err(Refusal::Name), "{name:?}");
        }
    }

    #[test]
    fn an_upload_is_sent_by_who_brought_it_and_for_a_day() {
        let upload = Upload {
            v: 1,
            account: AccountId::new("a"),
            id: "u".into(),
            employee: Some(EmployeeId::new("anna")),
            name: "a.png".into(),
            mime: "image/png".into(),
            bytes: 1,
            object: Upload::object_of(&AccountId::new("a"), "u"),
            expires_at: 100,
        };
        let at = |s: i64| Timestamp::from_millis(s * 1000);
        let (anna, boris) = (EmployeeId::new("anna"), EmployeeId::new("boris"));
        assert!(upload.is_for(Some(&anna), at(99)) && upload.is_for(None, at(99)));
        assert!(!upload.is_for(Some(&boris), at(99)) && !upload.is_for(Some(&anna), at(100)));
        let account = Upload { employee: None, ..upload };
        assert!(
            account.is_for(Some(&anna), at(1)) && account.is_for(None, at(1)),
            "what the account brought"
        );
    }
}
