//! Pages that are not independent of one another: pages of one file, equal files, and near duplicates.

use super::observation::Observation;
use crate::prepare::FingerprintIndex;
use std::collections::HashMap;

/// The cluster of each page: numbers from 0 in the order of their first pages. `bits`: the number of
/// fingerprint bits in which near duplicates differ at most.
pub(crate) fn cluster_pages(pages: &[Observation], bits: u32) -> Vec<usize> {
    let mut sets = DisjointSets::new(pages.len());
    let mut files = HashMap::new();
    let mut contents = HashMap::new();
    let mut pictures: HashMap<[u8; 32], usize> = HashMap::new();
    let mut index = FingerprintIndex::new(bits);
    for (at, page) in pages.iter().enumerate() {
        sets.join(at, *files.entry(&page.path).or_insert(at));
        if let Some(content) = page.content {
            sets.join(at, *contents.entry(content).or_insert(at));
        }
        let Some(fingerprint) = page.fingerprint else { continue };
        // Many pages may look the same, for example blank ones. Only one of them is searched for.
        if let Some(same) = pictures.get(&fingerprint) {
            sets.join(at, *same);
            continue;
        }
        pictures.insert(fingerprint, at);
        for near in index.all_near(&fingerprint) {
            sets.join(at, near);
        }
        index.add(at, fingerprint);
    }
    let mut numbers = HashMap::new();
    (0..pages.len())
        .map(|at| {
            let (root, next) = (sets.root(at), numbers.len());
            *numbers.entry(root).or_insert(next)
        })
        .collect()
}

/// Sets of numbers without a common member (union by the lower root, path halving).
struct DisjointSets(Vec<usize>);

impl DisjointSets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;

    fn page(path: &str, content: u8, picture: Option<&[usize]>) -> Observation {
        let fingerprint = picture.map(|bits| {
            let mut bytes = [0; 32];
            bits.iter().for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
            bytes
        });
        Observation {
            path: path.into(),
            page: 1,
            content: Some(Digest::compute(&[content])),
            fingerprint,
            split: None,
            sampled_with: None,
            tasks: Vec::new(),
        }
    }

    #[test]
    fn pages_of_a_file_equal_files_and_near_duplicates_are_clusters() {
        let near: Vec<usize> = (0..30).collect();
        let nearer: Vec<usize> = (0..33).collect();
        let third: Vec<usize> = (0..36).collect();
        let pages = [
            page("a.pdf", 1, None),
            page("b.png", 2, Some(&near)),
            page("a.pdf", 1, None),
            page("copy of a.pdf", 1, None),
            page("c.png", 3, Some(&third)),
            page("d.png", 4, Some(&[100, 101, 102])),
            // Between two that are too far apart from each other.
            page("e.png", 5, Some(&nearer)),
            page("f.png", 6, Some(&near)),
        ];
        assert_eq!(cluster_pages(&pages, 4), [0, 1, 0, 0, 1, 2, 1, 1]);
        assert_eq!(cluster_pages(&pages, 2), [0, 1, 0, 0, 2, 3, 4, 1]);
        assert_eq!(cluster_pages(&[], 4), [] as [usize; 0]);
    }

    #[test]
    fn many_equal_pictures_cost_no_more_than_others() {
        let pages: Vec<Observation> = (0..20_000).map(|at| {
            let mut page = page(&format!("{at}.png"), 0, Some(&[]));
            page.content = Some(Digest::compute(&u32::to_be_bytes(at)));
            page
        }).collect();
        assert!(cluster_pages(&pages, 4).iter().all(|cluster| *cluster == 0));
    }
}
