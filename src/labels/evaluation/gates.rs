//! Quality gates: marks that the lower bound of a measure must reach.

use super::task_result::TaskResult;
use crate::base::units::counted;
use crate::eval::Estimate;
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::{share, short_text};
use crate::manifest::nearest_name;

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

/// A threshold that must be reached, as given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct GateSpec {
    /// The compared measure.
    pub measure: GateMeasure,
    /// What it is about: a task, a label, or `task.label`; `None`: every measured task.
    pub about: Option<String>,
    /// The threshold, from 0 to 1.
    pub mark: f64,
}

impl GateSpec {
    /// Parses `0.9`, `90%`, `kind=0.9`, `invoice=0.8` or `kind.invoice=0.8`.
    ///
    /// # Errors
    /// If the text has another form, or the threshold is not from 0 to 1.
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

/// A gate and whether its threshold is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GateResult {
    pub(crate) measure: GateMeasure,
    pub(crate) task: String,
    /// The label; `None`: the task as a whole.
    pub(crate) label: Option<String>,
    pub(crate) mark: f64,
    /// The measured value and its lower bound; `None`: no page of the truth has the task or the label, which fails.
    pub(crate) estimate: Option<Estimate>,
    /// Pages that were compared, and pages without an answer, which count as wrong.
    pub(crate) pages: (u64, u64),
    /// Pages that no draw can contain, because they could not be opened. They count as wrong, too.
    pub(crate) unopened: u64,
}

impl GateResult {
    /// Whether the threshold is reached.
    pub(crate) fn is_passed(&self) -> bool {
        self.estimate.is_some_and(|estimate| estimate.is_at_least(self.mark))
    }

    /// The gate in one line.
    pub(crate) fn describe(&self) -> String {
        let name = match (self.measure, &self.label) {
            (GateMeasure::Accuracy, _) => format!("accuracy of {}", self.task),
            (GateMeasure::F1, Some(label)) => format!("F1 of {}.{}", self.task, short_text(label)),
            (GateMeasure::F1, None) => format!("macro F1 of {}", self.task),
        };
        let (pages, unanswered) = self.pages;
        let wrong = [(unanswered, "without an answer"), (self.unopened, "that could not be opened")];
        let wrong = wrong.iter().filter(|(count, _)| *count > 0);
        let wrong: Vec<String> = wrong.map(|(count, what)| format!("{} {what}", counted(*count, "page"))).collect();
        let counted = match wrong.as_slice() {
            [] => String::new(),
            wrong => format!(", counting {} as wrong", wrong.join(" and ")),
        };
        match self.estimate {
            Some(estimate) => {
                let sign = if self.is_passed() { "reaches" } else { "is below" };
                format!(
                    "{name}: the lower bound {} {sign} the threshold {} (measured {} on {} pages{counted}; one-sided, 95 % confidence)",
                    beside_mark(estimate.lower_bound, self.mark),
                    shown_mark(self.mark),
                    beside_mark(estimate.value, self.mark),
                    pages + unanswered
                )
            }
            None => {
                let what = if self.label.is_some() { "has this label" } else { "is about this task" };
                format!("{name}: no measured page of the truth {what}; the threshold is {}", shown_mark(self.mark))
            }
        }
    }
}

/// A threshold with all its decimals, at least three.
fn shown_mark(mark: f64) -> String {
    let exact = mark.to_string();
    if exact.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 3) { exact } else { format!("{mark:.3}") }
}

/// A measure beside a threshold: with the decimals of tables, and more if it would look as if it reached the threshold
/// and does not.
fn beside_mark(value: f64, mark: f64) -> String {
    let looks_wrong = |text: &String| value < mark && text.parse().is_ok_and(|shown: f64| shown >= mark);
    let longer = (4..=17).map(|decimals| format!("{value:.decimals$}"));
    std::iter::once(share(value)).chain(longer).find(|text| !looks_wrong(text)).unwrap_or_else(|| value.to_string())
}

