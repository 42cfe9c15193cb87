//! Tasks -> prompt and [`Shape`]; a reply -> answers.
//!
//! - [`shape`]: one type serves the schema that is sent, validation and the output column
//! - [`schema`]: a user's JSON Schema -> shape, within a closed subset
//! - [`check`]: a value against a shape
//! - [`question`]: a manifest's task, compiled; [`words`]: its words, with columns of a list
//! - [`stored`]: a question from its recipe
//! - [`prompt`]: what is asked, as text
//! - [`length`]: how long a reply may be
//! - [`reply`]: what was answered, read tolerantly, validated strictly

pub(crate) mod check;
pub(crate) mod prompt;
pub(crate) mod question;
pub(crate) mod reply;
pub(crate) mod reply_length;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod stored;
pub(crate) mod words;

pub use prompt::{PROMPT_VERSION, SYSTEM, instructions, repair_text, reply_schema};
pub use question::{Question, TaskDefect, compile, without_descriptions};
pub use reply::{Reading, TaskFault, read};
pub use reply_length::{Replies, replies};
pub use shape::{Field, Shape};
pub use stored::of_recipe;
