//! Checks: what must be true of a switch that runs its new configuration on trial, before that is
//! confirmed.
//!
//! ```yaml
//! checks:
//!   - command: show interfaces status
//!     path: $.interfaceStatuses.Ethernet1.linkStatus     # JSON path, RFC 9535; every node it selects ...
//!     expect: connected                                  # ... must be this; without it, there must be one
//!     tries: 5                                           # 3 when left out, `pause` seconds apart (2)
//!   - command: show lldp neighbors
//!     pattern: spine\d+                                  # a regular expression over the text instead of a path
//!     count: 4                                           # how often it must match, or a path select,
//!     tolerance: 1                                       # give or take; with `expect`, by how much a number may differ
//! ```

use std::time::Duration;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

/// Most tries of one check.
const MAX_TRIES: u32 = 100;

/// Most seconds between two tries.
const MAX_PAUSE: u32 = 60;

/// One show command, and what must be true of its answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// The show command.
    pub command: String,
    /// How often the command is asked before the check has failed; at least once.
    pub tries: u32,
    /// How long to wait between two tries.
    pub pause: Duration,
    find: Find,
    expect: Expect,
    tolerance: f64,
}

/// The form in which a switch is asked to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, as eAPI structures it.
    Json,
    /// Text, as on a terminal.
    Text,
}

/// What a switch answered to a show command.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// JSON, as eAPI structures it.
    Json(Value),
    /// Text, as on a terminal.
    Text(String),
}

/// Where the check looks in the answer.
#[derive(Debug, Clone)]
enum Find {
    Path(JsonPath),
    Pattern(Regex),
}

/// What it must find there.
#[derive(Debug, Clone)]
enum Expect {
    Any,
    Count(u32),
    Value(Value),
}

impl Check {
    /// The form that this check reads.
    pub fn form(&self) -> Form {
        match self.find {
            Find::Path(_) => Form::Json,
            Find::Pattern(_) => Form::Text,
        }
    }

    /// Holds the check against the switch's answer.
    ///
    /// # Errors
    ///
    /// What was found instead, in words.
    pub fn holds(&self, shown: &Shown) -> Result<(), String> {
        match (&self.find, shown) {
            (Find::Path(path), Shown::Json(value)) => self.weigh(&path.query(value).all()),
            (Find::Pattern(pattern), Shown::Text(text)) => {
                let matches: Vec<_> = pattern.find_iter(text).map(|found| Value::from(found.as_str())).collect();
                self.weigh(&matches.iter().collect::<Vec<_>>())
            }
            _ => Err("found an answer in the wrong form".to_owned()),
        }
    }

    fn weigh(&self, found: &[&Value]) -> Result<(), String> {
        let within = |expected: f64, found: f64| (expected - found).abs() <= self.tolerance;
        match &self.expect {
            Expect::Count(count) if within(f64::from(*count), found.len() as f64) => Ok(()),
            Expect::Count(_) => Err(format!("found {}", found.len())),
            _ if found.is_empty() => Err("found none".to_owned()),
            Expect::Any => Ok(()),
            Expect::Value(expected) => {
                let equal = |found: &Value| match (expected.as_f64(), found.as_f64()) {
                    (Some(expected), Some(found)) => within(expected, found),
                    _ => found == expected,
                };
                found
                    .iter()
                    .find(|found| !equal(found))
                    .map_or(Ok(()), |other| Err(format!("found {}", excerpt(other))))
            }
        }
    }

    /// The check in words: `` `show version`: $.modelName is "vEOS" ``.
    pub fn describe(&self) -> String {
        let what = match &self.find {
            Find::Path(path) => path.to_string(),
            Find::Pattern(pattern) => format!("/{pattern}/"),
        };
        let tolerance = if self.tolerance > 0.0 { format!(" ± {}", self.tolerance) } else { String::new() };
        let expect = match &self.expect {
            Expect::Any => "is there".to_owned(),
            Expect::Count(count) => format!("is there {count}{tolerance} times"),
            Expect::Value(value) => format!("is {}{tolerance}", excerpt(value)),
        };
        format!("`{}`: {what} {expect}", self.command)
    }
}

fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { text.chars().take(79).chain(['…']).collect() }
}

/// The keys of a check in a model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckFields {
    command: String,
    path: Option<String>,
    pattern: Option<String>,
    expect: Option<Value>,
    count: Option<u32>,
    tolerance: Option<f64>,
    tries: Option<u32>,
    pause: Option<u32>,
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        CheckFields::deserialize(from)?.check().map_err(serde::de::Error::custom)
    }
}

