//! Measures the stored answers of a job against truth. Sends nothing, and opens no page.

use super::collect::{Collected, collect};
use super::contradictions::find_contradictions;
use super::error::EvalError;
use super::evaluated::{Evaluation, SampledTask, TruthSummary, contradicted_files_line};
use super::gates::apply_gates;
use super::measure::measure_task;
use super::measured::Measured;
use super::misfits::group_misfits;
use super::options::{EvalOptions, TruthChoice};
use super::page_clusters::group_pages;
use super::prevalence::add_prevalences;
use super::splits::Splits;
use super::suspects::rank_suspects;
use super::task_result::opened_share;
use super::truth_source::TruthSource;
use super::wrong_pages::find_wrong_pages;
use crate::base::path_text::display_path;
use crate::base::sanitize;
use crate::base::units::{counted, grouped};
use crate::labels::page_cost::PageCosts;
use crate::labels::sampling::stated::{StatedTotal, find_contradiction};
use crate::labels::sampling::truth_kind::TruthKind;
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::short_text;
use crate::manifest::Job;
use crate::pipeline::JobPage;
use crate::store::Reader;
use crate::task::Question;

/// Maximum number of labels of a task that only the truth has.
const MAX_UNKNOWN_LABELS: usize = 1000;

/// Number of fingerprint bits in which near duplicates differ at most, if the job does not state it: copies with
/// another compression.
const NEAR_BITS: u32 = 4;

/// Measures the answers of a job. `costs`: what they cost; `selects`: whether a page is measured.
///
/// # Errors
/// When the store can't be read or has no run of the job, or the options do not fit the job or the truth.
pub(crate) fn evaluate(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    options: &EvalOptions,
    costs: &PageCosts<'_>,
    selects: &dyn Fn(&JobPage) -> bool,
) -> Result<Evaluation, EvalError> {
    let tasks = TaskSpec::list(questions, &options.tasks).map_err(|(unknown, known)| {
        EvalError::input_with_hint(format!("--task {unknown}: the job has no such task"), format!("tasks: {known}"))
    })?;
    let all: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
    let source = TruthSource::open(&options.truth, &tasks, &all, (reader, job, options.filter.as_deref()))?;
    let mut collected = collect(reader, job, questions, &tasks, (source, costs), selects)?;
    if options.only_sampled {
        keep_drawn(&mut collected, &options.truth, job)?;
    }
    check_pages(&collected, options, job)?;
    let groups = group_pages(&collected.pages, job.input.near_duplicates.unwrap_or(NEAR_BITS));
    let (splits, is_measured) = Splits::of_pages(&collected.pages, &groups.clusters, options.split.as_deref());
    check_split(splits.as_ref(), &is_measured)?;
    let (kinds, contradictions): (Vec<TruthKind>, Vec<Option<StatedTotal>>) =
        (0..tasks.len()).map(|task| kind_of_task(&collected, &is_measured, task)).unzip();
    let mut truth = summarize(&mut collected, options, &tasks, splits, (&is_measured, &kinds));
    let pages = &collected.pages;
    let measured = Measured { pages, is_measured: &is_measured, groups: &groups, kinds: &kinds };
    truth.no_samples = no_samples(&tasks, &contradictions);
    truth.misfits = group_misfits(&tasks, &measured, file_name(&options.truth).as_deref());
    truth.contradictions = find_contradictions(&tasks, &measured);
    check_labels(&tasks, &truth)?;
    let mut results = Vec::new();
    for (position, task) in tasks.iter().enumerate() {
        if measured.of_task(position).is_empty() {
            continue;
        }
        let (mut result, disagreements) = measure_task(task, position, &measured);
        if result.truth_kind != TruthKind::Selected {
            result.count_unopened(collected.unopened, collected.job_pages);
        }
        add_prevalences(&mut result, task, position, &measured, &collected);
        result.disagreements = disagreements.len() as u64;
        result.suspects = rank_suspects(task, position, &measured, &result, disagreements);
        results.push(result);
    }
    let unseen = results.iter().filter(|result| !result.unseen_labels.is_empty());
    truth.unseen_labels = unseen.map(|result| (result.name.clone(), result.unseen_labels.clone())).collect();
    truth.unopened = results.iter().map(|result| result.unopened).max().unwrap_or(0);
    let wrong = find_wrong_pages(&tasks, &measured);
    // Pages that could not be opened are known not to be right.
    let opened = match TruthKind::of_tasks(kinds.iter().copied()) {
        TruthKind::Selected => 1.0,
        TruthKind::Sample | TruthKind::All => opened_share(collected.unopened, collected.job_pages),
    };
    let all_tasks = TaskSpec::list(questions, &[]).unwrap_or_default();
    let gates = apply_gates(&options.gates, &results, &all_tasks).map_err(EvalError::input)?;
    Ok(Evaluation {
        job: job.name.clone(),
        model: job.provider.model.clone(),
        truth,
        tasks: results,
        per_1000: collected.spend.per_1000(),
        per_1000_correct: collected.spend.per_1000_correct(wrong.asked_per_right),
        correct_pages: wrong.correct_share * opened,
        gates,
        wrong_pages: wrong.count,
        wrong: wrong.pages,
    })
}

