mod explain;
mod trust;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn parse(documents: &[(&str, &str)]) -> Result<Inventory, InventoryError> {
    let documents: Vec<_> =
        documents.iter().map(|(name, text)| Document::new(*name, text.as_bytes().to_vec())).collect();
    Inventory::parse(&documents)
}

fn device(text: &str, name: &str) -> Device {
    parse(&[("inventory.yaml", text)]).unwrap().device(&DeviceName::new(name).unwrap()).unwrap()
}

fn fault(text: &str) -> String {
    parse(&[("naas/inventory", text)]).unwrap_err().to_string()
}

fn texts<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The example of Nornir's own documentation of `extended_groups`.
const NESTED: &str = "
hosts: {h: {groups: [group_a, group_b]}}
groups:
  group_a: {groups: [group_1, group_2]}
  group_1: {groups: [group_X]}
  group_2: {}
  group_X: {}
  group_b: {groups: [group_3, group_1]}
  group_3: {}
";

#[test]
fn groups_are_walked_depth_first_from_left_to_right() {
    let groups = device(NESTED, "h").groups;

    assert_eq!(texts(&groups), ["group_a", "group_1", "group_X", "group_2", "group_b", "group_3", "global"]);
}

#[test]
fn the_nearest_value_that_is_not_null_wins() {
    let text = "
hosts:
  h: {groups: [near, far], username: null, data: {site: null}}
groups:
  near: {groups: [above], data: {ntp: {server: a}, vlan: 1}}
  above: {username: above, platform: eos, data: {vlan: 2, mtu: 9214}}
  far: {username: far, password: far, data: {site: far, ntp: {server: b, key: c}}}
  global: {data: {everyone: yes it is}}
defaults: {platform: ios, username: d, port: 8443, data: {vlan: 3, last: 4}}
";

    let device = device(text, "h");

    assert_eq!((device.username.as_deref(), device.platform.as_deref()), (Some("above"), Some("eos")));
    assert_eq!(device.password.as_ref().and_then(Password::literal).unwrap().expose_secret(), "far");
    assert_eq!(device.connection.port, Some(8443));
    let expected = serde_json::json!({
        "site": null, "ntp": {"server": "a"}, "vlan": 1, "mtu": 9214, "everyone": "yes it is", "last": 4,
    });
    assert_eq!(Value::Object(device.data), expected);
}

#[test]
fn a_host_without_hostname_is_reached_by_its_name() {
    assert_eq!(device("hosts: {leaf1.fra.example.net: }", "leaf1.fra.example.net").hostname, "leaf1.fra.example.net");
}

