//! The protocol of Dagster Pipes, version 0.1, for a run that a Dagster asset or op started: messages as JSON lines
//! in a file. Source: the module `dagster_pipes` 1.13.

use super::log;
use crate::session::Environment;
use serde_json::{Map, Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Names where the context is.
const CONTEXT: &str = "DAGSTER_PIPES_CONTEXT";
/// Names where messages go.
const MESSAGES: &str = "DAGSTER_PIPES_MESSAGES";
const VERSION: &str = "0.1";
/// Maximum size of the context, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// The Dagster step that started this process.
#[derive(Debug)]
pub(crate) struct DagsterPipes {
    messages: PathBuf,
    /// Assets that the step is to materialize.
    assets: Vec<String>,
}

impl DagsterPipes {
    /// The step that started this process, if there is one and its messages go to a file.
    pub(crate) fn of_environment(environment: &Environment) -> Option<Self> {
        let (context, messages) = (environment.variable(CONTEXT)?, environment.variable(MESSAGES)?);
        match Self::read(&context, &messages) {
            Ok(pipes) => Some(pipes),
            Err(message) => {
                warn(&message);
                None
            }
        }
    }

    fn read(context: &str, messages: &str) -> Result<Self, String> {
        let messages = decode(messages).map_err(|error| format!("{MESSAGES}: {error}"))?;
        let Some(path) = messages["path"].as_str() else {
            let ways = messages.as_object().map(|ways| ways.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
            return Err(format!("{MESSAGES}: only messages in a file are supported, not {}", ways.join(", ")));
        };
        let context = decode(context).map_err(|error| format!("{CONTEXT}: {error}"))?;
        let context = match context["path"].as_str() {
            Some(file) => read_json(Path::new(file)).map_err(|error| format!("{CONTEXT}: {file}: {error}"))?,
            None => context["data"].clone(),
        };
        let assets = context["asset_keys"].as_array().into_iter().flatten();
        let assets = assets.filter_map(|key| key.as_str().map(str::to_owned)).collect();
        Ok(Self { messages: path.into(), assets })
    }

    /// The process is there.
    pub(crate) fn open(&self) {
        self.write("opened", &json!({"extras": {}}));
    }

    /// The run has succeeded with this summary: the assets of the step are materialized.
    pub(crate) fn succeed(&self, summary: &Value) {
        let metadata = metadata(summary);
        for key in &self.assets {
            let params = json!({"asset_key": key, "data_version": null, "metadata": metadata});
            self.write("report_asset_materialization", &params);
        }
        if self.assets.is_empty() {
            self.write("log", &json!({"message": text(summary), "level": "INFO"}));
        }
        self.write("closed", &json!({}));
    }

    /// The run has failed.
    pub(crate) fn fail(&self, outcome: &str, message: &str) {
        let exception = json!({"message": message, "name": outcome, "stack": [], "cause": null, "context": null});
        self.write("closed", &json!({"exception": exception}));
    }

    fn write(&self, method: &str, params: &Value) {
        let line = json!({"__dagster_pipes_version": VERSION, "method": method, "params": params});
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&self.messages);
        // The run continues: its results are in its store, and its exit code shows how it ended.
        if let Err(error) = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())) {
            warn(&format!("can't write to {}: {error}", self.messages.display()));
        }
    }
}

fn warn(message: &str) {
    log::line("WARN", &format!("warning: this run is not reported to Dagster: {message}"), Map::new());
}

/// What the log of a step without assets shows of a run.
fn text(summary: &Value) -> String {
    let cost = summary["cost"]["total_usd"].as_str().map_or_else(|| "unknown".to_owned(), |cost| format!("{cost} USD"));
    format!("docmill: {} pages, cost {cost}", summary["pages"]["total"])
}

/// What an asset shows of a run.
fn metadata(summary: &Value) -> Value {
    let value = |value: &Value, kind: &str| match value {
        Value::Null => json!({"raw_value": null, "type": "null"}),
        value => json!({"raw_value": value, "type": kind}),
    };
    let mut metadata = Map::new();
    metadata.insert("run_id".into(), value(&summary["run_id"], "text"));
    metadata.insert("outcome".into(), value(&summary["outcome"], "text"));
    for (name, count) in summary["pages"].as_object().into_iter().flatten() {
        metadata.insert(format!("pages_{name}"), value(count, "int"));
    }
    metadata.insert("input_tokens".into(), value(&summary["tokens"]["input"], "int"));
    metadata.insert("output_tokens".into(), value(&summary["tokens"]["output"], "int"));
    // Dagster draws numbers over time.
    let cost = summary["cost"]["total_usd"].as_str().and_then(|text| text.parse::<f64>().ok());
    metadata.insert("cost_usd".into(), value(&json!(cost), "float"));
    for output in summary["outputs"].as_array().into_iter().flatten() {
        let format = output["format"].as_str().unwrap_or_default();
        metadata.insert(format!("output_{format}"), value(&output["path"], "path"));
    }
    Value::Object(metadata)
}

/// A parameter of the protocol: JSON, compressed by zlib, in base64.
fn decode(text: &str) -> Result<Value, String> {
    let bytes = base64_simd::STANDARD.decode_to_vec(text.trim().as_bytes()).map_err(|error| error.to_string())?;
    let mut json = String::new();
    let mut reader = flate2::read::ZlibDecoder::new(bytes.as_slice()).take(MAX_BYTES);
    reader.read_to_string(&mut json).map_err(|error| error.to_string())?;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}

fn read_json(path: &Path) -> Result<Value, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(value: &Value) -> String {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(value.to_string().as_bytes()).unwrap();
        base64_simd::STANDARD.encode_to_string(encoder.finish().unwrap())
    }

    #[test]
    fn parameters_are_read_as_dagster_writes_them() {
        let messages = encode(&json!({"path": "/tmp/messages"}));
        let context = encode(&json!({"data": {"asset_keys": ["pages", "labels"], "run_id": "r"}}));
        let pipes = DagsterPipes::read(&context, &messages).unwrap();
        assert_eq!(
            (pipes.messages, pipes.assets),
            (PathBuf::from("/tmp/messages"), vec!["pages".into(), "labels".into()])
        );
        let op = encode(&json!({"data": {"asset_keys": null}}));
        assert!(DagsterPipes::read(&op, &messages).unwrap().assets.is_empty());
        for (context, messages, error) in [
            (context.as_str(), encode(&json!({"stdio": "stderr"})), "not stdio"),
            ("%%%", messages.clone(), CONTEXT),
            (&encode(&json!({"path": "/nowhere"})), messages.clone(), "/nowhere"),
            (&context, "AAAA".into(), MESSAGES),
        ] {
            let found = DagsterPipes::read(context, &messages).unwrap_err();
            assert!(found.contains(error), "{found}");
        }
    }

    #[test]
    fn an_unknown_price_is_not_a_number() {
        let summary = json!({"pages": {"ok": 3}, "cost": {"total_usd": null}, "outputs": []});
        assert_eq!(
            text(&json!({"pages": {"total": 3}, "cost": {"total_usd": null}})),
            "docmill: 3 pages, cost unknown"
        );
        assert_eq!(
            text(&json!({"pages": {"total": 3}, "cost": {"total_usd": "0.25"}})),
            "docmill: 3 pages, cost 0.25 USD"
        );
        let metadata = metadata(&summary);
        assert_eq!(metadata["cost_usd"], json!({"raw_value": null, "type": "null"}));
        assert_eq!(metadata["pages_ok"], json!({"raw_value": 3, "type": "int"}));
    }
}
