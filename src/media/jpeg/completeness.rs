//! Whether every block of a picture is in the file.
//!
//! Decoders fill missing parts with grey and report success, and the request for such a page would be billed. A file
//! whose end is missing is not the only case: a download that was closed properly, a copy with a damaged part, or a
//! progressive file without its last scans has an end as well. Therefore every code of every scan is read, without
//! decoding the picture. What counts as a fault is what makes libjpeg warn that data is missing or corrupt; a few
//! surplus bytes are not. Source: ITU-T T.81, annexes B, D, F and G.

use super::arithmetic::{ArithmeticScan, Conditioning};
use super::bit_reader::{ScanFault, find_marker};
use super::entropy::{BlockMasks, Scan, ScanTables, TablePair};
use super::frame::{Frame, ScanHeader};
use super::header::{check_frame_type, read_segment};
use super::huffman::TableDefinition;
use super::standard_tables::standard_table;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::pixels::MAX_PIXELS;
use std::sync::{Arc, OnceLock};

/// Scans that are read. Encoders write about ten; the limit bounds the time.
const MAX_SCANS: usize = 100;
/// The markers of frames with arithmetic codes (B.1.1.3).
const ARITHMETIC_SEQUENTIAL: u8 = 0xC9;
const ARITHMETIC_PROGRESSIVE: u8 = 0xCA;
/// The unknown bits of a coefficient that was not sent.
const NOTHING: u8 = u8::MAX;

/// Checks that the data of the picture is complete. A JPEG that was cut out of another file may
/// begin with the tables of that file.
///
/// # Errors
/// A picture that is cut short, damaged, too large, or coded in a way that is not supported.
pub(crate) fn check_complete(bytes: &[u8]) -> Result<(), MediaFault> {
    check(bytes, check_frame_type)
}

/// The same also for a picture with arithmetic codes, which some renderers of PDF pages read. Its frames are like those
/// with Huffman codes.
///
/// # Errors
/// As [`check_complete`].
pub(crate) fn check_complete_if_arithmetic(bytes: &[u8]) -> Result<(), MediaFault> {
    check(bytes, |marker, segment| match marker {
        ARITHMETIC_SEQUENTIAL => check_frame_type(0xC1, segment),
        ARITHMETIC_PROGRESSIVE => check_frame_type(0xC2, segment),
        _ => check_frame_type(marker, segment),
    })
}

/// `frame_type`: whether the frame that a marker begins is progressive; `None`: it begins none.
fn check<F>(bytes: &[u8], frame_type: F) -> Result<(), MediaFault>
where
    F: Fn(u8, &[u8]) -> Result<Option<bool>, MediaFault>,
{
    let mut picture = Picture::new();
    let mut at = 2;
    loop {
        let (marker, next) = find_marker(bytes, at).ok_or_else(MediaFault::cut_short)?;
        at = next;
        match marker {
            0x01 | 0xD0..=0xD7 => continue,
            // libjpeg doesn't read such a file.
            0xD8 => return Err(damaged()),
            0xD9 if picture.is_complete() => return Ok(()),
            0xD9 => return Err(MediaFault::cut_short()),
            _ => {}
        }
        let segment = read_segment(bytes, at)?;
        at += 2 + segment.len();
        match marker {
            0xC4 => picture.read_tables(segment).ok_or_else(damaged)?,
            0xCC => picture.conditioning.read(segment).ok_or_else(damaged)?,
            0xDB => picture.read_quantization(segment).ok_or_else(damaged)?,
            0xDD => {
                picture.restart_interval = u32::from(u16::from_be_bytes(*segment.first_chunk().ok_or_else(damaged)?));
            }
            0xDA => {
                // The tables of further scans of a sequential picture that is complete don't matter.
                if picture.is_complete() && picture.is_sequential() {
                    return Ok(());
                }
                at = picture.walk_scan(bytes, segment, at)?;
            }
            _ => {
                if let Some(is_progressive) = frame_type(marker, segment)? {
                    picture.start(Frame::read(segment, is_progressive).ok_or_else(damaged)?)?;
                    picture.is_arithmetic = matches!(marker, ARITHMETIC_SEQUENTIAL | ARITHMETIC_PROGRESSIVE);
                }
            }
        }
    }
}

