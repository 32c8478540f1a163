//! The table of EOS's secret fields, `secrets.txt`, and which words of a line it names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The words that say how the secret behind them is encoded.
const ENCODINGS: [&str; 10] = ["0", "5", "7", "8", "8a", "sha512", "sha256", "cleartext", "encrypted", "hidden"];

/// One form that a line with a secret may have.
struct Form {
    parts: Vec<Part>,
    /// True if it only looks as if it had a secret.
    harmless: bool,
}

#[derive(Debug)]
enum Part {
    OneOf(Vec<&'static str>),
    AnyOne,
    Any,
    Encoding,
    Secret,
    Secrets,
}

/// All forms of the table, by their first word.
static FORMS: LazyLock<HashMap<&str, Vec<Form>>> = LazyLock::new(|| {
    let mut forms: HashMap<&str, Vec<Form>> = HashMap::new();
    for line in include_str!("secrets.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (harmless, line) = line.strip_prefix("- ").map_or((false, line), |line| (true, line));
        let first = line.split(' ').next().unwrap_or_default();
        for first in first.split('|') {
            let parts = line.split(' ').map(Part::read).collect();
            forms.entry(first).or_default().push(Form { parts, harmless });
        }
    }
    forms
});

/// What the table knows about a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// These words are secrets, by their place in the line.
    Secrets(Vec<usize>),
    /// The line holds no secret, although it looks like one that does.
    Harmless,
    /// The table does not know the line.
    Unknown,
}

/// Which of `words` are secrets; `words` begin with a command, without `no` and `default`.
pub(crate) fn find(words: &[&str]) -> Found {
    let forms = words.first().and_then(|first| FORMS.get(first.to_ascii_lowercase().as_str()));
    let Some(forms) = forms else { return Found::Unknown };
    let mut found = Vec::new();
    if forms.iter().any(|form| form.harmless && fits(&form.parts, words, 0, &mut Vec::new())) {
        return Found::Harmless;
    }
    for form in forms.iter().filter(|form| !form.harmless) {
        let mut secrets = Vec::new();
        if fits(&form.parts, words, 0, &mut secrets) {
            found.extend(secrets);
        }
    }
    if found.is_empty() { Found::Unknown } else { Found::Secrets(found) }
}

/// True if `parts` fit the words from `at` on; the secrets among them are added to `secrets`.
fn fits(parts: &[Part], words: &[&str], at: usize, secrets: &mut Vec<usize>) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    let word = words.get(at);
    match part {
        Part::OneOf(expected) => {
            let known = |word: &&str| expected.iter().any(|expected| word.eq_ignore_ascii_case(expected));
            word.is_some_and(known) && fits(rest, words, at + 1, secrets)
        }
        Part::AnyOne => word.is_some() && fits(rest, words, at + 1, secrets),
        Part::Any => (at..=words.len()).any(|at| fits(rest, words, at, secrets)),
        Part::Encoding => {
            // What looks like an encoding and stands last is the secret itself.
            let encoded = word.is_some_and(|word| ENCODINGS.contains(word)) && words.len() > at + 1;
            fits(rest, words, at + usize::from(encoded), secrets)
        }
        Part::Secret if word.is_some() => {
            secrets.push(at);
            fits(rest, words, at + 1, secrets) || secrets.pop().is_none()
        }
        Part::Secrets if word.is_some() => {
            secrets.extend(at..words.len());
            true
        }
        Part::Secret | Part::Secrets => false,
    }
}

impl Part {
    fn read(text: &'static str) -> Self {
        match text {
            "*" => Self::AnyOne,
            "**" => Self::Any,
            "<enc>" => Self::Encoding,
            "<secret>" => Self::Secret,
            "<secrets>" => Self::Secrets,
            _ => Self::OneOf(text.split('|').collect()),
        }
    }
}

/// True if a word names an encoding.
pub(crate) fn is_encoding(word: &str) -> bool {
    ENCODINGS.contains(&word)
}

/// Lines of every form of the table of secret fields, with each of its words and with `secret` in
/// each of its secret fields, sorted. They are for the tests of whoever masks configuration.
pub fn lines_with(secret: &str) -> Vec<String> {
    let forms = FORMS.values().flatten().filter(|form| !form.harmless);
    let mut lines: Vec<_> =
        forms.flat_map(|form| (0..form.choices()).map(|choice| form.line(choice, secret))).collect();
    lines.sort();
    lines.dedup();
    lines
}

impl Form {
    /// The most words that may stand in one place of the form.
    fn choices(&self) -> usize {
        let choices = self.parts.iter().map(|part| if let Part::OneOf(words) = part { words.len() } else { 1 });
        choices.max().unwrap_or(1)
    }

    /// A line of this form: of words that may stand in one place, it has the one of this number.
    fn line(&self, choice: usize, secret: &str) -> String {
        let words = self.parts.iter().map(|part| match part {
            Part::OneOf(words) => words[choice % words.len()],
            Part::AnyOne => "10.0.0.1",
            Part::Any => "one two",
            Part::Encoding => "7",
            Part::Secret | Part::Secrets => secret,
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_first_word_of_its_own() {
        for (first, forms) in FORMS.iter() {
            assert!(
                first.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{first}"
            );
            for form in forms.iter().filter(|form| !form.harmless) {
                assert!(matches!(form.parts.last(), Some(Part::Secret | Part::Secrets)), "{first}: {:?}", form.parts);
            }
        }
    }

    #[test]
    fn an_encoding_that_stands_last_is_the_secret() {
        assert_eq!(find(&["username", "a", "secret", "7"]), Found::Secrets(vec![3]));
        assert_eq!(find(&["username", "a", "secret", "7", "x"]), Found::Secrets(vec![4]));
    }

    #[test]
    fn communities_of_bgp_are_no_secrets() {
        assert_eq!(find(&["set", "community", "65000:1", "additive"]), Found::Harmless);
        assert_eq!(find(&["hostname", "a"]), Found::Unknown);
    }
}
