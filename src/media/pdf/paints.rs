//! Patterns and shadings that a page paints with. Renderers leave out what they can't paint with one that is
//! missing or damaged. Source: ISO 32000-1, 8.7.

use super::color_space::{count_channels, is_known};
use super::functions::are_functions;
use super::mesh::{MeshFormat, MeshKind, is_whole_mesh};
use super::stream_end::StreamEnd;
use hayro::hayro_syntax::object::{Dict, Name, Object, Rect, Stream, dict_or_stream};
use hayro::hayro_syntax::page::Resources;

/// Smallest step between tiles, in units of the pattern.
const MIN_STEP: f64 = 1e-6;

/// What painting with the pattern `name` draws.
pub(crate) enum PatternPaint<'a> {
    /// Tiles, whose content this is.
    Tiles(Stream<'a>),
    /// A shading.
    Shading,
    /// Nothing, because the pattern is missing or damaged.
    Nothing,
}

impl<'a> PatternPaint<'a> {
    /// Finds a pattern of a page.
    pub(crate) fn find(name: &Name<'_>, resources: &Resources<'a>) -> Self {
        match resources.get_pattern(name) {
            Some(Object::Dict(pattern)) => match pattern.get::<Object<'_>>("Shading") {
                Some(shading) if is_shading(&shading, resources) => Self::Shading,
                _ => Self::Nothing,
            },
            Some(Object::Stream(pattern)) if has_tiles(pattern.dict()) => Self::Tiles(pattern),
            _ => Self::Nothing,
        }
    }
}

/// Whether the shading `name` of a page can be drawn.
pub(crate) fn has_shading(name: &Name<'_>, resources: &Resources<'_>) -> bool {
    resources.get_shading(name).is_some_and(|shading| is_shading(&shading, resources))
}

fn is_shading<'a>(shading: &Object<'a>, resources: &Resources<'a>) -> bool {
    let Some((dict, stream)) = dict_or_stream(shading) else { return false };
    let find = |name: &Name<'_>| resources.get_color_space(name);
    let space = dict.get::<Object<'_>>("ColorSpace").filter(|space| is_known(space, &find));
    let Some(channels) = space.and_then(|space| count_channels(&space, &find)) else { return false };
    let functions = dict.get::<Object<'_>>("Function");
    let computes = |inputs| functions.as_ref().is_some_and(|functions| are_functions(functions, inputs, channels));
    match dict.get::<u8>("ShadingType") {
        Some(1) => computes(2),
        Some(2) => computes(1) && dict.get::<[f32; 4]>("Coords").is_some(),
        Some(3) => computes(1) && dict.get::<[f32; 6]>("Coords").is_some(),
        Some(4..=7) => {
            let is_computed = functions.is_some();
            let format = MeshFormat::read(dict, if is_computed { 1 } else { channels });
            let data = stream.filter(|stream| StreamEnd::of_data(stream) != StreamEnd::Damaged);
            let data = data.and_then(|stream| stream.decoded_data().ok());
            let mesh = MeshKind::read(dict).zip(format).zip(data);
            (!is_computed || computes(1))
                && mesh.is_some_and(|((kind, format), data)| is_whole_mesh(kind, format, &data))
        }
        _ => false,
    }
}

fn has_tiles(pattern: &Dict<'_>) -> bool {
    let steps = [pattern.get::<f64>("XStep"), pattern.get::<f64>("YStep")];
    let has_area = pattern.get::<Rect>("BBox").is_some_and(|cell| cell.width() > 0.0 && cell.height() > 0.0);
    has_area
        && steps.iter().all(|step| step.is_some_and(|step| step.abs() > MIN_STEP))
        && pattern.contains_key("PaintType")
}
