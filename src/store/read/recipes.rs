//! Recipes and their sets.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, RecipeId, RecipeSetId};
use crate::store::error::StoreError;
use crate::store::records::runs::RecipeRecord;
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

pub(crate) fn recipe_id(db: &Connection, hash: &Digest) -> Result<Option<RecipeId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM recipes WHERE hash = ?1")?;
    Ok(find.query_row([hash], |row| row.get(0)).optional()?)
}

/// A recipe, which is stored as canonical JSON.
pub(crate) fn recipe(db: &Connection, id: RecipeId) -> Result<Value, StoreError> {
    let mut find = db.prepare_cached("SELECT body FROM recipes WHERE id = ?1")?;
    let mut rows = find.query([id])?;
    let damaged = |reason: &str| StoreError::Damaged(format!("table recipes, row {id}: {reason}"));
    let row = rows.next()?.ok_or_else(|| damaged("there is no such row"))?;
    Cells::new(row, "recipes", || format!("recipe {id}")).json(0)
}

/// The identity of a set: its recipes in their order, and the policy.
pub(crate) fn set_hash(recipes: &[RecipeId], policy: &str) -> Digest {
    let bytes: Vec<u8> = recipes.iter().flat_map(|id| id.0.to_be_bytes()).chain(policy.bytes()).collect();
    Digest::compute(&bytes)
}

/// The set of these recipes under this policy.
pub(crate) fn set_id(db: &Connection, recipes: &[RecipeId], policy: &str) -> Result<Option<RecipeSetId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM recipe_sets WHERE hash = ?1")?;
    Ok(find.query_row([set_hash(recipes, policy)], |row| row.get(0)).optional()?)
}

/// The set of these recipes under a policy, and their ids; `None` unless all of it is stored.
pub(crate) fn known_set(
    db: &Connection,
    recipes: &[RecipeRecord],
    policy: &str,
) -> Result<Option<(RecipeSetId, Vec<RecipeId>)>, StoreError> {
    let mut ids = Vec::with_capacity(recipes.len());
    for recipe in recipes {
        let Some(id) = recipe_id(db, &recipe.hash)? else { return Ok(None) };
        ids.push(id);
    }
    Ok(set_id(db, &ids, policy)?.map(|set| (set, ids)))
}

/// The recipes that runs of a job have asked.
pub(crate) fn recipes_of_job(db: &Connection, job: JobId) -> Result<HashSet<RecipeId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT m.recipe_id FROM runs r JOIN recipe_set_members m ON m.set_id = r.set_id WHERE r.job_id = ?1",
    )?;
    Ok(find.query_map([job], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The members of recipe sets, which never change.
#[derive(Debug, Default)]
pub(crate) struct SetMembers(RefCell<HashMap<RecipeSetId, Vec<RecipeId>>>);

impl SetMembers {
    /// The recipes of a set, in its order.
    pub(crate) fn of_set(&self, db: &Connection, set: RecipeSetId) -> Result<Vec<RecipeId>, StoreError> {
        match self.0.borrow_mut().entry(set) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(unknown) => {
                let mut find =
                    db.prepare_cached("SELECT recipe_id FROM recipe_set_members WHERE set_id = ?1 ORDER BY position")?;
                let members = find.query_map([set], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok(unknown.insert(members).clone())
            }
        }
    }
}
