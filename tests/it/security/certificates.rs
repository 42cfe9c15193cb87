//! A server's certificate in `provider.ca_file` is trusted directly, as by curl with `--cacert`; its names and its
//! dates are checked.

use crate::bench::{Bench, Ran};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

const ANSWER: &str = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;

/// A TLS server with these certificates that answers every request; its port.
fn serve(chain: &str, key: &str) -> u16 {
    serve_to(chain, key, None)
}

/// The same, for clients that `verifier` accepts.
fn serve_to(chain: &str, key: &str, verifier: Option<Arc<dyn ClientCertVerifier>>) -> u16 {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    // Unlike `with_single_cert`, this takes any certificate.
    let certified = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match verifier {
        Some(verifier) => config.with_client_cert_verifier(verifier),
        None => config.with_no_client_auth(),
    };
    let config = config.with_cert_resolver(Arc::new(certified));
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).unwrap(), stream);
            let (mut request, mut piece) = (Vec::new(), [0; 16_384]);
            // Until the body is whole: it is one JSON object.
            while !request.ends_with(b"}") {
                match tls.read(&mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(size) => request.extend_from_slice(&piece[..size]),
                }
            }
            if !request.is_empty() {
                let head = "HTTP/1.1 200 X\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length";
                let _ = tls.write_all(format!("{head}: {}\r\n\r\n{ANSWER}", ANSWER.len()).as_bytes());
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    port
}

/// A run against `host`, which trusts the certificates in `named`.
fn run(host: &str, port: u16, named: Option<&str>) -> Ran {
    run_with(host, port, named.map(str::as_bytes))
}

/// The same with the bytes of the file.
fn run_with(host: &str, port: u16, named: Option<&[u8]>) -> Ran {
    let bench = Bench::with_pages(1);
    bench.job_at(&format!("https://{host}:{port}/v1"), "retry: {attempts: 1, max_wait: 2s}");
    if let Some(named) = named {
        bench.put("ca.pem", named);
        bench.put("job.yaml", bench.text("job.yaml").replace("id: test", "id: test, ca_file: ca.pem").as_bytes());
    }
    bench.run(&["-q"])
}

