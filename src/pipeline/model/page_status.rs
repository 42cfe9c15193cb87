//! The rule that decides what is done for a page is [`crate::store::decide`].

pub use crate::store::RetrySelection as Wish;
