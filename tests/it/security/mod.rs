//! Hostile files, servers, names and bytes.

mod endpoints;
mod fuzzing;
mod hostile;
mod proxies;
mod stray_replies;
mod tls_roots;