impl CheckFields {
    fn check(self) -> Result<Check, String> {
        let of = format!("check `{}`", excerpt_text(&self.command));
        if !self.command.starts_with("show ") || self.command.chars().any(char::is_control) {
            return Err(format!("{of}: command: expected one show command, such as `show version`"));
        }
        let find = match (self.path, self.pattern) {
            (Some(path), None) => Find::Path(JsonPath::parse(&path).map_err(|error| {
                let place = error.position();
                format!(
                    "{of}: path: {path:?} is not a JSON path (RFC 9535), at character {}: {}",
                    place + 1,
                    error.message()
                )
            })?),
            (None, Some(pattern)) => Find::Pattern(Regex::new(&pattern).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("{of}: pattern: {pattern:?} is not a regular expression: {reason}")
            })?),
            _ => {
                return Err(format!("{of}: expected either `path`, into the JSON answer, or `pattern`, over the text"));
            }
        };
        let expect = match (self.expect, self.count) {
            (Some(_), Some(_)) => return Err(format!("{of}: expected either `expect` or `count`, found both")),
            (Some(_), None) if matches!(find, Find::Pattern(_)) => {
                return Err(format!("{of}: expect: goes with `path`; write what is expected into the pattern"));
            }
            (Some(value), None) => Expect::Value(value),
            (None, Some(count)) => Expect::Count(count),
            (None, None) => Expect::Any,
        };
        let tolerance = self.tolerance.unwrap_or(0.0);
        let is_number = matches!(&expect, Expect::Count(_)) || matches!(&expect, Expect::Value(Value::Number(_)));
        if !(tolerance >= 0.0 && tolerance.is_finite()) || (tolerance > 0.0 && !is_number) {
            return Err(format!(
                "{of}: tolerance: expected a number from 0, beside `count` or an `expect` that is a number"
            ));
        }
        let (tries, pause) = (self.tries.unwrap_or(3), self.pause.unwrap_or(2));
        if !(1..=MAX_TRIES).contains(&tries) || pause > MAX_PAUSE {
            return Err(format!("{of}: expected 1 to {MAX_TRIES} `tries` and a `pause` of 0 to {MAX_PAUSE} seconds"));
        }
        let pause = Duration::from_secs(pause.into());
        Ok(Check { command: self.command, tries, pause, find, expect, tolerance })
    }
}

fn excerpt_text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(written: Value) -> Result<Check, String> {
        serde_json::from_value(written).map_err(|error| error.to_string())
    }

    fn result(written: Value, shown: Shown) -> Result<(), String> {
        check(written).unwrap().holds(&shown)
    }

    #[test]
    fn a_path_must_select_what_is_expected_in_every_node() {
        let shown = || {
            Shown::Json(
                json!({"interfaces": {"Ethernet1": {"link": "up", "mtu": 1500}, "Ethernet2": {"link": "down", "mtu": 1490}}}),
            )
        };
        let with = |path: &str, more: Value| {
            let mut written = json!({"command": "show interfaces", "path": path});
            written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            result(written, shown())
        };

        assert_eq!(with("$.interfaces.Ethernet1.link", json!({"expect": "up"})), Ok(()));
        assert_eq!(with("$.interfaces.*.link", json!({"expect": "up"})), Err(r#"found "down""#.to_owned()));
        assert_eq!(with("$.interfaces.*.mtu", json!({"expect": 1500, "tolerance": 10})), Ok(()));
        assert_eq!(with("$.interfaces.*.mtu", json!({"expect": 1500, "tolerance": 9})), Err("found 1490".to_owned()));
        assert_eq!(with("$.interfaces[?@.link == 'up']", json!({"count": 1})), Ok(()));
        assert_eq!(
            with("$.interfaces[?@.link == 'up']", json!({"count": 3, "tolerance": 1})),
            Err("found 1".to_owned())
        );
        assert_eq!(with("$.interfaces.Ethernet9", json!({})), Err("found none".to_owned()));
    }

    #[test]
    fn a_pattern_must_be_in_the_text_as_often_as_expected() {
        let text = || Shown::Text("spine1 Ethernet1\nspine2 Ethernet1\n".to_owned());

        assert_eq!(result(json!({"command": "show lldp neighbors", "pattern": r"spine\d"}), text()), Ok(()));
        assert_eq!(
            result(json!({"command": "show lldp neighbors", "pattern": r"spine\d", "count": 2}), text()),
            Ok(())
        );
        assert_eq!(
            result(json!({"command": "show lldp neighbors", "pattern": "leaf"}), text()),
            Err("found none".to_owned())
        );
    }

    #[test]
    fn what_is_wrong_with_a_check_is_said() {
        for (written, said) in [
            (json!({"command": "reload", "pattern": "."}), "`reload`: command: expected one show command"),
            (json!({"command": "show version\nreload", "pattern": "."}), "expected one show command"),
            (
                json!({"command": "show version", "path": "$.a["}),
                r#"path: "$.a[" is not a JSON path (RFC 9535), at character"#,
            ),
            (
                json!({"command": "show version", "pattern": "("}),
                r#"pattern: "(" is not a regular expression: unclosed group"#,
            ),
            (json!({"command": "show version"}), "expected either `path`"),
            (json!({"command": "show version", "path": "$.a", "pattern": "a"}), "expected either `path`"),
            (
                json!({"command": "show version", "path": "$.a", "expect": 1, "count": 1}),
                "either `expect` or `count`, found both",
            ),
            (json!({"command": "show version", "pattern": "a", "expect": 1}), "expect: goes with `path`"),
            (
                json!({"command": "show version", "path": "$.a", "expect": "a", "tolerance": 1}),
                "tolerance: expected a number from 0, beside",
            ),
            (
                json!({"command": "show version", "path": "$.a", "count": 1, "tolerance": -1}),
                "tolerance: expected a number from 0",
            ),
            (json!({"command": "show version", "path": "$.a", "tries": 0}), "1 to 100 `tries`"),
            (json!({"command": "show version", "path": "$.a", "pause": 3600}), "a `pause` of 0 to 60 seconds"),
            (json!({"command": "show version", "path": "$.a", "jq": ".a"}), "unknown field `jq`"),
        ] {
            let error = check(written.clone()).unwrap_err();
            assert!(error.contains(said), "{written}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_path_and_pattern_is_one_or_an_error(text in ".{0,60}") {
            let _ = check(json!({"command": "show version", "path": text}));
            let _ = check(json!({"command": "show version", "pattern": text}));
        }
    }
}
