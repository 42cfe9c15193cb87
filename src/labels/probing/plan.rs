//! Which pages are asked once more, and what that costs.

use super::kind::ProbeKind;
use crate::base::ids::PageId;
use crate::base::lowest::Lowest;
use crate::base::money::Pico;
use crate::base::units::counted;
use crate::labels::evaluation::observation::model_answer;
use crate::manifest::Job;
use crate::pipeline::{
    PipelineError, ProbePage, ProbeSample, draw_key, is_probe_open, probe_outcomes, read_pages, sample_answered_pages,
};
use crate::report::format_usd;
use crate::select::Filter;
use crate::store::Reader;
use crate::task::Question;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// Which pages are to be asked once more.
#[derive(Clone, Debug)]
pub struct ProbeQuery {
    /// How they are asked.
    pub kind: ProbeKind,
    /// The size of the sample.
    pub sample: u64,
    /// Only pages whose rows of the model's answers match this expression.
    pub filter: Option<String>,
    /// Only these tasks are compared, of pages with an answer to one of them; empty: all. Requests have all tasks.
    pub tasks: Vec<String>,
}

/// Which pages are asked once more, and what that costs.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    job: String,
    pub(crate) kind: ProbeKind,
    pub(crate) pages: Vec<ProbePage>,
    pub(crate) variants: Vec<Arc<[Question]>>,
    /// The positions of the tasks that are compared.
    pub(crate) tasks: Vec<usize>,
    /// Requests that are left to be sent: the store has no answers for them.
    requests: u64,
    /// What they are expected to cost; `None`: the price is unknown.
    expected: Option<Pico>,
}

impl ProbePlan {
    /// A plan over a sample of the pages with answers. `filter`: the expression of the query. `at_ms`: wall time in
    /// milliseconds, for the price.
    ///
    /// # Errors
    /// When there is no run of the job in the store, the store can't be read, or the query does not fit the job.
    pub(crate) fn new(
        reader: &Reader,
        job: &Job,
        questions: &[Question],
        query: &ProbeQuery,
        filter: Option<&Filter>,
        at_ms: i64,
    ) -> Result<Self, PipelineError> {
        let kind = query.kind;
        let tasks = choose_tasks(questions, query)?;
        let variants = kind.variants(job, questions)?;
        let among = filter.map(|filter| matching_pages(reader, job, questions, (query.sample, &tasks), filter));
        let among = among.transpose()?;
        let sample = ProbeSample { count: query.sample, tasks: &tasks, among: among.as_ref() };
        let pages = sample_answered_pages(reader, job, questions, sample, at_ms)?;
        // Pages with an unknown cost, such as those that share an answer, count with the cost of the others.
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
        Ok(Self { job: job.name.clone(), kind, pages, variants, tasks, requests, expected })
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

    /// What they are expected to cost in US dollars, as exact decimal text; `None`: the price is unknown.
    #[must_use]
    pub fn expected_usd(&self) -> Option<String> {
        self.expected.map(|expected| expected.to_string())
    }

    /// What would be sent, and what it costs, in one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let pages = counted(self.pages(), "page");
        if self.requests == 0 {
            return format!("{pages}: all answers are in the store, nothing is sent");
        }
        let cost = match self.expected {
            Some(usd) => format!("about {}, what these pages cost before", format_usd(usd)),
            None => "the price is unknown".to_owned(),
        };
        format!("{} for {pages}: {cost}", counted(self.requests, "request"))
    }

    /// The same as JSON. Money is an exact decimal string, or null if the price is unknown.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"job": self.job, "pages": self.pages(), "requests": self.requests, "expected_usd": self.expected_usd()})
    }
}

/// The positions of the tasks that are compared.
fn choose_tasks(questions: &[Question], query: &ProbeQuery) -> Result<Vec<usize>, PipelineError> {
    let mut tasks: Vec<usize> = Vec::new();
    for name in &query.tasks {
        let Some(at) = questions.iter().position(|question| question.name == *name) else {
            let known: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
            let message = format!("--task {name}: the job has no such task; tasks: {}", known.join(", "));
            return Err(PipelineError::Input(message));
        };
        if !query.kind.measures(&questions[at].shape) {
            let message = format!("--task {name}: its answers are not labels, so `--rotate` does not apply");
            return Err(PipelineError::Input(message));
        }
        tasks.push(at);
    }
    tasks.sort_unstable();
    tasks.dedup();
    if tasks.is_empty() {
        let measured = questions.iter().enumerate().filter(|(_, question)| query.kind.measures(&question.shape));
        tasks = measured.map(|(at, _)| at).collect();
    }
    Ok(tasks)
}

/// The pages with the lowest keys of those that match and have an answer: enough for a sample of `count`.
fn matching_pages(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    (count, tasks): (u64, &[usize]),
    filter: &Filter,
) -> Result<HashSet<PageId>, PipelineError> {
    let mut lowest = Lowest::new(count);
    read_pages(reader, job, questions, &mut |page| {
        let Some(id) = page.record.id else { return };
        let is_answered = |at: &usize| model_answer(&page.record, *at).is_ok();
        // A human answer must not decide which pages are asked.
        if tasks.iter().any(is_answered) && filter.matches(&page.model_row) {
            lowest.offer(draw_key(&id), id);
        }
    })?;
    Ok(lowest.into_things().collect())
}
