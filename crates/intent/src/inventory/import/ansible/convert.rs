//! From Ansible's words to those of naas.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::super::imported::{ImportError, Imported, written};
use super::precedence::Precedence;
use super::site::{ALL, AnsibleInventory, Member, UNGROUPED, Vars};
use crate::inventory::{Device, Inventory, Password, Transport, Verify};
use crate::name::DeviceName;

/// Ansible's own variables that have a place in an inventory of naas; where there are several, the
/// first that is set counts.
const FIELDS: [(&str, &[&str]); 3] = [
    ("hostname", &["ansible_host", "ansible_ssh_host"]),
    ("username", &["ansible_user", "ansible_ssh_user"]),
    ("password", &["ansible_password", "ansible_httpapi_password", "ansible_httpapi_pass", "ansible_ssh_pass"]),
];

const PORT: &str = "ansible_httpapi_port";
/// The port of Ansible's other connections.
const SSH_PORT: &str = "ansible_port";
const PLATFORM: &str = "ansible_network_os";
const USE_SSL: &str = "ansible_httpapi_use_ssl";
const VALIDATE: &str = "ansible_httpapi_validate_certs";
const ENABLE: [&str; 2] = ["ansible_become_password", "ansible_become_pass"];

/// Ansible's own variables that mean nothing beyond what naas does anyway.
const UNDERSTOOD: [&str; 5] =
    ["ansible_connection", "ansible_become", "ansible_become_method", "ansible_group_priority", "ansible_become_user"];

pub(super) fn convert(site: AnsibleInventory, files: &str) -> Result<Imported, ImportError> {
    let precedence = Precedence::new(&site);
    let expected: BTreeMap<_, _> = site.hosts.keys().map(|host| (host.as_str(), precedence.vars(host))).collect();
    let own = |member: &Member| {
        let mut element = element(&member.vars());
        let groups: Vec<_> =
            precedence.sorted(&member.above).into_iter().filter(|group| is_kept(&site, group)).collect();
        if !groups.is_empty() {
            element.insert("groups".to_owned(), groups.iter().map(|group| Value::from(group.as_str())).collect());
        }
        Value::from(element)
    };
    let in_order = site.order.hosts.list.iter().filter_map(|name| Some((name, site.hosts.get(name)?)));
    let hosts: Map<_, _> = in_order.map(|(name, host)| (name.clone(), own(host))).collect();
    let is_group = |name: &&String| *name != ALL && is_kept(&site, name);
    let undeclared = site.groups.keys().filter(|name| !site.order.groups.list.contains(name));
    let groups = site.order.groups.list.iter().chain(undeclared).filter(is_group);
    let groups: Map<_, _> = groups.filter_map(|name| Some((name.clone(), own(site.groups.get(name)?)))).collect();
    let mut defaults = site.groups.get(ALL).map(|all| element(&all.vars())).unwrap_or_default();
    let order = group_order(&site);
    defaults.insert("jinja".to_owned(), json!({"variables": "ansible"}));
    if !order.is_empty() {
        defaults["jinja"]["group_order"] = order.into();
    }
    let mut document = json!({"hosts": hosts, "groups": groups, "defaults": defaults});
    let (_, nested) = written(&document, files)?;
    let mut notes = site.notes.clone();
    notes.extend(settle(&mut document, &nested, &expected));
    let (text, _) = written(&document, files)?;
    notes.extend(remarks(&expected));
    Ok(Imported { document: text, notes })
}

/// The order of each group whose hosts do not stand in the order of the document.
fn group_order(site: &AnsibleInventory) -> Map<String, Value> {
    let places: BTreeMap<&str, usize> =
        site.order.hosts.list.iter().enumerate().map(|(at, host)| (host.as_str(), at)).collect();
    let names = site.groups.keys().map(String::as_str).chain([ALL, UNGROUPED]);
    let ordered = names.map(|name| (name, site.order.of(name)));
    let moved = ordered.filter(|(_, hosts)| !hosts.is_sorted_by_key(|host| places.get(host)));
    moved.map(|(name, hosts)| (name.to_owned(), hosts.into_iter().map(Value::from).collect())).collect()
}

/// `ungrouped` is a group for those only who gave it variables.
fn is_kept(site: &AnsibleInventory, group: &str) -> bool {
    let has_vars = |name: &str| site.groups.get(name).is_some_and(|group| !group.vars().is_empty());
    group != UNGROUPED || has_vars(UNGROUPED)
}

