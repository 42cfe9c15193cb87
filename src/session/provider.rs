//! The way to a job's provider: the HTTP client with its keys, or the built-in simulator.

use super::environment::Environment;
use super::error::{Error, INTERNAL, WRONG_INPUT};
use super::open_files::OpenFiles;
use super::secrets::{client_options, missing_secrets};
use crate::manifest::{Endpoint, Job, SimulatorSpec};
use crate::provider::HttpClient;
use crate::simulator::{Options, Server};

/// The way to a job's provider. A simulator runs while this lives.
pub(crate) struct ConnectedProvider {
    /// The HTTP client.
    pub(crate) client: HttpClient,
    /// What the limit on open files leaves for connections.
    pub(crate) open_files: OpenFiles,
    _simulator: Option<Server>,
}

impl ConnectedProvider {
    /// Reaches a job's provider: reads its keys, and starts the simulator if the job uses it.
    ///
    /// # Errors
    /// When a key is missing, or the simulator can't be started.
    pub(crate) fn connect(job: &Job, environment: &Environment) -> Result<Self, Error> {
        let missing = missing_secrets(job, environment);
        if !missing.is_empty() {
            return Err(Error::new(WRONG_INPUT, missing.join("; "))
                .with_hint("provider.api_key_env, and `env` in provider.headers and provider.query, name variables that hold secrets"));
        }
        let (base_url, simulator) = match &job.provider.endpoint {
            Endpoint::Remote { base_url } => (base_url.clone(), None),
            Endpoint::Simulator(spec) => {
                let server = Server::start(simulator_options(spec))
                    .map_err(|error| Error::new(INTERNAL, format!("can't start the simulator: {error}")))?;
                (server.base_url(), Some(server))
            }
        };
        let options = client_options(job, environment, &base_url).map_err(|error| Error::new(WRONG_INPUT, error))?;
        let client = HttpClient::new(options).map_err(|error| Error::new(WRONG_INPUT, error))?;
        let open_files = OpenFiles::raise(simulator.is_some());
        open_files
            .check()
            .map_err(|message| Error::new(WRONG_INPUT, message).with_hint("raise the limit: ulimit -n 1024"))?;
        let client = client.with_max_connections(open_files.max_connections(job.limits.concurrency.max()));
        Ok(Self { client, open_files, _simulator: simulator })
    }
}

fn simulator_options(spec: &SimulatorSpec) -> Options {
    Options {
        profile: spec.profile,
        latency: spec.latency,
        seed: spec.seed.into(),
        faults: spec.faults,
        requests_per_minute: spec.requests_per_minute.map(Into::into),
        tokens_per_minute: spec.tokens_per_minute,
        ..Options::default()
    }
}
