//! The `show` commands about a device itself: version, interfaces, neighbours, event-handlers.
//!
//! Interfaces are those that are configured; a switch shows those it has.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::reply::Reply;

/// Runs `show <words>`; none if it is not known here.
pub(crate) fn run(device: &Device, words: &[&str]) -> Option<Reply> {
    Some(match words {
        ["version"] => version(device),
        ["hostname"] => {
            let state = device.state();
            let name = state.running.hostname();
            let fqdn = match state.running.value("dns domain ") {
                Some(domain) => format!("{name}.{domain}"),
                None => name.to_owned(),
            };
            Reply {
                text: format!("Hostname: {name}\nFQDN:     {fqdn}\n"),
                json: Some(json!({"hostname": name, "fqdn": fqdn})),
            }
        }
        ["clock"] => clock(device),
        ["uptime"] => uptime(device),
        ["aliases"] => aliases(device),
        ["banner", kind @ ("motd" | "login")] => banner(device, kind),
        ["users"] => Reply { text: String::new(), json: Some(json!({"users": []})) },
        ["interfaces"] => interfaces(device),
        ["interfaces", "description"] => descriptions(device),
        ["vlan"] => vlans(device),
        ["lldp", "neighbors"] => lldp(device),
        ["management", "api", "http-commands"] => http_commands(device),
        ["event-handler"] => event_handlers(device, None),
        ["event-handler", name] => event_handlers(device, Some(name)),
        _ => return None,
    })
}

fn up_for(device: &Device) -> SignedDuration {
    device.clock.now().duration_since(device.state().booted).max(SignedDuration::ZERO)
}

fn version(device: &Device) -> Reply {
    let (model, eos, booted) = (&device.spec.model, &device.spec.eos, device.state().booted);
    let uptime = up_for(device).as_secs_f64();
    let json = json!({
        "mfgName": "Arista", "modelName": model, "hardwareRevision": "", "serialNumber": device.spec.serial(),
        "systemMacAddress": "00:00:00:00:00:00", "hwMacAddress": "00:00:00:00:00:00", "configMacAddress": "00:00:00:00:00:00",
        "version": eos, "architecture": "x86_64", "internalVersion": eos, "internalBuildId": "", "imageFormatVersion": "1.0",
        "imageOptimization": "None", "bootupTimestamp": booted.as_duration().as_secs_f64(), "uptime": uptime,
        "memTotal": 8_000_000, "memFree": 4_000_000, "isIntlVersion": false,
    });
    let text = format!(
        "Arista {model}\nHardware version: \nSerial number: {}\nSystem MAC address: 0000.0000.0000\n\nSoftware image version: \
         {eos}\nArchitecture: x86_64\nInternal build version: {eos}\n\nUptime: {} minutes\nTotal memory: 8000000 kB\nFree \
         memory: 4000000 kB\n",
        device.spec.serial(),
        up_for(device).as_mins()
    );
    Reply { text, json: Some(json) }
}

fn clock(device: &Device) -> Reply {
    let now = device.clock.now();
    let text = format!("{}\nTimezone: UTC\nClock source: local\n", now.strftime("%a %b %e %H:%M:%S %Y"));
    let json = json!({"utcTime": now.as_duration().as_secs_f64(), "timezone": "UTC", "clockSource": {"local": true}});
    Reply { text, json: Some(json) }
}

fn uptime(device: &Device) -> Reply {
    let up = up_for(device);
    let now = device.clock.now().strftime("%H:%M:%S");
    let text = format!(" {now} up {} min,  0 users,  load average: 0.00, 0.00, 0.00\n", up.as_mins());
    Reply { text, json: Some(json!({"upTime": up.as_secs_f64(), "users": 0, "loadAvg": [0.0, 0.0, 0.0]})) }
}

