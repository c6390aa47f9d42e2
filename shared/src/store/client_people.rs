//! The contacts that a message concerns: as read, and in their new state.

use super::StoreError;
use super::attribute::{self, MERGED_BY};
use super::contacts::Who;
use super::keys::{self, ContactClaimRow};
use super::row::Write;
use crate::base::ids::{AccountId, ContactId, EmployeeId};
use crate::base::phone::Phone;
use crate::model::account::Account;
use crate::model::contact::merge::{Merged, follow};
use crate::model::contact::{Contact, ContactClaim, Identity, Merge, verified_phone};
use crate::model::event::MessageEvent;

/// The strong attributes of a message.
pub(super) struct ClientIdentities {
    /// The message's own identity first, then other forms of it.
    pub identities: Vec<Identity>,
    /// The phone that the messenger has verified.
    pub phone: Option<Phone>,
}

impl ClientIdentities {
    /// The strong attributes of an event.
    pub fn of(event: &MessageEvent, owner: &Account) -> Self {
        Self { identities: Identity::all_of(event), phone: verified_phone(event, &owner.region) }
    }
}

/// A contact as read (`None` if new) and in its new state.
struct Person {
    before: Option<Contact>,
    after: Contact,
}

/// The contacts that a message concerns. The first is the person (the root contact); `own` is the contact that holds
/// the identity: the same one, or an alias of it.
pub(super) struct People {
    persons: Vec<Person>,
    own: ContactId,
    logs: Vec<Merge>,
}

impl People {
    /// A known person; `own` if the identity belongs to an alias.
    pub fn known(root: Contact, own: Option<Contact>) -> Self {
        let read = |contact: Contact| Person { before: Some(contact.clone()), after: contact };
        let name = own.as_ref().unwrap_or(&root).contact.clone();
        let persons = std::iter::once(root).chain(own).map(read).collect();
        Self { persons, own: name, logs: Vec::new() }
    }

    /// A new person.
    pub fn new(contact: Contact) -> Self {
        let own = contact.contact.clone();
        Self { persons: vec![Person { before: None, after: contact }], own, logs: Vec::new() }
    }

    /// Whether the person was unknown, both here and in the CRM.
    pub fn are_new(&self) -> bool {
        self.persons.iter().all(|person| person.before.is_none() && person.after.crm.contact_id.is_none())
    }

    /// The person's root contact.
    pub fn root(&self) -> &Contact {
        &self.persons[0].after
    }

    /// The contact that holds the identity.
    pub fn own(&self) -> &Contact {
        let own = self.persons.iter().find(|person| person.after.contact == self.own);
        own.map_or_else(|| self.root(), |person| &person.after)
    }

    /// Makes an employee the person's responsible, if there is none or the present one is `gone`.
    pub fn keep_for(&mut self, employee: &EmployeeId, gone: Option<&EmployeeId>) {
        let responsible = &mut self.persons[0].after.responsible;
        if responsible.as_ref() == gone {
            *responsible = None;
        }
        responsible.get_or_insert_with(|| employee.clone());
    }

    /// Whether a contact is among them.
    pub fn have(&self, contact: &ContactId) -> bool {
        self.persons.iter().any(|person| person.after.contact == *contact)
    }

    /// How many contacts became aliases.
    pub fn merges(&self) -> u64 {
        self.logs.len() as u64
    }

    /// Whether a phone is the person's: held by the person's contact, or claimed by an alias of it. `claimed_by` is the
    /// phone's owner as read.
    pub fn has_phone(&self, phone: &Phone, claimed_by: Option<&Contact>) -> bool {
        let root = &self.root().contact;
        match claimed_by {
            None => self.own().phone.as_ref() == Some(phone) || self.root().phone.as_ref() == Some(phone),
            Some(owner) if owner.contact == *root => true,
            Some(owner) => self.persons.iter().any(|person| {
                person.after.contact == owner.contact && person.after.merged_into.as_ref() == Some(root)
            }),
        }
    }

    /// Applies a merge: `other` is the other contact as read, and `aliases` are the aliases that move with it.
    pub fn take(&mut self, other: Contact, merged: Merged, aliases: Vec<Contact>, other_stays: bool) {
        let (root, others) =
            if other_stays { (merged.from, merged.into) } else { (merged.into, merged.from) };
        let stays = if other_stays { others.contact.clone() } else { root.contact.clone() };
        self.persons[0].after = root;
        self.persons.push(Person { before: Some(other), after: others });
        for alias in aliases {
            match self.persons.iter_mut().find(|person| person.after.contact == alias.contact) {
                Some(known) => known.after = follow(&known.after, &stays),
                None => {
                    let after = follow(&alias, &stays);
                    self.persons.push(Person { before: Some(alias), after });
                }
            }
        }
        if other_stays {
            let last = self.persons.iter().position(|person| person.after.contact == stays).unwrap_or(0);
            self.persons.swap(0, last);
        }
        self.logs.push(merged.log);
    }

