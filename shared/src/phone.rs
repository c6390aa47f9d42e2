//! Phone numbers in E.164, parsed by the library behind one newtype.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A phone number in E.164, `+79011112233`. It is personal data, so it prints redacted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Reads a number in any usual spelling; one without a country code is read as of `region` (ISO 3166, `RU`).
    /// `None` when it is no possible number.
    pub fn parse(text: &str, region: &str) -> Option<Self> {
        let number = PHONE_NUMBER_UTIL.parse(text, region.parse::<Region>().ok()).ok()?;
        if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return None;
        }
        Some(Self(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned()))
    }

    /// Reads an international number given as digits alone, as WhatsApp's chat ids are.
    pub fn from_international_digits(digits: &str) -> Option<Self> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::parse(&format!("+{digits}"), "ZZ")
    }

    /// E.164 with the plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_russian_spellings_meet_in_one() {
        for text in ["+7 901 111-22-33", "8 (901) 111-22-33", "79011112233", "9011112233"] {
            assert_eq!(
                Phone::parse(text, "RU").map(|phone| phone.0),
                Some("+79011112233".to_owned()),
                "{text}"
            );
        }
        assert_eq!(Phone::from_international_digits("79011112233").unwrap().as_str(), "+79011112233");
    }

    #[test]
    fn p11_junk_is_no_phone() {
        for text in ["", "abc", "12", "0000000000", "+999999999999999999"] {
            assert_eq!(Phone::parse(text, "RU"), None, "{text}");
        }
        assert_eq!(Phone::from_international_digits("+79011112233"), None);
    }
}