#[test]
fn every_form_of_document_is_read() {
    for documents in [
        &[("inventory.yaml", "hosts: {h: {groups: [g]}}\ngroups: {g: {}}\ndefaults: {username: u}\n")][..],
        &[("x", r#"{"hosts": {"h": {"groups": ["g"]}}, "groups": {"g": {}}, "defaults": {"username": "u"}}"#)],
        &[("hosts.yaml", "h: {groups: [g]}"), ("groups.yaml", "g: {}"), ("defaults.yaml", "username: u")],
        &[
            ("naas/inventory/a", "{hosts: {h: {groups: [g]}}, defaults: {username: u}}"),
            ("naas/inventory/b", "{groups: {g: }}"),
        ],
        &[("bare", "{\t\"h\": {\"username\": \"u\", \"groups\": []}}")],
    ] {
        let inventory = parse(documents).unwrap();
        let device = inventory.device(&DeviceName::new("h").unwrap()).unwrap();
        assert_eq!(device.username.as_deref(), Some("u"), "{documents:?}");
    }
}

#[test]
fn a_slice_reads_its_devices_documents_and_shared_ones() {
    let inventory =
        parse(&[("a", "h1: {}"), ("b", "h2: {groups: [g]}"), ("c", "{hosts: {h3: {}}, groups: {g: {}}}")]).unwrap();

    let documents = inventory.documents_of(&[DeviceName::new("h2").unwrap()]);

    assert_eq!(documents, ["b", "c"]);
}

#[test]
fn members_are_found_through_nested_groups() {
    let inventory = parse(&[("inventory.yaml", NESTED)]).unwrap();

    assert_eq!(texts(&inventory.members("group_3").unwrap()), ["h"]);
    assert_eq!(texts(&inventory.members("global").unwrap()), ["h"]);
    assert!(inventory.members("group_4").is_none());
}

#[test]
fn the_connection_comes_from_eapi_or_from_nornirs_plugins() {
    let connection = |options: &str| device(&format!("hosts: {{h: {{port: 22, connection_options: {options}}}}}"), "h");

    let eapi =
        connection("{eapi: {port: 8443, username: u, extras: {transport: http, verify: insecure}}, napalm: {port: 1}}");
    let napalm =
        connection("{napalm: {hostname: 10.1.1.1, extras: {optional_args: {transport: http, port: 8080, x: [1]}}}}");
    let pyeapi = connection("{ssh: {anything: 1}, pyeapi: {extras: {transport: https, enablepwd: canary}}}");
    let none = connection("{}");

    assert_eq!((eapi.connection.transport, eapi.connection.port), (Transport::Http, Some(8443)));
    assert_eq!((eapi.connection.verify, eapi.username.as_deref()), (Verify::Insecure, Some("u")));
    assert_eq!((napalm.hostname.as_str(), napalm.connection.port), ("10.1.1.1", Some(8080)));
    assert!(pyeapi.connection.enable_password.is_some());
    assert_eq!((none.connection.transport, none.connection.verify), (Transport::Https, Verify::Ca));
    assert_eq!(none.connection.port, Some(22));
}

#[test]
fn what_is_wrong_is_said_with_document_line_and_path() {
    for (text, expected) in [
        (
            "hosts:\n  a:\n    port: many\n",
            "inventory naas/inventory, line 3, hosts.a.port: expected a port from 1 to 65535, found text",
        ),
        (
            "hosts:\n  a:\n    colour: red\n",
            "line 3, hosts.a.colour: is not a key of the inventory; known are hostname, port,",
        ),
        ("hosts:\n  a:\n    pasword: x\n", "is not a key of the inventory; did you mean `password`"),
        ("hosts:\n  a: [1]\n", "line 2, hosts.a: expected a map, found a list"),
        ("hosts:\n  a:\n    groups: leaf\n", "line 3, hosts.a.groups: expected a list of group names, found text"),
        ("hosts:\n  a: {}\n  a: {}\n", "line 3: is not valid: duplicate mapping key: a"),
        ("hosts: {a: {groups: [nope]}}", "hosts.a.groups: names group nope, which is not defined"),
        (
            "{hosts: {a: {}}, groups: {x: {groups: [y]}, y: {groups: [x]}}}",
            "groups are members of themselves: x → y → x",
        ),
        ("hosts: {a/b: {}}", "a/b"),
        ("hosts: {all: {}}", "cannot be called all"),
        ("hosts: {}", "inventory naas/inventory: has no hosts"),
        ("", "is empty"),
        ("- a\n- b\n", "expected a map, found a list"),
        (
            "hosts: {a: {connection_options: {eapi: {extras: {transport: ssh}}}}}",
            "hosts.a.connection_options.eapi.extras.transport: expected https or http",
        ),
        ("hosts: {a: {connection_options: {eapi: {extras: {colour: red}}}}}", "is not an option of eapi"),
        ("hosts: {a: {connection_options: {eapi: {extras: {tls: new}}}}}", "expected modern or legacy"),
        (r#"{"hosts": {"a": {"port": 0}}}"#, "expected a port from 1 to 65535, found a number"),
        ("{\"hosts\": {\"a\": \n}", "line"),
    ] {
        let error = fault(text);
        assert!(error.contains(expected), "{text}\nexpected {expected}\nfound    {error}");
    }
    let latin1 = Inventory::parse(&[Document::new("x", b"a: 1\nb: \xe9\n".to_vec())]).unwrap_err();
    assert_eq!(latin1.to_string(), "inventory x, line 2: is not UTF-8 text");
}

#[test]
fn plain_yes_and_no_are_true_and_false_as_everywhere() {
    let data = device("hosts: {y: {data: {answer: yes, really: true, no: off, quoted: 'yes'}}}", "y").data;

    let expected = serde_json::json!({"answer": true, "really": true, "no": false, "quoted": "yes"});
    assert_eq!(Value::Object(data), expected);
}

#[test]
fn a_name_in_two_documents_is_refused_by_both() {
    let error = parse(&[("a", "h: {}"), ("b", "h: {}")]).unwrap_err().to_string();

    assert_eq!(error, "inventory b, hosts.h: is defined in a as well; once is enough");
}

#[test]
fn no_error_quotes_what_may_be_a_password() {
    for text in [
        "hosts: {a: {password: [CANARY]}}",
        "hosts: {a: {password: {x: CANARY}}}",
        "hosts: {a: {password: CANARY, port: CANARY}}",
        "hosts: {a: {password: *CANARY}}",
        "hosts: {a: {password: \"CANARY}}",
        "hosts:\n  a:\n    password: CANARY: x\n",
        "hosts:\n  a:\n    password: 'CANARY\n",
        "hosts: CANARY",
        "CANARY",
        "{\"hosts\": {\"a\": {\"password\": \"CANARY}}",
        "hosts: {a: {connection_options: {eapi: {extras: {transport: CANARY, verify: CANARY}}}}}",
    ] {
        let error = parse(&[("x", text)]).expect_err(text);
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{text}: {error}");
    }
    let device = device("hosts: {a: {password: CANARY, data: {key: CANARY}}}", "a");
    assert!(!format!("{device:?}").contains("CANARY"));
}

#[test]
fn what_would_exhaust_memory_or_stack_is_refused() {
    let mut bomb = "hosts: {a: {data: {x: &a0 [x,x,x,x,x,x,x,x,x,x]".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!(", y{level}: &a{level} [{aliases}]"));
    }
    bomb.push_str("}}}");
    let deep = format!("hosts: {{a: {{data: {{x: {}{}}}}}}}", "[".repeat(5_000), "]".repeat(5_000));

    for text in [bomb, deep, "x".repeat(node::MAX_DOCUMENT + 1)] {
        assert!(fault(&text).starts_with("inventory naas/inventory"));
    }
}

#[test]
fn ten_thousand_hosts_are_read_and_resolved() {
    let mut text = "groups: {leaf: {groups: [fabric]}, fabric: {data: {asn: 65000}}}\nhosts:\n".to_owned();
    for number in 0..10_000 {
        text.push_str(&format!("  leaf{number}: {{groups: [leaf], data: {{id: {number}}}}}\n"));
    }

    let inventory = parse(&[("inventory.yaml", &text)]).unwrap();

    assert_eq!(inventory.members("fabric").unwrap().len(), 10_000);
    assert!(inventory.names().all(|name| inventory.device(name).unwrap().data["asn"] == 65_000));
}

proptest! {
    #[test]
    fn any_text_is_an_inventory_or_an_error(text in "[ -~\n]{0,200}", name in "(hosts|groups|defaults|x)(.yaml|.json|)") {
        let _ = parse(&[(&name, &text)]);
    }

    #[test]
    fn any_bytes_are_an_inventory_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Inventory::parse(&[Document::new("x", body)]);
    }
}

