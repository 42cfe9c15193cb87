//! Recipes and their sets.

use crate::base::ids::{RecipeId, RecipeSetId};
use crate::store::error::StoreError;
use crate::store::read::recipes::{recipe_id, set_hash, set_id};
use crate::store::records::runs::{RecipeRecord, TaskKey};
use rusqlite::{Connection, params};

/// Stores recipes; their set under this policy, and the key of each.
pub(crate) fn define(
    db: &Connection,
    recipes: &[RecipeRecord],
    policy: &str,
) -> Result<(RecipeSetId, Vec<TaskKey>), StoreError> {
    let tasks = recipes.iter().map(|recipe| find_or_add_recipe(db, recipe)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<RecipeId> = tasks.iter().map(|task| task.recipe_id).collect();
    Ok((find_or_add_set(db, &ids, policy)?, tasks))
}

fn find_or_add_recipe(db: &Connection, recipe: &RecipeRecord) -> Result<TaskKey, StoreError> {
    let id = match recipe_id(db, &recipe.hash)? {
        Some(id) => id,
        None => {
            db.execute("INSERT INTO recipes (hash, body) VALUES (?1, ?2)", params![recipe.hash, recipe.body])?;
            RecipeId(db.last_insert_rowid())
        }
    };
    Ok(TaskKey { task: recipe.task.clone(), recipe_id: id })
}

/// The set of these recipes under a policy. Created if it is new. The order matters: the
/// remainder of a shared cost goes to the first recipe.
pub(crate) fn find_or_add_set(db: &Connection, recipes: &[RecipeId], policy: &str) -> Result<RecipeSetId, StoreError> {
    if let Some(set) = set_id(db, recipes, policy)? {
        return Ok(set);
    }
    db.execute("INSERT INTO recipe_sets (hash) VALUES (?1)", [set_hash(recipes, policy)])?;
    let set = RecipeSetId(db.last_insert_rowid());
    for (position, recipe) in (0_i64..).zip(recipes) {
        db.execute(
            "INSERT INTO recipe_set_members (set_id, position, recipe_id) VALUES (?1, ?2, ?3)",
            params![set, position, recipe],
        )?;
    }
    Ok(set)
}
