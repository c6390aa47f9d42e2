//! The contents of a message besides text and file, converted to our types. Contents that cannot be read stay in the
//! message's `extra`, for a CRM that uses Wazzup's format.
//!
//! Stories are not included: Wazzup documents neither a reply to a story nor a mention in one, so both arrive as plain
//! messages.

use super::cards::{cards, vcards};
use super::loose::{first, layers, link, number, says_something, text};
use crate::base::ids::MessageId;
use crate::model::event::Side;
use crate::model::message::content::{
    Button, Call, CallOutcome, Comment, CommentMode, Details, Location, Post, Quote, Template,
};
use crate::model::message::kind::Kind;
use crate::model::message::listing::page;
use serde_json::Value;

/// The most buttons that are kept.
const MAX_BUTTONS: usize = 30;

/// The members of an entry from which details are built.
pub(super) struct Members<'a> {
    /// `instPost`, read by [`post`].
    pub post: Option<&'a Post>,
    /// `quotedMessage`, read by [`quote`].
    pub quote: Option<&'a Quote>,
    /// `location`, `geo` and the entry's own `latitude` and `longitude`: the possible sources of the place.
    pub places: [Option<&'a Value>; 2],
    /// See `places`.
    pub flat: [Option<&'a Value>; 2],
    /// `vcard`
    pub vcard: Option<&'a Value>,
    /// `interactive`
    pub interactive: Option<&'a Value>,
    /// `text`
    pub text: Option<&'a str>,
}

impl Members<'_> {
    /// The details that the kind requires.
    pub fn details(&self, kind: Kind, side: Side) -> Option<Details> {
        let buttons = || self.interactive.map(buttons).unwrap_or_default();
        match kind {
            Kind::Comment => self.comment(side).map(Details::Comment),
            // Wazzup reports only missed calls, and no data about them.
            Kind::MissedCall => Some(Details::Call(Call {
                outcome: CallOutcome::Missed,
                seconds: None,
                from: None,
                to: None,
            })),
            Kind::Location => self.location().map(Details::Location),
            Kind::ContactCard => {
                let told = self.vcard.map(cards).filter(|cards| !cards.is_empty());
                let cards = told.unwrap_or_else(|| self.text.map(vcards).unwrap_or_default());
                (!cards.is_empty()).then_some(Details::ContactCards(cards))
            }
            Kind::Template => Some(Details::Template(template(self.text.unwrap_or_default(), buttons()))),
            _ => Some(buttons()).filter(|buttons| !buttons.is_empty()).map(Details::Buttons),
        }
    }

    /// A private answer to a comment would be a direct message, so a company's message under a post is a reply there.
    /// Wazzup does not say whether it names the client.
    fn comment(&self, side: Side) -> Option<Comment> {
        Some(Comment {
            post: self.post?.clone(),
            answers: self.quote.and_then(|quote| quote.message.clone()),
            mode: (side == Side::Company).then_some(CommentMode::Reply),
        })
    }

    fn location(&self) -> Option<Location> {
        let inside = ["location", "geo", "coordinates", "coords", "point", "position"];
        let flat = || Some(Location { name: None, address: None, ..place(self.flat[0]?, self.flat[1]?)? });
        let told = self.places.iter().flatten().find_map(|value| {
            let layers = layers(value, &inside);
            let degrees = |names: &[&str]| first(&layers, names, |value| Some(value.clone()));
            let place =
                place(&degrees(&["latitude", "lat"])?, &degrees(&["longitude", "lng", "lon", "long"])?)?;
            let (name, address) =
                (first(&layers, &["name", "title"], text), first(&layers, &["address"], text));
            Some(Location { name, address, ..place })
        });
        told.or_else(flat)
    }
}

fn place(latitude: &Value, longitude: &Value) -> Option<Location> {
    let within = |value: &Value, most: f64| number(value).filter(|degrees| degrees.abs() <= most);
    let (latitude, longitude) = (within(latitude, 90.0)?, within(longitude, 180.0)?);
    Some(Location { latitude, longitude, name: None, address: None })
}

/// The post of `instPost`. A post without an id is identified by its link; with neither, comments cannot be grouped
/// under it.
pub(super) fn post(value: &Value) -> Option<Post> {
    let layers = layers(value, &[]);
    let url = first(&layers, &["src"], link);
    let id = first(&layers, &["id"], text).or_else(|| page(url.as_deref()?));
    Some(Post {
        id: id?,
        url,
        text: first(&layers, &["description"], text),
        picture: first(&layers, &["imageSrc", "previewSrc"], link),
    })
}

/// `quotedMessage`: Wazzup documents only that it has "the same parameters as a message".
pub(super) fn quote(value: &Value) -> Option<Quote> {
    if !says_something(value) {
        return None;
    }
    let layers = layers(value, &[]);
    let words = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    Some(Quote {
        message: first(&layers, &["messageId", "id"], text).map(MessageId::new),
        text: first(&layers, &["text"], words),
        raw: Some(value.clone()),
    })
}

/// The buttons of `interactive`: a list, rows of lists, or an object that holds the list.
fn buttons(value: &Value) -> Vec<Button> {
    let mut found = Vec::new();
    let list = value.get("buttons").unwrap_or(value);
    let rows = list.as_array().map_or(std::slice::from_ref(list), Vec::as_slice);
    for row in rows.iter().take(MAX_BUTTONS) {
        let items = row.as_array().map_or(std::slice::from_ref(row), Vec::as_slice);
        found.extend(items.iter().take(MAX_BUTTONS).filter_map(button));
    }
    found.truncate(MAX_BUTTONS);
    found
}

