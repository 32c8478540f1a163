//! Configuration text into a configuration, as a device reads a file or what is typed at `copy
//! terminal:`: line after line, each body up to its `EOF`. Lines that are refused are passed over,
//! which is how EOS does it there.

use crate::config::{self, Config, Dialect, Position, Refused};

/// Enters `text` and returns the lines that were refused, by number from 1.
pub(crate) fn text_into(into: &mut Config, text: &str, dialect: Dialect) -> Vec<(usize, Refused)> {
    let lines: Vec<&str> = text.lines().collect();
    // Keywords may be abbreviated in a file.
    let dialect = Dialect { abbreviations: true, ..dialect };
    let (mut position, mut refused, mut next) = (Position::default(), Vec::new(), 0);
    while next < lines.len() {
        let number = next + 1;
        let line = lines[next].trim_end();
        let entered = if line.trim_start().starts_with("!!") {
            let run = lines[next..].iter().take_while(|line| line.trim_start().starts_with("!!")).count();
            let comment = lines[next..next + run].iter().map(|line| shown_comment(line)).collect::<String>();
            next += run;
            into.enter(&mut position, "comment", Some(&comment), dialect)
        } else if line.trim() == "end" {
            break;
        } else {
            next += 1;
            let eofs = config::eofs(&line.split_whitespace().collect::<Vec<_>>());
            let body = (eofs > 0).then(|| body(&lines, &mut next, eofs));
            into.enter(&mut position, line, body.as_deref(), dialect)
        };
        refused.extend(entered.err().map(|reason| (number, reason)));
    }
    into.leave(&mut position, 0);
    refused
}

fn shown_comment(line: &str) -> String {
    let line = line.trim_start();
    let text = line.strip_prefix("!!").unwrap_or(line);
    format!("{}\n", text.strip_prefix(' ').unwrap_or(text))
}

/// Reads up to the last `EOF`, or to the end of the text, and takes the indentation of that `EOF`
/// off what is indented by it throughout.
fn body(lines: &[&str], next: &mut usize, mut eofs: usize) -> String {
    let (first, mut margin) = (*next, "");
    let mut end = lines.len();
    while *next < lines.len() {
        let line = lines[*next];
        *next += 1;
        if line.trim() == "EOF" {
            eofs -= 1;
            if eofs == 0 {
                margin = &line[..line.len() - line.trim_start().len()];
                end = *next - 1;
                break;
            }
        }
    }
    let body = &lines[first..end];
    let indented = body.iter().all(|line| line.trim().is_empty() || line.starts_with(margin));
    let margin = if indented { margin } else { "" };
    body.iter().map(|line| format!("{}\n", line.strip_prefix(margin).unwrap_or(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back_with_its_bodies() {
        let text = "hostname a\n!\nevent-handler x\n   !! why\n   action bash\n      if true\n        then x\n      \
                    EOF\n!\nbanner motd\n  ! hello\nEOF\n\n!\nend\n";
        let mut config = Config::default();
        assert_eq!(text_into(&mut config, text, Dialect::strict()), []);
        let mut again = Config::default();
        text_into(&mut again, &config.text(), Dialect::strict());
        assert!(
            config.text().contains("   action bash\n      if true\n        then x\n      EOF\n"),
            "{}",
            config.text()
        );
        assert_eq!(again.text(), config.text());
    }

    #[test]
    fn refused_lines_are_passed_over_and_counted() {
        let mut config = Config::default();
        let refused =
            text_into(&mut config, "hostname a\nnonsense\nalias b show clock\nend\nnonsense\n", Dialect::strict());
        assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
        assert!(config.text().contains("alias b"));
    }

    #[test]
    fn a_body_without_an_end_swallows_the_rest() {
        let mut config = Config::default();
        assert_eq!(text_into(&mut config, "banner motd\nhello\nhostname a\n", Dialect::strict()), []);
        assert!(!config.text().contains("\nhostname a\n!"));
    }
}
