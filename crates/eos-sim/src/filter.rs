//! What follows `|` on a command: which lines of its text are shown. Patterns are regular
//! expressions.

use regex::RegexBuilder;

use crate::reply::Failure;

/// The largest compiled pattern, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Applies `include`, `exclude`, `begin`, `section` or `no-more` with its pattern to a text.
pub(crate) fn apply(text: &str, filter: &[&str]) -> Result<String, Failure> {
    let (name, pattern) =
        filter.split_first().ok_or_else(|| Failure::invalid("Incomplete command (at token 0: '|')"))?;
    if *name == "no-more" && pattern.is_empty() {
        return Ok(text.to_owned());
    }
    if !["include", "exclude", "begin", "section"].contains(name) {
        return Err(Failure::invalid(format!("Invalid input (at token 0: '{name}')")));
    }
    if pattern.is_empty() {
        return Err(Failure::invalid(format!("Incomplete command (at token 0: '{name}')")));
    }
    let pattern = pattern.join(" ");
    let pattern = RegexBuilder::new(pattern.trim_matches('"')).size_limit(SIZE_LIMIT).build();
    let pattern = pattern.map_err(|_| Failure::invalid("Invalid input (at token 1): not a regular expression"))?;
    let fits = |line: &str| pattern.is_match(line);
    let lines: Vec<&str> = text.lines().collect();
    let kept: Vec<&str> = match *name {
        "include" => lines.into_iter().filter(|line| fits(line)).collect(),
        "exclude" => lines.into_iter().filter(|line| !fits(line)).collect(),
        "begin" => lines.into_iter().skip_while(|line| !fits(line)).collect(),
        _ => sections(&lines, fits),
    };
    Ok(kept.into_iter().map(|line| format!("{line}\n")).collect())
}

/// The lines that fit, each with the lines it is below and those below it.
fn sections<'t>(lines: &[&'t str], fits: impl Fn(&str) -> bool) -> Vec<&'t str> {
    let mut kept = vec![false; lines.len()];
    // The lines around the present one, and the depth below which everything belongs to one that
    // fits.
    let (mut around, mut inside): (Vec<(usize, usize)>, Option<usize>) = (Vec::new(), None);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with('!')) {
        let depth = line.len() - line.trim_start().len();
        around.retain(|(outer, _)| *outer < depth);
        inside = inside.filter(|outer| *outer < depth);
        if inside.is_some() || fits(line) {
            around.iter().for_each(|(_, index)| kept[*index] = true);
            kept[index] = true;
            inside = inside.or(Some(depth));
        }
        around.push((depth, index));
    }
    lines.iter().zip(kept).filter(|(_, kept)| *kept).map(|(line, _)| *line).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "hostname a\n!\ninterface Ethernet1\n   description up\n   mtu 9214\n!\nrouter bgp 65001\n   router-id \
                        192.0.2.1\n   !\n   vrf A\n      rd 1:1\n      redistribute connected\n!\nend\n";

    fn filtered(filter: &str) -> String {
        apply(TEXT, &filter.split(' ').collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn lines_are_kept_by_a_regular_expression() {
        assert_eq!(filtered("include ^host|mtu 9"), "hostname a\n   mtu 9214\n");
        assert_eq!(filtered("begin redistribute"), "      redistribute connected\n!\nend\n");
        assert!(!filtered("exclude hostname").contains("hostname"));
        assert_eq!(filtered("no-more"), TEXT);
    }

    #[test]
    fn a_section_comes_with_what_is_around_it_and_in_it() {
        assert_eq!(filtered("section interface"), "interface Ethernet1\n   description up\n   mtu 9214\n");
        let vrf = "router bgp 65001\n   vrf A\n      rd 1:1\n      redistribute connected\n";
        assert_eq!(filtered("section vrf A"), vrf);
        assert_eq!(filtered("section rd 1"), "router bgp 65001\n   vrf A\n      rd 1:1\n");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in ["", "include", "sort x", "include (", "include (a{1000}){1000}"] {
            let refused = apply(TEXT, &filter.split_whitespace().collect::<Vec<_>>()).unwrap_err();
            assert_eq!(refused.code, 1002, "{filter}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ a-z!\n]{0,200}", pattern in ".{1,20}") {
            let _ = apply(&text, &["section", &pattern]);
        }
    }
}
