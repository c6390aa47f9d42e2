//! Listings: the car (or other item for sale) that a client writes or calls about (C11).

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, hex_digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A listing as received with a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The site's id of it; where there is none, its link is used.
    pub id: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Links to pictures, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<String>,
    /// What is known of the car.
    #[serde(default, skip_serializing_if = "Vehicle::is_unknown")]
    pub vehicle: Vehicle,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PriceView))]
pub struct Price {
    /// Whole units of the currency.
    pub amount: u64,
    /// ISO 4217, as `RUB`.
    pub currency: String,
}

/// What is known of a car. Texts are the site's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vehicle {
    /// Vehicle identification number (ISO 3779).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vin: Option<String>,
    /// Make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// Year of manufacture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Gearbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gearbox: Option<String>,
    /// Driven wheels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drive: Option<String>,
    /// Kilometres driven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mileage_km: Option<u32>,
}

impl Vehicle {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// The CRM's own record of a car.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CrmCar {
    /// The CRM's id.
    pub id: String,
    /// Link to its card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Vehicle identification number (ISO 3779).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vin: Option<String>,
    /// Ids under which sites offer it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<String>,
    /// Links under which sites offer it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Everything else that the CRM returns, by its own names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// A listing that a chat's client asked about: one row per chat and listing, kept when the client asks about another
/// one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatListing {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The data received so far; later data replaces earlier data, and what is not repeated stays.
    pub listing: Listing,
    /// When the client first asked about it.
    pub first_at: Timestamp,
    /// When its data was last received.
    pub last_at: Timestamp,
    /// The CRM's record of the car, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_car: Option<CrmCar>,
}

/// Which listing a chat is about now; nothing is written when the same listing comes again unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingMark {
    /// The listing's id.
    pub id: String,
    /// Digest of the last data received.
    pub digest: String,
}

/// How a car of the CRM was matched with a listing, the surest way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The vehicle identification number.
    Vin,
    /// The site's id of the listing.
    Offer,
    /// The link to it.
    Url,
}

impl Listing {
    /// The mark of the listing in its current state.
    pub fn mark(&self) -> ListingMark {
        let told = serde_json::to_vec(self).unwrap_or_default();
        ListingMark { id: self.id.clone(), digest: hex_digest(&told).chars().take(12).collect() }
    }

    /// Whether the CRM's car is the one of this listing (C11), and by what it was matched. VINs are compared without
    /// spaces and regardless of case, links as pages: without scheme, `www.`, query, fragment and the slash at the end.
    pub fn matches(&self, car: &CrmCar) -> Option<MatchedBy> {
        let vin = self.vehicle.vin.as_deref().and_then(plain_vin);
        if vin.is_some() && vin == car.vin.as_deref().and_then(plain_vin) {
            return Some(MatchedBy::Vin);
        }
        let id = self.id.trim();
        if !id.is_empty() && car.offers.iter().any(|offer| offer.trim() == id) {
            return Some(MatchedBy::Offer);
        }
        let page = self.url.as_deref().and_then(page)?;
        car.urls.iter().any(|url| self::page(url).as_ref() == Some(&page)).then_some(MatchedBy::Url)
    }

    /// Adds the data of `other`, which is the same listing.
    fn learn(&mut self, other: &Self) {
        newer(&mut self.title, &other.title);
        newer(&mut self.price, &other.price);
        newer(&mut self.url, &other.url);
        if !other.pictures.is_empty() {
            self.pictures.clone_from(&other.pictures);
        }
        self.vehicle.learn(&other.vehicle);
    }
}

impl Vehicle {
    fn learn(&mut self, other: &Self) {
        newer(&mut self.vin, &other.vin);
        newer(&mut self.mark, &other.mark);
        newer(&mut self.model, &other.model);
        newer(&mut self.generation, &other.generation);
        newer(&mut self.year, &other.year);
        newer(&mut self.engine, &other.engine);
        newer(&mut self.gearbox, &other.gearbox);
        newer(&mut self.drive, &other.drive);
        newer(&mut self.mileage_km, &other.mileage_km);
    }
}

