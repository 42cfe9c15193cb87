//! Pages that are not independent: pages of one file, equal files, and near duplicates.

use super::observation::Observation;
use crate::eval::Clusters;
use crate::prepare::FingerprintIndex;
use std::collections::HashMap;

/// Groups of pages, by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageGroups {
    /// Pages that show the same: equal pages and near duplicates.
    pub(crate) pictures: Vec<usize>,
    /// The same, with the pages of one file: pages that are not independent.
    pub(crate) clusters: Vec<usize>,
}

/// Groups pages. `bits`: the number of fingerprint bits in which near duplicates differ at most.
pub(crate) fn group_pages(pages: &[Observation], bits: u32) -> PageGroups {
    let mut groups = Clusters::new(pages.len());
    groups.join_equal(pages.iter().map(|page| page.id));
    let mut pictures: HashMap<[u8; 32], usize> = HashMap::new();
    let mut index = FingerprintIndex::new(bits);
    for (at, page) in pages.iter().enumerate() {
        let Some(fingerprint) = page.fingerprint else { continue };
        // Many pages may look the same, for example blank ones. Only one of them is searched for.
        if let Some(same) = pictures.get(&fingerprint) {
            groups.join(at, *same);
            continue;
        }
        pictures.insert(fingerprint, at);
        for near in index.all_near(&fingerprint) {
            groups.join(at, near);
        }
        index.add(at, fingerprint);
    }
    let pictures = groups.clone().ids();
    groups.join_equal(pages.iter().map(|page| Some(&page.path)));
    groups.join_equal(pages.iter().map(|page| page.content));
    PageGroups { pictures, clusters: groups.ids() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;
    use crate::base::ids::PageId;

    fn page(path: &str, number: u32, content: u8, picture: Option<&[usize]>) -> Observation {
        let fingerprint = picture.map(|bits| {
            let mut bytes = [0; 32];
            bits.iter().for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
            bytes
        });
        let content = Digest::compute(&[content]);
        Observation {
            path: path.into(),
            page: number,
            content: Some(content),
            id: Some(PageId { content, page: number }),
            is_asked: true,
            fingerprint,
            split: None,
            sampled_with: None,
            misfits: Vec::new(),
            tasks: Vec::new(),
        }
    }

    #[test]
    fn pages_of_a_file_equal_files_and_near_duplicates_are_clusters() {
        let near: Vec<usize> = (0..30).collect();
        let nearer: Vec<usize> = (0..33).collect();
        let third: Vec<usize> = (0..36).collect();
        let pages = [
            page("a.pdf", 1, 1, None),
            page("b.png", 1, 2, Some(&near)),
            page("a.pdf", 2, 1, None),
            page("copy of a.pdf", 1, 1, None),
            page("c.png", 1, 3, Some(&third)),
            page("d.png", 1, 4, Some(&[100, 101, 102])),
            // Between two that are too far apart from each other.
            page("e.png", 1, 5, Some(&nearer)),
            page("f.png", 1, 6, Some(&near)),
        ];
        let groups = group_pages(&pages, 4);
        assert_eq!(groups.clusters, [0, 1, 0, 0, 1, 2, 1, 1]);
        assert_eq!(groups.pictures, [0, 1, 2, 0, 1, 3, 1, 1], "two pages of a file show different things");
        assert_eq!(group_pages(&pages, 2).clusters, [0, 1, 0, 0, 2, 3, 4, 1]);
        assert_eq!(group_pages(&[], 4).clusters, [] as [usize; 0]);
    }

    #[test]
    fn many_equal_pictures_cost_no_more_than_others() {
        let pages = (0..20_000_u32).map(|at| {
            let content = Digest::compute(&at.to_be_bytes());
            let id = Some(PageId { content, page: 1 });
            Observation { content: Some(content), id, ..page(&format!("{at}.png"), 1, 0, Some(&[])) }
        });
        assert!(group_pages(&pages.collect::<Vec<_>>(), 4).clusters.iter().all(|cluster| *cluster == 0));
    }
}
