//! What callers ask for, as far as it is decided apart.

/// Something that a caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// List the last runs. The list counts devices and does not name them.
    ListRuns,
    /// Read a run, or the outcome of one of its devices.
    ReadRun,
    /// Read what is remembered of a device: its record, history, configurations and blame.
    ReadDevice,
    /// Compare a switch with its intent.
    Check,
    /// Let a switch compute the diff.
    Plan,
    /// Bring a switch to the intent that models give.
    Apply,
    /// Apply a plan, which is bound to what its author saw.
    ApplyPlan,
    /// Bring a switch back to a stored configuration.
    Restore,
    /// Cancel what a run has not begun yet.
    Cancel,
    /// Let models count again for a device that is pinned.
    Unpin,
    /// Say how many devices go into a slice, or how long the commit timer runs.
    SetPace,
    /// Let another switch take the place of a device.
    AcceptReplacement,
    /// Send parked slices again.
    Redrive,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 13] = [
        Self::ListRuns,
        Self::ReadRun,
        Self::ReadDevice,
        Self::Check,
        Self::Plan,
        Self::Apply,
        Self::ApplyPlan,
        Self::Restore,
        Self::Cancel,
        Self::Unpin,
        Self::SetPace,
        Self::AcceptReplacement,
        Self::Redrive,
    ];

    /// True if the action changes nothing and contacts no switch.
    pub fn is_read(self) -> bool {
        matches!(self, Self::ListRuns | Self::ReadRun | Self::ReadDevice)
    }

    /// True if only an admin may do it: its consequences go beyond what models and groups say.
    pub fn is_for_admins(self) -> bool {
        matches!(self, Self::AcceptReplacement | Self::Redrive)
    }

    /// True if a switch may ask for it, for itself.
    pub fn is_for_devices(self) -> bool {
        matches!(self, Self::Check | Self::Apply)
    }

    /// The action as it stands after "may not".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ListRuns => "list runs",
            Self::ReadRun => "read runs",
            Self::ReadDevice => "read devices",
            Self::Check => "check",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::ApplyPlan => "apply a plan",
            Self::Restore => "restore a configuration",
            Self::Cancel => "cancel",
            Self::Unpin => "unpin",
            Self::SetPace => "set step or confirm",
            Self::AcceptReplacement => "accept another switch",
            Self::Redrive => "redrive dead letters",
        }
    }
}
