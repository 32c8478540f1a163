use std::collections::BTreeSet;

use intent::inventory::Document;
use intent::name::TenantName;
use proptest::prelude::*;

use super::*;
use crate::caller::Subject;

const DEVICES: [&str; 4] = ["leaf1", "leaf2", "spine1", "gone"];

fn inventory() -> Inventory {
    let text = "hosts: {leaf1: {groups: [leaf]}, leaf2: {groups: [border]}, spine1: {groups: [spine]}}\n\
                groups: {leaf: {}, border: {groups: [leaf]}, spine: {}}\n";
    Inventory::parse(&[Document::new("inventory.yaml", text.into())]).unwrap()
}

fn device(name: &str) -> DeviceName {
    DeviceName::new(name).unwrap()
}

fn groups(names: &[&str]) -> Scope {
    Scope::Groups(names.iter().map(|name| GroupName::new(*name).unwrap()).collect())
}

fn caller(grants: &[Grant]) -> Caller {
    Caller::verified(Subject::new("ana").unwrap(), grants.to_vec())
}

fn allowed(grant: Grant, action: Action, on: On<'_>) -> bool {
    may(&caller(&[grant]), action, on, Some(&inventory())).is_ok()
}

#[test]
fn each_role_has_its_actions() {
    let may = |grant: Grant| Action::ALL.into_iter().filter(|action| grant.allows(*action)).collect::<Vec<_>>();

    assert_eq!(may(Grant::Viewer(Scope::Every)), [Action::ListRuns, Action::ReadRun, Action::ReadDevice]);
    assert_eq!(may(Grant::Operator(Scope::Every)), Action::ALL[..11]);
    assert_eq!(may(Grant::Admin), Action::ALL);
    assert_eq!(may(Grant::Device(device("leaf1"))), [Action::Check, Action::Apply]);
    assert_eq!(may(Grant::Tenant(TenantName::new("blue").unwrap())), []);
}

#[test]
fn an_operator_works_in_its_groups_only() {
    let operator = || Grant::Operator(groups(&["leaf"]));

    for (name, expected) in [("leaf1", true), ("leaf2", true), ("spine1", false), ("gone", false)] {
        assert_eq!(allowed(operator(), Action::Apply, On::Device(&device(name))), expected, "{name}");
    }
    let leaf = GroupName::new("leaf").unwrap();
    assert!(allowed(operator(), Action::Apply, On::Group(&leaf, &[device("leaf1"), device("leaf2")])));
    assert!(!allowed(operator(), Action::Apply, On::Group(&leaf, &[])));
    assert!(!allowed(operator(), Action::Apply, On::Every(&[device("leaf1"), device("spine1")])));
}

#[test]
fn groups_without_an_inventory_allow_nothing() {
    let operator = caller(&[Grant::Operator(groups(&["leaf"]))]);

    assert!(may(&operator, Action::Apply, On::Device(&device("leaf1")), None).is_err());
    assert!(needs_inventory(&operator, Action::Apply) && !needs_inventory(&operator, Action::Redrive));
    assert!(!needs_inventory(&caller(&[Grant::Admin, Grant::Viewer(groups(&["leaf"]))]), Action::ReadRun));
}

#[test]
fn a_switch_names_itself_and_nothing_else() {
    let (leaf1, leaf) = (device("leaf1"), GroupName::new("leaf").unwrap());
    let switch = || Grant::Device(leaf1.clone());
    let only_itself = [leaf1.clone()];

    assert!(allowed(switch(), Action::Apply, On::Device(&leaf1)));
    assert!(!allowed(switch(), Action::Apply, On::Device(&device("leaf2"))));
    assert!(!allowed(switch(), Action::Apply, On::Group(&leaf, &only_itself)));
    assert!(!allowed(switch(), Action::Apply, On::Every(&only_itself)));
    assert!(!allowed(switch(), Action::Restore, On::Device(&leaf1)));
}

#[test]
fn a_refusal_names_what_was_asked_and_granted() {
    let operator = caller(&[Grant::Operator(groups(&["leaf", "border"])), Grant::Viewer(Scope::Every)]);

    let refused = may(&operator, Action::Apply, On::Device(&device("spine1")), Some(&inventory())).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "ana may not apply on device spine1: its token grants operator of groups border, leaf and viewer of every \
         device; nothing was done; ask an admin of this installation for a token that allows it"
    );
}

#[test]
fn a_refusal_is_the_same_for_what_does_not_exist() {
    let operator = caller(&[Grant::Operator(groups(&["leaf"]))]);
    let refusal = |name: &str| {
        let refused = may(&operator, Action::Apply, On::Device(&device(name)), Some(&inventory())).unwrap_err();
        refused.to_string().replace(name, "X")
    };

    assert_eq!(refusal("spine1"), refusal("nowhere"));
}

fn grant() -> impl Strategy<Value = Grant> {
    let scope = prop_oneof![
        Just(Scope::Every),
        proptest::collection::btree_set(prop_oneof![Just("leaf"), Just("border"), Just("spine")], 0..3).prop_map(
            |names| Scope::Groups(names.into_iter().map(|name| GroupName::new(name).unwrap()).collect::<BTreeSet<_>>())
        ),
    ];
    prop_oneof![
        scope.clone().prop_map(Grant::Viewer),
        scope.prop_map(Grant::Operator),
        Just(Grant::Admin),
        proptest::sample::select(&DEVICES[..]).prop_map(|name| Grant::Device(device(name))),
        Just(Grant::Tenant(TenantName::new("blue").unwrap())),
    ]
}

proptest! {
    #[test]
    fn whoever_has_no_grant_may_do_nothing(action in proptest::sample::select(&Action::ALL[..])) {
        prop_assert!(may(&caller(&[]), action, On::Nothing, Some(&inventory())).is_err());
    }

    #[test]
    fn another_grant_never_takes_anything_away(
        grants in proptest::collection::vec(grant(), 0..3),
        more in grant(),
        action in proptest::sample::select(&Action::ALL[..]),
        name in proptest::sample::select(&DEVICES[..]),
    ) {
        let (name, inventory) = (device(name), inventory());
        let together: Vec<_> = grants.iter().cloned().chain([more]).collect();
        for on in [On::Nothing, On::Device(&name), On::Every(std::slice::from_ref(&name))] {
            let before = may(&caller(&grants), action, on, Some(&inventory)).is_ok();
            prop_assert!(!before || may(&caller(&together), action, on, Some(&inventory)).is_ok());
        }
    }

    #[test]
    fn only_admins_do_what_is_for_admins(grants in proptest::collection::vec(grant(), 0..3)) {
        for action in Action::ALL.into_iter().filter(|action| action.is_for_admins()) {
            let allowed = may(&caller(&grants), action, On::Nothing, Some(&inventory())).is_ok();
            prop_assert_eq!(allowed, grants.contains(&Grant::Admin));
        }
    }

    #[test]
    fn all_devices_are_no_more_than_each_of_them(
        grants in proptest::collection::vec(grant(), 0..3),
        action in proptest::sample::select(&Action::ALL[..]),
    ) {
        let (caller, inventory) = (caller(&grants), inventory());
        let every: Vec<_> = DEVICES.into_iter().map(device).collect();
        if may(&caller, action, On::Every(&every), Some(&inventory)).is_ok() {
            for name in &every {
                prop_assert!(may(&caller, action, On::Device(name), Some(&inventory)).is_ok());
            }
        }
    }
}
