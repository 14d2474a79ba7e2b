//! The numbers as text in the OpenMetrics format, which Prometheus and its relatives read. It is made anew for each
//! answer; nothing of it is kept.

use std::fmt::{self, Error};
use std::sync::Arc;
use std::time::Duration;

use latchkey_protocol::{CloseCode, RefusalCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::process::Process;
use super::{Kind, Metrics};
use crate::health::State;
use crate::host::Shared;

/// What the text is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything there is to show of a host and its process. Looks through files of the kernel, so it is not for a
/// runtime's thread.
pub(crate) fn render(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(OfHost(shared.clone())));
    registry.register_collector(Box::new(OfProcess));
    let mut text = String::with_capacity(16 * 1024);
    encode(&mut text, &registry).expect("writing to a string does not fail");
    text
}

struct OfHost(Arc<Shared>);

impl fmt::Debug for OfHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfHost")
    }
}

impl Collector for OfHost {
    fn encode(&self, mut out: DescriptorEncoder) -> Result<(), Error> {
        let (shared, metrics) = (&self.0, &self.0.desk.metrics);
        counts(metrics, &mut out)?;
        by_code(metrics, &mut out)?;
        let help = "From a frame's turn until what it made its room send is written to every socket that takes \
                    it at once.";
        let delays = out.encode_descriptor(
            "latchkey_delivery_seconds",
            help,
            None,
            metrics.delays.metric_type(),
        )?;
        metrics.delays.encode(delays)?;
        gauges(shared, &mut out)?;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        one(&mut out, "latchkey_build", "What was built.", &build)?;
        let slot = shared.config.slot.to_string();
        let host = [("slot", slot.as_str()), ("region", &shared.config.region)];
        let host = Info::new(host);
        one(&mut out, "latchkey_host", "Which host this is.", &host)
    }
}

fn counts(metrics: &Metrics, out: &mut DescriptorEncoder) -> Result<(), Error> {
    for (kind, name, help, value) in metrics.shown() {
        let name = format!("latchkey_{name}");
        match kind {
            Kind::Counter => one(out, &name, help, &ConstCounter::new(value))?,
            Kind::Gauge => one(out, &name, help, &ConstGauge::new(value))?,
        }
    }
    Ok(())
}

fn by_code(metrics: &Metrics, out: &mut DescriptorEncoder) -> Result<(), Error> {
    let refusals = RefusalCode::ALL.iter().map(|code| code.name());
    let closes = CloseCode::ALL.iter().map(|code| code.name());
    let families = [
        (
            "latchkey_refusals",
            "Frames refused (P8), by code.",
            refusals.zip(&metrics.refusals).collect::<Vec<_>>(),
        ),
        (
            "latchkey_closes",
            "Connections the host closed (P9), by code.",
            closes.zip(&metrics.closes).collect(),
        ),
    ];
    for (name, help, counts) in families {
        let kind = ConstCounter::new(0_u64).metric_type();
        let mut family = out.encode_descriptor(name, help, None, kind)?;
        for (code, count) in counts {
            let labels = [("code", code)];
            ConstCounter::new(count.get()).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// What is asked for when it is shown, rather than counted as it happens: its name, what it is, and where it is found.
type Gauge<T> = (&'static str, &'static str, fn(&Shared, &State) -> T);

const GAUGES: [Gauge<u64>; 12] = [
    ("rooms", "Rooms in memory.", |shared, _| {
        shared.rooms.len() as u64
    }),
    (
        "unstored_bytes",
        "Bytes of memory held by records that the archive does not have.",
        |shared, _| shared.desk.backlog.bytes(),
    ),
    (
        "unstored_limit_bytes",
        "Bytes of memory that such records may hold: beyond, frames are refused.",
        |shared, _| shared.desk.backlog.limit(),
    ),
    (
        "journal_bytes",
        "Bytes of the journal on disk.",
        |_, state| state.journal.bytes,
    ),
    (
        "journal_limit_bytes",
        "Bytes the journal may have.",
        |_, state| state.journal.limit,
    ),
    (
        "journal_segments",
        "Segments of the journal.",
        |_, state| state.journal.segments as u64,
    ),
    (
        "journal_rooms",
        "Rooms with records that are not stored.",
        |_, state| state.journal.rooms as u64,
    ),
    (
        "journal_failed",
        "1 after a sync was lost: no record is taken until everything is stored.",
        |_, state| u64::from(state.journal.failed),
    ),
    (
        "generation",
        "The host's generation in its slot while it serves, else 0.",
        |_, state| state.serving.map_or(0, |me| me.generation.0),
    ),
    (
        "serving",
        "1 while the host's lease holds; 0 is fenced.",
        |_, state| u64::from(state.serving.is_ok()),
    ),
    (
        "draining",
        "1 while the operator wants the host emptied.",
        |_, state| u64::from(state.draining),
    ),
    ("stopping", "1 when the host is stopping.", |_, state| {
        u64::from(state.stopping)
    }),
];

/// Those that are times.
const TIMES: [Gauge<Duration>; 3] = [
    (
        "journal_lag",
        "No record that is not synced is older than this.",
        |_, state| state.journal_lag,
    ),
    (
        "archive_lag",
        "Age of the oldest record that is not stored; up to about 3 while people play.",
        |_, state| state.archive_lag,
    ),
    (
        "archive_away",
        "How long every call of the archive has failed; 0 when the last one worked or is a minute old.",
        |_, state| state.archive_away,
    ),
];

fn gauges(shared: &Shared, out: &mut DescriptorEncoder) -> Result<(), Error> {
    let state = State::of(shared);
    for (name, help, ask) in GAUGES {
        let gauge = ConstGauge::new(ask(shared, &state));
        one(out, &format!("latchkey_{name}"), help, &gauge)?;
    }
    for (name, help, ask) in TIMES {
        let gauge = ConstGauge::new(ask(shared, &state).as_secs_f64());
        one(out, &format!("latchkey_{name}_seconds"), help, &gauge)?;
    }
    Ok(())
}

#[derive(Debug)]
struct OfProcess;

impl Collector for OfProcess {
    fn encode(&self, mut out: DescriptorEncoder) -> Result<(), Error> {
        let Some(process) = Process::read() else {
            return Ok(());
        };
        let cpu = ConstCounter::new(process.cpu_seconds);
        one(
            &mut out,
            "process_cpu_seconds",
            "CPU time used, of the user and of the system.",
            &cpu,
        )?;
        let started = ConstGauge::new(process.started);
        let help = "When the process started, in seconds since 1970.";
        one(&mut out, "process_start_time_seconds", help, &started)?;
        for (name, help, value) in [
            (
                "resident_memory_bytes",
                "Bytes of memory held.",
                process.resident_bytes,
            ),
            (
                "virtual_memory_bytes",
                "Bytes of address space.",
                process.virtual_bytes,
            ),
            ("open_fds", "Open files and sockets.", process.open_fds),
            (
                "max_fds",
                "Files and sockets the process may have open.",
                process.max_fds,
            ),
            (
                "threads",
                "Threads of the operating system.",
                process.threads,
            ),
        ] {
            let name = format!("process_{name}");
            one(&mut out, &name, help, &ConstGauge::new(value))?;
        }
        Ok(())
    }
}

/// One metric without labels of its own.
fn one(
    out: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), Error> {
    metric.encode(out.encode_descriptor(name, help, None, metric.metric_type())?)
}
