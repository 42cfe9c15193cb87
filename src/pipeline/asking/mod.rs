//! Asking pages: attempts, admission, charges.

pub(crate) mod admission;
pub(crate) mod attempt;
pub(crate) mod calibration;
pub(crate) mod charge;
pub(crate) mod dispatch;
pub(crate) mod page_loop;
pub(crate) mod page_state;
pub(crate) mod telemetry;
