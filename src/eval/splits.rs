//! Pages that look alike must not be on both sides of a split: whoever tunes a prompt on one of them has
//! seen the other.

use std::collections::BTreeMap;

/// A split in which every cluster is on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTogether<S> {
    /// The side of each page.
    pub sides: Vec<Option<S>>,
    /// The pages whose side changed, ascending.
    pub moved: Vec<usize>,
    /// Number of clusters that were on more than one side.
    pub torn: usize,
}

/// Puts each cluster on the side that most of its pages are on; if several have as many, on the least of
/// them. Pages without a side join their cluster's, but do not count as moved.
#[must_use]
pub fn keep_together<S: Ord + Clone>(sides: &[Option<S>], clusters: &[usize]) -> KeptTogether<S> {
    let mut counts: BTreeMap<usize, BTreeMap<&S, usize>> = BTreeMap::new();
    for (side, cluster) in sides.iter().zip(clusters) {
        if let Some(side) = side {
            *counts.entry(*cluster).or_default().entry(side).or_default() += 1;
        }
    }
    let torn = counts.values().filter(|sides| sides.len() > 1).count();
    let side_of = |cluster: &usize| -> Option<S> {
        // The last of equal counts is taken, so the order is reversed.
        let (side, _) = counts.get(cluster)?.iter().rev().max_by_key(|(_, count)| **count)?;
        Some((*side).clone())
    };
    let kept: Vec<Option<S>> = clusters.iter().map(side_of).collect();
    let has_moved = |page: &usize| sides[*page].is_some() && sides[*page] != kept[*page];
    KeptTogether { moved: (0..kept.len()).filter(has_moved).collect(), sides: kept, torn }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_not_torn() {
        let sides = [Some("test"), Some("train"), Some("train"), Some("test"), Some("dev"), None, None];
        let kept = keep_together(&sides, &[0, 0, 0, 1, 1, 1, 2]);
        assert_eq!(
            kept.sides,
            [Some("train"), Some("train"), Some("train"), Some("dev"), Some("dev"), Some("dev"), None]
        );
        assert_eq!((kept.moved, kept.torn), (vec![0, 3], 2));
        let whole = keep_together(&[Some(1), Some(1), Some(2)], &[0, 0, 1]);
        assert_eq!((whole.moved, whole.torn), (vec![], 0));
    }
}
