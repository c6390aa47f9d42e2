//! Tokens by which an employee acts: short-lived, signed with a secret of the account, created for the employee by the
//! CRM.
//!
//! A token is [`PREFIX`] and a compact JWT (RFC 7519) with HMAC-SHA-256. A token is trusted only when its header
//! equals, character for character, the one that we write, so a token cannot choose how it is checked.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::employee::Employee;
use crate::model::sealed::Sealed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::Duration;

/// The prefix of every token.
pub const PREFIX: &str = "sbe_";
/// `{"alg":"HS256","typ":"JWT"}`, the only header that is accepted.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// The secret that an account's tokens are signed with: created at first use, and replaced to end all tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenSecret {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// 256 random bits in hexadecimal, encrypted.
    pub secret: Sealed,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The claims of a token. Times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub account: AccountId,
    /// The employee who acts.
    pub employee: EmployeeId,
    /// From when on it is valid.
    pub iat: i64,
    /// From when on it is expired.
    pub exp: i64,
}

impl Claims {
    /// A token's claims for an employee, valid for `lasts`. Its start is later than the end of the employee's earlier
    /// tokens, so a token created in the same second in which those were ended is valid.
    pub fn new(employee: &Employee, now: Timestamp, lasts: Duration) -> Self {
        Self {
            account: employee.account.clone(),
            employee: employee.employee.clone(),
            iat: now.seconds().max(over_until(employee) + 1),
            exp: (now + lasts).seconds(),
        }
    }

    /// Whether the token is valid for this employee according to their current row: it names the employee, and their
    /// tokens were not ended since. An employee who was removed and loaded again counts as another one.
    pub fn hold(&self, employee: &Employee) -> bool {
        self.account == employee.account
            && self.employee == employee.employee
            && self.iat > over_until(employee)
    }

    /// Signs the claims and returns the token.
    ///
    /// # Errors
    /// [`Unsigned`], which does not happen.
    pub fn sign(&self, secret: &[u8]) -> Result<String, Unsigned> {
        let payload = serde_json::to_vec(self).map_err(|_| Unsigned)?;
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = mac(&signed, secret)?.finalize().into_bytes();
        Ok(format!("{PREFIX}{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The employee with all tokens ended that were created until now, including those whose start is later than `now`.
pub fn end_all(employee: &Employee, now: Timestamp) -> Employee {
    let ended = now.seconds().max(over_until(employee) + 1);
    Employee { tokens_ended_at: Some(Timestamp::from_millis(ended * 1000)), ..employee.clone() }
}

/// The second up to which all tokens of an employee are ended.
fn over_until(employee: &Employee) -> i64 {
    employee.created_at.max(employee.tokens_ended_at.unwrap_or_default()).seconds()
}

/// A token could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token cannot be signed")]
pub struct Unsigned;

/// A token as it was received: nothing in it is trusted yet.
#[derive(Clone, Copy)]
pub struct Unproved<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Unproved<'a> {
    /// Splits a token into its parts; `None` when it does not have the shape of our tokens.
    pub fn parse(token: &'a str) -> Option<Self> {
        let jwt = token.strip_prefix(PREFIX)?;
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        (header == HEADER).then_some(Self { signed, payload, signature })
    }

    /// The account that it names, used only to find the secret for checking it.
    pub fn account(&self) -> Option<AccountId> {
        self.claims().map(|claims| claims.account)
    }

    /// The claims, when it is signed with this secret and has not expired. Compared in constant time.
    pub fn prove(&self, secret: &[u8], now: Timestamp) -> Option<Claims> {
        let signature = URL_SAFE_NO_PAD.decode(self.signature).ok()?;
        mac(self.signed, secret).ok()?.verify_slice(&signature).ok()?;
        self.claims().filter(|claims| now.seconds() < claims.exp)
    }

    fn claims(&self) -> Option<Claims> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(self.payload).ok()?).ok()
    }
}

impl std::fmt::Debug for Unproved<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unproved(…)")
    }
}

