//! The adaptive binary arithmetic decoder. Source: ITU-T T.81, annex D.

/// Bits that may be supplied after the end of the data while the rest of the code is an arbitrary number: those of the
/// register, 40 whose absence is a matter of chance, and those that show a period.
///
/// An encoder ends its data with the number of the final interval that has the fewest bits, and may discard the zero
/// bytes at its end (D.1.8, `Clear_final_bits` and `Discard_final_zeros`); a decoder supplies zeros instead. How many
/// were discarded does not show whether data is missing: what is certain costs next to nothing, so hundreds of bytes
/// are zeros where a page ends white, or with a tone whose lowest bit is 0. The rest of the code shows it: the code in
/// the register, relative to the base of the interval.
///
/// - Zero: the data ends with the base, and all further decisions are in the lower interval, down to the last block.
/// - In a period: a texture that repeats, whose intervals converge to a number that happens to have few bits.
/// - Otherwise, if encoded: the base is followed, by chance, by a number within the final interval that ends with
///   zeros. The chance is 2^-n after n bits.
/// - Otherwise, if cut off: an arbitrary number, which is decoded to arbitrary content. It becomes zero by chance, once
///   in some 50,000 decisions (the width of the interval), and looks like a white end from then on.
const MAX_BITS_PAST_END: u32 = 16 + 40 + MAX_PERIOD as u32;
/// The longest period, in bits. A texture with a period of n bits ends so with a chance of 2^-n.
const MAX_PERIOD: usize = 32;
/// Signs of AC coefficients that may be decoded after that while the rest of the code is zero. Their probability is
/// fixed at 1/2 (F.1.4.4.2), so every sign that happens to be in the lower interval halves the chance that it was
/// encoded. Bits of DC coefficients have that probability as well, but those of one tone are all in the lower interval.
const MAX_SIGNS_PAST_END: u32 = 256;

/// An estimate of the probability of a decision (D.1): the more probable symbol (bit 7), and the index of the state.
pub(crate) type Bin = u8;

/// The sub-interval of the less probable symbol in each state (Table D.3).
const QE: [u16; 113] = [
    0x5a1d, 0x2586, 0x1114, 0x080b, 0x03d8, 0x01da, 0x00e5, 0x006f, 0x0036, 0x001a, 0x000d, 0x0006, 0x0003, 0x0001,
    0x5a7f, 0x3f25, 0x2cf2, 0x207c, 0x17b9, 0x1182, 0x0cef, 0x09a1, 0x072f, 0x055c, 0x0406, 0x0303, 0x0240, 0x01b1,
    0x0144, 0x00f5, 0x00b7, 0x008a, 0x0068, 0x004e, 0x003b, 0x002c, 0x5ae1, 0x484c, 0x3a0d, 0x2ef1, 0x261f, 0x1f33,
    0x19a8, 0x1518, 0x1177, 0x0e74, 0x0bfb, 0x09f8, 0x0861, 0x0706, 0x05cd, 0x04de, 0x040f, 0x0363, 0x02d4, 0x025c,
    0x01f8, 0x01a4, 0x0160, 0x0125, 0x00f6, 0x00cb, 0x00ab, 0x008f, 0x5b12, 0x4d04, 0x412c, 0x37d8, 0x2fe8, 0x293c,
    0x2379, 0x1edf, 0x1aa9, 0x174e, 0x1424, 0x119c, 0x0f6b, 0x0d51, 0x0bb6, 0x0a40, 0x5832, 0x4d1c, 0x438e, 0x3bdd,
    0x34ee, 0x2eae, 0x299a, 0x2516, 0x5570, 0x4ca9, 0x44d9, 0x3e22, 0x3824, 0x32b4, 0x2e17, 0x56a8, 0x4f46, 0x47e5,
    0x41cf, 0x3c3d, 0x375e, 0x5231, 0x4c0f, 0x4639, 0x415e, 0x5627, 0x50e7, 0x4b85, 0x5597, 0x504f, 0x5a10, 0x5522,
    0x59eb,
];
/// The next state after the less probable symbol (Table D.3).
const NEXT_LPS: [u8; 113] = [
    1, 14, 16, 18, 20, 23, 25, 28, 30, 33, 35, 9, 10, 12, 15, 36, 38, 39, 40, 42, 43, 45, 46, 48, 49, 51, 52, 54, 56,
    57, 59, 60, 62, 63, 32, 33, 37, 64, 65, 67, 68, 69, 70, 72, 73, 74, 75, 77, 78, 79, 48, 50, 50, 51, 52, 53, 54, 55,
    56, 57, 58, 59, 61, 61, 65, 80, 81, 82, 83, 84, 86, 87, 87, 72, 72, 74, 74, 75, 77, 77, 80, 88, 89, 90, 91, 92, 93,
    86, 88, 95, 96, 97, 99, 99, 93, 95, 101, 102, 103, 104, 99, 105, 106, 107, 103, 105, 108, 109, 110, 111, 110, 112,
    112,
];
/// The next state after the more probable symbol (Table D.3).
const NEXT_MPS: [u8; 113] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32, 33, 34, 35, 9, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60,
    61, 62, 63, 32, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 48, 81, 82, 83, 84, 85, 86, 87, 71, 89,
    90, 91, 92, 93, 94, 86, 96, 97, 98, 99, 100, 93, 102, 103, 104, 99, 106, 107, 103, 109, 107, 111, 109, 111,
];
/// The states in which the less probable symbol becomes the more probable one (Table D.3).
const SWITCHES: [u8; 10] = [0, 14, 36, 64, 80, 88, 95, 105, 110, 112];

