//! How much a template may make and how long it may take.

/// Most bytes one device's configuration may have: many times the largest known, and a runaway template ends.
pub const MAX_CONFIGURATION: usize = 16 * 1024 * 1024;

/// Most steps that one template may take for one device, in minijinja's measure: an instruction, or 64 bytes of text.
pub const MAX_STEPS: u64 = 20_000_000;
