//! Who asks the scheduler: people, and switches whose event-handler fires.

use std::sync::Arc;
use std::time::Duration;

use intent::name::RunId;
use naas::caller::Caller;
use naas::records::outcome::Status;
use naas::schedule::request::Step;
use naas::schedule::{Ports, ReportError, ScheduleError, Scheduler};
use serde_json::json;

use crate::invariant::Invariant;
use crate::process::{Ended, Process, Reach};
use crate::scenario::Ask;
use crate::world::World;

/// After how long API Gateway gives a request up.
const GATEWAY: Duration = Duration::from_secs(29);

type TheScheduler = Scheduler<Ports<Reach, Reach, Reach, Reach, Reach, Reach>>;

fn scheduler(process: &Arc<Process>) -> TheScheduler {
    let reach = Reach(process.clone());
    let ports = Ports {
        inventories: reach.clone(),
        models: reach.clone(),
        queue: reach.clone(),
        state: reach.clone(),
        dead_letters: reach.clone(),
        clock: reach,
    };
    Scheduler::new(ports, Step::Max)
}

/// A switch calls: its startup-config was written.
pub(crate) fn webhook(world: &Arc<World>, device: &str) {
    let (world, device) = (world.clone(), device.to_owned());
    world.count("webhooks");
    world.request_begins();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // curl asks once.
        let body = json!({"devices": [device]}).to_string();
        configure_once(&world, &format!("hook {device}"), &body, None).await;
        world.request_ends();
    });
}

/// Somebody sends a request, and, with a key, again until it is answered. The run, if it was
/// accepted.
pub(crate) async fn ask(world: &Arc<World>, request: &Ask, key: Option<u64>) -> Option<RunId> {
    let body = body(world, request).to_string();
    // One key stands for one request.
    let key = key.map(|key| format!("key-{key}-{}", body.len()));
    configure(world, &body, key.as_deref()).await
}

async fn configure(world: &Arc<World>, body: &str, key: Option<&str>) -> Option<RunId> {
    for _ in 0..5 {
        let answer = configure_once(world, "operator", body, key).await;
        match (answer, key) {
            (Some(Ok(run)), _) => return Some(run),
            (Some(Err(ScheduleError::KeyReused)), _) | (_, None) => return None,
            _ => tokio::time::sleep(Duration::from_secs(world.random(|rng| rng.u64(1..45)))).await,
        }
    }
    None
}

/// One request and its answer, if there is one.
async fn configure_once(
    world: &Arc<World>,
    who: &str,
    body: &str,
    key: Option<&str>,
) -> Option<Result<RunId, ScheduleError>> {
    let process = Process::new(world, "scheduler");
    process.begin();
    world.log(who, || format!("asks {body} {}", key.unwrap_or_default()));
    let answer = process
        .live(GATEWAY, scheduler(&process).configure(&Caller::owner_of_this_machine(who), body.as_bytes(), key))
        .await;
    let Ended::Done(answer) = answer else { return None };
    process.log(|| match &answer {
        Ok(receipt) => format!("accepts run {}", receipt.run),
        Err(error) => format!("answers: {error}"),
    });
    if let Ok(receipt) = &answer {
        accepted(world, &receipt.run, key);
    }
    // The answer may be lost as well.
    (!world.happens(world.fault_rates.network)).then(|| answer.map(|receipt| receipt.run))
}

fn accepted(world: &World, run: &RunId, key: Option<&str>) {
    let mut watch = world.watch();
    watch.accepted.insert(run.clone());
    let other = key.and_then(|key| watch.keys.insert(key.to_owned(), run.clone())).filter(|before| before != run);
    drop(watch);
    if let Some(other) = other {
        world.violated(Invariant::Idempotent, format!("one Idempotency-Key stands for the runs {other} and {run}"));
    }
}

