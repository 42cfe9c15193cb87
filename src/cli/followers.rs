//! Programs that follow a run or a merge: an OpenLineage server, and the Dagster step that started it.

use super::caller_args::LineageArgs;
use super::dagster_pipes::DagsterPipes;
use super::exit::Failure;
use super::lineage::Lineage;
use crate::session::{Environment, RunReport, Session};
use std::sync::{Mutex, PoisonError};

/// What follows a run. Each is notified of its end once.
pub(crate) struct Followers {
    state: Mutex<FollowerState>,
}

struct FollowerState {
    lineage: Option<Lineage>,
    dagster: Option<DagsterPipes>,
}

impl Followers {
    /// Those whom the arguments and the environment name.
    pub(crate) fn new(args: &LineageArgs, environment: &Environment) -> Self {
        let followers = Self::of_environment(environment);
        followers.lock().lineage = Lineage::of_arguments(args, environment.clone());
        followers
    }

    /// Those whom the environment names, of a run whose arguments are wrong.
    pub(crate) fn of_environment(environment: &Environment) -> Self {
        let dagster = DagsterPipes::of_environment(environment);
        if let Some(dagster) = &dagster {
            dagster.open();
        }
        Self { state: Mutex::new(FollowerState { lineage: None, dagster }) }
    }

    /// The run begins.
    pub(crate) fn begin(&self, session: &Session) {
        if let Some(lineage) = &mut self.lock().lineage {
            lineage.begin(session);
        }
    }

    /// The run ended with a report.
    pub(crate) fn end(&self, report: &RunReport) {
        let FollowerState { lineage, dagster } = self.take_state();
        let summary = report.to_json();
        let error = report.error();
        if let Some(mut lineage) = lineage {
            lineage.end(&summary, error.as_ref().map(|error| error.message()));
        }
        match (dagster, error) {
            (Some(dagster), Some(error)) => dagster.fail(error.outcome(), error.message()),
            (Some(dagster), None) => dagster.succeed(&summary),
            (None, _) => {}
        }
    }

    /// The run ended without a report, or has reported its end already.
    pub(crate) fn fail(&self, failure: &Failure) {
        let FollowerState { lineage, dagster } = self.take_state();
        if let Some(lineage) = lineage {
            lineage.fail(failure.message());
        }
        if let Some(dagster) = dagster {
            dagster.fail(failure.outcome(), failure.message());
        }
    }

    fn take_state(&self) -> FollowerState {
        let mut state = self.lock();
        FollowerState { lineage: state.lineage.take(), dagster: state.dagster.take() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FollowerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
