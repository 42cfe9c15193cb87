//! What an endpoint bills: its price, and what its bills have shown.

use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::{Basis, Calibration, Detail, Fit, ImageRule, PriceTable, RequestPrice, ServiceTier};
use crate::prepare::Prepared;
use crate::provider::request::estimate::{Estimate, Footprint, RequestSize, estimate};
use std::cell::RefCell;

/// What an endpoint bills.
pub struct EndpointBills {
    price: Option<PriceTable>,
    service_tier: ServiceTier,
    rule: ImageRule,
    calibration: RefCell<Calibration>,
    /// The billing of images that fits the calibration.
    fit: RefCell<Fit>,
}

impl EndpointBills {
    /// `price`: what a token costs; `None`: unknown. `service_tier`: the one that requests ask for. `rule`, `detail`: how
    /// images are billed. `calibration`: bills that were observed before.
    pub(crate) fn new(
        price: Option<PriceTable>,
        service_tier: ServiceTier,
        (rule, detail): (ImageRule, Detail),
        calibration: Calibration,
    ) -> Self {
        let fit = Fit::new(rule, detail, &calibration);
        Self { price, service_tier, rule, calibration: RefCell::new(calibration), fit: RefCell::new(fit) }
    }

    /// The price of a request that is sent at `sent_ms`, wall time in milliseconds; `None`: unknown.
    pub(crate) fn price_at(&self, sent_ms: i64) -> Option<RequestPrice> {
        Some(RequestPrice { table: self.price?, tier: self.service_tier, sent_ms })
    }

    /// Estimates the tokens of a request.
    pub(crate) fn estimate(&self, footprint: &Footprint, size: RequestSize) -> Estimate {
        estimate(footprint, &self.fit.borrow(), &self.calibration.borrow(), size)
    }

    /// Tokens that sending `image` smaller than at full size saves.
    #[must_use]
    pub fn tokens_saved_by_size(&self, image: &Prepared) -> u64 {
        let fit = self.fit.borrow();
        let tokens = |(width, height)| fit.tokens(width, height).unwrap_or(0);
        tokens(image.full).saturating_sub(tokens((image.width, image.height)))
    }

    /// What image tokens are computed from.
    #[must_use]
    pub fn image_basis(&self) -> Basis {
        self.fit.borrow().basis()
    }

    /// The currently known billing of images.
    #[must_use]
    pub fn fit(&self) -> Fit {
        self.fit.borrow().clone()
    }

    /// Observed bills of the endpoint.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        self.calibration.borrow().clone()
    }

    /// Learns from the bill of a first question about a page. `footprint`: the size of its text; `size`: that of its image,
    /// in pixels; `is_valid`: whether all answers of the reply were valid. Returns the calibration if it should be stored, because it
    /// changed more than a little.
    #[must_use]
    pub fn learn_bill(
        &self,
        footprint: Footprint,
        size: (u32, u32),
        usage: Usage,
        is_valid: bool,
    ) -> Option<Calibration> {
        let mut calibration = self.calibration.borrow_mut();
        if is_valid {
            calibration.record_reply(footprint.usual, usage, footprint.reasoning);
        }
        let image_tokens = usage.input.saturating_sub(footprint.text);
        if !calibration.record_image(size, image_tokens, footprint.text) {
            return None;
        }
        let mut fit = self.fit.borrow_mut();
        *fit = Fit::new(self.rule, fit.detail(), &calibration);
        Some(calibration.clone())
    }

    /// Learns that the provider reported a cost of `reported` where the price gives `computed`.
    /// Returns what is known now if it should be stored.
    #[must_use]
    pub fn learn_markup(&self, reported: Pico, computed: Pico) -> Option<Calibration> {
        let mut calibration = self.calibration.borrow_mut();
        calibration.record_markup(reported, computed).then(|| calibration.clone())
    }

    /// The maximum cost of a request by the provider's account, if it is `cost` by the price.
    #[must_use]
    pub fn with_markup(&self, cost: Pico) -> Pico {
        self.calibration.borrow().with_markup(cost)
    }
}