/// A row of Table D.3.
#[derive(Clone, Copy)]
struct ProbabilityState {
    qe: u32,
    /// The next state after the more probable symbol.
    after_mps: Bin,
    /// The next state after the less probable symbol; bit 7: the symbols change places.
    after_lps: Bin,
}

/// Table D.3, filled up so that every index of seven bits is valid.
const STATES: [ProbabilityState; 128] = {
    let mut states = [ProbabilityState { qe: 0x5a1d, after_mps: 0, after_lps: 0 }; 128];
    let mut at = 0;
    while at < QE.len() {
        states[at] = ProbabilityState { qe: QE[at] as u32, after_mps: NEXT_MPS[at], after_lps: NEXT_LPS[at] };
        at += 1;
    }
    let mut at = 0;
    while at < SWITCHES.len() {
        states[SWITCHES[at] as usize].after_lps |= 0x80;
        at += 1;
    }
    states
};

/// Decodes binary decisions from the data up to the next marker.
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// The code, relative to the base of the interval: 16 bits that are compared, and those that follow.
    code: u32,
    /// The size of the interval.
    interval: u32,
    /// Bits of `code` that follow the 16.
    count: u32,
    /// Zero bits that were supplied after the end of the data.
    past_end: u32,
    /// The code and the interval when the last bits were supplied.
    recent: [(u32, u32); MAX_PERIOD],
    /// Signs that were decoded after [`MAX_BITS_PAST_END`].
    signs_past_end: u32,
    is_cut: bool,
}

impl<'a> Decoder<'a> {
    /// Decodes from byte `at` on (`Initdec` of D.2).
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        let (interval, recent) = (0x1_0000, [(0, 0); MAX_PERIOD]);
        let mut decoder =
            Self { bytes, at, code: 0, interval, count: 0, past_end: 0, recent, signs_past_end: 0, is_cut: false };
        for _ in 0..16 {
            decoder.shift();
        }
        decoder
    }

    /// The byte after those that were read: at the end of the data, the one that begins its marker.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Whether so much was decoded after the end of the data that some of it is missing.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether decisions depend on nothing but supplied zeros, so that a wrong one is due to the end of the data.
    pub(crate) fn is_past_end(&self) -> bool {
        self.past_end > 16
    }

    /// Decodes a decision with conditional exchange (`Decode` of D.2).
    #[inline(always)]
    pub(crate) fn decide(&mut self, bin: &mut Bin) -> bool {
        let state = STATES[usize::from(*bin & 0x7F)];
        let more_probable = *bin & 0x80;
        self.interval -= state.qe;
        let is_upper = self.code >> 16 >= self.interval;
        if !is_upper && self.interval >= 0x8000 {
            return more_probable != 0;
        }
        // Whichever sub-interval is smaller belongs to the less probable symbol.
        let is_exchanged = self.interval < state.qe;
        if is_upper {
            self.code -= self.interval << 16;
            self.interval = state.qe;
        }
        let is_less_probable = is_upper != is_exchanged;
        *bin = more_probable ^ if is_less_probable { state.after_lps } else { state.after_mps };
        self.renormalize();
        (more_probable != 0) != is_less_probable
    }

    /// Decodes a decision whose probability is fixed at 1/2 (G.1.3.1).
    pub(crate) fn decide_fixed(&mut self) -> bool {
        // A state whose sub-interval is about half, and which is not adapted.
        self.decide(&mut 0)
    }

    /// Decodes the sign of an AC coefficient, whose probability is fixed at 1/2 (F.1.4.4.2).
    pub(crate) fn decide_sign(&mut self) -> bool {
        if self.past_end >= MAX_BITS_PAST_END {
            self.signs_past_end += u32::from(self.code == 0);
            self.is_cut |= self.signs_past_end > MAX_SIGNS_PAST_END;
        }
        self.decide_fixed()
    }

    /// `Renorm_d` of D.2.
    #[inline(always)]
    fn renormalize(&mut self) {
        while self.interval < 0x8000 {
            self.shift();
            self.interval <<= 1;
        }
    }

    /// Makes the next bit part of those that are compared.
    #[inline(always)]
    fn shift(&mut self) {
        if self.count == 0 {
            self.read_byte();
        }
        self.code <<= 1;
        self.count -= 1;
    }

    /// Reads the next byte, without the zero that is stuffed behind 0xFF, or supplies a zero bit after the end of the
    /// data (`Byte_in` and `Unstuff_0`, Figures D.20 and D.21).
    fn read_byte(&mut self) {
        if self.past_end > 0 {
            return self.pass_end();
        }
        self.count = 8;
        let Some(&byte) = self.bytes.get(self.at) else { return self.pass_end() };
        let mut next = self.at + 1;
        if byte == 0xFF {
            while self.bytes.get(next) == Some(&0xFF) {
                next += 1;
            }
            if self.bytes.get(next) != Some(&0) {
                return self.pass_end();
            }
            next += 1;
        }
        self.code |= u32::from(byte) << 8;
        self.at = next;
    }

    /// Supplies a zero bit, and compares the rest of the code with what [`MAX_BITS_PAST_END`] describes.
    #[cold]
    fn pass_end(&mut self) {
        self.count = 1;
        if self.code != 0 {
            let state = (self.code, self.interval);
            self.is_cut |= self.past_end >= MAX_BITS_PAST_END && !self.recent.contains(&state);
            self.recent[self.past_end as usize % MAX_PERIOD] = state;
        }
        self.past_end = self.past_end.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
