//! Rate limits of the provider.

mod learned;
