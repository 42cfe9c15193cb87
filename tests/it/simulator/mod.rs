//! The simulator over raw HTTP: what each profile rejects, replies and bills.

mod documents;
mod exchange;
mod rejections;
mod replies;
mod usage;
