//! What is seen while a history runs, and the invariants that can be told at once.
//!
//! A *push* is one invocation of an enforcer, as far as one device goes. All that a push asks of a
//! switch it asks with the lease in its hand, so what two pushes ask of one switch must never be
//! mingled: that is invariant 1, told by what the switch runs and not by what anybody means to do.

mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use eos_sim::{Entry, Event};
use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use naas::records::device_state::{DeviceRecord, Pin};
use naas::records::run::Mode;
use naas::records::slice::Slice;

use crate::invariant::{Invariant, Violation};
use crate::process::Invocation;
use crate::site_versions::Version;
use crate::store::Stored;
use crate::switches::{By, Connection, Switch};
use crate::world::{World, lock};

/// All that is seen.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) violations: Vec<Violation>,
    /// Which run each invocation works for.
    works: BTreeMap<Invocation, Work>,
    pub(crate) pushes: BTreeMap<(Invocation, DeviceName), Push>,
    switches: BTreeMap<String, Seen>,
    /// When runs were first recorded.
    pub(crate) created: BTreeMap<RunId, Duration>,
    cancelled: BTreeMap<RunId, Duration>,
    /// Runs whose acceptance was, or might have been, told to somebody.
    pub(crate) accepted: BTreeSet<RunId>,
    pub(crate) keys: BTreeMap<String, RunId>,
    pub(crate) recorded: BTreeMap<(RunId, DeviceName), Duration>,
    /// The pins that are set too late, under [`crate::sabotage::Sabotage::PinsAfterPush`].
    pub(crate) late_pins: BTreeMap<DeviceName, Pin>,
    /// The devices that were parked, by run.
    pub(crate) parked: BTreeSet<(RunId, DeviceName)>,
}

/// What one invocation of an enforcer works for.
#[derive(Debug, Clone)]
struct Work {
    run: RunId,
    mode: Mode,
    /// The stored configuration that its device is brought back to, if it is a restore.
    restore: Option<ContentHash>,
}

/// What a push has to bring to its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// What models and inventory say, no older than this.
    Newest(Version),
    /// A stored configuration of this version: the device is restored to it, or pinned at it.
    Stored(Version),
}

impl Target {
    /// Whether `running` is what the push has to bring to `switch`, and nothing else.
    fn is_run_by(&self, switch: &Switch, running: &str) -> bool {
        Version::of(running).is_some_and(|runs| self.allows(runs) && running == runs.shown(&switch.first))
    }

    fn allows(&self, runs: Version) -> bool {
        match self {
            Self::Newest(newest) => runs.is_no_older_than(*newest),
            Self::Stored(stored) => runs == *stored,
        }
    }
}

/// What one push did.
#[derive(Debug, Default, Clone)]
pub(crate) struct Push {
    /// When it got the lease, and what it had to bring to the device then.
    pub(crate) leased: Option<(Duration, Target)>,
    /// Whether others were left to it.
    has_followers: bool,
    pub(crate) touched: bool,
    pub(crate) committed: bool,
    pub(crate) confirmed: bool,
    pub(crate) saved: bool,
    /// Whether what it saved last was its target, without anything that somebody changed by hand.
    saved_target: bool,
    /// Whether the startup-config said the same as the running-config when it was last asked
    /// something.
    is_saved: bool,
    /// Whether the switch ran all of a sufficiently new intent when it was asked.
    saw_intent: bool,
}

/// What was seen on one switch.
#[derive(Debug, Default)]
struct Seen {
    /// The sessions that pushes of this installation opened.
    ours: BTreeSet<String>,
    /// Over which connection a session was committed with a timer.
    committed_over: BTreeMap<String, Connection>,
    /// Whose request it ran last, and whose before that.
    now: Option<Invocation>,
    before: BTreeSet<Invocation>,
    confirmed: Option<Version>,
    /// The runs whose pin an operator has ended.
    unpinned: BTreeSet<RunId>,
}

impl Watch {
    pub(crate) fn violated(&mut self, invariant: Invariant, what: String) {
        self.violations.push(Violation { invariant, what });
    }

    pub(crate) fn began(&mut self, invocation: Invocation, slice: &Slice) {
        let work = Work { run: slice.task.run.clone(), mode: slice.task.mode, restore: slice.task.restore.clone() };
        self.works.insert(invocation, work);
    }

    pub(crate) fn created(&mut self, run: &RunId, at: Duration) {
        self.created.entry(run.clone()).or_insert(at);
    }

    pub(crate) fn cancelled(&mut self, run: &RunId, at: Duration) {
        self.cancelled.entry(run.clone()).or_insert(at);
    }

    /// The pushes of `run` on `device`, in the order they began.
    pub(crate) fn pushes_of(&self, run: &RunId, device: &DeviceName) -> impl Iterator<Item = &Push> {
        let of_run = move |invocation| self.works.get(invocation).is_some_and(|work| work.run == *run);
        self.pushes.iter().filter(move |((by, on), _)| on == device && of_run(by)).map(|(_, push)| push)
    }

    /// A push of this installation opened a session.
    pub(crate) fn opened_by_us(&mut self, switch: &str, session: &str) {
        self.switches.entry(switch.to_owned()).or_default().ours.insert(session.to_owned());
    }

