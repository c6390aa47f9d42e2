//! Contacts and deals that a CRM loads by itself with `POST /v3/contacts` and `POST /v3/deals`. They say which of the
//! CRM's contacts a client is before the client first writes, and who is responsible for that contact there (B1, C2).

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ContactId, EmployeeId, IdSalt};
use crate::base::phone::Phone;
use crate::model::contact::blacklist::Subject;
use crate::model::contact::{Contact, CrmRecords, Identity};
use crate::model::messenger::Messenger;
use serde::{Deserialize, Serialize};

/// Maximum number of entities that one request loads or deletes.
pub const MAX_ENTITIES: usize = 100;
/// Maximum number of contact points of one CRM contact.
pub const MAX_POINTS: usize = 20;

/// A contact point: an address at which a contact of the CRM can be written to, in Wazzup's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactPoint {
    /// `whatsapp`, `telegram` …
    pub chat_type: String,
    /// The messenger's id of the contact: digits of a phone for WhatsApp and Viber.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<String>,
    /// The contact's user name, a weak attribute: no client is found by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The contact's phone, where the messenger's id is not a phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl ContactPoint {
    /// The identity that the messenger knows at this point.
    pub fn identity(&self) -> Option<Identity> {
        let user = self.chat_id.as_deref().map(str::trim).filter(|user| !user.is_empty())?;
        let (messenger, group) = Messenger::of_chat_type(&self.chat_type)?;
        let mut user = user.to_owned();
        if messenger.id_is_phone() && !group {
            // CRMs write numbers as people do: +7 (901) 111-22-33.
            user.retain(|char| char.is_ascii_digit());
        }
        (!user.is_empty()).then_some(Identity { messenger, group, user })
    }

    /// The point as Wazzup shows it: numbers as digits, `phone` for Telegram and MAX alone, `username` for Telegram.
    /// `met` is the messenger's id of the contact, where the point has none and the contact has written since.
    #[must_use]
    pub fn shown(&self, met: Option<String>, region: &str) -> Self {
        let messenger =
            Messenger::of_chat_type(&self.chat_type).filter(|(_, group)| !group).map(|(own, _)| own);
        let by_phone = matches!(messenger, Some(Messenger::Telegram | Messenger::Max));
        let digits = || {
            let phone = self.phone.as_ref()?;
            Some(Phone::parse(phone, region).map_or_else(|| phone.clone(), |phone| phone.digits().to_owned()))
        };
        let is_phone = messenger.as_ref().is_some_and(Messenger::id_is_phone);
        let own = self.identity().map(|identity| identity.user).or_else(|| self.chat_id.clone());
        Self {
            chat_type: self.chat_type.clone(),
            chat_id: own.or(met).or_else(|| digits().filter(|_| is_phone)),
            username: self.username.clone().filter(|_| messenger == Some(Messenger::Telegram)),
            phone: digits().filter(|_| by_phone),
        }
    }

    /// The contact's phone at this point; a number without a country code is read as one of `region`.
    pub fn phone(&self, region: &str) -> Option<Phone> {
        let told = || Phone::parse(self.phone.as_deref()?, region);
        let own = self.identity().and_then(|identity| identity.phone());
        let (_, group) = Messenger::of_chat_type(&self.chat_type)?;
        if group { None } else { own.or_else(told) }
    }
}

/// A contact as the CRM loaded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrmContact {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The CRM's id of it.
    pub id: String,
    /// The employee who is responsible there; they need not be loaded here.
    pub responsible: EmployeeId,
    /// Its name.
    pub name: String,
    /// Where the contact can be written to.
    pub points: Vec<ContactPoint>,
    /// Link to its card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The fingerprint of the CRM that loaded it; `None`: no CRM was connected yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_crm: Option<String>,
    /// The first deal that the CRM loaded for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealRef>,
    /// When it was last loaded.
    pub loaded_at: Timestamp,
}

/// A deal of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealRef {
    /// The CRM's id of it.
    pub id: String,
    /// Link to its card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

impl CrmContact {
    /// The identities that it lists.
    pub fn identities(&self) -> Vec<Identity> {
        let mut all: Vec<Identity> = Vec::new();
        for identity in self.points.iter().filter_map(ContactPoint::identity) {
            if !all.contains(&identity) {
                all.push(identity);
            }
        }
        all
    }

