//! The greatest few of many items.

/// Inserts an item into a list of the greatest few, in descending order of `key`. Of items
/// with equal keys the first seen come first. The list never has more than `max_items`.
pub(crate) fn insert_top<T>(list: &mut Vec<T>, item: T, max_items: usize, key: impl Fn(&T) -> i64) {
    let position = list.iter().position(|known| key(known) < key(&item)).unwrap_or(list.len());
    list.insert(position, item);
    list.truncate(max_items);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_has_what_a_stable_sort_puts_first(keys in prop::collection::vec(-3_i64..4, 0..20), max_items in 0_usize..6) {
            let items: Vec<(i64, usize)> = keys.into_iter().enumerate().map(|(at, key)| (key, at)).collect();
            let mut list = Vec::new();
            items.iter().for_each(|item| insert_top(&mut list, *item, max_items, |(key, _)| *key));
            let mut sorted = items;
            sorted.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
            sorted.truncate(max_items);
            prop_assert_eq!(list, sorted);
        }
    }
}
