//! The items of an array of a page, such as its annotations.

use hayro::hayro_syntax::object::{Array, MaybeRef, Object};
use hayro::hayro_syntax::page::Page;

/// The items of the array `key` of a page, in order; an item that the file does not hold is `None`. The library's own
/// iterators end there. `None`: the page has no such array.
pub(crate) fn page_items<'a>(page: &Page<'a>, key: &str) -> Option<Vec<Option<Object<'a>>>> {
    let items = page.raw().get::<Array<'a>>(key)?.raw_iter().map(|item| match item {
        MaybeRef::Ref(reference) => page.xref().get(reference.into()),
        MaybeRef::NotRef(item) => Some(item),
    });
    Some(items.collect())
}
