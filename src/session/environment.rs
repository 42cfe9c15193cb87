//! What a session is given by the process that it runs in: environment variables, and the program
//! that decodes pages.

use super::error::{Error, WRONG_INPUT};
use crate::base::shard::Shard;
use crate::prepare::{DecoderCommand, serve};
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The argument that starts a program as a decoder process.
pub(crate) const DECODER_ARGUMENT: &str = "decode-pages";

/// The variable with the number of a shard.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// The variable with the number of shards.
const COUNT_VARIABLE: &str = "DOCMILL_SHARDS";

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What a session is given by the process that it runs in.
#[derive(Clone)]
pub struct Environment {
    variables: Arc<Lookup>,
    decoder: DecoderCommand,
}

impl Environment {
    /// The environment of this process. Pages are decoded in further processes of this program,
    /// which therefore calls [`serve_decoder`] first.
    #[must_use]
    pub fn of_process() -> Self {
        Self { variables: Arc::new(variable), decoder: own_decoder() }
    }

    /// The same with other variables. They hold API keys and the values of `${NAME}` in manifests.
    #[must_use]
    pub fn with_variables(self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { variables: Arc::new(lookup), ..self }
    }

    /// The same with another program that decodes pages: the path of a `docmill` program.
    #[must_use]
    pub fn with_decoder(self, program: PathBuf) -> Self {
        let decoder = DecoderCommand::new(program, vec![DECODER_ARGUMENT.to_owned()]);
        Self { decoder: decoder.with_search_path(variable("PATH")), ..self }
    }

    /// The value of a variable, when it is set and UTF-8.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    /// The shard that the process runs by its variables: `JOB_COMPLETION_INDEX`, which Kubernetes gives the
    /// pods of an indexed Job, of `DOCMILL_SHARDS`.
    ///
    /// # Errors
    /// When one of them is not set, or they are not a shard.
    pub fn shard(&self) -> Result<Shard, Error> {
        let value = |name: &str| {
            let value = self.variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            value.ok_or_else(|| {
                Error::new(WRONG_INPUT, format!("--shard auto: the environment variable {name} is not set"))
                    .with_hint("JOB_COMPLETION_INDEX holds the shard, from 0, and DOCMILL_SHARDS the number of shards; or give --shard I/N")
            })
        };
        let text = format!("{}/{}", value(INDEX_VARIABLE)?, value(COUNT_VARIABLE)?);
        Shard::parse(&text).map_err(|fault| {
            Error::new(
                WRONG_INPUT,
                format!("--shard auto: {INDEX_VARIABLE} and {COUNT_VARIABLE} are set to {text}: {fault}"),
            )
        })
    }

    /// How a decoder process is started.
    pub(crate) fn decoder(&self) -> &DecoderCommand {
        &self.decoder
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables may hold secrets.
        f.debug_struct("Environment").field("decoder", &self.decoder.program).finish_non_exhaustive()
    }
}

/// Decodes pages and returns the exit code, when a session has started this process for that.
/// Pages are decoded in separate processes, because a hostile file may crash or block a decoder.
///
/// Call it first in `main`, and return what it returns. `None`: this is an ordinary start.
#[must_use]
pub fn serve_decoder() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != DECODER_ARGUMENT || arguments.next().is_some() {
        return None;
    }
    Some(match decode() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// Decodes pages for the session that has started this process.
///
/// # Errors
/// When its pipe breaks.
pub(crate) fn decode() -> std::io::Result<()> {
    // A signal to all processes of a service would end the decoder before its run, and a page would
    // be blamed for that. It ends when its run does.
    let _ignored = ignore_signals();
    serve(std::io::stdin().lock(), std::io::stdout().lock())
}

/// Ignores signals as long as the returned value lives, where the system allows it.
#[cfg(unix)]
fn ignore_signals() -> Option<impl Sized> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let listening = {
        let _guard = runtime.enter();
        kinds.map(|kind| signal(kind).ok())
    };
    Some((runtime, listening))
}

/// Signals are not ignored on this system.
#[cfg(not(unix))]
fn ignore_signals() -> Option<()> {
    None
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// This program, under a name that stays valid when its file is replaced while it runs.
fn own_decoder() -> DecoderCommand {
    let own = PathBuf::from("/proc/self/exe");
    let program = match cfg!(target_os = "linux") && own.exists() {
        true => own,
        // Without a path the name is looked up.
        false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("docmill")),
    };
    DecoderCommand::new(program, vec![DECODER_ARGUMENT.to_owned()]).with_search_path(variable("PATH"))
}
