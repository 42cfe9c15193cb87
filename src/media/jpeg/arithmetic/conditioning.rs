//! Conditioning of the statistics. Source: ITU-T T.81, B.2.4.3.

/// What the statistics of each table depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conditioning {
    /// The bounds L and U of small differences, for each table of DC coefficients (F.1.4.4.1.2).
    pub(crate) dc: [(u8, u8); 4],
    /// The last coefficient Kx of the low frequencies, for each table of AC coefficients (F.1.4.4.2).
    pub(crate) ac: [u8; 4],
}

impl Conditioning {
    /// What holds where the file states nothing (F.1.4.4.1, F.1.4.4.2).
    pub(crate) fn new() -> Self {
        Self { dc: [(0, 1); 4], ac: [5; 4] }
    }

    /// Reads the content of a segment `DAC`. `None`: it is damaged.
    pub(crate) fn read(&mut self, segment: &[u8]) -> Option<()> {
        let (entries, []) = segment.as_chunks::<2>() else { return None };
        for [table, value] in entries {
            let id = usize::from(table & 15);
            let (low, high) = (value & 15, value >> 4);
            match table >> 4 {
                0 if low <= high => *self.dc.get_mut(id)? = (low, high),
                1 if (1..64).contains(value) => *self.ac.get_mut(id)? = *value,
                _ => return None,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments() {
        let mut conditioning = Conditioning::new();
        assert_eq!(conditioning.read(&[0x01, 0x42, 0x13, 63, 0x00, 0x00]), Some(()));
        assert_eq!(conditioning, Conditioning { dc: [(0, 0), (2, 4), (0, 1), (0, 1)], ac: [5, 5, 5, 63] });
        assert_eq!(conditioning.read(&[]), Some(()));
        for damaged in [&[0x00][..], &[0x00, 0x01], &[0x04, 0x10], &[0x10, 0], &[0x10, 64], &[0x14, 5], &[0x20, 5]] {
            assert_eq!(conditioning.clone().read(damaged), None, "{damaged:x?}");
        }
    }
}