/// Keeps only truth on pages that were drawn with a known probability.
fn keep_drawn(collected: &mut Collected, truth: &TruthChoice, job: &Job) -> Result<(), EvalError> {
    let has_pages = !collected.pages.is_empty();
    collected.keep_drawn();
    if !has_pages || !collected.pages.is_empty() {
        return Ok(());
    }
    let hint = match truth {
        TruthChoice::Answers { .. } => {
            format!("draw a sample with `docmill review {} --sample 200`, or leave out --sampled", job.path.display())
        }
        TruthChoice::File(_) | TruthChoice::Columns(_) => {
            "state it in the column `sampled_with`, or leave out --sampled".to_owned()
        }
    };
    let message = "--sampled: no page with truth states the probability with which it was drawn";
    Err(EvalError::input_with_hint(format!("{message}{}", first_faults(collected)), hint))
}

/// The first faults of the truth, a line each.
fn first_faults(collected: &Collected) -> String {
    collected.faults.iter().take(3).map(|fault| format!("\n  {fault}")).collect()
}

/// Checks that there is something to measure.
fn check_pages(collected: &Collected, options: &EvalOptions, job: &Job) -> Result<(), EvalError> {
    if !collected.pages.is_empty() {
        return Ok(());
    }
    let left_out: u64 = collected.samples.iter().map(|(_, left_out)| left_out).sum();
    let (message, hint) = match &options.truth {
        TruthChoice::File(path) if collected.rows == 0 => (
            format!("the truth {} has no rows", path.display()),
            "a truth file has the columns `path`, `page` (optional) and one per task, and a row for each page"
                .to_owned(),
        ),
        TruthChoice::File(path) if !collected.has_values && !collected.is_without_pages() => {
            let tasks = if options.tasks.is_empty() { "the tasks".to_owned() } else { options.tasks.join(", ") };
            (
                format!("no row of {} has a value in the columns of {tasks}", path.display()),
                "an empty cell means that the truth is unknown; fill in what you know of the pages".to_owned(),
            )
        }
        TruthChoice::File(path) if collected.contradicted_files > 0 && !collected.has_truth => (
            format!(
                "no row of {} can be used: {}",
                path.display(),
                contradicted_files_line(collected.contradicted_files)
            ),
            "add a column `page` with the numbers of pages, from 1".to_owned(),
        ),
        TruthChoice::File(path) => (
            format!("no row of {} is about a page of the job{}", path.display(), first_faults(collected)),
            match &collected.example {
                Some(path) => {
                    format!("paths are as in the rows of the job, such as {}", sanitize::path(path.as_bytes()))
                }
                None => "the job has no page yet: run it first".to_owned(),
            },
        ),
        TruthChoice::Columns(_) => {
            ("no page has a value in these columns".to_owned(), "empty cells are not truth".to_owned())
        }
        TruthChoice::Answers { .. } if collected.shown > 0 => (
            "the store has no blind human answer of this job".to_owned(),
            match collected.imported {
                0 => format!(
                    "there are {} whose reviewer had seen the model's; --include-shown counts them",
                    counted(collected.shown, "answer")
                ),
                imported => format!(
                    "{} imported without `shown` = `false`; import them with --blind if reviewers had not seen the model's answers, \
                     or count them with --include-shown",
                    if imported == 1 {
                        "1 answer was".to_owned()
                    } else {
                        format!("{} answers were", grouped(imported))
                    }
                ),
            },
        ),
        TruthChoice::Answers { .. } if left_out > 0 => (
            "no page that was drawn is decided and selected".to_owned(),
            format!(
                "{} with other human answers are not a sample; `docmill review JOB --sample` shows those that were drawn",
                counted(left_out, "page")
            ),
        ),
        TruthChoice::Answers { .. } => (
            "the store has no human answer of this job".to_owned(),
            format!(
                "create truth with `docmill review {} --sample 200`, or give a file with --truth labels.csv",
                job.path.display()
            ),
        ),
    };
    let selection = match collected.not_selected {
        0 => String::new(),
        count => format!("; --where leaves out {} with truth", counted(count, "page")),
    };
    Err(EvalError::input_with_hint(format!("{message}{selection}"), hint))
}

