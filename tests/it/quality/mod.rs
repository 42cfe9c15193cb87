//! How good the labels are: `docmill eval`.

mod bench;
mod cost;
mod gates;
mod human_answers;
mod kinds;
mod samples;
mod truth_faults;
