//! Addresses and networks, as Ansible's `ansible.utils` has them: the same queries, the same
//! results, and like there `false` for what is no address.

mod address;
mod hardware;
mod query;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Filter, FilterCall, items, spend, to_text};
use address::{WrittenAddress, text_or_null};
use hardware::hwaddr;
use query::{family, ipwrap, nth};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["ipaddr", "ansible.utils.ipaddr", "ansible.netcommon.ipaddr"], &["query"], |call| family(call, None)),
    Filter::new(&["ipv4", "ansible.utils.ipv4", "ansible.netcommon.ipv4"], &["query"], |call| family(call, Some(4))),
    Filter::new(&["ipv6", "ansible.utils.ipv6", "ansible.netcommon.ipv6"], &["query"], |call| family(call, Some(6))),
    Filter::new(&["ipwrap", "ansible.utils.ipwrap", "ansible.netcommon.ipwrap"], &[], ipwrap),
    Filter::new(&["ipsubnet", "ansible.utils.ipsubnet", "ansible.netcommon.ipsubnet"], &["query", "index"], ipsubnet),
    Filter::new(&["ipmath", "ansible.utils.ipmath", "ansible.netcommon.ipmath"], &["amount"], ipmath),
    Filter::new(&["nthhost", "ansible.utils.nthhost", "ansible.netcommon.nthhost"], &["query"], nthhost),
    Filter::new(
        &["network_in_usable", "ansible.utils.network_in_usable", "ansible.netcommon.network_in_usable"],
        &["test"],
        |call| network_in(call, usable),
    ),
    Filter::new(
        &["network_in_network", "ansible.utils.network_in_network", "ansible.netcommon.network_in_network"],
        &["test"],
        |call| network_in(call, whole),
    ),
    Filter::new(&["next_nth_usable", "ansible.utils.next_nth_usable"], &["offset"], |call| nth_usable(call, 1)),
    Filter::new(&["previous_nth_usable", "ansible.utils.previous_nth_usable"], &["offset"], |call| {
        nth_usable(call, -1)
    }),
    Filter::new(&["cidr_merge", "ansible.utils.cidr_merge", "ansible.netcommon.cidr_merge"], &[], cidr_merge),
    Filter::new(&["usable_range", "ansible.utils.usable_range"], &[], usable_range),
    Filter::new(&["hwaddr", "ansible.utils.hwaddr", "ansible.netcommon.hwaddr"], &["query"], hwaddr),
];

/// Of a network and a length: how many such subnets it has, or the one of an index. Of an address
/// and a length: the network around it.
fn ipsubnet(call: &FilterCall) -> Result<Value, String> {
    let Some(written) = WrittenAddress::parse(call.value()) else { return Ok(false.into()) };
    let is_address = !written.is_network();
    let around = if is_address && written.size() != Some(1) { IpNet::from(written.ip()) } else { written.net.trunc() };
    let Some(query) = call.arg(0).map(to_text).filter(|query| !query.is_empty()) else {
        return Ok((if written.with_prefix { written.net.trunc() } else { around }).to_string().into());
    };
    let Ok(length) = query.parse::<u8>() else { return place_in(&written, &query) };
    let own = written.net.prefix_len();
    if length > written.bits() {
        return Ok(false.into());
    }
    let index = call.integer(1)?;
    if written.size() == Some(1) {
        let supernet = |length| IpNet::new(written.ip(), length).map(|net| net.trunc().to_string());
        // Index 0 is the largest network around it that is asked for, and each further one is half
        // as large.
        let length = i64::from(length) + index.unwrap_or(0).max(0);
        return Ok(u8::try_from(length)
            .ok()
            .and_then(|length| supernet(length).ok())
            .map_or(Value::Bool(false), Value::from));
    }
    let Some(deeper) = length.checked_sub(own) else {
        return Err(format!("a /{own} has no subnets of length {length}"));
    };
    let subnets = 1_i128.checked_shl(deeper.into()).unwrap_or(i128::MAX);
    let Some(index) = index.map(i128::from) else { return Ok(subnets.to_string().into()) };
    let index = if index < 0 { index + subnets } else { index };
    if !(0..subnets).contains(&index) {
        return Ok(false.into());
    }
    let step = index.unsigned_abs().checked_shl((written.bits() - length).into()).unwrap_or(0);
    let ip = written.address(written.first() + step).ok_or("beyond the last address")?;
    Ok(format!("{ip}/{length}").into())
}