impl ChatListing {
    /// The row after a message accepted at `at` contained `listing`: the first row, or `stored` with what is new. Later
    /// data replaces earlier data, data that is not repeated stays, and data older than the row's last only fills gaps.
    /// `None` when nothing is new: then the row's times stay as well.
    pub fn tell(
        stored: Option<&Self>,
        account: &AccountId,
        chat: &ChatId,
        listing: &Listing,
        at: Timestamp,
    ) -> Option<Self> {
        let Some(stored) = stored.filter(|stored| stored.listing.id == listing.id) else {
            return Some(Self {
                v: 1,
                account: account.clone(),
                chat: chat.clone(),
                listing: listing.clone(),
                first_at: at,
                last_at: at,
                crm_car: None,
            });
        };
        let in_order = at >= stored.last_at;
        let (earlier, later) = if in_order { (&stored.listing, listing) } else { (listing, &stored.listing) };
        let mut told = earlier.clone();
        told.learn(later);
        (told != stored.listing).then(|| Self {
            listing: told,
            first_at: stored.first_at.min(at),
            last_at: stored.last_at.max(at),
            ..stored.clone()
        })
    }
}

/// Replaces what is known by what is received now, if anything.
fn newer<T: Clone>(known: &mut Option<T>, told: &Option<T>) {
    if told.is_some() {
        known.clone_from(told);
    }
}

/// A normalised VIN; `None` for an empty one.
fn plain_vin(vin: &str) -> Option<String> {
    let plain: String = vin.chars().filter(|c| !c.is_whitespace()).collect();
    (!plain.is_empty()).then(|| plain.to_uppercase())
}

