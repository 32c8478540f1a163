use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn applied(name: &str, value: &Value, named: Value) -> Result<Value, String> {
    let filter = FILTERS.iter().find(|filter| filter.names.contains(&name)).unwrap();
    let Value::Object(named) = named else { panic!("expected a map") };
    filter.apply(FilterCall { value: Some(value.clone()), args: Vec::new(), named })
}

#[test]
fn keys_are_as_avd_writes_them() {
    for (arguments, expected) in [
        (json!({"passwd_type": "bgp", "key": "42.42.42.42"}), "3QGcqpU2YTwKh2jVQ4Vj/A=="),
        (json!({"passwd_type": "ntp", "salt": 3}), "03054902151B20"),
    ] {
        let encrypted = applied("arista.avd.encrypt", &json!("arista"), arguments.clone()).unwrap();
        assert_eq!(encrypted, json!(expected));
        let Value::Object(mut arguments) = arguments else { panic!("expected a map") };
        arguments.remove("salt");
        let decrypted = applied("arista.avd.decrypt", &encrypted, arguments.into()).unwrap();
        assert_eq!(decrypted, json!("arista"));
    }
}

#[test]
fn a_salt_is_never_drawn() {
    let error = applied("arista.avd.encrypt", &json!("x"), json!({"passwd_type": "radius"})).unwrap_err();
    assert!(error.contains("needs the argument salt"), "{error}");
}

#[test]
fn errors_do_not_quote_a_hidden_key() {
    for arguments in [json!({"passwd_type": "bgp", "key": "k"}), json!({"passwd_type": "ntp"})] {
        let error = applied("arista.avd.decrypt", &json!("CANARY"), arguments).unwrap_err();
        assert!(!error.contains("CANARY"), "{error}");
    }
}

#[test]
fn snmp_keys_are_those_of_the_rfc() {
    // RFC 3414, sections A.3.1 and A.3.2
    for (auth, expected) in
        [("md5", "526f5eed9fcce26f8964c2930787d82b"), ("sha", "6695febc9288e36282235fc7151f128497b38f3f")]
    {
        let user = json!({"passphrase": "maplesyrup", "auth": auth, "engine_id": "000000000000000000000002"});
        assert_eq!(applied("arista.avd.snmp_hash", &user, Map::new().into()).unwrap(), json!(expected));
    }
}

proptest! {
    #[test]
    fn any_key_is_read_again(text in ".{1,30}", key in ".{1,12}", salt in 0..16_i64) {
        for (hide, show) in [
            (json!({"passwd_type": "bgp", "key": key}), json!({"passwd_type": "bgp", "key": key})),
            (json!({"passwd_type": "ntp", "salt": salt}), json!({"passwd_type": "ntp"})),
        ] {
            let hidden = applied("arista.avd.encrypt", &json!(text), hide).unwrap();
            prop_assert_eq!(applied("arista.avd.decrypt", &hidden, show).unwrap(), json!(text));
        }
    }

    #[test]
    fn any_text_is_decrypted_or_refused(text in ".{0,30}|[0-9A-F]{0,20}|[A-Za-z0-9+/=]{0,32}") {
        for arguments in [json!({"passwd_type": "bgp", "key": "k"}), json!({"passwd_type": "ntp"})] {
            let _ = applied("arista.avd.decrypt", &json!(text), arguments);
        }
    }
}