fn body(world: &World, request: &Ask) -> serde_json::Value {
    let all: Vec<_> = world.switches.keys().collect();
    let devices = match &request.devices {
        None => vec!["all"],
        Some(some) => some.iter().map(|index| all[*index].as_str()).collect(),
    };
    let mut body = json!({"devices": devices, "mode": request.mode});
    if let Some(step) = request.step {
        body["step"] = json!(step);
    }
    if let Some(confirm) = request.confirm {
        body["confirm"] = json!(confirm);
    }
    body
}

/// Somebody plans, looks now and then whether it is finished, and applies the plan.
pub(crate) async fn plan_and_apply(world: &Arc<World>, devices: &[usize]) {
    let request = Ask { devices: Some(devices.to_vec()), mode: "plan", step: None, confirm: None };
    let Some(plan) = ask(world, &request, None).await else { return };
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(15)).await;
        let process = Process::new(world, "scheduler");
        process.begin();
        let report = process.live(GATEWAY, scheduler(&process).run(&operator(), plan.as_ref())).await;
        if let Ended::Done(Ok(report)) = report
            && report.status == "finished"
        {
            if report.count(Status::Planned) > 0 {
                world.count("plans applied");
                configure(world, &json!({"plan": plan}).to_string(), None).await;
            }
            return;
        }
    }
}

/// Somebody brings a device back to the configuration that it ran `back` revisions before its
/// newest.
pub(crate) async fn restore(world: &Arc<World>, device: &str, back: usize) {
    let process = Process::new(world, "scheduler");
    process.begin();
    let history = process.live(GATEWAY, scheduler(&process).history(&operator(), device, 10)).await;
    let Ended::Done(Ok(history)) = history else { return };
    let Some(revision) = history.versions.get(back) else { return };
    world.count("restores asked for");
    let body = json!({"devices": [device], "restore": revision.configuration.to_string()}).to_string();
    configure(world, &body, None).await;
}

/// Somebody ends the pin of a device.
pub(crate) async fn unpin(world: &Arc<World>, device: &str) {
    let process = Process::new(world, "scheduler");
    process.begin();
    world.log("operator", || format!("unpins {device}"));
    let answer: Ended<Result<_, ReportError>> =
        process.live(GATEWAY, scheduler(&process).unpin(&operator(), device)).await;
    if let Ended::Done(Ok(_)) = answer {
        world.count("unpins");
    }
}

/// Somebody cancels a run.
pub(crate) async fn cancel(world: &Arc<World>, run: &RunId) {
    let process = Process::new(world, "scheduler");
    process.begin();
    world.log("operator", || format!("cancels run {run}"));
    let answer: Ended<Result<_, ReportError>> =
        process.live(GATEWAY, scheduler(&process).cancel(&operator(), run.as_ref())).await;
    if let Ended::Done(Ok(_)) = answer {
        world.count("cancellations");
    }
}

/// Somebody sends the dead letters again.
pub(crate) async fn redrive(world: &Arc<World>) {
    let process = Process::new(world, "scheduler");
    process.begin();
    world.log("operator", || "sends the dead letters again".to_owned());
    if let Ended::Done(Ok(redriven)) = process.live(GATEWAY, scheduler(&process).redrive(&operator(), b"")).await {
        world.count("redrives");
        redriven.started.iter().for_each(|receipt| accepted(world, &receipt.run, None));
    }
}

/// Whether a run is finished, as its report has it; `None` if there is no such run.
pub(crate) async fn is_finished(world: &Arc<World>, run: &RunId) -> Option<bool> {
    let process = Process::new(world, "scheduler");
    process.begin();
    match process.live(GATEWAY, scheduler(&process).run(&operator(), run.as_ref())).await {
        Ended::Done(Ok(report)) => Some(report.status == "finished"),
        _ => None,
    }
}

/// Whoever operates the simulated network. What callers may do is decided before the protocol
/// begins, so the simulation asks as one who may do everything.
fn operator() -> Caller {
    Caller::owner_of_this_machine("operator")
}
