//! Prices, parsed from the texts of listings.

use super::listing::Price;

/// Spellings of currencies: signs, words and codes, in lower case, each with the ISO 4217 code.
const CURRENCIES: &[(&[&str], &str)] = &[
    (&["₽", "р", "руб", "рубль", "рубля", "рублей", "rub", "rur"], "RUB"),
    (&["$", "usd", "долл", "доллар", "доллара", "долларов"], "USD"),
    (&["€", "eur", "евро"], "EUR"),
    (&["₸", "kzt", "тг", "тенге"], "KZT"),
    (&["br", "byn"], "BYN"),
    (&["uzs", "сум"], "UZS"),
    (&["£", "gbp"], "GBP"),
    (&["¥", "cny"], "CNY"),
    (&["aed"], "AED"),
];

impl Price {
    /// Parses the first price in a text: a number with its currency directly before or after it (`от 1 250 000 руб.`,
    /// `12 500 $`, `€ 9.900`). Groups of three digits may be separated by spaces of any kind, points, commas or
    /// apostrophes; fractions of a unit are dropped. `None` when there is none, when the number is 0 (sites write it
    /// for an unknown price), and when there is a word between number and currency (`1,2 млн ₽`).
    pub fn parse(text: &str) -> Option<Self> {
        let mut from = 0;
        while let Some(number) = Number::next(text, from) {
            from = number.end;
            let behind = currency_at_start(text[number.end..].trim_start());
            let before = || currency_at_end(text[..number.start].trim_end());
            if let Some(currency) = behind.or_else(before) {
                return Self::of(number.whole, currency);
            }
        }
        None
    }

    /// As [`Price::parse`], but a number without a currency is an amount of `currency` (ISO 4217), when the text
    /// contains nothing else.
    pub fn parse_or(text: &str, currency: &str) -> Option<Self> {
        let alone = || {
            let number = Number::next(text, 0)?;
            let rest = [&text[..number.start], &text[number.end..]];
            let nothing_else = rest.iter().all(|part| part.trim().is_empty());
            nothing_else.then(|| Self::of(number.whole, currency)).flatten()
        };
        Self::parse(text).or_else(alone)
    }

    /// The ISO 4217 code of a currency as people write it: `руб.`, `$`, `eur`.
    pub fn currency(word: &str) -> Option<&'static str> {
        let word = word.trim().trim_end_matches('.').to_lowercase();
        CURRENCIES.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, code)| *code)
    }

    fn of(amount: Option<u64>, currency: &str) -> Option<Self> {
        let amount = amount.filter(|amount| *amount > 0)?;
        Some(Self { amount, currency: currency.to_owned() })
    }
}

/// The currency at the beginning of a text: a sign, or a whole word.
fn currency_at_start(text: &str) -> Option<&'static str> {
    let first = text.chars().next()?;
    let end = if first.is_alphabetic() {
        text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len())
    } else {
        first.len_utf8()
    };
    Price::currency(&text[..end])
}

/// The currency at the end of a text.
fn currency_at_end(text: &str) -> Option<&'static str> {
    let text = text.trim_end_matches('.');
    let last = text.chars().next_back()?;
    let start = if last.is_alphabetic() {
        let before = text.char_indices().rev().find(|(_, c)| !c.is_alphabetic());
        before.map_or(0, |(at, c)| at + c.len_utf8())
    } else {
        text.len() - last.len_utf8()
    };
    Price::currency(&text[start..])
}

/// A number in a text.
struct Number {
    /// Where it begins, in bytes.
    start: usize,
    /// Where it ends, its fraction included.
    end: usize,
    /// Its whole part; `None` where it is too large.
    whole: Option<u64>,
}

impl Number {
    /// The first number from `from` on.
    fn next(text: &str, from: usize) -> Option<Self> {
        let start = from + text.get(from..)?.find(|c: char| c.is_ascii_digit())?;
        let mut end = start + digits(&text[start..]);
        let mut written = text[start..end].to_owned();
        let mut parted_by = None;
        // "2019 300 000": the year is no group of the price, since a number's first group has three digits at most.
        while written.len() <= 3 || parted_by.is_some() {
            let Some(separator) = text[end..].chars().next().and_then(Separator::of) else { break };
            let group = &text[end + separator.length..];
            if digits(group) != 3 || parted_by.is_some_and(|class| class != separator.class) {
                break;
            }
            written.push_str(&group[..3]);
            end += separator.length + 3;
            parted_by = Some(separator.class);
        }
        let fraction = text[end..].strip_prefix(['.', ',']).map_or(0, digits);
        if (1..=2).contains(&fraction) {
            end += 1 + fraction;
        }
        Some(Self { start, end, whole: written.parse().ok() })
    }
}

