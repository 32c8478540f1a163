//! Releases of EOS, as far as the behaviour depends on them: `4.32` of `4.32.0F`.

/// A release by its first three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(u32, u32, u32);

impl Release {
    /// A release that counts as newer than all others.
    pub(crate) const NEWEST: Self = Self(u32::MAX, 0, 0);

    /// Reads a release such as `4.32` or `4.32.0F`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let number = |part: &str| part[..part.bytes().take_while(u8::is_ascii_digit).count()].parse::<u32>().ok();
        let mut parts = text.split('.').map(number);
        Some(Self(parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
    }

    /// Reads a release that is the last of something: `4.28` counts as the last one that begins so.
    pub(crate) fn read_last(text: &str) -> Option<Self> {
        let first = Self::read(text)?;
        Some(if text.split('.').count() > 2 { first } else { Self(first.0, first.1, u32::MAX) })
    }

    /// Reads a version; what cannot be read counts as newest.
    pub(crate) fn of(eos: &str) -> Self {
        Self::read(eos).unwrap_or(Self::NEWEST)
    }

    /// True for 4.32 and later, which show commit timers in another way.
    pub(crate) fn is_since(self, major: u32, minor: u32) -> bool {
        self >= Self(major, minor, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_compared_by_three_numbers() {
        let read = |text| Release::read(text).unwrap();
        assert!(read("4.32.1F") < read("4.32.2.1F") && read("4.32.10M") > read("4.32.2F"));
        assert_eq!(read("4.32"), read("4.32.0F-1234.4320F (engineering build)"));
        assert_eq!(Release::read("x"), None);
    }

    #[test]
    fn a_last_release_includes_all_that_begin_so() {
        let last = |text| Release::read_last(text).unwrap();
        assert!(last("4.28") > Release::of("4.28.13M") && last("4.28") < Release::of("4.29.0F"));
        assert!(last("4.35.1") < Release::of("4.35.2F"));
    }
}
