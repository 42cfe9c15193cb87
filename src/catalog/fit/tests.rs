//! Endpoints that bill by every known rule, and by some unknown ones: the fit predicts their
//! bills.

use super::*;
use crate::catalog::models::known_rules;
use proptest::prelude::*;

/// The calibration after images of these sizes, billed by `tokens`.
fn calibrate(tokens: impl Fn(u32, u32) -> f64, sizes: &[(u32, u32)]) -> Calibration {
    let mut calibration = Calibration::default();
    for (width, height) in sizes {
        calibration.record_image((*width, *height), round(tokens(*width, *height)), 200);
    }
    calibration
}

/// Asserts that the sum of the estimates for these sizes is within 2 % of the bills.
fn assert_close(fit: &Fit, tokens: impl Fn(u32, u32) -> f64, sizes: &[(u32, u32)]) {
    let expected: f64 = sizes.iter().map(|(w, h)| tokens(*w, *h)).sum();
    let estimated: u64 = sizes.iter().filter_map(|(w, h)| fit.tokens(*w, *h)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = estimated as f64 / expected;
    assert!((ratio - 1.0).abs() < 0.02, "{ratio} by {fit}");
}

const DOCUMENTED: ImageRule = ImageRule::Tile { base: 2833, per_tile: 5667 };

#[test]
fn without_bills_the_rule_applies() {
    let fit = Fit::new(DOCUMENTED, Detail::High, &Calibration::default());
    assert_eq!((fit.tokens(724, 1024), fit.basis(), fit.differs()), (Some(25_501), Basis::Rule, false));
    assert_eq!(fit.max_tokens(724, 1024), max_image_tokens(724, 1024, Detail::High));
    let unknown = Fit::new(ImageRule::Unknown, Detail::High, &Calibration::default());
    assert_eq!((unknown.tokens(724, 1024), unknown.basis()), (None, Basis::Unknown));
}

#[test]
fn pages_of_one_size() {
    for tokens in [25_501_u32, 25_540, 1608, 900] {
        let fit = Fit::new(DOCUMENTED, Detail::High, &calibrate(|_, _| tokens.into(), &[(724, 1024); 3]));
        assert_eq!(fit.tokens(724, 1024), Some(tokens.into()));
        assert_eq!((fit.basis(), fit.differs()), (Basis::Calibrated(3), tokens < 25_000), "{fit}");
        assert!(fit.max_tokens(724, 1024) < u64::from(tokens) * 11 / 10);
        // For a size that was not billed, the reservation covers every explanation.
        assert!(fit.max_tokens(1024, 1024) >= fit.tokens(1024, 1024).unwrap());
    }
}

#[test]
fn the_formula_is_shown() {
    let sizes = [(512, 512), (724, 1024), (1024, 724), (300, 1400), (1024, 1365)];
    let tile = |w, h| DOCUMENTED.tokens(w, h, Detail::High).unwrap() as f64;
    let shown =
        |tokens: &dyn Fn(u32, u32) -> f64| Fit::new(DOCUMENTED, Detail::High, &calibrate(tokens, &sizes)).to_string();
    assert_eq!(shown(&tile), "openai-tile 2833 + 5667 a tile");
    assert_eq!(shown(&|w, h| tile(w, h) * 2.0), "openai-tile 2833 + 5667 a tile times 2.000");
    assert_eq!(shown(&|_, _| 777.0), "777 for any image");
    assert_eq!(shown(&|w, h| f64::from(w) * f64::from(h) / 100.0), "by pixels times 0.010");
    let none = Calibration::default();
    assert_eq!(Fit::new(DOCUMENTED, Detail::High, &none).to_string(), "openai-tile");
    assert_eq!(Fit::new(ImageRule::Unknown, Detail::High, &none).to_string(), "none");
    for (basis, shown) in
        [(Basis::Rule, "rule"), (Basis::Calibrated(12), "calibrated on 12"), (Basis::Unknown, "unknown")]
    {
        assert_eq!(basis.to_string(), shown);
    }
}

#[test]
fn two_bills_within_the_known_rules_do_not_replace_the_rule() {
    let most = max_image_tokens(724, 1024, Detail::High);
    #[expect(clippy::cast_precision_loss, reason = "a bill")]
    for tokens in [900.0, most as f64, (most + most / 20 + 100) as f64] {
        let fit = Fit::new(DOCUMENTED, Detail::High, &calibrate(|_, _| tokens, &[(724, 1024); 2]));
        assert_eq!((fit.tokens(724, 1024), fit.basis(), fit.differs()), (Some(25_501), Basis::Rule, false), "{tokens}");
        assert!(fit.max_tokens(724, 1024) >= most.max(round(tokens)), "{tokens}");
    }
}

/// One bill above all known rules shows that none of them holds: later pages are expected to cost as much.
#[test]
fn a_bill_above_every_rule_is_expected_again() {
    for documented in [DOCUMENTED, ImageRule::Unknown] {
        for images in 1..=2 {
            let fit = Fit::new(documented, Detail::High, &calibrate(|_, _| 140_000.0, &[(724, 1024); 2][..images]));
            assert_eq!((fit.tokens(724, 1024), fit.tokens(64, 64)), (Some(140_000), Some(140_000)), "{images}");
            assert_eq!(fit.basis(), Basis::Calibrated(images as u64));
            assert_eq!((fit.differs(), fit.to_string().as_str()), (documented == DOCUMENTED, "140000 for any image"));
            assert_eq!(fit.max_tokens(724, 1024), 140_000 + 7000 + 32);
        }
    }
    let sizes = [(724, 1024), (300, 1400)];
    let fit = Fit::new(DOCUMENTED, Detail::High, &calibrate(|w, _| if w == 724 { 140_000.0 } else { 9000.0 }, &sizes));
    assert_eq!((fit.tokens(300, 1400), fit.tokens(64, 64)), (Some(9000), Some(140_000)), "a size that was billed");
}

/// The bills of three pages fit several rules. The reservation covers each of them.
#[test]
fn the_reservation_covers_every_explanation_of_the_bills() {
    let patch = |w, h| known(162).tokens(w, h, Detail::High).unwrap();
    let fit = Fit::new(DOCUMENTED, Detail::High, &calibrate(|w, h| patch(w, h) as f64, &[(724, 1024); 3]));
    for size in [(512, 512), (768, 1024), (1024, 1365)] {
        assert!(fit.max_tokens(size.0, size.1) >= patch(size.0, size.1), "{size:?} {fit}");
    }
}

fn known(multiplier: u64) -> ImageRule {
    ImageRule::plain_patches(1536, multiplier)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bills_by_a_known_rule_are_predicted(
        at in 0_usize..100,
        text in -40_i32..40,
        sizes in prop::collection::vec((60_u32..1600, 60_u32..1600), 18),
        others in prop::collection::vec((60_u32..1600, 60_u32..1600), 30),
    ) {
        let rule = known_rules()[at % known_rules().len()];
        // Some rules differ only for the largest pages.
        let sizes: Vec<(u32, u32)> = sizes.into_iter().chain([(1600, 1600), (1590, 300)]).collect();
        let tokens = |w, h| rule.tokens(w, h, Detail::High).unwrap() as f64 + f64::from(text);
        let fit = Fit::new(DOCUMENTED, Detail::High, &calibrate(tokens, &sizes));
        assert_close(&fit, tokens, &others);
        for (w, h) in &others {
            prop_assert!(fit.max_tokens(*w, *h) as f64 >= tokens(*w, *h));
        }
    }

    #[test]
    fn bills_by_no_known_rule_are_approximated(
        slope in 1.1_f64..3.0,
        sizes in prop::collection::vec((200_u32..1600, 200_u32..1600), 20),
        others in prop::collection::vec((200_u32..1600, 200_u32..1600), 30),
    ) {
        // Up to the largest sizes, other rules may bill the same.
        let sizes: Vec<(u32, u32)> = sizes.into_iter().chain([(1600, 1600), (1590, 300)]).collect();
        let scaled = |w: u32, h: u32| DOCUMENTED.tokens(w, h, Detail::High).unwrap() as f64 * slope;
        assert_close(&Fit::new(DOCUMENTED, Detail::High, &calibrate(scaled, &sizes)), scaled, &others);
        let by_area = |w: u32, h: u32| f64::from(w) * f64::from(h) / 750.0 * slope + 20.0;
        assert_close(&Fit::new(DOCUMENTED, Detail::High, &calibrate(by_area, &sizes)), by_area, &others);
        let flat = |_, _| 1000.0 * slope;
        assert_close(&Fit::new(DOCUMENTED, Detail::High, &calibrate(flat, &sizes)), flat, &others);
    }
}
