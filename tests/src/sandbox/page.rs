//! The page that shows the sandbox's state. All texts on it are written by `Text`, which escapes them.

use std::fmt::{self, Display, Write};

use axum::extract::State;
use axum::response::Html;

use super::App;
use super::control::World;
use super::crm::page::one_message;
use super::crm::store::Crm;
use super::state::{Chat, CrmState};
use super::telegram::page::one_bot;
use super::wazzup::Account;
use super::wazzup::page::one_phone;

const SHOWN: usize = 200;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Switchboard sandbox</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c0392b }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1rem 0 .3rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top;
border-bottom: 1px solid var(--line) } th { font-weight: 600; font-size: .85rem; opacity: .7 }
.m { margin: .25rem 0; padding: .35rem .6rem; border-radius: .6rem; background: var(--soft); width: fit-content; max-width: 75%;
white-space: pre-wrap; overflow-wrap: anywhere } .out { margin-left: auto; background: #2e86de33 }
.m blockquote { margin: .2rem 0; padding-left: .6rem; border-left: 3px solid var(--line); opacity: .75 }
.m .ad { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .5rem; margin: .2rem 0 }
mark { background: var(--soft); color: inherit; border-radius: .3rem; padding: 0 .3rem }
small { opacity: .65 } .bad { color: var(--bad) } .none { opacity: .5 } del { opacity: .6 }
</style></head><body><h1>Switchboard sandbox</h1>
"#;

/// An untrusted text, escaped.
pub(super) struct Text<T>(pub T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// `GET /`
pub(crate) async fn page(State(app): State<App>) -> Html<String> {
    let mut html = HEAD.to_owned();
    // Writing to a String does not fail.
    app.world(|world| whole(&mut html, world)).ok();
    Html(html)
}

fn whole(html: &mut String, world: &World) -> fmt::Result {
    if world.crms.is_empty() && world.wazzup.is_empty() && world.telegram.is_empty() {
        html.write_str("<p class=none>Nothing is set up yet.</p>")?;
    }
    for crm in world.crms.values() {
        one_crm(html, crm)?;
    }
    for (number, account) in world.wazzup.values().enumerate() {
        one_account(html, number + 1, account)?;
    }
    world.telegram.values().try_for_each(|bot| one_bot(html, bot))?;
    let files = world.files.iter().map(|(name, file)| {
        let file = file.view(name);
        let kind = file.content_type.unwrap_or_else(|| "not there".into());
        (None, vec![file.name, kind, file.bytes.to_string(), file.requests.len().to_string()])
    });
    section(html, "<h2>Files</h2>", &["name", "type", "bytes", "asked for"], files)?;
    let faults = world.faults.views();
    let rows = faults.iter().map(|f| {
        let action = serde_json::to_string(&f.fault.action).unwrap_or_default();
        let left = f.remaining.map_or_else(|| "until cleared".to_owned(), |n| n.to_string());
        // A Wazzup key and a bot's token are treated as secrets, even here.
        let target = f.fault.target.split_once(':');
        let target =
            target.map_or("", |(kind, name)| if matches!(kind, "wazzup" | "telegram") { kind } else { name });
        (
            None,
            vec![f.id.to_string(), target.to_owned(), f.fault.kind.clone(), action, f.hits.to_string(), left],
        )
    });
    section(html, "<h2>Faults</h2>", &["id", "at", "kind", "does", "hits", "left"], rows)?;
    html.write_str("</body></html>\n")
}

/// A table with rows that can be linked to by id.
fn table(
    html: &mut String,
    heads: &[&str],
    rows: impl Iterator<Item = (Option<String>, Vec<String>)>,
) -> fmt::Result {
    html.write_str("<table><tr>")?;
    for head in heads {
        write!(html, "<th>{head}</th>")?;
    }
    html.write_str("</tr>")?;
    for (id, cells) in rows {
        match id {
            Some(id) => write!(html, "<tr id=\"{}\">", Text(id))?,
            None => html.write_str("<tr>")?,
        }
        for cell in cells {
            write!(html, "<td>{}</td>", Text(cell))?;
        }
        html.write_str("</tr>")?;
    }
    html.write_str("</table>")
}

/// A heading with its table, unless the table is empty.
fn section(
    html: &mut String,
    heading: &str,
    heads: &[&str],
    rows: impl ExactSizeIterator<Item = (Option<String>, Vec<String>)>,
) -> fmt::Result {
    if rows.len() == 0 {
        return Ok(());
    }
    html.write_str(heading)?;
    table(html, heads, rows)
}

fn one_crm(html: &mut String, crm: &Crm) -> fmt::Result {
    let state = &crm.state;
    write!(
        html,
        "<h2 id=\"{0}\">CRM {0} <small>{1} deliveries</small></h2>",
        Text(&state.name),
        state.deliveries
    )?;
    entities(html, state)?;
    for chat in &state.chats {
        one_chat(html, chat)?;
    }
    let finished = state.finished.iter().map(|f| {
        let chat = format!("{} {}", f.chat_type, f.chat_id);
        (None, vec![f.finished_at.clone(), chat, f.channel_id.clone(), f.reason.to_string()])
    });
    section(html, "<h3>Finished chats</h3>", &["at", "chat", "channel", "reason"], finished)?;
    let notices = state.notifications.iter().map(|n| {
        let chat = format!("{} {}", n.chat_type, n.chat_id);
        let to = n.user_id.as_ref().map_or(n.to.to_string(), |user| format!("{} {user}", n.to));
        (None, vec![n.at.clone(), chat, to, n.text.clone()])
    });
    section(html, "<h3>Notices</h3>", &["at", "chat", "to", "text"], notices)?;
    let waiting = state.waiting.iter().map(|w| {
        let oldest = w.oldest_at.clone().unwrap_or_default();
        (None, vec![w.channel_id.clone(), w.count.to_string(), oldest, w.heads.join(", ")])
    });
    section(html, "<h3>Waiting clients</h3>", &["channel", "how many", "since", "heads"], waiting)?;
    let refused = state
        .refused
        .iter()
        .map(|r| (None, vec![r.seq.to_string(), r.status.to_string(), r.path.clone(), r.message.clone()]));
    section(html, "<h3 class=bad>Refused</h3>", &["delivery", "status", "field", "why"], refused)?;
    let anomalies =
        state.anomalies.iter().map(|a| (None, vec![a.seq.to_string(), a.kind.to_string(), a.detail.clone()]));
    section(html, "<h3 class=bad>Anomalies</h3>", &["delivery", "kind", "which"], anomalies)
}

fn entities(html: &mut String, state: &CrmState) -> fmt::Result {
    let anchor = |uri: &str| uri.split_once('#').map(|(_, id)| id.to_owned());
    let contacts = state.contacts.iter().map(|c| {
        let data: Vec<String> =
            c.contact_data.iter().map(|d| format!("{} {}", d.chat_type, d.chat_id)).collect();
        (anchor(&c.uri), vec![c.id.clone(), c.name.clone(), c.responsible_user_id.clone(), data.join(", ")])
    });
    section(html, "<h3>Contacts</h3>", &["id", "name", "responsible", "reached by"], contacts)?;
    let deals = state.deals.iter().map(|d| {
        let stage = d.stage.as_ref().map_or("—".into(), |s| format!("{} / {}", s.pipeline_id, s.stage_id));
        let cells =
            vec![d.id.clone(), d.name.clone(), d.contacts.join(", "), d.responsible_user_id.clone(), stage];
        (anchor(&d.uri), cells)
    });
    section(html, "<h3>Deals</h3>", &["id", "name", "contacts", "responsible", "pipeline / stage"], deals)
}

fn one_chat(html: &mut String, chat: &Chat) -> fmt::Result {
    let skipped = chat.messages.len().saturating_sub(SHOWN);
    write!(
        html,
        "<h3>Chat {} {} <small>channel {}, {} messages</small></h3>",
        chat.chat_type,
        Text(&chat.chat_id),
        Text(&chat.channel_id),
        chat.messages.len()
    )?;
    if skipped > 0 {
        write!(html, "<p class=none>{skipped} earlier ones are not shown</p>")?;
    }
    chat.messages[skipped..].iter().try_for_each(|message| one_message(html, message))
}

fn one_account(html: &mut String, number: usize, account: &Account) -> fmt::Result {
    let state = &account.state;
    write!(html, "<h2>Wazzup account {number} <small>{} webhooks posted</small></h2>", state.posts.len())?;
    let address = if state.webhooks_uri.is_some() { "registered" } else { "none" };
    write!(html, "<p>Webhook address: {address}</p>")?;
    let rows = state.channels.iter().map(|c| {
        (
            None,
            vec![
                c.channel_id.clone(),
                c.transport.clone(),
                c.plain_id.clone(),
                c.name.clone().unwrap_or_default(),
                c.state.clone(),
            ],
        )
    });
    table(html, &["channel", "transport", "number", "name", "state"], rows)?;
    state.chats.iter().try_for_each(|chat| one_phone(html, chat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_escaped() {
        assert_eq!(
            Text("<b a='1'>\"Привет\" & ко").to_string(),
            "&lt;b a=&#39;1&#39;&gt;&quot;Привет&quot; &amp; ко"
        );
    }
}
