//! The expected items of every body in `events/telegram/`.

/// Each file and its items, one line per item.
pub(super) const EXPECTED: &[(&str, &[&str])] = &[
    (
        "album-1.json",
        &[
            "client telegram image id=218485655:6561 media=telegram:AgACAgIAAxkBAAIZ-large mime=image/jpeg bytes=128188 album=13894561230001 text=Три фото",
        ],
    ),
    (
        "album-2.json",
        &[
            "client telegram image id=218485655:6562 media=telegram:AgACAgIAAxkBAAIZ-large mime=image/jpeg bytes=128188 album=13894561230001",
        ],
    ),
    (
        "animation.json",
        &[
            "client telegram video id=218485655:6565 raw=animation media=telegram:CgACAgIAAxkBanim mime=video/mp4 file=wave.mp4 bytes=45210",
        ],
    ),
    (
        "audio.json",
        &[
            "client telegram audio id=218485655:6567 media=telegram:CQACAgIAAxkBaudio mime=audio/mpeg file=song.mp3 bytes=3440000",
        ],
    ),
    (
        "bot-added.json",
        &[
            "client telegroup system id=-1001293752024:member:892252989 chat=-1001293752024 raw=bot_added name=Клуб покупателей author=Павел Условный user=318485656",
        ],
    ),
    ("bot-blocked.json", &["client telegram system id=218485655:member:892252987 raw=bot_blocked"]),
    ("bot-in-channel.json", &["ignored: channel_post"]),
    (
        "bot-removed.json",
        &[
            "client telegroup system id=-1001293752024:member:892252990 chat=-1001293752024 raw=bot_removed name=Клуб покупателей author=Павел Условный user=318485656",
        ],
    ),
    ("bot-rights.json", &["ignored: my_chat_member"]),
    ("bot-unblocked.json", &["client telegram system id=218485655:member:892252988 raw=bot_unblocked"]),
    (
        "business-bot.json",
        &[
            "company telegram text id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6603 channel=business:Iz1SVWMBeUuYAwAAcFYexample origin=bot status=sent author=Салон user=7770001 text=Записал вас на субботу",
        ],
    ),
    (
        "business-cannot-reply.json",
        &["channel business:Iz1SVWMBeUuYAwAAcFYexample needs_attention (cannot_reply) accepted"],
    ),
    (
        "business-client.json",
        &[
            "client telegram text id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6600 channel=business:Iz1SVWMBeUuYAwAAcFYexample text=Здравствуйте, ещё продаёте?",
        ],
    ),
    ("business-connection.json", &["channel business:Iz1SVWMBeUuYAwAAcFYexample active (enabled) accepted"]),
    (
        "business-deleted.json",
        &[
            "client telegram unsupported id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6601 channel=business:Iz1SVWMBeUuYAwAAcFYexample revision=deleted accepted",
            "client telegram unsupported id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6602 channel=business:Iz1SVWMBeUuYAwAAcFYexample revision=deleted accepted",
            "client telegram unsupported id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6603 channel=business:Iz1SVWMBeUuYAwAAcFYexample revision=deleted accepted",
        ],
    ),
    (
        "business-disconnected.json",
        &["channel business:Iz1SVWMBeUuYAwAAcFYexample disabled (disabled) accepted"],
    ),
    (
        "business-edited.json",
        &[
            "company telegram text id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6604 channel=business:Iz1SVWMBeUuYAwAAcFYexample revision=edited origin=phone status=sent author=Олег Примеров user=518485658 text=Да, приезжайте сегодня",
        ],
    ),
    (
        "business-offline.json",
        &[
            "company telegram text id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6602 channel=business:Iz1SVWMBeUuYAwAAcFYexample origin=rule status=sent author=Олег Примеров user=518485658 text=Мы ответим утром",
        ],
    ),
    (
        "business-owner.json",
        &[
            "company telegram text id=Iz1SVWMBeUuYAwAAcFYexample:218485655:6601 channel=business:Iz1SVWMBeUuYAwAAcFYexample origin=phone status=sent author=Олег Примеров user=518485658 text=Да, приезжайте",
        ],
    ),
    (
        "business-without-connection.json",
        &["poison (business_message.business_connection_id: missing): nothing"],
    ),
    (
        "callback-in-group.json",
        &[
            "client telegroup interactive id=-1001293752024:callback:938396 chat=-1001293752024 name=Клуб покупателей author=Павел Условный user=318485656 quote=-1001293752024:6411 details=answer(Да, yes:15) text=Да accepted",
        ],
    ),
    (
        "callback-inaccessible.json",
        &[
            "client telegram interactive id=218485655:callback:938395 quote=218485655:10 details=answer(no:15, no:15) text=no:15 accepted",
        ],
    ),
    ("callback-inline.json", &["ignored: inline_callback"]),
    (
        "callback.json",
        &[
            "client telegram interactive id=218485655:callback:938394 quote=218485655:6410 details=answer(Да, yes:15) text=Да accepted",
        ],
    ),
    ("channel-post.json", &["ignored: channel_post"]),
    (
        "checklist.json",
        &["client telegram text id=218485655:6579 raw=checklist text=Документы|- Паспорт|- ПТС"],
    ),
    (
        "contact-other.json",
        &["client telegram contact_card id=218485655:6576 details=cards(Пётр Образцов +7 999 000-33-44)"],
    ),
    (
        "contact-own.json",
        &[
            "client telegram contact_card id=218485655:6575 phone=+79990001122 details=cards(Марина 79990001122)",
        ],
    ),
    ("cut-off.txt", &["unreadable: no JSON object"]),
    ("dice.json", &["client telegram text id=218485655:6577 raw=dice text=🎲 4"]),
    (
        "document-without-type.json",
        &["client telegram document id=218485655:6570 media=telegram:BQACAgIAAxkBraw"],
    ),
    (
        "document.json",
        &[
            "client telegram document id=218485655:6569 media=telegram:BQACAgIAAxkBdoc mime=application/pdf file=dogovor.pdf bytes=182044 text=Договор",
        ],
    ),
    (
        "edited.json",
        &["client telegram text id=218485655:6559 revision=edited text=Добрый день! Белая ещё в продаже?"],
    ),
    ("empty-update.json", &["unreadable: no known member"]),
    ("external-reply.json", &["client telegram text id=218485655:6590 quote=? quoted=Скидка 5% text=А это?"]),
    (
        "forwarded.json",
        &["client telegram text id=218485655:6591 extra={\"forwardedFrom\":\"Новости\"} text=Скидка 5%"],
    ),
    ("game.json", &["client telegram unsupported id=218485655:6585 raw=game text=Гонки"]),
    ("gift.json", &["client telegram unsupported id=218485655:6582 raw=gift text=Спасибо!"]),
    (
        "group-anonymous.json",
        &[
            "client telegroup text id=-1001293752024:6593 chat=-1001293752024 name=Клуб покупателей author=Клуб покупателей user=-1001293752024 text=Встреча в субботу",
        ],
    ),
    (
        "group-joined.json",
        &[
            "client telegroup system id=-1001293752024:6594 chat=-1001293752024 raw=new_chat_members name=Клуб покупателей author=Павел Условный user=318485656 text=Павел Условный",
        ],
    ),
    (
        "group-left.json",
        &[
            "client telegroup system id=-1001293752024:6596 chat=-1001293752024 raw=left_chat_member name=Клуб покупателей author=Павел Условный user=318485656 text=Павел Условный",
        ],
    ),
    (
        "group-pinned.json",
        &[
            "client telegroup system id=-1001293752024:6597 chat=-1001293752024 raw=pinned_message name=Клуб покупателей author=Павел Условный user=318485656",
        ],
    ),
    (
        "group-title.json",
        &[
            "client telegroup system id=-1001293752024:6595 chat=-1001293752024 raw=new_chat_title name=Клуб покупателей author=Павел Условный user=318485656 text=Клуб владельцев",
        ],
    ),
    (
        "group.json",
        &[
            "client telegroup text id=-1001293752024:6592 chat=-1001293752024 name=Клуб покупателей author=Павел Условный user=318485656 text=Кто уже ездил?",
        ],
    ),
    (
        "ill-typed-contact.json",
        &[
            "poison (message.chat.first_name: wrong type): client telegram unsupported id=218485655:6610 raw=text name=Тестова text=Привет",
        ],
    ),
    (
        "ill-typed-file.json",
        &[
            "poison (message.document.file_id: wrong type): client telegram unsupported id=218485655:6609 raw=document text=Договор",
        ],
    ),
    (
        "ill-typed-text.json",
        &["poison (message.text: wrong type): client telegram unsupported id=218485655:6608 raw=text"],
    ),
    ("inline-query.json", &["ignored: inline_query"]),
    ("large-ids.json", &["client telegram text id=7999000112233:2147483647 chat=7999000112233 text=Привет"]),
    ("list.json", &["unreadable: no JSON object"]),
    (
        "live-location.json",
        &[
            "client telegram location id=218485655:6573 raw=live_location details=location(55.751244, 37.618423)",
        ],
    ),
    (
        "live-photo.json",
        &[
            "client telegram image id=218485655:6563 raw=live_photo media=telegram:AgACAgIAAxkBAAIZ-large mime=image/jpeg bytes=128188",
        ],
    ),
    ("location.json", &["client telegram location id=218485655:6572 details=location(55.751244, 37.618423)"]),
    ("message-in-channel.json", &["ignored: channel_post"]),
    (
        "migrate-from.json",
        &[
            "client telegroup system id=-1001293752024:6599 chat=-1001293752024 raw=migrate_from_chat_id name=Клуб покупателей author=Клуб покупателей user=-1001293752024 alias=-402345678",
        ],
    ),
    (
        "migrate-to.json",
        &[
            "client telegroup system id=-402345678:6598 chat=-402345678 raw=migrate_to_chat_id name=Клуб покупателей author=Павел Условный user=318485656 alias=-1001293752024",
        ],
    ),
    ("no-json.txt", &["unreadable: no JSON object"]),
    ("no-object.json", &["poison (message: no object): nothing"]),
    (
        "paid-media.json",
        &[
            "client telegram image id=218485655:6583 raw=paid_media media=telegram:AgACAgIAAxkBAAIZ-large mime=image/jpeg bytes=128188",
        ],
    ),
    (
        "photo.json",
        &[
            "client telegram image id=218485655:6560 media=telegram:AgACAgIAAxkBAAIZ-large mime=image/jpeg bytes=128188 text=Вот такая",
        ],
    ),
    ("poll.json", &["client telegram text id=218485655:6578 raw=poll text=Какой цвет?|- Белый|- Синий"]),
    ("quote.json", &["client telegram text id=218485655:6589 quote=218485655:6400 quoted=белая text=Эту"]),
    (
        "reaction-back.json",
        &["client telegram reaction id=218485655:reaction:892252985 details=reaction(218485655:6401, -)"],
    ),
    ("reaction-count.json", &["ignored: message_reaction_count"]),
    (
        "reaction-custom.json",
        &[
            "client telegroup reaction id=-1001293752024:reaction:892252986 chat=-1001293752024 raw=custom_emoji name=Клуб покупателей author=Павел Условный user=318485656 details=reaction(-1001293752024:77, ❔)",
        ],
    ),
    (
        "reaction.json",
        &["client telegram reaction id=218485655:reaction:892252984 details=reaction(218485655:6401, 🔥)"],
    ),
    (
        "reply-to-story.json",
        &["client telegram story_reply id=218485655:6581 details=story(7770001:31) text=Сколько стоит?"],
    ),
    (
        "rich-message.json",
        &["client telegram text id=218485655:6584 raw=rich_message text=Заявка|Белая, новая"],
    ),
    ("start-command.json", &["client telegram text id=218485655:6558 text=/start avito_15"]),
    (
        "sticker.json",
        &[
            "client telegram sticker id=218485655:6571 media=telegram:CAACAgIAAxkBstick mime=application/x-tgsticker bytes=23100 extra={\"emoji\":\"👍\"}",
        ],
    ),
    ("story.json", &["client telegram unsupported id=218485655:6580 raw=story"]),
    ("text.json", &["client telegram text id=218485655:6557 text=Добрый день! Машина ещё в продаже?"]),
    ("unknown-content.json", &["client telegram unsupported id=218485655:6587 raw=hologram"]),
    ("unknown-fields.json", &["client telegram text id=218485655:6606 text=Привет"]),
    ("unknown-update.json", &["ignored: unknown_update"]),
    (
        "venue.json",
        &["client telegram location id=218485655:6574 details=location(59.93, 30.31, Салон, Невский, 1)"],
    ),
    (
        "video-note.json",
        &[
            "client telegram video id=218485655:6566 raw=video_note media=telegram:DQACAgIAAxkBnote mime=video/mp4 bytes=612000",
        ],
    ),
    (
        "video.json",
        &[
            "client telegram video id=218485655:6564 media=telegram:BAACAgIAAxkBvideo mime=video/mp4 file=обзор.mp4 bytes=4718592 text=Обзор",
        ],
    ),
    (
        "voice.json",
        &[
            "client telegram voice id=218485655:6568 media=telegram:AwACAgIAAxkBvoice mime=audio/ogg bytes=15230",
        ],
    ),
    (
        "web-app-data.json",
        &[
            "client telegram interactive id=218485655:6586 raw=web_app_data details=answer(Записаться, {\"slot\":15}) text=Записаться",
        ],
    ),
    ("without-chat.json", &["poison (message.chat: missing): nothing"]),
    ("without-content.json", &["client telegram unsupported id=218485655:6588"]),
    ("without-date.json", &["client telegram text id=218485655:6613 text=Привет accepted"]),
    (
        "without-message-id.json",
        &["poison (message.message_id: missing): client telegram unsupported id=raw raw=text text=Привет"],
    ),
];
