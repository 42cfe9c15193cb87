//! Samples that stay the same: of all that is offered, the things with the lowest keys.

use std::collections::BTreeMap;

/// The things with the lowest keys of those that were offered, at most a fixed number.
#[derive(Clone, Debug)]
pub(crate) struct Lowest<K, T> {
    max: usize,
    things: BTreeMap<K, T>,
}

impl<K: Ord, T> Lowest<K, T> {
    /// Keeps at most `count`.
    pub(crate) fn new(count: u64) -> Self {
        Self { max: usize::try_from(count).unwrap_or(usize::MAX), things: BTreeMap::new() }
    }

    /// Whether a thing with this key would be kept now.
    pub(crate) fn has_place_for(&self, key: &K) -> bool {
        self.things.len() < self.max || self.things.last_key_value().is_some_and(|(last, _)| key < last)
    }

    /// Takes a thing. Of those with one key the first is kept.
    pub(crate) fn offer(&mut self, key: K, thing: T) {
        self.things.entry(key).or_insert(thing);
        if self.things.len() > self.max {
            self.things.pop_last();
        }
    }

    /// Whether a thing with this key is kept.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.things.contains_key(key)
    }

    /// The things that are kept.
    pub(crate) fn into_things(self) -> impl Iterator<Item = T> {
        self.things.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_keys_are_kept_in_whatever_order_they_come() {
        for (count, expected) in [(0, vec![]), (2, vec!["a", "b"]), (9, vec!["a", "b", "c", "d"])] {
            for keys in [["a", "b", "c", "d"], ["d", "c", "b", "a"], ["b", "d", "a", "c"]] {
                let mut lowest = Lowest::new(count);
                for key in keys {
                    let has_place = lowest.has_place_for(&key);
                    lowest.offer(key, key);
                    assert_eq!(lowest.has(&key), has_place, "{key} of {keys:?}");
                }
                assert_eq!(lowest.into_things().collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn of_equal_keys_the_first_thing_is_kept() {
        let mut lowest = Lowest::new(1);
        [(2, 'a'), (1, 'b'), (1, 'c')].into_iter().for_each(|(key, thing)| lowest.offer(key, thing));
        assert_eq!(lowest.into_things().collect::<String>(), "b");
    }
}
