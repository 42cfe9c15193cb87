//! Budget lines and recipe sets of one transaction, kept in memory while it lasts: the
//! transaction is the only writer, so they can't change under it.

use super::runs::set_id;
use crate::base::ids::{RecipeId, RecipeSetId};
use crate::base::money::Pico;
use crate::store::error::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// A line of the budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) id: i64,
    pub(crate) spent: Pico,
    pub(crate) reserved: Pico,
}

/// What a transaction has read and changed of budget lines and sets.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    lines: Vec<Line>,
    scopes: HashMap<String, i64>,
    sets: HashMap<Vec<RecipeId>, RecipeSetId>,
}

impl Ledger {
    /// The line of a scope, made when it is new.
    pub(crate) fn line(&mut self, db: &Connection, scope: &str) -> Result<&mut Line, StoreError> {
        let id = match self.scopes.get(scope) {
            Some(id) => *id,
            None => {
                let mut find = db.prepare_cached("SELECT id FROM budget WHERE scope = ?1")?;
                let known = find.query_row([scope], |row| row.get(0)).optional()?;
                let id = match known {
                    Some(id) => id,
                    None => {
                        db.execute("INSERT INTO budget (scope, spent, reserved) VALUES (?1, 0, 0)", [scope])?;
                        db.last_insert_rowid()
                    }
                };
                self.scopes.insert(scope.to_owned(), id);
                id
            }
        };
        self.by_id(db, id)
    }

    fn by_id(&mut self, db: &Connection, id: i64) -> Result<&mut Line, StoreError> {
        let at = match self.lines.iter().position(|line| line.id == id) {
            Some(at) => at,
            None => {
                let mut find = db.prepare_cached("SELECT spent, reserved FROM budget WHERE id = ?1")?;
                let (spent, reserved) = find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                self.lines.push(Line { id, spent: Pico(spent), reserved: Pico(reserved) });
                self.lines.len() - 1
            }
        };
        Ok(&mut self.lines[at])
    }

    /// Moves a reservation to what is spent.
    pub(crate) fn spend(&mut self, db: &Connection, id: i64, reserved: Pico, spent: Pico) -> Result<(), StoreError> {
        let line = self.by_id(db, id)?;
        line.reserved = line.reserved - reserved;
        line.spent += spent;
        Ok(())
    }

    /// The set of these recipes.
    pub(crate) fn set(&mut self, db: &Connection, recipes: &[RecipeId]) -> Result<RecipeSetId, StoreError> {
        if let Some(id) = self.sets.get(recipes) {
            return Ok(*id);
        }
        let id = set_id(db, recipes, "")?;
        self.sets.insert(recipes.to_vec(), id);
        Ok(id)
    }

    /// Writes the changed lines, before the commit.
    pub(crate) fn write(&self, db: &Connection) -> Result<(), StoreError> {
        for line in &self.lines {
            db.prepare_cached("UPDATE budget SET spent = ?2, reserved = ?3 WHERE id = ?1")?.execute(params![
                line.id,
                line.spent.0,
                line.reserved.0
            ])?;
        }
        Ok(())
    }
}
