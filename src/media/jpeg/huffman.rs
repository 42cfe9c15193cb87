//! Huffman tables that give the number of bits to skip. Source: ITU-T T.81, annex C and F.2.2.

use super::bit_reader::{BitReader, ScanFault};

/// Number of bits for looking up codes. Longer codes are rare.
const LOOKUP_BITS: u32 = 11;
const LOOKUP_SIZE: usize = 1 << LOOKUP_BITS;

/// The definition of a table: the number of codes of each length from 1 on, and their symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableDefinition {
    pub(crate) counts: [u8; 16],
    pub(crate) symbols: Vec<u8>,
}

/// A table of codes.
pub(crate) struct HuffmanTable {
    /// By the next bits: the symbol times 256, and the length of its code; 0: a longer code.
    first: Box<[u16; LOOKUP_SIZE]>,
    /// For each length: the first code, the code after the last, and the index of the first symbol.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl HuffmanTable {
    /// `None`: the definition has more codes than fit.
    pub(crate) fn new(definition: &TableDefinition) -> Option<Self> {
        let mut first = Box::new([0; LOOKUP_SIZE]);
        let mut lengths = [(0, 0, 0); 17];
        let (mut code, mut at) = (0_u32, 0_usize);
        for (length, count) in (1_u32..).zip(definition.counts) {
            let next = code + u32::from(count);
            if next > 1 << length {
                return None;
            }
            lengths[length as usize] = (code, next, at);
            for code in code..next {
                let symbol = *definition.symbols.get(at)?;
                at += 1;
                if length <= LOOKUP_BITS {
                    let shift = LOOKUP_BITS - length;
                    let entry = u16::from(symbol) << 8 | length as u16;
                    first.get_mut((code << shift) as usize..((code + 1) << shift) as usize)?.fill(entry);
                }
            }
            code = next << 1;
        }
        Some(Self { first, lengths, symbols: definition.symbols.clone() })
    }

    /// The symbol of the next code, and the length of that code. At least 16 bits must be
    /// available, or all that are left. Doesn't consume them.
    #[inline(always)]
    pub(crate) fn peek(&self, bits: &BitReader<'_>) -> Result<(u8, u32), ScanFault> {
        let entry = self.first[usize::from(bits.peek() >> (16 - LOOKUP_BITS))];
        if entry == 0 {
            self.find_long(bits.peek(), bits.has_full_code())
        } else {
            Ok(((entry >> 8) as u8, u32::from(entry & 0xFF)))
        }
    }

    #[cold]
    fn find_long(&self, bits: u16, has_full_code: bool) -> Result<(u8, u32), ScanFault> {
        for length in LOOKUP_BITS + 1..=16 {
            let code = u32::from(bits) >> (16 - length);
            let (from, to, at) = self.lengths[length as usize];
            if (from..to).contains(&code) {
                let symbol = self.symbols.get(at + (code - from) as usize).ok_or(ScanFault::Corrupt)?;
                return Ok((*symbol, length));
            }
        }
        Err(if has_full_code { ScanFault::Corrupt } else { ScanFault::Ends })
    }

    /// Consumes a code, and gives its symbol.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut BitReader<'_>) -> Result<u8, ScanFault> {
        bits.refill();
        let (symbol, length) = self.peek(bits)?;
        bits.consume(length)?;
        Ok(symbol)
    }
}

/// By the next bits: how far the coefficients reach that these bits determine. One look-up skips two or three of them.
pub(crate) struct SkipTable(Box<[u16; LOOKUP_SIZE]>);

/// What [`SkipTable::peek`] gives: from the lowest bit on, 6 bits for the number of bits, which can
/// be used as a shift without a conversion, one that is not used, one for the end of the block,
/// and 8 for the number of coefficients.
#[derive(Clone, Copy)]
pub(crate) struct Skip(u16);

