use proptest::prelude::*;
use serde_json::{Value, json};

use super::imported::written;
use super::*;
use crate::inventory::{Document, Inventory};
use crate::name::DeviceName;

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn imported(format: Format, given: &[(&str, &str)]) -> (Inventory, Imported) {
    let imported = import(format, &files(given)).unwrap();
    let document = Document::new("inventory.yaml", imported.document.clone().into_bytes()).of_this_machine();
    (Inventory::assemble(&[document]).unwrap(), imported)
}

fn device(inventory: &Inventory, name: &str) -> crate::inventory::Device {
    inventory.device(&DeviceName::new(name).unwrap()).unwrap()
}

fn fault(format: Format, given: &[(&str, &str)]) -> String {
    import(format, &files(given)).unwrap_err().to_string()
}

const INI: &str = r#"
# a comment
spare ansible_host=10.0.0.99

[leaf]
leaf[01:03] ansible_host=10.0.0.1 rack=7   # behind it
edge1:8443 ansible_httpapi_port=8443 ansible_host='10.0.0.9' motd="it's \"up\" # not a comment" tags="['a', None, True]"

[spine:vars]
mtu=9214
[spine]
spine1

[fabric:children]
leaf
spine

[fabric:vars]
asn=65000
mtu=1500
owner = net team # all of it

[all:vars]
ansible_connection=ansible.netcommon.httpapi
ansible_network_os=arista.eos.eos
ansible_user=admin
ansible_password=CANARY
ansible_httpapi_use_ssl=True
ansible_httpapi_validate_certs=False
ansible_python_interpreter=/usr/bin/python3
ntp=10.0.0.5
"#;

#[test]
fn an_ini_inventory_resolves_as_in_ansible() {
    let (inventory, imported) = imported(Format::Ansible, &[("hosts", INI)]);

    let names: Vec<_> = inventory.names().map(ToString::to_string).collect();
    assert_eq!(names, ["edge1", "leaf01", "leaf02", "leaf03", "spare", "spine1"]);
    let edge = device(&inventory, "edge1");
    assert_eq!((edge.hostname.as_str(), edge.connection.port), ("10.0.0.9", Some(8443)));
    assert_eq!((edge.username.as_deref(), edge.platform.as_deref()), (Some("admin"), Some("eos")));
    assert_eq!(edge.connection.verify, crate::inventory::Verify::Insecure);
    assert!(edge.password.is_some());
    let expected = json!({
        "motd": "it's \"up\" # not a comment", "tags": ["a", null, true], "asn": 65000, "mtu": 1500,
        "owner": "net team # all of it", "ntp": "10.0.0.5",
    });
    assert_eq!(Value::Object(edge.data), expected);
    assert_eq!(device(&inventory, "spine1").data["mtu"], 9214);
    assert_eq!(device(&inventory, "leaf02").data["rack"], 7);
    assert!(device(&inventory, "spare").data.get("asn").is_none());
    assert_eq!(
        imported.notes,
        [
            "ansible_python_interpreter: left out, Ansible's own",
            "edge1: ansible_port left out, as eAPI's port is ansible_httpapi_port",
            "leaf01, leaf02, leaf03, spare, spine1: without ansible_httpapi_port it is port 443, or 80 for HTTP in clear",
            "edge1, leaf01, leaf02, leaf03, spare and 1 more: the document holds passwords; keep it in a secret store",
        ]
    );
    assert!(!format!("{imported:?}").contains("CANARY"));
}

#[test]
fn a_yaml_inventory_and_its_folders_resolve_as_in_ansible() {
    let tree = "
all:
  vars: {ntp: from all, banner: no}
  children:
    dc1:
      vars: {ntp: from dc1, mtu: from dc1}
      children:
        leaf: {hosts: {'leaf[1:2]': {ansible_port: 22}, leaf3: }}
    zone:
      hosts: {leaf1: , leaf2: {site: {name: x}}}
      vars: {mtu: from zone, zone: z}
";
    let (inventory, imported) = imported(
        Format::Ansible,
        &[
            ("site/hosts.yml", tree),
            ("site/group_vars/all.yml", "ntp: from all's folder\nsnmp: {community: c}\n"),
            ("site/group_vars/leaf/a.yml", "mtu: from leaf's folder\n"),
            ("site/host_vars/leaf2.yml", "---\nzone: own\n"),
            ("site/host_vars/gone.yml", "zone: own\n"),
        ],
    );

    let one = device(&inventory, "leaf1").data;
    // Ansible reads the folders after all of the inventory's own groups, so `all` wins over group
    // dc1 here.
    assert_eq!(
        (&one["ntp"], &one["mtu"], &one["zone"]),
        (&json!("from all's folder"), &json!("from leaf's folder"), &json!("z"))
    );
    assert_eq!((&one["banner"], &one["snmp"]), (&json!(false), &json!({"community": "c"})));
    assert_eq!(device(&inventory, "leaf2").data["zone"], "own");
    assert_eq!(device(&inventory, "leaf1").connection.port, None);
    let said = imported.notes.join("\n");
    for note in [
        "site/host_vars/gone.yml: left out",
        "ntp stands at leaf1, leaf2, leaf3 itself",
        "leaf1, leaf2: ansible_port left out",
    ] {
        assert!(said.contains(note), "{said}");
    }
}

