//! JPEG with arithmetic coding (ITU-T T.81, annexes D, F.1.4 and G.1.3).
//!
//! - [`coder`]: binary decisions
//! - [`conditioning`]: what the models of coefficients depend on
//! - [`statistics`]: the models of coefficients
//! - [`scan`]: walks over the blocks of a scan

mod coder;
mod conditioning;
mod scan;
mod statistics;

pub(crate) use conditioning::Conditioning;
pub(crate) use scan::ArithmeticScan;
