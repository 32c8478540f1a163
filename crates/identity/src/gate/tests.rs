use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64ct::{Base64UrlUnpadded, Encoding};
use intent::name::{DeviceName, GroupName};
use jsonwebtoken::{EncodingKey, encode};
use naas::access::{Grant, Scope};
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::keys::KeyRing;
use crate::mint::{Life, Pass, Role};

const COMPANY: &str = "https://login.example.net";

/// Everything that is trusted: the keys of a ring, and one provider.
struct Trust {
    access: Result<Access, Unreadable>,
    reads: AtomicUsize,
}

impl Documents for &Trust {
    async fn access(&self) -> Result<Access, Unreadable> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.access.clone()
    }
}

/// A provider on this machine: its key set, and how often it was asked.
#[derive(Default)]
struct Provider {
    keys: String,
    asked: AtomicUsize,
}

impl Fetch for &Provider {
    async fn get(&self, address: &str) -> Result<String, String> {
        if address.ends_with("/.well-known/openid-configuration") {
            return Ok(json!({"issuer": COMPANY, "jwks_uri": format!("{COMPANY}/keys")}).to_string());
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.keys.clone())
    }
}

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::default();
    ring.rotate(now(), SignedDuration::from_hours(24 * 90)).unwrap();
    ring
}

fn trust(ring: &KeyRing) -> Trust {
    let company = json!({
        "name": "company", "issuer": COMPANY, "audience": "network", "subject": "email",
        "rules": [
            {"when": {"groups": "netops"}, "role": "operator", "groups": ["leaf"]},
            {"when": {"groups": "everybody"}, "role": "viewer"},
        ],
    });
    let access = json!({"keys": ring.public(now()), "issuers": [company]});
    Trust { access: Ok(Access::parse(&access.to_string()).unwrap()), reads: AtomicUsize::new(0) }
}

fn admin(ring: &KeyRing) -> String {
    let pass = Pass::person("ana@noc", Role::Admin, None).unwrap();
    pass.mint(ring, "naas", now(), Life::days(1).unwrap()).unwrap().token.expose_secret().to_owned()
}

/// A token of the provider, signed with `pair`, under the key's name `kid`.
fn company_token(pair: &Ed25519KeyPair, kid: &str, change: Value) -> String {
    let mut claims = json!({
        "iss": COMPANY, "sub": "00u1", "aud": ["other", "network"], "exp": now().as_second() + 600,
        "email": "bob@example.net", "groups": ["netops", "everybody"],
    });
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &claims, &EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref())).unwrap()
}

fn provider(pair: &Ed25519KeyPair) -> Provider {
    let x = Base64UrlUnpadded::encode_string(pair.public_key().as_ref());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "x": x}]});
    Provider { keys: keys.to_string(), ..Provider::default() }
}

async fn caller_at(trust: &Trust, token: &str, at: Timestamp) -> Result<Caller, Rejected> {
    Gate::new(trust, &Provider::default()).caller(Some(&format!("Bearer {token}")), at).await
}