#[test]
fn ansibles_folders_are_read_as_ansible_reads_them() {
    let (inventory, imported) = imported(
        Format::Ansible,
        &[
            ("hosts.yml", "all: {children: {fabric: {hosts: {leaf1: }}, spine: {hosts: {spine1: }}}}"),
            ("group_vars/fabric.yml/main.yml", "a: 1\nb: 1\n"),
            ("group_vars/fabric.yml/more/x", "b: 2\n"),
            ("group_vars/fabric.yml/notes.md", "c: 1\n"),
            ("group_vars/fabric.yml/.hidden.yml", "c: 1\n"),
            ("group_vars/fabric.yml/sub.d/x.yml", "c: 1\n"),
            ("group_vars/spine/a.yml", "a: 2\n"),
            ("group_vars/spine.yml", "c: 1\nd: 2\n"),
            ("group_vars/gone.yml", "c: 1\n"),
            ("host_vars/leaf1.yml/own.yaml", "e: 3\n"),
        ],
    );

    assert_eq!(Value::Object(device(&inventory, "leaf1").data), json!({"e": 3, "a": 1, "b": 2}));
    assert_eq!(Value::Object(device(&inventory, "spine1").data), json!({"a": 2}));
    assert_eq!(
        imported.notes,
        [
            "group_vars/fabric.yml/.hidden.yml: left out (1 value), as Ansible reads no hidden and no backup files",
            "group_vars/fabric.yml/notes.md: left out (1 value), as Ansible reads no file with this ending",
            "group_vars/fabric.yml/sub.d/x.yml: left out (1 value), as Ansible reads no folder in a folder whose name \
             has an ending",
            "group_vars/spine.yml: left out (2 values), as Ansible reads group_vars/spine instead",
            "group_vars/gone.yml: left out (1 value), as there is no group gone",
        ]
    );
}

#[test]
fn empty_files_of_nornir_are_empty_maps() {
    for empty in ["", "---\n", "# nothing yet\n", "---\n# nothing yet\n...\n"] {
        let hosts = ("hosts.yaml", "leaf1: {data: {a: 1}}\n");
        let given = [hosts, ("groups.yaml", empty), ("defaults.yaml", empty)];
        let (inventory, imported) = imported(Format::Nornir, &given);

        assert_eq!(device(&inventory, "leaf1").data["a"], 1, "{empty:?}");
        assert!(imported.notes.is_empty(), "{empty:?}");
        let documents = given.map(|(name, text)| Document::new(name, text.as_bytes().to_vec()));
        assert_eq!(Inventory::parse(&documents).map(|inventory| inventory.names().len()), Ok(1), "{empty:?}");
    }
    let error = fault(Format::Nornir, &[("hosts.yaml", "---\n")]);
    assert!(!error.contains("Option") && !error.contains("deserialize"), "{error}");
}