/// Which subnet of `query` it is, from 1.
fn place_in(written: &WrittenAddress, query: &str) -> Result<Value, String> {
    let network = WrittenAddress::parse(&query.into())
        .ok_or_else(|| format!("expected a length, address or network, found {query}"))?;
    if !network.net.contains(&written.net.trunc()) {
        return Err(format!("{} is not in the subnet {}", written.net.trunc(), network.net.trunc()));
    }
    let place = (written.first() - network.first()) >> (written.bits() - written.net.prefix_len());
    Ok((place + 1).to_string().into())
}

fn ipmath(call: &FilterCall) -> Result<Value, String> {
    let written =
        WrittenAddress::parse(call.value()).ok_or_else(|| format!("expected an address, found {}", call.text()))?;
    let amount = call.integer(0)?.ok_or("needs the argument amount")?;
    let ip = written.offset(amount.into()).and_then(|number| written.address(number));
    ip.map(|ip| ip.to_string().into()).ok_or_else(|| format!("{} and {amount} is no address", written.ip()))
}

fn nthhost(call: &FilterCall) -> Result<Value, String> {
    let (Some(written), Some(index)) = (WrittenAddress::parse(call.value()), call.integer(0)?) else {
        return Ok(false.into());
    };
    let ip = nth(&written, index.into()).filter(|_| index != 0).and_then(|number| written.address(number));
    Ok(ip.map_or(Value::Bool(false), |ip| ip.to_string().into()))
}

fn usable(written: &WrittenAddress) -> (u128, u128) {
    written.usable().unwrap_or_else(|| whole(written))
}

fn whole(written: &WrittenAddress) -> (u128, u128) {
    (written.first(), written.last())
}

fn network_in(call: &FilterCall, range: fn(&WrittenAddress) -> (u128, u128)) -> Result<Value, String> {
    let parse = |value: &Value| {
        WrittenAddress::parse(value).ok_or_else(|| format!("expected an address or network, found {}", to_text(value)))
    };
    let (network, test) = (parse(call.value())?, parse(call.arg(0).unwrap_or(&Value::Null))?);
    let (first, last) = range(&network);
    Ok((network.version() == test.version() && first <= test.first() && test.last() <= last).into())
}

fn nth_usable(call: &FilterCall, sign: i128) -> Result<Value, String> {
    let Some(written) = WrittenAddress::parse(call.value()) else { return Ok(false.into()) };
    let offset = call.integer(0)?.ok_or("needs the argument offset")?;
    Ok(text_or_null(written.within_usable(sign * i128::from(offset))))
}

fn cidr_merge(call: &FilterCall) -> Result<Value, String> {
    let parse = |value: Value| {
        WrittenAddress::parse(&value)
            .map(|written| written.net.trunc())
            .ok_or_else(|| format!("{} is no network", to_text(&value)))
    };
    let networks = items(call.value()).into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    Ok(IpNet::aggregate(&networks).into_iter().map(|network| network.to_string()).collect())
}

/// Most addresses that are listed.
const MAX_RANGE: u128 = 65_536;

