//! Quality gates: marks that the lower bound of a measure must reach.

use super::task_result::TaskResult;
use crate::eval::Estimate;
use crate::labels::wording::counted;

/// What a gate compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateMeasure {
    /// The share of pages that are answered correctly. Pages without an answer count as wrong.
    Accuracy,
    /// F1: of a label, or the macro average of a task. Pages without an answer count as missed.
    F1,
}

impl GateMeasure {
    /// Its name in messages and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::F1 => "f1",
        }
    }
}

/// A mark that must be reached, as given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct GateSpec {
    /// What is compared.
    pub measure: GateMeasure,
    /// What it is about: a task, a label, or `task.label`; `None`: every measured task.
    pub about: Option<String>,
    /// The mark, from 0 to 1.
    pub mark: f64,
}

impl GateSpec {
    /// Parses `0.9`, `90%`, `kind=0.9`, `invoice=0.8` or `kind.invoice=0.8`.
    ///
    /// # Errors
    /// If the text has another form, or the mark is not from 0 to 1.
    pub fn parse(measure: GateMeasure, text: &str) -> Result<Self, String> {
        // A label may contain `=`.
        let (about, mark) = match text.rsplit_once('=') {
            Some((about, mark)) => (Some(about.trim().to_owned()), mark),
            None => (None, text),
        };
        if about.as_ref().is_some_and(String::is_empty) {
            return Err(format!("`{text}` names nothing before `=`; use a form such as 0.8 or invoice=0.8"));
        }
        Ok(Self { measure, about, mark: crate::base::units::parse_share(mark)? })
    }
}

/// A gate and whether its mark is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GateResult {
    pub(crate) measure: GateMeasure,
    pub(crate) task: String,
    /// The label; `None`: the task as a whole.
    pub(crate) label: Option<String>,
    pub(crate) mark: f64,
    /// The measured value and its lower bound; `None`: nothing was measured.
    pub(crate) estimate: Option<Estimate>,
    /// Pages that were compared, and pages without an answer, which count as wrong.
    pub(crate) pages: (u64, u64),
}

impl GateResult {
    /// Whether the mark is reached.
    pub(crate) fn is_passed(&self) -> bool {
        self.estimate.is_some_and(|estimate| estimate.is_at_least(self.mark))
    }

    /// The gate in one line.
    pub(crate) fn describe(&self) -> String {
        let name = match (self.measure, &self.label) {
            (GateMeasure::Accuracy, _) => format!("accuracy of {}", self.task),
            (GateMeasure::F1, Some(label)) => format!("F1 of {}.{label}", self.task),
            (GateMeasure::F1, None) => format!("macro F1 of {}", self.task),
        };
        let (pages, unanswered) = self.pages;
        let counted = match unanswered {
            0 => String::new(),
            count => format!(", counting {} without an answer as wrong", counted(count, "page")),
        };
        match self.estimate {
            Some(estimate) => {
                let sign = if self.is_passed() { "reaches" } else { "is below" };
                format!(
                    "{name}: the lower bound {} {sign} the mark {} (measured {} on {} pages{counted}; one-sided, 95 % confidence)",
                    decimal(estimate.lower_bound),
                    decimal(self.mark),
                    decimal(estimate.value),
                    pages + unanswered
                )
            }
            None => format!("{name}: nothing was measured; the mark is {}", decimal(self.mark)),
        }
    }
}

/// A share with as many decimals as it has, at least two and at most four.
fn decimal(value: f64) -> String {
    // A bound that is just below the mark must not look like it.
    let text = format!("{:.4}", (value * 10_000.0).floor() / 10_000.0);
    let cut = text.trim_end_matches('0');
    let decimals = cut.split_once('.').map_or(0, |(_, part)| part.len()).max(2);
    format!("{value:.decimals$}", value = (value * 10_000.0).floor() / 10_000.0)
}

/// Applies gates to what was measured.
///
/// # Errors
/// A gate about something that the job does not have, in words.
pub(crate) fn apply_gates(specs: &[GateSpec], tasks: &[TaskResult]) -> Result<Vec<GateResult>, String> {
    let mut results = Vec::new();
    for spec in specs {
        let before = results.len();
        for (task, label) in tasks.iter().flat_map(|task| find(spec, task, tasks)) {
            let estimate = match (spec.measure, &label) {
                (GateMeasure::Accuracy, _) => task.accuracy_of_all,
                (GateMeasure::F1, None) => task.macro_f1_of_all,
                (GateMeasure::F1, Some(label)) => {
                    task.labels.iter().find(|known| known.label == *label).and_then(|known| known.f1_of_all)
                }
            };
            let (measure, mark) = (spec.measure, spec.mark);
            let pages = (task.n, task.unanswered_pages());
            results.push(GateResult { measure, task: task.name.clone(), label, mark, estimate, pages });
        }
        if results.len() == before {
            return Err(unknown(spec, tasks));
        }
    }
    Ok(results)
}

