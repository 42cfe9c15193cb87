//! The decoder, and what it makes of the end of data, with an encoder of D.1.

use super::*;

/// Encodes decisions (D.1).
struct Encoder {
    bytes: Vec<u8>,
    base: u64,
    interval: u32,
    /// Bits until the next byte is complete.
    count: u32,
}

impl Encoder {
    fn new() -> Self {
        Self { bytes: Vec::new(), base: 0, interval: 0x1_0000, count: 16 }
    }

    fn encode(&mut self, bin: &mut Bin, decision: bool) {
        let state = STATES[usize::from(*bin & 0x7F)];
        self.interval -= state.qe;
        let is_less_probable = decision != (*bin & 0x80 != 0);
        let is_exchanged = self.interval < state.qe;
        if !is_less_probable && self.interval >= 0x8000 {
            return;
        }
        if is_less_probable != is_exchanged {
            self.base += u64::from(self.interval);
            self.interval = state.qe;
        }
        *bin = *bin & 0x80 ^ if is_less_probable { state.after_lps } else { state.after_mps };
        while self.interval < 0x8000 {
            self.interval <<= 1;
            self.shift();
        }
    }

    fn shift(&mut self) {
        self.base <<= 1;
        self.count -= 1;
        if self.count == 0 {
            // The byte above the register and eight bits behind it, with a carry.
            self.count = 8;
            let byte = self.base >> 24;
            self.base &= 0xFF_FFFF;
            if byte > 0xFF {
                self.carry();
            }
            self.bytes.push((byte & 0xFF) as u8);
        }
    }

    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }

    /// The data, without zero bytes at its end (D.1.8).
    fn finish(mut self) -> Vec<u8> {
        let last = self.base + u64::from(self.interval) - 1;
        let cleared = last & !0xFFFF;
        self.base = if cleared < self.base { cleared + 0x8000 } else { cleared };
        for _ in 0..32 {
            self.shift();
        }
        while self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        self.bytes.iter().flat_map(|byte| if *byte == 0xFF { vec![0xFF, 0] } else { vec![*byte] }).collect()
    }
}

/// A decision: the index of its bin, or `None` if its probability is fixed, and its value.
type Decision = (Option<usize>, bool);

fn encode(decisions: &[Decision]) -> Vec<u8> {
    let (mut encoder, mut bins) = (Encoder::new(), [0; 64]);
    for (bin, decision) in decisions {
        match bin {
            Some(bin) => encoder.encode(&mut bins[*bin], *decision),
            None => encoder.encode(&mut 0, *decision),
        }
    }
    encoder.finish()
}

/// The number of decisions that are decoded as they were encoded, and the decoder.
fn decode<'a>(bytes: &'a [u8], decisions: &[Decision]) -> (usize, Decoder<'a>) {
    let (mut decoder, mut bins) = (Decoder::new(bytes, 0), [0; 64]);
    let mut right = 0;
    let mut is_right = true;
    for (bin, decision) in decisions {
        let decoded = match bin {
            Some(bin) => decoder.decide(&mut bins[*bin]),
            None => decoder.decide_fixed(),
        };
        is_right &= decoded == *decision;
        right += usize::from(is_right);
    }
    (right, decoder)
}

fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed >> 11
}

/// Decisions that are hard to predict.
fn noise(seed: u64, count: usize) -> Vec<Decision> {
    let mut seed = seed;
    (0..count)
        .map(|_| {
            let bin = (random(&mut seed) % 20) as usize;
            ((bin > 0).then_some(bin), random(&mut seed).is_multiple_of(2 + bin as u64))
        })
        .collect()
}

#[test]
fn the_test_sequence_of_the_standard() {
    // T.81, K.4.1.
    let decisions =
        [0x0002_0051, 0x0000_00C0, 0x0352_872A, 0xAAAA_AAAA, 0x82C0_2000, 0xFCD7_9EF6, 0x74EA_ABF7, 0x697E_E74C_u32];
    let bits = decisions.iter().flat_map(|word| (0..32).rev().map(move |bit| word >> bit & 1 == 1));
    let decisions: Vec<Decision> = bits.map(|bit| (Some(1), bit)).collect();
    let data = b"\x65\x5B\x51\x44\xF7\x96\x9D\x51\x78\x55\xBF\xFF\0\xFC\x51\x84\xC7\xCE\xF9\x39\0\x28\x7D\x46\x70\x8E\xCB\xC0\xF6\xFF\xD9";
    assert_eq!(encode(&decisions), &data[..29]);
    let (right, decoder) = decode(data, &decisions);
    assert_eq!((right, decoder.position(), decoder.is_cut()), (256, 29, false));
}

#[test]
fn what_was_encoded_is_never_cut() {
    for seed in 1..200 {
        let mut decisions = noise(seed, 40 * seed as usize);
        // What is certain, and then what is not.
        for count in [0, 200_000, 3] {
            decisions.extend(noise(seed, count / 50_000 + 3));
            decisions.extend((0..count).map(|at| (Some(20 + at % 7), at % 7 == 1)));
            let data = encode(&decisions);
            let (right, decoder) = decode(&data, &decisions);
            assert_eq!((right, decoder.is_cut()), (decisions.len(), false), "seed {seed}");
        }
    }
}

#[test]
fn textures_that_repeat_are_never_cut() {
    let (mut zeros, mut periods) = (0, 0);
    for seed in 1..400_u64 {
        let mut state = seed;
        let block: Vec<Decision> = (0..2 + seed as usize % 9)
            .map(|at| {
                (at.is_multiple_of(4).then_some(20 + at).filter(|_| seed % 3 > 0), random(&mut state).is_multiple_of(2))
            })
            .collect();
        let mut decisions = noise(seed, 100);
        decisions.extend((0..3000).flat_map(|_| block.clone()));
        let data = encode(&decisions);
        let (right, decoder) = decode(&data, &decisions);
        assert_eq!((right, decoder.is_cut()), (decisions.len(), false), "seed {seed}");
        if decoder.past_end > MAX_BITS_PAST_END {
            if decoder.code == 0 { zeros += 1 } else { periods += 1 }
        }
    }
    assert!(zeros > 0 && periods > 0, "{zeros} {periods}");
}

#[test]
fn what_is_missing_is_found() {
    for seed in 1..200 {
        let decisions = noise(seed, 3000);
        let data = encode(&decisions);
        // Not between a byte and the zero that is stuffed behind it.
        let cut = data.len() / 2 + seed as usize % 50;
        let cut = if data[cut - 1] == 0xFF { cut + 1 } else { cut };
        let (right, decoder) = decode(&data[..cut], &decisions);
        assert!(right < decisions.len() && decoder.is_cut(), "seed {seed}");
    }
}
