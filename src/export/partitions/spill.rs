//! Rows in the order of their arrival -> rows of one partition after another, in bounded memory: each
//! partition has a small buffer, and full buffers are blocks of one temporary file.

use super::row_codec::{decode, encode};
use crate::base::atomic_file::AtomicFile;
use crate::export::row::Row;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Size at which the buffer of a partition is written, in bytes. A thousand of them take 16 MB.
const BLOCK_BYTES: usize = 16 << 10;

/// Rows by partition. Dropped, the temporary file is removed.
pub(crate) struct Spill {
    /// Never gets the name of its target.
    file: AtomicFile,
    /// Bytes in the file.
    length: u64,
    partitions: Vec<SpilledRows>,
}

/// The rows of one partition.
#[derive(Default)]
struct SpilledRows {
    /// Positions and lengths in the file.
    blocks: Vec<(u64, usize)>,
    /// Rows that are not in the file yet. A row is never divided between two blocks.
    buffer: Vec<u8>,
}

impl Spill {
    /// Creates the temporary file beside `target`.
    pub(crate) fn beside(target: &Path) -> io::Result<Self> {
        let file = AtomicFile::create(target)?;
        file.remove_abandoned();
        Ok(Self { file, length: 0, partitions: Vec::new() })
    }

    /// Adds a partition, and returns its number.
    pub(crate) fn add_partition(&mut self) -> usize {
        self.partitions.push(SpilledRows::default());
        self.partitions.len() - 1
    }

    /// Adds a row to the partition with this number.
    pub(crate) fn write(&mut self, partition: usize, row: &Row) -> io::Result<()> {
        let Some(rows) = self.partitions.get_mut(partition) else { return Ok(()) };
        encode(row, &mut rows.buffer);
        if rows.buffer.len() >= BLOCK_BYTES {
            self.file.write_all(&rows.buffer)?;
            rows.blocks.push((self.length, rows.buffer.len()));
            self.length += rows.buffer.len() as u64;
            rows.buffer.clear();
        }
        Ok(())
    }

    /// Opens the file to read it.
    pub(crate) fn reader(&mut self) -> io::Result<File> {
        self.file.reopen()
    }

    /// Calls `on_row` with each row of a partition, in the order of their arrival.
    pub(crate) fn read<E: From<io::Error>>(
        &self,
        file: &mut File,
        partition: usize,
        mut on_row: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(rows) = self.partitions.get(partition) else { return Ok(()) };
        let mut each = |mut bytes: &[u8]| -> Result<(), E> {
            while !bytes.is_empty() {
                let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a temporary file was changed");
                on_row(&decode(&mut bytes).ok_or_else(damaged)?)?;
            }
            Ok(())
        };
        let mut block = Vec::new();
        for (position, length) in &rows.blocks {
            block.resize(*length, 0);
            file.seek(SeekFrom::Start(*position))?;
            file.read_exact(&mut block)?;
            each(&block)?;
        }
        each(&rows.buffer)
    }
}
