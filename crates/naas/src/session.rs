//! The names of our configuration sessions, which say whose they are and when they were opened:
//! `naas-7f3a9c21-20261123-201530-7f3a9c0b12d4e5f6-6924c2b4-3f2a`.
//!
//! EOS shows no age of a pending session and refuses to reopen a name that was completed, so both
//! are in the name. The program alone does not tell whose a session is: a person may call one
//! `naas-lab-change`, and another installation of naas may be at work on the same switch. So the
//! name carries the id of the installation, and only exact names are ours.

use intent::name::RunId;
use jiff::Timestamp;

use crate::records::installation::InstallationId;

/// The first part of every name.
const PROGRAM: &str = "naas-";

/// A name that no session on any switch has had. `opened` is written in hexadecimal seconds since
/// 1970.
// EOS-54: EOS refuses a name that was completed.
pub fn name(installation: &InstallationId, run: &RunId, opened: Timestamp, entropy: u64) -> String {
    format!("{PROGRAM}{installation}-{run}-{:08x}-{:04x}", opened.as_second(), entropy & 0xffff)
}

/// Whether this installation gave the name.
pub fn is_ours(name: &str, installation: &InstallationId) -> bool {
    parse(name, installation).is_some()
}

/// Whether nobody can be at work any more in the session of this name, asked by one who holds the
/// device's lease for `run`: it is of the same run, or was opened before `dead_before`, when all
/// pushes are over by now. A session that this installation did not name is never left over.
pub fn is_left_over(name: &str, installation: &InstallationId, run: &RunId, dead_before: Timestamp) -> bool {
    parse(name, installation).is_some_and(|(of_run, opened)| of_run == *run || opened < dead_before)
}

/// The run of a session of ours, and when it was opened. None for every name that this installation
/// cannot have given.
fn parse(name: &str, installation: &InstallationId) -> Option<(RunId, Timestamp)> {
    let parts = name.strip_prefix(PROGRAM)?.strip_prefix(&installation.to_string())?.strip_prefix('-')?;
    let (parts, entropy) = parts.rsplit_once('-')?;
    let (run, opened) = parts.rsplit_once('-')?;
    let digits = |text: &str, length| text.len() == length && text.bytes().all(is_digit);
    if !digits(entropy, 4) || !digits(opened, 8) {
        return None;
    }
    let opened = Timestamp::from_second(i64::from_str_radix(opened, 16).ok()?).ok()?;
    Some((RunId::parse(run).ok()?, opened))
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "2026-11-23T20:15:30Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn run(entropy: u64) -> RunId {
        RunId::new(at(NOW), entropy)
    }

    fn installation(entropy: u64) -> InstallationId {
        InstallationId::new(entropy)
    }

    #[test]
    fn a_name_fits_and_tells_when_it_was_given() {
        let name = name(&installation(0x7f3a_9c21), &run(7), at(NOW), 0x3f2a);

        assert_eq!(parse(&name, &installation(0x7f3a_9c21)), Some((run(7), at(NOW))), "{name}");
        assert!(name.starts_with("naas-7f3a9c21-20261123-201530-"), "{name}");
        assert!(name.len() <= 64, "EOS takes no longer ones: {name}");
    }

    #[test]
    fn left_over_is_what_is_old_or_of_the_same_run() {
        let ours = installation(1);
        let opened = name(&ours, &run(7), at(NOW), 1);
        let after = at(NOW) + SignedDuration::from_secs(1);

        assert!(is_left_over(&opened, &ours, &run(7), at(NOW)));
        assert!(is_left_over(&opened, &ours, &run(8), after));
        assert!(!is_left_over(&opened, &ours, &run(8), at(NOW)), "somebody may be at work in it");
        assert!(!is_left_over(&opened, &installation(2), &run(7), after), "it is another installation's");
    }

    #[test]
    fn a_persons_session_is_never_ours() {
        let opened = name(&installation(1), &run(7), at(NOW), 1);
        for name in [
            "maintenance",
            "naas",
            "naas-",
            "naas-lab-change",
            "naas-00000001",
            "naas-00000001-",
            "naas-00000001-lab-change",
            "naas-20261123-201530-000007-20261123T201530Z-3f2a",
            &opened.to_uppercase(),
            &format!("{opened}0"),
            &opened[..opened.len() - 1],
            &opened.replace("-0001", "-+001"),
        ] {
            assert!(!is_ours(name, &installation(1)), "{name}");
            assert!(!is_left_over(name, &installation(1), &run(7), at("2030-01-01T00:00:00Z")), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_can_be_asked_about(name in ".{0,80}", tail in "[0-9TZ\u{e9}-]{0,60}") {
            for name in [name, format!("naas-00000001-{tail}")] {
                let _ = is_left_over(&name, &installation(1), &run(7), at(NOW));
            }
        }

        #[test]
        fn a_session_belongs_to_one_installation(one: u32, other: u32, dice: u64) {
            let name = name(&installation(one.into()), &run(dice), at(NOW), dice);
            prop_assert!(is_ours(&name, &installation(one.into())));
            prop_assert_eq!(is_ours(&name, &installation(other.into())), one == other);
        }
    }
}
