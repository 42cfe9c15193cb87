//! Two sets of answers against truth, page by page: what both find hard does not count.

use super::compared::{PairedTruth, ScoreDifference};
use crate::base::digest::Digest;
use crate::eval::{Design, macro_f1, mcnemar_p, paired_bootstrap};
use crate::labels::evaluation::collect::labels_of;
use crate::labels::evaluation::right_answer::is_right_answer;
use crate::labels::truth::task_spec::TaskSpec;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Seed of the bootstrap: the same pages give the same interval.
const SEED: u64 = 0x6469_6666;

/// A page with truth for a task that was asked on both sides.
#[derive(Clone, Debug)]
pub(crate) struct TruthPair {
    /// Its position among all pages with truth.
    pub(crate) at: usize,
    /// The values of the leaves that are known.
    pub(crate) truth: Vec<Option<Value>>,
    /// The earlier answer; `None`: the page has none.
    pub(crate) old: Option<Value>,
    /// The later answer.
    pub(crate) new: Option<Value>,
}

/// Compares both sides with the truth. `design`: how the pages were drawn.
pub(crate) fn compare_with_truth(task: &TaskSpec, pages: &[TruthPair], design: &Design) -> Option<PairedTruth> {
    if pages.is_empty() {
        return None;
    }
    let (mut both, mut only_old, mut only_new) = (0, 0, 0);
    for page in pages {
        match (is_right(task, &page.truth, page.old.as_ref()), is_right(task, &page.truth, page.new.as_ref())) {
            (true, true) => both += 1,
            (true, false) => only_old += 1,
            (false, true) => only_new += 1,
            (false, false) => {}
        }
    }
    let n = pages.len() as u64;
    let mcnemar_p = mcnemar_p(only_old, only_new);
    let weighted = if design.has_equal_weights() { None } else { weighted_difference(task, pages, design) };
    Some(PairedTruth { n, both, only_old, only_new, mcnemar_p, weighted, f1: f1_difference(task, pages, design) })
}

/// Whether an answer has every value that is known. No answer is wrong.
pub(crate) fn is_right(task: &TaskSpec, truth: &[Option<Value>], answer: Option<&Value>) -> bool {
    answer.is_some_and(|answer| is_right_answer(task, truth, answer))
}

/// The difference of the shares of right pages among all pages that the drawn ones represent.
fn weighted_difference(task: &TaskSpec, pages: &[TruthPair], design: &Design) -> Option<ScoreDifference> {
    let right = |answer: fn(&TruthPair) -> Option<&Value>| -> Vec<bool> {
        pages.iter().map(|page| is_right(task, &page.truth, answer(page))).collect()
    };
    let (old, new) = (right(|page| page.old.as_ref()), right(|page| page.new.as_ref()));
    let share = |weights: &[f64], right: &[bool]| {
        let of_right = weights.iter().zip(right).filter(|(_, right)| **right).map(|(weight, _)| weight);
        of_right.sum::<f64>() / weights.iter().sum::<f64>()
    };
    difference(design, |weights| Some((share(weights, &old), share(weights, &new))))
}

/// The difference of two scores with these weights of pages; `None`: they have no scores.
fn difference(design: &Design, both: impl Fn(&[f64]) -> Option<(f64, f64)>) -> Option<ScoreDifference> {
    let (old, new) = both(design.weights())?;
    // Without a page that has a score, neither side is better.
    let found = paired_bootstrap(design, SEED, |weights| both(weights).map_or(0.0, |(old, new)| new - old));
    let interval = found.as_ref().map(|found| (found.interval.low, found.interval.high));
    Some(ScoreDifference { old, new, interval, p: found.map(|found| found.p) })
}

/// The labels of a page, as numbers.
struct LabelSets {
    truth: BTreeSet<usize>,
    old: BTreeSet<usize>,
    new: BTreeSet<usize>,
}

/// The difference of macro F1; `None`: the task has no labels, or none occurs.
fn f1_difference(task: &TaskSpec, pages: &[TruthPair], design: &Design) -> Option<ScoreDifference> {
    let labels = task.labels()?.iter().map(String::as_str);
    // The truth may have labels that the manifest does not have.
    let of_truth = pages.iter().flat_map(|page| page.truth.iter().flatten()).flat_map(labels_of);
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for label in labels.chain(of_truth) {
        let next = numbers.len();
        numbers.entry(label).or_insert(next);
    }
    let numbered = |value: Option<&Value>| -> BTreeSet<usize> {
        value.into_iter().flat_map(labels_of).filter_map(|label| numbers.get(label).copied()).collect()
    };
    let sets: Vec<LabelSets> = pages
        .iter()
        .map(|page| LabelSets {
            truth: numbered(page.truth.first().and_then(Option::as_ref)),
            old: numbered(page.old.as_ref()),
            new: numbered(page.new.as_ref()),
        })
        .collect();
    let score = |weights: &[f64], side: fn(&LabelSets) -> &BTreeSet<usize>| {
        macro_f1(numbers.len(), sets.iter().map(|page| (&page.truth, side(page))), weights)
    };
    difference(design, |weights| Some((score(weights, |sets| &sets.old)?, score(weights, |sets| &sets.new)?)))
}

