//! Merges contacts by hand, and undoes merges (C3).

use crate::app::App;
use crate::contacts::person::{Person, existing_person, merges_of};
use crate::contacts::view::{MergeView, Merges, PersonView};
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::contact::merge::{self, MAX_ALIASES, follow};
use shared::model::contact::{Contact, Merge, MergeReason};
use shared::store::StoreError;
use shared::store::attribute::{self, MERGED_BY};
use shared::store::row::Write;
use std::sync::Arc;
use utoipa::ToSchema;

/// The contact to merge into.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"into": "019aa600-2f4b-7d01-93c4-5d1a0e7b8c22"}))]
pub struct MergeInto {
    /// The id of the contact that stays.
    into: String,
}

/// Merge a contact into another one
///
/// The contact becomes an alias: its chats stay unchanged and show in the other contact's history. Contacts merged into
/// it before follow. Merging twice changes nothing. The CRM's records stay unchanged; those of the contact that stays
/// count.
#[utoipa::path(
    post, path = "/v1/contacts/{contact}/merge", tag = "contacts", request_body = MergeInto,
    params(("contact" = String, Path, description = "The id of the contact that becomes an alias")),
    responses(
        (status = 200, description = "The contact that stayed", body = PersonView),
        (status = 422, description = "More than 50 contacts would be one (`too_many_merged`)")
    )
)]
pub async fn merge(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<MergeInto>,
) -> Result<Json<PersonView>, ApiError> {
    validate::name("into", &wanted.into, validate::MAX_ID)?;
    if wanted.into == id {
        return Err(ApiError::invalid("into", "another contact"));
    }
    let (from, into) = (ContactId::new(id), ContactId::new(wanted.into));
    app.retry_on_conflict(|| merge_once(&app, &account, &into, &from)).await?;
    Ok(Json(existing_person(&app, &account, &into).await?.into()))
}

async fn merge_once(
    app: &App,
    account: &AccountId,
    into: &ContactId,
    from: &ContactId,
) -> Result<(), ApiError> {
    let from = existing_person(app, account, from).await?;
    let into = existing_person(app, account, into).await?;
    let merged = merge::merge(&into.root, &from.root, MergeReason::Manual, app.ambient.now());
    // A merge by hand fails only because the two are one contact already.
    let Ok(merged) = merged else { return Ok(()) };
    if merged.into.merged_from.len() > MAX_ALIASES {
        let message = format!("at most {MAX_ALIASES} contacts are merged into one");
        return Err(ApiError::refused("too_many_merged", "into", message));
    }
    let aliases = from.aliases.iter().map(|alias| (alias, follow(alias, &merged.into.contact)));
    let mut writes = changes(aliases)?;
    writes.extend(changes([(&into.root, merged.into.clone()), (&from.root, merged.from.clone())])?);
    writes.push(Write::create(&merged.log)?);
    Ok(app.store.commit(writes).await?)
}

fn changes<'a>(contacts: impl IntoIterator<Item = (&'a Contact, Contact)>) -> Result<Vec<Write>, StoreError> {
    let writes = contacts.into_iter().map(|(before, after)| Write::change(before, &after, &MERGED_BY));
    writes.filter_map(Result::transpose).collect()
}

/// List a contact's merges
///
/// Merges into the contact, and into contacts that were merged into it; undone ones too.
#[utoipa::path(
    get, path = "/v1/contacts/{contact}/merges", tag = "contacts",
    params(("contact" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "All merges, the earliest first", body = Merges))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<Merges>, ApiError> {
    let person = existing_person(&app, &account, &ContactId::new(id)).await?;
    let merges = merges_of(&app, &person).await?;
    Ok(Json(Merges { merges: merges.into_iter().map(MergeView::from).collect() }))
}

