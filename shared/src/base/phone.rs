//! Phone numbers in E.164 behind one newtype (C4). The library parses them; exceptions to its rules are here, with
//! their reasons.

use rlibphonenumber::phonenumber_matcher::{FindNumberExt, Leniency};
use rlibphonenumber::{
    CountryCodeSource, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
    get_national_significant_number_owned,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest text that is parsed, in bytes: a longer one is no phone field, and clients write the texts.
const MAX_TEXT: usize = 250;

/// The fewest digits that are taken to begin with another country's code although they have no plus: a shorter number
/// is more likely a mistyped one of the own country.
const MIN_FOREIGN_DIGITS: usize = 11;

/// How numbers written in full begin: the plus, and the full-width one.
const PLUS: [char; 2] = ['+', '\u{ff0b}'];

const CODE_OF_MEXICO: i32 = 52;
const CODE_OF_ARGENTINA: i32 = 54;
const CODE_OF_BRAZIL: i32 = 55;

/// A phone number in E.164, `+79011112233`, without extension: the key of a phone. All spellings of one number are
/// equal, including those from before a country changed its numbering. It is personal data: `Debug` is redacted and
/// there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Parses a number in any usual spelling; one without a country code is parsed as a number of `region` (ISO 3166,
    /// `RU`). Words around it and an extension are dropped. `None` if there is no valid number, or more than one.
    pub fn parse(text: &str, region: &str) -> Option<Self> {
        Self::parse_with_extension(text, region).map(|(phone, _)| phone)
    }

    /// As [`Phone::parse`], with the digits of the extension (`доб. 12`, `ext 12`, `x12`, `#12`, `;ext=12`).
    fn parse_with_extension(text: &str, region: &str) -> Option<(Self, Option<String>)> {
        let region = region.parse().ok();
        let number = read(&tidy(text)?, region)?;
        // "8 901 111-22-33;89021112233" is not one number with an extension of eleven digits: it is two.
        if number.extension.as_ref().is_some_and(|extension| whole(extension, region).is_some()) {
            return None;
        }
        Some((Self::of(&number), number.extension))
    }

    /// Parses an international number given as digits alone, like the chat ids of WhatsApp and Viber: `79011112233`. An
    /// id made from an old form of the number (Mexico, Brazil) gives the number of today, so the number does not lead
    /// back to the id: to write to the chat, use the messenger's own id.
    pub fn from_international_digits(digits: &str) -> Option<Self> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::parse(&format!("+{digits}"), "ZZ")
    }

    /// E.164 with the plus sign: `+79011112233`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// E.164 without the plus sign, as WhatsApp and some CRMs expect it: `79011112233`.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    fn of(number: &PhoneNumber) -> Self {
        Self(PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164).into_owned())
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// The option "8 → +7" (C4): the new value of a CRM contact's phone field that holds a number of `region`, Russia or
/// Kazakhstan, spelled with the trunk prefix 8: `8 (901) 111-22-33` gives `+79011112233`, 8-800 numbers too. `None` if
/// there is nothing to rewrite, or if rewriting would drop something: an extension, a word, a second number.
pub fn rewrite_leading_eight(text: &str, region: &str) -> Option<String> {
    let text = tidy(text)?;
    let has_words = text.chars().any(char::is_alphabetic) || !PHONE_NUMBER_UTIL.is_viable_phone_number(&text);
    if has_words {
        return None;
    }
    let digits = PHONE_NUMBER_UTIL.normalize_digits_only(&text);
    let national = digits.strip_prefix('8').filter(|national| national.len() == 10)?;
    // Where 8 is no trunk prefix, the parsed number differs; so does that of 8-10, which dials abroad.
    let phone = Phone::parse(&text, region)?;
    (phone.digits().strip_prefix('7') == Some(national)).then_some(phone.0)
}

