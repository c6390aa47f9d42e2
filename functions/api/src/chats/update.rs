//! What marks, ends, statuses and tags have in common: whoever sees a chat and may touch it changes it, decided again when
//! somebody else was faster.

use crate::app::App;
use crate::chats::view::ChatView;
use crate::contacts::person::people_of;
use crate::http::auth::Acting;
use crate::http::chat_access::seen_chat;
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use axum::Json;
use shared::model::access::Operation;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::crm::CrmKind;
use shared::store::Read;
use shared::store::open_chats::frees_place;
use shared::store::row::Write;

/// What becomes of a chat, and how it is written.
#[derive(Debug)]
pub struct Change {
    /// The chat as it is then.
    pub after: Chat,
    /// The writes of one transaction; none when nothing changes.
    pub writes: Vec<Write>,
    /// The account's kind of CRM, where others are to be told of the chat: also when nothing changed, for whoever was to tell
    /// them before may have died.
    pub tell: Option<CrmKind>,
}

/// Changes a chat that the caller sees and to which he may do that, and answers it. `decide` is asked again with the chat as it is then, when
/// what it depended on changed meanwhile.
///
/// # Errors
/// As [`seen_chat`] and [`crate::http::chat_access::Seen::may`]; `decide`'s; the store's.
pub async fn change<F>(
    app: &App,
    acting: &Acting,
    (operation, id): (Operation, &str),
    decide: impl Fn(Chat) -> F,
) -> Result<Json<ChatView>, ApiError>
where
    F: Future<Output = Result<Change, ApiError>>,
{
    let (chat, tell) = app
        .settle(|| async {
            let seen = seen_chat(app, acting, id).await?;
            seen.may(operation)?;
            let before = seen.chat.clone();
            let Change { after, writes, tell } = decide(seen.chat).await?;
            app.store.commit(writes).await?;
            app.let_next_in(&before, &after).await;
            Ok::<_, ApiError>((after, tell))
        })
        .await?;
    if let Some(crm) = tell {
        app.tell(&chat, crm).await;
    }
    shown(app, acting, chat).await
}

/// The account of a chat, and how it ends.
///
/// # Errors
/// As the store's.
pub async fn owner_of(app: &App, chat: &Chat) -> Result<(Account, Closing), ApiError> {
    let (owner, channel) = tokio::join!(
        existing_account(app, chat.account.as_str()),
        app.store.channel(&chat.account, &chat.channel, Read::Eventual),
    );
    let owner = owner?;
    let closing = Closing::of(&owner, channel?.as_ref());
    Ok((owner, closing))
}

/// A chat as the answer shows it.
///
/// # Errors
/// As the store's.
pub async fn shown(app: &App, acting: &Acting, chat: Chat) -> Result<Json<ChatView>, ApiError> {
    let people = people_of(app, &acting.account, std::slice::from_ref(&chat)).await?;
    Ok(Json(ChatView::of(chat, &people)))
}

impl App {
    /// After a change that left an employee with one open chat less: he may be under his cap again, so clients who wait are
    /// given out. What was committed stays when this fails; the ring's own time comes.
    pub(crate) async fn let_next_in(&self, before: &Chat, after: &Chat) {
        if !frees_place(before, after) {
            return;
        }
        match self.store.clients_wait(&before.account, &before.channel).await {
            Ok(true) => self.nudge(&before.account, std::slice::from_ref(&before.channel)).await,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(account = %before.account, channel = %before.channel, error = %error, "nobody looked whether clients wait; the due index will");
            }
        }
    }
}
