//! The name of a page in requests: the digest of its file, its number, and the position of its entry, as
//! `3f9a….2.17`.

use crate::base::digest::Digest;
use crate::base::ids::PageId;

/// A page at an entry. Where questions name columns of a list, the same page is asked something else on
/// another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    /// The page.
    pub(crate) id: PageId,
    /// The position of its entry.
    pub(crate) place: u32,
}

/// The name of a page.
pub(crate) fn page_name(key: &PageKey) -> String {
    format!("{}.{}.{}", key.id.content, key.id.page, key.place)
}

/// The page with this name.
pub(crate) fn parse_page_name(name: &str) -> Option<PageKey> {
    let (content, rest) = name.split_once('.')?;
    let (page, place) = rest.split_once('.')?;
    let page = page.parse().ok().filter(|page| *page > 0)?;
    Some(PageKey { id: PageId { content: Digest::parse(content)?, page }, place: place.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pages_are_read_back() {
        let key = PageKey { id: PageId { content: Digest::compute(b"x"), page: 12 }, place: 3 };
        let name = page_name(&key);
        assert_eq!(parse_page_name(&name), Some(key));
        let (no_page, not_hex) = (name.replace(".12.", ".0."), format!("é{}", &name[2..]));
        for wrong in ["", ".", "12", &name[1..], &format!("{name}x"), &no_page, &not_hex] {
            assert_eq!(parse_page_name(wrong), None, "{wrong}");
        }
    }
}
