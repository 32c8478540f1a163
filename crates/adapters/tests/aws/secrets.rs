//! The inventory in Secrets Manager.

use adapters::aws::SecretsInventories;
use naas::ports::Inventories;
use serde_json::json;
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{REGION, credentials};

fn secrets(server: &MockServer) -> aws_sdk_secretsmanager::Client {
    let config =
        aws_sdk_secretsmanager::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_secretsmanager::config::Region::new(REGION);
    aws_sdk_secretsmanager::Client::from_conf(config.region(region).behavior_version_latest().build())
}

#[tokio::test]
async fn an_inventory_is_every_secret_below_its_prefix() {
    let server = MockServer::start().await;
    let target = |operation: &str| header("x-amz-target", format!("secretsmanager.{operation}"));
    let names = ["naas/inventory/a", "naas/inventory-old", "naas/inventory/b"];
    let listed = json!({"SecretList": names.map(|name| json!({"Name": name}))});
    Mock::given(target("ListSecrets"))
        .respond_with(ResponseTemplate::new(200).set_body_json(listed))
        .mount(&server)
        .await;
    let value = json!({"Name": "x", "SecretString": "hosts: {}"});
    Mock::given(target("GetSecretValue"))
        .respond_with(ResponseTemplate::new(200).set_body_json(value))
        .expect(2)
        .mount(&server)
        .await;

    let documents = SecretsInventories::new(secrets(&server), "naas/inventory").all().await.unwrap();

    let names: Vec<_> = documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["naas/inventory/a", "naas/inventory/b"]);
}

#[tokio::test]
async fn no_secret_under_the_prefix_is_not_found_by_name() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"SecretList": []})))
        .mount(&server)
        .await;

    let error = SecretsInventories::new(secrets(&server), "naas/inventory").all().await.unwrap_err();

    assert_eq!(error.to_string(), "secret naas/inventory (or naas/inventory/…): not found");
}
