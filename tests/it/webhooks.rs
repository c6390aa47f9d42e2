//! The entry for providers' webhooks, with a provider that uses all its features: a handshake, a shared secret, an
//! address that serves several accounts, and an answer of its own.

use crate::world::{CHANNEL, World, messages, text};
use lambda_http::http::{Method, Request};
use lambda_http::{Body, RequestExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shared::base::clock::Timestamp;
use shared::base::ids::hex_digest;
use shared::model::connection::{TokenOwner, WebhookToken};
use shared::platform::secrets::{Purpose, Vault};
use shared::providers::inbound::{Forged, Inbound, Owners, Parsed, Reply, WebhookRequest};
use shared::store::keys::WebhookTokenRow;
use std::collections::HashMap;

/// A provider whose requests are signed. Its bodies are Wazzup's, so that there is something to parse.
struct Signed;

impl Inbound for Signed {
    fn verify(&self, request: &WebhookRequest<'_>, secret: Option<&SecretString>) -> Result<(), Forged> {
        let told = request.headers.get("x-secret").and_then(|value| value.to_str().ok());
        let agreed = secret.map(ExposeSecret::expose_secret);
        if request.method == Method::GET || (agreed.is_some() && told == agreed) {
            Ok(())
        } else {
            Err(Forged)
        }
    }

    fn channels_named(&self, request: &WebhookRequest<'_>) -> Vec<String> {
        let body: Value = serde_json::from_slice(request.body).unwrap_or_default();
        let named = body["messages"].as_array().into_iter().flatten();
        named.filter_map(|message| Some(message["channelId"].as_str()?.to_owned())).collect()
    }

    fn parse(&self, request: &WebhookRequest<'_>, owners: &Owners, accepted_at: Timestamp) -> Parsed {
        if request.method == Method::GET {
            return Parsed::Reply(Reply::text(
                200,
                request.query.get("challenge").cloned().unwrap_or_default(),
            ));
        }
        let wazzup = shared::providers::inbound("wazzup").unwrap();
        match owners {
            Owners::One(_) => wazzup.parse(request, owners, accepted_at),
            Owners::ByChannel(by_channel) => match by_channel.values().next() {
                Some(owner) => wazzup.parse(request, &Owners::One(owner.clone()), accepted_at),
                None => Parsed::Items(Vec::new()),
            },
        }
    }

    fn accepted(&self, _: &WebhookRequest<'_>) -> Reply {
        Reply::text(200, "ok")
    }

    fn takes_get(&self) -> bool {
        true
    }
}

fn registry(_: &str) -> Option<&'static dyn Inbound> {
    Some(&Signed)
}

const TOKEN: &str = "ffffffffffffffffffffffffffffffff";

/// A World whose only provider is the signed one, with a webhook of this owner and the secret `s3cret`.
async fn world(owner: impl FnOnce(&World) -> TokenOwner) -> World {
    let mut world = World::with_employees(&["Anna"]).await;
    world.ingest.registry = registry;
    let hash = hex_digest(TOKEN.as_bytes());
    let vault = Vault::sealing(world.kms.clone(), "key".into());
    let secret = vault.seal_for(&Purpose::Webhook(&hash), &SecretString::from("s3cret")).await.unwrap();
    let token = WebhookToken { v: 1, provider: "wazzup".into(), owner: owner(&world), secret: Some(secret) };
    world.write(&WebhookTokenRow { hash, token }).await;
    world
}

async fn ask(
    world: &World,
    method: Method,
    query: &[(&str, &str)],
    secret: &str,
    body: &str,
) -> (u16, String) {
    let mut request = Request::builder().method(method);
    if !secret.is_empty() {
        request = request.header("x-secret", secret);
    }
    let list = |pairs: &[(&str, &str)]| -> HashMap<String, Vec<String>> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect()
    };
    let request = request.body(Body::from(body)).unwrap();
    let request = request.with_path_parameters(list(&[("provider", "wazzup"), ("token", TOKEN)]));
    let answer = world.ingest.handle(request.with_query_string_parameters(list(query))).await;
    let status = answer.status().as_u16();
    (status, String::from_utf8(answer.into_body().to_vec()).unwrap())
}

fn own(world: &World) -> TokenOwner {
    TokenOwner::Connection(world.owner())
}

#[tokio::test]
async fn p9_a_forged_request_is_refused_and_nothing_of_it_is_kept() {
    let world = world(own).await;
    let body = messages(&[text("79001112233", "m1", "Здравствуйте")]);
    for secret in ["", "s3cre", "S3CRET", "s3cret2"] {
        let (status, answer) = ask(&world, Method::POST, &[], secret, &body).await;
        assert_eq!(status, 401, "{secret}");
        assert!(answer.contains("unauthorized"), "{answer}");
    }
    assert_eq!(ask(&world, Method::POST, &[], "wrong", "no JSON").await.0, 401);
    world.settle().await;
    assert!(world.chat("79001112233").await.is_none());
    assert!(world.bucket.objects.lock().unwrap().is_empty(), "the quarantine is empty");
    let (status, answer) = ask(&world, Method::POST, &[], "s3cret", &body).await;
    assert_eq!((status, answer.as_str()), (200, "ok"), "the provider's own answer");
    world.settle().await;
    assert_eq!(world.messages("79001112233").await.len(), 1);
}

#[tokio::test]
async fn a_handshake_is_answered_and_stores_nothing() {
    let world = world(own).await;
    let (status, answer) = ask(&world, Method::GET, &[("challenge", "1158201444")], "", "").await;
    assert_eq!((status, answer.as_str()), (200, "1158201444"));
    assert_eq!(ask(&world, Method::DELETE, &[], "s3cret", "").await.0, 405);
}

#[tokio::test]
async fn one_address_serves_several_accounts_and_a_strangers_channel_is_dropped() {
    let world = world(|_| TokenOwner::App { app: "1234567890".into() }).await;
    let body = messages(&[text("79001112233", "m1", "Здравствуйте")]);
    assert_eq!(ask(&world, Method::POST, &[], "s3cret", &body).await.0, 200);
    let strange = body.replace(CHANNEL, "another-channel");
    assert_eq!(ask(&world, Method::POST, &[], "s3cret", &strange).await.0, 200);
    world.settle().await;
    assert_eq!(world.messages("79001112233").await.len(), 1);
}
