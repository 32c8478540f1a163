//! What the deployment tells this function, through environment variables that `template.yaml`
//! sets.

use adapters::environment::{self, Environment};
use naas::schedule::request::Step;

/// The function's settings; none of them is a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `INVENTORY_PREFIX`: the secret that holds the inventory, or the prefix of several:
    /// `naas/inventory` stands for itself and for every `naas/inventory/…`.
    pub(crate) inventory_prefix: String,
    /// `ALLOW_LOCAL_ADDRESSES`: whether an inventory may name loopback addresses without a word of
    /// permission.
    pub(crate) allow_local_addresses: bool,
    /// `SLICE_QUEUE_URL`: the SQS queue slices go to.
    pub(crate) slice_queue_url: String,
    /// `DEAD_LETTER_QUEUE_URL`: the SQS queue that slices are sent again from.
    pub(crate) dead_letter_queue_url: String,
    /// `STATE_BUCKET`: the S3 bucket that runs, device records and keys are kept in.
    pub(crate) state_bucket: String,
    /// `MODELS_BUCKET`: the S3 bucket that models, templates and tenants are kept in.
    pub(crate) models_bucket: String,
    /// `DEFAULT_STEP`: the step of a request that names none; `max` or a number from 1.
    pub(crate) default_step: Step,
}

impl Settings {
    /// Reads the environment; the error names the variable.
    pub(crate) fn from_env() -> Result<Self, String> {
        Self::read(&environment::of_process())
    }

    fn read(variables: &Environment<impl Fn(&str) -> Option<String>>) -> Result<Self, String> {
        let step = variables.text("DEFAULT_STEP")?;
        Ok(Self {
            inventory_prefix: variables.text("INVENTORY_PREFIX")?,
            allow_local_addresses: variables.value("ALLOW_LOCAL_ADDRESSES")?,
            slice_queue_url: variables.text("SLICE_QUEUE_URL")?,
            dead_letter_queue_url: variables.text("DEAD_LETTER_QUEUE_URL")?,
            state_bucket: variables.text("STATE_BUCKET")?,
            models_bucket: variables.text("MODELS_BUCKET")?,
            default_step: Step::parse_text(&step)
                .map_err(|error| format!("environment variable DEFAULT_STEP: {error}"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, &str); 7] = [
        ("INVENTORY_PREFIX", "naas/inventory"),
        ("ALLOW_LOCAL_ADDRESSES", "false"),
        ("SLICE_QUEUE_URL", "https://queue"),
        ("DEAD_LETTER_QUEUE_URL", "https://dead"),
        ("STATE_BUCKET", "state"),
        ("MODELS_BUCKET", "models"),
        ("DEFAULT_STEP", "max"),
    ];

    fn read(but: &str, instead: Option<&str>) -> Result<Settings, String> {
        Settings::read(&Environment::new(|name: &str| {
            let known = KNOWN.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
            if name == but { instead.map(str::to_owned) } else { known.map(str::to_owned) }
        }))
    }

    #[test]
    fn a_missing_variable_is_named() {
        for (missing, _) in KNOWN {
            let error = read(missing, None).unwrap_err();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_step_that_is_none_is_refused_by_name() {
        assert_eq!(read("", None).unwrap().default_step, Step::Max);
        assert!(read("DEFAULT_STEP", Some("0")).unwrap_err().contains("DEFAULT_STEP"));
    }
}