#[test]
fn netbox_devices_are_grouped_by_role_site_and_platform() {
    let export = "\u{feff}Name,Status,Tenant,Site,Role,Platform,IP Address,Tags\n\
        leaf1,Active,ACME,FRA 1,Leaf Switch,Arista EOS,10.0.0.1/24,\"core,edge\"\n\
        \"spine,1\",Active,,FRA 1,Spine,Arista EOS,10.0.0.2/24,\n\
        leaf2,Planned,,FRA 1,Leaf Switch,Arista EOS,,\n\
        lab1,active,,Lab,Lab,,,\n";

    let (inventory, imported) = imported(Format::Netbox, &[("devices.csv", export)]);

    let leaf = device(&inventory, "leaf1");
    let groups: Vec<_> = leaf.groups.iter().map(ToString::to_string).collect();
    assert_eq!(
        (leaf.hostname.as_str(), groups),
        ("10.0.0.1", vec!["leaf-switch".into(), "fra-1".into(), "arista-eos".into(), "global".into()])
    );
    assert_eq!(leaf.platform.as_deref(), Some("eos"));
    assert_eq!(leaf.data["tags"], json!(["core", "edge"]));
    assert_eq!(inventory.members("site-lab").unwrap().len(), 1);
    assert_eq!(
        imported.notes,
        [
            "1 left out, as their status is not active: leaf2",
            "1 left out, as naas cannot take their names: spine,1",
            "1 have no primary address and will be reached by name: lab1",
            "the role lab is group role-lab, since something else has that slug too",
            "the site lab is group site-lab, since something else has that slug too",
        ]
    );
}

#[test]
fn nornirs_files_become_one_document_that_means_the_same() {
    let (inventory, imported) = imported(
        Format::Nornir,
        &[
            ("inv/hosts.yaml", "---\nleaf1: {groups: [g], data: {answer: yes, up: true, asn: 0100}}\n"),
            ("inv/groups.yaml", "g: {connection_options: {eapi: {extras: {transport: http}}, ssh: {port: 22}}}\n"),
            ("inv/defaults.yaml", "username: 'on'\n"),
        ],
    );

    let leaf = device(&inventory, "leaf1");
    assert_eq!(Value::Object(leaf.data), json!({"answer": "yes", "up": true, "asn": "0100"}));
    assert_eq!(leaf.username.as_deref(), Some("on"));
    assert_eq!(leaf.connection.transport, crate::inventory::Transport::Http);
    assert_eq!(imported.notes.len(), 1);
}

#[test]
fn what_cannot_be_imported_is_said_with_file_and_line() {
    use Format::{Ansible, Netbox, Nornir};
    for (format, file, text, expected) in [
        (Ansible, "hosts", "[leaf\nleaf1\n", "hosts, line 1: expected a section"),
        (Ansible, "hosts", "[leaf:kids]\n", "hosts, line 1: expected nothing, vars or children"),
        (Ansible, "hosts", "leaf1\n[leaf:vars]\nx\n", "hosts, line 3: expected key=value"),
        (Ansible, "hosts", "leaf1 x='CANARY\n", "hosts, line 1: a quote is not closed"),
        (Ansible, "hosts", "leaf[1:\n", "hosts, line 1: a range has no end"),
        (Ansible, "hosts", "\nleaf[3:1]\n", "hosts, line 2: a range ends before it begins"),
        (Ansible, "hosts", "leaf[1:99999999]\n", "more than 10000 hosts"),
        (Ansible, "hosts", "leaf[1:999][1:999]\n", "more than 10000 hosts"),
        (Ansible, "hosts", "leaf[01:100]\n", "leading zeros in one length"),
        (Ansible, "hosts", "leaf/1\n", "hosts, line 1: \"leaf/1\" is not a name"),
        (
            Ansible,
            "hosts",
            "[a:children]\nb\n[b:children]\na\n[a]\nx\n",
            "hosts: groups are members of themselves: a → b → a",
        ),
        (Ansible, "hosts", "[global]\nx\n", "naas has a group of that name"),
        (Ansible, "hosts", "", "hosts: has no hosts"),
        (Ansible, "hosts", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "hosts, line 1: is encrypted by Ansible Vault"),
        (
            Ansible,
            "a.yml",
            "all:\n  hosts:\n    x:\n      key: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n",
            "a.yml, line 5: key: is encrypted",
        ),
        (Ansible, "a.yml", "all:\n  colour: red\n", "a.yml, line 2: expected hosts, vars or children"),
        (Ansible, "a.yml", "all: {hosts: [x]}\n", "a.yml, line 1: expected a map, found a list"),
        (Ansible, "a.yml", "all: 'CANARY\n", "a.yml, line 1"),
        (
            Netbox,
            "d.csv",
            "status\nactive\n",
            "d.csv, line 1: expected NetBox's export of devices, with a column called name",
        ),
        (
            Netbox,
            "d.csv",
            "name,status\na,active\nb\n",
            "d.csv, line 3: expected 2 cells as in the first line, found 1",
        ),
        (Netbox, "d.csv", "name\na\na\n", "d.csv, line 3: a is there twice"),
        (Netbox, "d.csv", "name\n", "has no hosts"),
        (
            Nornir,
            "hosts.yaml",
            "a:\n  groups: [g]\n",
            "hosts.yaml: hosts.a.groups: names group g, which is not defined",
        ),
        (Nornir, "hosts.yaml", "- a\n", "hosts.yaml, line 1: expected a map"),
    ] {
        let error = fault(format, &[(file, text)]);
        assert!(error.contains(expected) && !error.contains("CANARY"), "{text}\nexpected {expected}\nfound    {error}");
    }
    let twice = fault(Nornir, &[("a/hosts.yaml", "h: {}"), ("b/hosts.yaml", "i: {}")]);
    assert_eq!(twice, "b/hosts.yaml: hosts stand in another file as well; once is enough");
}

