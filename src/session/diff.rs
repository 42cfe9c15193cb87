//! What a change of the manifest changes: the same pages with earlier and later answers.

use super::diff_query::{DiffQuery, DiffSide};
use super::diff_sides::Sides;
use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::evaluation::draw_page;
use super::job::Job;
use crate::base::clock::{Clock, SystemClock};
use crate::base::money::Pico;
use crate::base::units::counted;
use crate::labels::comparison::{self, CompareOptions, Comparison};
use crate::labels::evaluation::TruthChoice;
use crate::labels::evaluation::truth_source::TruthSource;
use crate::manifest::Output;
use crate::pipeline::{self, PipelineError, ProbePage, row_columns, stored_job};
use crate::report::format_usd;
use serde_json::{Value, json};
use std::sync::Arc;

/// Pages of a sample to ask, and their price.
#[derive(Clone, Debug)]
pub struct DiffAsking {
    /// The job that asks them. Its answers are stored under their own recipes, and it writes no output.
    pub job: Job,
    /// Number of pages of the sample.
    pub pages: u64,
    /// The expected cost of the pages to ask; `None`: unknown.
    pub cost: Option<Pico>,
    /// The expected cost of asking every page of the job; `None`: unknown.
    pub full_cost: Option<Pico>,
    /// If the expected cost is unknown: the lowest and the highest cost of the pages to ask, and of every page of the
    /// job. `None`: the price is unknown.
    bounds: Option<[[Pico; 2]; 2]>,
    /// The budget, and its spent or reserved part; `None`: no budget.
    budget: Option<(Pico, Pico)>,
    /// The pages without a later answer.
    to_ask: Vec<ProbePage>,
    /// The name of the job whose pages they are.
    job_name: String,
}

impl DiffAsking {
    /// How many pages of the sample have no later answer yet.
    #[must_use]
    pub fn to_ask(&self) -> u64 {
        self.to_ask.len() as u64
    }

    /// What asking the sample would cost, as one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let usd = |cost: Option<Pico>, at: usize| match (cost, self.bounds) {
            (Some(cost), _) => format!("about {}", format_usd(cost)),
            (None, Some(bounds)) => bounds[at].map(format_usd).join(" to "),
            (None, None) => "an unknown price".to_owned(),
        };
        let sample = counted(self.pages, "page");
        let full = usd(self.full_cost, 1);
        match self.to_ask() {
            0 => format!(
                "every page of the sample of {sample} is answered: nothing would be sent; a full run would cost {full}"
            ),
            count => format!(
                "{} would be sent for the sample of {sample}, for {}; a full run would cost {full}",
                counted(count, "request"),
                usd(self.cost, 0)
            ),
        }
    }

    /// The same as JSON. Money is an exact decimal string, or null if the price is unknown.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let usd = |cost: Option<Pico>| cost.map(|cost| cost.to_string());
        let mut members = json!({
            "job": self.job_name, "pages": self.pages, "requests": self.to_ask(),
            "expected_usd": usd(self.cost), "full_usd": usd(self.full_cost),
        });
        if let (None, Some([[low, high], _]), Some(members)) = (self.cost, self.bounds, members.as_object_mut()) {
            members.insert("low_usd".into(), low.to_string().into());
            members.insert("high_usd".into(), high.to_string().into());
        }
        members
    }

    pub(crate) fn pages_to_ask(&self) -> &[ProbePage] {
        &self.to_ask
    }

    /// Checks that the budget allows what the pages are expected to cost, or, if that is unknown, what they may cost at
    /// most. The run itself reserves the worst case.
    ///
    /// # Errors
    /// When it does not: with the exit code of a reached budget.
    pub fn check_budget(&self) -> Result<(), Error> {
        let greatest = self.bounds.map(|[[_, greatest], _]| greatest);
        let Some(((limit, spent), cost)) = self.budget.zip(self.cost.or(greatest)) else { return Ok(()) };
        let left = (limit - spent).max(Pico::ZERO);
        if cost <= left {
            return Ok(());
        }
        let costs = if self.cost.is_some() { "costs about" } else { "may cost" };
        Err(Error::of_budget(format!(
            "the sample {costs} USD {cost}, and of the budget of USD {limit} only USD {left} is left: nothing was sent"
        ))
        .with_hint("raise limits.budget_usd or give --budget-usd, or ask a smaller sample"))
    }
}

/// A comparison of answers.
pub struct DiffReport {
    comparison: Comparison,
    job: Job,
    environment: Environment,
}

