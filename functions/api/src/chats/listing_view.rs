//! Listings, and the CRM's records of cars, in requests and answers.

use crate::http::error::ApiError;
use crate::http::validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::model::message::listing::{ChatListing, CrmCar, MatchedBy, Price, Vehicle};
use shared::store::keys::listing_digest;
use utoipa::ToSchema;

/// Most links, and most offers, of a car.
const MAX_ENTRIES: usize = 20;
/// Longest link, in characters.
const MAX_URL: usize = 500;
/// Largest size of the CRM's own fields, in bytes of JSON: the whole row has at most 400 KB.
const MAX_FIELDS: usize = 32 * 1024;
/// How deep they may be nested: the table accepts 32 levels, and the row adds some around them.
const MAX_DEPTH: usize = 10;
/// The allowed range of a number other than 0, without its sign: the table's own bounds are somewhat wider.
const NUMBERS: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// What the listing's site says of a car, in its own words.
#[derive(Debug, Serialize, ToSchema)]
pub struct VehicleView {
    /// Vehicle identification number.
    vin: Option<String>,
    mark: Option<String>,
    model: Option<String>,
    generation: Option<String>,
    year: Option<u16>,
    engine: Option<String>,
    gearbox: Option<String>,
    drive: Option<String>,
    mileage_km: Option<u32>,
}

impl From<Vehicle> for VehicleView {
    fn from(car: Vehicle) -> Self {
        Self {
            vin: car.vin,
            mark: car.mark,
            model: car.model,
            generation: car.generation,
            year: car.year,
            engine: car.engine,
            gearbox: car.gearbox,
            drive: car.drive,
            mileage_km: car.mileage_km,
        }
    }
}

/// The CRM's own record of a car.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "id": "4711", "uri": "https://crm.example.com/cars/4711", "vin": "XTA210990Y2765432", "offers": ["2508461773"],
    "urls": ["https://www.avito.ru/2508461773"], "fields": {"stock": "yard 2", "owner_count": 2}
}))]
pub struct CrmCarView {
    /// The CRM's id.
    #[schema(min_length = 1, max_length = 100)]
    id: String,
    /// Link to its card: `http` or `https`, at most 500 characters.
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    vin: Option<String>,
    /// The ids of its listings, on any site.
    #[serde(default)]
    #[schema(max_items = 20)]
    offers: Vec<String>,
    /// Links to its listings, at most 500 characters each.
    #[serde(default)]
    #[schema(max_items = 20)]
    urls: Vec<String>,
    /// Other data that the CRM wants to be shown: at most 32 KiB, nested at most 10 deep.
    #[serde(default)]
    #[schema(value_type = serde_json::Value)]
    fields: Map<String, Value>,
}

impl CrmCarView {
    /// Checks what can be checked without the listing.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn check(&self) -> Result<(), ApiError> {
        validate::crm_id("id", &self.id)?;
        if let Some(uri) = &self.uri {
            link("uri", uri)?;
        }
        if let Some(vin) = &self.vin {
            validate::name("vin", vin, 50)?;
        }
        for (field, entries) in [("offers", &self.offers), ("urls", &self.urls)] {
            if entries.len() > MAX_ENTRIES {
                return Err(ApiError::invalid(field, format!("at most {MAX_ENTRIES}")));
            }
            for (place, entry) in entries.iter().enumerate() {
                validate::name(format!("{field}[{place}]"), entry, MAX_URL)?;
            }
        }
        let size = serde_json::to_vec(&self.fields).map_or(usize::MAX, |json| json.len());
        if size > MAX_FIELDS {
            return Err(ApiError::invalid("fields", "at most 32 KiB of JSON"));
        }
        storable(self.fields.iter(), MAX_DEPTH).map_err(|why| ApiError::invalid("fields", why))
    }

    /// The field that is named when the record does not match the listing's car: the most reliable one that is given.
    pub fn mismatch(&self) -> &'static str {
        if self.vin.is_none() && !self.offers.is_empty() {
            "offers"
        } else if self.vin.is_none() && !self.urls.is_empty() {
            "urls"
        } else {
            "vin"
        }
    }
}

