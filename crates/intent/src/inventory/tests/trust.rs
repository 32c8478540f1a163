//! What the writer of one document may not do to the devices of another, or to the machine that
//! runs naas.

use secrecy::ExposeSecret;

use super::*;

fn password(documents: &[(&str, &str)], name: &str) -> Option<String> {
    let device = parse(documents).unwrap().device(&DeviceName::new(name).unwrap()).unwrap();
    device.password.as_ref().and_then(Password::literal).map(|password| password.expose_secret().to_owned())
}

#[test]
fn defaults_are_for_the_hosts_of_their_document_only() {
    let documents = [
        ("naas/inventory/a", "{hosts: {leaf1: }, defaults: {username: u, password: CANARY, data: {ntp: 192.0.2.1}}}"),
        ("naas/inventory/b", "{hosts: {evil: {hostname: 203.0.113.9}}, defaults: {data: {ntp: 192.0.2.2}}}"),
        ("naas/inventory/c", "{hosts: {poor: {hostname: 203.0.113.10}}}"),
    ];
    let inventory = parse(&documents).unwrap();
    let evil = inventory.device(&DeviceName::new("evil").unwrap()).unwrap();

    assert_eq!(password(&documents, "leaf1").as_deref(), Some("CANARY"));
    assert_eq!((evil.username, evil.data["ntp"].as_str()), (None, Some("192.0.2.2")));
    assert_eq!((password(&documents, "evil"), password(&documents, "poor")), (None, None));
    assert_eq!(inventory.documents_of(&[DeviceName::new("poor").unwrap()]).last().unwrap(), "naas/inventory/c");
}

#[test]
fn passwords_of_a_group_stay_in_its_document() {
    let documents = [
        ("a", "{hosts: {leaf1: {groups: [leaf]}}, groups: {leaf: {password: CANARY, username: u, data: {mtu: 9214}}}}"),
        ("b", "{hosts: {evil: {groups: [leaf], hostname: 203.0.113.9}}}"),
        (
            "c",
            "{hosts: {other: {hostname: 203.0.113.8, connection_options: {eapi: {password: mine}}, groups: [leaf]}}}",
        ),
    ];

    assert_eq!(password(&documents, "leaf1").as_deref(), Some("CANARY"));
    assert_eq!(password(&documents, "evil"), None);
    assert_eq!(password(&documents, "other").as_deref(), Some("mine"));
    let evil = parse(&documents).unwrap().device(&DeviceName::new("evil").unwrap()).unwrap();
    assert_eq!(evil.data["mtu"], 9214, "data is shared");
}

#[test]
fn an_enable_password_stays_in_its_document_too() {
    let eapi = "connection_options: {eapi: {extras: {enable_password: CANARY, verify: insecure}}}";
    let group = format!("{{hosts: {{leaf1: {{groups: [leaf]}}}}, groups: {{leaf: {{{eapi}}}}}}}");
    let documents = [("a", group.as_str()), ("b", "{hosts: {evil: {groups: [leaf], hostname: 203.0.113.9}}}")];
    let enable = |name: &str| {
        let inventory = parse(&documents).unwrap();
        inventory.device(&DeviceName::new(name).unwrap()).unwrap().connection.enable_password.is_some()
    };

    assert_eq!((enable("leaf1"), enable("evil")), (true, false));
}

#[test]
fn the_three_files_of_nornir_are_one_document() {
    for folder in ["", "naas/inventory/"] {
        let [hosts, groups, defaults, other] =
            ["hosts", "groups", "defaults", "other"].map(|name| format!("{folder}{name}"));
        let documents = [
            (hosts.as_str(), "leaf1: {groups: [leaf]}"),
            (groups.as_str(), "leaf: {username: u}"),
            (defaults.as_str(), "password: pw"),
            (other.as_str(), "evil: {hostname: 203.0.113.9}"),
        ];

        assert_eq!(password(&documents, "leaf1").as_deref(), Some("pw"));
        assert_eq!(password(&documents, "evil"), None);
    }
}

