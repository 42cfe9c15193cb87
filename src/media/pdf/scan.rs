//! A PDF page that is one scanned image: then the image is taken and nothing is drawn.
//!
//! Scanners write the image over the whole page; text recognition adds invisible text.
//! Anything else on the page, or an image that is masked, stretched or does not cover the
//! page, makes it a page to draw. Source: ISO 32000-1, 8.4 (graphics state), 8.9 (images),
//! 9.3.6 (text rendering mode 3: invisible).

use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::jpeg;
use crate::media::pixels::Pixels;
use crate::media::tiff::ccitt::Fax;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::{Page, Rotation};
use hayro_ccitt::EncodingMode;
use image::metadata::Orientation;

/// The image that a page consists of.
pub(crate) struct Scan<'a> {
    stream: Stream<'a>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What turns the image upright.
    pub(crate) orientation: Orientation,
}

/// Longest content stream that is looked through, in bytes: a scan's is short, but for
/// its invisible text.
const MOST_CONTENT: usize = 4 << 20;
/// How far the image may miss the page's edges, or its proportions, as a share.
const SLACK: f64 = 0.03;

impl<'a> Scan<'a> {
    /// The scan that `page` is; `None` for any other page.
    pub(crate) fn of(page: &Page<'a>) -> Option<Self> {
        // Stamps and signatures are put over a scan as annotations.
        if page.raw().get::<Array<'_>>("Annots").is_some_and(|notes| notes.raw_iter().next().is_some()) {
            return None;
        }
        let content = page.page_stream().filter(|content| content.len() <= MOST_CONTENT)?;
        let (name, matrix) = only_image(content, page)?;
        let stream = page.resources().get_x_object(&name)?;
        let dict = stream.dict();
        let is_plain = dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Image")
            && !dict.contains_key("SMask")
            && !dict.contains_key("Mask")
            && !dict.contains_key("OC")
            && dict.get::<bool>("ImageMask") != Some(true);
        let side = |key: &str| dict.get::<u32>(key).filter(|side| (1..=65_000).contains(side));
        let (width, height) = (side("Width")?, side("Height")?);
        if !is_plain || !covers(page, matrix) || !is_in_proportion(matrix, width, height) {
            return None;
        }
        let orientation = match page.rotation() {
            Rotation::None => Orientation::NoTransforms,
            Rotation::Horizontal => Orientation::Rotate90,
            Rotation::Flipped => Orientation::Rotate180,
            Rotation::FlippedHorizontal => Orientation::Rotate270,
        };
        let scan = Self { stream, width, height, orientation };
        scan.is_readable().then_some(scan)
    }

    /// Whether the image is of a kind that is decoded here.
    fn is_readable(&self) -> bool {
        match self.stream.filters().as_slice() {
            [Filter::DctDecode] => self.channels().is_some() && self.is_decoded_plainly(),
            [Filter::CcittFaxDecode] => self.bit_is_white().is_some(),
            _ => false,
        }
    }

    /// Channels of a plain colour space: 1 or 3.
    fn channels(&self) -> Option<u32> {
        let dict = self.stream.dict();
        if let Some(name) = dict.get::<Name<'_>>("ColorSpace") {
            return match &*name {
                b"DeviceGray" | b"CalGray" => Some(1),
                b"DeviceRGB" | b"CalRGB" => Some(3),
                _ => None,
            };
        }
        let array = dict.get::<Array<'_>>("ColorSpace")?;
        let mut items = array.iter::<Object<'_>>();
        let kind = match items.next()? {
            Object::Name(name) => name,
            _ => return None,
        };
        match (&*kind, items.next()) {
            (b"ICCBased", Some(Object::Stream(profile))) => {
                profile.dict().get::<u32>("N").filter(|count| [1, 3].contains(count))
            }
            (b"CalGray", _) => Some(1),
            (b"CalRGB", _) => Some(3),
            _ => None,
        }
    }

    fn is_decoded_plainly(&self) -> bool {
        let dict = self.stream.dict();
        !dict.contains_key("Decode") && !dict.contains_key("D")
    }

    /// For one bit a pixel: whether the bit 1 shows white; `None` for other images.
    fn bit_is_white(&self) -> Option<bool> {
        let dict = self.stream.dict();
        if self.channels() != Some(1) {
            return None;
        }
        match dict.get::<Array<'_>>("Decode") {
            None => Some(true),
            Some(decode) => decode.iter::<f32>().next().map(|first| first < 0.5),
        }
    }

    /// The image at `target` or larger; `None` when it can't be read here.
    pub(crate) fn decode(&self, target: (u32, u32)) -> Result<Option<Pixels>, MediaFault> {
        match self.stream.filters().as_slice() {
            [Filter::DctDecode] => {
                let data = self.stream.raw_data();
                match jpeg::header(&data) {
                    Err(fault) if fault.kind == MediaFaultKind::CutShort => Err(fault),
                    Err(_) => Ok(None),
                    Ok(_) => Ok(jpeg::decode(&data, target)),
                }
            }
            [Filter::CcittFaxDecode] => self.fax(target),
            _ => Ok(None),
        }
    }

    fn fax(&self, target: (u32, u32)) -> Result<Option<Pixels>, MediaFault> {
        let dict = self.stream.dict();
        let parameters = dict
            .get::<Dict<'_>>("DecodeParms")
            .or_else(|| dict.get::<Array<'_>>("DecodeParms").and_then(|all| all.iter::<Dict<'_>>().next()))
            .unwrap_or_default();
        let flag = |key: &str| parameters.get::<bool>(key).unwrap_or(false);
        let columns = parameters.get::<u32>("Columns").unwrap_or(1728);
        let (true, Some(bit_is_white)) = (columns == self.width, self.bit_is_white()) else { return Ok(None) };
        let encoding = match parameters.get::<i32>("K").unwrap_or(0) {
            0 => EncodingMode::Group3_1D,
            1.. => EncodingMode::Group3_2D,
            _ => EncodingMode::Group4,
        };
        let mut settings = Fax::settings(encoding, columns);
        settings.rows_are_byte_aligned = flag("EncodedByteAlign");
        settings.end_of_line = flag("EndOfLine");
        settings.end_of_block = parameters.get::<bool>("EndOfBlock").unwrap_or(true);
        // Runs that the code calls black become the bit 0, unless the file says 1.
        let black_is_white = flag("BlackIs1") == bit_is_white;
        let data = self.stream.raw_data();
        let strips = vec![(&*data, self.height)];
        Fax { settings, strips, is_inverted: black_is_white, height: self.height }.decode(target).map(Some)
    }
}

