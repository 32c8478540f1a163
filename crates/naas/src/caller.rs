//! Who calls a use case. Every use case of the scheduler takes a [`Caller`], so that the compiler
//! finds a route that does not say for whom it works.

use std::fmt;

/// The longest subject that is recorded, in characters.
const LONGEST_SUBJECT: usize = 256;

/// Somebody who calls a use case, as far as the front end knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    subject: Option<String>,
}

impl Caller {
    /// The caller of this name: a user, a role, the id of a key, or an address. Never a secret,
    /// since it is recorded.
    ///
    /// Only the visible characters are used, so that the name can stand in a log or table. A name
    /// without any is a caller that is not known.
    pub fn named(name: &str) -> Self {
        let visible = |c: &char| c.is_ascii_graphic() || c.is_alphanumeric() || *c == ' ';
        let name: String = name.trim().chars().filter(visible).take(LONGEST_SUBJECT).collect();
        let name = name.trim();
        Self { subject: (!name.is_empty()).then(|| name.to_owned()) }
    }

    /// The name that runs and revisions record; none if the caller is not known.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject().unwrap_or("somebody unknown"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_subject_has_visible_characters_only() {
        for (name, recorded) in [
            ("arn:aws:iam::123456789012:user/ana", Some("arn:aws:iam::123456789012:user/ana")),
            (" ana\u{1b}[31m\n@noc\u{202e} ", Some("ana[31m@noc")),
            ("Jörg", Some("Jörg")),
            ("\0 \n", None),
            ("", None),
        ] {
            assert_eq!(Caller::named(name).subject(), recorded, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_subject_is_long_or_has_line_breaks(name in "(?s).{0,400}") {
            if let Some(name) = Caller::named(&name).subject() {
                prop_assert!((1..=LONGEST_SUBJECT).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }
    }
}
