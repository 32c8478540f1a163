//! How much a template may make and how long it may take.

/// Most bytes one device's configuration may have: many times the largest known, and a runaway
/// template ends.
pub const MAX_CONFIGURATION: usize = 16 * 1024 * 1024;

/// Most steps that one `.j2` template may take for one device, in minijinja's measure: an
/// instruction, or 64 bytes of text. That is 92 MiB of text; the largest published device of AVD's
/// examples, of 6,080 lines, takes half a million.
pub const MAX_STEPS: u64 = 1_500_000;
