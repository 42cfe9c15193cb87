//! Patterns and shadings that a page paints with. Renderers leave out what they can't paint with one that is
//! missing or damaged. Source: ISO 32000-1, 8.7.

use super::color_space::is_known;
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
    let has_data = match dict.get::<u8>("ShadingType") {
        Some(1..=3) => dict.contains_key("Function"),
        Some(4..=7) => stream.is_some(),
        _ => false,
    };
    let space = dict.get::<Object<'_>>("ColorSpace");
    has_data && space.is_some_and(|space| is_known(&space, &|name| resources.get_color_space(name)))
}

fn has_tiles(pattern: &Dict<'_>) -> bool {
    let steps = [pattern.get::<f64>("XStep"), pattern.get::<f64>("YStep")];
    let has_area = pattern.get::<Rect>("BBox").is_some_and(|cell| cell.width() > 0.0 && cell.height() > 0.0);
    has_area
        && steps.iter().all(|step| step.is_some_and(|step| step.abs() > MIN_STEP))
        && pattern.contains_key("PaintType")
}
