//! Tasks -> prompt, [`Shape`] and recipe; reply -> answers.
//!
//! - [`shape`]: the form of an answer: schema that is sent, validation, output column
//! - [`fault`]: why a reply has no valid answer; [`label`]: the label that a value means; [`typed_text`]: texts that
//!   mean other values; [`check`]: a value against a shape
//! - [`schema`]: a user's JSON Schema -> shape, within a supported subset
//! - [`bounds`]: bounds that end endless replies
//! - [`words`]: text with columns of a list; [`question`]: a compiled task
//! - [`prompt`]: the text that is sent
//! - [`recipe`]: the part of an answer's key that is not the page; [`stored`]: from a recipe
//!   back to a question
//! - [`reply_length`]: how long a reply may be
//! - [`reply`]: reads a reply: tolerant of its format, strict about its values;
//!   [`objects`]: the JSON objects in its text; [`thought`]: marks of reasoning in it

pub(crate) mod bounds;
pub(crate) mod check;
pub(crate) mod fault;
pub(crate) mod label;
pub(crate) mod objects;
pub(crate) mod prompt;
pub(crate) mod question;
pub(crate) mod recipe;
pub(crate) mod reply;
pub(crate) mod reply_length;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod stored;
pub(crate) mod thought;
pub(crate) mod typed_text;
pub(crate) mod words;

pub use bounds::Bounds;
pub use check::check_value;
pub use fault::TaskFault;
pub use prompt::{PROMPT_VERSION, SYSTEM, bounded_reply_schema, instructions, repair_text, reply_schema};
pub use question::{Question, TaskDefect, compile, find_uncarried, without_descriptions};
pub use recipe::{Recipe, recipe_difference, recipes};
pub use reply::{Reading, read_reply};
pub(crate) use reply::{read_cut_reply, read_reasoning};
pub use reply_length::{SampleReplies, sample_replies};
pub use shape::{Field, Shape};
pub use stored::{question_from_recipe, recipe_text_digest, rendered_recipe};
pub(crate) use thought::visible_text;
