//! Contact cards of a message: vCards (RFC 6350 and the older versions that phones write), or objects.

use super::loose::{first, layers, text};
use crate::model::message::content::ContactCard;
use serde_json::{Map, Value};

/// The most cards of a message, and the most phones of a card, that are kept.
const MAX_CARDS: usize = 20;
const MAX_PHONES: usize = 10;

/// The cards in a value: a text of vCards, an object, or a list of either.
pub(super) fn cards(value: &Value) -> Vec<ContactCard> {
    let mut cards = match value {
        Value::String(text) => vcards(text),
        Value::Object(_) => of_object(value).into_iter().collect(),
        Value::Array(list) => {
            // One level: no list of lists.
            let items = list.iter().filter(|item| !item.is_array()).take(MAX_CARDS);
            items.flat_map(self::cards).collect()
        }
        _ => Vec::new(),
    };
    cards.truncate(MAX_CARDS);
    cards
}

/// The vCards in a text.
pub(super) fn vcards(text: &str) -> Vec<ContactCard> {
    let (mut cards, mut card) = (Vec::new(), None::<ContactCard>);
    for line in unfolded(text) {
        let Some((name, value)) = line.split_once(':') else { continue };
        // "item1.TEL;type=CELL;waid=79990003344"
        let property = name.split(';').next().unwrap_or_default();
        let property = property.rsplit('.').next().unwrap_or_default().trim().to_ascii_uppercase();
        let Some(open) = card.as_mut().filter(|_| property != "BEGIN") else {
            if property == "BEGIN" && value.trim().eq_ignore_ascii_case("VCARD") {
                cards.extend(card.replace(ContactCard::default()));
            }
            continue;
        };
        // vCard 2.1's quoted-printable is not decoded: no name is better than a line of codes.
        let readable = !name.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
        match property.as_str() {
            "FN" if readable => open.name = plain(value).or(open.name.take()),
            "N" if readable && open.name.is_none() => open.name = family_first(value),
            "TEL" if open.phones.len() < MAX_PHONES => open.phones.extend(plain(strip_tel(value))),
            "END" => cards.extend(card.take()),
            _ => {}
        }
    }
    cards.extend(card);
    cards.retain(|card| *card != ContactCard::default());
    cards.truncate(MAX_CARDS);
    cards
}

/// Joins folded lines: a continuation begins with a space or a tab.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (lines.last_mut(), line.strip_prefix([' ', '\t'])) {
            (Some(last), Some(rest)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A value without its escapes, bounded.
fn plain(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    text(&Value::String(plain))
}

/// `N` holds family and given name; the name that is shown has the given name first.
fn family_first(value: &str) -> Option<String> {
    let mut parts = value.split(';');
    let (family, given) = (parts.next(), parts.next());
    let names: Vec<String> = [given, family].into_iter().flatten().filter_map(plain).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn strip_tel(value: &str) -> &str {
    let value = value.trim();
    value.get(..4).filter(|start| start.eq_ignore_ascii_case("tel:")).map_or(value, |_| &value[4..])
}

fn of_object(value: &Value) -> Option<ContactCard> {
    if let Some(card) =
        value.get("vcard").and_then(Value::as_str).and_then(|text| vcards(text).into_iter().next())
    {
        return Some(card);
    }
    let layers = layers(value, &["name", "contact"]);
    let names = [
        "formatted_name",
        "formattedName",
        "fullName",
        "displayName",
        "fn",
        "name",
        "first_name",
        "firstName",
    ];
    let read = |value: &Value| Some(phones(value)).filter(|phones| !phones.is_empty());
    let phones = first(&layers, &["phones", "phone", "phoneNumber", "phone_number", "tel", "number"], read);
    let card = ContactCard { name: first(&layers, &names, text), phones: phones.unwrap_or_default() };
    (card != ContactCard::default()).then_some(card)
}

fn phones(value: &Value) -> Vec<String> {
    let of = |members: &Map<String, Value>| first(&[members], &["phone", "number", "value", "tel"], text);
    let one = |value: &Value| text(value).or_else(|| of(value.as_object()?));
    match value {
        Value::Array(list) => list.iter().filter_map(one).take(MAX_PHONES).collect(),
        value => one(value).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card(name: &str, phones: &[&str]) -> ContactCard {
        ContactCard {
            name: Some(name.into()),
            phones: phones.iter().map(|phone| (*phone).to_owned()).collect(),
        }
    }

    #[test]
    fn vcards_give_names_and_phones() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Образцов;Пётр;;;\r\nFN:Пётр\\, сер\r\n вис\r\n\
            item1.TEL;type=CELL;waid=79990003344:+7 999 000-33-44\r\nTEL;VALUE=uri:tel:+74950000000\r\nEND:VCARD\r\n\
            begin:vcard\nn:Тестова;Марина\ntel:8 (999) 000-11-22\nend:vcard\n";
        let expected = [
            card("Пётр, сервис", &["+7 999 000-33-44", "+74950000000"]),
            card("Марина Тестова", &["8 (999) 000-11-22"]),
        ];
        assert_eq!(cards(&json!(text)), expected);
        assert_eq!(cards(&json!([{ "vcard": text }, text]))[0], expected[0]);
    }

    #[test]
    fn a_vcard_that_is_cut_off_gives_what_it_has() {
        assert_eq!(cards(&json!("BEGIN:VCARD\nFN:Марина\nTEL:+7999")), [card("Марина", &["+7999"])]);
        assert_eq!(cards(&json!("BEGIN:VCARD\nFN:А\nBEGIN:VCARD\nFN:Б\\")), [card("А", &[]), card("Б", &[])]);
        let coded = "BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9C\nTEL:1\nEND:VCARD";
        assert_eq!(cards(&json!(coded)), [ContactCard { name: None, phones: vec!["1".into()] }]);
    }

    #[test]
    fn objects_give_names_and_phones() {
        let whatsapp = json!([{ "name": { "formatted_name": "C B" }, "phones": [{ "phone": "+1 555" }, { "wa_id": "1" }] }]);
        assert_eq!(cards(&whatsapp), [card("C B", &["+1 555"])]);
        assert_eq!(
            cards(&json!({ "name": "Марина", "phone": 79_990_001_122_u64 })),
            [card("Марина", &["79990001122"])]
        );
    }

    #[test]
    fn what_is_no_card_gives_none() {
        for nothing in
            [json!(null), json!(1), json!("текст"), json!("FN:Марина"), json!({}), json!([[{ "name": "А" }]])]
        {
            assert!(cards(&nothing).is_empty(), "{nothing}");
        }
        let many = "BEGIN:VCARD\nFN:А\nEND:VCARD\n".repeat(50);
        assert_eq!(cards(&json!(many)).len(), MAX_CARDS);
        let phones = vec!["1"; 50];
        assert_eq!(cards(&json!({ "phones": phones }))[0].phones.len(), MAX_PHONES);
    }
}