/// The text with plain spaces, because the library knows the space and the NBSP, but neither tab nor thin space. `None`
/// for text that must not reach the library.
fn tidy(text: &str) -> Option<String> {
    // RFC 3966's context of local numbers, which no person writes: ";phone-context=+7;tel:" makes the library panic.
    let refused = text.len() > MAX_TEXT || text.contains('@') || text.contains("phone-context");
    (!refused).then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The text from the plus or the first digit on. `None` if a Latin letter comes right before it: a VIN, an article
/// number.
fn without_words(text: &str) -> Option<&str> {
    let (words, digits) = text.split_at(text.find(|c: char| PLUS.contains(&c) || c.is_numeric())?);
    (!words.ends_with(|c: char| c.is_ascii_alphabetic())).then_some(digits)
}

/// The one number in the text: the whole text, or among words.
fn read(text: &str, region: Option<Region>) -> Option<PhoneNumber> {
    let Some(digits) = without_words(text) else { return only(among_words(text, region)) };
    if let Some(number) = whole(digits, region) {
        return Some(number);
    }
    // ITU-T E.164 recommends 00 for the plus; the library accepts it in countries that dial so: not in Russia (8~10)
    // and not in the USA (011).
    if let Some(rest) = digits.strip_prefix("00").or_else(|| digits.strip_prefix("００")) {
        return read(&format!("+{rest}"), region);
    }
    let plus_added = format!("+{digits}");
    let believed = |number: &PhoneNumber| begins_with_its_code(number, region);
    if let Some(number) = whole(&plus_added, None).filter(believed) {
        return Some(number);
    }
    let mut found = among_words(text, region);
    if found.is_empty() {
        found = among_words(&plus_added, None);
        found.retain(believed);
    }
    only(found)
}

/// Whether digits without a plus are taken to begin with the country's code: always with the own code, and with another
/// one for mobile numbers, because such digits come from messengers.
fn begins_with_its_code(number: &PhoneNumber, region: Option<Region>) -> bool {
    let own = region.and_then(code_of) == Some(number.country_code);
    own || (is_mobile(number) && Phone::of(number).digits().len() >= MIN_FOREIGN_DIGITS)
}

/// The number, if the whole text is one.
fn whole(text: &str, region: Option<Region>) -> Option<PhoneNumber> {
    let written = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(text, region).ok()?;
    let number = renumbered(written.clone())?;
    // Parsing turns letters into digits, as on a dial (1-800-FLOWERS): so any article number could become a phone. The
    // x is allowed as punctuation: (0xx11) in Brazil, x12 before an extension.
    let letters = text.chars().any(|c| c.is_ascii_alphabetic() && !c.eq_ignore_ascii_case(&'x'));
    // German landline numbers have no fixed length: there 21.11.2026 would be one, and 49151… with its country code one
    // more. The matcher requires the trunk prefix where the country writes it. (It knows no old form.)
    let no_code = number.country_code_source() == CountryCodeSource::FromDefaultCountry;
    let old_form = number.national_number != written.national_number;
    let doubtful = letters || (no_code && !is_mobile(&number) && !old_form);
    let sure = !doubtful || only(among_words(text, region)).is_some_and(|found| same(&found, &number));
    sure.then_some(number)
}

/// The different numbers among the words of the text. Bounded work, because the text is short.
fn among_words(text: &str, region: Option<Region>) -> Vec<PhoneNumber> {
    let matcher =
        text.phone_number_matcher_builder().leniency(Leniency::Valid).preferred_region(region).build();
    let mut found: Vec<PhoneNumber> = matcher.filter_map(|found| renumbered(found.number)).collect();
    found.dedup_by(|one, other| same(one, other));
    found
}

fn only(mut found: Vec<PhoneNumber>) -> Option<PhoneNumber> {
    found.pop().filter(|_| found.is_empty())
}

fn same(one: &PhoneNumber, other: &PhoneNumber) -> bool {
    Phone::of(one) == Phone::of(other)
}

/// The number in the form its country uses today; `None` if that is no valid number.
fn renumbered(number: PhoneNumber) -> Option<PhoneNumber> {
    let national = get_national_significant_number_owned(&number);
    let number = match national_of_today(number.country_code, &national) {
        None => number,
        Some(national) => PhoneNumber {
            extension: number.extension,
            country_code_source: number.country_code_source,
            ..PHONE_NUMBER_UTIL.parse(format!("+{}{national}", number.country_code), None).ok()?
        },
    };
    PHONE_NUMBER_UTIL.is_valid_number(&number).then_some(number)
}

/// The present form of an older national number. Messengers keep the id with which a person registered, so the old
/// forms live on in ids while the phone itself, and the CRM, show the new one.
fn national_of_today(country: i32, national: &str) -> Option<String> {
    match country {
        // Ten digits for all. On 3 August 2019 the IFT abolished 1 after +52 for mobile phones and 01, 044, 045 inside
        // the country (ITU, communication of 12.VI.2018 on +52).
        CODE_OF_MEXICO => ["1", "01", "044", "045"]
            .iter()
            .find_map(|prefix| national.strip_prefix(prefix).filter(|rest| rest.len() == 10))
            .map(str::to_owned),
        // Anatel put a 9 before mobile numbers, region by region from July 2012 to November 2016 (Resolução 553/2010).
        // Subscriber numbers that begin with 2-5 are landlines. The trunk radios on 7 were exempt; the library still
        // takes eight digits there, but their network was switched off on 31 March 2018.
        CODE_OF_BRAZIL if national.len() == 10 => {
            let (area, subscriber) = national.split_at(2);
            subscriber.starts_with(['6', '7', '8', '9']).then(|| format!("{area}9{subscriber}"))
        }
        // 9 from abroad and 15 inside the country mark the same thing. The library turns 15 into 9; it cannot parse a
        // number with both, so the 9 is removed first.
        CODE_OF_ARGENTINA if national.len() == 13 => national.strip_prefix('9').map(str::to_owned),
        _ => None,
    }
}

/// Whether it is a mobile number, or may be one: in the USA and in Mexico they look like landlines.
fn is_mobile(number: &PhoneNumber) -> bool {
    use PhoneNumberType::{FixedLineOrMobile, Mobile};
    matches!(PHONE_NUMBER_UTIL.get_number_type(number), Mobile | FixedLineOrMobile)
}

fn code_of(region: Region) -> Option<i32> {
    PHONE_NUMBER_UTIL.get_country_code_for_region(region)
}

#[cfg(test)]
#[path = "phone_tests.rs"]
mod tests;
