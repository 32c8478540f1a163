//! Hashes. What is rendered twice must be the same twice, or the switch sees a change each time; so
//! nothing here is random.

use base64ct::{Base64ShaCrypt, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use md5::Digest;
use serde_json::{Map, Value};
use sha_crypt::{Params, sha512_crypt};
use sha2::{Sha256, Sha512};

use secrecy::{ExposeSecret, SecretString};

use super::super::render_context::render_context;
use super::{Filter, FilterCall, to_text};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(
        &["password_hash", "ansible.builtin.password_hash"],
        &["hashtype", "salt", "rounds", "user"],
        password_hash,
    ),
    Filter::new(&["arista.avd.secure_hash"], &["salt", "hash_type"], secure_hash),
    Filter::new(&["hash", "ansible.builtin.hash"], &["hashtype"], hash),
    Filter::new(&["md5", "ansible.builtin.md5"], &[], |call| digest("md5", &call.text())),
    Filter::new(&["sha1", "ansible.builtin.sha1", "checksum", "ansible.builtin.checksum"], &[], |call| {
        digest("sha1", &call.text())
    }),
];

fn hash(call: &FilterCall) -> Result<Value, String> {
    digest(&call.arg(0).map_or_else(|| "sha1".to_owned(), to_text), &call.text())
}

fn digest(kind: &str, text: &str) -> Result<Value, String> {
    let digest = match kind {
        "md5" => hex(&md5::Md5::digest(text)),
        "sha1" => hex(&sha1::Sha1::digest(text)),
        "sha256" => hex(&Sha256::digest(text)),
        "sha512" => hex(&Sha512::digest(text)),
        other => return Err(format!("expected md5, sha1, sha256 or sha512, found {other}")),
    };
    Ok(digest.into())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rounds that a hash has which does not say; EOS writes such.
const DEFAULT_ROUNDS: u32 = 5000;

/// More would hold up the rendering of a fleet.
const MAX_ROUNDS: i64 = 100_000;

/// SHA-512 in crypt's form, what EOS calls `secret sha512`.
///
/// The salt must be given, or derive from the site's secret key: HMAC-SHA-256 of the device's name
/// and the argument `user`. A salt that anybody can compute from the password, as a hash of it,
/// would tell within microseconds whether a guess is right; the rounds of the hash are there to
/// make that slow.
fn password_hash(call: &FilterCall) -> Result<Value, String> {
    let kind = call.arg(0).map_or_else(|| "sha512".to_owned(), to_text);
    if kind != "sha512" {
        return Err(format!("expected sha512, which EOS takes, found {kind}"));
    }
    let salt = match call.arg(1).map(to_text) {
        Some(salt) if is_salt(&salt) => salt,
        Some(_) => return Err(NOT_A_SALT.to_owned()),
        None => keyed_salt(&call.arg(3).map(to_text).unwrap_or_default())?,
    };
    let rounds = match call.integer(2)? {
        None => DEFAULT_ROUNDS,
        Some(rounds) => u32::try_from(rounds)
            .ok()
            .filter(|_| (1000..=MAX_ROUNDS).contains(&rounds))
            .ok_or_else(|| format!("expected 1000 to {MAX_ROUNDS} rounds, found {rounds}"))?,
    };
    crypt(&call.text(), &salt, rounds)
}

/// AVD's `secure_hash`: `password_hash` with a salt that must be given.
fn secure_hash(call: &FilterCall) -> Result<Value, String> {
    match call.arg(1).map(to_text).as_deref() {
        None | Some("sha512_password") => {}
        Some(other) => return Err(format!("expected the hash_type sha512_password, found {other}")),
    }
    let (Value::String(password), Some(Value::String(salt))) = (call.value(), call.arg(0)) else {
        return Err("needs a password and a salt, both text".to_owned());
    };
    if !is_salt(salt) {
        return Err(NOT_A_SALT.to_owned());
    }
    crypt(password, salt, DEFAULT_ROUNDS)
}

/// SHA-512 in crypt's form. Rounds are said if they are not the usual ones.
fn crypt(password: &str, salt: &str, rounds: u32) -> Result<Value, String> {
    let said = if rounds == DEFAULT_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    let params = Params::new(rounds).map_err(|error| error.to_string())?;
    let hash = Base64ShaCrypt::encode_string(&transposed(&sha512_crypt(password.as_bytes(), salt.as_bytes(), params)));
    Ok(format!("$6${said}{salt}${hash}").into())
}

const NOT_A_SALT: &str = "expected a salt of 1 to 16 letters, digits, dots and slashes";

fn is_salt(salt: &str) -> bool {
    (1..=16).contains(&salt.len()) && salt.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '/'))
}

/// The key in the data of a host, its groups or the defaults, that salts derive from.
const SALT_KEY: &str = "password_salt_key";

