//! Employees' tokens: created by the CRM, ended in four ways, and for whom they are valid.

use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::access_token::Claims;
use shared::store::{Read, keys};
use std::time::Duration;

async fn two() -> (Bench, Company, Company) {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    (bench, one, two)
}

async fn is_good(bench: &Bench, token: &str) -> bool {
    bench.call(token, "GET", "/v1/me", None).await.0 == 200
}

async fn again(bench: &Bench, key: &str, employee: &str, body: Value) -> Value {
    bench.expect(201, key, "POST", &format!("/v1/employees/{employee}/tokens"), Some(body)).await
}

#[tokio::test]
async fn a_token_says_who_he_is() {
    let (bench, one, _) = two().await;
    let (channels, _) = bench.connected(&one.key, &["c1", "c2"]).await;
    let token = bench.token(&one.key, "17").await;
    assert!(token.starts_with("sbe_"));
    let place = json!({"role": "head", "receives_new_clients": false});
    let path = format!("/v1/channels/{}/employees/17", channels[0]);
    bench.expect(200, &one.key, "PUT", &path, Some(place)).await;
    let sections = json!({"sections": ["quick_replies", "crm", "crm"]});
    let granted = bench.expect(200, &one.key, "PUT", "/v1/employees/17/sections", Some(sections)).await;
    assert_eq!(granted, json!({"employee": "17", "sections": ["crm", "quick_replies"]}));
    let me = bench.expect(200, &token, "GET", "/v1/me", None).await;
    let expected = json!({
        "kind": "employee", "account": {"id": one.id, "name": "One"}, "key": null,
        "employee": {
            "id": "17", "name": "Anna", "sections": ["crm", "quick_replies"],
            "channels": [{
                "channel": channels[0], "role": "head", "receives_new_clients": false, "sends": true,
                "is_default": false, "status": "available"
            }]
        }
    });
    assert_eq!(me, expected);
    let me = bench.expect(200, &one.key, "GET", "/v1/me", None).await;
    assert_eq!((&me["kind"], &me["employee"]), (&json!("key"), &Value::Null));
    assert!(one.key.starts_with(me["key"]["prefix"].as_str().unwrap()));
}

#[tokio::test]
async fn a_token_is_good_for_as_long_as_it_was_made_for() {
    let (bench, one, _) = two().await;
    bench.token(&one.key, "17").await;
    for (body, lasts) in
        [(json!({}), 3600), (json!({"expires_in_s": 60}), 60), (json!({"expires_in_s": 43200}), 43200)]
    {
        let answer = again(&bench, &one.key, "17", body).await;
        let token = answer["token"].as_str().unwrap();
        let end = bench.clock.now() + Duration::from_secs(lasts);
        assert_eq!(answer["expires_at"], end.rfc3339());
        bench.clock.advance(Duration::from_millis(lasts * 1000 - 1));
        assert!(is_good(&bench, token).await, "{lasts}");
        bench.clock.advance(Duration::from_millis(1));
        assert!(!is_good(&bench, token).await, "{lasts}");
    }
    let post = ("POST", "/v1/employees/17/tokens");
    for wrong in [json!(59), json!(43201), json!(-1), json!("60")] {
        let body = Some(json!({"expires_in_s": wrong}));
        bench.refused(&one.key, post, body, (400, "invalid_value", Some("expires_in_s"))).await;
    }
    let unknown = ("POST", "/v1/employees/18/tokens");
    bench.refused(&one.key, unknown, Some(json!({})), (404, "not_found", None)).await;
}

#[tokio::test]
async fn tokens_end_with_the_employee_and_do_not_come_back_with_him() {
    let (bench, one, _) = two().await;
    let token = bench.token(&one.key, "17").await;
    assert!(is_good(&bench, &token).await);
    bench.expect(204, &one.key, "DELETE", "/v1/employees/17", None).await;
    assert!(!is_good(&bench, &token).await);
    bench.clock.advance(Duration::from_secs(2));
    let fresh = bench.token(&one.key, "17").await;
    assert!(is_good(&bench, &fresh).await);
    assert!(!is_good(&bench, &token).await, "loaded again, it is another employee");
}

