//! Which pages are asked once more, and what that costs.

use super::kind::ProbeKind;
use crate::base::money::Pico;
use crate::manifest::Job;
use crate::pipeline::{PipelineError, ProbePage, is_probe_open, probe_outcomes, sample_answered_pages};
use crate::store::Reader;
use crate::task::Question;
use std::sync::Arc;

/// Which pages are asked once more, and what that costs.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    pub(crate) kind: ProbeKind,
    pub(crate) pages: Vec<ProbePage>,
    pub(crate) variants: Vec<Arc<[Question]>>,
    /// Requests that are left to be sent: the store has no answers for them.
    requests: u64,
    /// What they are expected to cost; `None`: the price is unknown.
    expected: Option<Pico>,
}

impl ProbePlan {
    /// A plan over a sample of the pages with answers. `at_ms`: wall time in milliseconds, for the price.
    ///
    /// # Errors
    /// When there is no run of the job in the store, or the store can't be read.
    pub(crate) fn new(
        reader: &Reader,
        job: &Job,
        questions: &[Question],
        kind: ProbeKind,
        sample: u64,
        at_ms: i64,
    ) -> Result<Self, PipelineError> {
        let pages = sample_answered_pages(reader, job, questions, sample, at_ms)?;
        let variants = kind.variants(job, questions)?;
        // Pages whose cost is not known, such as those that share an answer, cost as much as the others.
        let known: Vec<Pico> = pages.iter().filter_map(|page| page.cost).collect();
        let mean = known.iter().copied().sum::<Pico>().split(known.len().max(1)).next();
        let mean = mean.filter(|_| !known.is_empty());
        let (mut requests, mut expected) = (0, job.price().map(|_| Pico::ZERO));
        for page in &pages {
            for variant in &variants {
                if is_probe_open(&probe_outcomes(reader, job, variant, page)?) {
                    requests += 1;
                    expected = expected.zip(page.cost.or(mean)).map(|(sum, cost)| sum + cost);
                }
            }
        }
        Ok(Self { kind, pages, variants, requests, expected })
    }

    /// The number of pages in the sample.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.pages.len() as u64
    }

    /// The number of requests that are left to be sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// What they are expected to cost in US dollars, as decimal text; `None`: the price is unknown.
    #[must_use]
    pub fn expected_usd(&self) -> Option<String> {
        self.expected.map(|expected| expected.to_string())
    }
}
