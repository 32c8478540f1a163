//! What the deployment tells this function, through environment variables that `template.yaml` sets.

use naas::selection::Step;

/// The function's settings; none of them is a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `INVENTORY_PREFIX`: the secret that holds the inventory, or the prefix of several: `naas/inventory` stands for
    /// itself and for every `naas/inventory/…`.
    pub(crate) inventory_prefix: String,
    /// `SLICE_QUEUE_URL`: the SQS queue slices go to.
    pub(crate) slice_queue_url: String,
    /// `STATE_BUCKET`: the S3 bucket that runs and keys are recorded in.
    pub(crate) state_bucket: String,
    /// `DEFAULT_STEP`: the step of a request that names none; `max` or a number from 1.
    pub(crate) default_step: Step,
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
        let step = required("DEFAULT_STEP")?;
        Ok(Self {
            inventory_prefix: required("INVENTORY_PREFIX")?,
            slice_queue_url: required("SLICE_QUEUE_URL")?,
            state_bucket: required("STATE_BUCKET")?,
            default_step: Step::parse_text(&step)
                .map_err(|error| format!("environment variable DEFAULT_STEP: {error}"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        let value = match name {
            "INVENTORY_PREFIX" => "naas/inventory",
            "SLICE_QUEUE_URL" => "https://queue",
            "STATE_BUCKET" => "state",
            "DEFAULT_STEP" => "max",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_missing_variable_is_named() {
        for missing in ["INVENTORY_PREFIX", "SLICE_QUEUE_URL", "STATE_BUCKET", "DEFAULT_STEP"] {
            let error = Settings::read(|name| variable(name).filter(|_| name != missing)).unwrap_err();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_step_that_is_none_is_refused_by_name() {
        let read = |step: &str| {
            Settings::read(|name| if name == "DEFAULT_STEP" { Some(step.to_owned()) } else { variable(name) })
        };

        assert_eq!(read("max").unwrap().default_step, Step::Max);
        assert!(read("0").unwrap_err().contains("DEFAULT_STEP"));
    }
}