/// Checks that the table can store these members, nested at most `depth` levels.
fn storable<'a>(
    mut members: impl Iterator<Item = (&'a String, &'a Value)>,
    depth: usize,
) -> Result<(), &'static str> {
    members.try_for_each(|(name, value)| {
        if name.is_empty() { Err("no empty names in it") } else { storable_value(value, depth) }
    })
}

fn storable_value(value: &Value, depth: usize) -> Result<(), &'static str> {
    let nested = matches!(value, Value::Array(_) | Value::Object(_));
    if nested && depth <= 1 {
        return Err("nested at most 10 deep");
    }
    match value {
        Value::Array(values) => values.iter().try_for_each(|value| storable_value(value, depth - 1)),
        Value::Object(members) => storable(members.iter(), depth - 1),
        Value::Number(number) => match number.as_f64().map(f64::abs) {
            Some(size) if size == 0.0 || NUMBERS.contains(&size) => Ok(()),
            _ => Err("numbers up to 1e100, and no closer to 0 than 1e-100"),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn link(field: &str, text: &str) -> Result<(), ApiError> {
    validate::name(field, text, MAX_URL)?;
    let web = text.parse::<url::Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if web { Ok(()) } else { Err(ApiError::invalid(field, "an http or https URL")) }
}

impl From<CrmCarView> for CrmCar {
    fn from(car: CrmCarView) -> Self {
        Self {
            id: car.id,
            uri: car.uri,
            vin: car.vin,
            offers: car.offers,
            urls: car.urls,
            fields: car.fields,
        }
    }
}

impl From<CrmCar> for CrmCarView {
    fn from(car: CrmCar) -> Self {
        Self {
            id: car.id,
            uri: car.uri,
            vin: car.vin,
            offers: car.offers,
            urls: car.urls,
            fields: car.fields,
        }
    }
}

/// A listing that a chat is or was about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0d3f6a5e9b7c4f1aa2c15f7e8d90b3c4", "site_id": "2508461773", "title": "Mazda 3, 2008",
    "price": {"amount": 300_000, "currency": "RUB"}, "url": "https://www.avito.ru/2508461773",
    "pictures": ["https://img.avito.st/1.jpg"],
    "vehicle": {
        "vin": "XTA210990Y2765432", "mark": "Mazda", "model": "3", "generation": null, "year": 2008, "engine": "1.6 petrol",
        "gearbox": "automatic", "drive": "front", "mileage_km": 148_000
    },
    "crm_car": null, "matched_by": null, "first_at": "2026-11-21T09:20:00.000Z", "last_at": "2026-11-21T09:20:00.000Z"
}))]
pub struct ListingView {
    /// Its id in our paths.
    pub(crate) id: String,
    /// The site's id, or its link where the site gives none.
    site_id: String,
    title: Option<String>,
    price: Option<Price>,
    url: Option<String>,
    /// The main picture first.
    pictures: Vec<String>,
    vehicle: VehicleView,
    /// The CRM's record of the car, when it gave one: it is shown in preference to what the listing says.
    crm_car: Option<CrmCarView>,
    /// By what the record matches the listing's car; null when they no longer match.
    matched_by: Option<MatchedBy>,
    /// When the client first asked about it.
    #[schema(format = DateTime)]
    first_at: String,
    /// When the listing's data last changed.
    #[schema(format = DateTime)]
    last_at: String,
}

impl From<ChatListing> for ListingView {
    fn from(row: ChatListing) -> Self {
        let matched_by = row.crm_car.as_ref().and_then(|car| row.listing.matches(car));
        Self {
            id: listing_digest(&row.listing.id),
            matched_by,
            crm_car: row.crm_car.map(CrmCarView::from),
            first_at: row.first_at.rfc3339(),
            last_at: row.last_at.rfc3339(),
            site_id: row.listing.id,
            title: row.listing.title,
            price: row.listing.price,
            url: row.listing.url,
            pictures: row.listing.pictures,
            vehicle: row.listing.vehicle.into(),
        }
    }
}

/// The listings of a chat.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listings {
    /// The most recently changed first.
    pub(crate) listings: Vec<ListingView>,
}
