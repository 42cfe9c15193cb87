//! How often intervals contain the truth, and gates pass values below their threshold.
//!
//! Simple samples are computed exactly, over all outcomes of a binomial experiment. Other designs are
//! simulated with `DOCMILL_EVAL_SEEDS` samples each (200 if it is not set; docs/statistics.md has the results for
//! 10,000): `DOCMILL_EVAL_SEEDS=10000 cargo test --release --test it eval::coverage -- --nocapture`.

use docmill::internal::base::random::Random;
use docmill::internal::eval::{
    Classification, Design, Estimate, Interval, Labeled, Presence, Term, Unlabeled, anytime_interval, clopper_pearson,
    estimate_prevalence, estimate_ratio, exact_lower_bound, macro_f1, measure_classification, paired_bootstrap, wilson,
};
use std::collections::{BTreeSet, HashMap};

/// Least coverage of intervals under weights and clusters.
const MIN_COVERAGE: f64 = 0.925;
/// Largest share of samples in which a gate passes, or a sequence of intervals misses.
const MAX_MISSES: f64 = 0.055;

fn seeds() -> u64 {
    std::env::var("DOCMILL_EVAL_SEEDS").map_or(200, |text| text.parse().unwrap())
}

/// What chance allows beyond a limit: nothing in the full simulation, three standard errors in a short one.
fn slack(limit: f64, samples: u64) -> f64 {
    if samples >= 10_000 { 0.0 } else { 3.0 * (limit * (1.0 - limit) / samples as f64).sqrt() }
}

fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

/// The probabilities of 0 to `n` successes.
fn binomial_probabilities(n: u32, p: f64) -> Vec<f64> {
    let mut ln_factorials = vec![0.0];
    for k in 1..=n {
        ln_factorials.push(ln_factorials[k as usize - 1] + f64::from(k).ln());
    }
    let ln = |k: u32| {
        ln_factorials[n as usize] - ln_factorials[k as usize] - ln_factorials[(n - k) as usize]
            + f64::from(k) * p.ln()
            + f64::from(n - k) * (1.0 - p).ln()
    };
    (0..=n).map(|k| ln(k).exp()).collect()
}

/// Shares from 0.7 to 0.95 in steps of 0.005, and sizes from 100.
#[test]
fn simple_samples() {
    let (mut least_wilson, mut most_wilson, mut least_exact, mut most_passed) = (1.0_f64, 0.0_f64, 1.0_f64, 0.0_f64);
    for n in [100, 120, 150, 200, 300, 500, 1000] {
        let all: Vec<(Interval, Interval, f64)> = (0..=n)
            .map(|k| {
                let (k, n) = (f64::from(k), f64::from(n));
                let ends = (wilson(k, n, 0.95).unwrap(), clopper_pearson(k, n, 0.95).unwrap());
                (ends.0, ends.1, exact_lower_bound(k, n, 0.95).unwrap())
            })
            .collect();
        for step in 0..=50 {
            let share = 0.7 + 0.005 * f64::from(step);
            let probabilities = binomial_probabilities(n, share);
            let sum = |is_in: &dyn Fn(&(Interval, Interval, f64)) -> bool| -> f64 {
                probabilities.iter().zip(&all).filter(|(_, found)| is_in(found)).map(|(p, _)| p).sum()
            };
            let covered = sum(&|found| found.0.contains(share));
            least_wilson = least_wilson.min(covered);
            most_wilson = most_wilson.max(covered);
            least_exact = least_exact.min(sum(&|found| found.1.contains(share)));
            most_passed = most_passed.max(sum(&|found| found.2 > share));
        }
    }
    println!(
        "simple samples: Wilson {} to {} %, Clopper-Pearson at least {} %, gates pass at most {} %",
        percent(least_wilson),
        percent(most_wilson),
        percent(least_exact),
        percent(most_passed)
    );
    assert!(least_wilson >= 0.925 && most_wilson <= 0.975, "{least_wilson} {most_wilson}");
    assert!(least_exact >= 0.945, "{least_exact}");
    assert!(most_passed <= MAX_MISSES, "{most_passed}");
}

/// A stratum of pages: how likely each is to be drawn, how often the answers are right, and pages in the sample.
type Stratum = (f64, f64, usize);

/// Samples with weights and clusters.
struct Population {
    name: &'static str,
    strata: &'static [Stratum],
    /// Largest number of pages in a cluster; sizes are even from 1 (or all equal if `even`).
    max_cluster: usize,
    is_even: bool,
    /// Correlation of pages of one cluster.
    correlation: f64,
}

