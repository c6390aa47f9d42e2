//! `advert` of a message: the listing from which the client wrote. Wazzup names it but does not document its contents,
//! so it is read by the names that Wazzup and the sites themselves use elsewhere.

use super::loose::{first, layers, link, number, text};
use crate::model::message::listing::{Listing, Price, Vehicle};
use serde_json::{Map, Value};

/// Objects that may contain the members.
const INSIDE: [&str; 6] = ["item", "offer", "ad", "advert", "value", "car"];
/// The currency if the site names none: Wazzup supports only Avito, whose prices are in roubles.
const CURRENCY: &str = "RUB";
/// The most pictures that are kept.
const MAX_PICTURES: usize = 20;

/// The listing, if it can be identified: by the site's id of it, or by its link.
pub(super) fn listing(advert: &Value) -> Option<Listing> {
    let layers = layers(advert, &INSIDE);
    let url = first(&layers, &["url", "link", "uri", "itemUrl", "item_url", "href", "src"], link);
    let id = first(&layers, &["id", "itemId", "item_id", "adId", "ad_id", "advertId", "offerId"], text);
    Some(Listing {
        id: id.or_else(|| url.clone())?,
        title: first(&layers, &["title", "name", "subject"], text),
        price: price(&layers),
        url,
        pictures: pictures(&layers),
        vehicle: vehicle(&layers),
    })
}

fn price(layers: &[&Map<String, Value>]) -> Option<Price> {
    let currency = first(layers, &["currency", "currencyCode"], text);
    let currency = currency.as_deref().and_then(Price::currency).unwrap_or(CURRENCY);
    let read = |value: &Value| match value {
        Value::String(text) => Price::parse_or(text, currency),
        Value::Number(amount) => Price::parse_or(&amount.to_string(), currency),
        Value::Object(inside) => ["value", "amount", "price"].iter().find_map(|name| {
            let amount = text(inside.get(*name)?)?;
            let own = inside.get("currency").and_then(text);
            Price::parse_or(&amount, own.as_deref().and_then(Price::currency).unwrap_or(currency))
        }),
        _ => None,
    };
    first(layers, &["price", "priceString", "price_string", "priceText", "cost"], read)
}

fn pictures(layers: &[&Map<String, Value>]) -> Vec<String> {
    let names =
        ["images", "pictures", "photos", "image", "imageUri", "imageUrl", "image_url", "picture", "photo"];
    let read = |value: &Value| Some(shown(value)).filter(|links| !links.is_empty());
    let mut links = first(layers, &names, read).unwrap_or_default();
    links.truncate(MAX_PICTURES);
    links
}

