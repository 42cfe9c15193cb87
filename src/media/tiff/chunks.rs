//! The strips or tiles of a page: their sizes, and where their data is. Source: TIFF 6.0, sections
//! 3 and 15; libtiff's `EstimateStripByteCounts` for files without usable byte counts.

use super::directory::Directory;
use crate::media::fault::MediaFault;

/// The grid of strips or tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkGrid {
    /// Width and height of the page.
    size: (u32, u32),
    /// Width and height of a chunk; the last strip may be lower.
    pub(crate) chunk: (u32, u32),
    /// Chunks across and down.
    counts: (u32, u32),
    is_tiled: bool,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    /// Its number in each plane.
    pub(crate) index: usize,
    /// The left upper corner in the page.
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// Stored width and height.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Width and height of what belongs to the page.
    pub(crate) shown: (u32, u32),
}

impl ChunkGrid {
    /// The grid of a page.
    ///
    /// # Errors
    /// Tiles without a size.
    pub(crate) fn new(directory: &Directory) -> Result<Self, MediaFault> {
        let size = (directory.width, directory.height);
        let chunk = match directory.is_tiled {
            true => directory.tile,
            false => (size.0, directory.rows_per_strip.clamp(1, size.1.max(1))),
        };
        if chunk.0 == 0 || chunk.1 == 0 {
            return Err(MediaFault::damaged("the tiles have no size"));
        }
        let counts = (size.0.div_ceil(chunk.0), size.1.div_ceil(chunk.1));
        Ok(Self { size, chunk, counts, is_tiled: directory.is_tiled })
    }

    /// The chunks of a plane.
    pub(crate) fn len(self) -> usize {
        self.counts.0 as usize * self.counts.1 as usize
    }

    /// The parts of the page, in the order of the file.
    pub(crate) fn places(self) -> impl Iterator<Item = ChunkPlace> {
        (0..self.counts.1).flat_map(move |row| (0..self.counts.0).map(move |column| self.place(column, row)))
    }

    fn place(self, column: u32, row: u32) -> ChunkPlace {
        let (x, y) = (column * self.chunk.0, row * self.chunk.1);
        let shown = (self.chunk.0.min(self.size.0 - x), self.chunk.1.min(self.size.1 - y));
        let height = if self.is_tiled { self.chunk.1 } else { shown.1 };
        let index = row as usize * self.counts.0 as usize + column as usize;
        ChunkPlace { index, x, y, width: self.chunk.0, height, shown }
    }
}

/// The data of each strip or tile, to the end of the file if that comes first; `None` for one that
/// is not in the file.
///
/// Without a byte count, or with one of 0, the data reaches to that of the next chunk.
pub(crate) fn chunk_data<'a>(bytes: &'a [u8], directory: &Directory) -> Vec<Option<&'a [u8]>> {
    let read = |entry: Option<super::directory::TagEntry>| -> Vec<Option<usize>> {
        let values = entry.into_iter().flat_map(|entry| entry.values(bytes, directory.layout));
        // The first value that is not in the file ends them: no count decides how much is used.
        let mut is_over = false;
        values
            .take_while(|value| !std::mem::replace(&mut is_over, value.is_none()))
            .map(|value| value.and_then(|value| usize::try_from(value).ok()))
            .collect()
    };
    let (offsets, counts) = (read(directory.offsets), read(directory.byte_counts));
    let mut starts: Vec<usize> = offsets.iter().copied().flatten().collect();
    starts.sort_unstable();
    let end_of = |start: usize| {
        let next = starts.partition_point(|other| *other <= start);
        starts.get(next).copied().unwrap_or(bytes.len()).min(bytes.len())
    };
    let is_shared = |start: usize| {
        let first = starts.partition_point(|other| *other < start);
        starts.get(first + 1) == Some(&start)
    };
    let data = offsets.iter().enumerate().map(|(at, start)| {
        let start = (*start)?;
        if start == 0 {
            return None;
        }
        let end = match counts.get(at).copied().flatten() {
            // The chunk that begins there, too, has the data: this one has none.
            None | Some(0) if is_shared(start) => return None,
            None | Some(0) => end_of(start),
            // Uncompressed data has the size that the page needs, whatever the byte count is.
            Some(_) if directory.compression == 1 => bytes.len(),
            Some(count) => start.saturating_add(count).min(bytes.len()),
        };
        bytes.get(start..end)
    });
    data.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tiff::byte_layout::ByteLayout;

    #[test]
    fn strips_and_tiles() {
        // A directory without entries.
        let bytes = b"II*\0\x08\0\0\0\0\0\0\0\0\0";
        let layout = ByteLayout::read(bytes).unwrap();
        let (mut directory, _) = Directory::read(bytes, layout, 8).unwrap();
        (directory.width, directory.height, directory.rows_per_strip) = (10, 7, 3);
        let places: Vec<_> = ChunkGrid::new(&directory).unwrap().places().collect();
        assert_eq!(places.iter().map(|place| (place.y, place.height)).collect::<Vec<_>>(), [(0, 3), (3, 3), (6, 1)]);
        directory.rows_per_strip = 0;
        assert_eq!(ChunkGrid::new(&directory).unwrap().len(), 7);
        directory.is_tiled = true;
        assert!(ChunkGrid::new(&directory).is_err());
        directory.tile = (8, 4);
        let places: Vec<_> = ChunkGrid::new(&directory).unwrap().places().collect();
        let shown: Vec<_> = places.iter().map(|place| (place.x, place.y, place.shown)).collect();
        assert_eq!(shown, [(0, 0, (8, 4)), (8, 0, (2, 4)), (0, 4, (8, 3)), (8, 4, (2, 3))]);
        assert!(places.iter().all(|place| (place.width, place.height) == (8, 4)));
    }
}
