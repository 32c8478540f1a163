//! The forms in which EOS shows keys of routing protocols, NTP, RADIUS, TACACS+ and SNMP, as AVD's
//! filters `encrypt`, `decrypt` and `snmp_hash` make them.
//!
//! The first two only keep a key from being read over a shoulder: whoever has the text and knows
//! what the key is for can read it. Each result follows from its arguments, so rendering again
//! changes nothing. A type-7 salt must be given, since pyavd would draw one.

use base64ct::{Base64, Encoding};
use des::Des;
use des::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use md5::Digest;
use serde_json::Value;

use super::password::hex;
use super::{Filter, FilterCall, kind, spend, to_text};

const PARAMETERS: &[&str] = &["passwd_type", "key", "hash_algorithm", "key_id", "mode", "salt"];

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["arista.avd.encrypt"], PARAMETERS, encrypt),
    Filter::new(&["arista.avd.decrypt"], PARAMETERS, decrypt),
    Filter::new(&["arista.avd.snmp_hash"], &[], snmp_hash),
];

/// What a key is hidden with.
enum Cover {
    /// DES, with a key that derives from this text.
    Des(String),
    /// Type 7. The salt is needed to encrypt only.
    Type7 { salt: Option<usize> },
}

impl Cover {
    /// The cover that `passwd_type` and the arguments that go with it stand for.
    fn of(call: &FilterCall) -> Result<Self, String> {
        let kind = call.text_arg(0, "passwd_type")?;
        let (cover, takes): (_, &[usize]) = match kind.as_str() {
            "bgp" | "ospf_simple" => (Self::Des(format!("{}_passwd", key(call)?)), &[1]),
            "ospf_message_digest" => {
                let algorithm =
                    one_of(call, 2, &[("md5", ""), ("sha1", ""), ("sha256", ""), ("sha384", ""), ("sha512", "")])?.0;
                let id = call.text_arg(3, "key_id")?;
                (Self::Des(format!("{}_{algorithm}Key_{id}", key(call)?)), &[1, 2, 3])
            }
            "isis" => (Self::Des(format!("{}_{}", key(call)?, one_of(call, 4, &ISIS_MODES)?.1)), &[1, 4]),
            "ntp" | "tacacs" | "radius" => (Self::Type7 { salt: salt(call)? }, &[5]),
            other => return Err(format!("expected one of {}, found {other}", TYPES.join(", "))),
        };
        match (1..PARAMETERS.len()).find(|at| call.arg(*at).is_some() && !takes.contains(at)) {
            Some(at) => Err(format!("{kind} takes no argument {}", PARAMETERS[at])),
            None => Ok(cover),
        }
    }
}

const TYPES: [&str; 7] = ["bgp", "isis", "ospf_message_digest", "ospf_simple", "ntp", "tacacs", "radius"];

/// The modes of IS-IS authentication, and their names in the key that EOS derives.
const ISIS_MODES: [(&str, &str); 9] = [
    ("none", "noAuth"),
    ("text", "clearText"),
    ("md5", "md5"),
    ("sha", "sha"),
    ("sha-1", "sha_1"),
    ("sha-224", "sha_224"),
    ("sha-256", "sha_256"),
    ("sha-384", "sha_384"),
    ("sha-512", "sha_512"),
];

fn one_of(
    call: &FilterCall,
    at: usize,
    words: &[(&'static str, &'static str)],
) -> Result<(&'static str, &'static str), String> {
    let given = call.text_arg(at, PARAMETERS[at])?;
    let found = words.iter().find(|(word, _)| *word == given).copied();
    found.ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("expected {} to be one of {}, found {given}", PARAMETERS[at], words.join(", "))
    })
}

fn key(call: &FilterCall) -> Result<String, String> {
    Some(call.text_arg(1, "key")?).filter(|key| !key.is_empty()).ok_or_else(|| "needs the argument key".to_owned())
}

fn salt(call: &FilterCall) -> Result<Option<usize>, String> {
    let salt = call.integer(5)?;
    let fits = |salt: i64| usize::try_from(salt).ok().filter(|salt| *salt < 16);
    salt.map(|salt| fits(salt).ok_or_else(|| format!("expected a salt from 0 to 15, found {salt}"))).transpose()
}

fn encrypt(call: &FilterCall) -> Result<Value, String> {
    let cover = Cover::of(call)?;
    let text = call.text();
    if text.is_empty() {
        return Err("needs a password".to_owned());
    }
    match cover {
        Cover::Des(key) => Ok(des_encrypt(&key, text.as_bytes()).into()),
        Cover::Type7 { salt: Some(salt) } => Ok(type7_encrypt(&text, salt).into()),
        Cover::Type7 { salt: None } => Err("needs the argument salt, from 0 to 15: a salt that is drawn would \
                                            change the configuration each time"
            .to_owned()),
    }
}

/// The errors do not quote the text: it hides a password.
fn decrypt(call: &FilterCall) -> Result<Value, String> {
    let text = call.text();
    let plain = match Cover::of(call)? {
        Cover::Des(key) => des_decrypt(&key, &text),
        Cover::Type7 { salt: None } => type7_decrypt(&text),
        Cover::Type7 { salt: Some(_) } => return Err("takes no argument salt".to_owned()),
    };
    let plain = plain.ok_or("the text was not encrypted with this type and key")?;
    String::from_utf8(plain).map(Value::from).map_err(|_| "the decrypted key is not UTF-8 text".to_owned())
}

/// What EOS writes before a key that it encrypts.
const SIGNATURE: [u8; 3] = [0x4c, 0x88, 0xbb];

const BLOCK: usize = 8;