fn aliases(device: &Device) -> Reply {
    let state = device.state();
    let aliases: Vec<(&str, &str)> = state.running.values("alias ").filter_map(|rest| rest.split_once(' ')).collect();
    let text = aliases.iter().map(|(name, command)| format!("{name:<16}{command}\n")).collect();
    let json: Map<_, _> = aliases.iter().map(|(name, command)| ((*name).to_owned(), json!(command))).collect();
    Reply { text, json: Some(json!({"aliases": json})) }
}

fn banner(device: &Device, kind: &str) -> Reply {
    let key = if kind == "login" { "loginBanner" } else { "motd" };
    let text = device.state().running.body(&format!("banner {kind}")).unwrap_or_default().to_owned();
    Reply { json: Some(json!({key: text})), text }
}

/// An interface as it is configured.
struct Interface {
    name: String,
    description: String,
    shutdown: bool,
    mtu: u64,
}

fn configured(device: &Device) -> Vec<Interface> {
    let state = device.state();
    let modes =
        state.running.modes("interface ").filter(|(name, _)| *name != "defaults" && !name.starts_with("profile "));
    let interface = |(name, lines): (&str, Vec<(&str, &str)>)| {
        let value = |prefix: &str| lines.iter().find_map(|(line, _)| line.strip_prefix(prefix));
        Interface {
            name: name.to_owned(),
            description: value("description ").unwrap_or_default().to_owned(),
            shutdown: lines.iter().any(|(line, _)| *line == "shutdown"),
            mtu: value("mtu ").and_then(|mtu| mtu.parse().ok()).unwrap_or(1500),
        }
    };
    modes.map(interface).collect()
}

fn interfaces(device: &Device) -> Reply {
    let (mut text, mut json) = (String::new(), Map::new());
    for Interface { name, description, shutdown, mtu } in configured(device) {
        let (status, protocol) = if shutdown { ("disabled", "down") } else { ("connected", "up") };
        text.push_str(&format!(
            "{name} is {}, line protocol is {protocol} ({status})\n",
            if shutdown { "administratively down" } else { "up" }
        ));
        if !description.is_empty() {
            text.push_str(&format!("  Description: {description}\n"));
        }
        text.push_str(&format!("  MTU {mtu} bytes\n"));
        let interface = json!({
            "name": name, "description": description, "interfaceStatus": status, "lineProtocolStatus": protocol, "mtu": mtu,
            "hardware": "ethernet", "bandwidth": 0, "physicalAddress": "00:00:00:00:00:00", "forwardingModel": "routed",
            "lastStatusChangeTimestamp": device.state().booted.as_duration().as_secs_f64(), "interfaceAddress": [],
        });
        json.insert(name, interface);
    }
    Reply { text, json: Some(json!({"interfaces": json})) }
}

fn descriptions(device: &Device) -> Reply {
    let mut text = format!("{:<31}{:<15}{:<19}Description\n", "Interface", "Status", "Protocol");
    let mut json = Map::new();
    for Interface { name, description, shutdown, .. } in configured(device) {
        let (status, protocol) = if shutdown { ("admin down", "down") } else { ("up", "up") };
        text.push_str(&format!("{:<31}{status:<15}{protocol:<19}{description}\n", short(&name)));
        let shown = json!({"description": description, "interfaceStatus": status, "lineProtocolStatus": protocol});
        json.insert(name, shown);
    }
    Reply { text, json: Some(json!({"interfaceDescriptions": json})) }
}

fn vlans(device: &Device) -> Reply {
    let mut vlans = vec![("1".to_owned(), "default".to_owned())];
    let state = device.state();
    for (ids, lines) in state.running.modes("vlan ").filter(|(ids, _)| ids.parse::<u16>().is_ok()) {
        let name = lines.iter().find_map(|(line, _)| line.strip_prefix("name ")).map(str::to_owned);
        vlans.retain(|(id, _)| id != ids);
        vlans.push((ids.to_owned(), name.unwrap_or_else(|| format!("VLAN{ids:0>4}"))));
    }
    let mut text = format!("{:<6}{:<33}{:<10}Ports\n", "VLAN", "Name", "Status");
    let mut json = Map::new();
    for (id, name) in vlans {
        text.push_str(&format!("{id:<6}{name:<33}active\n"));
        json.insert(id, json!({"name": name, "status": "active", "dynamic": false, "interfaces": {}}));
    }
    Reply { text, json: Some(json!({"vlans": json, "sourceDetail": ""})) }
}

