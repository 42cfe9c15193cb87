//! Pictures of pages: rendered on a few threads, and kept in memory for a while. Nothing is written to a disk.

use crate::base::ids::PageId;
use crate::pipeline::{PagePictureFault, PagePictures};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Threads that render, each with a decoder process.
const WORKERS: usize = 2;
/// Pictures that wait to be rendered. Further requests wait.
const MAX_WAITING: usize = 64;
/// Longest sides that are rendered, in pixels: tiles, and pages at two sizes.
const SIDES: [u32; 4] = [320, 640, 1600, 3200];
/// Maximum number of pictures that are kept, and of their bytes.
const MAX_KEPT: usize = 1000;
const MAX_KEPT_BYTES: usize = 64 << 20;

type Rendered = Result<Bytes, PagePictureFault>;

/// A picture to render.
struct PictureRequest {
    position: (u64, Vec<u8>),
    page: PageId,
    side: u32,
    reply: oneshot::Sender<Rendered>,
}

/// Pictures of pages.
pub(crate) struct Pictures {
    requests: mpsc::Sender<PictureRequest>,
    kept: Arc<Mutex<Kept>>,
}

impl Pictures {
    /// Starts the threads; each has what `make` makes.
    ///
    /// # Errors
    /// When a thread can't be started.
    pub(crate) fn start(mut make: impl FnMut() -> PagePictures) -> std::io::Result<Self> {
        let (requests, waiting) = mpsc::channel::<PictureRequest>(MAX_WAITING);
        let (waiting, kept) = (Arc::new(Mutex::new(waiting)), Arc::new(Mutex::new(Kept::default())));
        for number in 0..WORKERS {
            let (mut page_pictures, waiting, kept) = (make(), waiting.clone(), kept.clone());
            let work = move || {
                // One thread waits for the next picture, the others for their turn.
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                while let Some(PictureRequest { position, page, side, reply }) = next() {
                    // The page that requested it may no longer show it.
                    if reply.is_closed() {
                        continue;
                    }
                    let rendered =
                        page_pictures.make((position.0, &position.1), &page, side).map(|picture| picture.jpeg);
                    if let Ok(jpeg) = &rendered {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).add((page, side), jpeg.clone());
                    }
                    let _ = reply.send(rendered);
                }
            };
            std::thread::Builder::new().name(format!("pictures-{number}")).spawn(work)?;
        }
        Ok(Self { requests, kept })
    }

    /// The JPEG of a page of the entry at `position`, at the size that fits `side` best.
    ///
    /// # Errors
    /// When the picture of the page no longer exists.
    pub(crate) async fn get(&self, position: (u64, &[u8]), page: PageId, side: u32) -> Rendered {
        let side = SIDES.into_iter().find(|known| *known >= side).unwrap_or(SIDES[SIDES.len() - 1]);
        // A copy of the picture would hide that the file has changed: only tiles, which are many, are taken from
        // memory.
        if side == SIDES[0]
            && let Some(jpeg) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&(page, side))
        {
            return Ok(jpeg);
        }
        let (reply, rendered) = oneshot::channel();
        let request = PictureRequest { position: (position.0, position.1.to_vec()), page, side, reply };
        let ended = || PagePictureFault::NoDecoder("the server ends".to_owned());
        self.requests.send(request).await.map_err(|_| ended())?;
        rendered.await.map_err(|_| ended())?
    }
}

/// The pictures that were used last.
#[derive(Default)]
struct Kept {
    /// The oldest first.
    pictures: VecDeque<((PageId, u32), Bytes)>,
    bytes: usize,
}

impl Kept {
    fn get(&mut self, key: &(PageId, u32)) -> Option<Bytes> {
        let at = self.pictures.iter().position(|(known, _)| known == key)?;
        let picture = self.pictures.remove(at)?;
        let jpeg = picture.1.clone();
        self.pictures.push_back(picture);
        Some(jpeg)
    }

    fn add(&mut self, key: (PageId, u32), jpeg: Bytes) {
        if let Some(at) = self.pictures.iter().position(|(known, _)| *known == key)
            && let Some((_, old)) = self.pictures.remove(at)
        {
            self.bytes -= old.len();
        }
        self.bytes += jpeg.len();
        self.pictures.push_back((key, jpeg));
        while self.pictures.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
            let Some((_, old)) = self.pictures.pop_front() else { return };
            self.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;

    #[test]
    fn the_pictures_that_were_used_last_are_kept() {
        let key = |page: u32| (PageId { content: Digest::compute(b"x"), page }, 320);
        let picture = || Bytes::from_static(&[0; 100]);
        let mut kept = Kept::default();
        for page in 1..=2000 {
            kept.add(key(page), picture());
            assert!(kept.get(&key(1)).is_some(), "used again and again");
        }
        assert_eq!((kept.pictures.len(), kept.bytes), (MAX_KEPT, MAX_KEPT * 100));
        assert!(kept.get(&key(2)).is_none() && kept.get(&key(2000)).is_some());
        kept.add(key(2000), Bytes::from_static(&[0; 7]));
        assert_eq!(kept.bytes, MAX_KEPT * 100 - 93);
        kept.add(key(1), vec![0; MAX_KEPT_BYTES + 1].into());
        assert_eq!((kept.pictures.len(), kept.bytes), (0, 0), "more than is kept at all");
    }
}