/// The page that a link leads to, without what differs between links to one page: scheme, `www.`, query, fragment,
/// slash at the end. `None` where nothing is left that distinguishes one page of a site from another.
pub fn page(link: &str) -> Option<String> {
    let link = link.trim();
    let link = link.split_once("://").map_or_else(|| link.trim_start_matches('/'), |(_, rest)| rest);
    let link = link.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = link.trim_end_matches('/').split_once('/')?;
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (!host.is_empty()).then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn tell(stored: Option<&ChatListing>, listing: &Listing, ms: i64) -> Option<ChatListing> {
        ChatListing::tell(stored, &AccountId::new("a"), &ChatId::new("c"), listing, at(ms))
    }

    fn price(amount: u64) -> Option<Price> {
        Some(Price { amount, currency: "RUB".into() })
    }

    /// Title, price and one picture.
    fn first() -> Listing {
        Listing {
            id: "17".into(),
            title: Some("Mazda 3, 2008".into()),
            price: price(300_000),
            pictures: vec!["https://img.example/1".into()],
            ..Listing::default()
        }
    }

    /// Another price, a link and a VIN; neither title nor pictures.
    fn second() -> Listing {
        Listing {
            id: "17".into(),
            price: price(280_000),
            url: Some("https://avito.example/17".into()),
            vehicle: Vehicle {
                vin: Some("XTA210990Y2765432".into()),
                year: Some(2008),
                ..Vehicle::default()
            },
            ..Listing::default()
        }
    }

    #[test]
    fn the_first_telling_makes_the_row() {
        let row = tell(None, &first(), 5).unwrap();
        assert_eq!((row.first_at, row.last_at, row.crm_car.as_ref()), (at(5), at(5), None));
        assert_eq!((row.account.as_str(), row.chat.as_str(), &row.listing), ("a", "c", &first()));
    }

    #[test]
    fn later_words_replace_and_what_is_not_told_again_stays() {
        let mut row = tell(None, &first(), 5).unwrap();
        row.crm_car = Some(CrmCar { id: "car".into(), ..CrmCar::default() });
        let row = tell(Some(&row), &second(), 9).unwrap();
        assert_eq!((row.first_at, row.last_at), (at(5), at(9)));
        assert_eq!(row.listing.title, first().title);
        assert_eq!(row.listing.pictures, first().pictures);
        assert_eq!((row.listing.price.clone(), row.listing.url.clone()), (price(280_000), second().url));
        assert_eq!(row.listing.vehicle, second().vehicle);
        assert_eq!(row.crm_car.unwrap().id, "car");
        let pictures = Listing { pictures: vec!["https://img.example/2".into()], ..second() };
        let shown = tell(Some(&tell(None, &first(), 5).unwrap()), &pictures, 9).unwrap();
        assert_eq!(shown.listing.pictures, pictures.pictures);
    }

    #[test]
    fn nothing_new_is_not_written() {
        let row = tell(None, &first(), 5).unwrap();
        let row = tell(Some(&row), &second(), 9).unwrap();
        assert_eq!(tell(Some(&row), &second(), 12), None);
        assert_eq!(tell(Some(&row), &row.listing.clone(), 12), None);
        assert_eq!(tell(Some(&row), &Listing { id: "17".into(), ..Listing::default() }, 12), None);
        assert_eq!(tell(Some(&row), &first(), 5), None, "older words were known");
    }

    #[test]
    fn p1_older_words_only_fill_what_nobody_told() {
        let in_order = tell(Some(&tell(None, &first(), 5).unwrap()), &second(), 9).unwrap();
        let late = tell(Some(&tell(None, &second(), 9).unwrap()), &first(), 5).unwrap();
        assert_eq!(late, in_order);
    }

    fn car(vin: Option<&str>, offers: &[&str], urls: &[&str]) -> CrmCar {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        CrmCar {
            vin: vin.map(Into::into),
            offers: owned(offers),
            urls: owned(urls),
            ..CrmCar { id: "1".into(), ..CrmCar::default() }
        }
    }

    #[test]
    fn a_car_is_matched_by_vin_then_offer_then_link() {
        let listing = second();
        let by = |car: CrmCar| listing.matches(&car);
        assert_eq!(by(car(Some(" xta 210990 y2765432 "), &["17"], &[])), Some(MatchedBy::Vin));
        assert_eq!(by(car(Some("XTA210990Y2765433"), &["16", " 17"], &[])), Some(MatchedBy::Offer));
        assert_eq!(by(car(None, &["17"], &["avito.example/17"])), Some(MatchedBy::Offer));
        for link in [
            "https://avito.example/17",
            "http://WWW.Avito.example/17/?utm_source=x#photo",
            "//avito.example/17",
            "avito.example/17/",
        ] {
            assert_eq!(by(car(None, &[], &["", link])), Some(MatchedBy::Url), "{link}");
        }
    }

    #[test]
    fn what_says_nothing_matches_nothing() {
        let listing = second();
        let others = ["https://avito.example/", "https://avito.example/17/2", "https://avito.example/A", ""];
        assert_eq!(listing.matches(&car(Some("XTA210990Y276543"), &["171", ""], &others)), None);
        let unknown = Listing { url: Some("https://avito.example".into()), ..Listing::default() };
        assert_eq!(unknown.matches(&car(Some(""), &["", " "], &["https://avito.example/", ""])), None);
        let mut empty_vin = unknown;
        empty_vin.vehicle.vin = Some(" ".into());
        assert_eq!(empty_vin.matches(&car(Some(""), &[], &[])), None);
    }

    #[test]
    fn a_page_keeps_the_case_of_its_path() {
        assert_eq!(
            page("https://www.Instagram.com/p/CG7b52ejyET/?x=1").as_deref(),
            Some("instagram.com/p/CG7b52ejyET")
        );
        assert_eq!(
            (page("https://"), page("/a"), page("host"), page("https:///a")),
            (None, None, None, None)
        );
    }
}
