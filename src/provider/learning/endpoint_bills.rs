//! What an endpoint bills: its price, and what its bills have shown.

use crate::catalog::{Calibration, Fit, PriceTable, ServiceTier};
use std::cell::RefCell;

/// What an endpoint bills.
pub(crate) struct EndpointBills {
    /// What a token costs; `None`: unknown.
    pub(crate) price: Option<PriceTable>,
    /// The service tier that requests ask for.
    pub(crate) service_tier: ServiceTier,
    /// Observed bills.
    pub(crate) calibration: RefCell<Calibration>,
    /// The billing of images that fits them.
    pub(crate) fit: RefCell<Fit>,
}