fn damaged() -> MediaFault {
    MediaFault::damaged("the data of the picture is damaged")
}

/// What of a picture has been read.
struct Picture {
    frame: Option<Frame>,
    /// Whether the blocks have arithmetic codes.
    is_arithmetic: bool,
    conditioning: Conditioning,
    restart_interval: u32,
    /// Tables of DC and of AC coefficients, by their ids.
    tables: [[Option<TableDefinition>; 4]; 2],
    /// Which quantization tables are defined, by their ids.
    quantization: [bool; 4],
    scans: usize,
    /// For each component and coefficient: the lowest bit that was sent, or [`NOTHING`].
    known: Vec<[u8; 64]>,
    masks: Vec<BlockMasks>,
}

impl Picture {
    fn new() -> Self {
        let standard = |is_ac| [0, 1, 2, 3].map(|id| standard_table(is_ac, id));
        Self {
            frame: None,
            is_arithmetic: false,
            conditioning: Conditioning::new(),
            restart_interval: 0,
            tables: [standard(false), standard(true)],
            quantization: [false; 4],
            scans: 0,
            known: Vec::new(),
            masks: Vec::new(),
        }
    }

    fn start(&mut self, frame: Frame) -> Result<(), MediaFault> {
        if self.frame.is_some() {
            return Err(damaged());
        }
        let blocks =
            |component: &super::frame::Component| u64::from(component.blocks.0) * u64::from(component.blocks.1);
        if frame.components.iter().map(blocks).max().unwrap_or(0) > MAX_PIXELS / 64 * 2 {
            return Err(MediaFault::new(MediaFaultKind::TooLarge, "the picture has too many pixels"));
        }
        self.known = vec![[NOTHING; 64]; frame.components.len()];
        self.masks = vec![BlockMasks::new(); frame.components.len()];
        self.frame = Some(frame);
        Ok(())
    }

    fn is_sequential(&self) -> bool {
        self.frame.as_ref().is_some_and(|frame| !frame.is_progressive)
    }

    /// Whether every bit of every coefficient was sent.
    fn is_complete(&self) -> bool {
        !self.known.is_empty() && self.known.iter().flatten().all(|low| *low == 0)
    }