fn lldp(device: &Device) -> Reply {
    let neighbors = device.neighbors();
    let mut text = format!(
        "Last table change time   : 0:00:00 ago\nNumber of table inserts  : {}\nNumber of table deletes  : 0\nNumber of table \
         drops    : 0\nNumber of table age-outs : 0\n\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n\
         ---------- ------------------------ ---------------------- ---\n",
        neighbors.len()
    );
    for neighbor in &neighbors {
        let port = short(&neighbor.interface);
        text.push_str(&format!("{port:<13} {:<24} {:<19} 120\n", neighbor.device, neighbor.port));
    }
    let entries: Vec<Value> = neighbors
        .into_iter()
        .map(|n| json!({"port": n.interface, "neighborDevice": n.device, "neighborPort": n.port, "ttl": 120}))
        .collect();
    let json = json!({"tablesInserts": entries.len(), "tablesDeletes": 0, "tablesDrops": 0, "tablesAgeOuts": 0, "lldpNeighbors": entries});
    Reply { text, json: Some(json) }
}

fn http_commands(device: &Device) -> Reply {
    let running = device.state().running.clone();
    let enabled = running.has("management api http-commands", "no shutdown");
    let http = running.has("management api http-commands", "protocol http");
    let https = !running.has("management api http-commands", "no protocol https");
    let word = |on: bool| if on { "Yes" } else { "No" };
    let server = |on: bool| if on { "running" } else { "shutdown" };
    let text = format!(
        "Enabled:            {}\nHTTPS server:       {}, set to use port 443\nHTTP server:        {}, set to use port 80\nLocal \
         HTTP server:  shutdown, no authentication, set to use port 8080\nUnix Socket server: shutdown, no authentication\n",
        word(enabled),
        server(enabled && https),
        server(enabled && http)
    );
    let json = json!({
        "enabled": enabled, "httpsServer": {"configured": https, "running": enabled && https, "port": 443},
        "httpServer": {"configured": http, "running": enabled && http, "port": 80},
        "localHttpServer": {"configured": false, "running": false, "port": 8080},
        "unixSocketServer": {"configured": false, "running": false},
    });
    Reply { text, json: Some(json) }
}

/// The lines that are established; how often an action ran is in the journal.
fn event_handlers(device: &Device, wanted: Option<&str>) -> Reply {
    let state = device.state();
    let mut text = String::new();
    for (name, lines) in state.running.modes("event-handler ").filter(|(name, _)| wanted.is_none_or(|one| one == *name))
    {
        let value = |prefix: &str| lines.iter().find_map(|(line, _)| line.strip_prefix(prefix));
        let delay = value("delay ").unwrap_or("20");
        text.push_str(&format!("Event-handler {name}\n"));
        text.push_str(&format!("Trigger: {} delay {delay} seconds\n", value("trigger ").unwrap_or("none")));
        text.push_str(&format!("Action: {}\n", value("action bash").map_or("", str::trim)));
        let timeout = value("timeout ").unwrap_or("10");
        text.push_str(&format!("Action expected to finish in less than {timeout} seconds\n\n"));
    }
    Reply { text, json: None }
}

fn short(interface: &str) -> String {
    let classes = [
        ("Ethernet", "Et"),
        ("Management", "Ma"),
        ("Port-Channel", "Po"),
        ("Loopback", "Lo"),
        ("Vlan", "Vl"),
        ("Vxlan", "Vx"),
    ];
    let class =
        classes.iter().find_map(|(long, short)| interface.strip_prefix(long).map(|rest| format!("{short}{rest}")));
    class.unwrap_or_else(|| interface.to_owned())
}
