//! What a function says: lines of JSON on standard output, and among them figures in the embedded metric format, which the
//! service takes out of the log. A figure is an event with the field `figure`, whoever makes it; nothing that counts knows
//! where its figures go.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;

use latchkey_platform::clock::Clock;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterFn, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The namespace of all figures.
const NAMESPACE: &str = "Latchkey";
/// The field that makes an event a figure, and names it.
const FIGURE: &str = "figure";

/// Begins to log with this filter.
///
/// # Errors
/// When the filter is none.
pub fn start(filter: &str, environment: &str, clock: Arc<dyn Clock>) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(io::stdout)
        .with_filter(filter);
    let figures = figures(environment, clock, io::stdout);
    // One that was started before stays.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(figures)
        .try_init();
    Ok(())
}

/// Writes each figure as a line to `out`.
pub fn figures<S, W>(environment: &str, clock: Arc<dyn Clock>, out: W) -> impl Layer<S>
where
    S: Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    let is_figure =
        FilterFn::new(|about| about.is_event() && about.fields().field(FIGURE).is_some());
    let figures = Figures {
        environment: environment.to_owned(),
        clock,
        out,
    };
    // Figures are counted at every level that is meant for people.
    figures.with_filter(is_figure.with_max_level_hint(LevelFilter::INFO))
}

struct Figures<W> {
    environment: String,
    clock: Arc<dyn Clock>,
    out: W,
}

impl<S: Subscriber, W: for<'w> MakeWriter<'w> + 'static> Layer<S> for Figures<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut name = Name(None);
        event.record(&mut name);
        let Some(name) = name.0 else { return };
        let line = json!({
            "_aws": {
                "Timestamp": self.clock.now().0,
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Environment"]],
                    "Metrics": [{"Name": name, "Unit": "Count"}],
                }],
            },
            "Environment": self.environment,
            name: 1,
        });
        // There is nobody to tell that nobody can be told.
        let _ = writeln!(self.out.make_writer(), "{line}");
    }
}

/// The name of a figure.
struct Name(Option<String>);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == FIGURE {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use latchkey_platform::clock::UnixMs;

    use super::*;

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> UnixMs {
            UnixMs(43_200_000)
        }
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_with_a_figure_becomes_a_line_of_the_metric_format_and_others_none() {
        let kept = Kept::default();
        let out = kept.clone();
        let figures = figures("dev", Arc::new(Noon), move || out.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(figures), || {
            tracing::info!(figure = "Sweeps", finished = 3, "the sweep came to its end");
            tracing::info!(count = 1, "something else");
        });
        let said = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [line] = &lines[..] else { panic!("{said}") };
        assert_eq!(
            (&line["Sweeps"], &line["Environment"]),
            (&json!(1), &json!("dev"))
        );
        assert_eq!(line["_aws"]["Timestamp"], 43_200_000);
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metrics["Namespace"], "Latchkey");
        assert_eq!(metrics["Metrics"][0]["Name"], "Sweeps");
    }
}
