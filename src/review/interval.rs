//! TEMPORARY until eval.
use std::collections::BTreeMap;
pub(crate) fn accuracy_interval(right: &[bool], _pages: u64) -> (f64, f64) {
    let n = right.len() as f64;
    let k = right.iter().filter(|r| **r).count() as f64;
    let lfact = |x: f64| {
        let mut s = 0.0;
        let mut i = 1.0;
        while i <= x {
            s += f64::ln(i);
            i += 1.0;
        }
        s
    };
    let lb = lfact(k) + lfact(n - k) - lfact(n + 1.0);
    let ok = |p: f64| k * p.max(1e-300).ln() + (n - k) * (1.0 - p).max(1e-300).ln() - lb >= (0.05_f64).ln();
    let grid: Vec<f64> = (0..=1000).map(|i| i as f64 / 1000.0).filter(|p| ok(*p)).collect();
    (grid.first().copied().unwrap_or(0.0), grid.last().copied().unwrap_or(1.0))
}
pub(crate) fn cohen_kappa(values: &[(&str, &str)]) -> Option<f64> {
    let n = values.len() as f64;
    let mut a: BTreeMap<&str, f64> = BTreeMap::new();
    let mut b: BTreeMap<&str, f64> = BTreeMap::new();
    let mut same = 0.0;
    for (x, y) in values {
        *a.entry(x).or_default() += 1.0;
        *b.entry(y).or_default() += 1.0;
        if x == y {
            same += 1.0;
        }
    }
    let e: f64 = a.iter().map(|(k, v)| v * b.get(k).copied().unwrap_or(0.0)).sum::<f64>() / (n * n);
    (e < 1.0).then(|| (same / n - e) / (1.0 - e))
}
