//! What is judged when a record of a device or an outcome is written.

use intent::name::DeviceName;
use naas::records::device_state::DeviceRecord;
use naas::records::outcome::{Outcome, Status};
use naas::records::run::Mode;

use crate::invariant::Invariant;
use crate::process::{Invocation, Process};
use crate::site_versions::Version;
use crate::store::Stored;
use crate::world::World;

impl World {
    /// A restore pins its device once. When an operator has ended that pin, no late attempt of the
    /// same run may set it again.
    pub(crate) fn pin_is_not_set_again(
        &self,
        writer: &Process,
        device: &DeviceName,
        before: Option<&DeviceRecord>,
        after: &DeviceRecord,
    ) {
        let run_of = |record: &DeviceRecord| record.pinned.as_ref().map(|pin| pin.run.clone());
        let (before, after) = (before.and_then(run_of), run_of(after));
        if before == after {
            return;
        }
        let mut watch = self.watch();
        let seen = watch.switches.entry(device.to_string()).or_default();
        if let (Some(run), None, "scheduler") = (before, &after, writer.name.as_str()) {
            seen.unpinned.insert(run);
        }
        let again = after.filter(|run| seen.unpinned.contains(run));
        drop(watch);
        if let Some(run) = again {
            self.violated(Invariant::Honest, format!("run {run} pinned {device} again after an operator unpinned it"));
        }
    }

    /// A record may say that a digest stands for an intent only if that is so.
    pub(crate) fn digest_is_of_intent(&self, device: &DeviceName, stored: &Stored, record: &DeviceRecord) {
        let Some(known) = &record.in_sync else { return };
        let before = stored.records.get(device).and_then(|(record, _)| record.in_sync.as_ref());
        if before == Some(known) {
            return;
        }
        let text = stored.texts.iter().find(|((of, hash), _)| of == device && hash.as_ref() == known.intent);
        let Some(version) = text.and_then(|(_, text)| Version::of(text)) else { return };
        let switch = &self.switches[device.as_ref()];
        // What it runs by now tells only if nobody has changed it since.
        let is_it = switch.digest().as_ref() == Some(&known.digest);
        if is_it && switch.handle.running_config() != version.shown(&switch.first) {
            let what = format!("the record of {device} takes what it runs for {version:?}, and it runs something else");
            self.violated(Invariant::Honest, what);
        }
    }

    /// An outcome was recorded by the push it is about, and says what that did:
    ///
    /// - `changed`: it confirmed and saved its target, and nothing besides; and whatever confirmed
    ///   says `changed`, `edited_meanwhile`, `not_saved` or `unknown`
    /// - `edited_meanwhile`: it saved; somebody changed the switch at about that time
    /// - `not_saved`: it confirmed, or saw the switch run the intent of an earlier push, and could
    ///   not save it
    /// - `in_sync`: it saw the switch run its target and committed nothing; an apply saw it saved
    /// - `reverted`, `unknown`: anything may have been committed, and nothing was confirmed for
    ///   sure
    /// - all others: it committed nothing that was not undone before
    pub(crate) fn recorded(&self, invocation: Invocation, outcome: &Outcome) {
        self.count(outcome.status.word());
        let Outcome { run, device, status, .. } = outcome;
        let at = self.elapsed();
        let mut watch = self.watch();
        let is_parked = watch.parked.contains(&(run.clone(), device.clone()));
        let applies = watch.works.get(&invocation).is_some_and(|work| work.mode == Mode::Apply);
        watch.recorded.insert((run.clone(), device.clone()), at);
        let push = watch.push(invocation, device).clone();
        drop(watch);
        let lie = |why: &str| {
            self.violated(Invariant::Honest, format!("{device} is {} in run {run}, but {why}", status.word()));
        };
        match status {
            Status::Changed if !(push.confirmed && push.saved) => lie("it was not both confirmed and saved"),
            Status::Changed if !push.saved_target => lie("what it saved is not all and only what was intended"),
            Status::EditedMeanwhile if !push.saved => lie("it saved nothing"),
            Status::NotSaved if !(push.confirmed || push.saw_intent) => lie("it ran something else"),
            Status::Changed | Status::EditedMeanwhile | Status::NotSaved | Status::Unknown => {}
            _ if push.confirmed => lie("it was confirmed"),
            Status::Reverted => {}
            Status::InSync if !push.saw_intent => lie("it ran something else whenever it was asked"),
            Status::InSync if applies && !push.is_saved => lie("a reload would undo it: it was not saved"),
            Status::InSync | Status::Planned | Status::Drifted if push.committed => lie("it was committed"),
            Status::Unreachable if applies && !is_parked => {
                self.violated(
                    Invariant::NothingLost,
                    format!("{device} was given up in run {run} before it was parked"),
                );
            }
            Status::Superseded | Status::Cancelled | Status::Invalid if push.touched => lie("it was contacted"),
            _ => {}
        }
    }
}
