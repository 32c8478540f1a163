//! MAC addresses in the forms that vendors write.

use serde_json::Value;

use super::super::{FilterCall, to_text};

/// A MAC address in the form that `query` names: bare, cisco, linux, unix, win, pgsql, int or bool.
pub(super) fn hwaddr(call: &FilterCall) -> Result<Value, String> {
    let text = call.text();
    let query = call.arg(0).map(to_text).unwrap_or_default();
    let Some(octets) = octets(&text) else {
        let asked = query.is_empty() || query == "bool";
        return if asked { Ok(Value::Null) } else { Err(format!("{text} is no MAC address")) };
    };
    let digits = |separator: &str, width: usize| {
        let all: Vec<char> =
            octets.iter().flat_map(|octet| format!("{octet:02x}").chars().collect::<Vec<_>>()).collect();
        all.chunks(width).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(separator)
    };
    Ok(match query.as_str() {
        "" => text.into(),
        "bare" => digits("", 12).to_uppercase().into(),
        "bool" => true.into(),
        "int" => octets.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet)).into(),
        "cisco" => digits(".", 4).into(),
        "linux" => digits(":", 2).into(),
        "unix" => octets.map(|octet| format!("{octet:x}")).join(":").into(),
        "win" | "eui48" => digits("-", 2).to_uppercase().into(),
        "pgsql" | "postgresql" | "psql" => digits(":", 6).into(),
        other => return Err(format!("there is no query {other}")),
    })
}

fn octets(text: &str) -> Option<[u8; 6]> {
    let separator = text.chars().find(|c| matches!(c, ':' | '-' | '.')).unwrap_or(':');
    let parts: Vec<&str> = text.split(separator).collect();
    let width = match parts.len() {
        6 => 2,
        3 => 4,
        2 => 6,
        1 => 12,
        _ => return None,
    };
    let digits = parts.iter().map(|part| format!("{part:0>width$}")).collect::<String>();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(&digits, 16).ok()?.to_be_bytes();
    number[2..].try_into().ok()
}