/// Groups g0 to g7, each a child of some with lower numbers; hosts in some groups; variables a to d
/// everywhere.
fn ansible_sites() -> impl Strategy<Value = String> {
    let group = (proptest::collection::vec(0..8usize, 0..3), proptest::collection::vec(0..4usize, 0..4), 0..3u8);
    let host = (proptest::collection::vec(0..8usize, 0..4), proptest::collection::vec(0..4usize, 0..2));
    (proptest::collection::vec(group, 8), proptest::collection::vec(host, 1..4)).prop_map(|(groups, hosts)| {
        let vars = |owner: &str, vars: &[usize], end: &str| -> String {
            vars.iter().map(|var| format!("{}={owner}{end}", ["a", "b", "c", "d"][*var])).collect()
        };
        let mut text = "[all:vars]\na=all\nansible_user=all\n".to_owned();
        for (number, (parents, own, priority)) in groups.iter().enumerate() {
            text += &format!(
                "[g{number}]\n[g{number}:vars]\n{}ansible_group_priority={priority}\n",
                vars(&format!("g{number}"), own, "\n")
            );
            text += &format!("ansible_user=g{number}\nansible_httpapi_use_ssl={}\n", number % 2 == 0);
            for parent in parents.iter().filter(|parent| **parent < number) {
                text += &format!("[g{parent}:children]\ng{number}\n");
            }
        }
        for (number, (member_of, own)) in hosts.iter().enumerate() {
            text += &format!("[ungrouped]\nh{number} {}\n", vars(&format!("h{number}"), own, " "));
            for group in member_of {
                text += &format!("[g{group}]\nh{number}\n");
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn every_host_has_the_variables_that_ansible_gives_it(text in ansible_sites()) {
        let (inventory, _) = imported(Format::Ansible, &[("hosts", &text)]);
        for (name, vars) in super::ansible::resolved(&files(&[("hosts", &text)])).unwrap() {
            let device = device(&inventory, &name);
            let own: serde_json::Map<_, _> = vars.iter().filter(|(key, _)| !key.starts_with("ansible")).map(|(key, value)| (key.clone(), value.clone())).collect();
            let user = vars["ansible_user"].as_str();
            let http = vars.get("ansible_httpapi_use_ssl") == Some(&json!("false"));
            prop_assert_eq!((&Value::Object(device.data), device.username.as_deref()), (&Value::Object(own), user));
            prop_assert_eq!(device.connection.transport == crate::inventory::Transport::Http, http);
        }
    }

    #[test]
    fn any_text_is_imported_or_an_error(text in "[-a-c\\[\\]:={}#'\", \n]{0,80}", file in "(hosts|hosts.yml|group_vars/a|d.csv|groups.yaml)") {
        for format in [Format::Ansible, Format::Netbox, Format::Nornir] {
            let _ = import(format, &files(&[(&file, &text), ("other", "name\nleaf1\n")]));
        }
    }

    #[test]
    fn any_bytes_are_imported_or_an_error(text in proptest::collection::vec(any::<u8>(), 0..100)) {
        for (format, file) in [(Format::Ansible, "hosts"), (Format::Ansible, "h.yml"), (Format::Netbox, "d"), (Format::Nornir, "hosts.yaml")] {
            let _ = import(format, &Files::from([(file.to_owned(), text.clone())]));
        }
    }

    #[test]
    fn every_text_survives_the_document(text in "([ -~äß\n\t]{0,12}|yes|No|0x1f|010|1e3|null|~|2026-11-24|12:30)") {
        let value = json!({"hosts": {"h": {"data": {"key": text, "list": [text], "1": {text.as_str(): text}}}}});
        let (_, inventory) = written(&value, "x").unwrap();
        prop_assert_eq!(Value::Object(device(&inventory, "h").data), value["hosts"]["h"]["data"].clone());
    }
}