type Matrix = [f64; 6];

fn times(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// The name and the place of the one image that the content paints, when it paints
/// nothing else.
fn only_image<'a>(content: &'a [u8], page: &Page<'_>) -> Option<(Name<'a>, Matrix)> {
    let mut operations = UntypedIter::new(content);
    let (mut matrix, mut saved) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new());
    let (mut image, mut text_mode) = (None, 0.0);
    let mut clip = None;
    while let Some(operation) = operations.next() {
        let numbers: Vec<f64> = operation
            .operands()
            .filter_map(|operand| match operand {
                Object::Number(number) => Some(number.as_f64()),
                _ => None,
            })
            .collect();
        let operator: &[u8] = operation.operator;
        match operator {
            b"q" => saved.push((matrix, text_mode)),
            b"Q" => (matrix, text_mode) = saved.pop()?,
            b"cm" => matrix = times(numbers.try_into().ok()?, matrix),
            b"Tr" => text_mode = *numbers.first()?,
            b"Tj" | b"TJ" | b"'" | b"\"" if text_mode != 3.0 => return None,
            b"re" => {
                let [x, y, width, height] = numbers.try_into().ok()?;
                clip = Some(times([width, 0.0, 0.0, height, x, y], matrix));
            }
            // A clip that leaves the page whole is no clip.
            b"W" | b"W*" => covers(page, clip?).then_some(())?,
            // Layers may be hidden.
            b"BDC" if matches!(operation.operands().next(), Some(Object::Name(name)) if &**name == b"OC") => {
                return None;
            }
            b"Do" => {
                let Some(Object::Name(name)) = operation.operands().next() else { return None };
                if image.replace((name.clone(), matrix)).is_some() {
                    return None;
                }
            }
            b"n" | b"Tj" | b"TJ" | b"'" | b"\"" | b"BT" | b"ET" | b"Tf" | b"Td" | b"TD" | b"Tm" | b"T*" | b"Tc"
            | b"Tw" | b"Tz" | b"TL" | b"Ts" | b"BMC" | b"BDC" | b"EMC" | b"MP" | b"DP" | b"w" | b"J" | b"j" | b"M"
            | b"d" | b"i" | b"ri" | b"g" | b"G" | b"rg" | b"RG" | b"k" | b"K" | b"cs" | b"CS" | b"sc" | b"SC"
            | b"scn" | b"SCN" => {}
            _ => return None,
        }
    }
    image
}

/// Whether the unit square under `matrix` stands upright and covers the page.
fn covers(page: &Page<'_>, [a, b, c, d, e, f]: Matrix) -> bool {
    let page = page.intersected_crop_box();
    let (across, down) = (page.width() * SLACK, page.height() * SLACK);
    (b.abs() < 1e-3 * a.abs() && c.abs() < 1e-3 * d.abs() && a > 0.0 && d > 0.0)
        && (e <= page.x0 + across && f <= page.y0 + down)
        && (e + a >= page.x1 - across && f + d >= page.y1 - down)
        // Much of the image may hang over the page's edge: then it is cropped.
        && (a <= page.width() * (1.0 + 2.0 * SLACK) && d <= page.height() * (1.0 + 2.0 * SLACK))
}

/// Whether the image's pixels come out square.
fn is_in_proportion([a, _, _, d, _, _]: Matrix, width: u32, height: u32) -> bool {
    let ratio = (a / f64::from(width)) / (d / f64::from(height));
    (1.0 - SLACK..=1.0 + SLACK).contains(&ratio)
}
