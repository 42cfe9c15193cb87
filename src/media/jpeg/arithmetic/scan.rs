//! Walks over the coded blocks of a scan: decodes every decision, and keeps no values. Source: ITU-T T.81, F.2.4
//! (sequential) and G.2.3 (progressive).

use super::coder::Decoder;
use super::conditioning::Conditioning;
use super::statistics::{AcStatistics, DcStatistics};
use crate::media::jpeg::bit_reader::{ScanFault, find_marker};
use crate::media::jpeg::entropy::BlockMasks;
use crate::media::jpeg::frame::{Frame, ScanHeader};

/// Maximum number of bytes after the code of a part of a progressive frame: padding.
const MAX_LEFT: usize = 1;

/// What the walk over a scan needs.
pub(crate) struct ArithmeticScan<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) header: &'a ScanHeader,
    pub(crate) conditioning: &'a Conditioning,
    /// Units between restart markers; 0: there are none.
    pub(crate) restart_interval: u32,
}

/// A component of the scan, in the units of a restart interval.
struct ScanComponent {
    /// Blocks of a unit.
    blocks: usize,
    dc_table: usize,
    ac_table: usize,
    /// The statistics that its last difference selects.
    context: usize,
}

impl ArithmeticScan<'_> {
    /// Walks over the scan whose data begins at byte `at`, and returns the byte behind what was
    /// read. `masks` belong to the scan's component; they are used by scans of AC coefficients in
    /// progressive frames only.
    ///
    /// # Errors
    /// Data that ends early or is corrupt, and the byte up to which it was read.
    pub(crate) fn walk(&self, bytes: &[u8], at: usize, masks: &mut BlockMasks) -> Result<usize, (ScanFault, usize)> {
        let units = self.header.units(self.frame);
        let interval = if self.restart_interval == 0 { units } else { u64::from(self.restart_interval) };
        let (mut at, mut done, mut restarts) = (at, 0, 0_u8);
        while done < units {
            if done > 0 {
                // Bytes before a marker are ignored.
                at = match find_marker(bytes, at) {
                    Some((marker, next)) if marker == 0xD0 + restarts => next,
                    _ => return Err((ScanFault::Ends, at)),
                };
                restarts = (restarts + 1) % 8;
            }
            let end = units.min(done + interval);
            // Each interval is decoded on its own: no statistics are kept (E.2.4).
            let mut decoder = Decoder::new(bytes, at);
            let result = if !self.frame.is_progressive {
                self.walk_sequential(&mut decoder, end - done)
            } else if self.header.band.0 == 0 {
                self.walk_dc(&mut decoder, end - done)
            } else {
                let (from, to) = (usize::try_from(done), usize::try_from(end));
                match from.ok().zip(to.ok()).and_then(|(from, to)| masks.get_mut(from..to)) {
                    Some(masks) => self.walk_ac(&mut decoder, masks),
                    None => Err(ScanFault::Corrupt),
                }
            };
            at = decoder.position();
            match result {
                // What follows from supplied zeros is not in the data.
                Err(ScanFault::Corrupt) if decoder.is_past_end() => return Err((ScanFault::Ends, at)),
                Err(fault) => return Err((fault, at)),
                Ok(()) => self.check_end(bytes, at)?,
            }
            done = end;
        }
        Ok(at)
    }

    /// Checks that a part of a progressive frame ends where its code does, unless it is the last: a code that is left
    /// over means that another is damaged, and the next scans refine other coefficients.
    fn check_end(&self, bytes: &[u8], at: usize) -> Result<(), (ScanFault, usize)> {
        match find_marker(bytes, at) {
            Some((marker, next)) if self.frame.is_progressive && marker != 0xD9 => {
                let rest = bytes.get(at..next - 2).unwrap_or_default();
                let left = rest.iter().filter(|byte| !matches!(byte, 0 | 0xFF)).count();
                if left > MAX_LEFT { Err((ScanFault::Corrupt, at)) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn components(&self) -> Vec<ScanComponent> {
        let is_alone = self.header.components.len() == 1;
        let component = |(index, dc_table, ac_table): &(usize, usize, usize)| {
            let (across, down) = self.frame.components[*index].sampling;
            let blocks = if is_alone { 1 } else { (across * down) as usize };
            ScanComponent { blocks, dc_table: *dc_table, ac_table: *ac_table, context: 0 }
        };
        self.header.components.iter().map(component).collect()
    }

    fn walk_sequential(&self, decoder: &mut Decoder<'_>, units: u64) -> Result<(), ScanFault> {
        let mut components = self.components();
        let mut dc = vec![DcStatistics::new(); 4];
        let mut ac = vec![AcStatistics::new(); 4];
        for _ in 0..units {
            for component in &mut components {
                for _ in 0..component.blocks {
                    let (dc_table, ac_table) = (component.dc_table, component.ac_table);
                    let bounds = self.conditioning.dc[dc_table];
                    dc[dc_table].difference(decoder, &mut component.context, bounds)?;
                    ac[ac_table].first(decoder, 1..=63, self.conditioning.ac[ac_table])?;
                }
            }
            if decoder.is_cut() {
                return Err(ScanFault::Ends);
            }
        }
        Ok(())
    }

    /// DC coefficients of a progressive frame (G.1.3.1).
    fn walk_dc(&self, decoder: &mut Decoder<'_>, units: u64) -> Result<(), ScanFault> {
        let mut components = self.components();
        let mut dc = vec![DcStatistics::new(); 4];
        for _ in 0..units {
            for component in &mut components {
                for _ in 0..component.blocks {
                    if self.header.high > 0 {
                        decoder.decide_fixed();
                    } else {
                        let table = component.dc_table;
                        dc[table].difference(decoder, &mut component.context, self.conditioning.dc[table])?;
                    }
                }
            }
            if decoder.is_cut() {
                return Err(ScanFault::Ends);
            }
        }
        Ok(())
    }

    /// AC coefficients of a progressive frame (G.1.3.2, G.1.3.3).
    fn walk_ac(&self, decoder: &mut Decoder<'_>, masks: &mut [u64]) -> Result<(), ScanFault> {
        let (_, _, table) = *self.header.components.first().ok_or(ScanFault::Corrupt)?;
        let (first, last) = self.header.band;
        let mut ac = AcStatistics::new();
        for mask in masks {
            if self.header.high == 0 {
                *mask |= ac.first(decoder, first..=last, self.conditioning.ac[table])?;
            } else {
                ac.next(decoder, first..=last, mask)?;
            }
            if decoder.is_cut() {
                return Err(ScanFault::Ends);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
