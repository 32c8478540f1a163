//! The inventory in Secrets Manager: one secret, or several under a prefix, since one holds 64 KiB.
//!
//! Needs `secretsmanager:ListSecrets` (on `*`: it has no resources) and
//! `secretsmanager:GetSecretValue` on the prefix:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use futures::{StreamExt, TryStreamExt, stream};
use intent::inventory::Document;
use naas::ports::{Inventories, StoreError};

use super::CONCURRENCY;
use super::fault::store_error;

/// Secrets named `prefix` or beginning with `prefix/`, each one inventory document.
#[derive(Debug, Clone)]
pub struct SecretsInventories {
    client: Client,
    prefix: String,
    allow_local_addresses: bool,
}

impl SecretsInventories {
    /// The inventory under `prefix`, such as `naas/inventory`.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self { client, prefix: prefix.into(), allow_local_addresses: false }
    }

    /// The same inventory, which may name loopback addresses without a word of permission, as where
    /// switches are simulated.
    pub fn allowing_local_addresses(self, allow: bool) -> Self {
        Self { allow_local_addresses: allow, ..self }
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        let filter = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(filter).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| store_error(format!("secrets {}", self.prefix), error))?;
            names.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.name));
        }
        // The service's filter takes `naas/inventory-old` for a match.
        names.retain(|name| belongs(name, &self.prefix));
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn document(&self, name: String) -> Result<Document, StoreError> {
        let value = self.client.get_secret_value().secret_id(&name).send().await;
        let value = value.map_err(|error| store_error(format!("secret {name}"), error))?;
        let body = match (value.secret_string, value.secret_binary) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(bytes)) => bytes.into_inner(),
            (None, None) => Vec::new(),
        };
        let document = Document::new(name, body);
        Ok(if self.allow_local_addresses { document.with_local_addresses() } else { document })
    }
}

impl Inventories for SecretsInventories {
    async fn all(&self) -> Result<Vec<Document>, StoreError> {
        let names = self.names().await?;
        if names.is_empty() {
            return Err(StoreError::not_found(format!("secret {} (or {0}/…)", self.prefix)));
        }
        self.named(&names).await
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Document>, StoreError> {
        // A queue message names the secrets to read; one that names others is not believed.
        if let Some(foreign) = names.iter().find(|name| !belongs(name, &self.prefix)) {
            return Err(StoreError::not_found(format!("secret {foreign} under {}", self.prefix)));
        }
        stream::iter(names.to_vec()).map(|name| self.document(name)).buffered(CONCURRENCY).try_collect().await
    }
}

fn belongs(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_prefix_itself_and_what_is_below_it_belongs() {
        for (name, expected) in
            [("naas/inventory", true), ("naas/inventory/a", true), ("naas/inventory-old", false), ("other", false)]
        {
            assert_eq!(belongs(name, "naas/inventory"), expected, "{name}");
        }
    }
}
