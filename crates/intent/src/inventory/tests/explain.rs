//! Where each value of a device comes from.

use super::*;

/// Everything that `explain` says, a line each.
fn explained(documents: &[(&str, &str)], name: &str) -> Vec<String> {
    let explained = parse(documents).unwrap().explain(&DeviceName::new(name).unwrap()).unwrap();
    let line = |known: &ExplainedValue| {
        let value = known.value.as_ref().map(ToString::to_string).unwrap_or_default();
        let document = known.from.document.as_deref().unwrap_or_default();
        let also: Vec<_> = known.also.iter().map(|source| source.origin.to_string()).collect();
        format!("{}={value} from {} [{document}] {}", known.key, known.from.origin, also.join(", "))
    };
    explained.connection.iter().chain(&explained.data).map(|known| line(known).trim_end().to_owned()).collect()
}

#[test]
fn every_value_is_explained_by_who_says_it_and_where() {
    let said = explained(
        &[
            ("a", "{hosts: {h: {groups: [leaf], data: {site: fra}}}, defaults: {password: CANARY, data: {mtu: 1500}}}"),
            (
                "b",
                "groups: {leaf: {groups: [fabric], port: 22, connection_options: {eapi: {port: 8443, extras: {verify: insecure}}}, data: {ntp: 10.0.0.5, snmp: {community: CANARY}, eos_cli: 'ntp authentication-key 1 md5 CANARY'}}}",
            ),
            (
                "c",
                "{groups: {fabric: {username: u, data: {ntp: far, mtu: 9214}, connection_options: {eapi: {extras: {transport: http}}}}, global: {data: {all: 1}}}}",
            ),
        ],
        "h",
    );

    assert_eq!(
        said,
        [
            "hostname=\"h\" from nobody, it is assumed []",
            "connection_options.eapi.port=8443 from group leaf [b]",
            "username=\"u\" from group fabric through leaf [c]",
            "password= from the defaults [a]",
            "transport=\"https\" from nobody, it is assumed []",
            "connection_options.eapi.extras.verify=\"insecure\" from group leaf [b]",
            "site=\"fra\" from the host itself [a]",
            "ntp=\"10.0.0.5\" from group leaf [b] group fabric through leaf",
            "snmp={\"community\":\"<hidden>\"} from group leaf [b]",
            "eos_cli=\"ntp authentication-key 1 md5 <removed>\" from group leaf [b]",
            "mtu=9214 from group fabric through leaf [c] the defaults",
            "all=1 from group global [c]",
        ]
    );
}

#[test]
fn what_is_explained_is_what_the_device_has() {
    let inventory = parse(&[("inventory.yaml", NESTED)]).unwrap();
    let name = DeviceName::new("h").unwrap();

    let explained = serde_json::to_value(inventory.explain(&name).unwrap()).unwrap();

    let groups = inventory.device(&name).unwrap().groups;
    let memberships = explained["groups"].as_array().unwrap();
    assert!(
        memberships.iter().map(|membership| membership["group"].as_str().unwrap()).eq(groups.iter().map(AsRef::as_ref))
    );
    assert_eq!(memberships[2], serde_json::json!({"group": "group_X", "through": ["group_a", "group_1"]}));
    assert_eq!(explained["connection"][0]["from"], serde_json::json!({"origin": "nobody, it is assumed"}));
    assert!(inventory.explain(&DeviceName::new("nobody").unwrap()).is_none());
}
