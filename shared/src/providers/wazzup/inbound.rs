//! Wazzup's webhooks (Wazzup API v3, Webhooks): parsed into events; and a sample as Wazzup would post it.

use super::wire::Members;
use super::{message, reports};
use crate::base::clock::Timestamp;
use crate::model::connection::ChannelOwner;
use crate::model::messenger::Messenger;
use crate::providers::inbound::{Inbound, Item, Owners, Parsed, Reply, Sample, SampleRequest, WebhookRequest};
use serde_json::json;
use serde_json::value::RawValue;

/// Parses Wazzup's webhooks. Wazzup signs nothing: the URL's token is the only proof of the sender.
#[derive(Debug)]
pub(super) struct WazzupInbound;

impl Inbound for WazzupInbound {
    fn parse(&self, request: &WebhookRequest<'_>, owners: &Owners, accepted_at: Timestamp) -> Parsed {
        // Wazzup has one address per account, so all channels belong to one connection.
        match owners {
            Owners::One(owner) => parse(owner, request.body, accepted_at),
            Owners::ByChannel(_) => Parsed::Unreadable("an address of Wazzup's is one account's".into()),
        }
    }

    fn sample(&self, sample: &Sample<'_>) -> Option<SampleRequest> {
        let messenger = sample.channel.messenger().unwrap_or(Messenger::Whatsapp);
        let body = json!({"messages": [{
            "messageId": sample.message_id,
            "dateTime": sample.at.rfc3339(),
            "channelId": sample.channel.external,
            "chatType": messenger.chat_type(false),
            "chatId": sample.from,
            "type": "text",
            "isEcho": false,
            "status": "inbound",
            "text": sample.text,
            "contact": {"name": sample.name},
        }]});
        Some(SampleRequest { headers: Vec::new(), body: body.to_string().into_bytes() })
    }
}

/// Parses a webhook's body (Wazzup API v3, Webhooks): one object with `messages[]`, `statuses[]`,
/// `channelsUpdates[]` and `templateStatus` in any combination, or one that this bridge does not use. Every entry is parsed by itself, so
/// that a bad one affects no other; invalid UTF-8 becomes U+FFFD for the same reason.
pub(super) fn parse(owner: &ChannelOwner, body: &[u8], accepted_at: Timestamp) -> Parsed {
    let text = String::from_utf8_lossy(body);
    let Ok(Members(members)) = serde_json::from_str(text.trim_start_matches('\u{feff}')) else {
        return Parsed::Unreadable("no JSON object".into());
    };
    let mut found = Found { owner, accepted_at, items: Vec::new(), readable: false, wrong: None };
    let mut probe = false;
    for (name, value) in members {
        match name.as_str() {
            "messages" => found.entries("messages", value, message::read),
            "statuses" => found.entries("statuses", value, reports::status),
            "channelsUpdates" => found.entries("channelsUpdates", value, reports::channel),
            "templateStatus" => found.entry("templateStatus", value, reports::template),
            "createContact" => found.known("create_contact"),
            "createDeal" => found.known("create_deal"),
            "test" if value.get() == "true" => probe = true,
            _ => found.items.push(Item::Ignored("unknown_member")),
        }
    }
    match found {
        Found { readable: true, items, .. } => Parsed::Items(items),
        Found { wrong: Some(why), .. } => Parsed::Unreadable(why),
        _ if probe => Parsed::Reply(Reply::ok()),
        _ => Parsed::Unreadable("no known member".into()),
    }
}

/// The result of a body so far.
struct Found<'a> {
    owner: &'a ChannelOwner,
    accepted_at: Timestamp,
    items: Vec<Item>,
    /// Whether a known member could be read.
    readable: bool,
    /// The first known member that could not be read.
    wrong: Option<String>,
}

impl Found<'_> {
    /// Parses a list's entries, each by itself.
    fn entries(
        &mut self,
        member: &str,
        value: &RawValue,
        read: fn(&ChannelOwner, &str, &RawValue, Timestamp) -> Item,
    ) {
        let Ok(entries) = serde_json::from_str::<Option<Vec<&RawValue>>>(value.get()) else {
            let why = format!("{member}: no list");
            self.items.push(Item::Poison { why: why.clone(), raw: value.get().to_owned(), event: None });
            self.wrong.get_or_insert(why);
            return;
        };
        self.readable = true;
        for (index, entry) in entries.unwrap_or_default().into_iter().enumerate() {
            self.items.push(read(self.owner, &format!("{member}[{index}]"), entry, self.accepted_at));
        }
    }

    /// Parses a member that is one entry; null is none.
    fn entry(
        &mut self,
        member: &str,
        value: &RawValue,
        read: fn(&ChannelOwner, &str, &RawValue, Timestamp) -> Item,
    ) {
        self.readable = true;
        if value.get() != "null" {
            self.items.push(read(self.owner, member, value, self.accepted_at));
        }
    }

    /// Counts a member that this version does not use.
    fn known(&mut self, name: &'static str) {
        self.readable = true;
        self.items.push(Item::Ignored(name));
    }
}
