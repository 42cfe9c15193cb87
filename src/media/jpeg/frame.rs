//! Frame and scan headers. Source: ITU-T T.81, B.2.2 and B.2.3.

/// Blocks of an interleaved unit (B.2.3).
const MAX_UNIT_BLOCKS: usize = 10;

/// A component of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    id: u8,
    /// Horizontal and vertical sampling.
    pub(crate) sampling: (u32, u32),
    /// The id of its quantization table.
    pub(crate) quantization: u8,
    /// Blocks across and down that the component's size needs.
    pub(crate) blocks: (u32, u32),
}

/// A frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) is_progressive: bool,
    pub(crate) components: Vec<Component>,
    /// Interleaved units across and down.
    pub(crate) units: (u32, u32),
}

impl Frame {
    /// Reads the content of a segment `SOF0`, `SOF1`, `SOF2`, `SOF9` or `SOF10`. `None`: it is damaged.
    pub(crate) fn read(segment: &[u8], is_progressive: bool) -> Option<Self> {
        let (&[_, h1, h0, w1, w0, count], rest) = segment.split_first_chunk::<6>()?;
        let (width, height) = (u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0])));
        let mut components = Vec::new();
        for entry in rest.chunks_exact(3).take(count.into()) {
            let sampling = (u32::from(entry[1] >> 4), u32::from(entry[1] & 15));
            if !(1..=4).contains(&sampling.0) || !(1..=4).contains(&sampling.1) {
                return None;
            }
            components.push(Component { id: entry[0], sampling, quantization: entry[2], blocks: (0, 0) });
        }
        if components.len() != usize::from(count) || width == 0 || height == 0 {
            return None;
        }
        let max = |side: fn(&Component) -> u32| components.iter().map(side).max();
        let max = (max(|component| component.sampling.0)?, max(|component| component.sampling.1)?);
        for component in &mut components {
            let (across, down) = component.sampling;
            component.blocks = ((width * across).div_ceil(max.0 * 8), (height * down).div_ceil(max.1 * 8));
        }
        let units = (width.div_ceil(max.0 * 8), height.div_ceil(max.1 * 8));
        Some(Self { is_progressive, components, units })
    }
}

/// A scan header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScanHeader {
    /// The components of the scan, by their index in the frame, and the ids of their DC and AC
    /// tables.
    pub(crate) components: Vec<(usize, usize, usize)>,
    /// The first and the last coefficient of each block in the scan.
    pub(crate) band: (usize, usize),
    /// The bit of the coefficients that was sent before; 0: none.
    pub(crate) high: u8,
    /// The lowest bit of the coefficients in the scan.
    pub(crate) low: u8,
}

impl ScanHeader {
    /// Reads the content of a segment `SOS`. `None`: it is damaged, or doesn't fit the frame.
    pub(crate) fn read(segment: &[u8], frame: &Frame) -> Option<Self> {
        let (&count, rest) = segment.split_first()?;
        let mut components = Vec::new();
        for entry in rest.chunks_exact(2).take(count.into()) {
            let index = frame.components.iter().position(|component| component.id == entry[0])?;
            let tables = (usize::from(entry[1] >> 4), usize::from(entry[1] & 15));
            if tables.0 > 3 || tables.1 > 3 || components.iter().any(|(other, _, _)| *other == index) {
                return None;
            }
            components.push((index, tables.0, tables.1));
        }
        let count = usize::from(count);
        if components.len() != count || !(1..=4).contains(&count) {
            return None;
        }
        let blocks = components.iter().map(|(index, _, _)| {
            let (across, down) = frame.components[*index].sampling;
            (across * down) as usize
        });
        if count > 1 && blocks.sum::<usize>() > MAX_UNIT_BLOCKS {
            return None;
        }
        if !frame.is_progressive {
            // The rest is meaningless, and some encoders write other data than the standard requires.
            return Some(Self { components, band: (0, 63), high: 0, low: 0 });
        }
        let &[first, last, bits, ..] = rest.get(2 * count..)? else { return None };
        let (band, high, low) = ((usize::from(first), usize::from(last)), bits >> 4, bits & 15);
        let is_valid = if first == 0 { last == 0 } else { first <= last && last < 64 && count == 1 };
        let is_next_bit = high == 0 || high == low + 1;
        (is_valid && is_next_bit && low <= 13).then_some(Self { components, band, high, low })
    }

    /// The number of units of the scan: of blocks, if it has one component.
    pub(crate) fn units(&self, frame: &Frame) -> u64 {
        let (across, down) = match self.components.as_slice() {
            [(index, _, _)] => frame.components[*index].blocks,
            _ => frame.units,
        };
        u64::from(across) * u64::from(down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_units() {
        // 4:2:0, 17 x 33 pixels.
        let frame = Frame::read(&[8, 0, 33, 0, 17, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], false).unwrap();
        assert_eq!(frame.units, (2, 3));
        let blocks: Vec<_> = frame.components.iter().map(|component| component.blocks).collect();
        assert_eq!(blocks, [(3, 5), (2, 3), (2, 3)]);
        for damaged in [
            &[8, 0, 33, 0, 17, 2, 1, 0x11, 0][..],
            &[8, 0, 33, 0, 17, 1, 1, 0x01, 0],
            &[8, 0, 33, 0, 17, 1, 1, 0x15, 0],
            &[8, 0, 33, 0, 0, 1, 1, 0x11, 0],
            &[8, 0, 33, 0, 17],
        ] {
            assert_eq!(Frame::read(damaged, false), None, "{damaged:x?}");
        }
    }

    #[test]
    fn scans() {
        let header = [8, 0, 33, 0, 17, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        let (sequential, progressive) = (Frame::read(&header, false).unwrap(), Frame::read(&header, true).unwrap());
        let all = [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];
        let scan = ScanHeader::read(&all, &sequential).unwrap();
        assert_eq!((scan.components, scan.band), (vec![(0, 0, 0), (1, 1, 1), (2, 1, 1)], (0, 63)));
        for (bytes, is_valid) in [
            (&[3, 1, 0, 2, 0x11, 3, 0x11, 0, 0, 1][..], true),
            (&[1, 1, 0, 1, 63, 0x10], true),
            (&[1, 1, 0, 1, 63, 0x21], true),
            (&[1, 1, 0, 1, 63, 0x20], false),
            (&[1, 1, 0, 0, 63, 0], false),
            (&[1, 1, 0, 5, 4, 0], false),
            (&[2, 1, 0, 2, 0, 1, 63, 0], false),
            (&[1, 9, 0, 1, 63, 0], false),
            (&[2, 1, 0, 1, 0, 0, 0, 0], false),
            (&[1, 1, 0x40, 0, 0, 0], false),
            (&[0, 0, 0, 0], false),
            (&[1, 1], false),
        ] {
            assert_eq!(ScanHeader::read(bytes, &progressive).is_some(), is_valid, "{bytes:x?}");
        }
    }
}