#[test]
fn merge_deep_merges_maps_of_data_and_extras() {
    let text = "
hosts:
  h: {groups: [g], data: {ntp: {servers: [a], vrf: null}, list: [1]}, connection_options: {eapi: {extras: {verify: insecure}}}}
groups:
  g: {data: {ntp: {servers: [b], vrf: MGMT, auth: {id: 1}}, list: [2]}, connection_options: {eapi: {extras: {transport: http, verify: ca}}}}
defaults: {MERGE, data: {ntp: {auth: {id: 2, type: md5}}}}
";
    let merged = |merge: &str| device(&text.replace("MERGE", merge), "h");

    let (deep, shallow) = (merged("merge: deep"), merged("merge: shallow"));

    assert_eq!(
        Value::Object(deep.data),
        serde_json::json!({"ntp": {"servers": ["a"], "vrf": null, "auth": {"id": 1, "type": "md5"}}, "list": [1]})
    );
    assert_eq!((deep.connection.transport, deep.connection.verify), (Transport::Http, Verify::Insecure));
    assert_eq!(Value::Object(shallow.data), serde_json::json!({"ntp": {"servers": ["a"], "vrf": null}, "list": [1]}));
    assert_eq!((shallow.connection.transport, shallow.connection.verify), (Transport::Https, Verify::Insecure));
    assert!(
        fault("hosts: {a: }\ndefaults:\n  merge: all\n").ends_with("line 3, defaults.merge: expected shallow or deep")
    );
    assert!(fault("hosts: {a: {merge: deep}}").contains("hosts.a.merge: is said in the defaults"));
    assert!(fault("{hosts: {a: }, defaults: {groups: []}}").contains("defaults.groups: the defaults are in no group"));
}

#[test]
fn endlessly_nested_groups_are_refused_from_either_end() {
    for next in [1i32, -1] {
        let mut text = "hosts: {a: }\ngroups:\n".to_owned();
        for number in 1..5_000 {
            text.push_str(&format!("  g{number:04}: {{groups: [g{:04}]}}\n", number + next));
        }
        text.push_str("  g0000: {}\n  g5000: {}\n");

        assert!(fault(&text).contains("groups are nested more than 64 levels deep"));
    }
}