    /// Claims unowned identities and phones for the contact that holds the identity.
    pub fn claim(
        &mut self,
        account: &AccountId,
        seen: &ClientIdentities,
        who: &Who,
    ) -> Result<Vec<Write>, StoreError> {
        let claim = |at, contact: &ContactId| {
            Write::create(&ContactClaimRow { at, claim: ContactClaim { v: 1, contact: contact.clone() } })
        };
        let free_phone = who.phone.is_none() && self.root().phone.is_none();
        let place = self.persons.iter().position(|person| person.after.contact == self.own).unwrap_or(0);
        let own = &mut self.persons[place].after;
        let mut writes = Vec::new();
        for identity in seen.identities.iter().filter(|identity| !who.identities.contains_key(*identity)) {
            writes.push(claim(keys::identity(account, identity), &own.contact)?);
            own.identities.push(identity.clone());
        }
        if let Some(phone) = seen.phone.as_ref().filter(|_| free_phone) {
            writes.push(claim(keys::phone(account, phone), &own.contact)?);
            own.phone = Some(phone.clone());
            // The phone counts for all of them, as after a merge.
            self.persons[0].after.phone = Some(phone.clone());
        }
        Ok(writes)
    }

    /// All writes. The root contact and the contact that holds the identity are included even if unchanged: they must
    /// still exist, and must not have become aliases meanwhile.
    pub fn writes(self, claims: Vec<Write>) -> Result<Vec<Write>, StoreError> {
        let mut writes = claims;
        for (place, person) in self.persons.iter().enumerate() {
            let guarded = place == 0 || person.after.contact == self.own;
            match &person.before {
                None => writes.push(Write::create(&person.after)?),
                Some(before) => match Write::change(before, &person.after, &MERGED_BY)? {
                    Some(change) => writes.push(change),
                    None if guarded => writes.push(Write::check(before, &[attribute::contact::MERGED_INTO])?),
                    None => {}
                },
            }
        }
        for log in &self.logs {
            writes.push(Write::create(log)?);
        }
        Ok(writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::contact::merge::merge;
    use crate::model::contact::{CrmRecords, MergeReason};

    fn contact(id: &str) -> Contact {
        Contact {
            v: 1,
            account: AccountId::new("a"),
            contact: ContactId::new(id),
            name: None,
            phone: None,
            identities: Vec::new(),
            merged_into: None,
            merged_from: Vec::new(),
            kept_apart: Vec::new(),
            username: None,
            responsible: None,
            crm: CrmRecords::default(),
            created_at: Timestamp::default(),
        }
    }

    #[test]
    fn p11_two_merges_at_once_change_each_contact_once() {
        let (a, b, c) = (contact("a"), contact("b"), contact("c"));
        let now = Timestamp::default();
        let mut people = People::known(a.clone(), None);
        let first = merge(&a, &b, MergeReason::SameIdentity, now).unwrap();
        people.take(b.clone(), first, Vec::new(), false);
        assert!(people.have(&b.contact), "so it is not joined again");
        let second = merge(&c, people.root(), MergeReason::VerifiedPhone, now).unwrap();
        // The table still says that b is no alias.
        people.take(c.clone(), second, vec![b.clone()], true);
        assert_eq!(people.root().contact, c.contact);
        let mut ids: Vec<&str> = people.persons.iter().map(|person| person.after.contact.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["a", "b", "c"], "each once");
        let led = |id: &ContactId| {
            let person = people.persons.iter().find(|person| person.after.contact == *id);
            person.and_then(|person| person.after.merged_into.clone())
        };
        assert_eq!((led(&a.contact), led(&b.contact)), (Some(c.contact.clone()), Some(c.contact.clone())));
        assert_eq!(people.own().contact, a.contact, "what is new is named after who has the identity");
    }

    #[test]
    fn p11_what_comes_by_an_alias_is_claimed_for_the_alias() {
        let root = contact("root");
        let mut alias = contact("alias");
        alias.merged_into = Some(root.contact.clone());
        let mut people = People::known(root, Some(alias));
        let identity = Identity {
            messenger: crate::model::messenger::Messenger::Telegram,
            group: false,
            user: "17".into(),
        };
        let seen = ClientIdentities { identities: vec![identity.clone()], phone: None };
        people.claim(&AccountId::new("a"), &seen, &Who::default()).unwrap();
        assert_eq!(people.own().contact.as_str(), "alias");
        assert_eq!(people.own().identities, [identity]);
        assert!(people.root().identities.is_empty());
    }
}