/// Undo a merge
///
/// The alias becomes a contact of its own again, together with the contacts merged into it. Only a person can merge the
/// two again. Phone and CRM records that the other contact had only from it are removed there.
#[utoipa::path(
    post, path = "/v1/contacts/{contact}/merges/{from}/undo", tag = "contacts",
    params(
        ("contact" = String, Path, description = "The contact's id"),
        ("from" = String, Path, description = "The id of the contact that was merged into it")
    ),
    responses((status = 200, description = "The contact that is separate again", body = PersonView))
)]
pub async fn undo(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<Json<PersonView>, ApiError> {
    let (Id(id), Id(from)) = ids;
    let (id, from) = (ContactId::new(id), ContactId::new(from));
    let stale = app.retry_on_conflict(|| undo_once(&app, &account, &id, &from)).await?;
    // Again, because `crm-push` may have stored the records once more in between.
    forget_records(&app, &account, &stale).await?;
    Ok(Json(existing_person(&app, &account, &from).await?.into()))
}

/// Undoes the merge; returns the contacts whose chats may name outdated CRM records.
async fn undo_once(
    app: &App,
    account: &AccountId,
    id: &ContactId,
    from: &ContactId,
) -> Result<Vec<ContactId>, ApiError> {
    let Person { root, aliases } = existing_person(app, account, id).await?;
    let (mut alias, others): (Vec<Contact>, Vec<Contact>) =
        aliases.into_iter().partition(|alias| alias.contact == *from);
    let alias = alias.pop().ok_or_else(|| ApiError::not_found("merge"))?;
    let person = Person { root, aliases: others };
    let merges = log_of(app, &person, from).await?;
    let undone = merge::undo(&person.root, &alias, &person.aliases, &merges, app.ambient.now())
        .ok_or_else(|| ApiError::not_found("merge"))?;
    let after =
        |before: &Contact| undone.others.iter().find(|after| after.contact == before.contact).cloned();
    let others = person.aliases.iter().filter_map(|before| Some((before, after(before)?)));
    let mut writes = changes(others)?;
    writes.extend(changes([(&alias, undone.from.clone())])?);
    // `crm-push` writes which CRM records are the contact's, so the change depends on them too.
    let depends_on: Vec<_> = MERGED_BY.into_iter().chain([attribute::contact::CRM]).collect();
    writes.extend(Write::change(&person.root, &undone.into, &depends_on)?);
    writes.extend(Write::change(&merges, &undone.log, &[attribute::merge::UNDONE_AT])?);
    let stale = if undone.into.crm == person.root.crm { Vec::new() } else { person.ids() };
    // The chats say that the CRM has the contact, so no record would be created for it. They are cleared before the
    // merge is undone, because an undo whose second half failed could not be repeated.
    forget_records(app, account, &stale).await?;
    app.store.commit(writes).await?;
    Ok(stale)
}

/// Clears `records_in` of all chats of these contacts, so that it is checked again which records they lack in the CRM.
///
/// # Errors
/// Those of the store.
pub async fn forget_records(app: &App, account: &AccountId, contacts: &[ContactId]) -> Result<(), ApiError> {
    for contact in contacts {
        let mut from = None;
        loop {
            let page = app.store.contact_chats(account, contact, 100, from).await?;
            for row in &page.items {
                app.retry_on_conflict(|| forget_records_of(app, account, &row.chat)).await?;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn forget_records_of(app: &App, account: &AccountId, chat: &ChatId) -> Result<(), ApiError> {
    let Some(before) = app.store.chat(account, chat).await? else { return Ok(()) };
    let after = Chat { records_in: None, ..before.clone() };
    let write = Write::change(&before, &after, &[attribute::chat::RECORDS_IN])?;
    Ok(app.store.commit(write.into_iter().collect()).await?)
}

/// The log's row of the merge that made `from` an alias: of the contact that stayed, or of the contact that `from` came
/// along with.
async fn log_of(app: &App, person: &Person, from: &ContactId) -> Result<Merge, ApiError> {
    let merges = merges_of(app, person).await?;
    let found = merges.into_iter().rev().find(|merge| merge.from == *from && merge.undone_at.is_none());
    found.ok_or_else(|| ApiError::internal("a merge without its row in the log"))
}
