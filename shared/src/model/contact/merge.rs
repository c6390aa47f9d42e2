//! Merging two contacts, and undoing a merge (C3). A merge is an alias: chats, identities and phones stay with the
//! contact they were claimed for, and lead to the other contact from there.
//!
//! Aliases are one level deep: `merged_into` always names a root. A contact that is merged takes its own aliases along
//! ([`follow`]), and keeps their ids, so that they leave with it when the merge is undone.

use crate::base::clock::Timestamp;
use crate::base::ids::ContactId;
use crate::base::phone::Phone;
use crate::model::contact::{Contact, CrmRecords, Join, Merge, MergeReason};

/// Maximum number of contacts that are one person, because they are read and written together.
pub const MAX_ALIASES: usize = 50;

/// The rows of a merge. The aliases of `from` must be written as well: [`follow`].
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The contact that stays.
    pub into: Contact,
    /// The contact that becomes its alias.
    pub from: Contact,
    /// The log row.
    pub log: Merge,
}

/// The rows of an undone merge.
#[derive(Clone, Debug, PartialEq)]
pub struct Undone {
    /// The contact that stayed.
    pub into: Contact,
    /// The contact that is separate again.
    pub from: Contact,
    /// The other aliases that change: they leave with `from`, or do not name it any more.
    pub others: Vec<Contact>,
    /// The log row.
    pub log: Merge,
}

/// Makes `from` an alias of `into`. Both must be roots; for an alias the result is [`Join::Same`].
///
/// A phone that only `from` has counts for both from now on, so that a third contact with another phone is not merged
/// in; the same holds for a responsible that only `from` has. The records in the CRM stay with the contact they were
/// created for.
///
/// # Errors
/// Why they are not merged: never [`Join::Yes`].
pub fn merge(into: &Contact, from: &Contact, reason: MergeReason, now: Timestamp) -> Result<Merged, Join> {
    match into.may_take(from, reason) {
        Join::Yes if into.merged_into.is_none() && from.merged_into.is_none() => {}
        Join::Yes => return Err(Join::Same),
        why => return Err(why),
    }
    let (mut stays, mut alias) = (into.clone(), from.clone());
    for id in std::iter::once(&from.contact).chain(&from.merged_from) {
        add(&mut stays.merged_from, id);
    }
    for id in &from.kept_apart {
        add(&mut stays.kept_apart, id);
    }
    let one = |id: &ContactId| *id == stays.contact || stays.merged_from.contains(id);
    let kept_apart = stays.kept_apart.iter().filter(|id| !one(id)).cloned().collect();
    alias.kept_apart.retain(|id| !one(id));
    alias.merged_into = Some(into.contact.clone());
    stays.kept_apart = kept_apart;
    stays.phone = stays.phone.or_else(|| from.phone.clone());
    stays.responsible = stays.responsible.or_else(|| from.responsible.clone());
    let log = Merge {
        v: 1,
        account: into.account.clone(),
        into: into.contact.clone(),
        from: from.contact.clone(),
        reason,
        merged_at: now,
        undone_at: None,
    };
    Ok(Merged { into: stays, from: alias, log })
}

/// An alias of a contact that was merged, after it was redirected to the root.
pub fn follow(alias: &Contact, root: &ContactId) -> Contact {
    Contact { merged_into: Some(root.clone()), ..alias.clone() }
}

