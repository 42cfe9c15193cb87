//! PDF: pages, drawn or taken out as the scan that they hold.

pub(crate) mod pages;
pub(crate) mod scan;