impl Population {
    /// The share of right pages.
    fn share(&self) -> f64 {
        let sum = |value: &dyn Fn(&Stratum) -> f64| self.strata.iter().map(value).sum::<f64>();
        sum(&|stratum| stratum.1 * stratum.2 as f64 / stratum.0) / sum(&|stratum| stratum.2 as f64 / stratum.0)
    }

    fn draw(&self, random: &Random) -> Estimate {
        let (mut terms, mut probabilities, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
        let mut cluster = 0;
        for (probability, accuracy, pages) in self.strata {
            let mut left = *pages;
            while left > 0 {
                let size = if self.is_even { self.max_cluster } else { 1 + below(random, self.max_cluster) }.min(left);
                let common = random.unit() < *accuracy;
                for _ in 0..size {
                    let copies = random.unit() < self.correlation.sqrt();
                    let own = random.unit() < *accuracy;
                    terms.push(Term::one(if copies { common } else { own }));
                    probabilities.push(*probability);
                    clusters.push(cluster);
                }
                cluster += 1;
                left -= size;
            }
        }
        estimate_ratio(&terms, &Design::sampled(&probabilities, clusters).unwrap()).unwrap()
    }
}

fn below(random: &Random, end: usize) -> usize {
    ((random.unit() * end as f64) as usize).min(end - 1)
}

const POPULATIONS: &[Population] = &[
    clustered("20 files of 5 pages", &[(1.0, 0.9, 100)], 5, true, 0.3),
    clustered("40 files of 5 pages", &[(1.0, 0.8, 200)], 5, true, 0.1),
    clustered("40 files of 5 pages", &[(1.0, 0.95, 200)], 5, true, 0.6),
    clustered("50 pairs of equal pages", &[(1.0, 0.95, 100)], 2, true, 1.0),
    clustered("files of 1 to 10 pages", &[(1.0, 0.7, 150)], 10, false, 0.3),
    clustered("files of 1 to 10 pages", &[(1.0, 0.9, 300)], 10, false, 0.6),
    clustered("files of 1 to 10 pages", &[(1.0, 0.95, 300)], 10, false, 0.3),
    clustered("10 files of 10 pages", &[(1.0, 0.9, 100)], 10, true, 0.6),
    clustered("suspicious pages drawn 9 times as often", &[(0.1, 0.97, 50), (0.9, 0.6, 50)], 1, true, 0.0),
    clustered("drawn 5 times as often, no worse", &[(0.1, 0.95, 50), (0.5, 0.95, 50)], 1, true, 0.0),
    clustered("three strata", &[(0.05, 0.95, 100), (0.2, 0.8, 100), (1.0, 0.6, 100)], 1, true, 0.0),
    clustered("20 pages stand for 1,000", &[(0.02, 0.95, 20), (1.0, 0.5, 80)], 1, true, 0.0),
    clustered("20 pages stand for 1,000", &[(0.02, 0.8, 20), (1.0, 0.5, 80)], 1, true, 0.0),
    clustered("many weights", &[(0.05, 0.9, 40), (0.1, 0.9, 40), (0.3, 0.9, 40), (1.0, 0.9, 40)], 1, true, 0.0),
    clustered("weights and files", &[(0.1, 0.95, 120), (0.6, 0.8, 120)], 6, false, 0.4),
    clustered("weights and files", &[(0.1, 0.9, 60), (0.3, 0.9, 60)], 8, false, 0.6),
];

const fn clustered(
    name: &'static str,
    strata: &'static [Stratum],
    max_cluster: usize,
    is_even: bool,
    correlation: f64,
) -> Population {
    Population { name, strata, max_cluster, is_even, correlation }
}

#[test]
fn weights_and_clusters() {
    let seeds = seeds();
    for (number, population) in POPULATIONS.iter().enumerate() {
        let share = population.share();
        let (mut covered, mut passed, mut width) = (0, 0, 0.0);
        for seed in 0..seeds {
            let found = population.draw(&Random::new(seed ^ (number as u64) << 32));
            covered += u64::from(found.interval.contains(share));
            // The true share is below a threshold that is just above it.
            passed += u64::from(found.is_at_least(share + 1e-9));
            width += found.interval.high - found.interval.low;
        }
        let rate = |count: u64| count as f64 / seeds as f64;
        println!(
            "{}, {} % right, correlation {}: {} % covered (mean width {:.3}), gates pass {} %",
            population.name,
            percent(share),
            population.correlation,
            percent(rate(covered)),
            width / seeds as f64,
            percent(rate(passed))
        );
        assert!(rate(covered) >= MIN_COVERAGE - slack(MIN_COVERAGE, seeds), "{}", population.name);
        assert!(rate(passed) <= MAX_MISSES + slack(MAX_MISSES, seeds), "{}", population.name);
    }
}

/// Labels of these frequencies, answered right this often, else with any other label.
fn draw_labels(random: &Random, frequencies: &[f64], accuracy: f64, n: usize) -> Vec<Labeled> {
    let labels = frequencies.len();
    let page = |_| {
        let mut place = random.unit() * frequencies.iter().sum::<f64>();
        let truth = frequencies.iter().position(|frequency| {
            place -= frequency;
            place < 0.0
        });
        let truth = truth.unwrap_or(labels - 1);
        let other = (truth + 1 + below(random, labels - 1)) % labels;
        Labeled { truth, answer: Some(if random.unit() < accuracy { truth } else { other }) }
    };
    (0..n).map(page).collect()
}

/// The macro F1 of a model of [`draw_labels`] on all pages.
fn true_macro_f1(frequencies: &[f64], accuracy: f64) -> f64 {
    let (labels, total) = (frequencies.len() as f64, frequencies.iter().sum::<f64>());
    let f1 = |frequency: &f64| {
        let predicted = frequency * accuracy + (total - frequency) * (1.0 - accuracy) / (labels - 1.0);
        2.0 * frequency * accuracy / (frequency + predicted)
    };
    frequencies.iter().map(f1).sum::<f64>() / labels
}

#[test]
fn mean_scores_of_labels() {
    let seeds = (seeds() / 5).max(50);
    for (frequencies, accuracy, n) in [
        (&[1.0, 1.0][..], 0.85, 100),
        (&[1.0, 1.0, 1.0], 0.95, 200),
        (&[5.0, 2.0, 1.0, 1.0], 0.9, 300),
        (&[1.0; 10], 0.85, 200),
        (&[1.0; 10], 0.95, 500),
    ] {
        let share = true_macro_f1(frequencies, accuracy);
        let (mut covered, mut passed) = (0, 0);
        for seed in 0..seeds {
            let pages = draw_labels(&Random::new(seed), frequencies, accuracy, n);
            let found = measure_classification(frequencies.len(), &pages, &Design::simple(n)).macro_f1.unwrap();
            covered += u64::from(found.interval.contains(share));
            passed += u64::from(found.is_at_least(share + 1e-9));
        }
        let rate = |count: u64| count as f64 / seeds as f64;
        println!(
            "macro F1 {share:.3} of {} labels on {n} pages: {} % covered, gates pass {} %",
            frequencies.len(),
            percent(rate(covered)),
            percent(rate(passed))
        );
        assert!(rate(covered) >= MIN_COVERAGE - slack(MIN_COVERAGE, seeds));
        assert!(rate(passed) <= MAX_MISSES + slack(MAX_MISSES, seeds));
    }
}

/// A folder of invoices, letters and memos. Pages that are answered `invoice` are drawn with another probability.
struct InvoiceFolder {
    /// The other labels of invoices that are missed: by number, the first that many are answered `letter`.
    missed: usize,
    /// Letters that are answered `invoice`.
    invented: usize,
}

const INVOICES: usize = 80;
const LETTERS: usize = 420;
const MEMOS: usize = 500;

impl InvoiceFolder {
    fn pages(&self) -> Vec<Labeled> {
        let page = |at: usize| {
            let truth = usize::from(at >= INVOICES) + usize::from(at >= INVOICES + LETTERS);
            let answer = match at {
                _ if at < self.missed => 1,
                _ if at >= INVOICES && at < INVOICES + self.invented => 0,
                _ => truth,
            };
            Labeled { truth, answer: Some(answer) }
        };
        (0..INVOICES + LETTERS + MEMOS).map(page).collect()
    }

