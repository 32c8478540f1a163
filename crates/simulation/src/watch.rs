//! What is seen while a history runs, and the invariants that can be told at once.
//!
//! A *push* is one invocation of an enforcer, as far as one device goes. All that a push asks of a switch it asks with the lease in
//! its hand, so what two pushes ask of one switch must never be mingled: that is invariant 1, told by what the switch runs and
//! not by what anybody means to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use eos_sim::{Entry, Event};
use intent::name::{DeviceName, RunId};
use naas::records::outcome::{Outcome, Status};
use naas::records::run::Mode;
use naas::records::slice::Slice;

use crate::process::Invocation;
use crate::site_versions::Version;
use crate::switches::{By, Switch};
use crate::world::{World, lock};

/// What must hold in every history; the numbers are those of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// 1: at most one push per device at any moment.
    OnePush,
    /// 2: the last writer has the newest intent.
    NewestIntent,
    /// 3: each device of an accepted run ends in exactly one outcome or is in the dead letters.
    NothingLost,
    /// 4: running it twice changes nothing, and no webhook goes round for ever.
    Idempotent,
    /// 5: whatever was not confirmed is undone by the switch itself.
    ComesBack,
    /// 6: a device's failure is its own.
    OwnFailure,
    /// 8: what is recorded is what happened, and nothing is touched that belongs to people.
    Honest,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnePush => "invariant 1 (at most one push per device)",
            Self::NewestIntent => "invariant 2 (the newest intent wins)",
            Self::NothingLost => "invariant 3 (nothing is lost)",
            Self::Idempotent => "invariant 4 (twice changes nothing)",
            Self::ComesBack => "invariant 5 (it comes back by itself)",
            Self::OwnFailure => "invariant 6 (a failure is its own)",
            Self::Honest => "invariant 8 (what is recorded is what happened)",
        })
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When, in virtual time, and what was seen.
    pub what: String,
}

/// All that is seen.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) violations: Vec<Violation>,
    /// Which run each invocation works for.
    works: BTreeMap<Invocation, (RunId, Mode)>,
    pub(crate) pushes: BTreeMap<(Invocation, DeviceName), Push>,
    switches: BTreeMap<String, Seen>,
    /// When runs were first recorded.
    pub(crate) created: BTreeMap<RunId, Duration>,
    cancelled: BTreeMap<RunId, Duration>,
    /// Runs whose acceptance was, or might have been, told to somebody.
    pub(crate) accepted: BTreeSet<RunId>,
    pub(crate) keys: BTreeMap<String, RunId>,
    pub(crate) recorded: BTreeMap<(RunId, DeviceName), Duration>,
}

/// What one push did.
#[derive(Debug, Default, Clone)]
pub(crate) struct Push {
    /// When it got the lease, and what was the newest intent then.
    pub(crate) leased: Option<(Duration, Version)>,
    /// Whether others were left to it.
    has_followers: bool,
    pub(crate) touched: bool,
    pub(crate) committed: bool,
    pub(crate) confirmed: bool,
    pub(crate) saved: bool,
    /// Whether the switch ran all of a sufficiently new intent when it was asked.
    saw_intent: bool,
}

/// What was seen on one switch.
#[derive(Debug, Default)]
struct Seen {
    /// Whose request it ran last, and whose before that.
    now: Option<Invocation>,
    before: BTreeSet<Invocation>,
    confirmed: Option<Version>,
}

impl Watch {
    pub(crate) fn violated(&mut self, invariant: Invariant, what: String) {
        self.violations.push(Violation { invariant, what });
    }

    pub(crate) fn began(&mut self, invocation: Invocation, slice: &Slice) {
        self.works.insert(invocation, (slice.run.clone(), slice.mode));
    }

    pub(crate) fn created(&mut self, run: &RunId, at: Duration) {
        self.created.entry(run.clone()).or_insert(at);
    }

    pub(crate) fn cancelled(&mut self, run: &RunId, at: Duration) {
        self.cancelled.entry(run.clone()).or_insert(at);
    }

