//! The arithmetic of evaluation: against other implementations, and by simulation.
//!
//! - [`reference`]: values of scikit-learn, statsmodels and SciPy
//! - [`coverage`]: how often intervals contain the truth, and gates pass what they should not

mod coverage;
mod reference;
