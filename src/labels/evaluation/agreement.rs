//! Whether reviewers agree.

use crate::base::digest::Digest;
use crate::base::json_text::JsonText;
use crate::base::sanitize::one_line;
use crate::base::units::{counted, grouped};
use crate::eval::{Design, cohens_kappa};
use crate::labels::truth::task_spec::TaskSpec;
use crate::labels::wording::share;
use crate::pipeline::JobPage;
use std::collections::{BTreeMap, HashMap};

/// Fewer common pages of two reviewers show little about their agreement.
const MIN_PAGES: u64 = 10;
/// Minimum kappa of reviewers who agree: "substantial" by Landis and Koch, "The measurement of observer agreement for
/// categorical data", 1977.
const MIN_KAPPA: f64 = 0.6;

/// How far two reviewers agree on the pages that both have decided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Agreement {
    /// The task.
    pub(crate) task: String,
    /// The reviewers, by name.
    pub(crate) reviewers: [String; 2],
    /// Pages that both have decided.
    pub(crate) n: u64,
    /// Pages on which their answers are the same.
    pub(crate) same: u64,
    /// Cohen's kappa; `None`: both have one and the same answer everywhere.
    pub(crate) kappa: Option<f64>,
}

impl Agreement {
    /// Whether they disagree more than is good for a truth.
    pub(crate) fn is_poor(&self) -> bool {
        self.kappa.is_some_and(|kappa| kappa < MIN_KAPPA)
    }

    /// All of it in one line.
    pub(crate) fn describe(&self) -> String {
        let Self { task, reviewers: [one, other], n, same, kappa } = self;
        let (task, one, other) = (one_line(task, 60), one_line(one, 40), one_line(other, 40));
        let kappa = kappa.map_or_else(String::new, |kappa| format!(", kappa {}", share(kappa)));
        let verb = if self.is_poor() { "disagree: the same answer" } else { "give the same answer" };
        format!("{task}: {one} and {other} {verb} to {} of {}{kappa}", grouped(*same), counted(*n, "page"))
    }
}

/// The answers of pairs of reviewers: by task and names, the numbers of both answers.
#[derive(Debug, Default)]
pub(crate) struct ReviewerPairs {
    pairs: BTreeMap<(usize, String, String), Vec<(usize, usize)>>,
    numbers: HashMap<JsonText, usize>,
}

impl ReviewerPairs {
    /// Adds the answers to a page: the latest of each reviewer.
    pub(crate) fn add(&mut self, page: &JobPage, tasks: &[TaskSpec]) {
        for (at, task) in tasks.iter().enumerate() {
            let question: Option<Digest> = page.questions.get(task.position).copied().flatten();
            let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
            for record in &page.record.decisions {
                let decision = &record.decision;
                let is_own = Some(decision.page) == page.record.id;
                if is_own && !record.is_withdrawn && decision.task == task.name && decision.question == question {
                    let next = self.numbers.len();
                    let number = *self.numbers.entry(decision.value.clone()).or_insert(next);
                    latest.insert(&decision.reviewer, number);
                }
            }
            let known: Vec<(&str, usize)> = latest.into_iter().collect();
            for (place, (one, first)) in known.iter().enumerate() {
                for (other, second) in &known[place + 1..] {
                    let key = (at, (*one).to_owned(), (*other).to_owned());
                    self.pairs.entry(key).or_default().push((*first, *second));
                }
            }
        }
    }

    /// The agreement of the pairs that have decided enough common pages, the most pages first.
    pub(crate) fn agreements(&self, tasks: &[TaskSpec]) -> Vec<Agreement> {
        let enough = self.pairs.iter().filter(|(_, values)| values.len() as u64 >= MIN_PAGES);
        let mut found: Vec<Agreement> = enough
            .filter_map(|((task, one, other), values)| {
                let mut places: HashMap<usize, usize> = HashMap::new();
                let mut place = |number: usize| {
                    let next = places.len();
                    *places.entry(number).or_insert(next)
                };
                let pairs: Vec<(usize, usize)> =
                    values.iter().map(|(first, second)| (place(*first), place(*second))).collect();
                Some(Agreement {
                    task: tasks.get(*task)?.name.clone(),
                    reviewers: [one.clone(), other.clone()],
                    n: values.len() as u64,
                    same: values.iter().filter(|(first, second)| first == second).count() as u64,
                    kappa: cohens_kappa(&pairs, &Design::simple(pairs.len())).map(|kappa| kappa.value),
                })
            })
            .collect();
        found.sort_by_key(|agreement| std::cmp::Reverse(agreement.n));
        found
    }
}