    /// The phones that it lists.
    pub fn phones(&self, region: &str) -> Vec<Phone> {
        let mut all: Vec<Phone> = self.points.iter().filter_map(|point| point.phone(region)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The subjects by which a client is matched to this contact: the salted digests of its phones, and of identities
    /// that are not phones.
    pub fn subjects(&self, region: &str, salt: &IdSalt) -> Vec<String> {
        let by_identity = self.identities().iter().map(Subject::of).collect::<Vec<_>>();
        let by_phone = self.phones(region).into_iter().map(Subject::Phone);
        let mut all: Vec<String> =
            by_identity.into_iter().chain(by_phone).map(|subject| subject.digest(salt)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The contact after a deal of it is loaded: the first deal is kept.
    #[must_use]
    pub fn with_deal(&self, deal: &CrmDeal) -> Self {
        let known = self.deal.clone().filter(|known| known.id != deal.id);
        let loaded = || DealRef { id: deal.id.clone(), uri: deal.uri.clone() };
        Self { deal: Some(known.unwrap_or_else(loaded)), ..self.clone() }
    }

    /// Whether it belongs to the CRM with this fingerprint.
    pub fn is_of(&self, crm: &str) -> bool {
        self.in_crm.as_deref().is_none_or(|own| own == crm)
    }
}

/// A kind of records that a CRM has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A contact.
    Contact,
    /// A deal.
    Deal,
}

impl RecordKind {
    /// Its name in keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Deal => "deal",
        }
    }
}

/// Maps a record of the CRM, by the CRM's id, to a client of ours that it belongs to. The client's own row says whether
/// the mapping still holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordOwner {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The record's kind.
    pub kind: RecordKind,
    /// The CRM's id of the record.
    pub record: String,
    /// Our contact.
    pub contact: ContactId,
}

impl RecordOwner {
    /// The rows that lead from a client's records to the client.
    pub fn all_of(client: &Contact) -> Vec<Self> {
        let ids = [(RecordKind::Contact, &client.crm.contact_id), (RecordKind::Deal, &client.crm.deal_id)];
        let row = |(kind, id): (RecordKind, &Option<String>)| {
            let (account, contact) = (client.account.clone(), client.contact.clone());
            id.clone().map(|record| Self { v: 1, account, kind, record, contact })
        };
        ids.into_iter().filter_map(row).collect()
    }
}

/// Maps a phone or an identity to a contact of the CRM. The contact itself says whether the mapping still holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrmSubject {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Digest of the phone or identity.
    pub digest: String,
    /// The CRM's id of the contact.
    pub crm_contact: String,
}

/// A deal as the CRM loaded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrmDeal {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The CRM's id of it.
    pub id: String,
    /// The employee who is responsible there.
    pub responsible: EmployeeId,
    /// Its name.
    pub name: String,
    /// Link to its card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The CRM's ids of its contacts.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Whether it is closed.
    #[serde(default)]
    pub closed: bool,
    /// As [`CrmContact::in_crm`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_crm: Option<String>,
    /// When it was last loaded.
    pub loaded_at: Timestamp,
}

/// A client's records after the CRM `crm` says that the client is its `contact`. `made` is the id of the client's
/// contact there that is no loaded one: the loaded contact replaces it. `None` when the client is linked to another
/// loaded contact there, or when their contact is being created at this moment: then the records do not change.
#[must_use]
pub fn link_contact(
    records: &CrmRecords,
    contact: &CrmContact,
    made: Option<&str>,
    crm: &str,
    now: Timestamp,
) -> Option<CrmRecords> {
    let mut linked = records.as_of(crm);
    let created = linked.claim.as_ref().is_some_and(|claim| claim.expires_at > now);
    match linked.contact_id.as_deref() {
        Some(known) if known == contact.id => {}
        // The card of the contact that was made is another one.
        Some(known) if made == Some(known) => linked.contact_uri = None,
        Some(_) => return None,
        None if created => return None,
        None => {}
    }
    linked.contact_id = Some(contact.id.clone());
    linked.contact_uri = contact.uri.clone().or(linked.contact_uri);
    linked.refused = None;
    linked.request = linked.request.filter(|_| created);
    if let Some(deal) = contact.deal.as_ref().filter(|_| linked.deal_id.is_none() && !created) {
        linked.deal_id = Some(deal.id.clone());
        linked.deal_uri.clone_from(&deal.uri);
    }
    Some(linked)
}

