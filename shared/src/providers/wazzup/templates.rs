//! WABA templates (Wazzup API v3, WhatsApp Business API templates).

use crate::base::clock::Timestamp;
use crate::platform::http::DEFAULT_TIMEOUT;
use crate::providers::client::{Page, ProviderError, Template};
use secrecy::SecretString;
use serde_json::Value;
use super::loose;
use super::api::{Call, Method, shortened, verdict, WazzupApi};

/// The most templates of one call.
const MAX_LIMIT: u32 = 100;
/// The longest text of a template that is kept, in characters: all parts of a template are shorter.
const MAX_TEXT: usize = 4096;

impl WazzupApi<'_> {
    /// The account's templates: `GET /v3/templates/whatsapp`, at most 100 from `offset` on. An entry without an id is
    /// skipped.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] also if the answer is no list.
    pub async fn templates(
        &self,
        key: &SecretString,
        page: Page,
        now: Timestamp,
    ) -> Result<Vec<Template>, ProviderError> {
        let query = [
            ("limit", page.limit.clamp(1, MAX_LIMIT).to_string()),
            ("offset", page.offset.to_string()),
        ];
        let route = ["templates", "whatsapp"];
        let call =
            Call { method: Method::GET, route: &route, query: &query, body: None, timeout: DEFAULT_TIMEOUT };
        let answer = verdict(self.ask(call, key, now).await?).map_err(shortened)?;
        let entries: Vec<Value> = serde_json::from_slice(&answer.body)
            .map_err(|_| ProviderError::Unavailable("the answer is no list of templates".into()))?;
        Ok(entries.into_iter().filter_map(read).collect())
    }
}

/// One entry. Each member is read by itself, so that an invalid one does not hide the template.
fn read(raw: Value) -> Option<Template> {
    let word = |name: &str| raw.get(name).and_then(loose::text);
    let id = word("templateGuid")?;
    let body = component(&raw, "BODY").and_then(|body| body["text"].as_str());
    let channels = raw["channels"].as_array().map(|list| list.iter().filter_map(channel).collect());
    Some(Template {
        title: word("title").or_else(|| word("name")),
        language: word("language"),
        status: word("status").unwrap_or_default().to_ascii_lowercase(),
        channels: channels.unwrap_or_default(),
        body: body.map(|text| text.chars().take(MAX_TEXT).collect()),
        places: places(&raw),
        id,
        raw,
    })
}

/// A channel, given by its id or as an object that contains it.
fn channel(entry: &Value) -> Option<String> {
    loose::text(entry).or_else(|| loose::text(entry.get("channelId")?))
}

fn component<'a>(template: &'a Value, kind: &str) -> Option<&'a Value> {
    let is = |part: &&Value| part["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case(kind));
    template["components"].as_array()?.iter().find(is)
}

/// How many values it takes: the number that its code lists (`@template: … { [[a]]; [[b]] }`), otherwise the
/// placeholders in its texts.
fn places(template: &Value) -> usize {
    let listed = template["templateCode"].as_str().map_or(0, |code| code.matches("[[").count());
    if listed > 0 {
        return listed;
    }
    let parts = template["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_text = |value: &Value| value.as_str().map_or(0, |text| text.matches("{{").count());
    let of_part = |part: &Value| {
        let buttons = part["buttons"].as_array().map(Vec::as_slice).unwrap_or_default();
        of_text(&part["text"]) + buttons.iter().map(|button| of_text(&button["url"])).sum::<usize>()
    };
    parts.iter().map(of_part).sum()
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
