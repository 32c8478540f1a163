//! `naas publish`: validates models and templates, shows what changes, and uploads them to a
//! deployment's bucket.

use adapters::aws::{Comparison, Difference, ModelsBucket};
use adapters::embedded::FolderModels;
use anyhow::{Context, bail};
use aws_config::BehaviorVersion;
use clap::Args;
use console::style;
use naas::ports::Models;
use serde_json::json;

use super::validate::validate;
use crate::screen::{self, Form, count};
use crate::site::{self, SiteFolder};
use crate::verbs::Ended;

/// The options of `naas publish`.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The bucket; a deployment's output ModelsBucket names it
    #[arg(long, value_name = "NAME", env = "NAAS_MODELS_BUCKET")]
    bucket: String,
    /// Remove files that are only in the bucket
    #[arg(long)]
    delete: bool,
    /// Show what would change, and upload nothing
    #[arg(long)]
    dry_run: bool,
    /// Upload without asking
    #[arg(long, short, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    site: SiteFolder,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

impl Publish {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let asks = !self.yes && !self.dry_run;
        if asks && (!screen::somebody_there() || self.output == Form::Json) {
            bail!(
                "publish shows what changes and asks, but there is no terminal to ask at; add --yes, or --dry-run to see it only"
            );
        }
        let folder = site::find(&self.site.path()).await?;
        let validated = validate(&folder).await?;
        if !validated.is_sound() {
            validated.print();
            bail!("nothing was published: the site has problems");
        }
        let files = FolderModels::of_site(&folder).snapshot().await.context("models")?;
        let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let bucket = ModelsBucket::new(aws_sdk_s3::Client::new(&aws), &self.bucket);
        let compared = bucket.compare(&files).await?;
        let difference = &compared.difference;
        if self.output == Form::Text {
            self.print(difference);
        }
        // Without a published version there is something to do even if all objects are the same.
        let nothing = self.files(difference) == 0 && !compared.is_first;
        let agreed = nothing || self.yes || (!self.dry_run && screen::agrees("Publish this?").await?);
        if agreed && !nothing {
            bucket.publish(&files, &compared, self.delete).await?;
        }
        self.conclude(&compared, agreed && !nothing);
        Ok(if agreed { Ended::InSync } else { Ended::Changes })
    }

    /// How many files are put or taken away.
    fn files(&self, difference: &Difference) -> usize {
        let removed = if self.delete { difference.removed.len() } else { 0 };
        difference.added.len() + difference.changed.len() + removed
    }

    fn print(&self, difference: &Difference) {
        for path in &difference.added {
            screen::line(style(format!("+ {path}")).green());
        }
        for path in &difference.changed {
            screen::line(style(format!("~ {path}")).yellow());
        }
        for path in &difference.removed {
            let kept = if self.delete { "" } else { "   is only in the bucket and stays there; --delete removes it" };
            screen::line(format_args!("{}{kept}", style(format!("- {path}")).red()));
        }
    }

    fn conclude(&self, compared: &Comparison, published: bool) {
        let difference = &compared.difference;
        let Difference { added, changed, removed } = difference;
        if self.output == Form::Json {
            screen::json(json!({
                "bucket": self.bucket, "added": added, "changed": changed, "removed": removed, "delete": self.delete,
                "published": published,
            }));
            return;
        }
        let files = count(self.files(difference), "changed file");
        screen::line(match (self.files(difference), published) {
            (0, false) if !compared.is_first => format!("s3://{} has these models already.", self.bucket),
            (_, true) => format!("Published {files} to s3://{}; runs from now on use them.", self.bucket),
            (_, false) => format!("Nothing was published; {files} would go to s3://{}.", self.bucket),
        });
        if published && compared.is_first {
            screen::remark(
                "note: the bucket has a published version now; objects that are copied into it by other tools, such as aws s3 sync, \
                 are not read any more",
            );
        }
    }
}
