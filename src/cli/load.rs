//! A job from the command line: manifest, tasks, provider, run id.

use super::args::JobArgs;
use super::env;
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use crate::ask::Transport;
use crate::clock::{Clock, SystemClock};
use crate::hooks::NoHooks;
use crate::manifest::{self, Endpoint, Job, SimulatorSpec};
use crate::pipeline::Environment;
use crate::random::mix;
use crate::simulator::{Options, Server};
use crate::task::{Question, compile};
use std::path::PathBuf;
use std::sync::Arc;

/// A job that is ready to be used.
pub(super) struct Loaded {
    pub(super) job: Job,
    pub(super) questions: Arc<[Question]>,
}

/// Loads a manifest and compiles its tasks.
pub(super) fn load(args: &JobArgs) -> Result<Loaded, Failure> {
    load_from(&args.job, &args.vars, args.store.as_ref())
}

pub(super) fn load_from(
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
    let questions = compile(&job.tasks).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::new(WRONG_INPUT, lines.join("\nerror: "))
    })?;
    Ok(Loaded { job, questions: questions.into() })
}

/// The provider of a job; the simulator runs while this lives.
pub(super) struct Provider {
    pub(super) environment: Environment,
    _simulator: Option<Server>,
}

/// Reaches the provider, which for a simulator means starting it.
pub(super) fn provider(job: &Job) -> Result<Provider, Failure> {
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
    let transport =
        Transport::new(env::transport_options(job, &base_url)).map_err(|error| Failure::new(WRONG_INPUT, error))?;
    let clock = Arc::new(SystemClock::new());
    let (run_id, seed) = run_id(&*clock);
    let environment = Environment { clock, hooks: Arc::new(NoHooks), seed, run_id, transport };
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
    let digits: String = crate::units::rfc3339(wall_ms).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    (format!("{digits}-{:06x}", seed & 0xff_ffff), seed)
}
