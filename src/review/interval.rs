//! TEMPORARY until eval.
pub(crate) struct Interval { pub(crate) low: f64, pub(crate) high: f64 }
pub(crate) fn anytime_interval(right: u64, seen: u64, _pages: Option<u64>) -> Interval {
    let n = seen as f64; let k = right as f64;
    let lfact = |x: f64| { let mut s = 0.0; let mut i = 1.0; while i <= x { s += f64::ln(i); i += 1.0; } s };
    let lb = lfact(k) + lfact(n - k) - lfact(n + 1.0);
    let ok = |p: f64| k * p.max(1e-300).ln() + (n - k) * (1.0 - p).max(1e-300).ln() - lb >= (0.05_f64).ln();
    let grid: Vec<f64> = (0..=1000).map(|i| i as f64 / 1000.0).filter(|p| ok(*p)).collect();
    Interval { low: grid.first().copied().unwrap_or(0.0), high: grid.last().copied().unwrap_or(1.0) }
}