/// How more truth would change failed gates, in words; empty: unknown.
pub(crate) fn more_truth_hint(failed: &[&GateResult]) -> &'static str {
    let measured = || failed.iter().filter_map(|gate| Some((gate.estimate?.value, gate.mark)));
    let (reached, missed) =
        (measured().any(|(value, mark)| value >= mark), measured().any(|(value, mark)| value < mark));
    match (reached, missed) {
        (true, false) => "; more pages with truth raise the lower bound",
        (true, true) => "; where the measured value reaches its threshold, more pages with truth raise the lower bound",
        (false, true) => {
            "; the measured value itself is below the threshold, which more pages with truth are not expected to change"
        }
        (false, false) => "",
    }
}

/// What a gate is about.
struct GateTarget<'a> {
    task: &'a str,
    /// The measurements of the task; `None`: no page has a truth for it.
    result: Option<&'a TaskResult>,
    /// `None`: the task as a whole.
    label: Option<&'a str>,
}

/// Applies gates to the measurements. `all`: the tasks of the job, with and without truth.
///
/// # Errors
/// A gate about something that the job does not have, in words.
pub(crate) fn apply_gates(
    specs: &[GateSpec],
    measured: &[TaskResult],
    all: &[TaskSpec],
) -> Result<Vec<GateResult>, String> {
    let mut results = Vec::new();
    for spec in specs {
        let targets = match &spec.about {
            None => find_measured(spec.measure, measured),
            Some(about) => find_named(spec.measure, about, measured, all),
        };
        if targets.is_empty() {
            return Err(unknown(spec, measured, all));
        }
        results.extend(targets.iter().map(|target| apply(spec, target)));
    }
    Ok(results)
}

fn apply(spec: &GateSpec, target: &GateTarget<'_>) -> GateResult {
    let estimate = target.result.and_then(|task| match (spec.measure, target.label) {
        (GateMeasure::Accuracy, _) => task.accuracy_of_all,
        (GateMeasure::F1, None) => task.macro_f1_of_all,
        (GateMeasure::F1, Some(label)) => {
            let label = task.labels.iter().find(|known| known.label == label);
            label.filter(|label| label.truths > 0).and_then(|label| label.f1_of_all)
        }
    });
    GateResult {
        measure: spec.measure,
        task: target.task.to_owned(),
        label: target.label.map(str::to_owned),
        mark: spec.mark,
        estimate,
        pages: target.result.map_or((0, 0), |task| (task.n, task.unanswered_pages())),
        unopened: target.result.map_or(0, |task| task.unopened),
    }
}

/// The measured tasks with this measure.
fn find_measured<'a>(measure: GateMeasure, measured: &'a [TaskResult]) -> Vec<GateTarget<'a>> {
    let has_measure = |task: &&TaskResult| measure == GateMeasure::Accuracy || !task.labels.is_empty();
    let target = |task: &'a TaskResult| GateTarget { task: &task.name, result: Some(task), label: None };
    measured.iter().filter(has_measure).map(target).collect()
}

/// What has this name: a label of any task before a task, and that before `task.label`. Labels are those of the
/// manifest and of the truth.
fn find_named<'a>(
    measure: GateMeasure,
    about: &str,
    measured: &'a [TaskResult],
    all: &'a [TaskSpec],
) -> Vec<GateTarget<'a>> {
    let result = |task: &TaskSpec| measured.iter().find(|known| known.name == task.name);
    let target = |task: &'a TaskSpec, label| GateTarget { task: &task.name, result: result(task), label };
    let tasks = || all.iter().filter(|task| task.name == about);
    if measure == GateMeasure::Accuracy {
        return tasks().map(|task| target(task, None)).collect();
    }
    let label_of = |task: &'a TaskSpec, name: &str| -> Option<&'a str> {
        let of_manifest = task.labels().unwrap_or_default().iter().map(String::as_str);
        let of_truth = result(task).into_iter().flat_map(|task| task.labels.iter().map(|label| label.label.as_str()));
        of_manifest.chain(of_truth).find(|label| *label == name)
    };
    let labels: Vec<GateTarget<'a>> =
        all.iter().filter_map(|task| Some(target(task, Some(label_of(task, about)?)))).collect();
    if !labels.is_empty() {
        return labels;
    }
    let whole: Vec<GateTarget<'a>> =
        tasks().filter(|task| task.labels().is_some()).map(|task| target(task, None)).collect();
    if !whole.is_empty() {
        return whole;
    }
    let named = |task: &'a TaskSpec| {
        let label = about.strip_prefix(&task.name)?.strip_prefix('.')?;
        Some(target(task, Some(label_of(task, label)?)))
    };
    all.iter().filter_map(named).collect()
}

