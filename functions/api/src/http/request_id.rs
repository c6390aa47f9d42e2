//! The id that finds a request in the logs.

use crate::app::App;
use axum::extract::Request;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

/// API Gateway's id of the request, which its access log has too; otherwise a new UUID.
pub fn request_id(app: &App, request: &Request) -> String {
    let context = request.extensions().request_context_ref();
    if let Some(RequestContext::ApiGatewayV2(context)) = context
        && let Some(id) = &context.request_id
    {
        return id.clone();
    }
    app.ambient.uuid().to_string()
}