/// What a gate is about in a task: the task as a whole, or a label of it.
fn find<'a>(spec: &GateSpec, task: &'a TaskResult, tasks: &[TaskResult]) -> Option<(&'a TaskResult, Option<String>)> {
    let has_f1 = !task.labels.is_empty();
    let Some(about) = &spec.about else {
        return (spec.measure == GateMeasure::Accuracy || has_f1).then_some((task, None));
    };
    if spec.measure == GateMeasure::Accuracy {
        return (task.name == *about).then_some((task, None));
    }
    let label_of = |task: &TaskResult, name: &str| task.labels.iter().any(|label| label.label == name);
    if tasks.iter().any(|task| label_of(task, about)) {
        return label_of(task, about).then(|| (task, Some(about.clone())));
    }
    if task.name == *about {
        return has_f1.then_some((task, None));
    }
    let label = about.strip_prefix(&task.name)?.strip_prefix('.')?;
    label_of(task, label).then(|| (task, Some(label.to_owned())))
}

fn unknown(spec: &GateSpec, tasks: &[TaskResult]) -> String {
    let names = |tasks: &mut dyn Iterator<Item = &TaskResult>| {
        tasks.map(|task| task.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let about = spec.about.as_deref().unwrap_or_default();
    match spec.measure {
        GateMeasure::Accuracy => {
            format!(
                "--min-accuracy {about}=…: there is no measured task `{about}`; measured: {}",
                names(&mut tasks.iter())
            )
        }
        GateMeasure::F1 => {
            let with_labels = names(&mut tasks.iter().filter(|task| !task.labels.is_empty()));
            match (spec.about.is_some(), with_labels.is_empty()) {
                (_, true) => "--min-f1: no measured task has labels; use --min-accuracy".to_owned(),
                (false, false) => format!("--min-f1: nothing was measured of {with_labels}"),
                (true, false) => {
                    format!("--min-f1 {about}=…: no measured task has this label; tasks with labels: {with_labels}")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Interval;
    use crate::labels::evaluation::task_result::LabelResult;

    fn task(name: &str, labels: &[(&str, f64)]) -> TaskResult {
        let bound = |lower_bound| {
            let interval = Interval { low: lower_bound, high: 1.0 };
            Some(Estimate { value: 0.95, interval, exact: interval, lower_bound, effective_n: 98.0 })
        };
        let label = |(label, low): &(&str, f64)| LabelResult {
            label: (*label).into(),
            f1_of_all: bound(*low),
            ..LabelResult::default()
        };
        TaskResult {
            name: name.into(),
            n: 98,
            unanswered: [("pending", 2)].into(),
            accuracy_of_all: bound(0.901_29),
            macro_f1_of_all: bound(0.8).filter(|_| !labels.is_empty()),
            labels: labels.iter().map(label).collect(),
            ..TaskResult::default()
        }
    }

    #[test]
    fn gates_are_about_tasks_and_labels() {
        let tasks = [
            task("kind", &[("invoice", 0.7), ("a.b=c", 0.9)]),
            task("features", &[("stamp", 0.5), ("kind", 0.4)]),
            task("total", &[]),
        ];
        let apply = |measure, text: &str| {
            let results = apply_gates(&[GateSpec::parse(measure, text).unwrap()], &tasks)?;
            let show = |gate: &GateResult| {
                format!("{} {} {}", gate.task, gate.label.as_deref().unwrap_or("-"), gate.is_passed())
            };
            Ok::<_, String>(results.iter().map(show).collect::<Vec<_>>().join(", "))
        };
        for (measure, text, expected) in [
            (GateMeasure::Accuracy, "0.9", Ok("kind - true, features - true, total - true")),
            (GateMeasure::Accuracy, "90.2%", Ok("kind - false, features - false, total - false")),
            (GateMeasure::Accuracy, "total=0.9", Ok("total - true")),
            (GateMeasure::Accuracy, "x=0.9", Err("there is no measured task `x`; measured: kind, features, total")),
            (GateMeasure::F1, "0.8", Ok("kind - true, features - true")),
            (GateMeasure::F1, "invoice=0.8", Ok("kind invoice false")),
            (GateMeasure::F1, "kind.invoice=0.7", Ok("kind invoice true")),
            (GateMeasure::F1, "a.b=c=0.9", Ok("kind a.b=c true")),
            (GateMeasure::F1, "kind.a.b=c=0.9", Ok("kind a.b=c true")),
            // A label comes before a task of its name.
            (GateMeasure::F1, "kind=0.3", Ok("features kind true")),
            (GateMeasure::F1, "features=0.9", Ok("features - false")),
            (GateMeasure::F1, "seal=0.9", Err("no measured task has this label; tasks with labels: kind, features")),
        ] {
            let found = apply(measure, text);
            match expected {
                Ok(expected) => assert_eq!(found.as_deref(), Ok(expected), "{text}"),
                Err(part) => assert!(found.as_ref().is_err_and(|found| found.contains(part)), "{text}: {found:?}"),
            }
        }
        for text in ["", "x", "1.1", "=0.9", "a="] {
            assert!(GateSpec::parse(GateMeasure::F1, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_gate_names_bound_and_mark() {
        let gates = [GateSpec { measure: GateMeasure::Accuracy, about: None, mark: 0.9013 }];
        let results = apply_gates(&gates, &[task("kind", &[])]).unwrap();
        assert_eq!(
            results[0].describe(),
            "accuracy of kind: the lower bound 0.9012 is below the mark 0.9013 (measured 0.95 on 100 pages, counting 2 pages without an answer as wrong; one-sided, 95 % confidence)"
        );
    }
}
