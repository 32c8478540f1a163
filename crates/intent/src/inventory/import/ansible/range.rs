//! Ansible's host ranges: `leaf[01:04]`, `leaf[1:9:2]`, `rack[a:d]-[1:2]`.

/// Most hosts that one pattern may stand for.
const MOST: usize = 10_000;

/// Every host that `pattern` stands for, in order.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut hosts = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, range)) = rest.split_once('[') {
        let (range, after) = range.split_once(']').ok_or("a range has no end, expected `]`")?;
        let parts = parts(range)?;
        if hosts.len() * parts.len() > MOST {
            return Err(format!("a pattern stands for more than {MOST} hosts"));
        }
        hosts = hosts.iter().flat_map(|host| parts.iter().map(move |part| format!("{host}{before}{part}"))).collect();
        rest = after;
    }
    hosts.iter_mut().for_each(|host| host.push_str(rest));
    Ok(hosts)
}

fn parts(range: &str) -> Result<Vec<String>, String> {
    let wrong = || "expected a range such as [01:04], [1:9:2] or [a:d]".to_owned();
    let bounds: Vec<_> = range.split(':').collect();
    let (first, last, step) = match bounds[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => (first, last, step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    let first = if first.is_empty() { "0" } else { first };
    if let (Ok(from), Ok(to)) = (first.parse::<u32>(), last.parse::<u32>()) {
        let padded = first.len() > 1 && first.starts_with('0');
        if padded && first.len() != last.len() {
            return Err("expected both ends of a range with leading zeros in one length".to_owned());
        }
        let width = if padded { first.len() } else { 0 };
        return collect(from, to, step, |number| format!("{number:0width$}"));
    }
    match (letter(first), letter(last)) {
        (Some(from), Some(to)) if from.is_ascii_lowercase() == to.is_ascii_lowercase() => {
            collect(u32::from(from), u32::from(to), step, |code| char::from_u32(code).unwrap_or_default().to_string())
        }
        _ => Err(wrong()),
    }
}

fn letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|letter| letter.is_ascii_alphabetic() && letters.next().is_none())
}

fn collect(from: u32, to: u32, step: usize, name: impl Fn(u32) -> String) -> Result<Vec<String>, String> {
    match to.checked_sub(from).map(|span| span as usize / step) {
        None => Err("a range ends before it begins".to_owned()),
        Some(span) if span >= MOST => Err(format!("a pattern stands for more than {MOST} hosts")),
        Some(_) => Ok((from..=to).step_by(step).map(name).collect()),
    }
}
