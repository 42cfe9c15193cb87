//! Secrets in text that is shown: keys that were pasted in the wrong place.
//!
//! - [`key_forms`]: what keys look like; [`secret_names`]: names of members and variables that hold secrets
//! - [`keys`]: where keys are in a text
//! - [`messages`]: text for people without secrets
//! - [`members`]: text of members, such as a manifest, without secrets

mod key_forms;
mod keys;
mod members;
mod messages;
mod secret_names;

pub use members::{SecretText, mask_members};
pub use messages::{mask_keys, mask_secrets, mask_url, mask_word};
pub use secret_names::is_secret_name;

#[cfg(test)]
mod tests;