/// Links to the pictures of a value: a link, a list, an object that names one, or one picture in several sizes
/// (`{"1280x960": "…"}`), of which the largest is used.
fn shown(value: &Value) -> Vec<String> {
    match value {
        Value::String(_) => link(value).into_iter().collect(),
        Value::Array(list) => {
            // One level: a list of lists is no list of pictures.
            let items = list.iter().filter(|item| !item.is_array()).take(MAX_PICTURES);
            items.flat_map(shown).collect()
        }
        Value::Object(members) => {
            let named = ["main", "url", "link", "uri", "src"].iter().find_map(|name| {
                let inner = members.get(*name)?;
                link(inner).or_else(|| largest(inner.as_object()?))
            });
            named.or_else(|| largest(members)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn largest(sizes: &Map<String, Value>) -> Option<String> {
    let area = |size: &str| {
        let (width, height) = size.split_once('x')?;
        width.parse::<u32>().ok()?.checked_mul(height.parse().ok()?)
    };
    let known = sizes.iter().filter_map(|(size, value)| Some((area(size)?, link(value)?)));
    known.max_by_key(|(area, _)| *area).map(|(_, link)| link)
}

fn vehicle(layers: &[&Map<String, Value>]) -> Vehicle {
    let word = |names: &[&str]| first(layers, names, text);
    let count = |names: &[&str]| {
        let read = |value: &Value| {
            let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
            // "120 000 км" as well as 120000 and 120000.0.
            let whole =
                number(value).map_or_else(|| text(value).map(digits), |number| Some(format!("{number:.0}")));
            whole?.parse::<u32>().ok()
        };
        first(layers, names, read)
    };
    Vehicle {
        vin: word(&["vin", "VIN"]),
        mark: word(&["mark", "make", "brand"]),
        model: word(&["model"]),
        generation: word(&["generation"]),
        year: count(&["year"]).and_then(|year| u16::try_from(year).ok()),
        engine: word(&["engine", "engineType"]),
        gearbox: word(&["gearbox", "transmission"]),
        drive: word(&["drive", "driveType"]),
        mileage_km: count(&["mileage", "mileageKm", "kilometrage", "run"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_listing_is_read_by_the_likely_names() {
        let read = listing(&json!({
            "itemId": 1_768_287_444_u64, "name": " Mazda 3 2008 ", "price_string": "300 000 ₽", "link": "https://avito.example/17",
            "images": [{ "640x480": "https://img.example/s", "1280x960": "https://img.example/l" }, "//img.example/2", 5],
            "vin": "XTA210990Y2765432", "brand": "Mazda", "model": "3", "year": "2008", "mileage": "120 000 км",
            "transmission": "механика",
        }))
        .unwrap();
        assert_eq!((read.id.as_str(), read.title.as_deref()), ("1768287444", Some("Mazda 3 2008")));
        assert_eq!(read.price, Some(Price { amount: 300_000, currency: "RUB".into() }));
        assert_eq!(read.pictures, ["https://img.example/l", "https://img.example/2"]);
        let car = read.vehicle;
        assert_eq!((car.vin.as_deref(), car.mark.as_deref()), (Some("XTA210990Y2765432"), Some("Mazda")));
        assert_eq!((car.year, car.mileage_km), (Some(2008), Some(120_000)));
        assert_eq!((car.gearbox.as_deref(), car.drive), (Some("механика"), None));
    }

    #[test]
    fn the_link_stands_for_an_id() {
        let read = listing(&json!({ "uri": "https://avito.example/17", "title": "Авто" })).unwrap();
        assert_eq!(
            (read.id.as_str(), read.url.as_deref()),
            ("https://avito.example/17", read.url.as_deref())
        );
        for nothing in [
            json!({}),
            json!(null),
            json!([]),
            json!("Авто"),
            json!({ "title": "Авто", "price": 5 }),
            json!({ "url": "javascript:alert(1)" }),
            json!({ "id": {}, "kind": "x" }),
        ] {
            assert_eq!(listing(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn prices_and_pictures_come_in_many_shapes() {
        let price = |value: Value| {
            listing(&json!({ "id": 1, "price": value }))
                .unwrap()
                .price
                .map(|price| (price.amount, price.currency))
        };
        let some = |amount, currency: &str| Some((amount, currency.to_owned()));
        assert_eq!(price(json!(1_250_000)), some(1_250_000, "RUB"));
        assert_eq!(price(json!("1 250 000")), some(1_250_000, "RUB"));
        assert_eq!(price(json!({ "value": 9900, "currency": "EUR" })), some(9900, "EUR"));
        assert_eq!(price(json!("12 500 $")), some(12_500, "USD"));
        for nothing in [json!(0), json!(-5), json!("по договорённости"), json!([]), json!({})]
        {
            assert_eq!(price(nothing.clone()), None, "{nothing}");
        }
        let pictures = |value: Value| listing(&json!({ "id": 1, "image": value })).unwrap().pictures;
        assert_eq!(pictures(json!("https://img.example/1")), ["https://img.example/1"]);
        let avito = json!({ "count": 4, "main": { "140x105": "https://img.example/small" } });
        assert_eq!(pictures(avito), ["https://img.example/small"]);
        assert_eq!(pictures(json!({ "url": "https://img.example/1" })), ["https://img.example/1"]);
        assert!(pictures(json!([["https://img.example/1"]])).is_empty());
        assert_eq!(pictures(json!(vec!["https://img.example/1"; 50])).len(), MAX_PICTURES);
    }

    #[test]
    fn members_may_stand_one_level_deeper() {
        let read = listing(
            &json!({ "type": "item", "value": { "id": 7, "title": "Авто", "price_string": "5 000 ₽" } }),
        );
        let read = read.unwrap();
        assert_eq!((read.id.as_str(), read.title.as_deref()), ("7", Some("Авто")));
        assert_eq!(read.price.unwrap().amount, 5000);
    }
}
