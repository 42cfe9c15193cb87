//! Walks over the coded blocks of a scan: reads every code, and skips every value. Source: ITU-T
//! T.81, F.2.2 (sequential) and G.1.2 (progressive).

use super::bit_reader::{BitReader, ScanFault, find_marker};
use super::frame::{Frame, ScanHeader};
use super::huffman::{HuffmanTable, SkipTable, TableDefinition};
use std::sync::Arc;

/// Maximum number of bytes after the codes of a part of a progressive frame: padding.
const MAX_LEFT: usize = 1;
/// Maximum number of bytes after the codes of any part: what some encoders add. More are codes that were not needed because
/// others are damaged: zeros in place of a part of a file are codes, too, and stand for more blocks than other data.
const MAX_SURPLUS: usize = 64;

/// The tables of a scan. Components share them.
pub(crate) struct ScanTables {
    /// For each component of the scan, the index of its tables.
    pub(crate) of_component: Vec<usize>,
    pub(crate) pairs: Vec<Arc<TablePair>>,
}

/// Tables of DC and AC coefficients.
pub(crate) struct TablePair {
    /// Codes of DC coefficients; `None` where the scan has none.
    pub(crate) dc: Option<HuffmanTable>,
    /// Codes of AC coefficients; `None` where the scan has none.
    pub(crate) ac: Option<HuffmanTable>,
    /// What skips whole blocks; `None` in progressive frames.
    pub(crate) skips: Option<BlockSkips>,
}

impl TablePair {
    /// From definitions; `None` for a table that is not needed.
    ///
    /// The outer `None`: a definition is damaged.
    pub(crate) fn new(dc: Option<&TableDefinition>, ac: Option<&TableDefinition>) -> Option<Self> {
        let table = |definition: Option<&TableDefinition>| {
            definition.map(HuffmanTable::new).map_or(Some(None), |table| table.map(Some))
        };
        let (dc, ac) = (table(dc)?, table(ac)?);
        let skips = dc
            .as_ref()
            .zip(ac.as_ref())
            .map(|(dc, ac)| BlockSkips { start: SkipTable::new(Some(dc), ac), rest: SkipTable::new(None, ac) });
        Some(Self { dc, ac, skips })
    }
}

/// Skips blocks of sequential frames.
pub(crate) struct BlockSkips {
    /// From the DC coefficient on.
    pub(crate) start: SkipTable,
    /// From the next AC coefficient on.
    pub(crate) rest: SkipTable,
}

/// What the walk over a scan needs.
pub(crate) struct Scan<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) header: &'a ScanHeader,
    pub(crate) tables: &'a ScanTables,
    /// Units between restart markers; 0: there are none.
    pub(crate) restart_interval: u32,
}

/// The coefficients of each block of a component that are not zero, as bits.
pub(crate) type BlockMasks = Vec<u64>;

