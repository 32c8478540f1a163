//! The causes of an error, in one line: libraries keep the words that matter below their own.

use std::error::Error;

/// The causes of `error`, outermost first, with colons between them. The error's own sentence is
/// not among them.
pub fn causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{StoreError, StoreFault};

    #[test]
    fn every_cause_is_told_and_the_error_itself_is_not() {
        let disk = StoreError::new("disk", StoreFault::Denied, "read-only");
        let error = StoreError::new("bucket", StoreFault::Unavailable, disk);

        assert_eq!(causes(&error), "disk: access denied: read-only");
    }
}
