//! The webhooks that the story posts.

use crate::account::{Account, SetupError, random};
use crate::wazzup::{echo, messages, status, text, unknown_type};
use jiff::{Timestamp, ToSpan};

/// Counts of what was posted; the texts are not here, because the transcript is read back.
pub struct Posted {
    /// Clients who wrote.
    pub clients: usize,
    /// Distinct messages.
    pub messages: usize,
}

#[expect(clippy::disallowed_methods, reason = "a webhook carries the present time")]
pub(super) fn moment(second: i64) -> String {
    format!("{:.3}", Timestamp::now().checked_add((second - 60).seconds()).unwrap_or_default())
}

pub(super) async fn post(account: &Account) -> Result<Posted, SetupError> {
    let (sales, service) = (&account.channels[0].external, &account.channels[1].external);
    let run = random();
    let id = |name: &str| format!("{}-{name}", &run[..12]);
    let duplicate = messages(&[text(
        sales,
        "79011112201",
        &id("ivan-1"),
        &moment(1),
        "Здравствуйте! Toyota Camry 2021 ещё в продаже?",
    )]);
    let bodies = [
        duplicate.clone(),
        messages(&[text(sales, "79011112201", &id("ivan-2"), &moment(2), "Можно сегодня посмотреть?")]),
        // A batch of two clients; one message has an unknown type.
        messages(&[
            text(sales, "79011112202", &id("olga-1"), &moment(3), "Добрый день, есть ли рассрочка?"),
            text(sales, "79011112203", &id("petr-1"), &moment(3), "Принимаете машины в трейд-ин?"),
            unknown_type(sales, "79011112203", &id("petr-2"), &moment(4)),
            text(sales, "79011112202", &id("olga-2"), &moment(5), "Первый взнос 20%"),
        ]),
        duplicate.clone(),
        duplicate,
        messages(&[echo(sales, "79011112201", &id("echo-1"), &moment(6), "Да, приезжайте до 20:00")]),
        status(&id("echo-1"), "delivered", &moment(7)),
        status(&id("echo-1"), "read", &moment(8)),
        messages(&[text(sales, "79011112204", &id("maria-1"), &moment(9), "Скиньте, пожалуйста, VIN")]),
        messages(&[text(service, "79011112205", &id("oleg-1"), &moment(10), "Запишите на ТО, пожалуйста")]),
    ];
    for body in &bodies {
        let outcome = account.post(body).await?;
        if outcome.status != Some(200) {
            return Err(SetupError::NotAccepted(format!("{outcome:?}")));
        }
    }
    Ok(Posted { clients: 5, messages: 9 })
}