fn button(value: &Value) -> Option<Button> {
    if value.is_string() {
        return Some(Button { title: text(value)?, payload: None });
    }
    let layers = layers(value, &["reply", "action"]);
    Some(Button {
        title: first(&layers, &["text", "title", "label", "name"], text)?,
        payload: first(&layers, &["payload", "id", "callback_data", "value", "url"], text),
    })
}

/// A template's message. Its text is what the client read, unless it is still the call that sent it: `@template: <id> {
/// [[first]]; [[second]] }` (Wazzup API v3, Sending messages).
fn template(words: &str, buttons: Vec<Button>) -> Template {
    let call = words.trim().strip_prefix("@template:");
    let (id, places) = call.map_or(("", ""), |call| call.split_once('{').unwrap_or((call, "")));
    let values = places.split("[[").skip(1).filter_map(|place| place.split_once("]]"));
    Template {
        id: text(&Value::from(id)),
        values: values.map(|(value, _)| value.trim().to_owned()).collect(),
        buttons,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOTHING: Members<'static> = Members {
        post: None,
        quote: None,
        places: [None; 2],
        flat: [None; 2],
        vcard: None,
        interactive: None,
        text: None,
    };

    fn located(place: &Value, latitude: &Value, longitude: &Value) -> Option<Location> {
        Members { places: [None, Some(place)], flat: [Some(latitude), Some(longitude)], ..NOTHING }.location()
    }

    #[test]
    fn a_place_is_read_nested_or_flat_as_number_or_text() {
        let none = Value::Null;
        let at = Location { latitude: 55.75, longitude: -37.5, name: None, address: None };
        for place in [
            json!({ "latitude": 55.75, "longitude": -37.5 }),
            json!({ "lat": "55.75", "lng": "-37,5" }),
            json!({ "coordinates": { "lat": 55.75, "lon": -37.5 } }),
        ] {
            assert_eq!(located(&place, &none, &none), Some(at.clone()), "{place}");
        }
        assert_eq!(located(&none, &json!("55.75"), &json!(-37.5)), Some(at));
        let named = json!({ "lat": 0, "lon": 0, "title": "Салон", "address": "Невский, 1" });
        let named = located(&named, &none, &none).unwrap();
        assert_eq!((named.name.as_deref(), named.address.as_deref()), (Some("Салон"), Some("Невский, 1")));
        for place in [
            json!({ "lat": 91, "lon": 0 }),
            json!({ "lat": 0, "lon": -180.5 }),
            json!({ "lat": 1 }),
            json!({ "lat": "NaN", "lon": "1" }),
            json!([55.75, 37.5]),
            json!("55.75,37.5"),
        ] {
            assert_eq!(located(&place, &none, &none), None, "{place}");
        }
    }

    #[test]
    fn a_post_without_id_is_known_by_its_link() {
        let read = post(
            &json!({ "src": "https://www.instagram.com/p/CG7b52/?utm=1", "previewSrc": "//img.example/p" }),
        );
        let read = read.unwrap();
        assert_eq!(read.id, "instagram.com/p/CG7b52");
        assert_eq!(read.url.as_deref(), Some("https://www.instagram.com/p/CG7b52/?utm=1"));
        assert_eq!(read.picture.as_deref(), Some("https://img.example/p"));
        assert_eq!(post(&json!({ "id": 24_306 })).unwrap().id, "24306");
        for nothing in [json!({}), json!({ "id": " ", "src": "p/CG" }), json!([]), json!("1"), json!(null)] {
            assert_eq!(post(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_quote_keeps_what_was_given() {
        let given = json!({ "messageId": "m0", "text": "Белая?", "type": "text" });
        let read = quote(&given).unwrap();
        assert_eq!((read.message, read.text.as_deref()), (Some(MessageId::new("m0")), Some("Белая?")));
        assert_eq!(read.raw, Some(given));
        let odd = quote(&json!([{ "messageId": "m0" }])).unwrap();
        assert_eq!((odd.message, odd.text), (None, None));
        assert!(
            [json!(null), json!({}), json!([]), json!("")].iter().all(|nothing| quote(nothing).is_none())
        );
    }

    #[test]
    fn buttons_are_read_from_lists_rows_and_objects() {
        let titles =
            |value: Value| buttons(&value).into_iter().map(|button| button.title).collect::<Vec<_>>();
        assert_eq!(titles(json!([{ "type": "text", "text": "Да" }, "Нет", 5, {}])), ["Да", "Нет"]);
        assert_eq!(
            titles(json!([[{ "title": "Да" }], [{ "reply": { "id": "n", "title": "Нет" } }]])),
            ["Да", "Нет"]
        );
        assert_eq!(titles(json!({ "buttons": [{ "label": "Да" }] })), ["Да"]);
        let payload = json!([{ "text": "Да", "payload": "yes" }]);
        assert_eq!(buttons(&payload)[0].payload.as_deref(), Some("yes"));
        assert!([json!(null), json!({}), json!([[[]]])].iter().all(|nothing| buttons(nothing).is_empty()));
        assert_eq!(buttons(&json!(vec![vec!["Да"; 9]; 9])).len(), MAX_BUTTONS);
    }

    #[test]
    fn a_template_that_still_is_a_call_names_itself_and_its_values() {
        let read = template("@template: 8d255e5d-aefd { [[Марина]]; [[завтра; в 12:00]] }", Vec::new());
        assert_eq!(read.id.as_deref(), Some("8d255e5d-aefd"));
        assert_eq!(read.values, ["Марина", "завтра; в 12:00"]);
        assert_eq!(template("@template: 8d255e5d", Vec::new()).id.as_deref(), Some("8d255e5d"));
        assert_eq!(template("Добрый день { [[x]] }", Vec::new()), Template::default());
    }
}