/// Separates `from` and its own aliases from `into`. `others` are all other aliases of `into`, `log` is the row of the
/// merge. The two are kept apart from now on: only a person may merge them again.
///
/// `into` loses what it had only from them: a phone, and records in the CRM that were created for one of them. Its
/// responsible stays, because by now they have served the client. `None` when `from` is no alias of `into`.
pub fn undo(
    into: &Contact,
    from: &Contact,
    others: &[Contact],
    log: &Merge,
    now: Timestamp,
) -> Option<Undone> {
    if from.merged_into.as_ref() != Some(&into.contact) {
        return None;
    }
    let leaves = |id: &ContactId| *id == from.contact || from.merged_from.contains(id);
    let (mut leaving, staying): (Vec<&Contact>, Vec<&Contact>) =
        others.iter().partition(|alias| leaves(&alias.contact));
    let follows: Vec<Contact> = leaving.iter().map(|alias| follow(alias, &from.contact)).collect();
    leaving.push(from);
    let stay: Vec<Contact> = staying.iter().map(|alias| without(alias, leaves, &leaving)).collect();
    let changed = staying.iter().zip(&stay).filter(|(before, after)| *before != after);
    let others = follows.into_iter().chain(changed.map(|(_, after)| after.clone())).collect();
    let mut root = without(into, leaves, &leaving);
    add(&mut root.kept_apart, &from.contact);
    root.phone = root.phone.or_else(|| stay.iter().find_map(|alias| alias.phone.clone()));
    if leaving.iter().any(|one| shares_records(&root.crm, &one.crm)) {
        root.crm = CrmRecords { generation: root.crm.generation, ..CrmRecords::default() };
    }
    // A phone that it had by an alias that left earlier may have hidden one that it has by another alias.
    let phone = leaving.iter().rev().find_map(|one| one.phone.clone());
    let mut free = Contact { merged_into: None, phone, ..from.clone() };
    [into].into_iter().chain(staying).for_each(|one| add(&mut free.kept_apart, &one.contact));
    Some(Undone { into: root, from: free, others, log: Merge { undone_at: Some(now), ..log.clone() } })
}

/// A contact that stays when others leave: it names none of them, and has no phone from them.
fn without(stays: &Contact, leaves: impl Fn(&ContactId) -> bool, leaving: &[&Contact]) -> Contact {
    let mut after = stays.clone();
    after.merged_from.retain(|id| !leaves(id));
    // A phone has one owner: a contact with the same phone took it over from that owner.
    let theirs = |phone: &Phone| leaving.iter().any(|one| one.phone.as_ref() == Some(phone));
    after.phone = after.phone.filter(|phone| !theirs(phone));
    after
}

fn shares_records(one: &CrmRecords, other: &CrmRecords) -> bool {
    one.contact_id.is_some() && (&one.in_crm, &one.contact_id) == (&other.in_crm, &other.contact_id)
}

