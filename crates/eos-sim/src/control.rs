//! The control face: what tests and demonstrations look at and break, on a port of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::DeviceHandle;
use crate::browser;
use crate::counters::Traffic;
use crate::device::Device;
use crate::faults::Faults;

type Devices = Arc<BTreeMap<String, Arc<Device>>>;
type Refused = (StatusCode, Json<Value>);
type Done = Result<StatusCode, Refused>;

/// Looking: `GET /devices`, `GET /traffic`, `GET
/// /devices/{name}/{journal,running-config,startup-config}`.
/// Breaking: `POST` and `DELETE /devices/{name}/faults`, `POST
/// /devices/{name}/{clock,reboot,sessions,commit-timer,expire-logins}`.
pub(crate) fn router(devices: Devices) -> Router {
    Router::new()
        .route("/devices", get(list))
        .route("/traffic", get(traffic))
        .route("/devices/{name}/journal", get(journal))
        .route("/devices/{name}/running-config", get(running_config))
        .route("/devices/{name}/startup-config", get(startup_config))
        .route("/devices/{name}/faults", post(set_faults).delete(clear_faults))
        .route("/devices/{name}/clock", post(clock))
        .route("/devices/{name}/reboot", post(reboot))
        .route("/devices/{name}/sessions", post(leave_sessions))
        .route("/devices/{name}/commit-timer", post(commit_timer))
        .route("/devices/{name}/expire-logins", post(expire_logins))
        .layer(middleware::from_fn(refuse_pages))
        .with_state(devices)
}

/// Refuses what a web page sends: it could break switches, and read what they are configured with.
async fn refuse_pages(request: Request, next: Next) -> Result<Response, Refused> {
    if browser::sent(request.headers()) {
        let why = "expected a program that asks for an address or localhost, found a request of a web page";
        return Err((StatusCode::FORBIDDEN, Json(json!({"error": why}))));
    }
    Ok(next.run(request).await)
}

async fn list(State(devices): State<Devices>) -> Json<Value> {
    let devices = devices.iter().map(|(name, device)| {
        let (address, hostname) = (device.address, device.state().running.hostname().to_owned());
        json!({"name": name, "address": address.ip(), "port": address.port(), "hostname": hostname})
    });
    Json(devices.collect())
}

/// What came over the wire of all devices together since they started.
async fn traffic(State(devices): State<Devices>) -> Json<Traffic> {
    Json(devices.values().map(|device| device.counters.traffic()).sum())
}

async fn journal(State(devices): State<Devices>, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    Ok(Json(json!(find(&devices, &name)?.journal())))
}

async fn running_config(State(devices): State<Devices>, Path(name): Path<String>) -> Result<String, Refused> {
    Ok(find(&devices, &name)?.running_config())
}

async fn startup_config(State(devices): State<Devices>, Path(name): Path<String>) -> Result<String, Refused> {
    Ok(find(&devices, &name)?.startup_config())
}

async fn set_faults(State(devices): State<Devices>, Path(name): Path<String>, body: axum::body::Bytes) -> Done {
    find(&devices, &name)?.set_faults(read::<Faults>(&body)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(devices): State<Devices>, Path(name): Path<String>) -> Done {
    find(&devices, &name)?.set_faults(Faults::default());
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u64,
}

async fn clock(State(devices): State<Devices>, Path(name): Path<String>, body: axum::body::Bytes) -> Done {
    let Advance { advance_s } = read(&body)?;
    find(&devices, &name)?.advance(Duration::from_secs(advance_s));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reboot {
    #[serde(default)]
    down_s: u64,
}

async fn reboot(State(devices): State<Devices>, Path(name): Path<String>, body: axum::body::Bytes) -> Done {
    let Reboot { down_s } = read(&body)?;
    find(&devices, &name)?.reboot(Duration::from_secs(down_s));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    prefix: String,
    count: usize,
}

async fn leave_sessions(State(devices): State<Devices>, Path(name): Path<String>, body: axum::body::Bytes) -> Done {
    let Leave { prefix, count } = read(&body)?;
    find(&devices, &name)?.leave_sessions(&prefix, count).map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitTimer {
    session: String,
    seconds: u64,
}

async fn commit_timer(State(devices): State<Devices>, Path(name): Path<String>, body: axum::body::Bytes) -> Done {
    let CommitTimer { session, seconds } = read(&body)?;
    find(&devices, &name)?.arm_commit_timer(&session, Duration::from_secs(seconds)).map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_logins(State(devices): State<Devices>, Path(name): Path<String>) -> Done {
    find(&devices, &name)?.expire_logins();
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a body; an empty one is an object without keys.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| refused(format!("not what was expected here: {error}")))
}

fn refused(why: String) -> Refused {
    (StatusCode::BAD_REQUEST, Json(json!({"error": why})))
}

fn find(devices: &Devices, name: &str) -> Result<DeviceHandle, Refused> {
    let missing = || (StatusCode::NOT_FOUND, Json(json!({"error": format!("there is no device {name}")})));
    devices.get(name).cloned().map(DeviceHandle).ok_or_else(missing)
}
