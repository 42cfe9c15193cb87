//! Rate limits of the provider.

mod learned;
mod open_files;
mod stated;
