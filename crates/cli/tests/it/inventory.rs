//! inventory list, show and import.

use std::fs;

use insta::assert_snapshot;

use crate::lab::{Lab, naas, snapshot};

const INVENTORY: &str = "\
hosts:
  leaf1: {hostname: 192.0.2.1, groups: [leaf], data: {rack: 7}}
groups:
  leaf: {data: {ntp: [192.0.2.123], rack: 0}}
defaults: {username: naas, password: hunter2}
";

#[tokio::test(flavor = "multi_thread")]
async fn each_value_is_shown_with_its_source_and_no_password() {
    let lab = Lab::of(1).await;
    fs::remove_file(lab.path().join("inventory.json")).unwrap();
    lab.write("inventory.yaml", INVENTORY);

    let list = lab.naas(&["inventory", "list"]);
    let show = lab.naas(&["inventory", "show", "leaf1"]);
    let json = lab.json(&["inventory", "show", "leaf1"]);

    snapshot(|| assert_snapshot!("inventory_list", list.out));
    snapshot(|| assert_snapshot!("inventory_show", show.out));
    assert!(!show.out.contains("hunter2") && !json.to_string().contains("hunter2"));
}

#[test]
fn an_ansible_inventory_is_imported_with_notes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hosts.ini"), "[leaf]\nleaf1 ansible_host=192.0.2.1 ansible_connection=httpapi\n")
        .unwrap();
    fs::create_dir(folder.path().join("group_vars")).unwrap();
    fs::write(folder.path().join("group_vars/leaf.yml"), "ntp: 192.0.2.123\n").unwrap();
    fs::create_dir(folder.path().join("models")).unwrap();

    let ran =
        naas(folder.path(), &["inventory", "import", "ansible", "hosts.ini", "group_vars", "--to", "inventory.yaml"]);
    let again = naas(folder.path(), &["inventory", "import", "ansible", "hosts.ini", "--to", "inventory.yaml"]);
    let list = naas(folder.path(), &["inventory", "list"]);
    let show = naas(folder.path(), &["inventory", "show", "leaf1"]);

    assert_eq!((ran.status, again.status), (0, 1), "{ran:?} {again:?}");
    assert!(again.err.contains("inventory.yaml exists already"), "{}", again.err);
    assert!(show.out.contains("192.0.2.123") && show.out.contains("group leaf"), "{list:?} {show:?}");
}
