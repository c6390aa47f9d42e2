//! Checks of names, ids, regions and credentials.

use crate::http::error::ApiError;

/// Longest name, in characters.
pub const MAX_NAME: usize = 200;
/// Longest id of a CRM, in characters.
pub const MAX_ID: usize = 100;
/// Longest id of an employee, in characters.
pub const MAX_EMPLOYEE_ID: usize = 200;

/// ISO 3166-1 alpha-2.
const REGIONS: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO \
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR \
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO \
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Checks a text for people: 1 to `max` characters, not blank, on one line.
///
/// # Errors
/// 400 naming the field.
pub fn name(field: impl Into<String>, text: &str, max: usize) -> Result<(), ApiError> {
    let why = if text.trim().is_empty() {
        "may not be empty".to_owned()
    } else if text.chars().count() > max {
        format!("at most {max} characters")
    } else if text.chars().any(char::is_control) {
        "no control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(field, why))
}

/// Checks a text for people that may have several lines: 1 to `max` characters, not blank. Returns it with each line's
/// end as `\n`.
///
/// # Errors
/// 400 naming the field.
pub fn lines(field: &str, text: &str, max: usize) -> Result<String, ApiError> {
    let text = text.replace("\r\n", "\n");
    name(field, &text.replace('\n', " "), max)?;
    Ok(text)
}

/// Checks an id of the CRM.
///
/// # Errors
/// 400 naming the field.
pub fn crm_id(field: impl Into<String>, id: &str) -> Result<(), ApiError> {
    name(field, id, MAX_ID)
}

/// Checks an employee's id: the CRM's, and a part of our paths. API Gateway decodes a path before we see it, so
/// characters that would end a part of it or begin another are refused.
///
/// # Errors
/// 400 naming the field.
pub fn employee_id(field: &str, id: &str) -> Result<(), ApiError> {
    name(field, id, MAX_EMPLOYEE_ID)?;
    if id.contains(['/', '\\', '?', '#', '%']) || id == "." || id == ".." || id.trim() != id {
        return Err(ApiError::invalid(field, "no / \\ ? # %, no spaces around it, and neither . nor .."));
    }
    Ok(())
}

/// Checks a region of ISO 3166.
///
/// # Errors
/// 400 naming the field.
pub fn region(field: &str, region: &str) -> Result<(), ApiError> {
    let known = region.len() == 2 && REGIONS.split_ascii_whitespace().any(|known| known == region);
    if known { Ok(()) } else { Err(ApiError::invalid(field, "a two-letter region of ISO 3166, as RU")) }
}

/// Checks a credential: visible ASCII, because it travels in a header.
///
/// # Errors
/// 400 naming the field, never its content.
pub fn credential(field: &str, text: &str) -> Result<(), ApiError> {
    let fits = (1..=1000).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(ApiError::invalid(field, "1 to 1000 visible ASCII characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_those_of_iso_3166() {
        assert_eq!(REGIONS.split_ascii_whitespace().count(), 249);
        assert!(region("region", "RU").is_ok());
        for wrong in ["ru", "XX", "RUS", "", "R U", "AD AE"] {
            assert!(region("region", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_employee_id_can_stand_in_a_path() {
        for right in ["1", "anna@example.com", "user:7", "Анна", "a b", "{uuid}", "x".repeat(200).as_str()]
        {
            assert!(employee_id("id", right).is_ok(), "{right}");
        }
        for wrong in
            ["", " ", " a", "a/b", "a#b", "a?b", "a%41", "..", "a\u{0}b", "a\nb", "x".repeat(201).as_str()]
        {
            assert!(employee_id("id", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_may_have_lines_and_nothing_else_that_is_not_seen() {
        assert_eq!(lines("text", "Anna\r\nSales\n", 12).unwrap(), "Anna\nSales\n");
        for wrong in ["", "\r\n \n", "a\tb", "a\rb", "a\u{0}", "x".repeat(13).as_str()] {
            assert!(lines("text", wrong, 12).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_credential_fits_a_header() {
        assert!(credential("api_key", "abc-DEF_123").is_ok());
        for wrong in ["", "with space", "line\nbreak", "ключ", "x".repeat(1001).as_str()] {
            assert!(credential("api_key", wrong).is_err(), "{wrong}");
        }
    }
}
