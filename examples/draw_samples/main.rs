//! Generates `sample_data/`: pages of eight visually different kinds, in several formats,
//! and the expected labels in `labels.csv`.
//!
//! Run it with `cargo run --release --example draw_samples`. The same seed gives the same bytes.

mod canvas;
mod font;
mod kinds;

use canvas::Canvas;
use docmill::internal::base::random::Random;
use image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::{ColorType, Encoder};
use kinds::Kind;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

/// Format and colour of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Jpeg,
    GreyJpeg,
    /// Rotated by 90 degrees, with an EXIF orientation tag.
    TurnedJpeg,
    Png,
    GreyPng,
    Tiff,
}

/// Pages of each kind: (path, form).
const PAGES: &[(Kind, &[(&str, Form)])] = &[
    (
        Kind::Invoice,
        &[
            ("mail/invoice-001.jpg", Form::Jpeg),
            ("mail/invoice-002.jpg", Form::GreyJpeg),
            ("mail/invoice-003.png", Form::GreyPng),
            ("mail/invoice-004.tif", Form::Tiff),
            ("mail/Rechnung Müller.jpg", Form::Jpeg),
            ("mail/invoice-006.jpg", Form::TurnedJpeg),
            ("archive/2024/invoice-007.jpg", Form::GreyJpeg),
            ("archive/2025/invoice-008.JPG", Form::Jpeg),
        ],
    ),
    (
        Kind::Letter,
        &[
            ("mail/letter-001.jpg", Form::GreyJpeg),
            ("mail/letter-002.jpg", Form::Jpeg),
            ("mail/letter-003.png", Form::GreyPng),
            ("mail/letter-004.tiff", Form::Tiff),
            ("mail/Brief an Zoë.jpg", Form::GreyJpeg),
            ("archive/2024/letter-006.jpg", Form::GreyJpeg),
            ("archive/2025/letter-007.jpg", Form::Jpeg),
        ],
    ),
    (
        Kind::Form,
        &[
            ("forms/form-001.jpg", Form::GreyJpeg),
            ("forms/form-002.jpg", Form::Jpeg),
            ("forms/form-003.png", Form::GreyPng),
            ("forms/form-004.tif", Form::Tiff),
            ("forms/formulaire d’été.jpg", Form::Jpeg),
            ("forms/form-006.jpg", Form::GreyJpeg),
            ("archive/2024/form-007.jpg", Form::GreyJpeg),
        ],
    ),
    (
        Kind::Receipt,
        &[
            ("receipts/receipt-001.jpg", Form::GreyJpeg),
            ("receipts/receipt-002.jpg", Form::Jpeg),
            ("receipts/receipt-003.png", Form::GreyPng),
            ("receipts/receipt-004.jpg", Form::GreyJpeg),
            ("receipts/receipt 005 (copy).jpg", Form::Jpeg),
            ("receipts/receipt-006.tif", Form::Tiff),
            ("archive/2025/receipt-007.jpg", Form::GreyJpeg),
        ],
    ),
    (
        Kind::Photo,
        &[
            ("photos/photo-001.jpg", Form::Jpeg),
            ("photos/photo-002.jpg", Form::Jpeg),
            ("photos/photo-003.jpg", Form::GreyJpeg),
            ("photos/photo-004.jpg", Form::Jpeg),
            ("photos/写真 005.jpg", Form::Jpeg),
            ("archive/2024/photo-006.jpg", Form::Jpeg),
        ],
    ),
    (
        Kind::Screenshot,
        &[
            ("screens/screenshot-001.png", Form::Png),
            ("screens/screenshot-002.png", Form::Png),
            ("screens/screenshot-003.jpg", Form::Jpeg),
            ("screens/screenshot-004.png", Form::Png),
            ("screens/Bildschirm 5.png", Form::Png),
            ("screens/screenshot-006.jpg", Form::Jpeg),
        ],
    ),
    (
        Kind::Note,
        &[
            ("notes/note-001.jpg", Form::Jpeg),
            ("notes/note-002.jpg", Form::Jpeg),
            ("notes/note-003.png", Form::Png),
            ("notes/note-004.jpg", Form::Jpeg),
            ("notes/mémo 5.jpg", Form::Jpeg),
            ("notes/note-006.jpg", Form::Jpeg),
        ],
    ),
    (
        Kind::Blank,
        &[
            ("mail/blank-001.jpg", Form::GreyJpeg),
            ("mail/blank-002.jpg", Form::Jpeg),
            ("archive/2024/blank-003.png", Form::GreyPng),
            ("archive/2025/blank-004.tif", Form::Tiff),
        ],
    ),
];