    /// Whether a push of this installation opened a session. Only that makes it ours, whatever it
    /// is called.
    pub(crate) fn is_ours(&self, switch: &str, session: &str) -> bool {
        self.switches.get(switch).is_some_and(|seen| seen.ours.contains(session))
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
    pub(crate) fn leased(&self, invocation: Invocation, device: &DeviceName, stored: &Stored, record: &DeviceRecord) {
        let at = self.elapsed();
        let mut watch = self.watch();
        let restore = watch.works.get(&invocation).and_then(|work| work.restore.clone());
        let pinned = record.pinned.as_ref().map(|pin| pin.configuration.clone());
        let text = restore.or(pinned).and_then(|hash| stored.texts.get(&(device.clone(), hash)));
        let push = watch.push(invocation, device);
        push.leased =
            Some((at, text.and_then(|text| Version::of(text)).map_or(Target::Newest(stored.version), Target::Stored)));
        push.has_followers = record.lease.as_ref().is_some_and(|lease| lease.has_followers);
    }

    /// A switch ran something, with these configurations before and after it.
    pub(crate) fn ran(self: &Arc<Self>, switch: &Switch, by: By, running: &[&str; 2], journal: &[Entry]) {
        let By::Push(invocation, connection) = by else { return };
        let device = device(switch);
        self.pushes_do_not_mingle(switch, invocation);
        let mut push = self.watch().push(invocation, &device).clone();
        push.touched = true;
        let Some((leased_at, target)) = push.leased.clone() else {
            return self.violated(Invariant::OnePush, format!("{device} was asked something without a lease"));
        };
        push.saw_intent = push.saw_intent || running.iter().any(|running| target.is_run_by(switch, running));
        push.is_saved = switch.is_saved();
        for entry in journal {
            self.happened(switch, (invocation, connection), &mut push, &entry.event);
            if let Event::SessionCommitted { .. } | Event::SessionConfirmed { .. } = entry.event {
                self.is_new_enough(switch, running[1], &target, matches!(entry.event, Event::SessionConfirmed { .. }));
                self.is_allowed(invocation, &device, leased_at, push.has_followers);
                self.is_in_history(&device, running[1]);
                self.is_pinned_already(invocation, &device);
            }
            if entry.event == Event::Saved {
                push.saved_target = target.is_run_by(switch, running[1]);
            }
        }
        *self.watch().push(invocation, &device) = push;
    }

    /// Checks invariant 1: the requests of two pushes are never mingled on one switch.
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

    fn happened(
        &self,
        switch: &Switch,
        (invocation, connection): (Invocation, Connection),
        push: &mut Push,
        event: &Event,
    ) {
        let name = &switch.name;
        let ours = |session: &str| {
            if !self.watch().is_ours(name, session) {
                let what = format!("work {invocation} touched session {session} on {name}, which is not ours");
                self.violated(Invariant::Honest, what);
            }
        };
        match event {
            Event::SessionOpened { session } => self.watch().opened_by_us(name, session),
            Event::SessionAborted { session } | Event::SessionReverted { session } => ours(session),
            Event::SessionConfirmed { session } => {
                ours(session);
                self.is_confirmed_afresh(name, session, connection);
                push.confirmed = true;
                self.count("configurations confirmed");
            }
            Event::SessionCommitted { session, timer_s } => {
                ours(session);
                let mut watch = self.watch();
                let seen = watch.switches.entry(name.clone()).or_default();
                seen.committed_over.insert(session.clone(), connection);
                drop(watch);
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

    /// Invariant 5: a confirmation over the connection of the commit does not show that the switch
    /// can still be reached.
    fn is_confirmed_afresh(&self, name: &str, session: &str, connection: Connection) {
        let watch = self.watch();
        let committed_over = watch.switches.get(name).and_then(|seen| seen.committed_over.get(session)).copied();
        drop(watch);
        if committed_over == Some(connection) {
            let what = format!("session {session} on {name} was confirmed over the connection that committed it");
            self.violated(Invariant::ComesBack, what);
        }
    }

    /// Invariant 2, of what a switch runs since a commit or confirmation.
    fn is_new_enough(&self, switch: &Switch, running: &str, target: &Target, confirmed: bool) {
        let name = &switch.name;
        let runs = Version::of(running).unwrap_or_default();
        if !target.allows(runs) {
            let what = format!("{name} was given {runs:?}, and {target:?} was there before the lease was taken");
            return self.violated(Invariant::NewestIntent, what);
        }
        if matches!(target, Target::Stored(_)) {
            return;
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

    /// What a restore brings is pinned before the switch runs it: the webhook of its own save must
    /// find the pin.
    fn is_pinned_already(&self, invocation: Invocation, device: &DeviceName) {
        let watch = self.watch();
        let Some(Work { run, restore: Some(restore), .. }) = watch.works.get(&invocation).cloned() else { return };
        // An operator may end the pin in the middle of the restore.
        let is_unpinned = watch.switches.get(device.as_ref()).is_some_and(|seen| seen.unpinned.contains(&run));
        drop(watch);
        if is_unpinned {
            return;
        }
        let stored = lock(&self.stored);
        let record = stored.records.get(device).map(|(record, _)| record);
        let pinned = record.and_then(|record| record.pinned.as_ref()).map(|pin| pin.configuration.clone());
        drop(stored);
        if pinned != Some(restore) {
            self.violated(Invariant::Honest, format!("{device} was restored before it was pinned"));
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

    /// Only a run that applies changes a switch, and not once it is cancelled, unless others were
    /// left to it.
    fn is_allowed(&self, invocation: Invocation, device: &DeviceName, leased_at: Duration, has_followers: bool) {
        let watch = self.watch();
        let Some(Work { run, mode, .. }) = watch.works.get(&invocation).cloned() else { return };
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
}