    /// Draws this share of the pages that are answered `invoice`, and this many of the others.
    fn draw(&self, random: &Random, share: f64, others: usize) -> (Vec<Labeled>, Design) {
        let (invoices, rest): (Vec<Labeled>, Vec<Labeled>) =
            self.pages().into_iter().partition(|page| page.answer == Some(0));
        let drawn = (share * invoices.len() as f64) as usize;
        let (mut pages, mut probabilities) = (Vec::new(), Vec::new());
        for (mut stratum, count) in [(invoices, drawn), (rest, others)] {
            let probability = count as f64 / stratum.len() as f64;
            for at in 0..count {
                let other = at + below(random, stratum.len() - at);
                stratum.swap(at, other);
            }
            pages.extend_from_slice(&stratum[..count]);
            probabilities.resize(pages.len(), probability);
        }
        let clusters = (0..pages.len()).collect();
        (pages, Design::sampled(&probabilities, clusters).unwrap())
    }
}

/// Pages with a rare answer are drawn more often. Errors among the others are rarely drawn, and heavy.
#[test]
fn labels_with_weights() {
    let seeds = seeds();
    for (missed, invented, share, others) in
        [(12, 0, 1.0, 60), (12, 0, 0.5, 90), (8, 25, 0.5, 90), (8, 25, 1.0, 60), (8, 25, 0.5, 300), (40, 5, 0.2, 200)]
    {
        let folder = InvoiceFolder { missed, invented };
        let all = folder.pages();
        let whole = measure_classification(3, &all, &Design::simple(all.len()));
        let measures = |found: &Classification| {
            let labels = found.labels.iter().flat_map(|label| [label.precision, label.recall, label.f1]);
            labels.chain([found.accuracy, found.macro_f1, found.weighted_f1]).collect::<Vec<_>>()
        };
        let truth: Vec<f64> = measures(&whole).into_iter().map(|known| known.unwrap().value).collect();
        let (mut covered, mut passed) = (vec![0; truth.len()], vec![0; truth.len()]);
        let mut defined = vec![0; truth.len()];
        for seed in 0..seeds {
            let (pages, design) = folder.draw(&Random::new(seed), share, others);
            let found = measures(&measure_classification(3, &pages, &design));
            for (at, (found, value)) in found.into_iter().zip(&truth).enumerate() {
                let Some(found) = found else { continue };
                defined[at] += 1;
                covered[at] += u64::from(found.interval.contains(*value));
                passed[at] += u64::from(found.is_at_least(value + 1e-9));
            }
        }
        let rates = |counts: &[u64]| -> Vec<f64> {
            counts.iter().zip(&defined).map(|(count, all)| *count as f64 / *all as f64).collect()
        };
        let (covered, passed) = (rates(&covered), rates(&passed));
        let in_percent = |rates: &[f64]| rates.iter().map(|rate| percent(*rate)).collect::<Vec<_>>();
        println!(
            "{missed} of {INVOICES} invoices missed and {invented} invented, {share} of those answered so and {others} others: \
             {:?} % covered, gates pass {:?} %",
            in_percent(&covered),
            in_percent(&passed)
        );
        for (at, value) in truth.iter().enumerate() {
            let samples = defined[at];
            assert!(covered[at] >= MIN_COVERAGE - slack(MIN_COVERAGE, samples), "{at}: {value} {covered:?}");
            // Of a share of 1 no gate passes a threshold above it.
            assert!(passed[at] <= MAX_MISSES + slack(MAX_MISSES, samples), "{at}: {value} {passed:?}");
        }
    }
}

/// Whether one of the intervals after each page misses the true share.
fn misses(right: impl Iterator<Item = bool>, population: Option<u64>, share: f64, memo: &mut Memo) -> bool {
    let (mut count, mut seen) = (0, 0);
    right.into_iter().any(|is_right| {
        count += u64::from(is_right);
        seen += 1;
        let found = memo.entry((count, seen, population)).or_insert_with(|| anytime_interval(count, seen, population));
        // The share of a finite population is computed by a division, as the ends are.
        !found.contains(share)
    })
}

type Memo = HashMap<(u64, u64, Option<u64>), Interval>;

#[test]
fn intervals_that_are_looked_at_after_every_page() {
    let seeds = seeds();
    let mut memo = Memo::new();
    for share in [0.7, 0.8, 0.9, 0.95, 0.99] {
        let missed: u64 = (0..seeds)
            .map(|seed| {
                let random = Random::new(seed);
                u64::from(misses((0..500).map(|_| random.unit() < share), None, share, &mut memo))
            })
            .sum();
        let rate = missed as f64 / seeds as f64;
        println!("{} % right, looked at after each of 500 pages: {} % miss", percent(share), percent(rate));
        assert!(rate <= MAX_MISSES + slack(MAX_MISSES, seeds));
    }
    for (right, pages) in [(70_u64, 100_u64), (190, 200), (270, 300)] {
        let share = right as f64 / pages as f64;
        let missed: u64 = (0..seeds)
            .map(|seed| {
                let random = Random::new(seed);
                let (mut left, mut right_left) = (pages, right);
                let draws = (0..pages).map(|_| {
                    let is_right = random.unit() * (left as f64) < right_left as f64;
                    left -= 1;
                    right_left -= u64::from(is_right);
                    is_right
                });
                u64::from(misses(draws, Some(pages), share, &mut memo))
            })
            .sum();
        let rate = missed as f64 / seeds as f64;
        println!("{right} of {pages} pages right, looked at after each of all: {} % miss", percent(rate));
        assert!(rate <= MAX_MISSES + slack(MAX_MISSES, seeds));
    }
}

#[test]
fn prevalences() {
    let seeds = seeds();
    for (frequency, found_if_true, found_if_false, n, others) in [
        (0.2, 0.95, 0.005, 100, 1900),
        (0.05, 0.8, 0.02, 200, 1800),
        (0.01, 0.95, 0.005, 200, 19_800),
        (0.5, 0.9, 0.05, 100, 900),
        (0.9, 0.95, 0.2, 200, 800),
        (0.3, 0.5, 0.5, 200, 1800),
    ] {
        let mut covered = 0;
        for seed in 0..seeds {
            let random = Random::new(seed);
            let page = || {
                let truth = random.unit() < frequency;
                Presence { truth, answer: random.unit() < if truth { found_if_true } else { found_if_false } }
            };
            let sample: Vec<Presence> = (0..n).map(|_| page()).collect();
            let predicted = (0..others).filter(|_| page().answer).count();
            let unlabeled = Unlabeled { pages: others, predicted };
            let found = estimate_prevalence(&sample, &Design::simple(n), unlabeled).unwrap();
            covered += u64::from(found.interval.contains(frequency));
        }
        let rate = covered as f64 / seeds as f64;
        println!(
            "prevalence {frequency}, found {found_if_true} and {found_if_false}, {n} of {} pages: {} % covered",
            n + others,
            percent(rate)
        );
        assert!(rate >= MIN_COVERAGE - slack(MIN_COVERAGE, seeds));
    }
}

/// Two models on the same pages: the second is right more often, on the same pages and others.
#[test]
fn differences_of_scores() {
    let seeds = (seeds() / 20).max(30);
    let frequencies = [1.0, 1.0, 1.0];
    let (first_accuracy, second_accuracy) = (0.8, 0.88);
    let difference = true_macro_f1(&frequencies, second_accuracy) - true_macro_f1(&frequencies, first_accuracy);
    let mut covered = 0;
    for seed in 0..seeds {
        let random = Random::new(seed);
        let second = draw_labels(&random, &frequencies, second_accuracy, 200);
        // What the second has right, the first has right as often as its accuracy demands.
        let spoil = |page: &Labeled| {
            let other = Some((page.truth + 1 + below(&random, 2)) % 3);
            let keeps = page.answer != Some(page.truth) || random.unit() < first_accuracy / second_accuracy;
            Labeled { truth: page.truth, answer: if keeps { page.answer } else { other } }
        };
        let first: Vec<Labeled> = second.iter().map(spoil).collect();
        let sets = |pages: &[Labeled]| -> Vec<(BTreeSet<usize>, BTreeSet<usize>)> {
            pages.iter().map(|page| (BTreeSet::from([page.truth]), page.answer.into_iter().collect())).collect()
        };
        let (first, second) = (sets(&first), sets(&second));
        let score = |pages: &[(BTreeSet<usize>, BTreeSet<usize>)], weights: &[f64]| {
            macro_f1(3, pages.iter().map(|(truth, answer)| (truth, answer)), weights)
        };
        let found = paired_bootstrap(&Design::simple(200), seed, |weights| {
            score(&second, weights).unwrap() - score(&first, weights).unwrap()
        });
        covered += u64::from(found.unwrap().interval.contains(difference));
    }
    let rate = covered as f64 / seeds as f64;
    println!("difference of macro F1 {difference:.3}: {} % covered", percent(rate));
    assert!(rate >= MIN_COVERAGE - slack(MIN_COVERAGE, seeds));
}
