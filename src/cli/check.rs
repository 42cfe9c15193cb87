//! `docmill check`: checks the manifest and its inputs.

use super::args::JobArgs;
use super::exit::Failure;
use super::load;
use super::out::outln;
use crate::base::units::grouped;

pub(crate) fn check(args: &JobArgs) -> Result<u8, Failure> {
    let session = load::open_with_input(args)?;
    let check = session.check()?;
    let job = session.job();
    outln!("{}: ok", job.name());
    outln!("  input     {} files, {} bytes in {}", grouped(check.files), grouped(check.bytes), check.input);
    if check.missing > 0 {
        outln!("  missing   {} files of the list", grouped(check.missing));
    }
    outln!("  provider  {}, {}", check.provider, job.model());
    outln!("  tasks     {}", check.tasks.join(", "));
    outln!("  store     {}", job.store().display());
    for note in check.notes {
        outln!("  note: {note}");
    }
    Ok(0)
}
