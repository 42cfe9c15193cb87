//! How many requests of a run a server refuses for its rate limit.

use super::bench::Bench;

/// The largest share of refused requests of a run that knows or learns the limit, on any machine. How many are refused
/// depends on when the processes get the processor, so the unit tests of `adaptive_rate.rs` check how closely it is met. A
/// run that does not learn it sends eight requests or more every tenth of a second to a server that lets two pass: it has
/// three quarters refused.
pub(crate) const MAX_REFUSED: f64 = 0.25;

/// How often a run is repeated that did not get the processor in time.
const TRIES: usize = 5;

/// Runs the job in a `prepared` folder until at most `max_refused` requests of a run are refused: one that does not get the
/// processor in time sends several requests at once, however well it paces them. One that exceeds its limit does so in
/// every try.
#[track_caller]
pub(crate) fn assert_refused_at_most(max_refused: u64, pages: u64, case: &str, prepared: impl Fn() -> Bench) {
    let mut refused = Vec::new();
    for _ in 0..TRIES {
        let bench = prepared();
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        let stats = bench.stats();
        assert_eq!(stats["answered"].as_u64(), Some(pages), "{case}");
        let of_run = stats["rate_limited"].as_u64().unwrap();
        if of_run <= max_refused {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let is_late = of_run as f64 <= MAX_REFUSED * (pages + of_run) as f64;
        assert!(is_late, "{case}: {of_run} requests for {pages} pages were refused");
        refused.push(of_run);
    }
    panic!("{case}: more than {max_refused} requests for {pages} pages were refused in every run: {refused:?}");
}
