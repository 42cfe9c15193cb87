//! What all rows of a job have in common.

use crate::base::ids::RecipeId;
use crate::manifest;
use crate::store::TaskKey;
use crate::task::{Question, Shape};

/// What all rows of a job have in common. It determines their columns.
#[derive(Clone, Debug, Default)]
pub struct RowSpec {
    /// Columns that a list carries into the rows, in the order of the list.
    pub carried: Vec<manifest::Column>,
    /// Names and answer shapes of the tasks, in manifest order.
    pub tasks: Vec<(String, Shape)>,
    /// Recipes of the tasks, in the same order.
    pub recipes: Vec<RecipeId>,
    /// Name of the model.
    pub model: String,
    /// Whether rows have the column `duplicate_distance`.
    pub has_distance: bool,
    /// Whether members of objects are columns.
    pub flatten: bool,
    /// Whether a column beside each answer shows who gave it.
    pub has_sources: bool,
}

impl RowSpec {
    /// The rows of these questions, whose recipes have these keys; no carried columns, no distance.
    #[must_use]
    pub fn new(questions: &[Question], keys: &[TaskKey], model: &str) -> Self {
        Self {
            tasks: questions.iter().map(|question| (question.name.clone(), question.shape.clone())).collect(),
            recipes: keys.iter().map(|key| key.recipe_id).collect(),
            model: model.to_owned(),
            ..Self::default()
        }
    }
}
