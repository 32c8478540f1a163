//! What the deployment tells this function, through environment variables that `template.yaml` sets.

use std::num::NonZeroUsize;

/// The function's settings; none of them is a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `INVENTORY_PREFIX`: the secret that holds the inventory, or the prefix of several.
    pub(crate) inventory_prefix: String,
    /// `MODELS_BUCKET`: the S3 bucket of models and templates.
    pub(crate) models_bucket: String,
    /// `STATE_BUCKET`: the S3 bucket that outcomes are recorded in.
    pub(crate) state_bucket: String,
    /// `DEAD_LETTER_QUEUE_URL`: the SQS queue for messages that are no slices.
    pub(crate) dead_letter_queue_url: String,
    /// `DEVICE_CONCURRENCY`: how many devices of a slice are worked on at once.
    pub(crate) device_concurrency: NonZeroUsize,
}

impl Settings {
    /// Reads the environment; the error names the variable.
    pub(crate) fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let required = |name: &str| match variable(name) {
            Some(value) if !value.trim().is_empty() => Ok(value),
            _ => Err(format!("environment variable {name} is not set; template.yaml sets it")),
        };
        let concurrency = required("DEVICE_CONCURRENCY")?;
        Ok(Self {
            inventory_prefix: required("INVENTORY_PREFIX")?,
            models_bucket: required("MODELS_BUCKET")?,
            state_bucket: required("STATE_BUCKET")?,
            dead_letter_queue_url: required("DEAD_LETTER_QUEUE_URL")?,
            device_concurrency: concurrency.trim().parse().map_err(|_| {
                format!(
                    "environment variable DEVICE_CONCURRENCY: expected a whole number from 1, found {concurrency:?}"
                )
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        let known = ["INVENTORY_PREFIX", "MODELS_BUCKET", "STATE_BUCKET", "DEAD_LETTER_QUEUE_URL"];
        (name == "DEVICE_CONCURRENCY")
            .then(|| "32".to_owned())
            .or_else(|| known.contains(&name).then(|| name.to_owned()))
    }

    #[test]
    fn a_missing_variable_is_named() {
        for missing in
            ["INVENTORY_PREFIX", "MODELS_BUCKET", "STATE_BUCKET", "DEAD_LETTER_QUEUE_URL", "DEVICE_CONCURRENCY"]
        {
            let error = Settings::read(|name| variable(name).filter(|_| name != missing)).unwrap_err();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn no_device_at_a_time_is_refused_by_name() {
        for wrong in ["0", "-1", "many"] {
            let read = |name: &str| if name == "DEVICE_CONCURRENCY" { Some(wrong.to_owned()) } else { variable(name) };
            assert!(Settings::read(read).unwrap_err().contains("DEVICE_CONCURRENCY"));
        }
    }
}