/// A client's records after the CRM says that `deal` is a deal of its contact `contact_id`. `None` when the client is
/// not that contact, when their records are being created at this moment, or when they have another deal: the first
/// deal is kept.
#[must_use]
pub fn link_deal(
    records: &CrmRecords,
    contact_id: &str,
    deal: &CrmDeal,
    crm: &str,
    now: Timestamp,
) -> Option<CrmRecords> {
    let mut linked = records.as_of(crm);
    let created = linked.claim.as_ref().is_some_and(|claim| claim.expires_at > now);
    if linked.contact_id.as_deref() != Some(contact_id) {
        return None;
    }
    match &linked.deal_id {
        Some(known) if *known != deal.id => return None,
        None if created => return None,
        _ => {}
    }
    linked.deal_id = Some(deal.id.clone());
    linked.deal_uri = deal.uri.clone().or(linked.deal_uri);
    Some(linked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contact::CreationClaim;

    fn point(chat_type: &str, chat_id: Option<&str>, phone: Option<&str>) -> ContactPoint {
        let own = |text: Option<&str>| text.map(str::to_owned);
        ContactPoint { chat_type: chat_type.into(), chat_id: own(chat_id), username: None, phone: own(phone) }
    }

    fn contact(points: Vec<ContactPoint>) -> CrmContact {
        CrmContact {
            v: 1,
            account: AccountId::new("a"),
            id: "4711".into(),
            responsible: EmployeeId::new("17"),
            name: "Marina".into(),
            points,
            uri: Some("https://crm.example.com/4711".into()),
            in_crm: None,
            deal: None,
            loaded_at: Timestamp::from_millis(0),
        }
    }

    fn deal() -> CrmDeal {
        CrmDeal {
            v: 1,
            account: AccountId::new("a"),
            id: "815".into(),
            responsible: EmployeeId::new("17"),
            name: "Car".into(),
            uri: None,
            contacts: vec!["4711".into()],
            closed: false,
            in_crm: None,
            loaded_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn p11_one_phone_in_several_messengers_is_one_subject() {
        let salt = IdSalt::from_bytes([1; 16]);
        let loaded = contact(vec![
            point("whatsapp", Some("+7 (901) 111-22-33"), None),
            point("viber", Some("79011112233"), None),
            point("telegram", None, Some("8 901 111 22 33")),
        ]);
        assert_eq!(loaded.subjects("RU", &salt).len(), 1);
        assert_eq!(loaded.identities().len(), 2, "a telegram user without an id has no identity");
        let phone = Phone::parse("+79011112233", "RU").unwrap();
        assert_eq!(loaded.subjects("RU", &salt), [Subject::Phone(phone.clone()).digest(&salt)]);
        assert_eq!(loaded.phones("RU"), [phone]);
    }

    #[test]
    fn groups_and_user_names_have_no_phone_and_unknown_messengers_are_taken() {
        let loaded = contact(vec![
            point("whatsgroup", Some("79011112233-1"), Some("79011112233")),
            point("signal", Some("abc"), None),
            point("no messenger", Some("x"), None),
            point("instagram", Some(" "), None),
        ]);
        assert!(loaded.phones("RU").is_empty());
        assert_eq!(loaded.identities().len(), 2);
    }

    #[test]
    fn records_are_linked_where_there_are_none() {
        let (loaded, now) = (contact(Vec::new()), Timestamp::from_millis(100));
        let linked = link_contact(&CrmRecords::default(), &loaded, None, "crm", now).unwrap();
        assert_eq!((linked.contact_id.as_deref(), linked.in_crm.as_deref()), (Some("4711"), Some("crm")));
        let other = CrmRecords { contact_id: Some("1".into()), ..linked.clone() };
        assert_eq!(link_contact(&other, &loaded, None, "crm", now), None, "he is another contact there");
        assert!(link_contact(&other, &loaded, None, "another crm", now).is_some(), "those are another CRM's");
        let claim =
            |until| Some(CreationClaim { owner: "o".into(), expires_at: Timestamp::from_millis(until) });
        let being_made =
            |until| CrmRecords { in_crm: Some("crm".into()), claim: claim(until), ..CrmRecords::default() };
        assert_eq!(link_contact(&being_made(101), &loaded, None, "crm", now), None);
        assert!(link_contact(&being_made(100), &loaded, None, "crm", now).is_some());
    }

    #[test]
    fn a_loaded_contact_replaces_one_that_was_created() {
        let (loaded, now) = (contact(Vec::new()), Timestamp::from_millis(100));
        let made = CrmRecords {
            in_crm: Some("crm".into()),
            contact_id: Some("1".into()),
            contact_uri: Some("https://crm.example.com/1".into()),
            deal_id: Some("815".into()),
            ..CrmRecords::default()
        };
        let linked = link_contact(&made, &loaded, Some("1"), "crm", now).unwrap();
        assert_eq!((linked.contact_id.as_deref(), &linked.contact_uri), (Some("4711"), &loaded.uri));
        assert_eq!(linked.deal_id.as_deref(), Some("815"), "the deal stays");
        let bare = CrmContact { uri: None, ..loaded.clone() };
        assert_eq!(link_contact(&made, &bare, Some("1"), "crm", now).unwrap().contact_uri, None);
        assert_eq!(link_contact(&made, &loaded, Some("2"), "crm", now), None, "another one by now");
        assert_eq!(link_contact(&made, &loaded, None, "crm", now), None, "a loaded one");
    }

    #[test]
    fn points_are_shown_as_wazzup_has_them() {
        let shown = |point: ContactPoint, met: Option<&str>| {
            let shown = point.shown(met.map(str::to_owned), "RU");
            (shown.chat_id, shown.username, shown.phone)
        };
        let some = |text: &str| Some(text.to_owned());
        let all = |chat_type: &str| ContactPoint {
            username: some("anna"),
            ..point(chat_type, Some("7"), Some("8 901 111-22-33"))
        };
        assert_eq!(shown(all("telegram"), None), (some("7"), some("anna"), some("79011112233")));
        assert_eq!(shown(all("max"), None), (some("7"), None, some("79011112233")));
        for other in ["vk", "avito", "instagram", "telegroup", "maxgroup"] {
            assert_eq!(shown(all(other), None), (some("7"), None, None), "{other}");
        }
        let by_phone = |chat_type| point(chat_type, None, Some("+7 901 111-22-33"));
        assert_eq!(shown(by_phone("telegram"), None), (None, None, some("79011112233")));
        assert_eq!(shown(by_phone("telegram"), Some("55")), (some("55"), None, some("79011112233")));
        assert_eq!(shown(by_phone("whatsapp"), None), (some("79011112233"), None, None));
        assert_eq!(shown(point("whatsapp", Some("+7 (901) 111-22-33"), None), None).0, some("79011112233"));
        assert_eq!(shown(point("telegram", Some("7"), Some("?")), Some("8")), (some("7"), None, some("?")));
    }

    #[test]
    fn a_deal_is_linked_to_its_own_contact_and_the_first_one_stays() {
        let now = Timestamp::from_millis(100);
        let records = CrmRecords {
            in_crm: Some("crm".into()),
            contact_id: Some("4711".into()),
            ..CrmRecords::default()
        };
        let linked = link_deal(&records, "4711", &deal(), "crm", now).unwrap();
        assert_eq!(linked.deal_id.as_deref(), Some("815"));
        assert_eq!(link_deal(&records, "4712", &deal(), "crm", now), None);
        assert_eq!(link_deal(&records, "4711", &deal(), "another crm", now), None);
        let other = CrmRecords { deal_id: Some("1".into()), ..linked };
        assert_eq!(link_deal(&other, "4711", &deal(), "crm", now), None);
    }

    #[test]
    fn a_contacts_deal_is_its_clients() {
        let loaded = contact(Vec::new()).with_deal(&deal());
        let other = CrmDeal { id: "816".into(), ..deal() };
        assert_eq!(loaded.with_deal(&other).deal, loaded.deal, "the first one stays");
        let moved = CrmDeal { uri: Some("https://crm.example.com/815".into()), ..deal() };
        assert!(loaded.with_deal(&moved).deal.unwrap().uri.is_some());
        let now = Timestamp::from_millis(100);
        let linked = link_contact(&CrmRecords::default(), &loaded, None, "crm", now).unwrap();
        assert!(linked.are_complete(), "nothing is to be created");
    }
}