#[tokio::test]
async fn an_employees_tokens_end_at_once_and_only_his() {
    let (bench, one, _) = two().await;
    let (anna, boris) = (bench.token(&one.key, "17").await, bench.token(&one.key, "18").await);
    // Two rounds, all in the same second.
    for _ in 0..2 {
        let fresh = again(&bench, &one.key, "17", json!({})).await;
        let fresh = fresh["token"].as_str().unwrap();
        assert!(is_good(&bench, fresh).await);
        bench.expect(204, &one.key, "DELETE", "/v1/employees/17/tokens", None).await;
        assert!(!is_good(&bench, fresh).await && !is_good(&bench, &anna).await);
        assert!(is_good(&bench, &boris).await);
    }
    let put = json!({"employees": [{"id": "17", "name": "Anna Renamed"}]});
    bench.expect(200, &one.key, "PUT", "/v1/employees", Some(put)).await;
    assert!(!is_good(&bench, &anna).await, "a load does not bring them back");
    bench.expect(404, &one.key, "DELETE", "/v1/employees/19/tokens", None).await;
}

#[tokio::test]
async fn a_new_secret_ends_all_tokens_of_the_account_and_no_others() {
    let (bench, one, other) = two().await;
    let (own, foreign) = (bench.token(&one.key, "17").await, bench.token(&other.key, "17").await);
    bench.expect(204, &one.key, "POST", "/v1/tokens/rotate-secret", None).await;
    assert!(!is_good(&bench, &own).await && is_good(&bench, &foreign).await);
    let fresh = again(&bench, &one.key, "17", json!({})).await;
    assert!(is_good(&bench, fresh["token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn p9_the_secret_is_made_once_and_kept_sealed() {
    let (bench, one, other) = two().await;
    for key in [&one.key, &other.key] {
        let load = json!({"employees": [{"id": "17", "name": "Anna"}]});
        bench.expect(200, key, "PUT", "/v1/employees", Some(load)).await;
    }
    let make = || again(&bench, &one.key, "17", json!({}));
    let (left, right) = tokio::join!(make(), make());
    for answer in [left, right] {
        assert!(is_good(&bench, answer["token"].as_str().unwrap()).await, "both by one secret");
    }
    let row = async |company: &Company| {
        let account = AccountId::new(company.id.as_str());
        bench.app.store.token_secret(&account).await.unwrap()
    };
    let secret = row(&one).await.unwrap();
    assert_eq!(secret.created_at, bench.clock.now());
    assert!(format!("{secret:?}").contains("Sealed(…)"));
    assert_eq!(row(&other).await, None);
}

/// A token that is signed with the right secret is still invalid here, because the rows decide.
#[tokio::test]
async fn p9_another_accounts_secret_opens_nothing_here() {
    let (bench, one, other) = two().await;
    bench.token(&one.key, "17").await;
    bench.token(&other.key, "17").await;
    let (account, of_other) = (AccountId::new(one.id.as_str()), AccountId::new(other.id.as_str()));
    let row = bench.app.store.token_secret(&of_other).await.unwrap().unwrap();
    let now = bench.clock.now();
    let secret = bench.app.vault.open(&of_other, &row.secret, now).await.unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&secret).as_bytes().to_vec();
    let employee = keys::employee(&account, &EmployeeId::new("17"));
    let employee = bench.app.store.get(&employee, Read::Consistent).await.unwrap().unwrap();
    let claims = Claims::new(&employee, now, Duration::from_secs(60));
    assert!(!is_good(&bench, &claims.sign(&secret).unwrap()).await);
    let of_other = Claims { account: of_other, ..claims };
    assert!(is_good(&bench, &of_other.sign(&secret).unwrap()).await, "the test signs as we do");
}
