//! One request for every device of an inventory, for the benchmark: `schedule_devices DEVICES`
//! reads the inventory, selects, records the run and queues its slices, with stores in memory. What
//! it takes is measured from outside.

use std::error::Error;
use std::fmt::Write as _;

use naas::caller::Caller;
use naas::fakes::{FakeClock, FakeStore};
use naas::schedule::request::Step;
use naas::schedule::{Ports, Scheduler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let devices: usize = std::env::args().nth(1).ok_or("usage: schedule_devices DEVICES")?.parse()?;
    let (store, clock) = (FakeStore::with(&inventory(devices), &[]), FakeClock::default());
    let ports = Ports {
        inventories: &store,
        models: &store,
        queue: &store,
        state: &store,
        dead_letters: &store,
        clock: &clock,
    };
    let scheduler = Scheduler::new(ports, Step::Max);
    let receipt =
        scheduler.configure(&Caller::owner_of_this_machine("bench"), br#"{"devices": ["all"]}"#, None).await?;
    if receipt.devices == devices { Ok(()) } else { Err(format!("{} of {devices} devices", receipt.devices).into()) }
}

/// An inventory as sites have them: an address and two groups for each device.
fn inventory(devices: usize) -> String {
    let mut text =
        "groups: {leaf: {data: {role: leaf}}, ams: {}}\ndefaults: {username: naas, platform: eos}\nhosts:\n".to_owned();
    for number in 0..devices {
        let (high, middle, low) = (number >> 16, number >> 8 & 255, number & 255);
        let _ = writeln!(text, "  leaf{number}: {{hostname: 10.{high}.{middle}.{low}, groups: [leaf, ams]}}");
    }
    text
}