/// The name of the truth file.
fn file_name(truth: &TruthChoice) -> Option<String> {
    let TruthChoice::File(path) = truth else { return None };
    path.file_name().map(|name| display_path(name.as_encoded_bytes()))
}

/// Checks that the truth is about the labels of the manifest. A column with another meaning may have any number of
/// values, and each would be a label.
fn check_labels(tasks: &[TaskSpec], truth: &TruthSummary) -> Result<(), EvalError> {
    for task in tasks.iter().filter(|task| task.labels().is_some()) {
        let unknown = || truth.misfits.iter().filter(|known| known.task == task.name);
        let count = unknown().count();
        if count <= MAX_UNKNOWN_LABELS {
            continue;
        }
        let examples: Vec<String> = unknown().take(3).map(|known| format!("`{}`", short_text(&known.value))).collect();
        let message = format!(
            "the truth of `{}` has {} labels that the manifest does not have, such as {}",
            task.name,
            grouped(count as u64),
            examples.join(", ")
        );
        return Err(EvalError::input_with_hint(message, "is it the truth of this task?"));
    }
    Ok(())
}

/// Checks that the measured part has pages.
fn check_split(splits: Option<&Splits>, is_measured: &[bool]) -> Result<(), EvalError> {
    let Some((splits, wanted)) = splits.and_then(|splits| Some((splits, splits.measured.as_deref()?))) else {
        return Ok(());
    };
    if is_measured.contains(&true) {
        return Ok(());
    }
    if splits.left_out > 0 {
        let message = format!("every page of the split `{wanted}` equals or resembles one of another split");
        return Err(EvalError::input(message));
    }
    let known: Vec<String> = splits.pages.keys().filter(|name| !name.is_empty()).map(|name| short_text(name)).collect();
    let hint = match known.as_slice() {
        [] => "the truth has no column `split`".to_owned(),
        known => format!("splits: {}", known.join(", ")),
    };
    Err(EvalError::input_with_hint(format!("--split {wanted}: no page of the truth has this split"), hint))
}

/// What the measured pages of a task show about the others, and why they are not a valid sample if their probabilities
/// contradict the job.
fn kind_of_task(collected: &Collected, is_measured: &[bool], task: usize) -> (TruthKind, Option<StatedTotal>) {
    let measured = collected.pages.iter().zip(is_measured).filter(|(_, measured)| **measured);
    let known = measured.filter_map(|(page, _)| page.tasks.get(task)?.as_ref());
    let contradiction = match collected.samples.get(task) {
        Some((sample, _)) => sample.contradiction,
        // Probabilities of a file or of columns apply to all of its pages, whatever part is measured.
        None => {
            let stated = collected.pages.iter().filter_map(|page| page.tasks.get(task)?.as_ref()?.sampled_with);
            find_contradiction(&stated.collect::<Vec<f64>>(), collected.job_pages)
        }
    };
    let probabilities = known.map(|known| known.sampled_with);
    let kind = TruthKind::of_pages(probabilities, collected.reachable(), contradiction.is_some());
    (kind, contradiction.filter(|_| kind == TruthKind::Selected))
}

