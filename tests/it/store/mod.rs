//! The store: durability, runs that die, locks, and maintenance.

mod contract;
mod damage;
mod durability;
pub(crate) mod dying;
mod locks;
mod maintenance;
mod old_stores;
mod read_only;
