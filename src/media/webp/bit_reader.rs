//! Reads what VP8's arithmetic coder has written. Source: RFC 6386, section 7.

/// How many bytes a reader may go beyond its data. The coder may leave out a zero at the end, and decoders that people use
/// read it.
const MAX_MISSING: u8 = 1;

/// The state of reading one partition of a frame.
pub(super) struct BitReader<'a> {
    /// What is not yet loaded.
    rest: &'a [u8],
    /// What is loaded and not yet used: `bits + 8` bits.
    value: u64,
    /// How many bits are loaded beyond the 8 that the next decision needs; negative: too few.
    bits: i32,
    /// The width of the current interval, 128 to 255.
    range: u32,
    /// How many bytes were read beyond the end.
    missing: u8,
}

impl<'a> BitReader<'a> {
    /// Begins to read this partition.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data, value: 0, bits: -8, range: 255, missing: 0 }
    }

    /// Whether more was read than there is. What was read beyond the end is made up.
    pub(super) fn is_past_end(&self) -> bool {
        self.missing > MAX_MISSING
    }

    /// Reads a bit that is 0 with this probability, in 1/256.
    #[inline(always)]
    pub(super) fn read(&mut self, probability: u8) -> bool {
        if self.bits < 0 {
            self.load();
        }
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        let big_split = u64::from(split) << self.bits;
        let is_set = self.value >= big_split;
        if is_set {
            self.value -= big_split;
            self.range -= split;
        } else {
            self.range = split;
        }
        // As the interval is in the lowest byte and never empty, at most 7.
        let shift = ((self.range << 24) | 1).leading_zeros();
        self.range <<= shift;
        self.bits -= shift as i32;
        is_set
    }

    /// Reads a bit that is as likely 0 as 1.
    pub(super) fn read_flag(&mut self) -> bool {
        self.read(128)
    }

    /// Reads a number of this many bits, 8 at most.
    pub(super) fn read_number(&mut self, bits: u8) -> u8 {
        (0..bits).fold(0, |value, _| (value << 1) | u8::from(self.read_flag()))
    }

    /// Skips a number of this many bits with a sign, if there is one.
    pub(super) fn skip_optional_number(&mut self, bits: u8) {
        if self.read_flag() {
            self.read_number(bits);
            self.read_flag();
        }
    }

    /// Loads four bytes, or what there is.
    fn load(&mut self) {
        if let Some((bytes, rest)) = self.rest.split_first_chunk::<4>() {
            self.value = (self.value << 32) | u64::from(u32::from_be_bytes(*bytes));
            self.bits += 32;
            self.rest = rest;
            return;
        }
        let byte = if let Some((byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            *byte
        } else {
            self.missing = self.missing.saturating_add(1);
            0
        };
        self.value = (self.value << 8) | u64::from(byte);
        self.bits += 8;
    }
}
