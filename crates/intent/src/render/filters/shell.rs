//! Values inside of shell commands, such as an event-handler's `action bash`.

use serde_json::Value;

use super::{Filter, FilterCall};

pub(super) const FILTERS: &[Filter] = &[Filter::new(&["quote", "shell_quote", "ansible.builtin.quote"], &[], quote)];

/// The value as one word of a POSIX shell, as Python's `shlex.quote` has it: what is safe stays as
/// it is.
fn quote(call: &FilterCall) -> Result<Value, String> {
    let text = call.text();
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(is_safe) {
        return Ok(text.into());
    }
    Ok(format!("'{}'", text.replace('\'', r#"'"'"'"#)).into())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;

    use super::super::applied;

    #[test]
    fn a_quoted_value_is_one_word_of_a_shell() {
        for text in
            ["", "a b", "it's", "$(reload now)", "`id`", "a;b", "\"", "\\", "*", "https://example.net/x?a=1&b=2", "-n"]
        {
            let quoted = applied("quote", json!(text), &[]).unwrap();

            let script = format!("printf '[%s]' {}", quoted.as_str().unwrap());
            let printed = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(printed.stdout).unwrap(), format!("[{text}]"), "{quoted}");
        }
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        for text in ["https://naas.example.net/prod", "leaf1", "a@b:c"] {
            assert_eq!(applied("ansible.builtin.quote", json!(text), &[]).unwrap(), json!(text));
        }
        assert_eq!(applied("shell_quote", json!(5), &[]).unwrap(), json!("5"));
    }
}
