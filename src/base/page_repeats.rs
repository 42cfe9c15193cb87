//! Pages that are in a document more than once.

/// The first page of a document that is the same as `page`. `repeats`: pages, ascending, and the first page
/// that is the same as each.
#[must_use]
pub fn first_of(repeats: &[(u32, u32)], page: u32) -> u32 {
    let place = repeats.binary_search_by_key(&page, |(repeat, _)| *repeat).ok();
    place.and_then(|place| repeats.get(place)).map_or(page, |(_, first)| *first)
}

/// The first page of each that is the same, ascending and each once.
#[must_use]
pub fn distinct_pages(pages: impl Iterator<Item = u32>, repeats: &[(u32, u32)]) -> Vec<u32> {
    let mut pages: Vec<u32> = pages.collect();
    if !repeats.is_empty() {
        pages.iter_mut().for_each(|page| *page = first_of(repeats, *page));
        pages.sort_unstable();
        pages.dedup();
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_in_a_document_twice_counts_once() {
        let distinct = |pages: &[u32]| distinct_pages(pages.iter().copied(), &[(3, 1), (5, 2)]);
        assert_eq!(distinct(&[1, 2, 3, 4, 5]), [1, 2, 4]);
        assert_eq!(distinct(&[3, 4]), [1, 4], "the first one is not selected");
        assert_eq!(distinct(&[0]), [0]);
    }
}