fn mac(signed: &str, secret: &[u8]) -> Result<Hmac<Sha256>, Unsigned> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Unsigned)?;
    mac.update(signed.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: Timestamp = Timestamp::from_millis(1_000_000_500);

    fn employee() -> Employee {
        Employee::new(&AccountId::new("a"), &EmployeeId::new("17"), "Anna", Timestamp::from_millis(5_000))
    }

    fn token() -> String {
        Claims::new(&employee(), NOW, Duration::from_secs(60)).sign(SECRET).unwrap()
    }

    fn proved(token: &str, secret: &[u8], now: Timestamp) -> Option<Claims> {
        Unproved::parse(token)?.prove(secret, now)
    }

    #[test]
    fn the_header_is_what_it_says() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }

    /// The example of RFC 7515, A.1, checked with our functions, so that tokens are compatible with other
    /// implementations.
    #[test]
    fn the_signature_is_that_of_rfc_7515() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = mac(signed, &URL_SAFE_NO_PAD.decode(key).unwrap()).unwrap().finalize().into_bytes();
        assert_eq!(URL_SAFE_NO_PAD.encode(signature), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn a_token_is_good_to_its_second() {
        let token = token();
        let claims = proved(&token, SECRET, NOW).unwrap();
        assert_eq!((claims.account.as_str(), claims.employee.as_str()), ("a", "17"));
        assert_eq!((claims.iat, claims.exp), (1_000_000, 1_000_060));
        assert!(proved(&token, SECRET, Timestamp::from_millis(1_000_059_999)).is_some());
        assert_eq!(proved(&token, SECRET, Timestamp::from_millis(1_000_060_000)), None);
    }

    #[test]
    fn p9_a_forged_token_proves_nothing() {
        let good = token();
        assert_eq!(proved(&good, b"another secret", NOW), None);
        let parts: Vec<&str> = good[PREFIX.len()..].split('.').collect();
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let other = encoded(r#"{"account":"a","employee":"18","iat":1000000,"exp":1000060}"#);
        let none = encoded(r#"{"alg":"none","typ":"JWT"}"#);
        let longer = encoded(r#"{"alg":"HS512","typ":"JWT"}"#);
        for forged in [
            format!("{PREFIX}{}.{other}.{}", parts[0], parts[2]),
            format!("{PREFIX}{none}.{}.", parts[1]),
            format!("{PREFIX}{none}.{}.{}", parts[1], parts[2]),
            format!("{PREFIX}{longer}.{}.{}", parts[1], parts[2]),
            format!("{PREFIX}{}.{}.", parts[0], parts[1]),
            format!("{PREFIX}{}.{}.{}", parts[0], parts[1], &parts[2][..40]),
            format!("{PREFIX}{}.{}.x.{}", parts[0], parts[1], parts[2]),
            format!("{PREFIX}{}.{}", parts[0], parts[1]),
            good[PREFIX.len()..].to_owned(),
            PREFIX.to_owned(),
            String::new(),
        ] {
            assert_eq!(proved(&forged, SECRET, NOW), None, "{forged}");
        }
        // Every single letter counts, except the last one of the signature, which carries unused bits.
        for at in PREFIX.len()..good.len() - 1 {
            let mut letters = good.clone().into_bytes();
            letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(proved(&String::from_utf8(letters).unwrap(), SECRET, NOW), None, "letter {at}");
        }
    }

    #[test]
    fn what_ends_his_tokens_ends_the_earlier_ones_only() {
        let mut anna = employee();
        let lasts = Duration::from_secs(60);
        let before = Claims::new(&anna, NOW, lasts);
        assert!(before.hold(&anna));
        anna = end_all(&anna, NOW);
        assert!(!before.hold(&anna));
        let after = Claims::new(&anna, NOW, lasts);
        assert!(after.hold(&anna), "made in the same second");
        anna = end_all(&anna, NOW);
        assert!(!after.hold(&anna), "ended once more in the same second");
        let fresh = Employee { created_at: NOW, ..employee() };
        let first = Claims::new(&fresh, NOW, lasts);
        assert!(
            first.hold(&fresh) && !first.hold(&end_all(&fresh, NOW)),
            "made, and ended, in his first second"
        );
        let again = Employee { tokens_ended_at: None, created_at: NOW, ..anna.clone() };
        assert!(!before.hold(&again), "removed, and loaded again");
        let boris = Employee { employee: EmployeeId::new("18"), ..anna.clone() };
        assert!(!Claims::new(&anna, NOW, lasts).hold(&boris));
    }

    #[test]
    fn nothing_of_a_token_is_printed() {
        let token = token();
        let shown = format!("{:?}", Unproved::parse(&token).unwrap());
        assert_eq!(shown, "Unproved(…)");
    }
}
