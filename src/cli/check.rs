//! `docmill check`: checks the manifest and its inputs.

use super::args::JobArgs;
use super::exit::Failure;
use super::load;
use super::out::outln;
use crate::base::units::counted;

pub(crate) fn check(args: &JobArgs) -> Result<u8, Failure> {
    let session = load::open_with_input(args)?;
    let check = session.check()?;
    let job = session.job();
    outln!("{}: ok", job.name());
    outln!("  input     {}, {} in {}", counted(check.files, "file"), counted(check.bytes, "byte"), check.input);
    if check.missing > 0 {
        outln!("  missing   {} of the list", counted(check.missing, "file"));
    }
    outln!("  provider  {}, {}", check.provider, job.model());
    outln!("  tasks     {}", check.tasks.join(", "));
    outln!("  store     {}", job.store().display());
    for note in check.notes {
        outln!("  note: {note}");
    }
    Ok(0)
}
