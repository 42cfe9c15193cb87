//! Groups of pages that are not independent: pages of one file, near duplicates, equal pages. An error on one of them
//! makes an error on the others likely.

use std::collections::HashMap;
use std::hash::Hash;

/// Disjoint groups of the units `0..n`, which grow together: a forest of Galler and Fischer (1964).
#[derive(Clone, Debug)]
pub struct Clusters {
    /// The parent of each unit; a root is its own parent.
    parents: Vec<usize>,
}

impl Clusters {
    /// Each of `n` units for itself.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { parents: (0..n).collect() }
    }

    /// Puts two units, and all that are in their groups, into one group.
    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The first unit stays the root, so that ids do not depend on the order of calls.
        self.parents[one.max(other)] = one.min(other);
    }

    /// Puts all units with the same key into one group. Units without a key stay where they are.
    pub fn join_equal<K: Eq + Hash>(&mut self, keys: impl IntoIterator<Item = Option<K>>) {
        let mut first = HashMap::new();
        for (unit, key) in keys.into_iter().enumerate().take(self.parents.len()) {
            if let Some(key) = key {
                let earlier = *first.entry(key).or_insert(unit);
                self.join(earlier, unit);
            }
        }
    }

    /// The group of each unit. Groups are numbered from 0 in the order of their first units.
    #[must_use]
    pub fn ids(mut self) -> Vec<usize> {
        let mut numbers = HashMap::new();
        (0..self.parents.len())
            .map(|unit| {
                let (root, next) = (self.root(unit), numbers.len());
                *numbers.entry(root).or_insert(next)
            })
            .collect()
    }

    fn root(&mut self, mut unit: usize) -> usize {
        while self.parents[unit] != unit {
            // Halve the path, so that long chains stay fast.
            self.parents[unit] = self.parents[self.parents[unit]];
            unit = self.parents[unit];
        }
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_grow_together() {
        let mut clusters = Clusters::new(7);
        clusters.join_equal([Some("a"), Some("b"), Some("a"), None, Some("c"), Some("b"), None]);
        assert_eq!(clusters.clone().ids(), [0, 1, 0, 2, 3, 1, 4]);
        clusters.join(5, 4);
        clusters.join(2, 6);
        assert_eq!(clusters.ids(), [0, 1, 0, 2, 1, 1, 0]);
    }

    /// A chain of 100,000 near duplicates must not take quadratic time.
    #[test]
    fn a_long_chain_is_one_group() {
        let n = 100_000;
        let mut clusters = Clusters::new(n);
        for unit in (1..n).rev() {
            clusters.join(unit, unit - 1);
        }
        assert!(clusters.ids().iter().all(|id| *id == 0));
    }
}