/// Expected labels of a page: one line of `labels.csv`.
struct Truth {
    path: String,
    kind: Kind,
    is_colour: bool,
    is_landscape: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data");
    let pages = root.join("pages");
    if pages.exists() {
        std::fs::remove_dir_all(&pages)?;
    }
    let mut truth: Vec<Truth> = Vec::new();
    let mut seed = 1;
    for (kind, files) in PAGES {
        for (name, form) in *files {
            let mut canvas = kinds::draw(*kind, &Random::new(seed));
            seed += 1;
            let is_grey = matches!(form, Form::GreyJpeg | Form::GreyPng | Form::Tiff);
            if is_grey {
                canvas.drain_colour();
            }
            // Scanners and cameras produce grain. Lossless files get none, because it would make them large.
            if !matches!(form, Form::Png | Form::GreyPng | Form::Tiff) {
                canvas.grain(kind.grain(), &Random::new(seed));
            }
            let bytes = encode(&canvas, *form)?;
            write(&pages.join(name), &bytes)?;
            let is_landscape = canvas.width() > canvas.height();
            truth.push(Truth { path: (*name).to_owned(), kind: *kind, is_colour: !is_grey, is_landscape });
        }
    }
    // An exact duplicate under another name, a damaged file, and a file that is not a page.
    let original = std::fs::read(pages.join("mail/invoice-001.jpg"))?;
    write(&pages.join("archive/2025/same as invoice-001.jpg"), &original)?;
    let path = "archive/2025/same as invoice-001.jpg".to_owned();
    truth.push(Truth { path, kind: Kind::Invoice, is_colour: true, is_landscape: false });
    write(&pages.join("mail/damaged.jpg"), &original[..original.len() * 2 / 3])?;
    write(&pages.join("README.txt"), b"This text file is not a page: its extension is not selected.\n")?;

    truth.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    let mut csv = String::from("path,page,kind,features,landscape\r\n");
    for Truth { path, kind, is_colour, is_landscape } in truth {
        let features: Vec<String> = kind.features(is_colour).iter().map(|name| format!("\"\"{name}\"\"")).collect();
        writeln!(csv, "{path},1,{},\"[{}]\",{is_landscape}\r", kind.name(), features.join(","))?;
    }
    write(&root.join("labels.csv"), csv.as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "an interrupted generator can be run again")]
fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, bytes)?)
}

fn encode(canvas: &Canvas, form: Form) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    let (width, height) = (u16::try_from(canvas.width())?, u16::try_from(canvas.height())?);
    match form {
        Form::Jpeg => Encoder::new(&mut out, 78).encode(canvas.rgb(), width, height, ColorType::Rgb)?,
        Form::GreyJpeg => Encoder::new(&mut out, 78).encode(&canvas.grey(), width, height, ColorType::Luma)?,
        Form::TurnedJpeg => {
            let turned = canvas.turned_left();
            let mut encoder = Encoder::new(&mut out, 78);
            encoder.add_exif_metadata(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")?;
            encoder.encode(turned.rgb(), height, width, ColorType::Rgb)?;
        }
        Form::Png => png(&mut out, canvas.rgb(), canvas, ExtendedColorType::Rgb8)?,
        Form::GreyPng => png(&mut out, &canvas.grey(), canvas, ExtendedColorType::L8)?,
        Form::Tiff => {
            let mut cursor = std::io::Cursor::new(&mut out);
            let mut encoder = tiff::encoder::TiffEncoder::new(&mut cursor)?
                .with_compression(tiff::encoder::Compression::Deflate(tiff::encoder::DeflateLevel::Best));
            encoder.write_image::<tiff::encoder::colortype::Gray8>(canvas.width(), canvas.height(), &canvas.grey())?;
        }
    }
    Ok(out)
}

fn png(out: &mut Vec<u8>, data: &[u8], canvas: &Canvas, color: ExtendedColorType) -> Result<(), Box<dyn Error>> {
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let encoder = PngEncoder::new_with_quality(out, CompressionType::Best, FilterType::Adaptive);
    Ok(encoder.write_image(data, canvas.width(), canvas.height(), color)?)
}
