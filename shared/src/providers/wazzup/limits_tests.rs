//! Tests every row at its limit and one over. The numbers are repeated here by hand: a changed row needs a changed
//! case.

use super::*;
use crate::base::clock::Timestamp;
use crate::model::limits::*;
use crate::model::message::content::{Button, CommentMode};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const MIB: u64 = 1024 * 1024;
const SIZE: &str = "MESSAGES_CONTENT_SIZE_EXCEEDED";
const WRONG: &str = "INVALID_MESSAGE_DATA";

/// The expected values of a row.
struct Case {
    transport: &'static str,
    text: (usize, &'static str),
    /// The type, the most bytes, and the code for more.
    files: &'static [(&'static str, u64, &'static str)],
    /// A refused type, and its code.
    refused: Option<(&'static str, &'static str)>,
    /// Count, title, payload.
    buttons: Option<(usize, usize, Option<usize>)>,
    template: Option<usize>,
    quotes: bool,
    edits: Edits,
    /// Seconds for an edit and for a deletion, if they are limited.
    within: (Option<u64>, Option<u64>),
    deletes: bool,
    /// The seconds of the window, the code after it, and whether a template is allowed then.
    window: Option<(u64, &'static str, bool)>,
    comments: bool,
    first: &'static [By],
}

const TEN: &[(&str, u64, &str)] = &[
    ("image/webp", 10 * MIB, SIZE),
    ("audio/ogg; codecs=opus", 10 * MIB, SIZE),
    ("video/mp4", 10 * MIB, SIZE),
    ("application/pdf", 10 * MIB, SIZE),
];
const TELEGRAM: &[(&str, u64, &str)] = &[
    ("image/png", 5 * MIB, "MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM"),
    ("audio/mpeg", 10 * MIB, SIZE),
    ("video/mp4", 10 * MIB, SIZE),
    ("application/zip", 10 * MIB, SIZE),
];
const PLAIN: Case = Case {
    transport: "",
    text: (1000, "MESSAGE_TEXT_TOO_LONG"),
    files: TEN,
    refused: None,
    buttons: None,
    template: None,
    quotes: true,
    edits: Edits::All,
    within: (None, None),
    deletes: true,
    window: None,
    comments: false,
    first: &[],
};
const CASES: [Case; 11] = [
    Case {
        transport: "whatsapp",
        text: (10_000, "MESSAGE_TEXT_TOO_LONG"),
        edits: Edits::Text,
        within: (Some(900), None),
        first: &[By::Phone],
        ..PLAIN
    },
    Case {
        transport: "wapi",
        text: (1024, "MESSAGES_TOO_LONG_WABA"),
        files: &[
            ("image/jpeg", 5 * MIB, "MESSAGES_CONTENT_SIZE_EXCEEDED_WABA"),
            ("Audio/OGG; codecs=opus", 10 * MIB, SIZE),
            ("video/mp4", 10 * MIB, SIZE),
            ("application/pdf", 10 * MIB, SIZE),
        ],
        refused: Some(("image/webp", "MESSAGE_WRONG_CONTENT_TYPE")),
        buttons: Some((10, 20, None)),
        template: Some(550),
        edits: Edits::No,
        deletes: false,
        window: Some((24 * 3600, "24_HOURS_EXCEEDED", true)),
        first: &[By::Phone],
        ..PLAIN
    },
    Case {
        transport: "tgapi",
        text: (4096, "MESSAGES_TOO_LONG_TELEGRAM"),
        files: TELEGRAM,
        first: &[By::Phone, By::Username],
        ..PLAIN
    },
    Case {
        transport: "telegram",
        text: (4096, "MESSAGES_TOO_LONG_TELEGRAM"),
        files: TELEGRAM,
        buttons: Some((100, 64, Some(64))),
        within: (None, Some(48 * 3600)),
        ..PLAIN
    },
    Case {
        transport: "instagram",
        text: (1000, "MESSAGES_TOO_LONG_INSTAGRAM"),
        files: &[("image/bmp", 8 * MIB, SIZE)],
        refused: Some(("application/pdf", "MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI")),
        edits: Edits::No,
        deletes: false,
        window: Some((7 * 24 * 3600, "7_DAYS_EXCEEDED", false)),
        comments: true,
        ..PLAIN
    },
    Case { transport: "vk", text: (1000, "MESSAGES_TOO_LONG_VK"), ..PLAIN },
    Case {
        transport: "avito",
        text: (1000, "MESSAGES_TOO_LONG_AVITO"),
        edits: Edits::No,
        within: (None, Some(3600)),
        ..PLAIN
    },
    Case { transport: "viber", text: (6999, "MESSAGES_TOO_LONG_VIBER"), first: &[By::Phone], ..PLAIN },
    Case { transport: "max", text: (4096, "MESSAGE_TEXT_TOO_LONG"), first: &[By::Phone], ..PLAIN },
    Case {
        transport: "maxbot",
        text: (4096, "MESSAGE_TEXT_TOO_LONG"),
        buttons: Some((30, 128, None)),
        ..PLAIN
    },
    Case {
        transport: "other",
        files: &[("image/jpeg", 5 * MIB, SIZE)],
        refused: Some(("application/pdf", "MESSAGE_WRONG_CONTENT_TYPE")),
        quotes: false,
        edits: Edits::No,
        deletes: false,
        ..PLAIN
    },
];

/// Every row with its case; a row without one fails the test.
fn rows() -> impl Iterator<Item = (&'static Limits, &'static Case)> {
    TABLE.iter().chain([&OTHER]).map(|row| {
        let case = CASES.iter().find(|case| case.transport == row.transport);
        (row, case.unwrap_or_else(|| panic!("{}: a row without a case", row.transport)))
    })
}

/// A draft in a chat where the client has just written.
fn fresh() -> Draft<'static> {
    Draft { client_wrote_at: Some(NOW), ..Draft::default() }
}

/// Panics unless the check failed with this code and limit.
fn refused(result: Result<(), LimitError>, code: &str, limit: Option<u64>, what: &str) -> LimitError {
    let error = result.expect_err(what);
    assert_eq!((error.code, error.limit), (code, limit), "{what}: {error}");
    assert!(!error.message.is_empty());
    error
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp::from_millis(NOW.millis() - i64::try_from(seconds).unwrap() * 1000)
}

/// The moment this long ago, and one millisecond earlier.
fn at_and_over(seconds: u64) -> (Timestamp, Timestamp) {
    (ago(seconds), Timestamp::from_millis(ago(seconds).millis() - 1))
}

#[test]
fn every_row_has_its_case_and_every_case_its_row() {
    assert_eq!(rows().count(), CASES.len());
    for (row, case) in rows() {
        let name = case.transport;
        assert_eq!(row.text_code, case.text.1, "{name}");
        assert_eq!((row.quotes, row.comments, row.edits), (case.quotes, case.comments, case.edits), "{name}");
        assert_eq!(row.messenger.is_none(), name == "other", "{name}");
    }
}

#[test]
fn texts() {
    for (row, case) in rows() {
        let (most, code) = case.text;
        let limit = u64::try_from(most).ok();
        // Characters, not bytes.
        let text = "я".repeat(most);
        assert_eq!(check(row, &Draft { text: Some(&text), ..fresh() }, NOW), Ok(()), "{}", row.transport);
        let long = format!("{text}!");
        let error =
            refused(check(row, &Draft { text: Some(&long), ..fresh() }, NOW), code, limit, row.transport);
        assert_eq!(error.field, "text");
        let blank = check(row, &Draft { text: Some(" \n"), ..fresh() }, NOW);
        refused(blank, "MESSAGES_TEXT_CAN_NOT_BE_BLANK", None, row.transport);
    }
}

#[test]
fn files() {
    for (row, case) in rows() {
        let sent = |content_type, bytes| {
            check(row, &Draft { file: Some(DraftFile { content_type, bytes }), ..fresh() }, NOW)
        };
        for (content_type, most, code) in case.files {
            let what = format!("{}: {content_type}", row.transport);
            assert_eq!(sent(content_type, Some(*most)), Ok(()), "{what}");
            assert_eq!(sent(content_type, None), Ok(()), "{what}: of unknown size");
            let error = refused(sent(content_type, Some(most + 1)), code, Some(*most), &what);
            assert_eq!(error.field, "file");
            refused(sent(content_type, Some(0)), "MESSAGES_CONTENT_CAN_NOT_BE_BLANK", None, &what);
        }
        assert_eq!(row.files.len(), case.files.len(), "{}: a rule without a case", row.transport);
        if let Some((content_type, code)) = case.refused {
            refused(sent(content_type, Some(1)), code, None, row.transport);
        }
        let both = Draft {
            text: Some("Цена"),
            file: Some(DraftFile { content_type: "image/jpeg", bytes: None }),
            ..fresh()
        };
        refused(check(row, &both, NOW), "MESSAGE_ONLY_TEXT_OR_CONTENT", None, row.transport);
        refused(check(row, &fresh(), NOW), "MESSAGE_NOTHING_TO_SEND", None, row.transport);
    }
}

#[test]
fn buttons() {
    for (row, case) in rows() {
        let sent = |buttons: &[Button]| check(row, &Draft { text: Some("?"), buttons, ..fresh() }, NOW);
        let button = |title: usize, payload: usize| Button {
            title: "я".repeat(title),
            payload: (payload > 0).then(|| "p".repeat(payload)),
        };
        let Some((count, title, payload)) = case.buttons else {
            refused(sent(&[button(1, 0)]), WRONG, None, row.transport);
            continue;
        };
        let limit = |of: usize| u64::try_from(of).ok();
        assert_eq!(sent(&vec![button(title, payload.unwrap_or(500)); count]), Ok(()), "{}", row.transport);
        refused(sent(&vec![button(1, 0); count + 1]), WRONG, limit(count), row.transport);
        refused(sent(&[button(title + 1, 0)]), WRONG, limit(title), row.transport);
        refused(sent(&[button(0, 0)]), WRONG, None, row.transport);
        if let Some(payload) = payload {
            refused(sent(&[button(1, payload + 1)]), WRONG, limit(payload), row.transport);
        }
        let file = Some(DraftFile { content_type: "image/jpeg", bytes: None });
        let below_a_file = Draft { file, buttons: &[button(1, 0)], ..fresh() };
        assert_eq!(check(row, &below_a_file, NOW).unwrap_err().field, "buttons");
    }
}

#[test]
fn templates() {
    for (row, case) in rows() {
        let sent = |values: &[String], filled: Option<&str>| {
            let template = Some(DraftTemplate { values, filled });
            check(row, &Draft { template, ..fresh() }, NOW)
        };
        let Some(most) = case.template else {
            refused(sent(&["Анна".into()], None), WRONG, None, row.transport);
            continue;
        };
        let limit = u64::try_from(most).ok();
        let code = "MESSAGES_TOO_LONG_WABA_TEMPLATE";
        let half = "я".repeat(most / 2);
        let whole = format!("{half}{half}");
        assert_eq!(sent(&[half.clone(), half.clone()], None), Ok(()));
        refused(sent(&[half.clone(), format!("{half}!")], None), code, limit, row.transport);
        assert_eq!(sent(&[], Some(&whole)), Ok(()));
        refused(sent(&[], Some(&format!("{whole}!"))), code, limit, row.transport);
        let error = refused(sent(&["Анна".into(), " ".into()], None), WRONG, None, row.transport);
        assert!(error.message.contains("value 2"), "{error}");
        let with_text =
            Draft { text: Some("и ещё"), template: Some(DraftTemplate::default()), ..fresh() };
        assert_eq!(check(row, &with_text, NOW).unwrap_err().field, "template");
    }
}

#[test]
fn quotes() {
    for (row, case) in rows() {
        let quoting = check(row, &Draft { text: Some("Да"), quotes: true, ..fresh() }, NOW);
        assert_eq!(quoting.is_ok(), case.quotes, "{}: {quoting:?}", row.transport);
    }
}

#[test]
fn windows() {
    for (row, case) in rows() {
        let sent =
            |wrote_at| check(row, &Draft { text: Some("Да"), client_wrote_at: wrote_at, ..fresh() }, NOW);
        let template = Some(DraftTemplate::default());
        let late_template = check(row, &Draft { template, ..Draft::default() }, NOW);
        let Some((seconds, code, template_passes)) = case.window else {
            assert_eq!(sent(None), Ok(()), "{}", row.transport);
            continue;
        };
        let (open, closed) = at_and_over(seconds);
        assert_eq!(sent(Some(open)), Ok(()), "{}", row.transport);
        let error = refused(sent(Some(closed)), code, Some(seconds), row.transport);
        assert_eq!(error.field, "chat");
        assert!(sent(None).is_err(), "{}: the client never wrote", row.transport);
        assert_eq!(late_template.is_ok(), template_passes, "{}: {late_template:?}", row.transport);
    }
}

#[test]
fn comments() {
    let comment =
        |mode, written_at, answered_privately| Some(DraftComment { mode, written_at, answered_privately });
    let (open, closed) = at_and_over(7 * 24 * 3600);
    for (row, case) in rows() {
        // The comment's own time counts, not the window of direct messages.
        let sent = |comment| check(row, &Draft { text: Some("Да"), comment, ..Draft::default() }, NOW);
        if !case.comments {
            let refusal = sent(comment(CommentMode::Reply, NOW, false));
            refused(refusal, "MESSAGES_INVALID_CONTACT_TYPE", None, row.transport);
            continue;
        }
        for mode in [CommentMode::Reply, CommentMode::Mention] {
            assert_eq!(sent(comment(mode, closed, true)), Ok(()));
        }
        assert_eq!(sent(comment(CommentMode::Private, open, false)), Ok(()));
        let late = sent(comment(CommentMode::Private, closed, false));
        refused(late, "7_DAYS_EXCEEDED", Some(7 * 24 * 3600), row.transport);
        let twice = sent(comment(CommentMode::Private, open, true));
        refused(twice, "COMMENT_ALREADY_PRIVATE_REPLIED", None, row.transport);
        let file = Some(DraftFile { content_type: "image/jpeg", bytes: Some(1) });
        let picture = Draft { file, comment: comment(CommentMode::Reply, NOW, false), ..Draft::default() };
        let error = refused(check(row, &picture, NOW), "COMMENT_CAN_BE_TEXT_ONLY", None, row.transport);
        assert_eq!(error.field, "file");
    }
}

#[test]
fn edits() {
    for (row, case) in rows() {
        let edit = |sent_at| DraftEdit { text: Some("Да"), sent_at, ..DraftEdit::default() };
        let file = Some(DraftFile { content_type: case.files[0].0, bytes: Some(1) });
        let new_file = check_edit(row, &DraftEdit { text: None, file, ..edit(NOW) }, NOW);
        assert_eq!(new_file.is_ok(), case.edits == Edits::All, "{}: {new_file:?}", row.transport);
        if case.edits == Edits::No {
            let code = "CHANNEL_INVALID_TRANSPORT_FOR_EDITING";
            refused(check_edit(row, &edit(NOW), NOW), code, None, row.transport);
            continue;
        }
        let (in_time, late) = at_and_over(case.within.0.unwrap_or(10_000_000));
        assert_eq!(check_edit(row, &edit(in_time), NOW), Ok(()), "{}", row.transport);
        match case.within.0 {
            Some(limit) => {
                let code = "MESSAGES_EDITING_TIME_EXPIRED";
                refused(check_edit(row, &edit(late), NOW), code, Some(limit), row.transport);
            }
            None => assert_eq!(check_edit(row, &edit(late), NOW), Ok(())),
        }
        let long = "я".repeat(case.text.0 + 1);
        let long = check_edit(row, &DraftEdit { text: Some(&long), ..edit(NOW) }, NOW);
        refused(long, case.text.1, u64::try_from(case.text.0).ok(), row.transport);
        let with_buttons = check_edit(row, &DraftEdit { has_buttons: true, ..edit(NOW) }, NOW);
        refused(with_buttons, "MESSAGES_CONTAIN_BUTTONS", None, row.transport);
    }
}

#[test]
fn deletions() {
    for (row, case) in rows() {
        if !case.deletes {
            let code = "CHANNEL_INVALID_TRANSPORT_FOR_DELETION";
            refused(check_delete(row, NOW, NOW), code, None, row.transport);
            continue;
        }
        let (in_time, late) = at_and_over(case.within.1.unwrap_or(10_000_000));
        assert_eq!(check_delete(row, in_time, NOW), Ok(()), "{}", row.transport);
        match case.within.1 {
            Some(limit) => {
                let code = "MESSAGES_DELETION_TIME_EXPIRED";
                refused(check_delete(row, late, NOW), code, Some(limit), row.transport);
            }
            None => assert_eq!(check_delete(row, late, NOW), Ok(())),
        }
    }
}

#[test]
fn strangers() {
    for (row, case) in rows() {
        for by in [By::Phone, By::Username, By::UserId] {
            let code = check_first(row, by).err().map(|error| error.code);
            let refusal = if case.first.is_empty() { "MESSAGES_NOT_TEXT_FIRST" } else { WRONG };
            assert_eq!(code, (!case.first.contains(&by)).then_some(refusal), "{}", row.transport);
        }
    }
}

#[test]
fn a_channel_finds_its_row() {
    let row = |transport, messenger| limits_of(transport, &messenger).transport;
    assert_eq!(row(Some("wapi"), Messenger::Whatsapp), "wapi");
    assert_eq!(row(Some("TGAPI"), Messenger::Telegram), "tgapi");
    assert_eq!(row(None, Messenger::Telegram), "tgapi");
    assert_eq!(row(None, Messenger::Whatsapp), "whatsapp");
    assert_eq!(row(None, Messenger::Avito), "avito");
    assert_eq!(row(None, Messenger::Other("signal".into())), "other");
    assert_eq!(row(Some("hologram"), Messenger::Whatsapp), "other");
}

#[test]
fn p9_no_error_repeats_what_was_written() {
    let row = limits_of(Some("instagram"), &Messenger::Instagram);
    let secret = "79990001122".repeat(200);
    let errors = [
        check(row, &Draft { text: Some(&secret), ..fresh() }, NOW),
        check(
            row,
            &Draft { file: Some(DraftFile { content_type: "x/79990001122", bytes: None }), ..fresh() },
            NOW,
        ),
    ];
    for error in errors {
        assert!(!format!("{:?}", error.unwrap_err()).contains("7999"));
    }
}