#[tokio::test]
async fn a_token_of_ours_is_its_subject_with_its_role() {
    let ring = ring();
    let groups = vec![GroupName::new("leaf").unwrap()];
    let passes = [
        (Pass::person("ci", Role::Operator, Some(groups.clone())).unwrap(), "ci"),
        (Pass::device(DeviceName::new("leaf1").unwrap()), "device/leaf1"),
    ];
    let grants = [
        Grant::Operator(Scope::Groups(groups.into_iter().collect())),
        Grant::Device(DeviceName::new("leaf1").unwrap()),
    ];
    for ((pass, subject), grant) in passes.into_iter().zip(grants) {
        let minted = pass.mint(&ring, "naas", now(), Life::days(1).unwrap()).unwrap();

        let caller = caller_at(&trust(&ring), minted.token.expose_secret(), now()).await.unwrap();

        assert_eq!((caller.subject(), caller.grants()), (subject, &[grant][..]));
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_its_key() {
    let ring = ring();
    let (trust, token) = (trust(&ring), admin(&ring));
    let at = |seconds| now() + SignedDuration::from_secs(seconds);

    assert!(caller_at(&trust, &token, at(86_400 + 59)).await.is_ok());
    assert_eq!(caller_at(&trust, &token, at(86_400 + 60)).await, Err(Rejected::Expired));
    assert!(caller_at(&trust, &token, at(-60)).await.is_ok());
    assert_eq!(caller_at(&trust, &token, at(-61)).await, Err(Rejected::TooEarly));
    let year = Pass::person("ci", Role::Viewer, None).unwrap().mint(&ring, "naas", now(), Life::days(366).unwrap());
    assert_eq!(year.unwrap().until, now() + SignedDuration::from_hours(24 * 90));
}

#[tokio::test]
async fn what_is_not_a_token_of_ours_is_nobody() {
    let ring = ring();
    let public = ring.public(now()).remove(0);
    let stranger = KeyRing::parse(ring.to_document().expose_secret()).map(|_| self::ring()).unwrap();
    let gate_trust = trust(&ring);
    let claims = json!({
        "iss": "naas", "sub": "eve", "aud": "naas", "exp": now().as_second() + 600, "role": "admin",
    });
    let signed = |header: Header, change: Value, key: &EncodingKey| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        encode(&header, &claims, key).unwrap()
    };
    let header = |alg| Header { kid: Some(public.kid.clone()), ..Header::new(alg) };
    let (_, ours) = ring.signing(now()).unwrap();
    let (_, theirs) = stranger.signing(now()).unwrap();
    let x = Base64UrlUnpadded::decode_vec(&public.x).unwrap();
    let unsigned = |alg: &str| {
        let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        format!("{}.{}.", part(&json!({"alg": alg, "kid": public.kid})), part(&claims))
    };
    let no_exp = {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove("exp");
        encode(&header(Algorithm::EdDSA), &claims, &ours).unwrap()
    };
    let ed = || header(Algorithm::EdDSA);
    let critical = |mut header: Header| {
        header.crit = Some(vec!["b64".to_owned()]);
        header
    };
    for (what, token, expected) in [
        ("none at all", String::new(), Rejected::NotAToken),
        ("noise", "a.b.c".to_owned(), Rejected::NotAToken),
        ("alg none", unsigned("none"), Rejected::NotAToken),
        ("no signature", unsigned("EdDSA"), Rejected::WrongSignature),
        (
            "the public key as secret",
            signed(header(Algorithm::HS256), json!({}), &EncodingKey::from_secret(&x)),
            Rejected::WrongAlgorithm,
        ),
        (
            "its text as secret",
            signed(header(Algorithm::HS256), json!({}), &EncodingKey::from_secret(public.x.as_bytes())),
            Rejected::WrongAlgorithm,
        ),
        ("another's key", signed(ed(), json!({}), &theirs), Rejected::WrongSignature),
        ("no key's name", signed(Header::new(Algorithm::EdDSA), json!({}), &ours), Rejected::UnknownKey),
        (
            "an unknown key",
            signed(Header { kid: Some("x".to_owned()), ..ed() }, json!({}), &ours),
            Rejected::UnknownKey,
        ),
        ("an extension", signed(critical(ed()), json!({}), &ours), Rejected::WrongAlgorithm),
        ("another issuer", signed(ed(), json!({"iss": "https://evil.example"}), &ours), Rejected::UnknownIssuer),
        ("another audience", signed(ed(), json!({"aud": "naas-test"}), &ours), Rejected::WrongAudience),
        ("no audience in a list", signed(ed(), json!({"aud": []}), &ours), Rejected::WrongAudience),
        ("expired", signed(ed(), json!({"exp": now().as_second() - 60}), &ours), Rejected::Expired),
        ("no end", no_exp, Rejected::NotAToken),
        ("no role", signed(ed(), json!({"role": "root"}), &ours), Rejected::WrongClaim("role")),
        ("a switch without a name", signed(ed(), json!({"role": "device"}), &ours), Rejected::WrongClaim("device")),
        (
            "groups of no form",
            signed(ed(), json!({"role": "viewer", "groups": "leaf"}), &ours),
            Rejected::WrongClaim("role"),
        ),
        ("a provider's subject", signed(ed(), json!({"sub": "company:bob"}), &ours), Rejected::WrongClaim("sub")),
        ("too long", "x".repeat(LONGEST_TOKEN + 1), Rejected::TooLong),
    ] {
        assert_eq!(caller_at(&gate_trust, &token, now()).await, Err(expected), "{what}");
    }
}

#[tokio::test]
async fn only_the_scheme_bearer_is_read() {
    let ring = ring();
    let (trust, token) = (trust(&ring), admin(&ring));
    let provider = Provider::default();
    let gate = Gate::new(&trust, &provider);

    assert!(gate.caller(Some(&format!("bearer  {token} ")), now()).await.is_ok());
    for header in [None, Some(""), Some("Bearer"), Some(token.as_str()), Some(&*format!("Basic {token}"))] {
        assert_eq!(gate.caller(header, now()).await, Err(Rejected::Missing), "{header:?}");
    }
}

#[tokio::test]
async fn nobody_is_trusted_before_there_are_keys() {
    let nothing = Trust { access: Ok(Access::default()), reads: AtomicUsize::new(0) };

    assert_eq!(caller_at(&nothing, &admin(&ring()), now()).await, Err(Rejected::UnknownKey));
}

#[tokio::test]
async fn the_document_is_read_once_a_minute() {
    let ring = ring();
    let (mut trust, token) = (trust(&ring), format!("Bearer {}", admin(&ring)));
    {
        let provider = Provider::default();
        let gate = Gate::new(&trust, &provider);
        for seconds in [0, 30, 59, 60, 61] {
            gate.caller(Some(&token), now() + SignedDuration::from_secs(seconds)).await.unwrap();
        }
        assert_eq!(trust.reads.load(Ordering::Relaxed), 2);
    }
    trust.access = Err(Unreadable("down".to_owned()));
    assert_eq!(caller_at(&trust, &token, now()).await, Err(Rejected::NotAToken));
    let rejected = Gate::new(&trust, &Provider::default()).caller(Some(&token), now()).await;
    assert_eq!(rejected, Err(Rejected::NotReady));
}

#[tokio::test]
async fn a_provider_is_believed_for_its_audience_and_rules() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let (ring, provider) = (ring(), provider(&pair));
    let trust = trust(&ring);
    let gate = Gate::new(&trust, &provider);
    let ask = async |token: String| gate.caller(Some(&format!("Bearer {token}")), now()).await;

    let bob = ask(company_token(&pair, "k1", json!({}))).await.unwrap();

    assert_eq!(bob.subject(), "company:bob@example.net");
    let leafs = Scope::Groups([GroupName::new("leaf").unwrap()].into());
    assert_eq!(bob.grants(), [Grant::Operator(leafs), Grant::Viewer(Scope::Every)]);
    let stranger = ask(company_token(&pair, "k1", json!({"groups": ["sales"]}))).await.unwrap();
    assert_eq!(stranger.grants(), []);
    for (change, expected) in [
        (json!({"aud": "other"}), Rejected::WrongAudience),
        (json!({"exp": now().as_second() - 61}), Rejected::Expired),
        (json!({"nbf": now().as_second() + 61}), Rejected::TooEarly),
        (json!({"email": null}), Rejected::WrongClaim("that names the subject")),
    ] {
        assert_eq!(ask(company_token(&pair, "k1", change.clone())).await, Err(expected), "{change}");
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_once_a_minute() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let (ring, provider) = (ring(), provider(&pair));
    let trust = trust(&ring);
    let gate = Gate::new(&trust, &provider);
    for number in 0..100 {
        let token = company_token(&pair, &format!("k{}", number + 2), json!({}));
        let rejected = gate.caller(Some(&format!("Bearer {token}")), now()).await;
        assert_eq!(rejected, Err(Rejected::UnknownKey));
    }
    let token = company_token(&pair, "k1", json!({"exp": now().as_second() + 9_000}));

    let later = gate.caller(Some(&format!("Bearer {token}")), now() + SignedDuration::from_secs(3600)).await;

    assert!(later.is_ok(), "{later:?}");
    assert_eq!(provider.asked.load(Ordering::Relaxed), 2, "once, and once more when the keys were old");
}

#[tokio::test]
async fn a_secret_in_a_key_set_is_no_key() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let keys = json!({"keys": [{"kty": "oct", "kid": "k1", "alg": "HS256", "k": "c2VjcmV0"}]}).to_string();
    let (ring, provider) = (ring(), Provider { keys, ..Provider::default() });
    let trust = trust(&ring);
    let token = company_token(&pair, "k1", json!({}));

    let rejected = Gate::new(&trust, &provider).caller(Some(&format!("Bearer {token}")), now()).await;

    assert_eq!(rejected, Err(Rejected::UnknownKey));
}
