//! The properties of colour spaces that affect the size of image data. Source: ISO 32000-1, 8.6.

use super::functions::is_function;
use hayro::hayro_syntax::object::{Array, MaybeRef, Name, ObjRef, Object};

/// The samples of a pixel; `None`: unknown, or a pattern. `find` finds a space that the page's resources
/// name.
pub(crate) fn count_channels<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> Option<u32> {
    let name = family(space)?;
    let second = || match space {
        Object::Array(array) => array.iter::<Object<'_>>().nth(1),
        _ => None,
    };
    match &*name {
        b"DeviceGray" | b"G" | b"CalGray" | b"Indexed" | b"I" | b"Separation" => Some(1),
        b"DeviceRGB" | b"RGB" | b"CalRGB" | b"Lab" => Some(3),
        b"DeviceCMYK" | b"CMYK" | b"CalCMYK" => Some(4),
        b"ICCBased" => match second()? {
            Object::Stream(profile) => profile.dict().get::<u32>("N").filter(|count| [1, 3, 4].contains(count)),
            _ => None,
        },
        b"DeviceN" => {
            let names: Array<'_> = second()?.into_array()?;
            u32::try_from(names.iter::<Name<'_>>().count()).ok()
        }
        // A name of the resources stands for a space that is not a name of the resources.
        _ => count_channels(&find(&name)?, &|_| None),
    }
}

/// The samples of a pixel in a space of grey or RGB: 1 or 3. `None`: another space.
pub(crate) fn count_plain_channels(space: &Object<'_>) -> Option<u32> {
    let is_plain = matches!(&*family(space)?, b"DeviceGray" | b"CalGray" | b"DeviceRGB" | b"CalRGB" | b"ICCBased");
    count_channels(space, &|_| None).filter(|count| is_plain && [1, 3].contains(count))
}

/// Whether colours of a space are known, with those of the space that it is based on.
pub(crate) fn is_known<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> bool {
    let base = |at: usize| match space {
        Object::Array(array) => array.iter::<Object<'_>>().nth(at),
        _ => None,
    };
    // Colours are computed from those of the space that stands in for it.
    let has_tints = || {
        let channels = base(2).and_then(|base| count_channels(&base, find));
        let tints = channels.zip(count_channels(space, find)).zip(base(3));
        tints.is_some_and(|((channels, tints), function)| is_function(&function, tints, channels))
    };
    match family(space).as_deref() {
        Some(b"Indexed" | b"I") => has_whole_palette(space, find),
        Some(b"Separation" | b"DeviceN") => has_tints(),
        _ => count_channels(space, find).is_some(),
    }
}

/// Whether anything painted in a space has a colour: it is known, or patterns give the colours.
pub(crate) fn has_colors<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> bool {
    family(space).is_some_and(|name| &*name == b"Pattern") || is_known(space, find)
}

/// Whether a space with a palette has fewer colours than it states, although its base is known.
pub(crate) fn has_short_palette<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> bool {
    let Object::Array(array) = space else { return false };
    let base = array.iter::<Object<'_>>().nth(1).and_then(|base| count_channels(&base, find));
    is_indexed(space) && base.is_some() && !has_whole_palette(space, find)
}

/// Whether the palette of a space has every colour: viewers draw nothing, or anything, where colours are
/// missing. Source: ISO 32000-1, 8.6.6.3.
fn has_whole_palette<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> bool {
    let Object::Array(array) = space else { return false };
    let last = array.iter::<Object<'_>>().nth(2).and_then(|last| last.into_number());
    let needed = last.and_then(|last| usize::try_from(last.as_i64().min(255) + 1).ok()).filter(|needed| *needed > 0);
    needed.zip(count_palette(space, find)).is_some_and(|(needed, found)| needed <= found)
}

/// The colours that the palette of a space has, whatever it states.
pub(crate) fn count_palette<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> Option<usize> {
    let Object::Array(array) = space else { return None };
    let mut items = array.iter::<Object<'_>>().skip(1);
    let channels = items.next().and_then(|base| count_channels(&base, find))?;
    let bytes = match items.nth(1)? {
        Object::String(palette) => palette.as_bytes().len(),
        Object::Stream(palette) => palette.decoded_data().ok()?.len(),
        _ => return None,
    };
    bytes.checked_div(channels as usize)
}

/// The palette of a space that is a text in an object of its own, with the object.
pub(crate) fn find_text_palette(space: &Object<'_>) -> Option<(ObjRef, Vec<u8>)> {
    let Object::Array(array) = space else { return None };
    let place = array.raw_iter().nth(3).filter(|_| is_indexed(space))?;
    let (MaybeRef::Ref(id), Object::String(palette)) = (place, array.iter::<Object<'_>>().nth(3)?) else { return None };
    Some((id, palette.as_bytes().to_vec()))
}

/// Whether the palette of a space, or of the one that the page's resources give its name, is a text in an object of its own.
pub(crate) fn has_text_palette<'a>(space: &Object<'a>, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> bool {
    let named = match space {
        Object::Name(name) => find(name),
        _ => None,
    };
    find_text_palette(named.as_ref().unwrap_or(space)).is_some()
}

/// Whether the samples are places in a palette.
pub(crate) fn is_indexed(space: &Object<'_>) -> bool {
    family(space).is_some_and(|name| matches!(&*name, b"Indexed" | b"I"))
}

/// The name of a space, or of the family that an array begins with.
fn family<'a>(space: &Object<'a>) -> Option<Name<'a>> {
    match space {
        Object::Name(name) => Some(name.clone()),
        Object::Array(array) => array.iter::<Object<'_>>().next()?.into_name(),
        _ => None,
    }
}