/// A host, group or the defaults in the words of naas.
fn element(vars: &Vars) -> Map<String, Value> {
    let mut element = fields(vars);
    let extras = extras(vars);
    if !extras.is_empty() {
        let options = Map::from_iter([("extras".to_owned(), extras.into())]);
        let plugins = Map::from_iter([("eapi".to_owned(), options.into())]);
        element.insert("connection_options".to_owned(), plugins.into());
    }
    let data = data(vars);
    if !data.is_empty() {
        element.insert("data".to_owned(), data.into());
    }
    element
}

fn fields(vars: &Vars) -> Map<String, Value> {
    let mut fields = Map::new();
    for (key, names) in FIELDS {
        fields.extend(first(vars, names).map(|value| (key.to_owned(), as_text(value))));
    }
    fields.extend(first(vars, &[PORT]).map(|port| ("port".to_owned(), port.clone())));
    let platform = vars.get(PLATFORM).and_then(Value::as_str);
    let platform = platform.map(|name| name.rsplit('.').next().unwrap_or(name));
    fields.extend(platform.map(|name| ("platform".to_owned(), name.into())));
    fields
}

fn extras(vars: &Vars) -> Map<String, Value> {
    let mut extras = Map::new();
    let transport = vars.get(USE_SSL).and_then(truth).map(|ssl| if ssl { "https" } else { "http" });
    extras.extend(transport.map(|transport| ("transport".to_owned(), transport.into())));
    let verify = vars.get(VALIDATE).and_then(truth).map(|verify| if verify { "ca" } else { "insecure" });
    extras.extend(verify.map(|verify| ("verify".to_owned(), verify.into())));
    extras.extend(first(vars, &ENABLE).map(|password| ("enable_password".to_owned(), as_text(password))));
    extras
}

fn data(vars: &Vars) -> Map<String, Value> {
    let own = vars.iter().filter(|(key, _)| !key.starts_with("ansible_"));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Puts at the host itself what its groups would give it otherwise than in Ansible.
fn settle(document: &mut Value, nested: &Inventory, expected: &BTreeMap<&str, Vars>) -> Vec<String> {
    let mut moved: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, vars) in expected {
        let device = DeviceName::new(*name).ok().and_then(|name| nested.device(&name));
        let (Some(device), Some(host)) = (device, document["hosts"][name].as_object_mut()) else { continue };
        let mut differs = |key: &str| moved.entry(key.to_owned()).or_default().push(name);
        for (key, value) in data(vars) {
            if device.data.get(&key) != Some(&value) {
                differs(&key);
                host.entry("data").or_insert_with(|| Map::new().into())[&key] = value;
            }
        }
        let resolved = resolved(&device);
        for (key, value) in fields(vars) {
            if resolved.get(key.as_str()) != Some(&as_text(&value)) {
                differs(&key);
                host.insert(key, value);
            }
        }
        let extras = extras(vars);
        if !is_connected_by(&device, &extras) {
            differs("connection_options");
            host.insert("connection_options".to_owned(), json!({"eapi": {"extras": extras}}));
        }
    }
    let note = |(key, hosts): (String, Vec<&str>)| {
        format!(
            "{key} stands at {} itself, as Ansible's order of groups gives a value that nesting would not",
            some(&hosts)
        )
    };
    moved.into_iter().map(note).collect()
}

/// What a device has, in the words of [`fields`], as text.
fn resolved(device: &Device) -> BTreeMap<&'static str, Value> {
    let password =
        device.password.as_ref().and_then(Password::literal).map(|password| password.expose_secret().to_owned());
    let fields = [
        ("hostname", Some(device.hostname.clone())),
        ("username", device.username.clone()),
        ("password", password),
        ("platform", device.platform.clone()),
        ("port", device.connection.port.map(|port| port.to_string())),
    ];
    fields.into_iter().filter_map(|(key, value)| Some((key, Value::from(value?)))).collect()
}

/// Whether a device is spoken to as `extras` say.
fn is_connected_by(device: &Device, extras: &Map<String, Value>) -> bool {
    let is = |key: &str, word: &str| extras.get(key).and_then(Value::as_str) == Some(word);
    let connection = &device.connection;
    let enable =
        connection.enable_password.as_ref().and_then(Password::literal).map(|password| password.expose_secret());
    (connection.transport == Transport::Http) == is("transport", "http")
        && (connection.verify == Verify::Insecure) == is("verify", "insecure")
        && enable == extras.get("enable_password").and_then(Value::as_str)
}