/// What `openssl req -x509 -addext subjectAltName=…` makes: the certificate of an authority.
fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn with(mut params: CertificateParams, change: impl Fn(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn self_signed(params: &CertificateParams) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn with_common_name(names: &[&str], name: &str) -> CertificateParams {
    let mut params = params(names);
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::OrganizationName, "box");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

#[test]
fn a_named_certificate_is_trusted_as_it_is() {
    let (other, _) = self_signed(&params(&["other.example"]));
    for (params, host) in [
        (params(&["localhost"]), "localhost"),
        (params(&["127.0.0.1"]), "127.0.0.1"),
        (params(&["box.example", "localhost"]), "localhost"),
        (with_common_name(&[], "localhost"), "localhost"),
        (with_common_name(&[], "127.0.0.1"), "127.0.0.1"),
        (with(params(&["localhost"]), |params| params.is_ca = IsCa::NoCa), "localhost"),
        (with(params(&["localhost"]), |params| params.is_ca = IsCa::ExplicitNoCa), "localhost"),
    ] {
        let (certificate, key) = self_signed(&params);
        let port = serve(&certificate, &key);
        for named in [&certificate, &format!("{other}\n{key}\n{certificate}")] {
            let trusted = run(host, port, Some(named));
            assert_eq!(trusted.code, 0, "{params:?}: {}", trusted.stderr);
        }
        for named in [None, Some(other.as_str())] {
            let untrusted = run(host, port, named);
            assert_eq!(untrusted.code, 5, "{params:?}: {}", untrusted.stderr);
            assert!(untrusted.stderr.contains("provider.ca_file"), "{}", untrusted.stderr);
        }
    }
}

/// What editors, PowerShell and `openssl x509 -trustout` make of a PEM file.
#[test]
fn a_named_certificate_in_other_forms_of_pem() {
    let (certificate, key) = self_signed(&params(&["localhost"]));
    let port = serve(&certificate, &key);
    // Trusted for servers only.
    let settings = b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let trusted = base64_simd::STANDARD.encode_to_string([der.as_ref(), settings].concat());
    let lines: Vec<_> = trusted.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let label = "TRUSTED CERTIFICATE";
    let trusted = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
    let words = |order: fn(u16) -> [u8; 2]| format!("\u{feff}{certificate}").encode_utf16().flat_map(order).collect();
    for (name, named) in [
        ("a byte order mark", [b"\xef\xbb\xbf", certificate.as_bytes()].concat()),
        ("UTF-16, little-endian", words(u16::to_le_bytes)),
        ("UTF-16, big-endian", words(u16::to_be_bytes)),
        ("a trusted certificate", trusted.into_bytes()),
        ("the old label", certificate.replace(" CERTIFICATE", " X509 CERTIFICATE").into_bytes()),
        ("Latin-1 text before", [b"Schl\xfcssel\n", certificate.as_bytes()].concat()),
    ] {
        let ran = run_with("localhost", port, Some(&named));
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    }
}

#[test]
fn the_names_and_dates_of_a_named_certificate_are_checked() {
    let expired = with(params(&["localhost"]), |params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = with(params(&["localhost"]), |params| params.not_before = date_time_ymd(4000, 1, 1));
    for (params, words) in [
        (expired.clone(), "certificate expired"),
        (with(expired, |params| params.is_ca = IsCa::NoCa), "certificate expired"),
        (early, "certificate not valid yet"),
        (params(&["box.example"]), "not valid for name \"localhost\""),
        (params(&["127.0.0.1"]), "not valid for name \"localhost\""),
        // The common name does not count beside others.
        (with_common_name(&["box.example"], "localhost"), "not valid for name \"localhost\""),
        (with_common_name(&[], "box.example"), "not valid for name \"localhost\""),
    ] {
        let (certificate, key) = self_signed(&params);
        let ran = run("localhost", serve(&certificate, &key), Some(&certificate));
        assert_eq!(ran.code, 5, "{params:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}

#[test]
fn an_authority_or_one_of_its_certificates_can_be_named() {
    let mut authority = params(&[]);
    authority.distinguished_name.push(DnType::CommonName, "an authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let port = serve(&leaf.pem(), &key.serialize_pem());
    for named in [authority.pem(), leaf.pem()] {
        let ran = run("localhost", port, Some(&named));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let (certificate, _) = self_signed(&params(&["localhost"]));
    assert_eq!(run("localhost", port, Some(&certificate)).code, 5, "another certificate for the name");
}

/// Made by `openssl x509 -req -signkey`: it has no extensions, thus no alternative names.
#[test]
fn a_certificate_of_version_1_is_refused_with_what_to_make_instead() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (certificate, key) = (read("v1.cert.pem"), read("v1.key.pem"));
    let ran = run("localhost", serve(&certificate, &key), Some(&certificate));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("its version is not 3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("openssl req -x509"), "{}", ran.stderr);
}

/// A server that answers every greeting with a fatal alert.
fn alerting(alert: u8) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 16_384]);
            let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, alert]);
        }
    });
    port
}

#[test]
fn what_no_connection_can_agree_on_ends_the_run() {
    for (alert, words) in [(40, "TLS 1.2 or 1.3"), (70, "TLS 1.2 or 1.3"), (116, "a client certificate")] {
        let ran = run("localhost", alerting(alert), None);
        assert_eq!(ran.code, 5, "{alert}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{alert}: {}", ran.stderr);
    }
    // An internal error may pass.
    let ran = run("localhost", alerting(80), None);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
}

/// In TLS 1.3 the refusal arrives after the handshake.
#[test]
fn a_server_that_wants_a_certificate_of_the_client_ends_the_run() {
    let (certificate, key) = self_signed(&params(&["localhost"]));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let ran = run("localhost", serve_to(&certificate, &key, Some(verifier)), Some(&certificate));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("a client certificate"), "{}", ran.stderr);
}
