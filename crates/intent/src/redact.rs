//! Takes secrets out of configuration text before it is kept, logged or shown.
//!
//! The switch's diff and its refusals quote configuration lines, and those may hold passwords, keys
//! and communities. As `show running-config sanitized` does on EOS, the value is replaced by
//! [`REMOVED`]; the line, its place and its sign stay. Which words of a line are secrets is EOS's
//! grammar, which stands in the crate `eos-config`: one table for naas and for the simulator.

pub use eos_config::REMOVED;

/// `text` (configuration lines, a unified diff of them, or a sentence that quotes one) without its
/// secrets. Line breaks are kept.
pub fn secrets(text: &str) -> String {
    eos_config::mask(text).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secret_fields_are_masked_by_their_place() {
        for line in [
            "username admin privilege 15 role network-admin secret sha512 CANARY",
            "enable secret 5 CANARY",
            "snmp-server community CANARY ro",
            "snmp-server host 192.0.2.3 version 2c CANARY",
            "snmp-server host 192.0.2.4 vrf MGMT traps version 1 CANARY",
            "snmp-server user u g v3 localized CANARY auth sha CANARY priv aes CANARY",
            "   neighbor 10.0.0.1 password 7 CANARY",
            "tacacs-server host 10.1.1.1 vrf MGMT key 7 CANARY",
            "ntp authentication-key 1 md5 CANARY",
            "   ip ospf message-digest-key 1 sha512 7 CANARY",
            "   ip ospf authentication-key 7 CANARY",
            "   vrrp 1 peer authentication text CANARY",
            "   key 0a1b2c 7 CANARY",
            "   exec /usr/bin/TerminAttr -cvaddr=192.0.2.1:9910 -cvauth=key,CANARY -taillogs",
            "   action bash curl -H 'Authorization: Bearer CANARY' https://example.net/save",
            "logging host https://admin:CANARY@example.net",
            "   invented field 8a CANARY",
            "   invented session-key 7 CANARY",
            "   invented password CANARY",
        ] {
            for sign in ["", "+", "-", " "] {
                let masked = secrets(&format!("{sign}{line}\n"));

                assert!(!masked.contains("CANARY") && masked.contains(REMOVED), "{sign}{line} → {masked}");
                assert!(masked.starts_with(sign) && masked.ends_with('\n'), "{masked}");
            }
        }
    }

    #[test]
    fn a_refusal_keeps_its_reason_and_loses_its_secret() {
        let reason =
            "CLI command 7 of 9 'interfase Ethernet1' failed: invalid command: Invalid input (at token 0: 'interfase')";
        let quoted = "the switch refused `snmp-server host 192.0.2.3 version 2c CANARY`: Invalid input";

        assert_eq!(secrets(reason), reason);
        assert!(!secrets(quoted).contains("CANARY"), "{}", secrets(quoted));
        assert!(secrets(quoted).contains("`snmp-server host 192.0.2.3 version 2c"), "{}", secrets(quoted));
    }

    #[test]
    fn scripts_in_event_handlers_lose_their_tokens() {
        let text = "event-handler save\n   action bash\n      export API_TOKEN=CANARY\n      curl -u admin:CANARY https://example.net\n      EOF\n";

        let masked = secrets(text);

        assert!(!masked.contains("CANARY") && masked.lines().count() == 5, "{masked}");
    }

    #[test]
    fn a_private_key_is_masked_and_its_frame_stays() {
        let text = "+-----BEGIN RSA PRIVATE KEY-----\n+CANARY\n+CANARY\n+-----END RSA PRIVATE KEY-----\n+EOF\n";

        let masked = secrets(text);

        assert!(!masked.contains("CANARY"), "{masked}");
        assert_eq!(masked.lines().count(), 5);
        assert!(masked.ends_with("+EOF\n"), "{masked}");
    }

    #[test]
    fn lines_without_secrets_are_untouched() {
        let text = "@@ -1,4 +1,5 @@\n !\n+alias FOO BAR\n-interface Ethernet1\n+   description the key to it all\n no aaa root\n";

        assert_eq!(secrets(text), text);
    }

    proptest! {
        #[test]
        fn lines_are_neither_lost_nor_added(text in "[ -~\n\t+]{0,300}") {
            prop_assert_eq!(secrets(&text).matches('\n').count(), text.matches('\n').count());
        }
    }
}