/// Pages that belong together: those of one file, and equal ones.
pub(crate) fn cluster_key(path: &[u8], content: Option<Digest>) -> Vec<u8> {
    content.map_or_else(|| path.to_vec(), |content| content.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::comparison::text::verdict;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::Shape;
    use serde_json::json;

    fn task(shape: Shape) -> TaskSpec {
        TaskSpec { name: "t".into(), position: 0, leaves: Leaf::list(&shape), shape }
    }

    fn labels() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    fn pair(at: usize, truth: Value, old: Option<Value>, new: Option<Value>) -> TruthPair {
        TruthPair { at, truth: vec![Some(truth)], old, new }
    }

    #[test]
    fn pages_are_counted_by_which_side_has_them_right() {
        let task = task(Shape::Choice(labels()));
        let a = || Some(json!("a"));
        let mut pages =
            vec![pair(0, json!("a"), a(), a()), pair(1, json!("b"), a(), a()), pair(2, json!("a"), a(), None)];
        pages.extend((3..12).map(|at| pair(at, json!("b"), a(), Some(json!("b")))));
        let found = compare_with_truth(&task, &pages, &Design::simple(pages.len())).unwrap();
        assert_eq!((found.n, found.both, found.only_old, found.only_new), (12, 1, 1, 9));
        // The two-sided binomial probability of 1 or fewer of 10.
        assert!((found.mcnemar_p - 2.0 * 11.0 / 1024.0).abs() < 1e-12, "{}", found.mcnemar_p);
        let f1 = found.f1.unwrap();
        // Earlier: a is right twice of 12 answers with 2 in truth, b never. Later: a once of 2 and 2, b 9 of 10 and 9.
        assert!((f1.old - (4.0 / 14.0 + 0.0) / 2.0).abs() < 1e-12, "{}", f1.old);
        assert!((f1.new - (2.0 / 4.0 + 18.0 / 19.0) / 2.0).abs() < 1e-12, "{}", f1.new);
        let (low, high) = f1.interval.unwrap();
        assert!(low > 0.0 && low < f1.new - f1.old && high > f1.new - f1.old && f1.p.unwrap() < 0.05, "{f1:?}");
        assert_eq!(compare_with_truth(&task, &[], &Design::simple(0)), None);
    }

    /// Of 40 rare pages that were all drawn, the later answers have 20 more right; of 40 that stand for nine each, 8 fewer.
    #[test]
    fn rarely_drawn_pages_decide_which_side_is_better() {
        let task = task(Shape::Choice(labels()));
        let (right, wrong) = (|| Some(json!("a")), || Some(json!("b")));
        let rare = (0..40).map(|at| pair(at, json!("a"), if at % 2 == 0 { right() } else { wrong() }, right()));
        let others = (40..80).map(|at| pair(at, json!("a"), right(), if at % 5 == 0 { wrong() } else { right() }));
        let pages: Vec<TruthPair> = rare.chain(others).collect();
        let probabilities: Vec<f64> = (0..80).map(|at| if at < 40 { 1.0 } else { 1.0 / 9.0 }).collect();
        let design = Design::sampled(&probabilities, (0..80).collect()).unwrap();
        let found = compare_with_truth(&task, &pages, &design).unwrap();
        assert!(found.only_new > found.only_old && found.mcnemar_p < 0.05, "{found:?}");
        let shares = found.weighted.unwrap();
        assert!((shares.old - 380.0 / 400.0).abs() < 1e-12 && (shares.new - 328.0 / 400.0).abs() < 1e-12, "{shares:?}");
        assert!(shares.interval.unwrap().1 < 0.0 && shares.p.unwrap() < 0.05, "{shares:?}");
        assert!(verdict(&found).contains("less often right"), "{found:?}");
        assert_eq!(compare_with_truth(&task, &pages, &Design::simple(80)).unwrap().weighted, None);
    }

    /// A third of the draws of 100 pages lack the one page on which the sides differ.
    #[test]
    fn one_page_with_a_tag_makes_no_side_better() {
        let task = task(Shape::Tags { labels: labels(), max: None });
        let mut pages: Vec<TruthPair> =
            (1..100).map(|at| pair(at, json!([]), Some(json!([])), Some(json!([])))).collect();
        pages.push(pair(0, json!(["a"]), Some(json!([])), Some(json!(["a"]))));
        let f1 = compare_with_truth(&task, &pages, &Design::simple(pages.len())).unwrap().f1.unwrap();
        assert_eq!((f1.old, f1.new, f1.interval), (0.0, 1.0, Some((0.0, 1.0))));
        assert!(f1.p.unwrap() > 0.5, "{f1:?}");
    }

    #[test]
    fn a_label_that_only_the_truth_has_counts() {
        let task = task(Shape::Choice(labels()));
        let a = || Some(json!("a"));
        let pages = [pair(0, json!("a"), a(), a()), pair(1, json!("memo"), a(), a())];
        let f1 = compare_with_truth(&task, &pages, &Design::simple(2)).unwrap().f1.unwrap();
        // Of a: one right of two answers. Of memo: none.
        assert!((f1.old - (2.0 / 3.0 + 0.0) / 2.0).abs() < 1e-12, "{}", f1.old);
    }

    #[test]
    fn tags_are_sets_and_members_are_compared_one_by_one() {
        let tags = task(Shape::Tags { labels: labels(), max: None });
        assert!(is_right(&tags, &[Some(json!(["a", "b"]))], Some(&json!(["b", "a"]))));
        assert!(!is_right(&tags, &[Some(json!(["a", "b"]))], Some(&json!(["b"]))));
        let field = |name: &str| crate::task::Field { name: name.into(), description: None, shape: Shape::Text };
        let object = task(Shape::Object(vec![field("x"), field("y")]));
        let answer = json!({"x": "ACME", "y": "1"});
        for (truth, expected) in
            [(vec![Some(json!("acme")), None], true), (vec![Some(json!("acme")), Some(json!("2"))], false)]
        {
            assert_eq!(is_right(&object, &truth, Some(&answer)), expected, "{truth:?}");
        }
    }
}