/// The pages of a sample to ask; `None`: no sample was requested.
///
/// # Errors
/// When the store can't be read, a side does not exist, or the cost of another model is unknown.
pub(crate) fn prepare_diff(
    job: &Job,
    environment: &Environment,
    query: &DiffQuery,
) -> Result<Option<DiffAsking>, Error> {
    let Some(count) = query.sample else { return Ok(None) };
    if job.reads_standard_input() {
        return Err(Error::new(
            WRONG_INPUT,
            "the pages of the job come from standard input, so no sample of them can be asked",
        )
        .with_hint("run the other manifest on the same list, and compare without --sample"));
    }
    let sides = Sides::open(job, query)?;
    let sample = sides.sample(job, query, count)?;
    let (to_ask, all_pages) = sides.unanswered(job, &sample)?;
    if let DiffSide::Job { job: other, is_other_model: true, .. } = &query.against
        && other.manifest.price().is_none()
        && !to_ask.is_empty()
    {
        let message = format!("the price of the model `{}` is unknown: nothing was sent", other.model());
        return Err(Error::new(WRONG_INPUT, message).with_hint(
            "give it with --price INPUT,OUTPUT in USD per million tokens of prompts and of replies, such as --price 0.15,0.60; 0,0 if it is free",
        ));
    }
    let full_run = sides.full_run(environment)?;
    // If the image tokens of a model are unknown, those of before are the best estimate: of the pages that have some.
    let by_tokens = || -> Option<(Pico, u64)> {
        let known: Vec<Pico> = to_ask.iter().filter_map(|page| page.cost).collect();
        let sum: Pico = known.iter().copied().sum();
        (!known.is_empty()).then(|| (sum.of_pages(all_pages, known.len() as u64), all_pages))
    };
    let expected = full_run.as_ref().and_then(|run| Some((run.expected?, run.pages)));
    let full_cost = expected.or_else(by_tokens);
    let count = to_ask.len() as u64;
    let cost = match count {
        0 => Some(Pico::ZERO),
        count => full_cost.map(|(cost, all)| cost.of_pages(count, all)),
    };
    let bounds = full_run.and_then(|run| Some((run.bounds?, run.pages)));
    let bounds = bounds.map(|(full, all)| [full.map(|cost| cost.of_pages(count, all)), full]);
    let budget = sides.budget(SystemClock::new().wall_ms())?;
    let mut asked = sides.new_job;
    // The sample takes the place of no output. Batches would take up to a day.
    asked.manifest.output = Output::default();
    asked.manifest.is_batch = false;
    let full_cost = full_cost.map(|(cost, _)| cost);
    let job_name = job.name().to_owned();
    Ok(Some(DiffAsking { job: asked, pages: sample.len() as u64, cost, full_cost, bounds, budget, to_ask, job_name }))
}

/// Compares the stored answers.
///
/// # Errors
/// When the store can't be read, a side does not exist, or the truth can't be used.
pub(crate) fn diff(job: &Job, environment: &Environment, query: &DiffQuery) -> Result<DiffReport, Error> {
    let sides = Sides::open(job, query)?;
    let carried = row_columns(&job.manifest, &job.questions)?;
    let (old, new) = (sides.old_side(job, &carried)?, sides.new_side(&carried)?);
    let filter = sides.filter(&old, query)?;
    let sample = query.sample.map(|count| sides.sample(job, query, count)).transpose()?;
    let costs = sides.costs(job, SystemClock::new().wall_ms());
    let options = CompareOptions {
        filter: filter.as_ref(),
        pages: sample.as_ref(),
        tasks: &query.tasks,
        costs: (&costs.0, &costs.1),
    };
    // In one spelling, as draws have it.
    let selection = filter.as_ref().map(ToString::to_string);
    let all: Vec<&str> = job.questions.iter().map(|question| question.name.as_str()).collect();
    let mut comparison = comparison::compare(&old, &new, &options, &|tasks| {
        let open = |choice: &TruthChoice| {
            TruthSource::open(choice, tasks, &all, (&sides.old_reader, &job.manifest, selection.as_deref()))
        };
        query.truth.as_ref().map(open).transpose()
    })?;
    comparison.truth = query.truth.as_ref().map(|truth| match truth {
        TruthChoice::File(path) => path.display().to_string(),
        TruthChoice::Columns(_) => "carried columns".to_owned(),
        TruthChoice::Answers { .. } => "human answers".to_owned(),
    });
    // Stored answers can be compared without the input.
    comparison.full_cost = match sides.full_run(environment) {
        // The price may have changed since these pages were asked.
        Ok(_) if sides.new_job.manifest.price().is_none() => None,
        Ok(run) => run.and_then(|run| comparison.measured_cost(run.pages).or(run.expected)),
        Err(PipelineError::Source(_) | PipelineError::Input(_)) => None,
        Err(error) => return Err(error.into()),
    };
    comparison.changes = sides.changes(job, &old)?;
    comparison.job = job.name().to_owned();
    (comparison.old_name, comparison.new_name) = (sides.old_name.clone(), sides.new_name.clone());
    Ok(DiffReport { comparison, job: job.clone(), environment: environment.clone() })
}

impl DiffReport {
    /// The comparison as text for a terminal with this many columns. `None`: for a file or another program, so that
    /// nothing is cut.
    #[must_use]
    pub fn to_text(&self, width: Option<usize>) -> String {
        comparison::render_text(&self.comparison, width)
    }

    /// The comparison as JSON. docs/quality.md documents the members.
    #[must_use]
    pub fn to_json(&self) -> Value {
        comparison::render_json(&self.comparison)
    }

    /// The comparison as one HTML page with pictures of pages with another answer.
    ///
    /// # Errors
    /// When the store can't be read. A page that can't be drawn is shown without a picture.
    pub fn to_html(&self) -> Result<String, Error> {
        let reader = self.job.open_store()?.reader()?;
        let key = stored_job(&reader, &self.job.manifest)?.ok_or(PipelineError::NoRun)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let decoder = self.environment.decoder().clone();
        let mut page_pictures = pipeline::PagePictures::new(&self.job.manifest, decoder, clock);
        let mut draw =
            |page: &comparison::ChangedPage| draw_page(&reader, key, &mut page_pictures, &page.path, &page.id);
        Ok(comparison::render_html(&self.comparison, &mut draw))
    }
}
