//! TIFF: directories, strips and tiles, fax.

pub(crate) mod ccitt;
pub(crate) mod directory;
pub(crate) mod tiff_file;
pub(crate) mod window;
