//! The inputs of the asking stage, in addition to the run.

use super::admission::Admission;
use super::overdue::BudgetHolders;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::identity::endpoint_id;
use crate::pipeline::model::calibrations::Calibrations;
use crate::pipeline::model::endpoint_facts::{endpoint_calibrations, endpoint_capabilities};
use crate::provider::{DialectName, EndpointSetup, Exchange, HttpClient, ModelEndpoint, PageRequest};
use crate::store::{AttemptCharge, Reader, StoreError};
use std::rc::Rc;

/// The asking stage of a run: one endpoint, and admission to it. Lives on one thread.
pub(crate) struct Asking<'a> {
    /// The run.
    pub(crate) run: &'a RunContext,
    /// The model that is asked.
    pub(crate) endpoint: Rc<ModelEndpoint>,
    /// Lets requests out.
    pub(crate) admission: Admission,
    /// Who else holds reservations of the budget.
    pub(crate) budget_holders: BudgetHolders,
    /// What other processes are doing is read with it: opening a connection would block the thread.
    pub(crate) reader: Reader,
    /// What the store had of the endpoint's bills when the run began.
    pub(crate) calibrations: Calibrations,
    /// Watches replies and attempts.
    pub(crate) observer: &'a dyn Observer,
}

/// Watches the requests, for `docmill try`.
pub trait Observer {
    /// A part of a reply's text arrived.
    fn on_text(&self, text: &str) {
        let _ = text;
    }

    /// An attempt ended.
    fn on_exchange(&self, request: &PageRequest, exchange: &Exchange, charge: &AttemptCharge) {
        let _ = (request, exchange, charge);
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

impl<'a> Asking<'a> {
    /// The asking stage of a run.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(
        run: &'a RunContext,
        client: &HttpClient,
        observer: &'a dyn Observer,
    ) -> Result<Self, StoreError> {
        let (job, keys) = (&run.job, &run.identity.keys);
        let calibrations = endpoint_calibrations(job, keys.calibration.as_deref())?;
        let limits = &job.limits;
        let endpoint = Rc::new(ModelEndpoint::new(EndpointSetup {
            id: endpoint_id(job),
            client: client.clone(),
            dialect: DialectName::OpenAi,
            clock: run.clock.clone(),
            model: job.provider.model.clone(),
            request: job.request.clone(),
            image: job.image,
            limits: job.limits.clone(),
            retry: job.retry,
            price: job.price(),
            capabilities: endpoint_capabilities(job, keys.capabilities.as_deref())?,
            calibration: calibrations.for_detail(job.image.detail),
        }));
        let admission = Admission::new(run, endpoint.clone(), limits.budget.is_some());
        let budget_holders = BudgetHolders::default();
        let reader = run.store.reader()?;
        Ok(Self { run, endpoint, admission, budget_holders, reader, calibrations, observer })
    }
}
