//! `docmill review`: the server's replies, to whom, and the stored data. The page itself is tested in a browser
//! (`tests/review_browser`).

mod access;
mod blindness;
pub(crate) mod client;
mod decisions;
mod draws;
mod pages;
mod pictures;
