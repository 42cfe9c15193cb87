//! `docmill review`: what its server answers, to whom, and what is stored. The page itself is tested in a browser
//! (`tests/review_browser`).

mod access;
mod blindness;
pub(crate) mod client;
mod decisions;
mod draws;
mod pages;
mod pictures;