    /// The pushes of `run` on `device`, in the order they began.
    pub(crate) fn pushes_of(&self, run: &RunId, device: &DeviceName) -> impl Iterator<Item = &Push> {
        let of_run = move |invocation| self.works.get(invocation).is_some_and(|(of, _)| of == run);
        self.pushes.iter().filter(move |((by, on), _)| on == device && of_run(by)).map(|(_, push)| push)
    }

    fn push(&mut self, invocation: Invocation, device: &DeviceName) -> &mut Push {
        self.pushes.entry((invocation, device.clone())).or_default()
    }
}

fn device(switch: &Switch) -> DeviceName {
    DeviceName::new(switch.name.as_str()).expect("a switch has the name of its device")
}

impl World {
    /// A push got the lease.
    pub(crate) fn leased(&self, invocation: Invocation, device: &DeviceName, newest: Version, has_followers: bool) {
        let at = self.elapsed();
        let mut watch = self.watch();
        let push = watch.push(invocation, device);
        push.leased = Some((at, newest));
        push.has_followers = has_followers;
    }

    /// A switch ran something, with these configurations before and after it.
    pub(crate) fn ran(self: &Arc<Self>, switch: &Switch, by: By, running: &[&str; 2], journal: &[Entry]) {
        let By::Push(invocation) = by else { return };
        let device = device(switch);
        self.pushes_do_not_mingle(switch, invocation);
        let mut push = self.watch().push(invocation, &device).clone();
        push.touched = true;
        let Some((leased_at, newest)) = push.leased else {
            return self.violated(Invariant::OnePush, format!("{device} was asked something without a lease"));
        };
        let runs_intent = |running: &&str| {
            Version::of(running)
                .is_some_and(|runs| runs.is_no_older_than(newest) && *running == runs.shown(&switch.first))
        };
        push.saw_intent = push.saw_intent || running.iter().any(runs_intent);
        for entry in journal {
            self.happened(switch, invocation, &mut push, &entry.event);
            if let Event::SessionCommitted { .. } | Event::SessionConfirmed { .. } = entry.event {
                self.is_new_enough(switch, running[1], newest, matches!(entry.event, Event::SessionConfirmed { .. }));
                self.is_allowed(invocation, &device, leased_at, push.has_followers);
                self.is_in_history(&device, running[1]);
            }
        }
        *self.watch().push(invocation, &device) = push;
    }

    /// Invariant 1.
    fn pushes_do_not_mingle(&self, switch: &Switch, invocation: Invocation) {
        let mut watch = self.watch();
        let seen = watch.switches.entry(switch.name.clone()).or_default();
        if seen.now == Some(invocation) {
            return;
        }
        let before = seen.now.replace(invocation);
        seen.before.extend(before);
        let mingled = seen.before.contains(&invocation);
        drop(watch);
        if mingled {
            let other = before.unwrap_or_default();
            let what = format!("on {} work {invocation} went on after work {other} had begun; both push", switch.name);
            self.violated(Invariant::OnePush, what);
        }
    }

    fn happened(&self, switch: &Switch, invocation: Invocation, push: &mut Push, event: &Event) {
        let name = &switch.name;
        let ours = |session: &str| {
            if !self.is_ours(session) {
                let what = format!("work {invocation} touched session {session} on {name}, which is a person's");
                self.violated(Invariant::Honest, what);
            }
        };
        match event {
            Event::SessionOpened { session } | Event::SessionAborted { session } => ours(session),
            Event::SessionReverted { session } => ours(session),
            Event::SessionConfirmed { session } => {
                ours(session);
                push.confirmed = true;
                self.count("configurations confirmed");
            }
            Event::SessionCommitted { session, timer_s } => {
                ours(session);
                push.committed = true;
                self.count("configurations committed");
                if timer_s.is_none() {
                    let what = format!("{name} was given session {session} without a timer to come back by");
                    self.violated(Invariant::ComesBack, what);
                }
            }
            Event::Saved => push.saved = true,
            Event::SaveFailed | Event::ActionNotRun { .. } => {}
            event => self.violated(Invariant::Honest, format!("work {invocation} did {event:?} on {name}")),
        }
    }

