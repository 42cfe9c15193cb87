//! Decides which certificates of servers are trusted: those that the system trusts, and those that the
//! manifest names.
//!
//! A named certificate of the server itself is trusted directly, as by curl with `--cacert`: it may be self-signed,
//! also as the certificate of an authority, which is what `openssl req -x509` makes. Its dates and its names are still
//! checked.

use super::common_name::common_name;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use webpki::EndEntityCert;

/// Verifies the certificates of servers.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    /// Knows the authorities of the system and the named ones.
    authorities: Verifier,
    /// The certificates that the manifest names.
    named: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    /// A verifier that trusts `named` in addition to the authorities of the system.
    ///
    /// # Errors
    /// When there are no certificates at all.
    pub(crate) fn new(named: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let algorithms = provider.signature_verification_algorithms;
        let authorities = Verifier::new_with_extra_roots(named.iter().cloned(), provider)?;
        Ok(Self { authorities, named, algorithms })
    }

    /// Verifies a certificate that is named itself: all but its issuer.
    fn verify_named(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        // Without an authority that could have issued it, what does not depend on the issuer is verified; the
        // dates come first.
        let none = RootCertStore::empty();
        match verify_server_cert_signed_by_trust_anchor(&parsed, &none, &[], now, self.algorithms.all) {
            Ok(()) | Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
            Err(error) if webpki_error(&error) == Some(&webpki::Error::CaUsedAsEndEntity) => {}
            Err(error) => return Err(error),
        }
        match verify_server_name(&parsed, name) {
            Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))
                if presented.is_empty() && has_common_name(certificate, name) => {}
            other => other?,
        }
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.named.iter().any(|named| named == end_entity) {
            return self.verify_named(end_entity, server_name, now);
        }
        self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// The error of webpki that rustls has no name for.
pub(crate) fn webpki_error(error: &Error) -> Option<&webpki::Error> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// Whether a certificate without alternative names has `name` as its common name, which was the place of the name
/// before RFC 2818 and still is in what tutorials make.
fn has_common_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let Ok(parsed) = EndEntityCert::try_from(certificate) else { return false };
    let Some(found) = common_name(parsed.subject()) else { return false };
    match name {
        ServerName::DnsName(name) => name.as_ref().eq_ignore_ascii_case(found),
        ServerName::IpAddress(address) => found.parse() == Ok(std::net::IpAddr::from(*address)),
        _ => false,
    }
}
