//! Who calls a use case. Every use case of the scheduler takes a [`Caller`], so that the compiler
//! finds a route that does not say for whom it works.
//!
//! A caller cannot come about by accident: there is no default one and no anonymous one. Whoever
//! makes a caller says how it is known, by the constructor that it uses.

use std::fmt;

use crate::access::Grant;

/// The longest subject that is recorded, in characters.
const LONGEST_SUBJECT: usize = 256;

/// The subject of an owner whose name has no visible character.
const UNNAMED_OWNER: &str = "owner";

/// Somebody who calls a use case, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    subject: Subject,
    grants: Vec<Grant>,
}

/// The name of a caller that runs and revisions record: a person, a pipeline, a switch. It is never
/// a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// The subject that `name` stands for; none if it has no visible character.
    ///
    /// Only the visible characters are used, and at most 256 of them, so that the name can stand in
    /// a log or a table.
    pub fn new(name: &str) -> Option<Self> {
        let visible = |c: &char| c.is_ascii_graphic() || c.is_alphanumeric() || *c == ' ';
        let name: String = name.trim().chars().filter(visible).take(LONGEST_SUBJECT).collect();
        let name = name.trim();
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }
}

impl Caller {
    /// The user of a command that works on a site folder without a server in between. The folder's
    /// permissions have let this user in already, so they may do everything.
    pub fn owner_of_this_machine(name: &str) -> Self {
        let subject = Subject::new(name).unwrap_or_else(|| Subject(UNNAMED_OWNER.to_owned()));
        Self { subject, grants: vec![Grant::Admin] }
    }

    /// A caller whose token was verified. Without grants, it may do nothing.
    pub fn verified(subject: Subject, grants: impl IntoIterator<Item = Grant>) -> Self {
        Self { subject, grants: grants.into_iter().collect() }
    }

    /// The name that runs and revisions record.
    pub fn subject(&self) -> &str {
        &self.subject.0
    }

    /// What the caller may do. Each grant stands for itself: the caller may do what any of them
    /// allows.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
            assert_eq!(Subject::new(name).map(|subject| subject.to_string()).as_deref(), recorded, "{name:?}");
        }
    }

    #[test]
    fn an_owner_without_a_name_has_a_subject() {
        assert_eq!(Caller::owner_of_this_machine(" \n").subject(), "owner");
    }

    proptest! {
        #[test]
        fn no_subject_is_long_or_has_line_breaks(name in "(?s).{0,400}") {
            if let Some(Subject(name)) = Subject::new(&name) {
                prop_assert!((1..=LONGEST_SUBJECT).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }
    }
}
