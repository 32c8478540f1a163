//! The multi-line commands of a configuration: which lines are commands, and which are the body of
//! one.

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineRole {
    /// A command, or a blank or comment line between commands.
    Command,
    /// A command that begins a body.
    Opens,
    /// Inside of a body.
    Body,
    /// The line that ends it.
    Ends,
    /// An `EOF` that ends nothing.
    Stray,
}

/// Reads a configuration from the top, line by line.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// How many `EOF` the body at hand still lacks.
    open: usize,
}

impl Bodies {
    /// Where the next line stands.
    pub(crate) fn next(&mut self, line: &str) -> LineRole {
        let ends = line.trim() == "EOF";
        match (self.open, ends) {
            (0, true) => LineRole::Stray,
            (0, false) => {
                self.open = eofs_after(line);
                if self.open == 0 { LineRole::Command } else { LineRole::Opens }
            }
            (1, true) => {
                self.open = 0;
                LineRole::Ends
            }
            (_, true) => {
                self.open -= 1;
                LineRole::Body
            }
            (_, false) => LineRole::Body,
        }
    }
}

/// How many lines `EOF` a body has that begins after this line, as `eapi` sends it.
fn eofs_after(line: &str) -> usize {
    let mut words = line.split_whitespace();
    match [words.next(), words.next(), words.next(), words.next()] {
        [Some("protocol"), Some("https"), Some("certificate"), None] => 2,
        [Some("banner"), Some(_), None, _]
        | [Some("comment" | "code"), None, ..]
        | [Some("action"), Some("bash"), None, _]
        | [Some("code"), Some("unit"), Some(_), None] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_bodies_are_told_from_commands() {
        let text = "banner motd\nbanner login\nEOF\nprotocol https certificate\na\nEOF\nb\nEOF\naction bash ls\nEOF\n";
        let mut bodies = Bodies::default();

        let places: Vec<_> = text.lines().map(|line| bodies.next(line)).collect();

        use LineRole::*;
        assert_eq!(places, [Opens, Body, Ends, Opens, Body, Body, Body, Ends, Command, Stray]);
    }
}
