//! Claims about admission, and histories of requests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::ModelFiles;
use crate::name::{DeviceName, RunId, TenantName};
use crate::tenancy::*;

const SITE: &str = "template: port.tera\nidle_vlan: 999\nconflicts: name\ntenants:\n  \
    red:\n    patch: [{device: leaf1, ports: 1-8}]\n    vlans: 110-119\n    quota: {ports_per_device: 4, waiting_per_device: 3}\n  \
    blue:\n    patch: [{device: leaf1, ports: 5-12}]\n    vlans: 120-129\n  \
    green:\n    patch: [{device: leaf2, ports: 1}]\n    vlans: 130\n";

struct World {
    tenants: Tenants,
    device: DeviceName,
    document: PortDocument,
    operators: BTreeSet<PortName>,
    applied: BTreeMap<PortName, u64>,
    requests: u64,
}

impl World {
    fn new() -> Self {
        Self {
            tenants: site(SITE),
            device: DeviceName::new("leaf1").unwrap(),
            document: PortDocument::default(),
            operators: ports("8").unwrap(),
            applied: BTreeMap::new(),
            requests: 0,
        }
    }

    fn request(&mut self, tenant: &str, list: &str, intent: Option<PortIntent>) -> PortRequest {
        self.requests += 1;
        PortRequest {
            tenant: name(tenant),
            ports: ports(list).unwrap(),
            intent,
            expected: None,
            by: format!("somebody of {tenant}"),
            at: Timestamp::UNIX_EPOCH,
            request: RunId::new(Timestamp::UNIX_EPOCH, self.requests),
        }
    }

    fn decide(&self, request: &PortRequest) -> Result<Admitted, NotAdmitted> {
        let Self { tenants, device, document, operators, applied, .. } = self;
        admit(&Admission { tenants, device, document, operators, applied }, request)
    }

    fn ask(&mut self, tenant: &str, list: &str, intent: Option<PortIntent>) -> Result<Admitted, NotAdmitted> {
        let request = self.request(tenant, list, intent);
        let admitted = self.decide(&request)?;
        if let Admitted::Next(next) = &admitted {
            self.document = next.clone();
        }
        Ok(admitted)
    }

    fn refusal(&mut self, tenant: &str, list: &str, intent: Option<PortIntent>) -> String {
        self.ask(tenant, list, intent).unwrap_err().to_string()
    }

    fn everything_is_applied(&mut self) {
        self.applied = self.document.ports.iter().map(|(port, entry)| (port.clone(), entry.generation)).collect();
    }
}

fn site(text: &str) -> Tenants {
    Tenants::read(&ModelFiles([(PATH.to_owned(), text.as_bytes().to_vec())].into())).unwrap().unwrap()
}

fn name(tenant: &str) -> TenantName {
    TenantName::new(tenant).unwrap()
}

