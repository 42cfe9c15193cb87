//! The profiles: APIs as their documents and recorded replies describe them. A file has those of one
//! maker, or of servers of one kind; each profile states where it differs from another one.
//!
//! - [`default`]: the API without rules of a family; [`openai`]: models of OpenAI
//! - [`anthropic`], [`gemini`]: compatible layers of other makers; [`hosts`]: hosts of several makers
//! - [`open_models`]: servers of open models; [`find`]: profiles by name

mod anthropic;
pub(crate) mod default;
pub(crate) mod find;
mod gemini;
mod hosts;
mod open_models;
mod openai;