impl Scan<'_> {
    /// Walks over the scan whose data begins at byte `at`, and returns the byte behind what was
    /// read. `masks` belong to the scan's component; they are used by scans of AC coefficients in
    /// progressive frames only.
    ///
    /// # Errors
    /// Data that ends early or is corrupt, and the byte up to which it was read.
    pub(crate) fn walk(&self, bytes: &[u8], at: usize, masks: &mut BlockMasks) -> Result<usize, (ScanFault, usize)> {
        let blocks = self.blocks_of_a_unit();
        let units = self.header.units(self.frame);
        let interval = if self.restart_interval == 0 { units } else { u64::from(self.restart_interval) };
        let mut bits = BitReader::new(bytes, at);
        let (mut done, mut restarts) = (0, 0_u8);
        while done < units {
            if done > 0 {
                self.check_end(bytes, bits)?;
                bits = restart(bytes, bits, restarts)?;
                restarts = (restarts + 1) % 8;
            }
            let end = units.min(done + interval);
            let result = if !self.frame.is_progressive {
                self.walk_sequential(&mut bits, &blocks, end - done)
            } else if self.header.band.0 == 0 {
                self.walk_dc(&mut bits, &blocks, end - done)
            } else {
                let (from, to) = (usize::try_from(done), usize::try_from(end));
                match from.ok().zip(to.ok()).and_then(|(from, to)| masks.get_mut(from..to)) {
                    Some(masks) if self.header.high == 0 => self.walk_first_ac(&mut bits, masks),
                    Some(masks) => self.walk_next_ac(&mut bits, masks),
                    None => Err(ScanFault::Corrupt),
                }
            };
            result.map_err(|fault| (fault, bits.position()))?;
            done = end;
        }
        self.check_end(bytes, bits)?;
        Ok(bits.position())
    }

    /// Checks that a part ends where its codes do: codes that are left over mean that others are damaged. In a progressive
    /// frame, the next scans refine other coefficients then.
    fn check_end(&self, bytes: &[u8], bits: BitReader<'_>) -> Result<(), (ScanFault, usize)> {
        let at = bits.position();
        let Some((marker, next)) = find_marker(bytes, at) else { return Ok(()) };
        let rest = bytes.get(at..next - 2).unwrap_or_default();
        let surplus = rest.iter().filter(|byte| **byte != 0xFF).count();
        let left = bits.unread_bytes() + rest.iter().filter(|byte| !matches!(byte, 0 | 0xFF)).count();
        let is_refined = self.frame.is_progressive && marker != 0xD9;
        if surplus > MAX_SURPLUS || is_refined && left > MAX_LEFT { Err((ScanFault::Corrupt, at)) } else { Ok(()) }
    }

    /// The tables of each block of a unit, by their index.
    fn blocks_of_a_unit(&self) -> Vec<usize> {
        if self.header.components.len() == 1 {
            return self.tables.of_component.clone();
        }
        let sampling = |index: usize| self.frame.components[index].sampling;
        let components = self.header.components.iter().zip(&self.tables.of_component);
        components
            .flat_map(|((index, _, _), tables)| {
                let (across, down) = sampling(*index);
                std::iter::repeat_n(*tables, (across * down) as usize)
            })
            .collect()
    }

    fn walk_sequential(&self, reader: &mut BitReader<'_>, blocks: &[usize], units: u64) -> Result<(), ScanFault> {
        let mut tables = Vec::new();
        for block in blocks {
            match &*self.tables.pairs[*block] {
                TablePair { dc: Some(dc), ac: Some(ac), skips: Some(skips) } => tables.push((dc, ac, skips)),
                _ => return Err(ScanFault::Corrupt),
            }
        }
        // A copy, whose bits stay in registers.
        let mut bits = *reader;
        for _ in 0..units {
            for (dc, ac, skips) in &tables {
                let walked = skip_block(&mut bits, dc, ac, skips);
                if walked.is_err() {
                    *reader = bits;
                    return walked;
                }
            }
        }
        *reader = bits;
        Ok(())
    }

    /// DC coefficients of a progressive frame.
    fn walk_dc(&self, bits: &mut BitReader<'_>, blocks: &[usize], units: u64) -> Result<(), ScanFault> {
        for _ in 0..units {
            for block in blocks {
                if self.header.high > 0 {
                    bits.skip(1)?;
                } else {
                    let size = self.tables.pairs[*block].dc.as_ref().ok_or(ScanFault::Corrupt)?.symbol(bits)?;
                    bits.skip(size.into())?;
                }
            }
        }
        Ok(())
    }

    /// The first scan of a band of AC coefficients.
    fn walk_first_ac(&self, bits: &mut BitReader<'_>, masks: &mut [u64]) -> Result<(), ScanFault> {
        let table = self.tables.pairs[0].ac.as_ref().ok_or(ScanFault::Corrupt)?;
        let (first, last) = self.header.band;
        let mut at = 0;
        while let Some(mask) = masks.get_mut(at) {
            at += 1;
            let mut k = first;
            while k <= last {
                let symbol = table.symbol(bits)?;
                let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                if size > 0 {
                    k += run;
                    *mask |= 1_u64.checked_shl(k as u32).unwrap_or(0);
                    bits.skip(size)?;
                    k += 1;
                } else if run == 15 {
                    k += 16;
                } else {
                    // This block ends, and that number of blocks after it is empty.
                    at = at.saturating_add(read_end_run(bits, run)? - 1);
                    break;
                }
            }
        }
        Ok(())
    }

    /// A scan of the next lower bit of a band of AC coefficients.
    fn walk_next_ac(&self, bits: &mut BitReader<'_>, masks: &mut [u64]) -> Result<(), ScanFault> {
        let table = self.tables.pairs[0].ac.as_ref().ok_or(ScanFault::Corrupt)?;
        let (first, last) = self.header.band;
        let mut ended = 0;
        for mask in masks {
            let mut k = first;
            while ended == 0 && k <= last {
                let symbol = table.symbol(bits)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                match size {
                    0 if zeros < 15 => {
                        ended = read_end_run(bits, zeros.into())?;
                        break;
                    }
                    0 => {}
                    // The sign of a new coefficient.
                    1 => bits.skip(1)?,
                    _ => return Err(ScanFault::Corrupt),
                }
                // Every coefficient that is passed and not zero has one more bit.
                while k <= last {
                    if *mask >> k & 1 == 1 {
                        bits.skip(1)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if size == 1 && k <= last {
                    *mask |= 1 << k;
                }
                k += 1;
            }
            if ended > 0 {
                ended -= 1;
                let band = u64::MAX.checked_shl(k as u32).unwrap_or(0) & u64::MAX >> (63 - last);
                bits.skip((*mask & band).count_ones())?;
            }
        }
        Ok(())
    }
}

/// The blocks that end here, the current one included.
fn read_end_run(bits: &mut BitReader<'_>, size: usize) -> Result<usize, ScanFault> {
    Ok((1 << size) + bits.number(size as u32)? as usize)
}

/// Skips a block of a sequential frame.
#[inline(always)]
fn skip_block(
    bits: &mut BitReader<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
    skips: &BlockSkips,
) -> Result<(), ScanFault> {
    bits.refill();
    let skip = skips.start.peek(bits);
    if skip.bits() > 0 {
        bits.consume(skip.bits())?;
        if skip.ends_block() {
            return Ok(());
        }
    } else {
        let (size, length) = dc.peek(bits)?;
        bits.consume(length + u32::from(size & 15))?;
    }
    let mut k = 1 + skip.coefficients();
    while k < 64 {
        // One refill is enough for two skips.
        bits.refill();
        for _ in 0..2 {
            let skip = skips.rest.peek(bits);
            if skip.bits() == 0 || k + skip.coefficients() >= 64 {
                // The block may end without a code for its end: one coefficient at a time.
                bits.refill();
                let (symbol, length) = ac.peek(bits)?;
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                bits.consume(length + size)?;
                if size == 0 && run < 15 {
                    return Ok(());
                }
                k += run + 1;
                break;
            }
            bits.consume(skip.bits())?;
            if skip.ends_block() {
                return Ok(());
            }
            k += skip.coefficients();
        }
    }
    Ok(())
}

/// Continues after the restart marker of this number.
fn restart<'a>(bytes: &'a [u8], bits: BitReader<'a>, number: u8) -> Result<BitReader<'a>, (ScanFault, usize)> {
    let at = bits.position();
    match find_marker(bytes, at) {
        Some((marker, next)) if marker == 0xD0 + number => Ok(BitReader::new(bytes, next)),
        _ => Err((ScanFault::Ends, at)),
    }
}
