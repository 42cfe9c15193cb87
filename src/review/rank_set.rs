//! A set of ranks that finds how many come before one, and which is the n-th, without a walk over all.

/// A set of ranks below a fixed number. To change it or to ask takes steps as the logarithm of that number.
#[derive(Debug, Default)]
pub(crate) struct RankSet {
    has: Vec<bool>,
    /// A Fenwick tree: at `i`, from 1, how many of the ranks from `i - (i & -i)` to `i - 1` are in the set.
    counts: Vec<u32>,
    len: usize,
}

impl RankSet {
    /// The ranks at which `has` is true.
    pub(crate) fn new(has: Vec<bool>) -> Self {
        let mut counts = vec![0; has.len() + 1];
        for (rank, is_in) in has.iter().enumerate() {
            let at = rank + 1;
            counts[at] += u32::from(*is_in);
            let (count, parent) = (counts[at], at + lowest_bit(at));
            if let Some(above) = counts.get_mut(parent) {
                *above += count;
            }
        }
        let len = has.iter().filter(|is_in| **is_in).count();
        Self { has, counts, len }
    }

    /// How many ranks are in the set.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts a rank in the set, or takes it out.
    pub(crate) fn set(&mut self, rank: usize, is_in: bool) {
        let Some(known) = self.has.get_mut(rank).filter(|known| **known != is_in) else { return };
        *known = is_in;
        self.len = if is_in { self.len + 1 } else { self.len - 1 };
        let mut at = rank + 1;
        while let Some(count) = self.counts.get_mut(at) {
            *count = if is_in { *count + 1 } else { *count - 1 };
            at += lowest_bit(at);
        }
    }

    /// How many ranks of the set are less than this one.
    pub(crate) fn before(&self, rank: usize) -> usize {
        let (mut at, mut count) = (rank.min(self.has.len()), 0);
        while at > 0 {
            count += self.counts[at] as usize;
            at -= lowest_bit(at);
        }
        count
    }

    /// The rank of the set with `number` others before it.
    pub(crate) fn nth(&self, number: usize) -> Option<usize> {
        if number >= self.len {
            return None;
        }
        let (mut at, mut left) = (0, number);
        let mut step = self.counts.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self.counts.get(at + step).filter(|count| **count as usize <= left) {
                left -= *count as usize;
                at += step;
            }
            step /= 2;
        }
        Some(at)
    }
}

fn lowest_bit(at: usize) -> usize {
    at & at.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_counts_as_a_walk_would(
            has in prop::collection::vec(any::<bool>(), 0..70),
            changes in prop::collection::vec((0_usize..70, any::<bool>()), 0..30),
        ) {
            let mut set = RankSet::new(has.clone());
            let mut known = has;
            for (rank, is_in) in changes {
                set.set(rank, is_in);
                if let Some(known) = known.get_mut(rank) {
                    *known = is_in;
                }
            }
            let ranks: Vec<usize> = (0..known.len()).filter(|rank| known[*rank]).collect();
            prop_assert_eq!(set.len(), ranks.len());
            for rank in 0..=known.len() + 1 {
                prop_assert_eq!(set.before(rank), ranks.iter().filter(|known| **known < rank).count());
                prop_assert_eq!(set.nth(rank), ranks.get(rank).copied());
            }
        }
    }
}
