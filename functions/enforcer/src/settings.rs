//! What the deployment tells this function, through environment variables that `template.yaml`
//! sets.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use adapters::environment::{self, Environment};
use intent::confirm::ConfirmWithin;
use naas::enforce::Limits;
use naas::retry::Retries;

/// The function's settings; none of them is a secret.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `INVENTORY_PREFIX`: the secret that holds the inventory, or the prefix of several.
    pub(crate) inventory_prefix: String,
    /// `ALLOW_LOCAL_ADDRESSES`: whether an inventory may name loopback addresses without a word of
    /// permission.
    pub(crate) allow_local_addresses: bool,
    /// `MODELS_BUCKET`: the S3 bucket of models and templates.
    pub(crate) models_bucket: String,
    /// `STATE_BUCKET`: the S3 bucket that outcomes and device records are kept in.
    pub(crate) state_bucket: String,
    /// `SLICE_QUEUE_URL`: the SQS queue that slices go back to.
    pub(crate) slice_queue_url: String,
    /// `DEAD_LETTER_QUEUE_URL`: the SQS queue for what no retry can cure.
    pub(crate) dead_letter_queue_url: String,
    /// `DEVICE_CONCURRENCY`, `CONFIRM_SECONDS`, `MAX_CLOCK_SKEW_SECONDS`, `RETRY_ATTEMPTS`,
    /// `RETRY_PAUSE_SECONDS`.
    pub(crate) limits: Limits,
}

impl Settings {
    /// Reads the environment; the error names the variable.
    pub(crate) fn from_env() -> Result<Self, String> {
        Self::read(&environment::of_process())
    }

    fn read(variables: &Environment<impl Fn(&str) -> Option<String>>) -> Result<Self, String> {
        let confirm: i64 = variables.value("CONFIRM_SECONDS")?;
        let confirm =
            ConfirmWithin::new(confirm).map_err(|error| format!("environment variable CONFIRM_SECONDS: {error}"))?;
        Ok(Self {
            inventory_prefix: variables.text("INVENTORY_PREFIX")?,
            allow_local_addresses: variables.value("ALLOW_LOCAL_ADDRESSES")?,
            models_bucket: variables.text("MODELS_BUCKET")?,
            state_bucket: variables.text("STATE_BUCKET")?,
            slice_queue_url: variables.text("SLICE_QUEUE_URL")?,
            dead_letter_queue_url: variables.text("DEAD_LETTER_QUEUE_URL")?,
            limits: Limits {
                concurrency: variables.value::<NonZeroUsize>("DEVICE_CONCURRENCY")?,
                confirm,
                clock_skew: jiff::SignedDuration::from_secs(variables.value::<u16>("MAX_CLOCK_SKEW_SECONDS")?.into()),
                retries: Retries {
                    first_pause: Duration::from_secs(variables.value::<u16>("RETRY_PAUSE_SECONDS")?.into()),
                    attempts: variables.value::<NonZeroU32>("RETRY_ATTEMPTS")?.get(),
                },
                alone_since: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, &str); 11] = [
        ("INVENTORY_PREFIX", "naas/inventory"),
        ("ALLOW_LOCAL_ADDRESSES", "false"),
        ("MODELS_BUCKET", "models"),
        ("STATE_BUCKET", "state"),
        ("SLICE_QUEUE_URL", "https://queue"),
        ("DEAD_LETTER_QUEUE_URL", "https://dead"),
        ("DEVICE_CONCURRENCY", "32"),
        ("CONFIRM_SECONDS", "120"),
        ("MAX_CLOCK_SKEW_SECONDS", "300"),
        ("RETRY_ATTEMPTS", "8"),
        ("RETRY_PAUSE_SECONDS", "15"),
    ];

    fn read(but: &str, instead: Option<&str>) -> Result<Settings, String> {
        Settings::read(&Environment::new(|name: &str| {
            let known = KNOWN.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
            if name == but { instead.map(str::to_owned) } else { known.map(str::to_owned) }
        }))
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert!(read("", None).is_ok());
        for (missing, _) in KNOWN {
            let error = read(missing, None).unwrap_err();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_number_that_makes_no_sense_is_refused_by_name() {
        for (name, wrong) in [
            ("DEVICE_CONCURRENCY", "0"),
            ("DEVICE_CONCURRENCY", "many"),
            ("CONFIRM_SECONDS", "0"),
            ("CONFIRM_SECONDS", "86400"),
            ("RETRY_ATTEMPTS", "0"),
            ("RETRY_PAUSE_SECONDS", "-1"),
            ("MAX_CLOCK_SKEW_SECONDS", "5m"),
        ] {
            let error = read(name, Some(wrong)).unwrap_err();
            assert!(error.contains(name) && error.contains(wrong), "{error}");
        }
    }

    /// The resource `Enforcer` of `template.yaml`, as text.
    fn enforcer_in_template() -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
        let template = std::fs::read_to_string(path).unwrap();
        let resource = template.split("\n  Enforcer:\n").nth(1).unwrap();
        let is_inside = |line: &&str| line.is_empty() || line.starts_with("   ");
        resource.lines().take_while(is_inside).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lambda_lets_the_enforcer_feed_its_own_queue() {
        let template = enforcer_in_template();

        // More than the 16 hops after which Lambda stops a function by itself.
        assert!(naas::retry::MAX_WAITS + Retries::default().attempts > 16);
        assert!(template.contains("\n      RecursiveLoop: Allow\n"), "{template}");
    }
}