/// What `docs/inventory.schema.json` and this module must agree on, and whether it is an inventory.
const EXAMPLES: &[(&str, bool)] = &[
    ("hosts: {a: }", true),
    ("{hosts: {a: {}, 10: {}}, groups: , defaults: }", true),
    (
        "{hosts: {a: {groups: [g], hostname: 10.0.0.1, port: '8443', username: 1, password: p, platform: eos, data: {x: [1]}}}, groups: {g: {groups: }}}",
        true,
    ),
    (
        "{hosts: {a: {port: 22, data: null}}, defaults: {merge: deep, username: u, connection_options: {ssh: {anything: 1}}}}",
        true,
    ),
    (
        "hosts: {a: {connection_options: {eapi: {hostname: h, port: 1, username: u, password: p, platform: x, extras: {transport: http, verify: no, ca_certificates: c, fingerprint: f, tls: legacy, enable_password: e}}}}}",
        true,
    ),
    (
        "hosts: {a: {connection_options: {eapi: , napalm: {extras: {optional_args: {transport: http}}}, pyeapi: {extras: {any: 1}}}}}",
        true,
    ),
    (
        "{hosts: {a: {serial: 1, hostname: 127.0.0.1, connection_options: {eapi: {extras: {allow_local: true}}}}}, defaults: {allow_local: false}}",
        true,
    ),
    ("{hosts: {a: {hostname: 127.0.0.1}}, defaults: {allow_local: true}}", true),
    ("{hosts: {a: {password: {env: A}}}, defaults: {password: {command: [pass, show, a]}}}", true),
    ("{hosts: {a: }, defaults: {jinja: {variables: ansible, trim_blocks: false, group_order: {g: [a]}}}}", true),
    ("{hosts: {a: }, defaults: {jinja: {folders: {old/ansible: {variables: nornir, lstrip_blocks: true}}}}}", true),
    ("{hosts: {a: }, defaults: {jinja: {folders: {old: {folders: {}}}}}}", false),
    ("{hosts: {a: }, defaults: {jinja: {variables: salt}}}", false),
    ("{hosts: {a: }, defaults: {jinja: {group_order: {g: a}}}}", false),
    ("hosts: {a: {allow_local: true}}", false),
    ("{hosts: {a: }, groups: {g: {serial: x}}}", false),
    ("{hosts: {a: }, defaults: {serial: x}}", false),
    ("{hosts: {a: }, defaults: {allow_local: maybe}}", false),
    ("hosts: {a: {password: {vault: x}}}", false),
    ("hosts: {a: {password: {command: pass}}}", false),
    ("hosts: {}", false),
    ("groups: {g: }", false),
    ("[]", false),
    ("hosts: {all: }", false),
    ("hosts: {a/b: }", false),
    ("hosts: {a: []}", false),
    ("hosts: {a: {groups: g}}", false),
    ("{hosts: {a: {groups: [g/h]}}}", false),
    ("{hosts: {a: }, groups: {g/h: }}", false),
    ("hosts: {a: {port: 0}}", false),
    ("hosts: {a: {port: 65536}}", false),
    ("hosts: {a: {port: many}}", false),
    ("hosts: {a: {username: [u]}}", false),
    ("hosts: {a: {username: yes}}", false),
    ("hosts: {a: {data: [1]}}", false),
    ("hosts: {a: {colour: red}}", false),
    ("hosts: {a: {merge: deep}}", false),
    ("{hosts: {a: }, defaults: {merge: all}}", false),
    ("{hosts: {a: }, defaults: {groups: []}}", false),
    ("hosts: {a: {connection_options: {eapi: {colour: red}}}}", false),
    ("hosts: {a: {connection_options: {eapi: {extras: {colour: red}}}}}", false),
    ("hosts: {a: {connection_options: {eapi: {extras: {transport: ssh}}}}}", false),
    ("hosts: {a: {connection_options: {eapi: {extras: {verify: maybe}}}}}", false),
    ("hosts: {a: {connection_options: {eapi: {extras: {tls: new}}}}}", false),
    ("hosts: {a: {connection_options: {napalm: {port: many}}}}", false),
];

#[test]
fn the_published_schema_agrees_with_the_reader() {
    let schema = serde_json::from_str(include_str!("../../../../docs/inventory.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (text, is_inventory) in EXAMPLES {
        let value = crate::yaml::read(text.as_bytes()).unwrap().to_value();
        let read = Inventory::parse(&[Document::new("inventory.yaml", text.as_bytes().to_vec()).of_this_machine()]);
        assert_eq!(read.is_ok(), *is_inventory, "{text}: {read:?}");
        let error = schema.validate(&value).err().map(|error| error.to_string());
        assert_eq!(error.is_none(), *is_inventory, "{text}: {error:?}");
    }
}
