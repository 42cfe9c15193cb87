//! OpenLineage events when a run begins and ends. Source: OpenLineage 2-0-2, with the facets of
//! `openlineage-python` 1.40.

use super::caller_args::{LineageArgs, LineageParent};
use super::log;
use crate::base::clock::{Clock, SystemClock};
use crate::base::units::rfc3339;
use crate::base::vocabulary::RunOutcomeName;
use crate::session::{Environment, Session, post_event};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

const PRODUCER: &str = concat!("https://github.com/docmill/docmill/tree/v", env!("CARGO_PKG_VERSION"));
const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// Where the facet `docmill_run` is described.
const OWN_SCHEMA: &str = "https://github.com/docmill/docmill/blob/main/docs/lineage.md#the-facet-docmill_run";
/// The path of the API of a server that is named without one.
const API_PATH: &str = "api/v1/lineage";
/// The namespace of jobs without `OPENLINEAGE_NAMESPACE`.
const NAMESPACE: &str = "docmill";
/// How long a server may take to accept an event. A run that is stopped ends by this later.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where events go.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    /// Lines of JSON are appended.
    File(PathBuf),
    Server(String),
}

impl Destination {
    fn parse(text: &str) -> Self {
        let is_url = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        match url::Url::parse(text) {
            Ok(mut url) if is_url => {
                if url.path() == "/" {
                    url.set_path(API_PATH);
                }
                Self::Server(url.into())
            }
            _ => Self::File(text.into()),
        }
    }
}

/// The events of one run.
#[derive(Debug)]
pub(crate) struct Lineage {
    destination: Destination,
    parent: Option<LineageParent>,
    environment: Environment,
    /// What all events of the run have in common, once it has begun.
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    run_id: String,
    job: String,
    /// The folder or the list with the pages; `None`: paths on standard input.
    input: Option<PathBuf>,
    outputs: Vec<PathBuf>,
}

impl Lineage {
    /// The file that events are appended to. `None`: there are none, or they go to a server.
    pub(crate) fn file(args: &LineageArgs) -> Option<PathBuf> {
        match Destination::parse(args.lineage.as_deref()?) {
            Destination::File(path) => Some(path),
            Destination::Server(_) => None,
        }
    }

    /// The events that the arguments ask for.
    pub(crate) fn of_arguments(args: &LineageArgs, environment: Environment) -> Option<Self> {
        let destination = Destination::parse(args.lineage.as_deref()?);
        Some(Self { destination, parent: args.lineage_parent.clone(), environment, begun: None })
    }

    /// The run begins.
    pub(crate) fn begin(&mut self, session: &Session) {
        let job = session.job();
        self.begun = Some(Begun {
            run_id: session.run_id().to_owned(),
            job: job.name().to_owned(),
            input: job.input_path().map(absolute),
            outputs: job.row_outputs().map(|path| absolute(path.to_owned())).collect(),
        });
        self.send("START", None, None);
    }

    /// The run ended with this summary, and perhaps with an error.
    pub(crate) fn end(&mut self, summary: &Value, error: Option<&str>) {
        let outcome = summary["outcome"].as_str().and_then(RunOutcomeName::parse);
        let kind = match (summary["exit_code"].as_i64(), outcome) {
            (Some(0), _) => "COMPLETE",
            (_, Some(RunOutcomeName::Interrupted | RunOutcomeName::BatchPending)) => "ABORT",
            _ => "FAIL",
        };
        self.send(kind, Some(summary), error);
        self.begun = None;
    }

    /// The run ended without a report. Nothing is sent if the run had not begun, or has already ended.
    pub(crate) fn fail(&self, error: &str) {
        self.send("FAIL", None, Some(error));
    }