/// All addresses of a network, the first and last included, as Ansible has it.
fn usable_range(call: &FilterCall) -> Result<Value, String> {
    let Some(written) = WrittenAddress::parse(call.value()).filter(|_| call.value().is_string()) else {
        return Err(format!("expected a network, found {}", call.text()));
    };
    if written.ip() != written.net.network() {
        return Err(format!("{} has bits behind its prefix; the network is {}", written.net, written.net.trunc()));
    }
    let count = written.size().filter(|count| *count <= MAX_RANGE);
    let count = count.ok_or_else(|| format!("{} has more than {MAX_RANGE} addresses", written.net))?;
    spend(count as usize * 40)?;
    let all = (0..count).filter_map(|at| written.address(written.first() + at)).map(|ip| ip.to_string());
    Ok(json!({"usable_ips": all.collect::<Vec<_>>(), "number_of_ips": count as u64}))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::super::applied;
    use super::*;

    fn ipaddr(value: &str, query: &str) -> Value {
        applied("ipaddr", json!(value), &[json!(query)]).unwrap()
    }

    #[test]
    fn addresses_answer_the_usual_queries() {
        for (query, expected) in [
            ("", json!("192.0.2.5/26")),
            ("address", json!("192.0.2.5")),
            ("network", json!("192.0.2.0")),
            ("netmask", json!("255.255.255.192")),
            ("wildcard", json!("0.0.0.63")),
            ("prefix", json!(26)),
            ("broadcast", json!("192.0.2.63")),
            ("subnet", json!("192.0.2.0/26")),
            ("net", json!(null)),
            ("host", json!("192.0.2.5/26")),
            ("ip/prefix", json!("192.0.2.5/26")),
            ("ip_netmask", json!("192.0.2.5 255.255.255.192")),
            ("size", json!(64)),
            ("1", json!("192.0.2.1/26")),
            ("-2", json!("192.0.2.62/26")),
            ("100", json!(false)),
            ("first_usable", json!("192.0.2.1")),
            ("last_usable", json!("192.0.2.62")),
            ("range_usable", json!("192.0.2.1-192.0.2.62")),
            ("next_usable", json!("192.0.2.6")),
            ("revdns", json!("5.2.0.192.in-addr.arpa.")),
            ("192.0.2.0/24", json!("192.0.2.5/26")),
            ("198.51.100.0/24", json!(null)),
            ("type", json!("address")),
            ("version", json!(4)),
            ("private", json!("192.0.2.5/26")),
        ] {
            assert_eq!(ipaddr("192.0.2.5/26", query), expected, "{query}");
        }
        assert_eq!(ipaddr("hello", ""), json!(false));
        assert_eq!(ipaddr("2001:db8::/64", "1"), json!("2001:db8::1/64"));
        assert_eq!(ipaddr("192.0.2.0/31", "peer"), json!("192.0.2.1"));
        assert!(applied("ipaddr", json!("192.0.2.1"), &[json!("nonsense")]).unwrap_err().contains("no query nonsense"));
        assert_eq!(applied("ipv6", json!(["192.0.2.1", "2001:db8::1", "x"]), &[]).unwrap(), json!(["2001:db8::1"]));
    }

    #[test]
    fn networks_are_divided_and_counted() {
        for (filter, value, args, expected) in [
            ("ipsubnet", "192.168.0.0/16", vec![json!(20), json!(0)], json!("192.168.0.0/20")),
            ("ipsubnet", "192.168.0.0/16", vec![json!(20), json!(-1)], json!("192.168.240.0/20")),
            ("ipsubnet", "192.168.0.0/16", vec![json!(20)], json!("16")),
            ("ipsubnet", "192.168.144.5", vec![json!(20)], json!("192.168.144.0/20")),
            ("ipsubnet", "192.168.144.16/30", vec![json!("192.168.144.0/24")], json!("5")),
            ("ipmath", "192.0.2.5", vec![json!(-5)], json!("192.0.2.0")),
            ("ipmath", "192.0.2.5/24", vec![json!(10)], json!("192.0.2.15")),
            ("nthhost", "10.0.0.0/8", vec![json!(305)], json!("10.0.1.49")),
            ("network_in_usable", "192.168.0.0/24", vec![json!("192.168.0.1")], json!(true)),
            ("network_in_usable", "192.168.0.0/24", vec![json!("192.168.0.255")], json!(false)),
            ("network_in_network", "192.168.0.0/24", vec![json!("192.168.0.255")], json!(true)),
            ("next_nth_usable", "192.168.122.1/24", vec![json!(2)], json!("192.168.122.3")),
            ("ipwrap", "2001:db8::1", vec![], json!("[2001:db8::1]")),
            ("hwaddr", "001c.7312:3456", vec![], json!(null)),
            ("hwaddr", "00:1c:73:12:34:56", vec![json!("cisco")], json!("001c.7312.3456")),
        ] {
            assert_eq!(applied(filter, json!(value), &args).unwrap(), expected, "{filter} {value} {args:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_query_is_answered(value in "[0-9a-f:./]{0,20}", query in "[a-z_/0-9-]{0,12}", index in any::<i64>()) {
            let _ = applied("usable_range", json!(value), &[]);
            for filter in ["ipaddr", "ipv4", "ipsubnet", "hwaddr", "network_in_usable"] {
                let args = [json!(query), json!(index)];
                let _ = applied(filter, json!(value), &args[..1 + usize::from(filter == "ipsubnet")]);
            }
            for filter in ["nthhost", "ipmath", "next_nth_usable", "ipaddr"] {
                let _ = applied(filter, json!(value), &[json!(index)]);
            }
        }

        #[test]
        fn every_address_lies_in_its_subnet(ip in any::<u32>(), length in 0..=32_u8) {
            let written = format!("{}/{length}", Ipv4Addr::from(ip));
            let subnet = ipaddr(&written, "subnet");
            let inside = applied("network_in_network", subnet, &[json!(written)]).unwrap();
            prop_assert_eq!(inside, json!(true));
        }
    }
}