fn add(ids: &mut Vec<ContactId>, id: &ContactId) {
    if !ids.contains(id) {
        ids.push(id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::AccountId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn contact(id: &str, phone: Option<&str>) -> Contact {
        Contact {
            v: 1,
            account: AccountId::new("a"),
            contact: ContactId::new(id),
            name: None,
            phone: phone.and_then(Phone::from_international_digits),
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

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// Contacts by id, changed as the callers of this module change the table.
    #[derive(Default)]
    struct People(BTreeMap<ContactId, Contact>, Vec<Merge>);

    impl People {
        fn of(contacts: impl IntoIterator<Item = Contact>) -> Self {
            Self(contacts.into_iter().map(|contact| (contact.contact.clone(), contact)).collect(), Vec::new())
        }

        fn put(&mut self, contact: Contact) {
            self.0.insert(contact.contact.clone(), contact);
        }

        fn get(&self, id: &str) -> &Contact {
            &self.0[&ContactId::new(id)]
        }

        fn merge(&mut self, into: &str, from: &str, reason: MergeReason) -> Result<(), Join> {
            let merged = merge(self.get(into), self.get(from), reason, at(1))?;
            let aliases: Vec<Contact> =
                merged.from.merged_from.iter().map(|id| follow(&self.0[id], &merged.into.contact)).collect();
            aliases.into_iter().chain([merged.into, merged.from]).for_each(|one| self.put(one));
            self.1.push(merged.log);
            Ok(())
        }

        fn undo(&mut self, from: &str) -> bool {
            let from = self.get(from).clone();
            let Some(root) = from.merged_into.clone() else { return false };
            let root = self.0[&root].clone();
            let others: Vec<Contact> = root
                .merged_from
                .iter()
                .filter(|id| **id != from.contact)
                .map(|id| self.0[id].clone())
                .collect();
            let place = self.1.iter().rposition(|log| log.from == from.contact).unwrap();
            let undone = undo(&root, &from, &others, &self.1[place], at(2)).unwrap();
            assert_eq!(undone.log.undone_at, Some(at(2)));
            self.1[place] = undone.log;
            undone.others.into_iter().chain([undone.into, undone.from]).for_each(|one| self.put(one));
            true
        }
    }

    fn ids(ids: &[&str]) -> Vec<ContactId> {
        ids.iter().map(|id| ContactId::new(*id)).collect()
    }

    #[test]
    fn p11_a_merge_is_an_alias_and_undoing_it_takes_it_away() {
        let mut people =
            People::of([contact("anna", None), contact("phone", Some("79011112233")), contact("x", None)]);
        people.merge("anna", "phone", MergeReason::VerifiedPhone).unwrap();
        assert_eq!(people.get("phone").merged_into, Some(ContactId::new("anna")));
        assert_eq!(people.get("anna").merged_from, ids(&["phone"]));
        assert_eq!(people.get("anna").phone, people.get("phone").phone, "it speaks for both");
        assert!(people.undo("phone"));
        assert_eq!(people.get("phone").merged_into, None);
        assert_eq!((people.get("anna").merged_from.len(), people.get("anna").phone.as_ref()), (0, None));
        for (one, other) in [("anna", "phone"), ("phone", "anna")] {
            assert_eq!(people.get(one).kept_apart, ids(&[other]));
            assert_eq!(people.merge(one, other, MergeReason::SameIdentity), Err(Join::KeptApart));
        }
        people.merge("anna", "phone", MergeReason::Manual).unwrap();
        assert!(people.get("anna").kept_apart.is_empty(), "a person has thought better of it");
    }

    #[test]
    fn p11_who_was_taken_along_leaves_along() {
        let mut people = People::of(["a", "b", "c", "d"].map(|id| contact(id, None)));
        people.merge("b", "c", MergeReason::Manual).unwrap();
        people.merge("a", "b", MergeReason::Manual).unwrap();
        people.merge("a", "d", MergeReason::Manual).unwrap();
        assert_eq!(people.get("c").merged_into, Some(ContactId::new("a")), "one level deep");
        assert_eq!(people.get("a").merged_from, ids(&["b", "c", "d"]));
        assert!(people.undo("b"));
        assert_eq!(people.get("c").merged_into, Some(ContactId::new("b")));
        assert_eq!(people.get("a").merged_from, ids(&["d"]));
        assert_eq!(people.merge("d", "c", MergeReason::SameIdentity), Err(Join::Same), "an alias");
        assert_eq!(people.merge("a", "b", MergeReason::SameIdentity), Err(Join::KeptApart));
    }

    #[test]
    fn p11_who_was_taken_out_alone_does_not_come_back_with_another() {
        let mut people =
            People::of([contact("a", None), contact("b", None), contact("c", Some("79011112233"))]);
        people.merge("b", "c", MergeReason::Manual).unwrap();
        people.merge("a", "b", MergeReason::Manual).unwrap();
        assert!(people.undo("c"));
        assert_eq!(people.get("a").merged_from, ids(&["b"]));
        assert_eq!((&people.get("b").merged_from, &people.get("b").phone), (&ids(&[]), &None));
        assert_eq!(people.get("a").phone, None);
        assert!(people.undo("b"));
        assert_eq!(people.get("c").merged_into, None);
        assert_eq!(people.merge("b", "c", MergeReason::SameIdentity), Err(Join::KeptApart));
    }

    #[test]
    fn p11_a_phone_that_stood_behind_another_speaks_when_that_one_is_gone() {
        let (one, two) = (Some("79011112233"), Some("79011112244"));
        let mut people =
            People::of([contact("a", None), contact("b", None), contact("c", one), contact("d", two)]);
        people.merge("b", "c", MergeReason::Manual).unwrap();
        people.merge("b", "d", MergeReason::Manual).unwrap();
        people.merge("a", "b", MergeReason::Manual).unwrap();
        people.undo("c");
        people.undo("b");
        assert_eq!((&people.get("b").phone, &people.get("a").phone), (&people.get("d").phone, &None));
    }

    #[test]
    fn p11_whom_one_was_kept_apart_from_the_other_is_too() {
        let mut people = People::of(["a", "b", "c"].map(|id| contact(id, None)));
        people.merge("b", "c", MergeReason::Manual).unwrap();
        people.undo("c");
        people.merge("a", "b", MergeReason::SameIdentity).unwrap();
        assert_eq!(people.merge("a", "c", MergeReason::SameIdentity), Err(Join::KeptApart));
    }

    #[test]
    fn p11_two_phones_are_joined_by_a_person_only() {
        let mut people = People::of([contact("a", Some("79011112233")), contact("b", Some("79011112244"))]);
        assert_eq!(people.merge("a", "b", MergeReason::VerifiedPhone), Err(Join::OtherPhone));
        people.merge("a", "b", MergeReason::Manual).unwrap();
        assert_eq!(people.get("a").phone, Phone::from_international_digits("79011112233"));
        people.undo("b");
        assert_eq!(people.get("a").phone, Phone::from_international_digits("79011112233"), "his own stays");
    }

    #[test]
    fn p8_records_that_were_made_for_who_leaves_leave_with_him() {
        let records = |id: &str| CrmRecords {
            in_crm: Some("crm".into()),
            contact_id: Some(id.into()),
            ..CrmRecords::default()
        };
        let mut people = People::of(["a", "b", "c"].map(|id| contact(id, None)));
        people.0.get_mut(&ContactId::new("b")).unwrap().crm = records("1");
        people.merge("a", "b", MergeReason::Manual).unwrap();
        people.merge("a", "c", MergeReason::Manual).unwrap();
        people.0.get_mut(&ContactId::new("a")).unwrap().crm = records("1");
        people.undo("c");
        assert_eq!(people.get("a").crm, records("1"));
        people.undo("b");
        assert_eq!((&people.get("a").crm, &people.get("b").crm), (&CrmRecords::default(), &records("1")));
    }

    proptest! {
        #[test]
        fn p11_aliases_name_roots_and_roots_name_their_aliases(
            steps in prop::collection::vec((0..6usize, 0..6usize, any::<bool>()), 1..40),
        ) {
            let names = ["a", "b", "c", "d", "e", "f"];
            let phones = [Some("79011112233"), None, Some("79011112244"), None, None, None];
            let mut people = People::of(names.iter().zip(phones).map(|(id, phone)| contact(id, phone)));
            for (one, other, joins) in steps {
                if joins {
                    let _ = people.merge(names[one], names[other], MergeReason::Manual);
                } else {
                    people.undo(names[other]);
                }
                for (id, person) in &people.0 {
                    if let Some(root) = &person.merged_into {
                        prop_assert_eq!(&people.0[root].merged_into, &None);
                        prop_assert!(people.0[root].merged_from.contains(id));
                        continue;
                    }
                    for alias in &person.merged_from {
                        prop_assert_eq!(people.0[alias].merged_into.as_ref(), Some(id));
                    }
                    let known = [id].into_iter().chain(&person.merged_from).any(|id| {
                        let place = names.iter().position(|name| *name == id.as_str()).unwrap();
                        phones[place].is_some()
                    });
                    prop_assert_eq!(person.phone.is_some(), known, "a phone from nowhere, or lost");
                }
            }
            for name in names.iter().rev().chain(&names) {
                people.undo(name);
            }
            for (name, phone) in names.iter().zip(phones) {
                let person = people.get(name);
                prop_assert_eq!((&person.merged_into, person.merged_from.len()), (&None, 0));
                prop_assert_eq!(&person.phone, &phone.and_then(Phone::from_international_digits));
            }
        }
    }
}