    fn send(&self, kind: &str, summary: Option<&Value>, error: Option<&str>) {
        let Some(begun) = &self.begun else { return };
        let namespace = self.environment.variable("OPENLINEAGE_NAMESPACE").filter(|name| !name.is_empty());
        let event = Event {
            kind,
            time: rfc3339(SystemClock::new().wall_ms()),
            namespace: namespace.as_deref().unwrap_or(NAMESPACE),
            begun,
            parent: self.parent.as_ref(),
            summary,
            error,
        };
        let text = event.to_json().to_string();
        let sent = match &self.destination {
            Destination::File(path) => {
                let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
                let written = file.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
                written.map_err(|error| format!("{}: {error}", path.display()))
            }
            Destination::Server(url) => {
                let key = self.environment.variable("OPENLINEAGE_API_KEY").filter(|key| !key.is_empty());
                post_event(url, key.as_deref(), text, TIMEOUT, &self.environment)
            }
        };
        // A failure of lineage must not fail the run.
        if let Err(message) = sent {
            log::line("WARN", &format!("warning: the OpenLineage event {kind} was not sent: {message}"), Map::new());
        }
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// One event.
struct Event<'a> {
    kind: &'a str,
    time: String,
    namespace: &'a str,
    begun: &'a Begun,
    parent: Option<&'a LineageParent>,
    summary: Option<&'a Value>,
    error: Option<&'a str>,
}

impl Event<'_> {
    fn to_json(&self) -> Value {
        let Begun { run_id, job, input, outputs } = self.begun;
        let pages = self.summary.map(|summary| &summary["pages"]["total"]);
        let mut run = Map::new();
        if let Some(LineageParent { namespace, job, run_id }) = self.parent {
            let more = json!({"run": {"runId": run_id}, "job": {"namespace": namespace, "name": job}});
            run.insert("parent".into(), facet("1-2-0", "ParentRunFacet", more));
        }
        if let Some(message) = self.error {
            let more = json!({"message": message, "programmingLanguage": "RUST"});
            run.insert("errorMessage".into(), facet("1-0-1", "ErrorMessageRunFacet", more));
        }
        run.insert("docmill_run".into(), self.own_facet());
        let job_type = json!({"processingType": "BATCH", "integration": "DOCMILL", "jobType": "JOB"});
        let inputs: Vec<Value> = input
            .iter()
            .map(|path| {
                let mut dataset = json!({"namespace": "file", "name": path.display().to_string()});
                if let Some(count) = pages {
                    let more = json!({"rowCount": count});
                    let statistics = facet("1-0-0", "InputStatisticsInputDatasetFacet", more);
                    dataset["inputFacets"] = json!({"inputStatistics": statistics});
                }
                dataset
            })
            .collect();
        json!({
            "eventType": self.kind,
            "eventTime": self.time,
            "producer": PRODUCER,
            "schemaURL": EVENT_SCHEMA,
            "run": {"runId": uuid_of(run_id), "facets": run},
            "job": {"namespace": self.namespace, "name": job, "facets": {"jobType": facet("2-0-3", "JobTypeJobFacet", job_type)}},
            "inputs": inputs,
            "outputs": self.outputs(outputs, pages),
        })
    }

    /// The files that the run will write; at its end those that it has written.
    fn outputs(&self, planned: &[PathBuf], pages: Option<&Value>) -> Vec<Value> {
        let Some(summary) = self.summary else {
            let dataset = |path: &PathBuf| json!({"namespace": "file", "name": path.display().to_string()});
            return planned.iter().map(dataset).collect();
        };
        let written = summary["outputs"].as_array().into_iter().flatten();
        let statistics = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", json!({"rowCount": pages}));
        let dataset = |output: &Value| json!({"namespace": "file", "name": output["path"], "outputFacets": {"outputStatistics": statistics}});
        written.map(dataset).collect()
    }

    fn own_facet(&self) -> Value {
        let mut members = json!({"_producer": PRODUCER, "_schemaURL": OWN_SCHEMA, "runId": self.begun.run_id});
        if let Some(summary) = self.summary {
            for (name, value) in [
                ("outcome", &summary["outcome"]),
                ("exitCode", &summary["exit_code"]),
                ("shard", &summary["shard"]),
                ("pages", &summary["pages"]),
                ("attempts", &summary["attempts"]["sent"]),
                ("inputTokens", &summary["tokens"]["input"]),
                ("outputTokens", &summary["tokens"]["output"]),
                ("costUsd", &summary["cost"]["total_usd"]),
            ] {
                members[name] = value.clone();
            }
        }
        members
    }
}

/// A facet of the standard.
fn facet(version: &str, name: &str, members: Value) -> Value {
    let schema = format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}");
    let mut facet = Map::new();
    facet.insert("_producer".into(), PRODUCER.into());
    facet.insert("_schemaURL".into(), schema.into());
    if let Value::Object(members) = members {
        facet.extend(members);
    }
    Value::Object(facet)
}

/// The UUID of a run: always the same for its id. Version 8 of RFC 9562 is for such values.
fn uuid_of(run_id: &str) -> String {
    let hash = blake3::hash(run_id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let [a, b, c, d, e] = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations() {
        for (text, expected) in [
            ("events.jsonl", Destination::File("events.jsonl".into())),
            ("http:events", Destination::File("http:events".into())),
            ("http://host:5000", Destination::Server("http://host:5000/api/v1/lineage".into())),
            ("https://host/", Destination::Server("https://host/api/v1/lineage".into())),
            ("https://host/a/b?c=d", Destination::Server("https://host/a/b?c=d".into())),
        ] {
            assert_eq!(Destination::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_uuid_of_a_run_is_valid_and_always_the_same() {
        let uuid = uuid_of("20261123T131805-3f9a1c0b7d42");
        assert_eq!(uuid, uuid_of("20261123T131805-3f9a1c0b7d42"));
        assert_ne!(uuid, uuid_of("20261123T131805-3f9a1c0b7d43"));
        let groups: Vec<&str> = uuid.split('-').collect();
        assert!(groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]), "{uuid}");
        assert!(groups[2].starts_with('8') && "89ab".contains(&groups[3][..1]), "{uuid}");
    }
}
