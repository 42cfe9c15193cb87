//! `docmill init`: a manifest to start from.

use super::args::Init;
use super::exit::{Failure, STORAGE, WRONG_INPUT};
use super::out::outln;
use crate::base::atomic_file;
use crate::base::hooks::NoHooks;

/// What is written.
const TEMPLATE: &str = include_str!("init.yaml");

pub(crate) fn init(args: &Init) -> Result<u8, Failure> {
    let path = args.dir.join("job.yaml");
    if path.exists() {
        return Err(Failure::new(WRONG_INPUT, format!("{} exists already", path.display()))
            .with_hint("name another folder: docmill init DIR"));
    }
    atomic_file::write(&path, TEMPLATE.as_bytes(), &NoHooks)
        .map_err(|error| Failure::new(STORAGE, format!("can't write {}: {error}", path.display())))?;
    outln!("{}", path.display());
    Ok(0)
}