    /// Invariant 2, of what a switch runs since a commit or confirmation.
    fn is_new_enough(&self, switch: &Switch, running: &str, newest: Version, confirmed: bool) {
        let name = &switch.name;
        let runs = Version::of(running).unwrap_or_default();
        if !runs.is_no_older_than(newest) {
            let what = format!("{name} was given {runs:?}, and {newest:?} was there before the lease was taken");
            return self.violated(Invariant::NewestIntent, what);
        }
        let mut watch = self.watch();
        let seen = watch.switches.entry(name.clone()).or_default();
        let before = seen.confirmed.unwrap_or_default();
        if confirmed {
            seen.confirmed = Some(runs);
        }
        drop(watch);
        if !runs.is_no_older_than(before) {
            self.violated(Invariant::NewestIntent, format!("{name} was given {runs:?} after it had {before:?}"));
        }
    }

    /// Nothing is run that is not in the device's history.
    fn is_in_history(&self, device: &DeviceName, running: &str) {
        let runs = Version::of(running);
        let stored = lock(&self.stored);
        let mut texts = stored.texts.iter().filter(|((of, _), _)| of == device).map(|(_, text)| text);
        let is_in_history = texts.any(|text| Version::of(text) == runs);
        drop(stored);
        if !is_in_history {
            self.violated(Invariant::Honest, format!("{device} runs {runs:?}, which is not kept"));
        }
    }

    /// Only a run that applies changes a switch, and not once it is cancelled, unless others were left to it.
    fn is_allowed(&self, invocation: Invocation, device: &DeviceName, leased_at: Duration, has_followers: bool) {
        let watch = self.watch();
        let Some((run, mode)) = watch.works.get(&invocation).cloned() else { return };
        let cancelled = watch.cancelled.get(&run).is_some_and(|at| *at < leased_at);
        drop(watch);
        if mode != Mode::Apply {
            self.violated(Invariant::Honest, format!("run {run} changed {device} in mode {mode}"));
        }
        if cancelled && !has_followers {
            self.violated(
                Invariant::Honest,
                format!("run {run} took up {device} after it was cancelled, and changed it"),
            );
        }
    }

    /// An outcome was recorded by the push it is about, and says what that did:
    ///
    /// - `changed`: it confirmed and saved; and whatever confirmed says `changed`, `edited_meanwhile`, `not_saved` or `unknown`
    /// - `edited_meanwhile`: it saved
    /// - `not_saved`: it confirmed, or saw the switch run the intent of an earlier push, and could not save it
    /// - `in_sync`: it saw the switch run an intent that is no older than its lease, and committed nothing
    /// - `reverted`, `unknown`: anything may have been committed, and nothing was confirmed for sure
    /// - all others: it committed nothing that was not undone before
    pub(crate) fn recorded(&self, invocation: Invocation, outcome: &Outcome) {
        self.count(outcome.status.word());
        let Outcome { run, device, status, .. } = outcome;
        let at = self.elapsed();
        let mut watch = self.watch();
        watch.recorded.insert((run.clone(), device.clone()), at);
        let push = watch.push(invocation, device).clone();
        drop(watch);
        let lie = |why: &str| {
            self.violated(Invariant::Honest, format!("{device} is {} in run {run}, but {why}", status.word()));
        };
        match status {
            Status::Changed if !(push.confirmed && push.saved) => lie("it was not both confirmed and saved"),
            Status::EditedMeanwhile if !push.saved => lie("it saved nothing"),
            Status::NotSaved if !(push.confirmed || push.saw_intent) => lie("it ran something else"),
            Status::Changed | Status::EditedMeanwhile | Status::NotSaved | Status::Unknown => {}
            _ if push.confirmed => lie("it was confirmed"),
            Status::Reverted => {}
            Status::InSync if !push.saw_intent => lie("it ran something else whenever it was asked"),
            Status::InSync | Status::Planned | Status::Drifted if push.committed => lie("it was committed"),
            Status::Superseded | Status::Cancelled | Status::Invalid if push.touched => lie("it was contacted"),
            _ => {}
        }
    }
}