/// What a person should know about the variables as a whole.
fn remarks(expected: &BTreeMap<&str, Vars>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |keys: BTreeSet<&str>, what: &str| {
        if !keys.is_empty() {
            notes.push(format!("{}: {what}", some(&keys.into_iter().collect::<Vec<_>>())));
        }
    };
    let all = || expected.values().flatten();
    note(
        all().map(|(key, _)| key.as_str()).filter(|key| key.starts_with("ansible_") && !is_known(key)).collect(),
        "left out, Ansible's own",
    );
    let templates = all().filter(|(_, value)| holds_jinja(value)).map(|(key, _)| key.as_str());
    note(templates.collect(), "holds a Jinja2 expression, which stays as it is written: naas does not evaluate it");
    let numbers = all().filter(|(_, value)| holds_text(value, &is_number_of_yaml_1_1)).map(|(key, _)| key.as_str());
    note(
        numbers.collect(),
        "holds a text such as 010, 1_000 or 12:30, which in YAML without quotes is another number to Ansible",
    );
    let hosts =
        |is: &dyn Fn(&Vars) -> bool| expected.iter().filter(|(_, vars)| is(vars)).map(|(host, _)| *host).collect();
    let other = |vars: &Vars| vars.contains_key(SSH_PORT);
    note(hosts(&other), "ansible_port left out, as eAPI's port is ansible_httpapi_port");
    let fallback = |vars: &Vars| speaks_eapi(vars) && !vars.contains_key(PORT);
    note(hosts(&fallback), "without ansible_httpapi_port it is port 443, or 80 for HTTP in clear");
    let clear = |vars: &Vars| speaks_eapi(vars) && !vars.contains_key(USE_SSL);
    note(hosts(&clear), "without ansible_httpapi_use_ssl Ansible speaks HTTP in clear; naas will speak HTTPS");
    let secret = |vars: &Vars| first(vars, FIELDS[2].1).or_else(|| first(vars, &ENABLE)).is_some();
    note(hosts(&secret), "the document holds passwords; keep it in a secret store");
    notes
}

fn is_known(key: &str) -> bool {
    let fields = FIELDS.iter().flat_map(|(_, names)| names.iter());
    let others = [PORT, SSH_PORT, PLATFORM, USE_SSL, VALIDATE];
    fields.chain(&ENABLE).chain(&UNDERSTOOD).chain(&others).any(|known| *known == key)
}

fn holds_jinja(value: &Value) -> bool {
    holds_text(value, &|text| text.contains("{{") || text.contains("{%"))
}

fn holds_text(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| holds_text(item, is)),
        Value::Object(map) => map.values().any(|item| holds_text(item, is)),
        _ => false,
    }
}

/// Whether a text without quotes is a number to PyYAML, which reads YAML 1.1, and none in YAML 1.2.
fn is_number_of_yaml_1_1(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_octal =
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let in_sixties = |part: &str| part.parse::<u8>().is_ok_and(|part| part < 60) && part.len() < 3;
    let is_sexagesimal = digits.split_once(':').is_some_and(|(first, rest)| {
        first.starts_with(|c: char| matches!(c, '1'..='9'))
            && first.bytes().all(|byte| byte.is_ascii_digit())
            && rest.split(':').all(in_sixties)
    });
    let has_underscores = digits.contains('_')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    is_octal || is_sexagesimal || has_underscores
}

fn speaks_eapi(vars: &Vars) -> bool {
    let connection = vars.get("ansible_connection").and_then(Value::as_str).unwrap_or_default();
    connection.rsplit('.').next() == Some("httpapi")
}

fn first<'a>(vars: &'a Vars, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| vars.get(*name)).filter(|value| !value.is_null())
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        other => other.clone(),
    }
}

/// As Ansible takes a word for a boolean.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(word) => match word.to_lowercase().as_str() {
            "yes" | "on" | "true" | "1" => Some(true),
            "no" | "off" | "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn some(names: &[&str]) -> String {
    let first: Vec<_> = names.iter().take(5).copied().collect();
    let more = names.len() - first.len();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}