/// A gate about something that does not exist, in words.
fn unknown(spec: &GateSpec, measured: &[TaskResult], all: &[TaskSpec]) -> String {
    let has_label =
        |task: &TaskSpec, name: &str| task.labels().is_some_and(|known| known.iter().any(|label| label == name));
    let with_labels: Vec<&str> =
        all.iter().filter(|task| task.labels().is_some()).map(|task| task.name.as_str()).collect();
    let Some(about) = spec.about.as_deref() else {
        let names: Vec<&str> = measured.iter().map(|task| task.name.as_str()).collect();
        return format!("--min-f1: no measured task has labels ({}); use --min-accuracy", names.join(", "));
    };
    let shown = short_text(about);
    match spec.measure {
        GateMeasure::Accuracy if all.iter().any(|task| has_label(task, about)) => {
            format!("--min-accuracy {shown}: `{shown}` is a label; use --min-f1 for a label")
        }
        GateMeasure::Accuracy => {
            let names: Vec<&str> = all.iter().map(|task| task.name.as_str()).collect();
            format!("--min-accuracy {shown}: the job has no task `{shown}`; tasks: {}", names.join(", "))
        }
        GateMeasure::F1 if with_labels.is_empty() => {
            format!("--min-f1 {shown}: the job has no task with labels; use --min-accuracy")
        }
        GateMeasure::F1 => {
            let labels = all.iter().flat_map(|task| task.labels().unwrap_or_default()).map(String::as_str);
            let guess =
                nearest_name(about, labels).map_or_else(String::new, |label| format!(" Did you mean `{label}`?"));
            let tasks = with_labels.join(", ");
            format!(
                "--min-f1 {shown}: `{shown}` is neither a label nor a task with labels; tasks with labels: {tasks}.{guess}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Interval;
    use crate::labels::evaluation::task_result::LabelResult;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::Shape;

    fn task(name: &str, labels: &[(&str, f64)]) -> TaskResult {
        let bound = |lower_bound| {
            let interval = Interval { low: lower_bound, high: 1.0 };
            Some(Estimate { value: 0.95, interval, exact: interval, lower_bound, effective_n: 98.0 })
        };
        let label = |(label, low): &(&str, f64)| LabelResult {
            label: (*label).into(),
            truths: u64::from(*low > 0.0),
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
            task("features", &[("stamp", 0.5), ("kind", 0.4), ("wax", 0.0), ("logo", 0.3)]),
            task("total", &[]),
        ];
        let spec =
            |name: &str, shape: Shape| TaskSpec { name: name.into(), position: 0, leaves: Leaf::list(&shape), shape };
        let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
        let all = [
            spec("kind", Shape::Choice(labels(&["invoice", "a.b=c"]))),
            spec("features", Shape::Tags { labels: labels(&["stamp", "kind", "wax"]), max: None }),
            spec("total", Shape::Text),
            spec("sender", Shape::Text),
            spec("colour", Shape::Choice(labels(&["red"]))),
        ];
        let apply = |measure, text: &str| {
            let results = apply_gates(&[GateSpec::parse(measure, text).unwrap()], &tasks, &all)?;
            let show = |gate: &GateResult| {
                format!("{} {} {}", gate.task, gate.label.as_deref().unwrap_or("-"), gate.is_passed())
            };
            Ok::<_, String>(results.iter().map(show).collect::<Vec<_>>().join(", "))
        };
        for (measure, text, expected) in [
            (GateMeasure::Accuracy, "0.9", Ok("kind - true, features - true, total - true")),
            (GateMeasure::Accuracy, "90.2%", Ok("kind - false, features - false, total - false")),
            (GateMeasure::Accuracy, "total=0.9", Ok("total - true")),
            (
                GateMeasure::Accuracy,
                "x=0.9",
                Err("the job has no task `x`; tasks: kind, features, total, sender, colour"),
            ),
            (GateMeasure::Accuracy, "invoice=0.9", Err("`invoice` is a label; use --min-f1")),
            // Without truth no threshold is reached.
            (GateMeasure::Accuracy, "sender=0", Ok("sender - false")),
            (GateMeasure::F1, "wax=0", Ok("features wax false")),
            (GateMeasure::F1, "colour=0", Ok("colour - false")),
            (GateMeasure::F1, "red=0", Ok("colour red false")),
            (GateMeasure::F1, "colour.red=0", Ok("colour red false")),
            // A label that only the truth has.
            (GateMeasure::F1, "features.logo=0.2", Ok("features logo true")),
            (GateMeasure::F1, "0.8", Ok("kind - true, features - true")),
            (GateMeasure::F1, "invoice=0.8", Ok("kind invoice false")),
            (GateMeasure::F1, "kind.invoice=0.7", Ok("kind invoice true")),
            (GateMeasure::F1, "a.b=c=0.9", Ok("kind a.b=c true")),
            (GateMeasure::F1, "kind.a.b=c=0.9", Ok("kind a.b=c true")),
            // A label comes before a task of its name.
            (GateMeasure::F1, "kind=0.3", Ok("features kind true")),
            (GateMeasure::F1, "features=0.9", Ok("features - false")),
            (GateMeasure::F1, "seal=0.9", Err("`seal` is neither a label nor a task with labels")),
            (GateMeasure::F1, "invoce=0.9", Err("tasks with labels: kind, features, colour. Did you mean `invoice`?")),
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
    fn measures_are_rounded_as_in_tables_and_never_up_to_the_mark() {
        for (value, mark, expected) in [
            (0.116_66, 0.5, "0.117"),
            (0.056, 0.9, "0.056"),
            (1.0, 1.0, "1.000"),
            (0.999_99, 1.0, "0.999"),
            (0.9, 0.9, "0.900"),
            (0.900_4, 0.9, "0.900"),
            (0.899_6, 0.9, "0.8996"),
            (0.899_999_6, 0.9, "0.8999996"),
            (0.900_04, 0.900_05, "0.900"),
            (0.900_049, 0.900_05, "0.900"),
            (0.95, 0.9, "0.950"),
        ] {
            assert_eq!(beside_mark(value, mark), expected, "{value} beside {mark}");
        }
        assert_eq!([0.9, 1.0, 0.75, 0.9013].map(shown_mark), ["0.900", "1.000", "0.750", "0.9013"]);
    }

    #[test]
    fn more_truth_helps_only_where_the_measured_value_reaches_the_mark() {
        let gate = |mark| GateSpec { measure: GateMeasure::Accuracy, about: None, mark };
        // Measured: 0.95, with the lower bound 0.901.
        let results = apply_gates(&[gate(0.92), gate(0.99)], &[task("kind", &[])], &[]).unwrap();
        let hint = |gates: &[&GateResult]| more_truth_hint(gates);
        assert_eq!(hint(&[&results[0]]), "; more pages with truth raise the lower bound");
        assert!(hint(&[&results[1]]).contains("not expected to change"), "{}", hint(&[&results[1]]));
        assert!(hint(&[&results[0], &results[1]]).contains("where the measured value reaches its threshold"));
        assert_eq!(hint(&[&GateResult { estimate: None, ..results[0].clone() }]), "");
    }

    #[test]
    fn a_gate_names_bound_and_mark() {
        let gates = [GateSpec { measure: GateMeasure::Accuracy, about: None, mark: 0.9013 }];
        let results = apply_gates(&gates, &[task("kind", &[])], &[]).unwrap();
        assert_eq!(
            results[0].describe(),
            "accuracy of kind: the lower bound 0.901 is below the threshold 0.9013 (measured 0.950 on 100 pages, counting 2 pages without an answer as wrong; one-sided, 95 % confidence)"
        );
    }
}
