//! Files that an earlier version of the decoder has read: before any of their pages is asked, the data stored for their
//! pages is brought up to date.

use crate::base::digest::Digest;
use crate::manifest::Image;
use crate::media::{DECODER_VERSION, EarlierPicture, ImageFormat, MediaFault, MediaFaultKind, PageLayout, is_pdftoppm};
use crate::pipeline::model::fault_record::page_fault;
use crate::prepare::{Decoder, DecoderError};
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

/// Whether a fault may be due to the run (its time, a crash, its memory), so that it does not show what the file is.
pub(crate) fn is_unsure(fault: &MediaFault) -> bool {
    !fault.kind.error_kind().gives_no_picture() && fault.kind != MediaFaultKind::RequestTooLarge
}

/// An answered page, compared with what an earlier decoder made of it.
pub(crate) struct ComparedPage {
    /// The result of the comparison, or why the page can't be compared.
    earlier: Result<EarlierPicture, MediaFault>,
    /// Why the page can't be drawn now, if its earlier picture was wrong.
    fault: Option<MediaFault>,
}

impl ComparedPage {
    /// Compares a page of the file that is open in `decoder` with what the decoder of the version `earlier` made of it.
    ///
    /// # Errors
    /// When the decoder can't be started.
    pub(crate) fn compare(
        decoder: &mut Decoder,
        (page, image): (u32, &Image),
        earlier: u32,
    ) -> Result<Self, DecoderError> {
        let earlier = decoder.compare_with_earlier(page, earlier)?;
        let fault = match &earlier {
            Ok(EarlierPicture::Same) => None,
            Err(fault) if is_unsure(fault) => None,
            Ok(_) | Err(_) => decoder.prepare(page, image, false)?.err(),
        };
        Ok(Self { earlier, fault })
    }
}

/// A page of a file that can't be opened.
impl From<MediaFault> for ComparedPage {
    fn from(fault: MediaFault) -> Self {
        Self { earlier: Err(fault.clone()), fault: Some(fault) }
    }
}

/// Compares answered pages of a file that an earlier decoder has read with what this one makes of them, and
/// stores that together with the numbers that the pages have now. `renderers`: those that are installed; `opened`: the
/// pages of the file; `compare` compares a page, by its number now, with what the decoder of a version made of it;
/// `is_ending`: whether the run ends at once.
///
/// # Errors
/// When the store fails, or the decoder can't be started.
pub(crate) fn reread<E: From<StoreError>>(
    (store, reader, renderers): (&Store, &Reader, &str),
    (content, bytes): (Digest, &[u8]),
    opened: Result<PageLayout, MediaFault>,
    mut compare: impl FnMut(u32, u32) -> Result<ComparedPage, E>,
    is_ending: impl Fn() -> bool,
) -> Result<Reread, E> {
    let outdated = reader.outdated_pages(&content, DECODER_VERSION)?;
    let layout = match opened {
        Ok(layout) if outdated.is_empty() => return Ok(Reread::Pages(layout)),
        Ok(layout) => layout,
        Err(fault) if fault.kind == MediaFaultKind::DecoderOutOfMemory => return Ok(Reread::Postponed(fault)),
        Err(fault) => {
            let is_unsure = is_unsure(&fault) || is_ending();
            let layout = match layout_of_outcomes(reader, &content)? {
                Some(layout) if !is_unsure => layout,
                None if !is_unsure || outdated.is_empty() => return Ok(Reread::Unreadable(fault)),
                Some(_) | None => return Ok(Reread::Postponed(fault)),
            };
            let mut file = reread_file(content, &layout);
            for known in outdated.iter().filter(|known| known.page > 0 && known.is_answered) {
                file.redrawn.push((known.page, fault.message.clone()));
                file.faults.push((known.page, page_fault(fault.clone(), renderers)));
            }
            store.put_reread(file)?;
            return Ok(Reread::Pages(layout));
        }
    };
    let mut file = reread_file(content, &layout);
    let answered = outdated.iter().filter(|known| known.page > 0 && known.is_answered);
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
        let ComparedPage { earlier, fault } = compare(page, known.decoder)?;
        match earlier {
            Ok(EarlierPicture::Same) => continue,
            Ok(EarlierPicture::Incomplete(reason) | EarlierPicture::Different(reason)) => {
                file.redrawn.push((page, reason));
            }
            // The next run compares again.
            Err(fault) if is_ending() || fault.kind == MediaFaultKind::DecoderOutOfMemory => {
                return Ok(Reread::Postponed(fault));
            }
            // That does not show what the earlier picture was.
            Err(fault) if is_unsure(&fault) => continue,
            Err(fault) => file.redrawn.push((page, fault.message)),
        }
        let is_of_page = |fault: &MediaFault| fault.kind.error_kind().gives_no_picture();
        file.faults.extend(fault.filter(is_of_page).map(|fault| (page, page_fault(fault, renderers))));
    }
    file.drops_blank = ImageFormat::detect(bytes).is_ok_and(|format| !format.is_sendable());
    store.put_reread(file)?;
    Ok(Reread::Pages(layout))
}

/// The layout of a file that this decoder can't open: the pages that it had when it was asked, so that these keep their rows.
/// `None`: no page was asked.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn layout_of_outcomes(reader: &Reader, content: &Digest) -> Result<Option<PageLayout>, StoreError> {
    Ok(reader.page_count_when_asked(content)?.map(PageLayout::of_count))
}

/// The record of a file whose pages have not been compared yet.
fn reread_file(content: Digest, layout: &PageLayout) -> RereadFile {
    let PageLayout { count, repeats, earlier_numbers, numbered_since } = layout.clone();
    let (redrawn, faults) = (Vec::new(), Vec::new());
    RereadFile {
        content,
        page_count: count,
        repeats,
        numbers: earlier_numbers,
        numbered_since,
        redrawn,
        faults,
        drops_blank: false,
    }
}
