//! TLS to a server or to a proxy. The roots are loaded for the first connection that needs
//! them: a run without such a connection works on a system that has none.

use super::body_text::body_text;
use super::server_verifier::ServerVerifier;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The trusted certificates, and how to speak TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    /// Trusted in addition to the system's.
    named: Vec<CertificateDer<'static>>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    /// `named`: PEM certificates that are trusted in addition to the system's, of authorities or of the server itself.
    ///
    /// # Errors
    /// When they are not valid.
    pub(crate) fn new(named: Option<&[u8]>) -> Result<Self, String> {
        let Some(pem) = named else { return Ok(Self { named: Vec::new(), config: OnceLock::new() }) };
        let named = read_certificates(pem)?;
        if named.is_empty() {
            return Err("no PEM certificate found".into());
        }
        let mut roots = rustls::RootCertStore::empty();
        for certificate in &named {
            roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        }
        Ok(Self { named, config: OnceLock::new() })
    }

    /// The configuration, with the system's roots.
    ///
    /// # Errors
    /// When no root is found.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        self.config.get_or_init(|| self.load()).clone()
    }

    fn load(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = ServerVerifier::new(self.named.clone(), provider.clone()).map_err(|error| match error {
            rustls::Error::General(reason) => reason,
            error => error.to_string(),
        })?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec!["http/1.1".into()];
        Ok(Arc::new(config))
    }
}

/// Reads PEM certificates. Editors put a byte order mark before them, PowerShell writes UTF-16, and OpenSSL has more
/// labels than one.
fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = body_text(pem.to_vec(), None);
    let text = ["TRUSTED CERTIFICATE-----", "X509 CERTIFICATE-----"].iter().fold(text, |text, label| {
        text.replace(&format!("-----BEGIN {label}"), "-----BEGIN CERTIFICATE-----")
            .replace(&format!("-----END {label}"), "-----END CERTIFICATE-----")
    });
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).map(|found| found.map(without_settings));
    found.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// A certificate without what OpenSSL appends to a trusted one: what it is trusted for.
fn without_settings(certificate: CertificateDer<'static>) -> CertificateDer<'static> {
    let whole = certificate.as_ref();
    // The length of DER's outer sequence.
    let length = match *whole {
        [0x30, short @ 0..=0x7f, ..] => 2 + usize::from(short),
        [0x30, 0x81, a, ..] => 3 + usize::from(a),
        [0x30, 0x82, a, b, ..] => 4 + usize::from(u16::from_be_bytes([a, b])),
        _ => whole.len(),
    };
    match whole.get(..length) {
        Some(first) if length < whole.len() => first.to_vec().into(),
        _ => certificate,
    }
}

/// Encrypts a connection to `host`.
///
/// # Errors
/// When the server is not trusted, or does not speak TLS.
pub(crate) async fn encrypt<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    stream: S,
    host: &str,
) -> io::Result<TlsStream<S>> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}
