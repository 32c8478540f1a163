//! Any bytes as configuration text: an error with its line, or commands that are one line each.
#![no_main]

use eapi::{Candidate, Command};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    match Candidate::from_utf8(bytes) {
        Err(error) => assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line),
        Ok(candidate) => {
            assert!(candidate.len() > 0 && candidate.len() <= lines);
            for (index, command) in candidate.commands().enumerate() {
                assert!(!command.line().contains(['\n', '\r']) && !command.line().trim().is_empty());
                assert!(candidate.line_of(index).is_some_and(|line| line <= lines));
                if let Command::WithInput { input: Some(input), .. } = command {
                    assert!(input.is_empty() || input.ends_with('\n'));
                }
            }
        }
    }
});
