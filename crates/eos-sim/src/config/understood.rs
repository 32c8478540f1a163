//! A line as a mode understands it: its verb, and the command behind that.

use crate::grammar::{Mode, Parsed, Reading, Unknown, Why};

/// What is known of a mode.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inside {
    Known(&'static Mode),
    /// A lenient device was given lines below one that it does not know.
    Unknown,
}

/// What a line does to the command behind its verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Plain,
    No,
    Default,
}

/// A command as a mode understood it: its verb, its words without that, and what they are.
pub(super) struct Understood<'w> {
    pub(super) verb: Verb,
    pub(super) parsed: Parsed<'w>,
}

/// A line as a mode understands it; the places of words count the verb.
pub(super) fn understood<'w>(mode: &'static Mode, words: &[&'w str], how: Reading) -> Result<Understood<'w>, Unknown> {
    let (verb, bare) = match words {
        [no, bare @ ..] if no.eq_ignore_ascii_case("no") => (Verb::No, bare),
        ["default", bare @ ..] => (Verb::Default, bare),
        _ => return mode.parse(words, how).map(|parsed| Understood { verb: Verb::Plain, parsed }),
    };
    if bare.is_empty() {
        return Err(Unknown { token: 0, why: Why::Incomplete });
    }
    if verb == Verb::No
        && let Ok(parsed) = mode.parse(words, how)
    {
        return Ok(Understood { verb: Verb::Plain, parsed });
    }
    let parsed = mode.parse_negated(bare, how).map_err(|error| Unknown { token: error.token + 1, ..error })?;
    Ok(Understood { verb, parsed })
}
