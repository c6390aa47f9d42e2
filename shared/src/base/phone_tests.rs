use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// The text, the region it is parsed for, the phone in E.164.
type Row = (&'static str, &'static str, &'static str);

fn parsed(text: &str, region: &str) -> Option<String> {
    Phone::parse(text, region).map(|phone| phone.0)
}

#[track_caller]
fn check(rows: &[Row]) {
    for (text, region, expected) in rows {
        assert_eq!(parsed(text, region).as_deref(), Some(*expected), "{text:?} in {region}");
    }
}

#[test]
fn p11_russia() {
    const MOBILE: &str = "+79011112233";
    check(&[
        ("+7 901 111-22-33", "RU", MOBILE),
        ("8 (901) 111-22-33", "RU", MOBILE),
        ("79011112233", "RU", MOBILE),
        ("9011112233", "RU", MOBILE),
        ("007 901 111 22 33", "RU", MOBILE),
        ("8-10-7-901-111-22-33", "RU", MOBILE),
        ("+7 (8-901) 111-22-33", "RU", MOBILE),
        ("8\u{a0}901\u{202f}111\u{2009}22\t33\n", "RU", MOBILE),
        ("8 901 111–22−33", "RU", MOBILE),
        ("8.901.111.22.33", "RU", MOBILE),
        ("８（９０１）１１１－２２－３３", "RU", MOBILE),
        ("００７９０１１１１２２３３", "RU", MOBILE),
        ("тел.: 8 901 111 22 33", "RU", MOBILE),
        ("8-901-111-22-33, звонить после 18 (секретарь)", "RU", MOBILE),
        ("tel:+7-901-111-22-33", "RU", MOBILE),
        ("https://wa.me/79011112233", "RU", MOBILE),
        ("8 901 111-22-33, +7 (901) 111-22-33", "RU", MOBILE),
        ("8 901 111 22 33", "kz", MOBILE),
        ("79011112233", "KZ", MOBILE),
        ("79011112233 (секретарь)", "KZ", MOBILE),
        ("011 7 901 111-22-33", "US", MOBILE),
        ("8 495 123-45-67", "RU", "+74951234567"),
        ("(495) 123-45-67", "RU", "+74951234567"),
        ("74951234567", "KZ", "+74951234567"),
        ("8-800-555-35-35", "RU", "+78005553535"),
        ("+49 30 123456", "RU", "+4930123456"),
        ("8~10 49 30 123456", "RU", "+4930123456"),
        // No plus before another country's code: accepted for mobile numbers.
        ("375 29 123-45-67", "RU", "+375291234567"),
        ("998901234567", "RU", "+998901234567"),
    ]);
}

#[test]
fn p11_kazakhstan() {
    const MOBILE: &str = "+77011234567";
    check(&[
        ("+7 701 123 45 67", "KZ", MOBILE),
        ("8 (701) 123-45-67", "KZ", MOBILE),
        ("87011234567", "RU", MOBILE),
        ("77011234567", "KZ", MOBILE),
        ("77011234567", "RU", MOBILE),
        ("701 123 45 67", "KZ", MOBILE),
        ("007 701 123 45 67", "KZ", MOBILE),
        ("8 10 7 701 123 45 67", "KZ", MOBILE),
        ("8 (7272) 50-12-34", "KZ", "+77272501234"),
        ("727 250 12 34", "KZ", "+77272501234"),
        ("8 800 080 80 80", "KZ", "+78000808080"),
    ]);
}

#[test]
fn p11_belarus() {
    const MOBILE: &str = "+375291234567";
    check(&[
        ("+375 29 123-45-67", "BY", MOBILE),
        ("8 029 123 45 67", "BY", MOBILE),
        ("8 (029) 123-45-67", "BY", MOBILE),
        ("029 123 45 67", "BY", MOBILE),
        ("29 123 45 67", "BY", MOBILE),
        ("375291234567", "BY", MOBILE),
        ("00375291234567", "RU", MOBILE),
        ("8 10 375 29 123 45 67", "BY", MOBILE),
        ("8 017 212-34-56", "BY", "+375172123456"),
    ]);
}

#[test]
fn p11_uzbekistan() {
    const MOBILE: &str = "+998901234567";
    check(&[
        ("+998 90 123 45 67", "UZ", MOBILE),
        ("+998 (90) 123-45-67", "RU", MOBILE),
        ("998901234567", "UZ", MOBILE),
        ("90 123 45 67", "UZ", MOBILE),
        ("(90) 123-45-67", "UZ", MOBILE),
        ("901234567", "UZ", MOBILE),
        ("00 998 90 123 45 67", "UZ", MOBILE),
        ("8 10 998 90 123 45 67", "RU", MOBILE),
        ("71 123 45 67", "UZ", "+998711234567"),
    ]);
}

#[test]
fn p11_germany() {
    const MOBILE: &str = "+4915123456789";
    check(&[
        ("+49 151 23456789", "DE", MOBILE),
        ("+49 (0)151 23456789", "DE", MOBILE),
        ("0151/23456789", "DE", MOBILE),
        ("01512 345 67 89", "DE", MOBILE),
        ("15123456789", "DE", MOBILE),
        ("0049 151 23456789", "DE", MOBILE),
        // The library alone turns it into a landline of Leer, +494915123456789.
        ("4915123456789", "DE", MOBILE),
        ("+49 151 23456789", "RU", MOBILE),
        ("030 123456", "DE", "+4930123456"),
        ("49 30 123456", "DE", "+4930123456"),
        // There an extension behind a dash is a part of the number.
        ("030 123456-12", "DE", "+493012345612"),
    ]);
}

#[test]
fn p11_usa() {
    const EITHER: &str = "+16502530000";
    check(&[
        ("+1 650-253-0000", "US", EITHER),
        ("(650) 253-0000", "US", EITHER),
        ("650.253.0000", "US", EITHER),
        ("1 650 253 0000", "US", EITHER),
        ("6502530000", "US", EITHER),
        ("16502530000", "US", EITHER),
        ("16502530000", "RU", EITHER),
        ("8 10 1 650 253 0000", "RU", EITHER),
        ("001 650 253 0000", "DE", EITHER),
        ("1-800-356-9377", "US", "+18003569377"),
    ]);
}

#[test]
fn p11_brazil_old_mobile_numbers_get_the_ninth_digit() {
    const MOBILE: &str = "+5511987654321";
    check(&[
        ("+55 11 98765-4321", "BR", MOBILE),
        ("(11) 98765-4321", "BR", MOBILE),
        ("011 98765-4321", "BR", MOBILE),
        ("0 15 11 98765-4321", "BR", MOBILE),
        ("(0xx11) 98765-4321", "BR", MOBILE),
        ("5511987654321", "BR", MOBILE),
        ("00 55 11 98765-4321", "BR", MOBILE),
        ("+55 11 8765-4321", "RU", MOBILE),
        ("(11) 8765-4321", "BR", MOBILE),
        ("551187654321", "BR", MOBILE),
        ("551187654321", "RU", MOBILE),
        // The library accepts eight digits on 7: trunk radios, which no longer exist.
        ("+55 11 7765-4321", "BR", "+5511977654321"),
        ("+55 11 6765-4321", "BR", "+5511967654321"),
        ("+55 11 9765-4321", "BR", "+5511997654321"),
        ("+55 11 5765-4321", "BR", "+551157654321"),
        ("(11) 3456-7890", "BR", "+551134567890"),
        ("0800 123 4567", "BR", "+558001234567"),
    ]);
}

#[test]
fn p11_mexico_old_mobile_prefixes_are_dropped() {
    const EITHER: &str = "+525512345678";
    check(&[
        ("+52 55 1234 5678", "MX", EITHER),
        ("+52 1 55 1234 5678", "MX", EITHER),
        ("+5215512345678", "RU", EITHER),
        ("5215512345678", "MX", EITHER),
        ("525512345678", "MX", EITHER),
        ("55 1234 5678", "MX", EITHER),
        ("01 55 1234 5678", "MX", EITHER),
        ("Cel. 044 55 1234 5678", "MX", EITHER),
        ("045 55 1234 5678", "MX", EITHER),
        ("011 52 1 55 1234 5678", "US", EITHER),
        ("01 800 123 4567", "MX", "+528001234567"),
    ]);
}

#[test]
fn p11_argentina_nine_and_fifteen_are_one() {
    const MOBILE: &str = "+5491123456789";
    check(&[
        ("+54 9 11 2345 6789", "AR", MOBILE),
        ("5491123456789", "AR", MOBILE),
        ("11 15-2345-6789", "AR", MOBILE),
        ("011 15 2345-6789", "AR", MOBILE),
        ("+54 11 15 2345 6789", "RU", MOBILE),
        ("+54 9 11 15 2345 6789", "AR", MOBILE),
        ("00 54 9 11 2345 6789", "AR", MOBILE),
        ("0 9 11 2345 6789", "AR", MOBILE),
        ("0343 15 555 1212", "AR", "+5493435551212"),
        // Neither 9 nor 15: a landline, although the writer may have omitted either.
        ("11 2345-6789", "AR", "+541123456789"),
    ]);
}

#[test]
fn p11_ids_of_messengers_are_international() {
    for (id, expected) in [
        ("79011112233", "+79011112233"),
        ("77011234567", "+77011234567"),
        ("375291234567", "+375291234567"),
        ("998901234567", "+998901234567"),
        ("4915123456789", "+4915123456789"),
        ("16502530000", "+16502530000"),
        ("5215512345678", "+525512345678"),
        ("525512345678", "+525512345678"),
        ("551187654321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("551134567890", "+551134567890"),
        ("5491123456789", "+5491123456789"),
    ] {
        let phone = Phone::from_international_digits(id).unwrap_or_else(|| panic!("{id}"));
        assert_eq!((phone.as_str(), phone.digits()), (expected, &expected[1..]), "{id}");
    }
    for id in ["", "+79011112233", "7 901 111 22 33", "89011112233", "9011112233", "123", "id79011112233"] {
        assert_eq!(Phone::from_international_digits(id), None, "{id}");
    }
}

#[test]
fn p11_an_extension_is_no_part_of_the_key() {
    for (tail, expected) in [
        ("", None),
        (" доб. 12", Some("12")),
        (", ДОБ 12", Some("12")),
        (" (доб.12)", Some("12")),
        (" ext 12", Some("12")),
        (" ext. 012", Some("012")),
        ("x12", Some("12")),
        (" #12", Some("12")),
        (";ext=12", Some("12")),
        (",,12", Some("12")),
        // Labels that the library does not know count as words.
        (" добавочный 12", None),
        (" вн. 12", None),
    ] {
        let (phone, extension) =
            Phone::parse_with_extension(&format!("8 901 111-22-33{tail}"), "RU").unwrap();
        assert_eq!((phone.as_str(), extension.as_deref()), ("+79011112233", expected), "{tail:?}");
    }
}

const REGIONS: [&str; 12] = ["RU", "KZ", "BY", "UZ", "DE", "US", "BR", "MX", "AR", "JP", "ZZ", ""];

#[test]
fn p11_junk_is_no_phone() {
    let long = format!("{}89011112233", " ".repeat(4_000));
    let many_digits = "1234567890".repeat(400);
    let junk = "abc|null|+|+7|12|123-45-67|2530000|00000000000|+00000000000|0000000000|😀|📱 ☎|½|\
        8 901 111-22-3|+7 901 111-22-334|+999999999999999999|12345678901234567890|+89011112233|\
        79011112233@c.us|79011112233@mail.ru|user@example.com|XTA210990Y2765432|WVWZZZ1JZXW000001|\
        KMHJN81VP9U123456|XTA21099079011112233|1 250 000 ₽|2 500 000 ₽|12 500 000 ₽|21.11.2026|2026-11-21|\
        21/11/2026|21.11.2026 12:30|1-800-FLOWERS|4600051000057|8;phone-context=+7;tel:1|ABC79011112233|тел.: нет";
    for text in junk.split('|').chain(["", " ", &long, &many_digits]) {
        for region in REGIONS {
            assert_eq!(parsed(text, region), None, "{text:?} in {region:?}");
        }
    }
    assert_eq!(parsed("(555) 555-1234", "US"), None, "a number of films");
    assert_eq!(parsed("49 30 12345678", "RU"), None, "a landline abroad without its plus");
    for text in ["8 901 111-22-33", "9011112233", "8 800 555 35 35"] {
        assert_eq!(parsed(text, "ZZ"), None, "{text:?} of no country");
    }
}

const SEVERAL: [&str; 6] = [
    "+7 901 111-22-33, +7 902 111-22-33",
    "8 901 111-22-33; 8 902 111-22-33",
    "8 901 111-22-33;89021112233",
    "8 901 111-22-33/8 902 111-22-33",
    "8 901 111-22-33 8 902 111-22-33",
    "8 901 111-22-33 и 8 495 123-45-67",
];

#[test]
fn p11_of_several_phones_none_is_taken() {
    for text in SEVERAL {
        assert_eq!(parsed(text, "RU"), None, "{text}");
    }
}

#[test]
fn p11_a_leading_eight_becomes_plus_seven() {
    for (text, region, expected) in [
        ("89011112233", "RU", "+79011112233"),
        (" 8 (901) 111-22-33 ", "RU", "+79011112233"),
        ("(8901) 111.22.33", "ru", "+79011112233"),
        ("8-901-111-22-33", "KZ", "+79011112233"),
        ("8 701 123 45 67", "KZ", "+77011234567"),
        ("87011234567", "RU", "+77011234567"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("8-800-555-35-35", "RU", "+78005553535"),
    ] {
        assert_eq!(rewrite_leading_eight(text, region).as_deref(), Some(expected), "{text:?} in {region}");
    }
    let nothing = "|+79011112233|79011112233|9011112233|8-10-7-901-111-22-33|8 10 49 30 123456|+81 90 1234 5678|\
        819012345678|+8 901 111-22-33|8 901 111-22-3|8 901 111-22-334|88888888888|80291234567|8|null|8 руб.|\
        8 901 111-22-33 доб. 12|8 901 111-22-33 (секретарь)|8 901 111-22-33 Anna|8 901 111-22-33 ☎|\
        8 10 49 30 1234|8 901 111 22 33 x12|21.11.2026";
    for text in nothing.split('|').chain(SEVERAL) {
        assert_eq!(rewrite_leading_eight(text, "RU"), None, "{text:?}");
    }
    for region in ["BY", "UZ", "DE", "US", "JP", "ZZ", ""] {
        for text in ["8-800-555-35-35", "8 (901) 111-22-33", "80291234567", "89012345678"] {
            assert_eq!(rewrite_leading_eight(text, region), None, "{text:?} in {region:?}");
        }
    }
}

#[test]
fn p11_debug_shows_nothing_of_the_number() {
    let phone = Phone::parse("+79011112233", "RU").unwrap();
    assert_eq!(format!("{phone:?} {:?}", Some(&phone)), "Phone(…) Some(Phone(…))");
}

/// The library's own example of every kind of number of every country.
#[test]
fn p11_every_country_s_numbers_read_back_as_themselves() {
    use PhoneNumberType::*;
    let kinds = [FixedLine, Mobile, TollFree, PremiumRate, SharedCost, VoIP, PersonalNumber, Pager, UAN];
    let mut seen = 0;
    for country in PHONE_NUMBER_UTIL.get_supported_regions() {
        for kind in kinds {
            let Ok(example) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, kind) else {
                continue;
            };
            let national = PHONE_NUMBER_UTIL.format(&example, PhoneNumberFormat::National);
            let phone = Phone::of(&example);
            let expected = Phone::parse(phone.as_str(), "ZZ").unwrap_or_else(|| panic!("{}", phone.0));
            assert_eq!(
                parsed(&national, &country.to_string()),
                Some(expected.0.clone()),
                "{national} {country}"
            );
            for region in REGIONS {
                assert_eq!(Phone::parse(expected.as_str(), region), Some(expected.clone()), "{}", expected.0);
            }
            seen += 1;
        }
    }
    assert!(seen > 1_000, "{seen} examples");
}

/// Ten digits of a Russian mobile number, and one spelling of it.
fn spellings() -> impl Strategy<Value = (String, String)> {
    let lead = prop::sample::select(vec!["", "тел.: ", "моб. ", " ", "WhatsApp: ", "☎ "]);
    let code = prop::sample::select(vec!["+7", "8", "7", "007", "8-10-7", "+ 7", "", "+7 8"]);
    let gap = prop::sample::select(vec!["", " ", "-", ".", "\u{a0}", "\u{202f}", " – ", "\t"]);
    let bracket = prop::sample::select(vec![("", ""), ("(", ")"), ("[", "]"), ("（", "）")]);
    let tail = prop::sample::select(vec!["", " ", ".", " доб. 12", " ext. 3", "x12", " (секретарь)", "\n"]);
    let full_width = any::<bool>();
    // Without 93, because the library's list omits a part of 930.
    ("9[0-24-9][0-9]{8}", lead, code, gap, bracket, tail, full_width).prop_map(
        |(number, lead, code, gap, (open, close), tail, full_width)| {
            let (a, b, c, d) = (&number[..3], &number[3..6], &number[6..8], &number[8..]);
            let mut spelled = format!("{code}{gap}{open}{a}{close}{gap}{b}{gap}{c}{gap}{d}");
            if full_width {
                spelled = spelled.chars().map(widened).collect();
            }
            (number, format!("{lead}{spelled}{tail}"))
        },
    )
}

fn widened(c: char) -> char {
    c.to_digit(10).and_then(|digit| char::from_u32(0xff10 + digit)).unwrap_or(c)
}

/// P11: all spellings of one number give one phone.
fn meets(
    read: impl Fn(&str) -> Option<String>,
    (number, text): (String, String),
) -> Result<(), TestCaseError> {
    prop_assert_eq!(read(&text), Some(format!("+7{number}")), "{:?}", text);
    Ok(())
}

/// Digits alone, without a leading 8: a naive implementation.
fn naive(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    Some(format!("+7{}", digits.strip_prefix('8').unwrap_or(&digits)))
}

#[test]
fn p11_the_property_finds_a_naive_normaliser_out() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&spellings(), |case| meets(naive, case));
    assert!(matches!(outcome, Err(TestError::Fail(..))), "{outcome:?}");
}