    /// Reads the content of a segment of Huffman tables. `None`: it is damaged.
    fn read_tables(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let (symbols, rest) = rest.split_at_checked(counts.iter().map(|count| usize::from(*count)).sum())?;
            let definition = TableDefinition { counts: *counts, symbols: symbols.to_vec() };
            *self.tables.get_mut(usize::from(kind >> 4))?.get_mut(usize::from(kind & 15))? = Some(definition);
            segment = rest;
        }
        Some(())
    }

    /// Reads the content of a segment of quantization tables. `None`: it is damaged.
    fn read_quantization(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = segment.split_first() {
            *self.quantization.get_mut(usize::from(kind & 15))? = true;
            segment = rest.get(if kind >> 4 == 0 { 64 } else { 128 }..)?;
        }
        Some(())
    }

    /// Walks over a scan whose data begins at byte `at`, and returns the byte after it.
    fn walk_scan(&mut self, bytes: &[u8], segment: &[u8], at: usize) -> Result<usize, MediaFault> {
        let frame = self.frame.as_ref().ok_or_else(damaged)?;
        let header = ScanHeader::read(segment, frame).ok_or_else(damaged)?;
        // As a decoder, a table is needed when the first scan of its component begins.
        let lacks_table = |(index, ..): &(usize, usize, usize)| {
            let id = usize::from(frame.components[*index].quantization);
            !self.quantization.get(id).is_some_and(|is_defined| *is_defined)
        };
        if header.components.iter().any(lacks_table) {
            return Err(MediaFault::damaged("a quantization table of the picture is missing"));
        }
        // libjpeg draws such a picture, with a warning.
        let is_refined =
            |index: usize| self.known[index][header.band.0..=header.band.1].iter().all(|low| *low == header.high);
        if header.high > 0 && !header.components.iter().all(|(index, ..)| is_refined(*index)) {
            return Err(MediaFault::damaged("a scan of the picture is missing"));
        }
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(MediaFault::damaged("the picture has too many scans"));
        }
        let tables = if self.is_arithmetic { None } else { Some(self.scan_tables(&header).ok_or_else(damaged)?) };
        let (index, ..) = *header.components.first().ok_or_else(damaged)?;
        let masks = &mut self.masks[index];
        if header.band.0 > 0 && masks.is_empty() {
            let (across, down) = frame.components[index].blocks;
            masks.resize(across as usize * down as usize, 0);
        }
        let restart_interval = self.restart_interval;
        let walked = match &tables {
            Some(tables) => Scan { frame, header: &header, tables, restart_interval }.walk(bytes, at, masks),
            None => ArithmeticScan { frame, header: &header, conditioning: &self.conditioning, restart_interval }
                .walk(bytes, at, masks),
        };
        let end = walked.map_err(|(fault, end)| explain(fault, bytes, end))?;
        for (index, ..) in &header.components {
            self.known[*index][header.band.0..=header.band.1].fill(header.low);
        }
        Ok(end)
    }

    /// The tables that a scan needs. `None`: one is missing or damaged.
    fn scan_tables(&self, header: &ScanHeader) -> Option<ScanTables> {
        let needs_dc = header.band.0 == 0 && header.high == 0;
        let needs_ac = header.band.1 > 0;
        let mut ids = Vec::new();
        let mut tables = ScanTables { of_component: Vec::new(), pairs: Vec::new() };
        for (_, dc_id, ac_id) in &header.components {
            let at = ids.iter().position(|pair| *pair == (dc_id, ac_id)).unwrap_or(ids.len());
            tables.of_component.push(at);
            if at < ids.len() {
                continue;
            }
            ids.push((dc_id, ac_id));
            let definition = |is_ac: bool, id: usize| self.tables[usize::from(is_ac)][id].as_ref();
            let dc = if needs_dc { Some(definition(false, *dc_id)?) } else { None };
            let ac = if needs_ac { Some(definition(true, *ac_id)?) } else { None };
            tables.pairs.push(make_pair(dc, ac)?);
        }
        Some(tables)
    }
}

/// The tables of these definitions. Those of the standard, which most files have, are made once.
fn make_pair(dc: Option<&TableDefinition>, ac: Option<&TableDefinition>) -> Option<Arc<TablePair>> {
    type Standard = (TableDefinition, TableDefinition, Arc<TablePair>);
    static STANDARD: OnceLock<Vec<Standard>> = OnceLock::new();
    let standard = STANDARD.get_or_init(|| {
        let pair = |id: usize| {
            let (dc, ac) = (standard_table(false, id)?, standard_table(true, id)?);
            let pair = TablePair::new(Some(&dc), Some(&ac))?;
            Some((dc, ac, Arc::new(pair)))
        };
        (0..2).filter_map(pair).collect()
    });
    match standard.iter().find(|(known_dc, known_ac, _)| (Some(known_dc), Some(known_ac)) == (dc, ac)) {
        Some((_, _, pair)) => Some(pair.clone()),
        None => TablePair::new(dc, ac).map(Arc::new),
    }
}

/// The fault of a scan that could be read up to byte `end`.
fn explain(fault: ScanFault, bytes: &[u8], end: usize) -> MediaFault {
    match (fault, find_marker(bytes, end)) {
        (ScanFault::Ends, None | Some((0xD9, _))) => MediaFault::cut_short(),
        (ScanFault::Ends, Some(_)) => MediaFault::damaged("the data of the picture is interrupted"),
        (ScanFault::Corrupt, _) => damaged(),
    }
}

#[cfg(test)]
mod tests;
