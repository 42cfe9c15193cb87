//! The store: durability, runs that die, and maintenance.

mod contract;
mod damage;
mod durability;
pub(crate) mod dying;
mod maintenance;
mod old_stores;
mod read_only;
