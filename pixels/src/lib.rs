//! Decodes JPEG and scales pictures for docmill.
//!
//! What these libraries do is generic code. As a part of docmill it would be compiled with it, for every change of it, and in
//! several codegen units that are not optimized across each other, where it takes up to twice as long (docs/performance.md). As a
//! crate it is compiled once, in one unit.
//!
//! - [`jpeg`]: decodes JPEG; [`scale`]: scales pictures

pub mod jpeg;
pub mod scale;
