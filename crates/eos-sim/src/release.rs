//! Releases of EOS, as far as the behaviour depends on them: `4.32` of `4.32.0F`.

/// A release by its first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(u32, u32);

impl Release {
    /// A release that counts as newer than all others.
    pub(crate) const NEWEST: Self = Self(u32::MAX, 0);

    /// Reads a release such as `4.32` or `4.32.0F`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
        Some(Self(parts.next()??, parts.next()??))
    }

    /// Reads a version; what cannot be read counts as newest.
    pub(crate) fn of(eos: &str) -> Self {
        Self::read(eos).unwrap_or(Self::NEWEST)
    }

    /// True for 4.32 and later, which show commit timers in another way.
    pub(crate) fn is_since(self, major: u32, minor: u32) -> bool {
        self >= Self(major, minor)
    }
}
