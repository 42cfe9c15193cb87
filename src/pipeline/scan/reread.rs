//! Files that an earlier version of the decoder has read: before any of their pages is asked, the data stored for their
//! pages is brought up to date.

use crate::base::digest::Digest;
use crate::media::{DECODER_VERSION, EarlierPicture, ImageFormat, MediaFault, MediaFaultKind, PageLayout, is_pdftoppm};
use crate::store::{Reader, RereadFile, Store, StoreError};

/// What reading a file has brought.
pub(crate) enum Reread {
    /// Its pages. Their stored data is up to date.
    Pages(PageLayout),
    /// It gives no pages, and none of it was answered.
    Unreadable(MediaFault),
    /// It could not be read this time, and its stored data is unchanged: none of its pages may be asked.
    Postponed(MediaFault),
}

/// Whether a fault is one of this run and not of the file.
pub(crate) fn is_of_run(fault: &MediaFault) -> bool {
    use MediaFaultKind::{DecodeTimeout, DecoderFailed, DecoderOutOfMemory};
    matches!(fault.kind, DecodeTimeout | DecoderFailed | DecoderOutOfMemory)
}

/// Compares answered pages of a file that an earlier decoder has read with what this one makes of them, and
/// stores that together with the numbers that the pages have now. `opened`: the pages of the file;
/// `compare` compares a page, by its number now, with what the decoder of a version made of it; `is_ending`: whether the
/// run ends at once.
///
/// # Errors
/// When the store fails, or the decoder can't be started.
pub(crate) fn reread<E: From<StoreError>>(
    (store, reader): (&Store, &Reader),
    (content, bytes): (Digest, &[u8]),
    opened: Result<PageLayout, MediaFault>,
    mut compare: impl FnMut(u32, u32) -> Result<Result<EarlierPicture, MediaFault>, E>,
    is_ending: impl Fn() -> bool,
) -> Result<Reread, E> {
    let outdated = reader.outdated_pages(&content, DECODER_VERSION)?;
    if outdated.is_empty() {
        return Ok(match opened {
            Ok(layout) => Reread::Pages(layout),
            Err(fault) if fault.kind == MediaFaultKind::DecoderOutOfMemory => Reread::Postponed(fault),
            Err(fault) => Reread::Unreadable(fault),
        });
    }
    let answered = outdated.iter().filter(|known| known.page > 0 && known.is_answered);
    let mut redrawn = Vec::new();
    let layout = match opened {
        Ok(layout) => layout,
        Err(fault) if is_of_run(&fault) || is_ending() => return Ok(Reread::Postponed(fault)),
        // Answered pages keep their answers, and their rows.
        Err(fault) => match answered.clone().map(|known| known.page).max() {
            Some(count) => {
                redrawn.extend(answered.map(|known| (known.page, fault.message.clone())));
                let layout = PageLayout::of_count(count);
                store.put_reread(reread_file(content, &layout, redrawn, false))?;
                return Ok(Reread::Pages(layout));
            }
            None => return Ok(Reread::Unreadable(fault)),
        },
    };
    for known in answered {
        let has_number = known.decoder >= layout.numbered_since;
        let page = if has_number { known.page } else { layout.number_now(known.page) };
        if page == 0 {
            continue;
        }
        // What another program has drawn does not depend on this decoder.
        if known.renderer.as_deref().is_some_and(is_pdftoppm) {
            continue;
        }
        match compare(page, known.decoder)? {
            Ok(EarlierPicture::Same) => {}
            Ok(EarlierPicture::Incomplete(reason) | EarlierPicture::Different(reason)) => redrawn.push((page, reason)),
            // The next run compares again.
            Err(fault) if is_ending() || fault.kind == MediaFaultKind::DecoderOutOfMemory => {
                return Ok(Reread::Postponed(fault));
            }
            // That does not show what the earlier picture was.
            Err(fault) if is_of_run(&fault) => {}
            Err(fault) => redrawn.push((page, fault.message)),
        }
    }
    let drops_blank = ImageFormat::detect(bytes).is_ok_and(|format| !format.is_sendable());
    store.put_reread(reread_file(content, &layout, redrawn, drops_blank))?;
    Ok(Reread::Pages(layout))
}

fn reread_file(content: Digest, layout: &PageLayout, redrawn: Vec<(u32, String)>, drops_blank: bool) -> RereadFile {
    let PageLayout { count, repeats, earlier_numbers, numbered_since } = layout.clone();
    RereadFile { content, page_count: count, repeats, numbers: earlier_numbers, numbered_since, redrawn, drops_blank }
}
