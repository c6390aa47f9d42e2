//! The expected result of every body in `events/wazzup/`.

/// The file and its expected items, one line each.
pub(super) const EXPECTED: &[(&str, &[&str])] = &[
    ("audio.json", &["client whatsapp audio media=ogg file=voice.ogg"]),
    (
        "avito-advert.json",
        &[
            "client avito text listing=https://www.avito.ru/items/1000000001 extra=advert,avitoProfileId +text",
        ],
    ),
    (
        "avito-adverts.json",
        &[
            "client avito text listing=1000000002 extra=advert,avitoProfileId +text",
            "client avito text extra=advert,avitoProfileId +text",
            "client avito text listing=1000000003 extra=advert,avitoProfileId +text",
        ],
    ),
    ("bad-member.json", &["poison (messages: no list): nothing", "status delivered"]),
    (
        "batch-with-bad-entry.json",
        &[
            "client whatsapp text +text",
            "poison (messages[1].text: wrong type): client whatsapp unsupported raw=text",
            "poison (messages[2]: no object): nothing",
            "poison (messages[3].chatId: missing): nothing",
            "client whatsapp text +text",
        ],
    ),
    (
        "batch.json",
        &[
            "client whatsapp text +text",
            "client whatsapp text +text",
            "client whatsapp text +text",
            "client whatsapp text +text",
            "client whatsapp text +text",
        ],
    ),
    (
        "channels-updates.json",
        &[
            "channel needs_attention (qr)",
            "channel active (active)",
            "channel unauthorized (unauthorized)",
            "channel needs_attention (openElsewhere)",
            "channel needs_attention (snowedIn)",
            "channel disabled (disabled) accepted",
        ],
    ),
    ("create-contact.json", &["ignored: create_contact"]),
    ("create-deal.json", &["ignored: create_deal"]),
    ("cut-off.txt", &["unreadable: no JSON object"]),
    (
        "deleted.json",
        &[
            "company whatsapp text revision=deleted origin=phone status=sent author=Олег Примеров user=17 +text",
        ],
    ),
    ("document.json", &["client whatsapp document media=pdf file=dogovor.pdf +text"]),
    (
        "echo-error.json",
        &[
            "company whatsapp template origin=phone status=failed error=BAD_CONTACT author=Олег Примеров user=17 details=template(0) +text",
        ],
    ),
    (
        "echo-from-app.json",
        &["company whatsapp text origin=provider_app status=read author=Олег Примеров user=17 +text"],
    ),
    ("echo-from-phone.json", &["company whatsapp text origin=phone status=sent +text"]),
    (
        "edited.json",
        &[
            "company whatsapp text revision=edited origin=provider_app status=delivered author=Олег Примеров user=17 old=Цена 1 320 000 ₽ +text",
        ],
    ),
    ("empty-lists.json", &[]),
    (
        "geo-flat.json",
        &[
            "client whatsapp location details=location(55.751244, 37.618423)",
            "client whatsapp location details=location(55.751244, 37.618423) extra=location",
            "client whatsapp location extra=location +text",
        ],
    ),
    ("geo.json", &["client whatsapp location details=location(55.751244, 37.618423) extra=location +text"]),
    ("group-author.json", &["client telegroup text author=Павел Условный +text"]),
    ("group.json", &["client whatsgroup text author=Марина Тестова +text"]),
    (
        "groups-other.json",
        &[
            "client telegroup text author=Павел Условный +text",
            "client maxgroup text author=Марина Тестова +text",
            "company whatsgroup text origin=phone status=sent author=Олег Примеров user=17 +text",
        ],
    ),
    (
        "ill-typed.json",
        &[
            "poison (messages[0].isEcho: wrong type): client whatsapp unsupported raw=text +text",
            "poison (messages[1].contact.name: wrong type): client whatsapp unsupported raw=text +text",
            "poison (messages[2].messageId: wrong type): client whatsapp unsupported raw=text id=raw: +text",
            "poison (messages[3].contact: wrong type): client whatsapp unsupported raw=text +text",
        ],
    ),
    ("image.json", &["client whatsapp image media=jpeg file=a1b2.jpeg +text"]),
    (
        "inst-comments.json",
        &[
            "client instagram comment details=comment(2430659146657243411_41370968890) extra=post +text",
            "client instagram comment details=comment(2430659146657243999_41370968890) extra=post +text",
            "client instagram text +text",
            "company instagram comment origin=provider_app status=sent author=Олег Примеров user=17 quote=c2d0a5f4-0b6e-4f0a-8b9e-2f4ad30dbf01 details=comment(2430659146657243411_41370968890 reply to c2d0a5f4-0b6e-4f0a-8b9e-2f4ad30dbf01) extra=post +text",
        ],
    ),
    ("inst-direct.json", &["client instagram text +text"]),
    (
        "inst-post-without-id.json",
        &[
            "client instagram comment details=comment(instagram.com/p/CG0example) extra=post +text",
            "client instagram comment extra=post +text",
        ],
    ),
    (
        "inst-post.json",
        &["client instagram comment details=comment(2430659146657243411_41370968890) extra=post +text"],
    ),
    (
        "interactive.json",
        &[
            "company whatsapp text origin=phone status=sent author=Олег Примеров user=17 details=buttons(2) extra=interactive +text",
        ],
    ),
    ("max.json", &["client max text phone=verified +text"]),
    (
        "messages-and-statuses.json",
        &[
            "client whatsapp text +text",
            "client whatsapp image media=jpeg file=2.jpeg",
            "status delivered",
            "status read",
        ],
    ),
    ("missing-call.json", &["client whatsapp missed_call details=call(missed)"]),
    (
        "missing-chat.json",
        &[
            "poison (messages[0].channelId: missing): nothing",
            "poison (messages[1].chatId: missing): nothing",
            "poison (messages[2].chatType: missing): nothing",
        ],
    ),
    (
        "missing-message-id.json",
        &["poison (messages[0].messageId: missing): client whatsapp unsupported raw=text id=raw: +text"],
    ),
    (
        "no-echo-flag.json",
        &["client whatsapp text +text", "company whatsapp text origin=outside status=sent +text"],
    ),
    ("no-json.txt", &["unreadable: no JSON object"]),
    ("no-known-member.json", &["unreadable: no known member"]),
    ("not-an-object.json", &["unreadable: no JSON object"]),
    ("null-fields.json", &["client whatsapp text +text"]),
    ("numeric-ids.json", &["client telegram text phone=verified +text"]),
    (
        "odd-time.json",
        &[
            "client whatsapp text +text",
            "client whatsapp text +text",
            "client whatsapp text accepted +text",
            "client whatsapp text accepted +text",
        ],
    ),
    ("only-bad-member.json", &["unreadable: messages: no list"]),
    ("plus-in-chat-id.json", &["client whatsapp text +text"]),
    ("poll.json", &["client whatsapp text +text"]),
    ("quoted.json", &["client whatsapp text quote=d2535c85-89c4-4e49-883a-ba3479420b11 +text"]),
    (
        "sent-from-app.json",
        &[
            "company whatsapp text origin=provider_app status=sent author=Олег Примеров user=17 +text",
            "company whatsapp text origin=phone status=sent +text",
            "company whatsapp text origin=outside status=sent +text",
        ],
    ),
    ("status-delivered.json", &["status delivered"]),
    ("status-edited.json", &["edited"]),
    ("status-error.json", &["status failed 24_HOURS_EXCEEDED"]),
    ("status-read.json", &["status read", "status read"]),
    ("status-sent.json", &["status sent"]),
    (
        "statuses-odd.json",
        &[
            "poison (statuses[0].status: unknown word): nothing",
            "poison (statuses[1].messageId: missing): nothing",
            "status failed SPAM",
            "poison (statuses[3].status: unknown word): nothing",
        ],
    ),
    ("sticker.json", &["client whatsapp sticker media=was file=f9eb01.was"]),
    ("system.json", &["client telegram system +text"]),
    (
        "telegram-echo.json",
        &[
            "company telegram text origin=provider_app status=sent author=Олег Примеров user=17 phone=verified +text",
        ],
    ),
    ("telegram.json", &["client telegram text phone=verified +text"]),
    ("template-status.json", &["template Напоминание о записи approved"]),
    ("test.json", &["probe"]),
    ("text.json", &["client whatsapp text +text"]),
    ("unknown-chat-type.json", &["client signal text +text"]),
    ("unknown-fields.json", &["client whatsapp text +text"]),
    (
        "unknown-member.json",
        &["client whatsapp text +text", "ignored: unknown_member", "ignored: unknown_member"],
    ),
    (
        "unknown-type.json",
        &[
            "client whatsapp unsupported raw=unknown",
            "client whatsapp unsupported raw=round_video media=mp4 file=kruzhok.mp4",
        ],
    ),
    ("unsupported.json", &["client whatsapp unsupported"]),
    ("vcard.json", &["client whatsapp contact_card +text"]),
    (
        "vcards.json",
        &[
            "client whatsapp contact_card details=cards(Пётр Образцов +7 999 000-33-44) extra=vcard",
            "client whatsapp contact_card details=cards(Сервис +7 999 000-33-55) extra=vcard",
        ],
    ),
    ("viber.json", &["client viber image media=jpg file=1.jpg"]),
    ("video.json", &["client whatsapp video media=mp4 file=osmotr.mp4"]),
    ("vk.json", &["client vk text +text"]),
    (
        "wapi-template.json",
        &[
            "company whatsapp template origin=phone status=delivered author=Олег Примеров user=17 details=template(0) +text",
        ],
    ),
];
