//! `veda-bus bench`: the bus beside a bare relay, on this machine, in one run.
//!
//! The relay forwards bytes and knows nothing; what the bus costs is told as a ratio to it, which travels from machine
//! to machine better than figures do. Each server is a process of its own; publisher and subscribers are threads of
//! this one, so that they share a clock.
//!
//! | module | what is in it |
//! |---|---|
//! | [`relay`] | the bare relay |
//! | [`servers`] | starting either server, and stopping it |
//! | [`load`] | what is sent, received and timed |

#![expect(clippy::cast_precision_loss, reason = "figures of a benchmark have few digits")]

mod load;
pub(crate) mod relay;
mod servers;

use serde::Serialize;

use crate::arguments;
use crate::context::{Context, Output};
use crate::failure::Failure;
use load::Figures;
use servers::Kind;

/// What is measured, and what it is called.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// What the figures are.
    unit: &'static str,
    bus: Kind,
    relay: Kind,
    load: Load,
}

/// What the publisher does.
#[derive(Debug, Clone, Copy)]
enum Load {
    /// One message at a time; the next when it has arrived.
    PublishDeliver { messages: usize },
    /// One message at a time, to so many subscribers; the next when the last of them has it.
    FanOutLatency { subscribers: usize, messages: usize },
    /// So many messages under way at most; timed until the last has arrived.
    Window { window: usize, subscribers: usize, messages: usize },
    /// One message at a time; the next when its receipt is there. Nobody subscribes.
    Receipts { messages: usize },
}

const CASES: [Case; 7] = [
    Case {
        name: "latency, publish to deliver",
        unit: "µs",
        bus: Kind::BusProcess,
        relay: Kind::Relay,
        load: Load::PublishDeliver { messages: 5_000 },
    },
    Case {
        name: "1→16, last delivery",
        unit: "µs",
        bus: Kind::BusProcess,
        relay: Kind::Relay,
        load: Load::FanOutLatency { subscribers: 16, messages: 2_000 },
    },
    Case {
        name: "1→1, window 256",
        unit: "messages/s",
        bus: Kind::BusProcess,
        relay: Kind::RelayWrite,
        load: Load::Window { window: 256, subscribers: 1, messages: 100_000 },
    },
    Case {
        name: "1→16, window 256",
        unit: "deliveries/s",
        bus: Kind::BusProcess,
        relay: Kind::RelayWrite,
        load: Load::Window { window: 256, subscribers: 16, messages: 20_000 },
    },
    Case {
        name: "receipt, survives the process",
        unit: "µs",
        bus: Kind::BusProcess,
        relay: Kind::RelayWrite,
        load: Load::Receipts { messages: 5_000 },
    },
    Case {
        name: "receipt, survives power loss",
        unit: "µs",
        bus: Kind::BusPower,
        relay: Kind::RelaySync,
        load: Load::Receipts { messages: 2_000 },
    },
    Case {
        name: "1→1, window 256, survives power loss",
        unit: "messages/s",
        bus: Kind::BusPower,
        relay: Kind::RelaySync,
        load: Load::Window { window: 256, subscribers: 1, messages: 50_000 },
    },
];

/// One line of the result.
#[derive(Debug, Serialize)]
struct Row {
    case: &'static str,
    unit: &'static str,
    /// Median over the rounds: of latencies the p50, of loads the throughput.
    bus: f64,
    relay: f64,
    /// Median of the ratios within each round.
    ratio: f64,
    /// Of latencies, the p99.
    bus_p99: Option<f64>,
    relay_p99: Option<f64>,
    /// Of loads, the server's processor time for each message, in µs.
    bus_cpu: Option<f64>,
    relay_cpu: Option<f64>,
}

pub(crate) fn run(context: &Context, bench: &arguments::Bench) -> Result<(), Failure> {
    if let Some(socket) = &bench.relay {
        return relay::run(socket, bench.relay_log.as_deref());
    }
    let mut output = Output::new();
    if !context.json {
        output.line(&format!("{:<50} {:>12} {:>12} {:>7}", "", "bus", "bare relay", "ratio"))?;
    }
    for case in CASES {
        let row = measure(&case, bench)?;
        if context.json {
            output.json(&row)?;
        } else {
            output.line(&show(&row))?;
        }
        output.flush()?;
    }
    if !context.json {
        output.line("")?;
        output.line(&format!(
            "Figures are medians over {} rounds; the ratio is the median of the ratios within each round, \
             which need not be the ratio of the medians.",
            bench.rounds
        ))?;
    }
    output.flush()
}

fn measure(case: &Case, bench: &arguments::Bench) -> Result<Row, Failure> {
    let load = if bench.quick { case.load.tenth() } else { case.load };
    let (mut buses, mut relays, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        // Neither side is always the one that finds the machine warm.
        let (bus, relay) = if round % 2 == 0 {
            let bus = once(case.bus, load)?;
            (bus, once(case.relay, load)?)
        } else {
            let relay = once(case.relay, load)?;
            (once(case.bus, load)?, relay)
        };
        ratios.push(bus.value / relay.value);
        buses.push(bus);
        relays.push(relay);
    }
    let middle = |figures: &[Figures], of: fn(&Figures) -> f64| {
        let value = median(figures.iter().map(of).collect());
        value.is_finite().then_some(value)
    };
    Ok(Row {
        case: case.name,
        unit: case.unit,
        bus: median(buses.iter().map(|figures| figures.value).collect()),
        relay: median(relays.iter().map(|figures| figures.value).collect()),
        ratio: median(ratios),
        bus_p99: middle(&buses, |figures| figures.p99),
        relay_p99: middle(&relays, |figures| figures.p99),
        bus_cpu: middle(&buses, |figures| figures.cpu),
        relay_cpu: middle(&relays, |figures| figures.cpu),
    })
}

/// One measurement with servers and files of its own.
fn once(kind: Kind, load: Load) -> Result<Figures, Failure> {
    let server = servers::start(kind)?;
    load::run(&server, load).map_err(|error| Failure::Failed(format!("{kind:?}: {error}")))
}

impl Load {
    fn tenth(self) -> Self {
        match self {
            Self::PublishDeliver { messages } => Self::PublishDeliver { messages: messages / 10 },
            Self::FanOutLatency { subscribers, messages } => {
                Self::FanOutLatency { subscribers, messages: messages / 10 }
            }
            Self::Window { window, subscribers, messages } => {
                Self::Window { window, subscribers, messages: messages / 10 }
            }
            Self::Receipts { messages } => Self::Receipts { messages: messages / 10 },
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn show(row: &Row) -> String {
    let name = format!("{} ({})", row.case, row.unit);
    let both = |what: &str, bus: Option<f64>, relay: Option<f64>| match (bus, relay) {
        (Some(bus), Some(relay)) => format!("{what} {} / {} µs", figure(bus), figure(relay)),
        _ => String::new(),
    };
    let more = both("p99", row.bus_p99, row.relay_p99) + &both("CPU a message", row.bus_cpu, row.relay_cpu);
    format!("{name:<50} {:>12} {:>12} {:>7.2}   {more}", figure(row.bus), figure(row.relay), row.ratio)
}

fn figure(value: f64) -> String {
    if value < 1000.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