impl Skip {
    /// Bits of codes and values, at most 26; 0: the bits do not determine even the first code.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        u32::from(self.0 & 0x3F)
    }

    /// AC coefficients that these cover.
    #[inline(always)]
    pub(crate) fn coefficients(self) -> u32 {
        u32::from(self.0 >> 8)
    }

    /// Whether the end of the block follows them.
    #[inline(always)]
    pub(crate) fn ends_block(self) -> bool {
        self.0 & 0x80 != 0
    }
}

impl SkipTable {
    /// For the coefficients of a block: those from the next AC coefficient on, or, with `dc`, all.
    pub(crate) fn new(dc: Option<&HuffmanTable>, ac: &HuffmanTable) -> Self {
        let mut skips = Box::new([0; LOOKUP_SIZE]);
        for (index, skip) in (0_u32..).zip(skips.iter_mut()) {
            // At most 26 bits and 78 coefficients.
            *skip = Self::entry(dc, ac, index) as u16;
        }
        Self(skips)
    }

    fn entry(dc: Option<&HuffmanTable>, ac: &HuffmanTable, index: u32) -> u32 {
        let (mut used, mut coefficients) = (0, 0);
        let next = |table: &HuffmanTable, used: u32| {
            let rest = index << used & (LOOKUP_SIZE as u32 - 1);
            let entry = table.first[rest as usize];
            let length = u32::from(entry & 0xFF);
            (length > 0 && used + length <= LOOKUP_BITS).then_some((u32::from(entry >> 8), length))
        };
        if let Some(dc) = dc {
            match next(dc, 0) {
                Some((size, length)) => used = length + (size & 15),
                None => return 0,
            }
        }
        while used < LOOKUP_BITS {
            let Some((symbol, length)) = next(ac, used) else { break };
            let (run, size) = (symbol >> 4, symbol & 15);
            used += length + size;
            if size == 0 && run < 15 {
                return coefficients << 8 | 0x80 | used;
            }
            coefficients += run + 1;
            if coefficients >= 63 {
                break;
            }
        }
        coefficients << 8 | used
    }

    #[inline(always)]
    pub(crate) fn peek(&self, bits: &BitReader<'_>) -> Skip {
        Skip(self.0[usize::from(bits.peek() >> (16 - LOOKUP_BITS))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::jpeg::standard_tables::standard_table;

    #[test]
    fn codes_of_every_length_give_their_symbols() {
        for (is_ac, id) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
            let definition = standard_table(is_ac, id).unwrap();
            let table = HuffmanTable::new(&definition).unwrap();
            let (mut code, mut at) = (0_u32, 0);
            for (length, count) in (1_u32..).zip(definition.counts) {
                for _ in 0..count {
                    let bits = ((code << (16 - length)) as u16).to_be_bytes();
                    let mut padded = bits.to_vec();
                    // No byte of a code is a marker.
                    padded.retain(|byte| *byte != 0xFF);
                    if padded.len() == 2 {
                        let mut reader = BitReader::new(&padded, 0);
                        assert_eq!(table.symbol(&mut reader), Ok(definition.symbols[at]), "code {code:b}");
                        assert!(reader.number(16 - length).is_ok());
                        assert_eq!(reader.number(1), Err(ScanFault::Ends));
                    }
                    code += 1;
                    at += 1;
                }
                code <<= 1;
            }
        }
    }

    #[test]
    fn tables_with_too_many_codes_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(HuffmanTable::new(&TableDefinition { counts, symbols: vec![0, 1, 2] }).is_none());
        counts[0] = 2;
        assert!(HuffmanTable::new(&TableDefinition { counts, symbols: vec![0] }).is_none());
        let table = HuffmanTable::new(&TableDefinition { counts: [0; 16], symbols: Vec::new() }).unwrap();
        assert_eq!(table.symbol(&mut BitReader::new(&[0x55, 0x55], 0)), Err(ScanFault::Corrupt));
        assert_eq!(table.symbol(&mut BitReader::new(&[0x55], 0)), Err(ScanFault::Ends));
    }
}
