//! Settings from environment variables, with one sentence for what is wrong that names the
//! variable.

use std::fmt::Display;
use std::str::FromStr;

/// Where variables are looked up: the process's own, or a test's.
pub struct Environment<F>(F);

/// The variables of this process.
pub fn of_process() -> Environment<impl Fn(&str) -> Option<String>> {
    Environment(|name: &str| std::env::var(name).ok())
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// Variables as `variable` has them.
    pub fn new(variable: F) -> Self {
        Self(variable)
    }

    /// The text of a variable that must be set.
    pub fn text(&self, name: &str) -> Result<String, String> {
        match (self.0)(name) {
            Some(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
            _ => Err(format!("environment variable {name} is not set; template.yaml sets it")),
        }
    }

    /// The value of a variable that must be set, or what is wrong with it.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<T, String>
    where
        T::Err: Display,
    {
        let text = self.text(name)?;
        text.parse().map_err(|error| format!("environment variable {name}: {error}, found {text:?}"))
    }
}
