//! Models of coefficients: which decisions a coefficient consists of, and which of them share statistics. Source: ITU-T
//! T.81, F.1.4, F.2.4 and G.1.3.

use super::coder::{Bin, Decoder};
use crate::media::jpeg::bit_reader::ScanFault;
use std::ops::RangeInclusive;

/// Magnitudes have up to 15 bits (F.1.4.4.1.3).
const MAX_CATEGORY: u32 = 15;
/// The distance of the statistics of the bits of a magnitude from those of its category (Tables F.4 and F.5).
const MAGNITUDE_BITS: usize = 14;

/// Statistics of DC coefficients (Table F.4).
#[derive(Clone)]
pub(crate) struct DcStatistics([Bin; 49]);

impl DcStatistics {
    /// The start of the statistics of categories from X1 on.
    const X1: usize = 20;

    pub(crate) fn new() -> Self {
        Self([0; 49])
    }

    /// Decodes the difference of a coefficient from its predecessor (F.1.4.1). `context` is the index of the statistics
    /// that the last difference of the component selects; `bounds` are L and U.
    pub(crate) fn difference(
        &mut self,
        decoder: &mut Decoder<'_>,
        context: &mut usize,
        bounds: (u8, u8),
    ) -> Result<(), ScanFault> {
        let Self(bins) = self;
        if !decoder.decide(&mut bins[*context]) {
            *context = 0;
            return Ok(());
        }
        let is_negative = decoder.decide(&mut bins[*context + 1]);
        let mut category = 0;
        if decoder.decide(&mut bins[*context + 2 + usize::from(is_negative)]) {
            category = categorize(decoder, bins, Self::X1, 1)?;
        }
        // Magnitudes of a category are above 2^(category - 1), up to 2^category (F.1.4.4.1.2).
        let kind = if category < u32::from(bounds.0) {
            0
        } else if category <= u32::from(bounds.1) {
            1
        } else {
            3
        };
        *context = if kind == 0 { 0 } else { 4 * (kind + usize::from(is_negative)) };
        Ok(())
    }
}

/// Statistics of AC coefficients (Table F.5).
#[derive(Clone)]
pub(crate) struct AcStatistics([Bin; 245]);

impl AcStatistics {
    /// The start of the statistics of categories from X2 on: of low frequencies, and of high ones.
    const X2: [usize; 2] = [189, 217];

    pub(crate) fn new() -> Self {
        Self([0; 245])
    }

    /// Decodes the coefficients of a band of a block for the first time (F.1.4.2, G.1.3.2), and returns which are not
    /// zero. Low frequencies are those up to `last_low`.
    pub(crate) fn first(
        &mut self,
        decoder: &mut Decoder<'_>,
        band: RangeInclusive<usize>,
        last_low: u8,
    ) -> Result<u64, ScanFault> {
        let Self(bins) = self;
        let (mut k, last) = (*band.start(), *band.end());
        let mut mask = 0;
        while k <= last && !decoder.decide(&mut bins[3 * (k - 1)]) {
            while !decoder.decide(&mut bins[3 * (k - 1) + 1]) {
                k += 1;
                if k > last {
                    return Err(ScanFault::Corrupt);
                }
            }
            mask |= 1 << k;
            decoder.decide_sign();
            let at = 3 * (k - 1) + 2;
            // X1 has the statistics of the decision before it.
            if decoder.decide(&mut bins[at]) && decoder.decide(&mut bins[at]) {
                categorize(decoder, bins, Self::X2[usize::from(k > usize::from(last_low))], 2)?;
            }
            k += 1;
        }
        Ok(mask)
    }

    /// Decodes the next lower bit of the coefficients of a band of a block (G.1.3.3). `mask` are those that are not
    /// zero.
    pub(crate) fn next(
        &mut self,
        decoder: &mut Decoder<'_>,
        band: RangeInclusive<usize>,
        mask: &mut u64,
    ) -> Result<(), ScanFault> {
        let Self(bins) = self;
        let (mut k, last) = (*band.start(), *band.end());
        // Up to the last coefficient that was not zero, there is no decision whether the block ends.
        let known = *mask & u64::MAX >> (63 - last);
        let first_end = 64 - known.leading_zeros() as usize;
        while k <= last && !(k >= first_end && decoder.decide(&mut bins[3 * (k - 1)])) {
            loop {
                if known >> k & 1 == 1 {
                    decoder.decide(&mut bins[3 * (k - 1) + 2]);
                    break;
                }
                if decoder.decide(&mut bins[3 * (k - 1) + 1]) {
                    decoder.decide_sign();
                    *mask |= 1 << k;
                    break;
                }
                k += 1;
                if k > last {
                    return Err(ScanFault::Corrupt);
                }
            }
            k += 1;
        }
        Ok(())
    }
}

/// Decodes the category of a magnitude, whose decisions begin at `first` with whether it is above `category`, and the
/// bits of the magnitude (F.1.4.3). Returns the category.
fn categorize(decoder: &mut Decoder<'_>, bins: &mut [Bin], first: usize, mut category: u32) -> Result<u32, ScanFault> {
    let mut at = first;
    while decoder.decide(&mut bins[at]) {
        category += 1;
        if category > MAX_CATEGORY {
            return Err(ScanFault::Corrupt);
        }
        at += 1;
    }
    for _ in 1..category {
        decoder.decide(&mut bins[at + MAGNITUDE_BITS]);
    }
    Ok(category)
}