/// A separator of groups of digits. One number uses one of the classes throughout.
struct Separator {
    class: char,
    length: usize,
}

impl Separator {
    fn of(c: char) -> Option<Self> {
        let class = match c {
            '\'' | '’' => '\'',
            '.' | ',' => c,
            // NBSP, thin, figure and narrow NBSP are among them; a line end separates no number.
            c if c.is_whitespace() && !c.is_control() => ' ',
            _ => return None,
        };
        Some(Self { class, length: c.len_utf8() })
    }
}

/// The number of ASCII digits at the beginning of a text.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 1250000 as `1 250 000`, with any separator.
    fn grouped(amount: u64, separator: char) -> String {
        let digits = amount.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_amount_is_that_amount(
            amount in 1_u64..10_000_000_000,
            separator in prop::sample::select(vec![' ', '\u{a0}', '\u{2009}', '\u{202f}', '.', ',', '\'']),
        ) {
            let text = grouped(amount, separator);
            prop_assert_eq!(read(&format!("от {text}\u{a0}₽")), Some((amount, "RUB".to_owned())));
            prop_assert_eq!(read(&format!("€{text}")), Some((amount, "EUR".to_owned())));
            prop_assert_eq!(Price::parse_or(&text, "KZT").map(|price| price.amount), Some(amount));
        }

        #[test]
        fn any_text_is_read_without_harm(text in "[0-9 .,'₽$€a-zа-я\u{a0}]{0,40}|\\PC{0,40}") {
            let price = Price::parse(&text);
            prop_assert!(price.is_none_or(|price| price.amount > 0 && price.currency.len() == 3));
            Price::parse_or(&text, "RUB");
        }
    }

    fn read(text: &str) -> Option<(u64, String)> {
        Price::parse(text).map(|price| (price.amount, price.currency))
    }

    #[test]
    fn prices_are_read_as_people_write_them() {
        for (text, amount, currency) in [
            ("300 000 ₽", 300_000, "RUB"),
            ("300\u{a0}000\u{a0}₽", 300_000, "RUB"),
            ("1\u{2009}250\u{2009}000\u{202f}руб.", 1_250_000, "RUB"),
            ("1 250 000 руб.", 1_250_000, "RUB"),
            ("1250000 Рублей", 1_250_000, "RUB"),
            ("от 500000 р", 500_000, "RUB"),
            ("от 500000р., торг", 500_000, "RUB"),
            ("12 500 $", 12_500, "USD"),
            ("$12,500.99", 12_500, "USD"),
            ("USD 12500", 12_500, "USD"),
            ("€ 9.900", 9_900, "EUR"),
            ("9,900 EUR", 9_900, "EUR"),
            ("9'900.50 eur", 9_900, "EUR"),
            ("4 700 000 тенге", 4_700_000, "KZT"),
            ("5 ₽", 5, "RUB"),
            ("Цена: руб. 700 000", 700_000, "RUB"),
            ("1 250 000,50 ₽", 1_250_000, "RUB"),
        ] {
            assert_eq!(read(text), Some((amount, currency.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_price_is_found_among_other_numbers() {
        for (text, amount) in [
            ("Mercedes-Benz E-Класс V (W213, S213, C238), 1670000 руб", 1_670_000),
            ("Mazda 3 2008 300 000 ₽", 300_000),
            ("2019, 1 250 000 ₽", 1_250_000),
            ("от 500 000 ₽ до 600 000 ₽", 500_000),
        ] {
            assert_eq!(read(text), Some((amount, "RUB".to_owned())), "{text}");
        }
    }

    #[test]
    fn what_names_no_price_gives_none() {
        for text in [
            "",
            "Цена не указана",
            "Договорная",
            "0 ₽",
            "₽",
            "1250000",
            "500000 рассрочка",
            "500 км",
            "1,2 млн ₽",
            "18446744073709551616 ₽",
            "12 500\u{a0}у.е.",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_bare_number_has_the_currency_of_its_site() {
        let read = |text| Price::parse_or(text, "RUB").map(|price| (price.amount, price.currency));
        assert_eq!(read(" 1 250 000 "), Some((1_250_000, "RUB".to_owned())));
        assert_eq!(read("12500.00"), Some((12_500, "RUB".to_owned())));
        assert_eq!(read("12 500 $"), Some((12_500, "USD".to_owned())));
        assert_eq!(read("от 500"), None);
        assert_eq!(read("2019 300 000"), None);
        assert_eq!(read("0"), None);
    }
}
