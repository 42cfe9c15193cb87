//! Bills by every known rule, and by some that are not known, are found again.

use super::*;
use proptest::prelude::*;

fn bills(of: impl Fn(u32, u32) -> f64, sizes: &[(u32, u32)]) -> Calibration {
    let mut calibration = Calibration::default();
    for (width, height) in sizes {
        calibration.learn((*width, *height), whole(of(*width, *height)), 200);
    }
    calibration
}

fn close(fit: &Fit, of: impl Fn(u32, u32) -> f64, sizes: &[(u32, u32)]) {
    let expected: f64 = sizes.iter().map(|(w, h)| of(*w, *h)).sum();
    let told: u64 = sizes.iter().filter_map(|(w, h)| fit.tokens(*w, *h)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = told as f64 / expected;
    assert!((ratio - 1.0).abs() < 0.02, "{ratio} by {fit}");
}

const DOCUMENTED: ImageRule = ImageRule::Tile { base: 2833, per_tile: 5667 };

#[test]
fn without_bills_it_is_the_rule() {
    let fit = Fit::new(DOCUMENTED, Detail::High, &Calibration::default());
    assert_eq!((fit.tokens(724, 1024), fit.basis(), fit.differs()), (Some(25_501), Basis::Rule, false));
    assert_eq!(fit.most(724, 1024), worst_image_tokens(724, 1024, Detail::High));
    let unknown = Fit::new(ImageRule::Unknown, Detail::High, &Calibration::default());
    assert_eq!((unknown.tokens(724, 1024), unknown.basis()), (None, Basis::Unknown));
}

#[test]
fn pages_of_one_size() {
    for tokens in [25_501_u32, 25_540, 1608, 900] {
        let fit = Fit::new(DOCUMENTED, Detail::High, &bills(|_, _| tokens.into(), &[(724, 1024); 3]));
        assert_eq!(fit.tokens(724, 1024), Some(tokens.into()));
        assert_eq!((fit.basis(), fit.differs()), (Basis::Calibrated(3), tokens < 25_000), "{fit}");
        assert!(fit.most(724, 1024) < u64::from(tokens) * 11 / 10);
        // Where nothing was seen, what is set aside covers every explanation.
        assert!(fit.most(1024, 1024) >= fit.tokens(1024, 1024).unwrap());
    }
}

/// The bills of three pages fit several rules: what is set aside covers each of them.
#[test]
fn what_is_set_aside_covers_all_that_explains_the_bills() {
    let patch = |w, h| known(162).tokens(w, h, Detail::High).unwrap();
    let fit = Fit::new(DOCUMENTED, Detail::High, &bills(|w, h| patch(w, h) as f64, &[(724, 1024); 3]));
    for size in [(512, 512), (768, 1024), (1024, 1365)] {
        assert!(fit.most(size.0, size.1) >= patch(size.0, size.1), "{size:?} {fit}");
    }
}

fn known(multiplier: u64) -> ImageRule {
    ImageRule::Patch { budget: 1536, max_side: 2048, multiplier_percent: multiplier, low_side: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bills_by_a_known_rule_are_found_again(
        at in 0_usize..100,
        text in -40_i32..40,
        sizes in prop::collection::vec((60_u32..1600, 60_u32..1600), 18),
        others in prop::collection::vec((60_u32..1600, 60_u32..1600), 30),
    ) {
        let rule = known_rules()[at % known_rules().len()];
        // Rules that differ only for the largest pages are told apart by one of these.
        let sizes: Vec<(u32, u32)> = sizes.into_iter().chain([(1600, 1600), (1590, 300)]).collect();
        let of = |w, h| rule.tokens(w, h, Detail::High).unwrap() as f64 + f64::from(text);
        let fit = Fit::new(DOCUMENTED, Detail::High, &bills(of, &sizes));
        close(&fit, of, &others);
        for (w, h) in &others {
            prop_assert!(fit.most(*w, *h) as f64 >= of(*w, *h));
        }
    }

    #[test]
    fn bills_by_no_known_rule_are_approached(
        slope in 1.1_f64..3.0,
        sizes in prop::collection::vec((200_u32..1600, 200_u32..1600), 20),
        others in prop::collection::vec((200_u32..1600, 200_u32..1600), 30),
    ) {
        let scaled = |w: u32, h: u32| DOCUMENTED.tokens(w, h, Detail::High).unwrap() as f64 * slope;
        close(&Fit::new(DOCUMENTED, Detail::High, &bills(scaled, &sizes)), scaled, &others);
        let by_area = |w: u32, h: u32| f64::from(w) * f64::from(h) / 750.0 * slope + 20.0;
        close(&Fit::new(DOCUMENTED, Detail::High, &bills(by_area, &sizes)), by_area, &others);
        let flat = |_, _| 1000.0 * slope;
        close(&Fit::new(DOCUMENTED, Detail::High, &bills(flat, &sizes)), flat, &others);
    }
}
