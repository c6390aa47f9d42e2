//! Files. An update names a file by its id alone; Telegram returns its address on request, valid for an hour (Bot API,
//! getFile).

use super::NAME;
use super::node::Node;
use crate::model::message::media::Media;

/// Longest file id that is accepted, in bytes.
const MAX_ID: usize = 500;
/// Longest media type that is accepted, in bytes.
const MAX_MIME: usize = 100;

/// A file from an update; `mime` is its type where the update names none.
pub(super) fn media(file: &Node<'_>, mime: &str) -> Option<Media> {
    let id = file.text("file_id").filter(|id| is_id(id));
    if id.is_none() {
        file.fault("file_id", "no id");
    }
    let told = file.text("mime_type").filter(|mime| is_mime(mime)).map(str::to_ascii_lowercase);
    Some(Media {
        url: format!("{NAME}:{}", id?),
        name: file.name("file_name").and_then(|name| clean(&name)),
        mime: told.or_else(|| Some(mime.to_owned()).filter(|mime| !mime.is_empty())),
        bytes: file.number("file_size").and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0),
        expires: true,
    })
}

/// The largest size of a photo.
pub(super) fn photo(message: &Node<'_>, name: &str) -> Option<Media> {
    let area = |size: &Node<'_>| {
        let side = |name: &str| size.number(name).unwrap_or_default().clamp(0, 100_000);
        (side("width") * side("height"), size.number("file_size").unwrap_or_default())
    };
    let largest = message.objects(name).into_iter().max_by_key(area);
    if largest.is_none() {
        message.fault(name, "no file");
    }
    media(&largest?, "image/jpeg")
}

/// The file id in a [`Media`].
pub(super) fn id_of(media: &Media) -> Option<&str> {
    let (name, id) = media.url.split_once(':')?;
    (name == NAME && is_id(id)).then_some(id)
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_mime(mime: &str) -> bool {
    mime.len() <= MAX_MIME && mime.contains('/') && mime.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A file's name without folders.
fn clean(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.to_owned())
}
