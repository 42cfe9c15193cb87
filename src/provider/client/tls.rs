//! TLS to a server or to a proxy. The roots are loaded for the first connection that needs
//! them: a run without such a connection works on a system that has none.

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The trusted authorities, and how to speak TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    /// Trusted beside the system's.
    authorities: Vec<CertificateDer<'static>>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    /// `authorities`: PEM certificates that are trusted beside the system's.
    ///
    /// # Errors
    /// When they are not valid.
    pub(crate) fn new(authorities: Option<&[u8]>) -> Result<Self, String> {
        let Some(pem) = authorities else { return Ok(Self { authorities: Vec::new(), config: OnceLock::new() }) };
        let authorities: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        if authorities.is_empty() {
            return Err("no PEM certificate found".into());
        }
        let mut roots = rustls::RootCertStore::empty();
        for certificate in &authorities {
            roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        }
        Ok(Self { authorities, config: OnceLock::new() })
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
        let verifier = Verifier::new_with_extra_roots(self.authorities.iter().cloned(), provider.clone());
        let verifier = verifier.map_err(|error| match error {
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
