//! `GET /counters/ws_host/api_v3/{apiKey}`: where Wazzup's clients ask for the host of the websocket that pushes the
//! number of unanswered chats. There is no such websocket here, and a made-up host would leave the client waiting, so the
//! route only says so. It needs no key, and does not read the one in the path.

use super::error::V3Error;
use axum::http::StatusCode;

/// The route's path.
pub const PATH: &str = "/counters/ws_host/api_v3/{key}";

/// Refuses the request.
pub async fn refuse() -> V3Error {
    let description = "There is no websocket: ask GET /v3/unanswered/{userId} from time to time";
    V3Error::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", description)
}