/// EOS derives the key from a text by folding it into a seed. DES does not look at parity bits.
fn des_of(key: &str) -> Des {
    let mut folded: [u8; BLOCK] = [0xd5, 0xa8, 0xc9, 0x1e, 0xf5, 0xd5, 0x8a, 0x23];
    key.bytes().enumerate().for_each(|(at, byte)| folded[at % BLOCK] ^= byte);
    Des::new(&folded.map(|byte| byte & 0x7f).into())
}

/// CBC with a vector of zeros, in base64.
fn des_encrypt(key: &str, text: &[u8]) -> String {
    let padding = (BLOCK - (SIGNATURE.len() + 1 + text.len()) % BLOCK) % BLOCK;
    let mut bytes = SIGNATURE.to_vec();
    bytes.push(padding as u8 * 16 + 0xe);
    bytes.extend(text);
    bytes.resize(bytes.len() + padding, 0);
    let (des, mut before) = (des_of(key), [0; BLOCK]);
    for chunk in bytes.chunks_exact_mut(BLOCK) {
        let mut block = Block::<Des>::default();
        block.iter_mut().zip(chunk.iter().zip(before)).for_each(|(byte, (plain, last))| *byte = plain ^ last);
        des.encrypt_block(&mut block);
        before = block.into();
        chunk.copy_from_slice(&before);
    }
    Base64::encode_string(&bytes)
}

fn des_decrypt(key: &str, text: &str) -> Option<Vec<u8>> {
    let bytes = Base64::decode_vec(text).ok().filter(|bytes| bytes.len().is_multiple_of(BLOCK))?;
    let (des, mut before, mut plain) = (des_of(key), [0; BLOCK], Vec::new());
    for chunk in bytes.chunks_exact(BLOCK) {
        let mut block = Block::<Des>::try_from(chunk).ok()?;
        des.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(byte, last)| byte ^ last));
        before.copy_from_slice(chunk);
    }
    let (head, body) = plain.split_at_checked(SIGNATURE.len() + 1)?;
    let padding = usize::from(head[SIGNATURE.len()] >> 4);
    let length = body.len().checked_sub(padding).filter(|_| padding < BLOCK && head.starts_with(&SIGNATURE))?;
    Some(body[..length].to_vec())
}

/// The text that type 7 is made with, everywhere.
const TYPE7: &[u8] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

fn type7(bytes: impl Iterator<Item = u8>, salt: usize) -> Vec<u8> {
    bytes.enumerate().map(|(at, byte)| byte ^ TYPE7[(salt + at) % TYPE7.len()]).collect()
}

fn type7_encrypt(text: &str, salt: usize) -> String {
    format!("{salt:02}{}", hex(&type7(text.bytes(), salt)).to_uppercase())
}

fn type7_decrypt(text: &str) -> Option<Vec<u8>> {
    let (salt, digits) = text.split_at_checked(2)?;
    let salt = salt.parse::<usize>().ok().filter(|salt| *salt < 16 && !text.starts_with('+'))?;
    Some(type7(from_hex(digits)?.into_iter(), salt))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    is_hex.then(|| (0..digits.len()).step_by(2).filter_map(byte).collect())
}

/// The key of an SNMPv3 user for one engine, in hexadecimal digits: RFC 3414, section A.2.
///
/// The value is a map with `passphrase`, `auth`, `engine_id` and, for a key of privacy, `priv`.
fn snmp_hash(call: &FilterCall) -> Result<Value, String> {
    let Value::Object(map) = call.value() else {
        return Err(format!("expected a map with passphrase, auth and engine_id, found {}", kind(call.value())));
    };
    let field = |name: &str| {
        let text = map.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("expected a text as {name}"))
    };
    let (passphrase, auth) = (field("passphrase")?, field("auth")?);
    let engine = from_hex(field("engine_id")?).ok_or("expected hexadecimal digits as engine_id")?;
    let length = match map.get("priv").filter(|value| !value.is_null()).map(to_text).as_deref() {
        None => None,
        Some("des" | "aes") => Some(16),
        Some("aes192") => Some(24),
        Some("aes256") => Some(32),
        Some(other) => return Err(format!("expected priv to be des, aes, aes192 or aes256, found {other}")),
    };
    let key = match auth {
        "md5" => localized::<md5::Md5>(passphrase, &engine, length),
        "sha" | "sha1" => localized::<sha1::Sha1>(passphrase, &engine, length),
        "sha224" => localized::<sha2::Sha224>(passphrase, &engine, length),
        "sha256" => localized::<sha2::Sha256>(passphrase, &engine, length),
        "sha384" => localized::<sha2::Sha384>(passphrase, &engine, length),
        "sha512" => localized::<sha2::Sha512>(passphrase, &engine, length),
        other => Err(format!("expected auth to be md5, sha, sha224, sha256, sha384 or sha512, found {other}")),
    };
    Ok(hex(&key?).into())
}

/// Bytes of the repeated passphrase that a key is made from, by the RFC.
const EXPANDED: usize = 1_048_576;

/// The key, hashed further until it has `length` bytes, and cut there.
fn localized<D: Digest>(passphrase: &str, engine: &[u8], length: Option<usize>) -> Result<Vec<u8>, String> {
    spend(passphrase.len())?;
    let mut expanded = passphrase.as_bytes().repeat(EXPANDED.div_ceil(passphrase.len()));
    expanded.truncate(EXPANDED);
    let key = D::digest(&expanded);
    let mut localized = D::digest([&key[..], engine, &key[..]].concat()).to_vec();
    if let Some(length) = length {
        while localized.len() < length {
            let more = D::digest(&localized);
            localized.extend_from_slice(&more);
        }
        localized.truncate(length);
    }
    Ok(localized)
}

#[cfg(test)]
mod tests;
