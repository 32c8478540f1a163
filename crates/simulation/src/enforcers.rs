//! Enforcers: each takes one message after the other from the queue, with the real enforcer over
//! ports that fail, and is replaced by another when it dies.

use std::num::NonZeroUsize;
use std::sync::Arc;

use adapters::eos::EosSwitches;
use jiff::SignedDuration;
use naas::enforce::{Delivery, Enforcer, Limits, Ports};
use naas::ports::Clock;
use naas::records::slice::Slice;

use crate::process::{Ended, Process, Reach};
use crate::sabotage::Sabotage;
use crate::switches::{Connection, Wire};
use crate::world::World;

type ThePorts = Ports<Reach, Reach, EosSwitches, Reach, Reach, Reach, Reach>;

/// Takes message after message; when its process dies, another one goes on.
pub(crate) async fn work(world: Arc<World>, number: usize) {
    for life in 1.. {
        let process = Process::new(&world, format!("enforcer {number}.{life}"));
        let enforcer = Enforcer::new(ports(&process), limits(&world));
        while let Ended::Done(()) = take_one(&world, &process, &enforcer).await {}
    }
}

/// Takes one message. As Lambda does it: what is not answered well is not deleted.
async fn take_one(world: &Arc<World>, process: &Arc<Process>, enforcer: &Enforcer<ThePorts>) -> Ended<()> {
    let received = world.queue.receive(world).await;
    let invocation = process.begin();
    if let Ok(slice) = Slice::parse(&received.body) {
        world.watch().began(invocation, &slice);
    }
    process.log(|| format!("work {invocation}: takes {}, for the {}. time", received.id, received.times));
    if world.sabotage == Some(Sabotage::DeletesEarly) {
        world.queue.delete(received.id);
    }
    let delivery = if received.times == 1 { Delivery::First } else { Delivery::Again };
    let deadline = Reach(process.clone()).now() + world.rules.timeout;
    match process.live(world.rules.timeout, enforcer.receive(&received.body, delivery, deadline)).await {
        Ended::Killed => return Ended::Killed,
        Ended::Done(Err(error)) => process.log(|| format!("leaves {} to be delivered again: {error}", received.id)),
        // That it is done with it may not be heard of.
        Ended::Done(Ok(())) if world.happens(world.fault_rates.store) => {}
        Ended::Done(Ok(())) => world.queue.delete(received.id),
    }
    Ended::Done(())
}

fn ports(process: &Arc<Process>) -> ThePorts {
    let reach = Reach(process.clone());
    let at_switches = process.clone();
    Ports {
        inventories: reach.clone(),
        models: reach.clone(),
        switches: EosSwitches::by(move |device| {
            let connection = match at_switches.world.sabotage {
                Some(Sabotage::ConfirmsOverSameConnection) => Connection(at_switches.invocation()),
                _ => at_switches.world.next_connection(),
            };
            Arc::new(Wire { process: at_switches.clone(), device: device.name.to_string(), connection })
        }),
        state: reach.clone(),
        queue: reach.clone(),
        dead_letters: reach.clone(),
        clock: reach,
    }
}

fn limits(world: &World) -> Limits {
    let usual = Limits::default();
    Limits {
        concurrency: match world.sabotage {
            Some(Sabotage::OneByOne) => NonZeroUsize::MIN,
            _ => usual.concurrency,
        },
        confirm: world.rules.confirm,
        clock_skew: match world.sabotage {
            Some(Sabotage::IgnoresClockSkew) => SignedDuration::ZERO,
            _ => usual.clock_skew,
        },
        retries: world.rules.retries,
        alone_since: None,
    }
}