/// Parts of phones, and of texts that break phone parsers.
fn phonelike() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[0-9]{1,4}",
        2 => "[ ().+/~*#x,;\u{a0}-]",
        1 => prop::sample::select(vec![
            "+7", "8", "901", "00", "55", "52", "1", "549", "15", "ext", "доб.", ";ext=", "tel:", "@",
            ";isub=", ";phone-context=", "+7;", "example.com", " x", "／ x", "７", "٣", "½", "\u{200b}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn p11_all_spellings_meet_in_one_phone(case in spellings()) {
        meets(|text| parsed(text, "RU"), case)?;
    }

    #[test]
    fn p11_what_is_formatted_reads_back_in_any_region(
        digits in "(7|1|49|52|521|54|549|55|375|998|39|44|[1-9][0-9]{0,2})[0-9]{6,10}",
        region in prop::sample::select(REGIONS.to_vec()),
    ) {
        let produced = [Phone::parse(&digits, region), Phone::from_international_digits(&digits)];
        for phone in produced.into_iter().flatten() {
            for region in REGIONS {
                prop_assert_eq!(parsed(phone.as_str(), region), Some(phone.0.clone()));
            }
            prop_assert_eq!(Phone::from_international_digits(phone.digits()), Some(phone));
        }
    }

    #[test]
    fn p11_no_text_panics_and_what_is_read_is_canonical(
        text in prop_oneof![phonelike(), ".{0,300}"],
        region in prop::sample::select(REGIONS.to_vec()),
    ) {
        let _ = Phone::from_international_digits(&text);
        let phone = Phone::parse(&text, region);
        prop_assert_eq!(format!("{phone:?}").chars().find(char::is_ascii_digit), None);
        if let Some(phone) = &phone {
            prop_assert_eq!(parsed(phone.as_str(), region), Some(phone.0.clone()));
        }
        if let Some(rewritten) = rewrite_leading_eight(&text, region) {
            prop_assert_eq!(Some(&rewritten), phone.as_ref().map(|phone| &phone.0));
            prop_assert_eq!(rewrite_leading_eight(&rewritten, region), None);
        }
    }
}
