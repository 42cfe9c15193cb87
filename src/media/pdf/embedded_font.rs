//! Embedded TrueType fonts whose table of glyph positions contradicts itself: the renderer leaves
//! glyphs out, or draws others. Source: OpenType 1.9, tables `head`, `loca` and `maxp`.

/// The table of glyph positions of a TrueType font.
#[derive(Debug)]
pub(crate) struct GlyphPositions {
    is_long: bool,
    /// Whether the format that the font states is not the one that the table has.
    is_contradictory: bool,
    positions: Vec<u8>,
    outlines: u32,
}

impl GlyphPositions {
    /// Reads the table; `None`: the font has other outlines.
    pub(crate) fn read(font: &[u8]) -> Option<Self> {
        let count = usize::from(word(font, 4)?);
        let table = |tag: &[u8]| {
            let entry = font.get(12..12 + count * 16)?.chunks_exact(16).find(|entry| entry.starts_with(tag))?;
            Some((long(entry, 8)? as usize, long(entry, 12)? as usize))
        };
        let (place, length) = table(b"loca")?;
        let format = word(font, table(b"head")?.0 + 50)?;
        let glyphs = usize::from(word(font, table(b"maxp")?.0 + 4)?);
        let positions = font.get(place..place.checked_add(length)?.min(font.len()))?.to_vec();
        let is_long = format == 1;
        let is_contradictory = format > 1 || (format == 0 && glyphs > 0 && length == (glyphs + 1) * 4);
        Some(Self { is_long, is_contradictory, positions, outlines: u32::try_from(table(b"glyf")?.1).ok()? })
    }

    /// Whether the font states another format than its table has, so that all positions are wrong.
    pub(crate) fn is_contradictory(&self) -> bool {
        self.is_contradictory
    }

    /// Whether the position of a glyph can't be right.
    pub(crate) fn is_lost(&self, glyph: u32) -> bool {
        let at = |glyph: usize| match self.is_long {
            true => long(&self.positions, glyph.checked_mul(4)?),
            false => word(&self.positions, glyph.checked_mul(2)?).map(|half| u32::from(half) * 2),
        };
        let glyph = glyph as usize;
        match (at(glyph), at(glyph + 1)) {
            _ if self.is_contradictory => true,
            (Some(start), Some(end)) => start > end || start > self.outlines,
            _ => false,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A font of two glyphs with this format and these positions, and outlines of 40 bytes.
    fn font(format: u16, positions: &[u32]) -> Vec<u8> {
        let mut head = vec![0; 54];
        head[50..52].copy_from_slice(&format.to_be_bytes());
        let mut loca = Vec::new();
        positions.iter().for_each(|place| loca.extend(place.to_be_bytes()));
        let tables = [(b"glyf", vec![0; 40]), (b"head", head), (b"loca", loca), (b"maxp", vec![0, 1, 0, 0, 0, 2])];
        let mut out = vec![0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0];
        let mut place = out.len() + tables.len() * 16;
        for (tag, table) in &tables {
            out.extend(*tag);
            out.extend([0; 4]);
            out.extend((place as u32).to_be_bytes());
            out.extend((table.len() as u32).to_be_bytes());
            place += table.len();
        }
        tables.iter().for_each(|(_, table)| out.extend(table));
        out
    }

    #[test]
    fn which_glyphs_are_lost() {
        for (format, positions, lost) in [
            (1, &[0, 20, 40][..], [false, false]),
            (1, &[0, 0, 40], [false, false]),
            (1, &[30, 0, 40], [true, false]),
            (1, &[0, 50, 60], [false, true]),
            // Long positions, stated to be short or nothing.
            (0, &[0, 20, 40], [true, true]),
            (256, &[0, 20, 40], [true, true]),
        ] {
            let table = GlyphPositions::read(&font(format, positions)).unwrap();
            assert_eq!([table.is_lost(0), table.is_lost(1)], lost, "{format} {positions:?}");
        }
        assert!(GlyphPositions::read(b"OTTO").is_none());
        assert!(GlyphPositions::read(&[0xFF; 40]).is_none());
    }
}
