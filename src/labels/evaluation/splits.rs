//! Parts of the truth, such as `dev` and `test`. Pages of one cluster are kept in one part: what was seen while a
//! prompt was written must not be used to measure it.

use super::observation::Observation;
use std::collections::{BTreeMap, BTreeSet};

/// The values of the column `split`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Splits {
    /// The parts and their pages; pages without one are in the part with the empty name.
    pub(crate) pages: BTreeMap<String, u64>,
    /// Clusters with pages in several parts.
    pub(crate) shared_clusters: u64,
    /// The pages of these clusters.
    pub(crate) shared_pages: u64,
    /// Examples of such pages: two paths with different parts.
    pub(crate) examples: Vec<[(String, String); 2]>,
    /// The part that is measured.
    pub(crate) measured: Option<String>,
    /// Pages of the measured part that are left out, because their cluster has pages in another part.
    pub(crate) left_out: u64,
}

/// Maximum number of examples.
const MAX_EXAMPLES: usize = 5;

impl Splits {
    /// The parts of these pages; `None`: no parts. `wanted`: the part that is measured. Returns which pages are
    /// measured, too.
    pub(crate) fn of_pages(
        pages: &[Observation],
        clusters: &[usize],
        wanted: Option<&str>,
    ) -> (Option<Self>, Vec<bool>) {
        if wanted.is_none() && pages.iter().all(|page| page.split.is_none()) {
            return (None, vec![true; pages.len()]);
        }
        let mut splits = Self { measured: wanted.map(str::to_owned), ..Self::default() };
        let mut parts: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        let mut first: BTreeMap<usize, &Observation> = BTreeMap::new();
        for (page, cluster) in pages.iter().zip(clusters) {
            let part = part_of(page);
            *splits.pages.entry(part.to_owned()).or_default() += 1;
            let known = parts.entry(*cluster).or_default();
            let is_new = known.insert(part);
            let earlier = *first.entry(*cluster).or_insert(page);
            if is_new && known.len() == 2 && splits.examples.len() < MAX_EXAMPLES {
                let example = |page: &Observation| (page.shown_path(), part_of(page).to_owned());
                splits.examples.push([example(earlier), example(page)]);
            }
        }
        let is_shared = |cluster: &usize| parts.get(cluster).is_some_and(|parts| parts.len() > 1);
        splits.shared_clusters = parts.values().filter(|parts| parts.len() > 1).count() as u64;
        splits.shared_pages = clusters.iter().filter(|cluster| is_shared(cluster)).count() as u64;
        let mut measured = Vec::with_capacity(pages.len());
        for (page, cluster) in pages.iter().zip(clusters) {
            let is_in_part = wanted.is_none_or(|wanted| part_of(page) == wanted);
            let is_left_out = wanted.is_some() && is_in_part && is_shared(cluster);
            splits.left_out += u64::from(is_left_out);
            measured.push(is_in_part && !is_left_out);
        }
        (Some(splits), measured)
    }
}

fn part_of(page: &Observation) -> &str {
    page.split.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, split: Option<&str>) -> Observation {
        Observation {
            path: path.into(),
            page: 1,
            content: None,
            id: None,
            is_asked: true,
            fingerprint: None,
            split: split.map(Into::into),
            sampled_with: None,
            misfits: Vec::new(),
            tasks: Vec::new(),
        }
    }

    #[test]
    fn clusters_are_kept_on_one_side() {
        let pages = [
            page("a", Some("dev")),
            page("b", Some("test")),
            page("c", Some("test")),
            page("d", None),
            page("e", Some("dev")),
        ];
        let (splits, measured) = Splits::of_pages(&pages, &[0, 0, 1, 2, 3], Some("test"));
        let splits = splits.unwrap();
        assert_eq!(measured, [false, false, true, false, false], "b is kept beside a");
        assert_eq!((splits.shared_clusters, splits.shared_pages, splits.left_out), (1, 2, 1));
        assert_eq!(splits.examples, [[("a".into(), "dev".into()), ("b".to_owned(), "test".to_owned())]]);
        let pages_by_part: Vec<_> = splits.pages.iter().map(|(part, pages)| (part.as_str(), *pages)).collect();
        assert_eq!(pages_by_part, [("", 1), ("dev", 2), ("test", 2)]);
        let (splits, measured) = Splits::of_pages(&pages, &[0, 0, 1, 2, 3], None);
        assert_eq!((splits.unwrap().left_out, measured), (0, vec![true; 5]));
        let plain = [page("a", None)];
        assert_eq!(Splits::of_pages(&plain, &[0], None), (None, vec![true]));
    }
}