/// Fewer characters could be guessed.
const LEAST_KEY: usize = 16;

/// The key in the data of `host` that salts derive from, if it has one.
pub(in crate::render) fn salt_key(host: &Map<String, Value>) -> Option<SecretString> {
    host.get("data").and_then(|data| data.get(SALT_KEY)).and_then(Value::as_str).map(SecretString::from)
}

fn keyed_salt(user: &str) -> Result<String, String> {
    let (key, host) = render_context(|context| (context.salt_key.clone(), context.host.clone()));
    let Some(key) = key else {
        return Err(format!(
            "needs a salt: give one, as in `password_hash('sha512', 'saltstring')`, or put a secret of at least {LEAST_KEY} characters \
             into the inventory's data as {SALT_KEY}, and salts will derive from it"
        ));
    };
    if key.expose_secret().chars().count() < LEAST_KEY {
        return Err(format!(
            "{SALT_KEY} in the inventory's data has fewer than {LEAST_KEY} characters, and could be guessed"
        ));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).map_err(|error| error.to_string())?;
    mac.update(format!("naas password_hash\0{host}\0{user}").as_bytes());
    Ok(Base64ShaCrypt::encode_string(&mac.finalize().into_bytes()[..12]))
}

/// The order in which crypt writes the bytes: every third of the hash in turn, and the three
/// rotate.
fn transposed(hash: &[u8; 64]) -> [u8; 64] {
    let mut written = [0; 64];
    let (mut a, mut b, mut c) = (0, 21, 42);
    for group in written[..63].chunks_exact_mut(3) {
        group.copy_from_slice(&[hash[c], hash[b], hash[a]]);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    written[63] = hash[63];
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::render_context::RenderContext;
    use super::super::applied;
    use super::*;

    /// From the specification of SHA-crypt, <https://www.akkadia.org/drepper/SHA-crypt.txt>.
    #[test]
    fn passwords_are_hashed_as_specified() {
        let hash = |password: &str, salt: &str, rounds: Value| {
            applied("password_hash", json!(password), &[json!("sha512"), json!(salt), rounds]).unwrap()
        };
        assert_eq!(
            hash("Hello world!", "saltstring", Value::Null),
            json!(
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
            )
        );
        assert_eq!(
            hash("Hello world!", "saltstringsaltst", json!(10_000)),
            json!(
                "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
            )
        );
    }

    fn hash_on(host: &str, key: Option<&str>, user: &str) -> Result<Value, String> {
        let current =
            RenderContext { host: host.to_owned(), salt_key: key.map(Into::into), ..RenderContext::default() };
        let args = [Value::Null, Value::Null, Value::Null, json!(user)];
        current.during(|| applied("password_hash", json!("secret"), &args)).0
    }

    #[test]
    fn without_a_salt_or_a_key_there_is_no_hash() {
        for key in [None, Some(""), Some("too short")] {
            let error = hash_on("leaf1", key, "").unwrap_err();

            assert!(error.contains("password_salt_key") && !error.contains("too short"), "{error}");
        }
    }

    #[test]
    fn a_salt_derives_from_the_key_the_device_and_the_user() {
        let key = "0123456789abcdef";
        let hash = |host: &str, key: &str, user: &str| hash_on(host, Some(key), user).unwrap();

        let first = hash("leaf1", key, "admin");

        assert_eq!(first, hash("leaf1", key, "admin"));
        assert!(
            [("leaf2", key, "admin"), ("leaf1", "another key of sixteen", "admin"), ("leaf1", key, "naas")]
                .into_iter()
                .all(|(host, key, user)| hash(host, key, user) != first)
        );
    }

    /// The salt tells nothing about the password, so that only the slow hash can be tried.
    #[test]
    fn a_salt_does_not_depend_on_the_password() {
        let salt = |password: &str| {
            let current = RenderContext {
                host: "leaf1".into(),
                salt_key: Some("0123456789abcdef".into()),
                ..RenderContext::default()
            };
            let hash = current.during(|| applied("password_hash", json!(password), &[])).0.unwrap();
            hash.as_str().unwrap().split('$').nth(2).unwrap().to_owned()
        };

        assert_eq!(salt("one"), salt("two"));
        assert_eq!(salt("one").len(), 16);
    }

    #[test]
    fn hashes_are_those_of_the_published_algorithms() {
        for (kind, expected) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            assert_eq!(applied("hash", json!("abc"), &[json!(kind)]).unwrap(), json!(expected));
        }
        assert!(applied("hash", json!("abc"), &[json!("crc32")]).is_err());
    }

    #[test]
    fn a_salt_cannot_smuggle_anything_in() {
        for salt in ["", "a\nb", "a$b", "longer than sixteen"] {
            assert!(applied("password_hash", json!("x"), &[json!("sha512"), json!(salt)]).is_err(), "{salt:?}");
        }
    }
}
