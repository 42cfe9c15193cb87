//! The certificates of authorities that the system trusts.

/// What helps when there are none.
pub(crate) const NO_ROOTS_HINT: &str = "install the system's certificates (the package ca-certificates), or name a file of PEM certificates in SSL_CERT_FILE";