/// The tasks whose stated probabilities contradict the job.
fn no_samples(tasks: &[TaskSpec], contradictions: &[Option<StatedTotal>]) -> Vec<(String, StatedTotal)> {
    tasks.iter().zip(contradictions).filter_map(|(task, found)| Some((task.name.clone(), (*found)?))).collect()
}

/// The tasks with draws or excluded pages to report.
fn sampled_tasks(collected: &Collected, tasks: &[TaskSpec]) -> Vec<SampledTask> {
    let known = tasks.iter().zip(&collected.samples).map(|(task, (sample, left_out))| SampledTask {
        name: task.name.clone(),
        draw: sample.draw.clone(),
        left_out: *left_out,
        other_selections: sample.other_selections.clone(),
    });
    known.filter(|task| task.draw.is_some() || task.left_out > 0 || !task.other_selections.is_empty()).collect()
}

fn summarize(
    collected: &mut Collected,
    options: &EvalOptions,
    tasks: &[TaskSpec],
    splits: Option<Splits>,
    (is_measured, kinds): (&[bool], &[TruthKind]),
) -> TruthSummary {
    let measured = || collected.pages.iter().zip(is_measured).filter(|(_, measured)| **measured).map(|(page, _)| page);
    let count = measured().count() as u64;
    let stands_for: f64 = measured().filter_map(|page| page.sampled_with).map(|probability| 1.0 / probability).sum();
    let is_drawn = measured().all(|page| page.sampled_with.is_some());
    let has_truth = |task: &usize| measured().any(|page| page.tasks.get(*task).is_some_and(Option::is_some));
    let kind = TruthKind::of_tasks((0..kinds.len()).filter(has_truth).map(|task| kinds[task]));
    let stands_for = is_drawn.then_some(stands_for);
    let source = match &options.truth {
        TruthChoice::File(path) => path.display().to_string(),
        TruthChoice::Columns(pairs) => {
            let pairs: Vec<String> = pairs.iter().map(|(task, column)| format!("{task}={column}")).collect();
            format!("carried columns: {}", pairs.join(", "))
        }
        TruthChoice::Answers { with_shown: false } => "blind human answers".to_owned(),
        TruthChoice::Answers { with_shown: true } => {
            "human answers, including those whose reviewer had seen the model's".to_owned()
        }
    };
    TruthSummary {
        source,
        rows: collected.rows,
        matched: collected.pages.len() as u64,
        sampled: collected.pages.iter().filter(|page| page.is_drawn()).count() as u64,
        measured: count,
        kind,
        stands_for,
        job_pages: collected.job_pages,
        copies: collected.copies,
        unopened: 0,
        not_selected: collected.not_selected,
        shown: collected.shown,
        imported: collected.imported,
        undrawn: collected.undrawn,
        assumed_first: collected.assumed_first,
        contradicted_files: collected.contradicted_files,
        agreements: std::mem::take(&mut collected.agreements),
        filtered_tasks: tasks
            .iter()
            .filter(|task| options.filter_answers.contains(&task.position))
            .map(|task| task.name.clone())
            .collect(),
        changed: collected.changed,
        counts_shown: matches!(options.truth, TruthChoice::Answers { with_shown: true }),
        no_samples: Vec::new(),
        unseen_labels: Vec::new(),
        misfits: Vec::new(),
        contradictions: Vec::new(),
        samples: sampled_tasks(collected, tasks),
        ignored: std::mem::take(&mut collected.ignored),
        faults: std::mem::take(&mut collected.faults),
        splits,
    }
}