fn vlan(number: u16) -> Option<PortIntent> {
    Some(single(format!(r#"{{"vlan": {number}}}"#).as_bytes()).unwrap())
}

fn trunk(list: &str) -> Option<PortIntent> {
    Some(single(format!(r#"{{"trunk": "{list}", "native": 110}}"#).as_bytes()).unwrap())
}

fn port(text: &str) -> PortName {
    PortName::parse(text).unwrap()
}

#[test]
fn an_order_stands_in_the_document_with_who_asked() {
    let mut world = World::new();

    world.ask("red", "1-2", vlan(110)).unwrap();

    let entry = &world.document.ports[&port("Ethernet2")];
    assert_eq!((entry.tenant.as_ref(), entry.by.as_str(), entry.generation), ("red", "somebody of red", 1));
    assert_eq!(world.document.ports.len(), 2);
}

#[test]
fn somebody_elses_port_is_refused_and_its_owner_named() {
    let mut world = World::new();
    world.ask("red", "5", vlan(110)).unwrap();

    let refusal = world.refusal("blue", "6,5", vlan(120));

    assert_eq!(refusal, "port Ethernet5 of leaf1 belongs to tenant red; nothing was ordered");
    assert_eq!(world.document.ports.len(), 1, "wholly refused");
    world.tenants.conflicts = Conflicts::Hide;
    assert!(world.refusal("blue", "5", vlan(120)).contains("belongs to another tenant"));
    assert!(world.refusal("blue", "5", None).contains("belongs to another tenant"));
}

#[test]
fn what_a_tenant_does_not_have_is_refused() {
    let mut world = World::new();
    for (tenant, list, intent, expected) in [
        ("white", "1", vlan(110), "there is no tenant white"),
        ("red", "9", vlan(110), "tenant red has no port Ethernet9 on leaf1"),
        ("green", "1", vlan(130), "tenant green has no port Ethernet1 on leaf1"),
        ("red", "8", vlan(110), "port Ethernet8 of leaf1 is configured by the operator's models"),
        ("red", "1", vlan(120), "tenant red has no VLAN 120; expected one of 110-119"),
        ("red", "1", trunk("111-120"), "tenant red has no VLAN 120"),
        ("red", "1-5", vlan(110), "tenant red would have 5 ports on leaf1, and its quota is 4"),
        ("red", "1-4", vlan(110), "4 changes of tenant red would wait for leaf1, and its quota is 3"),
    ] {
        let refusal = world.refusal(tenant, list, intent);
        assert!(refusal.contains(expected), "{refusal}");
    }
    assert_eq!(world.document, PortDocument::default());
}

#[test]
fn a_request_of_yesterday_is_refused() {
    let mut world = World::new();
    world.ask("red", "1", vlan(110)).unwrap();
    world.ask("red", "1", vlan(111)).unwrap();

    let yesterday = PortRequest { expected: Some(1), ..world.request("red", "1", vlan(112)) };

    let refusal = world.decide(&yesterday).unwrap_err().to_string();
    assert!(refusal.contains("expected version 1, found 2; read it again"), "{refusal}");
    assert!(world.decide(&PortRequest { expected: Some(2), ..yesterday }).is_ok());
}

#[test]
fn a_port_that_was_given_back_is_idle_and_anybodys() {
    let mut world = World::new();
    world.ask("red", "5", vlan(110)).unwrap();

    world.ask("red", "5", None).unwrap();

    let entry = &world.document.ports[&port("Ethernet5")];
    assert!(entry.idle && entry.intent.shutdown);
    assert_eq!(entry.intent.vlans(), [Vlan::new(999).unwrap()].into());
    world.ask("blue", "5", vlan(120)).unwrap();
    assert_eq!(world.document.ports[&port("Ethernet5")].tenant, name("blue"));
}

#[test]
fn lowering_a_quota_evicts_nobody() {
    let mut world = World::new();
    world.ask("red", "1-3", vlan(110)).unwrap();
    world.everything_is_applied();
    world.tenants = site(&SITE.replace("ports_per_device: 4", "ports_per_device: 1"));

    world.ask("red", "1-3", vlan(111)).unwrap();

    assert!(world.refusal("red", "4", vlan(110)).contains("its quota is 1"));
    world.everything_is_applied();
    world.ask("red", "1-3", None).unwrap();
}

#[test]
fn a_removed_tenant_keeps_its_ports_until_they_are_given_back() {
    let mut world = World::new();
    world.ask("red", "1-2", vlan(110)).unwrap();
    world.tenants.tenants.remove(&name("red"));

    assert!(world.refusal("red", "1", vlan(111)).contains("there is no tenant red"));
    assert_eq!(world.document.ports.len(), 2);
    world.ask("red", "1", None).unwrap();
    assert!(world.refusal("red", "3", None).contains("there is no tenant red"));
}

#[derive(Debug, Clone)]
struct Step {
    tenant: &'static str,
    first: u16,
    more: u16,
    vlan: Option<u16>,
    applies: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let vlan = proptest::option::of(prop_oneof![110_u16..113, 120_u16..123]);
    let tenant = prop_oneof![Just("red"), Just("blue"), Just("green"), Just("white")];
    (tenant, 1_u16..13, 0_u16..3, vlan, any::<bool>()).prop_map(|(tenant, first, more, vlan, applies)| Step {
        tenant,
        first,
        more,
        vlan,
        applies,
    })
}

proptest! {
    #[test]
    fn no_history_of_requests_breaks_a_promise(steps in proptest::collection::vec(step(), 0..40)) {
        let mut world = World::new();
        for Step { tenant, first, more, vlan: number, applies } in steps {
            let before = world.document.clone();
            let list = format!("{first}-{}", first + more);
            let asked = world.request(tenant, &list, number.and_then(vlan));

            let decided = world.decide(&asked);

            match &decided {
                Ok(Admitted::Next(next)) => {
                    prop_assert_eq!(next.generation, before.generation + 1, "the generation only grows");
                    for (port, entry) in &before.ports {
                        let after = &next.ports[port];
                        let taken = after.tenant != entry.tenant;
                        prop_assert!(!taken || entry.idle && asked.ports.contains(port), "no port changes hands");
                        prop_assert!(after == entry || asked.ports.contains(port), "no other port changes");
                    }
                    for port in &asked.ports {
                        let entry = &next.ports[port];
                        prop_assert_eq!(entry.idle, asked.intent.is_none(), "wholly taken");
                        prop_assert!(entry.idle || entry.tenant == asked.tenant);
                        prop_assert!(!world.operators.contains(port), "the operator's ports stay the operator's");
                    }
                    world.document = next.clone();
                    let repeated = PortRequest { by: "another".to_owned(), ..asked };
                    prop_assert_eq!(world.decide(&repeated), Ok(Admitted::Unchanged), "a repeat changes nothing");
                }
                Ok(Admitted::Unchanged) | Err(_) => {}
            }
            let red = world.document.ports_of(&name("red")).count();
            prop_assert!(red <= 4, "red has {} ports", red);
            let written = PortDocument::parse(world.document.to_document().as_bytes()).unwrap();
            prop_assert_eq!(&written, &world.document);
            if applies {
                world.everything_is_applied();
            }
        }
    }

    #[test]
    fn any_bytes_are_a_document_or_an_error(document in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = PortDocument::parse(&document);
    }
}
