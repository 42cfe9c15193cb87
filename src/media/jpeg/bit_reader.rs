//! Bits of entropy-coded data. Source: ITU-T T.81, F.2.2.5.

/// Why a walk over entropy-coded data stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanFault {
    /// The data ends, at a marker or at the end of the file, before its blocks do.
    Ends,
    /// There is no such Huffman code, or a value that the standard forbids.
    Corrupt,
}

/// Reads the bits of entropy-coded data up to the next marker, without the zeros that are stuffed
/// behind 0xFF. A copy is cheap, and keeps the bits in registers.
#[derive(Clone, Copy)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// The next bits, from the most significant one on. Those after `count` are zero or right.
    bits: u64,
    /// The number of bits that may be consumed.
    count: u32,
}

impl<'a> BitReader<'a> {
    /// Reads from byte `at` on.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, bits: 0, count: 0 }
    }

    /// The byte to read next. Up to 64 bits before it may not have been consumed.
    pub(crate) fn position(self) -> usize {
        self.at
    }

    /// The whole bytes before it that were not consumed, unless they are padding.
    pub(crate) fn unread_bytes(self) -> usize {
        let whole = (self.bits << (self.count % 8)).to_be_bytes();
        whole.iter().take(self.count as usize / 8).filter(|byte| !matches!(byte, 0 | 0xFF)).count()
    }

    /// Makes at least 56 bits available, or all that are left.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some(Ok(next)) = self.bytes.get(self.at..self.at + 8).map(<[u8; 8]>::try_from) {
            let word = u64::from_be_bytes(next);
            // The highest bit of the first byte that is 0xFF, and perhaps of bytes behind it.
            let marks = (!word).wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080;
            if marks == 0 {
                self.bits |= word >> self.count;
                self.at += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        *self = self.refill_by_bytes();
    }

    #[cold]
    fn refill_by_bytes(mut self) -> Self {
        while self.count < 56 {
            let Some(&byte) = self.bytes.get(self.at) else { break };
            let mut next = self.at + 1;
            if byte == 0xFF {
                while self.bytes.get(next) == Some(&0xFF) {
                    next += 1;
                }
                if self.bytes.get(next) != Some(&0) {
                    // A marker, or the end of the file.
                    break;
                }
                next += 1;
            }
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
            self.at = next;
        }
        self
    }

    /// The next 16 bits; after the end of the data, zeros.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u16 {
        (self.bits >> 48) as u16
    }

    /// Whether 16 bits may be consumed.
    pub(crate) fn has_full_code(&self) -> bool {
        self.count >= 16
    }

    /// Consumes up to 56 bits, which [`BitReader::refill`] has made available.
    #[inline(always)]
    pub(crate) fn consume(&mut self, count: u32) -> Result<(), ScanFault> {
        if count > self.count {
            return Err(ScanFault::Ends);
        }
        self.bits <<= count;
        self.count -= count;
        Ok(())
    }

    /// Skips any number of bits.
    pub(crate) fn skip(&mut self, mut count: u32) -> Result<(), ScanFault> {
        while count > 0 {
            let step = count.min(56);
            self.refill();
            self.consume(step)?;
            count -= step;
        }
        Ok(())
    }

    /// Reads a number of up to 16 bits.
    pub(crate) fn number(&mut self, count: u32) -> Result<u32, ScanFault> {
        self.refill();
        let value = u32::from(self.peek()) >> (16 - count.min(16));
        self.consume(count)?;
        Ok(value)
    }
}

/// The first marker from byte `at` on, and the byte after it. `None`: the file ends before.
pub(crate) fn find_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        while bytes.get(at) == Some(&0xFF) {
            at += 1;
        }
        match bytes.get(at)? {
            0 => at += 1,
            marker => return Some((*marker, at + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_those_of_the_data_without_stuffing(
            data in prop::collection::vec(prop_oneof![Just(0xFF_u8), any::<u8>()], 0..40),
            sizes in prop::collection::vec(1_u32..17, 1..40),
        ) {
            let mut stuffed: Vec<u8> = data.iter().flat_map(|byte| if *byte == 0xFF { vec![0xFF, 0] } else { vec![*byte] }).collect();
            stuffed.extend([0xFF, 0xD9, 0x55]);
            let mut reader = BitReader::new(&stuffed, 0);
            let mut at = 0;
            for size in sizes {
                let expected = (at + size as usize <= data.len() * 8).then(|| {
                    (at..at + size as usize).fold(0, |sum, bit| sum << 1 | u32::from(data[bit / 8] >> (7 - bit % 8) & 1))
                });
                prop_assert_eq!(reader.number(size).ok(), expected);
                if expected.is_none() {
                    break;
                }
                at += size as usize;
            }
            prop_assert_eq!(find_marker(&stuffed, reader.position()), Some((0xD9, stuffed.len() - 1)));
        }
    }

    #[test]
    fn markers() {
        for (bytes, found) in [
            (&[0xFF, 0xD9][..], Some((0xD9, 2))),
            (&[1, 0xFF, 0, 0xFF, 0xFF, 0xFF, 0xDA, 7], Some((0xDA, 7))),
            (&[0xFF, 0xFF, 0, 0xFF], None),
            (&[1, 2], None),
            (&[], None),
        ] {
            assert_eq!(find_marker(bytes, 0), found, "{bytes:x?}");
        }
        assert_eq!(find_marker(&[1], 5), None);
    }
}
