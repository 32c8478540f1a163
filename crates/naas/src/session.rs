//! The names of our configuration sessions, which say whose they are and when they were opened:
//! `naas-20261123-201530-7f3a9c0b12d4e5f6-20261123T201604Z-3f2a`.
//!
//! EOS shows no age of a pending session and refuses to reopen a name that was completed, so both are in the name.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use intent::name::RunId;

/// What the names of our sessions begin with, and nobody else's should.
pub const PREFIX: &str = "naas-";

const OPENED: &str = "%Y%m%dT%H%M%SZ";

/// A name that no session on any switch has had.
// EOS-54: EOS refuses a name that was completed.
pub fn name(run: &RunId, opened: Timestamp, entropy: u64) -> String {
    format!("{PREFIX}{run}-{}-{:04x}", opened.strftime(OPENED), entropy & 0xffff)
}

/// Whether it is one of ours.
pub fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Whether nobody can be at work any more in the session of this name, asked by one who holds the device's lease for `run`: it is
/// of the same run, or was opened at a time whose pushes are all dead. Another person's session never is, and neither is one whose
/// name we cannot have given.
pub fn is_left_over(name: &str, run: &RunId, dead_before: Timestamp) -> bool {
    let Some(parts) = name.strip_prefix(PREFIX) else { return false };
    let mut parts = parts.rsplitn(3, '-').skip(1);
    let opened = parts.next().and_then(opened);
    let of_run = parts.next().and_then(|run| RunId::parse(run).ok());
    matches!((of_run, opened), (Some(of_run), Some(opened)) if of_run == *run || opened < dead_before)
}

fn opened(text: &str) -> Option<Timestamp> {
    let moment = DateTime::strptime(OPENED, text).ok()?;
    TimeZone::UTC.to_timestamp(moment).ok()
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

    #[test]
    fn a_name_fits_and_tells_when_it_was_given() {
        let name = name(&run(7), at(NOW), 0x3f2a);

        assert_eq!(name, "naas-20261123-201530-0000000000000007-20261123T201530Z-3f2a");
        assert!(name.len() <= 64, "EOS takes no longer ones");
    }

    #[test]
    fn left_over_is_what_is_old_or_of_the_same_run() {
        let opened = name(&run(7), at(NOW), 1);
        let after = at(NOW) + SignedDuration::from_secs(1);

        assert!(is_left_over(&opened, &run(7), at(NOW)));
        assert!(is_left_over(&opened, &run(8), after));
        assert!(!is_left_over(&opened, &run(8), at(NOW)), "somebody may be at work in it");
    }

    #[test]
    fn a_session_of_a_run_with_an_old_name_is_left_over() {
        let opened = "naas-20261123-201530-7f3a9c-20261123T201530Z-3f2a";
        let after = at(NOW) + SignedDuration::from_secs(1);

        assert!(is_left_over(opened, &RunId::parse("20261123-201530-7f3a9c").unwrap(), at(NOW)));
        assert!(is_left_over(opened, &run(8), after));
    }

    #[test]
    fn a_persons_session_is_never_left_over() {
        for name in [
            "maintenance",
            "naas",
            "naas-",
            "naas-fix-vlan-100",
            "naas-20261123-201530-000007",
            "NAAS-20261123-201530-000007-20261123T201530Z-3f2a",
        ] {
            assert!(!is_left_over(name, &run(7), at("2030-01-01T00:00:00Z")), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_can_be_asked_about(name in ".{0,80}", tail in "[0-9TZé-]{0,40}") {
            let _ = is_left_over(&name, &run(7), at(NOW));
            let _ = is_left_over(&format!("naas-20261123-201530-00000{tail}"), &run(7), at(NOW));
        }
    }
}
