//! The control face: what tests and demonstrations look at and break, on a port of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::device::{Device, Faults};

type Devices = Arc<BTreeMap<String, Arc<Device>>>;
type Refused = (StatusCode, Json<Value>);

/// `GET /devices`, `GET /devices/{name}/journal`, `POST` and `DELETE /devices/{name}/faults`.
pub(crate) fn router(devices: Devices) -> Router {
    Router::new()
        .route("/devices", get(list))
        .route("/devices/{name}/journal", get(journal))
        .route("/devices/{name}/faults", post(set_faults).delete(clear_faults))
        .with_state(devices)
}

async fn list(State(devices): State<Devices>) -> Json<Value> {
    let devices = devices.iter().map(|(name, device)| {
        let (address, hostname) = (device.address, device.state().running.hostname().to_owned());
        json!({"name": name, "address": address.ip(), "port": address.port(), "hostname": hostname})
    });
    Json(devices.collect())
}

async fn journal(State(devices): State<Devices>, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    Ok(Json(json!(find(&devices, &name)?.journal.entries())))
}

async fn set_faults(
    State(devices): State<Devices>,
    Path(name): Path<String>,
    body: axum::body::Bytes,
) -> Result<StatusCode, Refused> {
    let device = find(&devices, &name)?;
    let faults: Faults = serde_json::from_slice(&body)
        .map_err(|error| (StatusCode::BAD_REQUEST, Json(json!({"error": format!("not faults: {error}")}))))?;
    device.state().faults = faults;
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(devices): State<Devices>, Path(name): Path<String>) -> Result<StatusCode, Refused> {
    find(&devices, &name)?.state().faults = Faults::default();
    Ok(StatusCode::NO_CONTENT)
}

fn find<'d>(devices: &'d Devices, name: &str) -> Result<&'d Arc<Device>, Refused> {
    let missing = || (StatusCode::NOT_FOUND, Json(json!({"error": format!("there is no device {name}")})));
    devices.get(name).ok_or_else(missing)
}