#[test]
fn addresses_of_this_machine_need_a_word() {
    for host in ["127.0.0.1", "localhost", "'::1'", "169.254.169.254", "'fe80::1'", "2130706433", "0.0.0.0"] {
        let refused = fault(&format!("hosts: {{h: {{hostname: {host}}}}}"));
        assert!(refused.contains("hosts.h: is reached at") && refused.contains("allow_local: true"), "{refused}");
        for allowed in [
            format!("{{hosts: {{h: {{hostname: {host}}}}}, defaults: {{allow_local: true}}}}"),
            format!(
                "hosts: {{h: {{hostname: {host}, connection_options: {{eapi: {{extras: {{allow_local: true}}}}}}}}}}"
            ),
        ] {
            assert!(parse(&[("a", &allowed)]).is_ok(), "{allowed}");
        }
    }
    let elsewhere =
        [("a", "hosts: {h: {hostname: 127.0.0.1}}"), ("b", "{hosts: {i: }, defaults: {allow_local: true}}")];
    assert!(parse(&elsewhere).is_err(), "the word is for its own document");
}

#[test]
fn a_folder_of_this_machine_may_name_loopback_but_no_neighbour() {
    let read = |text: &str| Inventory::parse(&[Document::new("a", text.as_bytes().to_vec()).of_this_machine()]);

    assert!(read("hosts: {h: {hostname: 127.0.0.1}}").is_ok());
    assert!(read("{hosts: {h: {hostname: 127.0.0.1}}, defaults: {allow_local: false}}").is_err());
    assert!(read("hosts: {h: {hostname: 169.254.169.254}}").is_err());
}

#[test]
fn two_hosts_at_one_address_and_port_are_refused() {
    for (first, second) in [
        ("hostname: 192.0.2.1", "hostname: 192.0.2.1"),
        ("hostname: Leaf1.example.net", "hostname: leaf1.example.net."),
        ("hostname: '2001:db8::1'", "hostname: '2001:DB8:0::1'"),
        ("hostname: 192.0.2.1", "hostname: '::ffff:192.0.2.1', port: 443"),
        ("hostname: b", ""),
        (
            "hostname: 192.0.2.1, port: 80",
            "hostname: 192.0.2.1, connection_options: {eapi: {extras: {transport: http}}}",
        ),
    ] {
        let refused = fault(&format!("hosts: {{a: {{{first}}}, b: {{{second}}}}}"));

        assert!(refused.contains("hosts.b: and hosts.a are both reached at"), "{refused}");
    }
    for (first, second) in [("hostname: 192.0.2.1", "hostname: 192.0.2.1, port: 8443"), ("port: 1", "port: 1")] {
        assert!(parse(&[("i", &format!("hosts: {{a: {{{first}}}, b: {{{second}}}}}"))]).is_ok());
    }
}

#[test]
fn passwords_may_come_from_the_environment_or_a_command() {
    let text = "{hosts: {h: {password: {env: NAAS_PW}, connection_options: {eapi: {extras: {enable_password: {command: [pass, show, CANARY]}}}}}}}";
    let document = || Document::new("inventory.yaml", text.as_bytes().to_vec());

    let device =
        Inventory::parse(&[document().of_this_machine()]).unwrap().device(&DeviceName::new("h").unwrap()).unwrap();
    let refused = Inventory::parse(&[document()]).unwrap_err().to_string();

    assert!(matches!(&device.password, Some(Password::Env(name)) if name == "NAAS_PW"));
    assert!(matches!(&device.connection.enable_password, Some(Password::Command(words)) if words.len() == 3));
    assert!(!format!("{:?} {:?}", device.password, device.connection).contains("CANARY"));
    assert!(refused.contains("hosts.h.password: is to come from the environment"), "{refused}");
}

#[test]
fn a_source_of_a_password_that_is_none_is_refused() {
    for source in
        ["{env: [a]}", "{command: pass}", "{command: []}", "{vault: x}", "{env: A, command: [b]}", "{}", "[a]"]
    {
        let text = format!("hosts: {{h: {{password: {source}}}}}");

        let refused = Inventory::parse(&[Document::new("i", text.into_bytes()).of_this_machine()]).unwrap_err();

        assert!(refused.path.starts_with("hosts.h.password"), "{source}: {refused}");
    }
}

#[test]
fn a_serial_number_is_said_of_the_host() {
    let serial = |host: &str| device(&format!("hosts: {{h: {{{host}}}}}"), "h").serial;

    assert_eq!(serial("serial: JPE1"), Some("JPE1".to_owned()));
    assert_eq!(serial("data: {serial: JPE2}"), Some("JPE2".to_owned()));
    assert_eq!(serial("serial: JPE1, data: {serial: JPE2}"), Some("JPE1".to_owned()));
    assert_eq!(serial("data: {serial: ''}"), None);
    assert!(fault("{hosts: {h: }, defaults: {serial: X}}").contains("is said of a host"));
}
