//! `docmill prepare`: what would be sent, to look at.

use super::args::{DetailName, Prepare, RendererName, SizeName};
use super::exit::{Failure, INTERNAL, STORAGE, WRONG_INPUT};
use super::load;
use super::out::outln;
use crate::base::atomic_file;
use crate::base::file_identity::FileIdentity;
use crate::base::hooks::NoHooks;
use crate::base::units::grouped;
use crate::catalog::{Detail, image_rule};
use crate::manifest::{Image, PdfRenderer, ProtectedFiles, Size};
use crate::media::MediaFault;
use crate::prepare::{Decoder, DecoderError, Prepared};
use crate::session::Job;
use crate::session::environment::{self, Environment};
use crate::session::overwriting::image_collision;
use crate::session::renderer::check_renderer;
use crate::source::{Entry, SourceReader, path_bytes};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) fn prepare(args: &Prepare) -> Result<u8, Failure> {
    let job = args.job.as_ref().map(|job| load::load(job, &args.vars, None)).transpose()?;
    let image = image(args, job.as_ref())?;
    let protected = job.as_ref().map(|job| ProtectedFiles::of_job(&job.manifest));
    let sources: Vec<FileIdentity> = args.files.iter().map(|file| FileIdentity::of_path(file)).collect();
    let environment = Environment::of_process();
    check_renderer(image.pdf_renderer, &environment)?;
    let mut decoder = Decoder::new(environment.decoder().clone());
    let mut names = HashMap::new();
    let mut all_ok = true;
    for file in &args.files {
        let pages = match opened(&mut decoder, file)? {
            Ok(pages) => pages,
            Err(reason) => {
                outln!("{}  failed: {reason}", file.display());
                all_ok = false;
                continue;
            }
        };
        for page in 1..=pages {
            let name = format!("{}{}", file.display(), if pages > 1 { format!(" page {page}") } else { String::new() });
            match decoder.prepare(page, &image, false).map_err(crashed)? {
                Ok(prepared) => {
                    let target = target(args, file, (page, pages), &prepared, &mut names);
                    check_target(&target, &sources, job.as_ref().zip(protected.as_ref()))?;
                    atomic_file::write(&target, &prepared.bytes, &NoHooks)
                        .map_err(|error| Failure::new(STORAGE, format!("can't write {}: {error}", target.display())))?;
                    outln!("{name}  {}  {}", described(&prepared, &image), target.display());
                }
                Err(fault) => {
                    outln!("{name}  failed: {fault}");
                    all_ok = false;
                }
            }
        }
    }
    Ok(if all_ok { 0 } else { 3 })
}

/// Checks that an image does not replace a file to prepare, or another file beside these, which may be a page, and of
/// nothing that the job needs.
fn check_target(target: &Path, sources: &[FileIdentity], job: Option<(&Job, &ProtectedFiles)>) -> Result<(), Failure> {
    let refused = |message: String| Err(Failure::new(WRONG_INPUT, message).with_hint("give --out another folder"));
    let file = FileIdentity::of_path(target);
    if sources.iter().any(|source| source.is_same(&file)) {
        return refused(format!("{} is one of the files to prepare", target.display()));
    }
    let is_beside = sources.iter().any(|source| source.path().parent() == file.path().parent());
    if is_beside && target.exists() {
        return refused(format!("{} exists beside the files to prepare", target.display()));
    }
    match job.and_then(|(job, files)| image_collision(&job.manifest, files, target)) {
        Some(what) => refused(format!("{} would overwrite {what}", target.display())),
        None => Ok(()),
    }
}

/// The decoder process, which a run starts.
pub(crate) fn decode() -> Result<u8, Failure> {
    match environment::decode() {
        Ok(()) => Ok(0),
        Err(error) => Err(Failure::new(INTERNAL, format!("the decoder failed: {error}"))),
    }
}

fn image(args: &Prepare, job: Option<&Job>) -> Result<Image, Failure> {
    if let Some(job) = job {
        return Ok(job.manifest.image);
    }
    if args.min_side.is_some() && args.size != SizeName::Economy {
        return Err(Failure::new(WRONG_INPUT, "--min-side requires --size economy").with_hint("add --size economy"));
    }
    let size = match args.size {
        SizeName::Full => Size::Full,
        SizeName::Standard => Size::Standard,
        SizeName::Economy => Size::Economy,
        SizeName::Original => Size::Original,
    };
    let detail = match args.detail {
        DetailName::Low => Detail::Low,
        DetailName::High => Detail::High,
    };
    let pdf_renderer = match args.pdf_renderer {
        RendererName::Auto => PdfRenderer::Auto,
        RendererName::Builtin => PdfRenderer::Builtin,
        RendererName::Pdftoppm => PdfRenderer::Pdftoppm,
    };
    let image = Image { min_side: args.min_side, pdf_renderer, ..Image::with_rule(image_rule(&args.model, None)) };
    Ok(image.with_detail_and_size(detail, size))
}

fn opened(decoder: &mut Decoder, file: &Path) -> Result<Result<u32, String>, Failure> {
    let entry = Entry { path: path_bytes(file), ..Entry::default() };
    let bytes = match SourceReader::files_only(Path::new("")).read(&entry) {
        Ok(bytes) => bytes,
        Err(fault) => return Ok(Err(fault.message)),
    };
    let opened = decoder.open(&bytes).map_err(crashed)?;
    let described = |fault: MediaFault| format!("{}: {}", fault.kind.name(), fault.message);
    Ok(opened.map(|layout| layout.count).map_err(described))
}

fn crashed(error: DecoderError) -> Failure {
    Failure::new(INTERNAL, error)
}

/// For example `scan-3.jpg`; a number is added if two files have the same name.
fn target(
    args: &Prepare,
    file: &Path,
    (page, pages): (u32, u32),
    prepared: &Prepared,
    names: &mut HashMap<String, u32>,
) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let ending = prepared.mime.rsplit('/').next().unwrap_or("jpeg").replace("jpeg", "jpg");
    let stem = if pages > 1 { format!("{stem}-{page}") } else { stem.into_owned() };
    let taken = names.entry(format!("{stem}.{ending}")).or_insert(0);
    *taken += 1;
    let stem = if *taken > 1 { format!("{stem}_{taken}") } else { stem };
    args.out.join(format!("{stem}.{ending}"))
}

fn described(prepared: &Prepared, image: &Image) -> String {
    let Prepared { bytes, width, height, .. } = prepared;
    let tokens = image.rule.tokens(*width, *height, image.detail);
    let tokens = tokens.map_or("tokens unknown".to_owned(), |tokens| format!("{} tokens", grouped(tokens)));
    let renderer = prepared.renderer.as_ref().map_or(String::new(), |renderer| format!(", {renderer}"));
    format!("{width} x {height}, {} bytes, {tokens}{renderer}", grouped(bytes.len() as u64))
}
