//! An address or network as somebody wrote it, and the arithmetic on it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::Value;

/// An address with its network, and whether it was written with one.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenAddress {
    pub(super) net: IpNet,
    pub(super) with_prefix: bool,
}

impl WrittenAddress {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_number(u128::from(number.as_u64()?)),
            Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::from_number(text.parse().ok()?)
            }
            Value::String(text) => match text.split_once('/') {
                None => Some(Self { net: IpNet::from(text.parse::<IpAddr>().ok()?), with_prefix: false }),
                Some((address, prefix)) => {
                    let address: IpAddr = address.parse().ok()?;
                    let net = match prefix.parse::<u8>() {
                        Ok(length) => IpNet::new(address, length).ok()?,
                        Err(_) => IpNet::with_netmask(address, prefix.parse().ok()?).ok()?,
                    };
                    Some(Self { net, with_prefix: true })
                }
            },
            _ => None,
        }
    }

    pub(super) fn from_number(number: u128) -> Option<Self> {
        let address: IpAddr =
            u32::try_from(number).map_or_else(|_| Ipv6Addr::from(number).into(), |v4| Ipv4Addr::from(v4).into());
        Some(Self { net: IpNet::from(address), with_prefix: false })
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.net.addr()
    }

    pub(super) fn version(&self) -> u8 {
        if self.ip().is_ipv4() { 4 } else { 6 }
    }

    pub(super) fn bits(&self) -> u8 {
        self.net.max_prefix_len()
    }

    /// How many addresses the network has; `None` for all of IPv6.
    pub(super) fn size(&self) -> Option<u128> {
        1_u128.checked_shl(u32::from(self.bits() - self.net.prefix_len()))
    }

    pub(super) fn has_broadcast(&self) -> bool {
        self.version() == 6 || self.bits() - self.net.prefix_len() > 1
    }

    pub(super) fn is_network(&self) -> bool {
        self.size() != Some(1) && self.ip() == self.net.network()
    }

    pub(super) fn first(&self) -> u128 {
        number(self.net.network())
    }

    pub(super) fn last(&self) -> u128 {
        number(self.net.broadcast())
    }

    /// The address of this number, of the same version.
    pub(super) fn address(&self, number: u128) -> Option<IpAddr> {
        if self.version() == 4 {
            u32::try_from(number).ok().map(|number| Ipv4Addr::from(number).into())
        } else {
            Some(Ipv6Addr::from(number).into())
        }
    }

    /// `ip/prefix`
    pub(super) fn cidr(&self, ip: IpAddr) -> Value {
        format!("{ip}/{}", self.net.prefix_len()).into()
    }

    /// The addresses a host may have; of a single address none.
    pub(super) fn usable(&self) -> Option<(u128, u128)> {
        match self.size() {
            Some(1) => None,
            Some(2) => Some((self.first(), self.last())),
            _ => Some((self.first() + 1, self.last() - 1)),
        }
    }

    pub(super) fn offset(&self, by: i128) -> Option<u128> {
        let ip = number(self.ip());
        if by < 0 { ip.checked_sub(by.unsigned_abs()) } else { ip.checked_add(by.unsigned_abs()) }
    }

    pub(super) fn within_usable(&self, by: i128) -> Option<IpAddr> {
        let (first, last) = self.usable()?;
        let number = self.offset(by).filter(|number| (first..=last).contains(number))?;
        self.address(number)
    }
}

pub(super) fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

pub(super) fn text_or_null(text: Option<impl ToString>) -> Value {
    text.map_or(Value::Null, |text| text.to_string().into())
}

pub(super) fn count(number: Option<u128>) -> Value {
    let number =
        number.map_or_else(|| "340282366920938463463374607431768211456".to_owned(), |number| number.to_string());
    number.parse::<u64>().map_or_else(|_| number.into(), Value::from)
}
