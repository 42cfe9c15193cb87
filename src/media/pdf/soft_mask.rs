//! Masks of painted content that the renderer applies. Source: ISO 32000-1, 11.6.5.2.

use super::color_space::is_known;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};

/// Whether a mask shows light parts. Renderers ignore masks that are neither that nor of opacity.
pub(crate) fn is_luminosity(mask: &Dict<'_>) -> bool {
    mask.get::<Name<'_>>("S").is_some_and(|kind| &*kind == b"Luminosity")
}

/// Whether a form states the colours of its group.
pub(crate) fn has_usable_group(form: &Stream<'_>) -> bool {
    let space = form.dict().get::<Dict<'_>>("Group").and_then(|group| group.get::<Object<'_>>("CS"));
    space.is_some_and(|space| is_known(&space, &|_| None))
}

/// The colour space of what a mask is painted over.
pub(crate) fn space_of_backdrop(mask: &Dict<'_>) -> &'static str {
    match mask.get::<Array<'_>>("BC").map(|color| color.iter::<f64>().count()) {
        Some(3) => "DeviceRGB",
        Some(4) => "DeviceCMYK",
        _ => "DeviceGray",
    }
}

/// Whether the renderer ignores a mask that viewers apply.
pub(crate) fn is_lost_mask(mask: &Dict<'_>) -> bool {
    let Some(group) = mask.get::<Stream<'_>>("G") else { return false };
    match mask.get::<Name<'_>>("S").as_deref() {
        Some(b"Alpha") => false,
        Some(b"Luminosity") => !has_usable_group(&group),
        _ => true,
    }
}
