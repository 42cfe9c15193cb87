//! Budgets, recipe sets, sequence numbers and the revision of one transaction, in memory while it
//! lasts. The transaction is the only writer, so they cannot change under it.

use super::recipe_sets::find_or_add_set;
use crate::base::ids::{RecipeId, RecipeSetId, Revision, RunKey};
use crate::base::money::Pico;
use crate::store::error::StoreError;
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::BudgetKey;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// The state of a budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) key: BudgetKey,
    pub(crate) spent: Pico,
    pub(crate) reserved: Pico,
    /// The part of `reserved` that is for lines of batches; `None`: not read, or changed since.
    batch: Option<Pico>,
}

impl Budget {
    /// Reserves an amount. `is_line`: for a line of a batch.
    pub(crate) fn reserve(&mut self, amount: Pico, is_line: bool) -> BudgetKey {
        self.reserved += amount;
        if is_line && let Some(batch) = &mut self.batch {
            *batch += amount;
        }
        self.key
    }
}

/// The last sequence number of each run whose attempts this writer opened.
pub(crate) type Sequences = Vec<(RunKey, u64)>;

/// What a transaction has read and changed.
#[derive(Debug)]
pub(crate) struct Ledger {
    budgets: Vec<Budget>,
    scopes: HashMap<String, BudgetKey>,
    sets: HashMap<Vec<RecipeId>, RecipeSetId>,
    sequences: Sequences,
    revision: Option<Revision>,
}

impl Ledger {
    /// The ledger of a transaction that follows one which ended with these sequence numbers.
    pub(crate) fn new(sequences: Sequences) -> Self {
        Self { budgets: Vec::new(), scopes: HashMap::new(), sets: HashMap::new(), sequences, revision: None }
    }

    /// The budget of a scope. Created if it is new.
    pub(crate) fn budget(&mut self, db: &Connection, scope: &str) -> Result<&mut Budget, StoreError> {
        let key = match self.scopes.get(scope) {
            Some(key) => *key,
            None => {
                let mut find = db.prepare_cached("SELECT id FROM budget WHERE scope = ?1")?;
                let known = find.query_row([scope], |row| row.get(0)).optional()?;
                let key = match known {
                    Some(key) => key,
                    None => {
                        db.execute("INSERT INTO budget (scope, spent, reserved) VALUES (?1, 0, 0)", [scope])?;
                        BudgetKey(db.last_insert_rowid())
                    }
                };
                self.scopes.insert(scope.to_owned(), key);
                key
            }
        };
        self.by_key(db, key)
    }

    fn by_key(&mut self, db: &Connection, key: BudgetKey) -> Result<&mut Budget, StoreError> {
        let at = match self.budgets.iter().position(|budget| budget.key == key) {
            Some(at) => at,
            None => {
                let mut find = db.prepare_cached("SELECT spent, reserved FROM budget WHERE id = ?1")?;
                let mut rows = find.query([key])?;
                let missing = || StoreError::Damaged(format!("budget, row {}: there is no such row", key.0));
                let row = rows.next()?.ok_or_else(missing)?;
                let cells = Cells::new(row, "budget", || format!("row {}", key.0));
                let (spent, reserved) = (cells.amount(0)?, cells.amount(1)?);
                self.budgets.push(Budget { key, spent, reserved, batch: None });
                self.budgets.len() - 1
            }
        };
        Ok(&mut self.budgets[at])
    }

    /// Returns a reservation to a budget and charges `spent` to it.
    pub(crate) fn charge(
        &mut self,
        db: &Connection,
        key: BudgetKey,
        reserved: Pico,
        spent: Pico,
    ) -> Result<(), StoreError> {
        let budget = self.by_key(db, key)?;
        budget.reserved = budget.reserved - reserved;
        budget.spent += spent;
        budget.batch = None;
        Ok(())
    }

    /// The part of a budget's reservations that is for lines of batches.
    pub(crate) fn reserved_for_batches(&mut self, db: &Connection, key: BudgetKey) -> Result<Pico, StoreError> {
        if let Some(batch) = self.by_key(db, key)?.batch {
            return Ok(batch);
        }
        let mut sum = db.prepare_cached(
            "SELECT ifnull(sum(a.reserved), 0) FROM batches b JOIN attempts a ON a.batch_id = b.id
             WHERE b.state <> 'ended' AND a.state = 'open' AND a.budget_id = ?1",
        )?;
        let batch: Pico = sum.query_row([key], |row| row.get(0))?;
        self.by_key(db, key)?.batch = Some(batch);
        Ok(batch)
    }

    /// The set of these recipes, without a policy.
    pub(crate) fn set(&mut self, db: &Connection, recipes: &[RecipeId]) -> Result<RecipeSetId, StoreError> {
        if let Some(set) = self.sets.get(recipes) {
            return Ok(*set);
        }
        let set = find_or_add_set(db, recipes, "")?;
        self.sets.insert(recipes.to_vec(), set);
        Ok(set)
    }

    /// The next sequence number of an attempt of a run, from 1.
    pub(crate) fn next_sequence(&mut self, db: &Connection, run: RunKey) -> Result<u64, StoreError> {
        let at = match self.sequences.iter().position(|(known, _)| *known == run) {
            Some(at) => at,
            None => {
                // The run was begun by another writer: this happens only in tests.
                let mut find = db.prepare_cached(
                    "SELECT ifnull(max(a.sequence), 0) FROM requests r JOIN attempts a ON a.request_id = r.id WHERE r.run_id = ?1",
                )?;
                let last: i64 = find.query_row([run], |row| row.get(0))?;
                self.sequences.push((run, last.cast_unsigned()));
                self.sequences.len() - 1
            }
        };
        self.sequences[at].1 += 1;
        Ok(self.sequences[at].1)
    }

    /// The revision of this transaction: one more than that of the last transaction that had one.
    pub(crate) fn revision(&mut self, db: &Connection) -> Result<Revision, StoreError> {
        if let Some(revision) = self.revision {
            return Ok(revision);
        }
        let mut next = db.prepare_cached("UPDATE revisions SET last = last + 1 RETURNING last")?;
        let revision: Option<Revision> = next.query_row([], |row| row.get(0)).optional()?;
        let revision = revision.ok_or_else(|| StoreError::Damaged("revisions: there is no row".into()))?;
        self.revision = Some(revision);
        Ok(revision)
    }

    /// A run has begun: its sequence numbers start at 1.
    pub(crate) fn begin_sequence(&mut self, run: RunKey) {
        self.sequences.push((run, 0));
    }

    /// Writes the budgets that changed, before the commit. Returns the sequence numbers at which the next transaction
    /// continues.
    pub(crate) fn write(self, db: &Connection) -> Result<Sequences, StoreError> {
        for budget in &self.budgets {
            db.prepare_cached("UPDATE budget SET spent = ?2, reserved = ?3 WHERE id = ?1")?.execute(params![
                budget.key,
                budget.spent,
                budget.reserved
            ])?;
        }
        Ok(self.sequences)
    }
}
