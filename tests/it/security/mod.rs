//! Hostile files, servers, names and bytes.

mod certificates;
mod endpoints;
mod fuzzing;
mod hostile;
#[cfg(unix)]
mod other_users;
mod proxies;
mod queries;
mod stray_replies;
mod tls_roots;
