//! The texts of findings, in both languages.

use super::{About, Code};
use crate::model::texts::Language;

/// A finding in the account's language. It contains names of employees and channels: it is an API answer, and is never
/// logged.
pub(super) fn text(code: Code, about: About<'_>, language: Language) -> String {
    let channel = about.channel.map_or_else(|| "?".to_owned(), |channel| channel.shown_name().to_owned());
    let state = about.channel.and_then(|channel| channel.raw_state.clone()).unwrap_or_default();
    let employee = about.employee.map_or("?", |employee| employee.name.as_str());
    let connection = about.connection.map_or("?", |connection| connection.name.as_str());
    let messenger = about.messenger.map_or("?", title);
    let filled = pattern(code, language)
        .replace("{state}", &if state.is_empty() { String::new() } else { format!(" ({state})") })
        .replace("{messenger}", messenger);
    // Names are inserted last, so that braces in a name are not treated as a placeholder.
    let at = |place: &str| filled.find(place).map(|at| (at, place.len()));
    let named = [("{channel}", channel.as_str()), ("{employee}", employee), ("{connection}", connection)];
    match named.iter().find_map(|(place, name)| at(place).map(|at| (at, *name))) {
        Some(((at, length), name)) => format!("{}{name}{}", &filled[..at], &filled[at + length..]),
        None => filled,
    }
}

/// A messenger's name as its makers write it.
fn title(messenger: &str) -> &str {
    match messenger {
        "whatsapp" => "WhatsApp",
        "telegram" => "Telegram",
        "instagram" => "Instagram",
        "viber" => "Viber",
        "vk" => "VK",
        "avito" => "Avito",
        "max" => "MAX",
        other => other,
    }
}

/// The text of a finding, with at most one name placeholder.
fn pattern(code: Code, language: Language) -> &'static str {
    match language {
        Language::Ru => russian(code),
        Language::En => english(code),
    }
}

fn russian(code: Code) -> &'static str {
    match code {
        Code::NoConnection => "Ни один мессенджер не подключён.",
        Code::ConnectionUnauthorized => {
            "Подключение «{connection}»: провайдер не принимает ключ. Подключите его заново."
        }
        Code::ConnectionNotReady => {
            "Подключение «{connection}» не завершено, сообщения не приходят. Обновите его."
        }
        Code::ChannelNeedsAttention => "Канал «{channel}» требует внимания в кабинете провайдера{state}.",
        Code::ChannelUnauthorized => "Канал «{channel}» не авторизован у провайдера{state}.",
        Code::ChannelDisabled => "Канал «{channel}» отключён{state}.",
        Code::ChannelPending => "Канал «{channel}» ещё подключается у провайдера{state}.",
        Code::ChannelPaused => "Канал «{channel}» приостановлен: ответы не отправляются, новые клиенты ждут.",
        Code::ChannelIgnored => "Канал «{channel}» игнорируется: всё, что на него приходит, отбрасывается.",
        Code::NobodyMayWrite => "На канале «{channel}» никто не может отвечать клиентам.",
        Code::NobodyEligible => {
            "На канале «{channel}» никто не получает новых клиентов по очереди: они ждут."
        }
        Code::NobodyReceives => "На канале «{channel}» никто из тех, кто пишет, не получает новых клиентов.",
        Code::FallbackCannotWrite => {
            "Канал «{channel}»: сотрудник, которому достаются клиенты, когда больше некому, не может на нём писать: они ждут."
        }
        Code::FallbackWithoutHeads => {
            "Канал «{channel}»: клиенты, когда больше некому, достаются руководителям, а писать на нём ни один не может: они ждут."
        }
        Code::HoursNeverOpen => {
            "Сотрудник {employee}: рабочее время никогда не наступает, новых клиентов он не получит."
        }
        Code::NoEmployees => "Сотрудники не загружены.",
        Code::EmployeeWithoutRole => "Сотрудник {employee}: нет роли ни на одном канале.",
        Code::EmployeeNotBound => {
            "Сотрудник {employee}: не может писать в {messenger}, каналы за ним не закреплены."
        }
        Code::EmployeeWithoutDefault => {
            "Сотрудник {employee}: каналов {messenger} несколько, основной не выбран ни у него, ни у аккаунта."
        }
        Code::NoAccountDefault => {
            "Каналов {messenger} несколько, а основной канал аккаунта не выбран: он нужен ботам."
        }
        Code::AccountDefaultUnusable => "Основной канал аккаунта для {messenger} не работает.",
        Code::StageUnknown => "Канал «{channel}»: этапа, с которого начинаются сделки, в CRM нет.",
        Code::NoPipelines => "Этап сделок выбран, но воронки CRM не загружены: сделки не создаются.",
        Code::NoCrm => "CRM не подключена: чаты есть только здесь.",
        Code::CrmUnauthorized => "CRM не принимает наш ключ: задайте его заново.",
        Code::CrmPaused => "CRM не отвечает, передача в неё приостановлена.",
    }
}

fn english(code: Code) -> &'static str {
    match code {
        Code::NoConnection => "No messenger is connected.",
        Code::ConnectionUnauthorized => {
            "Connection “{connection}”: the provider does not take the key. Connect it anew."
        }
        Code::ConnectionNotReady => {
            "Connection “{connection}” is not finished, so no messages come. Refresh it."
        }
        Code::ChannelNeedsAttention => "Channel “{channel}” needs attention at the provider{state}.",
        Code::ChannelUnauthorized => "Channel “{channel}” is not authorized at the provider{state}.",
        Code::ChannelDisabled => "Channel “{channel}” is switched off{state}.",
        Code::ChannelPending => "Channel “{channel}” is still being connected by the provider{state}.",
        Code::ChannelPaused => "Channel “{channel}” is paused: answers are not sent, new clients wait.",
        Code::ChannelIgnored => "Channel “{channel}” is ignored: all that comes on it is dropped.",
        Code::NobodyMayWrite => "Nobody can answer clients on channel “{channel}”.",
        Code::NobodyEligible => "Nobody gets new clients in turn on channel “{channel}”: they wait.",
        Code::NobodyReceives => "Nobody who writes gets new clients on channel “{channel}”.",
        Code::FallbackCannotWrite => {
            "Channel “{channel}”: the employee who gets clients when nobody else can have them cannot write there: they wait."
        }
        Code::FallbackWithoutHeads => {
            "Channel “{channel}”: heads get the clients whom nobody else can have, and none can write there: they wait."
        }
        Code::HoursNeverOpen => "Employee {employee}: the working hours never begin, so no new clients come.",
        Code::NoEmployees => "No employees are loaded.",
        Code::EmployeeWithoutRole => "Employee {employee}: no role on any channel.",
        Code::EmployeeNotBound => {
            "Employee {employee}: cannot write in {messenger}, bound to none of its channels."
        }
        Code::EmployeeWithoutDefault => {
            "Employee {employee}: several channels of {messenger}, and neither the employee nor the account has a default."
        }
        Code::NoAccountDefault => {
            "There are several channels of {messenger}, and the account has no default, which bots need."
        }
        Code::AccountDefaultUnusable => "The account's default channel for {messenger} does not work.",
        Code::StageUnknown => "Channel “{channel}”: the stage where deals begin is not in the CRM.",
        Code::NoPipelines => "A deal stage is chosen, but no pipelines are loaded: no deals are created.",
        Code::NoCrm => "No CRM is connected: the chats are only here.",
        Code::CrmUnauthorized => "The CRM does not take our key: set it again.",
        Code::CrmPaused => "The CRM does not answer, so it is not told anything for now.",
    }
}
