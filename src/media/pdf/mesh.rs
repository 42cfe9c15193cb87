//! The data of shadings that are meshes, and whether it is complete. Source: ISO 32000-1, 8.7.4.5.5 to 8.7.4.5.8.

use hayro::hayro_syntax::object::Dict;

/// Bytes that writers append to the data of a stream: the end of a line.
const MAX_APPENDED: usize = 2;

/// The kinds of meshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MeshKind {
    /// Triangles, each vertex with a flag.
    Triangles,
    /// Rows of this many vertices.
    Lattice(usize),
    /// Patches with this many points; four are shared with the patch before.
    Patches(u64),
}

impl MeshKind {
    /// The kind of a shading. `None`: it is not a mesh, or lacks an entry that it needs.
    pub(crate) fn read(shading: &Dict<'_>) -> Option<Self> {
        match shading.get::<u8>("ShadingType")? {
            4 => Some(Self::Triangles),
            5 => shading.get::<usize>("VerticesPerRow").filter(|count| *count >= 2).map(Self::Lattice),
            6 => Some(Self::Patches(12)),
            7 => Some(Self::Patches(16)),
            _ => None,
        }
    }
}

/// The sizes of the numbers in the data of a mesh, in bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeshFormat {
    flag: u64,
    coordinate: u64,
    /// All components of a colour.
    color: u64,
}

impl MeshFormat {
    /// The format of a shading whose colours have this many components. `None`: it is not stated.
    pub(crate) fn read(shading: &Dict<'_>, components: u32) -> Option<Self> {
        let bits = |key: &str| shading.get::<u8>(key).filter(|bits| (1..=32).contains(bits)).map(u64::from);
        let color = bits("BitsPerComponent")? * u64::from(components);
        let has_flags = shading.get::<u8>("ShadingType")? != 5;
        let flag = if has_flags { bits("BitsPerFlag")? } else { 0 };
        Some(Self { flag, coordinate: bits("BitsPerCoordinate")?, color })
    }

    /// The size of a part of a mesh with this many points and colours, in bytes.
    fn size(self, points: u64, colors: u64) -> usize {
        let bits = self.flag + points * 2 * self.coordinate + colors * self.color;
        usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// The flag that a part of a mesh begins with.
    fn read_flag(self, data: &[u8]) -> u8 {
        // Flags are numbers from 0 to 3, in 2, 4 or 8 bits.
        data.first().map_or(0, |first| first >> 8_u64.saturating_sub(self.flag).min(7)) & 3
    }
}

/// Whether the data of a mesh has at least one part, and ends with a whole one.
pub(crate) fn is_whole_mesh(kind: MeshKind, format: MeshFormat, data: &[u8]) -> bool {
    let vertex = format.size(1, 1);
    let mut rest = data;
    let mut parts = 0;
    while rest.len() > MAX_APPENDED.min(vertex - 1) {
        let is_first = format.read_flag(rest) == 0;
        let size = match kind {
            MeshKind::Triangles if is_first => 3 * vertex,
            MeshKind::Triangles => vertex,
            MeshKind::Lattice(count) => count.saturating_mul(vertex),
            MeshKind::Patches(points) if is_first => format.size(points, 4),
            MeshKind::Patches(points) => format.size(points - 4, 2),
        };
        let Some(next) = rest.get(size..) else { return false };
        rest = next;
        parts += 1;
    }
    let least = if matches!(kind, MeshKind::Lattice(_)) { 2 } else { 1 };
    parts >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_mesh() {
        // A flag, two coordinates and a grey value, of a byte each.
        let format = MeshFormat { flag: 8, coordinate: 8, color: 8 };
        let triangle = [0, 1, 1, 9, 0, 5, 1, 9, 0, 1, 5, 9];
        let next = [1, 5, 5, 9];
        for (kind, data, is_whole) in [
            (MeshKind::Triangles, triangle.to_vec(), true),
            (MeshKind::Triangles, [&triangle[..], &next].concat(), true),
            (MeshKind::Triangles, [&triangle[..], &next, b"\r\n"].concat(), true),
            (MeshKind::Triangles, [&triangle[..], &next[..3]].concat(), false),
            (MeshKind::Triangles, triangle[..8].to_vec(), false),
            (MeshKind::Triangles, Vec::new(), false),
            (MeshKind::Patches(12), vec![0; 1 + 24 + 4], true),
            (MeshKind::Patches(12), vec![0; 1 + 24 + 1], false),
            (MeshKind::Patches(12), [vec![0; 29], vec![3], vec![0; 16 + 2]].concat(), true),
            (MeshKind::Patches(12), [vec![0; 29], vec![3], vec![0; 14]].concat(), false),
            (MeshKind::Patches(16), vec![0; 1 + 32 + 4], true),
        ] {
            assert_eq!(is_whole_mesh(kind, format, &data), is_whole, "{kind:?}, {} bytes", data.len());
        }
        let lattice = MeshFormat { flag: 0, ..format };
        for (bytes, is_whole) in [(9, false), (18, true), (20, true), (24, false), (27, true)] {
            assert_eq!(is_whole_mesh(MeshKind::Lattice(3), lattice, &vec![7; bytes]), is_whole, "{bytes} bytes");
        }
    }
}
