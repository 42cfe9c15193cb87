//! A job from the command line: manifest, tasks, provider, run id.

use super::args::JobArgs;
use super::env;
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use crate::base::clock::{Clock, SystemClock};
use crate::base::hooks::NoHooks;
use crate::base::random::mix;
use crate::manifest;
use crate::manifest::{Endpoint, Job, Place, SimulatorSpec};
use crate::pipeline::{Environment, PipelineError};
use crate::prepare::DecoderCommand;
use crate::provider::HttpClient;
use crate::simulator::{Options, Server};
use crate::source::columns;
use crate::task::{Question, compile};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// A job that is ready to be used.
pub(crate) struct Loaded {
    pub(crate) job: Job,
    pub(crate) questions: Arc<[Question]>,
}

/// Loads a manifest and compiles its tasks.
pub(crate) fn load(args: &JobArgs) -> Result<Loaded, Failure> {
    load_from(&args.job, &args.vars, args.store.as_ref())
}

/// As [`load`], for commands that read the input: a list on standard input is taken in.
pub(crate) fn load_with_input(args: &JobArgs) -> Result<Loaded, Failure> {
    let mut loaded = load(args)?;
    if let Place::Given(paths) = &mut loaded.job.input.place {
        *paths = standard_input()?.into();
    }
    Ok(loaded)
}

pub(crate) fn load_from(
    path: &std::path::Path,
    vars: &[(String, String)],
    store: Option<&PathBuf>,
) -> Result<Loaded, Failure> {
    let variables = env::Variables::new(vars);
    let mut job = manifest::load(path, &|name| variables.get(name))?;
    if let Some(name) = variables.unused() {
        let message = format!("--var {name}: the manifest has no ${{{name}}}");
        return Err(Failure::new(WRONG_INPUT, message).with_hint("variables are written ${NAME} in the manifest"));
    }
    if let Some(store) = store {
        job.store.clone_from(store);
    }
    let columns = columns(&job.input).map_err(|error| Failure::from(PipelineError::from(error)))?;
    if let Some(column) = columns.iter().find(|column| job.tasks.iter().any(|task| task.name == column.name)) {
        let message = format!("the list carries a column `{}`, and a task is called so too", column.name);
        return Err(
            Failure::new(WRONG_INPUT, message).with_hint("rename one, or name the columns to carry in input.carry")
        );
    }
    let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let questions = compile(&job.tasks, &columns).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::new(WRONG_INPUT, lines.join("\nerror: "))
    })?;
    Ok(Loaded { job, questions: questions.into() })
}

/// The store that a command is about: the manifest's, or the one named, or the usual place.
pub(crate) fn store_path(job: Option<&Job>, named: Option<&PathBuf>) -> PathBuf {
    match (job, named) {
        (Some(job), _) => job.store.clone(),
        (None, Some(named)) => named.clone(),
        (None, None) => PathBuf::from(".docmill/store.db"),
    }
}

/// Most bytes of paths that are read from standard input.
const MOST_INPUT_BYTES: u64 = 1 << 30;

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MOST_INPUT_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(Failure::new(WRONG_INPUT, format!("can't read the list from standard input: {error}"))),
        Ok(_) if bytes.len() as u64 > MOST_INPUT_BYTES => {
            Err(Failure::new(WRONG_INPUT, format!("the list on standard input has more than {MOST_INPUT_BYTES} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}

/// The command that starts a decoder process: this program, under a name that stays good
/// when its file is replaced while it runs.
pub(crate) fn decoder() -> Result<DecoderCommand, Failure> {
    let own = std::path::Path::new("/proc/self/exe");
    let program = match cfg!(target_os = "linux") && own.exists() {
        true => own.to_owned(),
        false => std::env::current_exe()
            .map_err(|error| Failure::new(INTERNAL, format!("can't tell where this program is: {error}")))?,
    };
    Ok(DecoderCommand { program, arguments: vec![super::args::DECODE.to_owned()] })
}

/// The provider of a job; the simulator runs while this lives.
pub(crate) struct Provider {
    pub(crate) environment: Environment,
    _simulator: Option<Server>,
}

/// Reaches the provider, which for a simulator means starting it.
pub(crate) fn provider(job: &Job) -> Result<Provider, Failure> {
    let missing = env::missing_secrets(job);
    if !missing.is_empty() {
        let message = format!("the environment variable {} is not set", missing.join(", "));
        return Err(
            Failure::new(WRONG_INPUT, message).with_hint("provider.api_key_env names the variable that holds the key")
        );
    }
    let (base_url, simulator) = match &job.provider.endpoint {
        Endpoint::Remote { base_url } => (base_url.clone(), None),
        Endpoint::Simulator(spec) => {
            let server = Server::start(simulator_options(spec))
                .map_err(|error| Failure::new(INTERNAL, format!("can't start the simulator: {error}")))?;
            (server.base_url(), Some(server))
        }
    };
    let options = env::client_options(job, &base_url).map_err(|error| Failure::new(WRONG_INPUT, error))?;
    let client = HttpClient::new(options).map_err(|error| Failure::new(WRONG_INPUT, error))?;
    let clock = Arc::new(SystemClock::new());
    let (run_id, seed) = run_id(&*clock);
    let environment = Environment { clock, hooks: Arc::new(NoHooks), seed, run_id, client, decoder: decoder()? };
    Ok(Provider { environment, _simulator: simulator })
}

fn simulator_options(spec: &SimulatorSpec) -> Options {
    Options {
        latency: spec.latency,
        seed: spec.seed.into(),
        faults: spec.faults,
        requests_per_minute: spec.requests_per_minute.map(Into::into),
        tokens_per_minute: spec.tokens_per_minute,
        ..Options::default()
    }
}

/// A run's id, such as `20261123T131805-3f9a1c`, and a seed: by time and process.
fn run_id(clock: &dyn Clock) -> (String, u64) {
    let wall_ms = clock.wall_ms();
    let seed = mix(wall_ms.cast_unsigned() ^ u64::from(std::process::id()) << 40);
    let digits: String =
        crate::base::units::rfc3339(wall_ms).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    (format!("{digits}-{:06x}", seed & 0xff_ffff), seed)
}
