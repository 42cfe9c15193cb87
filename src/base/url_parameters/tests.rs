//! Which parameters are secrets, alone and beside others.

use super::companions::{DIGEST_EXPIRIES, EXPIRIES, GROUPS, LIMELIGHT, OAUTH, OTHER_DIGESTS, SAS, SIGNING_DIGESTS};
use super::names::{
    AMBIGUOUS, PROVIDERS, PROVIDERS_PARAMETERS, SECRET_ENDS, SIGNATURE_ENDS, SIGNATURE_STARTS, SIGNATURES, TOKEN_ENDS,
    TOKENS,
};
use super::parameter::Parameter;
use super::*;
use std::collections::BTreeSet;

#[test]
fn parameters_that_sign_together_are_removed_together() {
    use UrlParameter::{Ambiguous, Identifying, Signature, Token};
    for (query, expected) in [
        ("p=31&e=1795438800&h=d41d8cd98f00b204e9800998ecf8427e", vec![Identifying, Token, Token]),
        ("e=3&h=120", vec![Identifying, Identifying]),
        ("e=jpg&h=d41d8cd98f00b204e9800998ecf8427e", vec![Identifying, Identifying]),
        ("nva=20270101000000&nvb=20260101000000&hash=0ab", vec![Signature, Signature, Token]),
        ("checksum=d41d8cd98f00b204e9800998ecf8427e&exp=3", vec![Identifying, Identifying]),
        ("checksum=d41d8cd98f00b204e9800998ecf8427e&exp=1795438800", vec![Token, Signature]),
        ("checksum=d41d8cd98f00b204e9800998ecf8427e&exp=chapter-one", vec![Identifying, Identifying]),
        ("md5=d41d8cd98f00b204e9800998ecf8427e&expires=3600", vec![Token, Signature]),
        ("hash=0ab", vec![Identifying]),
        ("sign=abc&t=65a0b1c2", vec![Token, Signature]),
        ("sign=abc&t=chapter-one", vec![Token, Identifying]),
        ("sign=abc&t=20240815", vec![Token, Identifying]),
        ("sign=abc&t=deadbeef", vec![Token, Identifying]),
        ("sign=abc&t=1795438800", vec![Token, Signature]),
        ("sign=&t=65a0b1c2", vec![Identifying, Identifying]),
        ("t=65a0b1c2", vec![Identifying]),
        ("oauth_nonce=a&oauth_signature=b&page=2", vec![Signature, Signature, Identifying]),
        ("oauth_nonce=a", vec![Identifying]),
        ("oauth_page=a&oauth_signature=b", vec![Identifying, Signature]),
        ("hmacro=a&designature=b&hmac_shape=c", vec![Identifying; 3]),
        ("s=da39a3ee5e6b4b0d3255bfef95601890afd80709_1795438800", vec![Signature]),
        ("s=d41d8cd98f00b204e9800998ecf8427e", vec![Ambiguous]),
        ("s=300_200", vec![Identifying]),
        ("secure=YWJj%3D%2C1795438800", vec![Signature]),
        ("secure=true", vec![Identifying]),
        ("X-Obs-Date=1&X-Obs-Expires=9&X-Obs-Signature=a", vec![Signature; 3]),
        ("urlSignature=abc&hmac_sha256=abc&KSSAccessKeyId=abc", vec![Signature; 3]),
    ] {
        let parts: Vec<&[u8]> = query.split('&').map(str::as_bytes).collect();
        assert_eq!(classify(&parts), expected, "{query}");
    }
}

#[test]
fn names_of_members_are_those_of_what_they_name() {
    for (part, name) in [
        ("Sig=a", "sig"),
        ("token[]=a", "token"),
        ("token[0]=a", "token"),
        ("auth[token]=a", "auth_token"),
        ("auth%5Btoken%5D=a", "auth_token"),
        ("auth.token=a", "auth_token"),
        ("a[b][cd]", "a_b_cd"),
        ("3=a", "3"),
        ("e[0]=a", "e[0]"),
        ("t[]=a", "t"),
        ("=a", ""),
    ] {
        assert_eq!(Parameter::read(part.as_bytes()).name, name, "{part}");
    }
    let secret: [&[u8]; 9] = [
        b"user[pwd][]=b",
        b"user[pwd][0]=b",
        b"api_key.value=b",
        b"auth[token]=a",
        b"auth.token=a",
        b"user[pwd]=a",
        b"token[value]=a",
        b"secret[value]=b",
        b"oauth_verifier=b",
    ];
    assert!(classify(&secret).iter().all(|kind| *kind == UrlParameter::Token));
    let ambiguous: [&[u8]; 4] =
        [b"access_token[a]=b", b"accesstoken[a]=b", b"user[api_key][page]=2", b"my_secret.page=2"];
    assert!(classify(&ambiguous).iter().all(|kind| *kind == UrlParameter::Ambiguous));
    let plain: [&[u8]; 8] = [
        b"pass.page=2",
        b"filter[page]=2",
        b"files[0]=a",
        b"a.b=c",
        b"auth.user=a",
        b"season.pass=a",
        b"auth[user]=a",
        b"secretary[name]=a",
    ];
    assert!(classify(&plain).iter().all(|kind| *kind == UrlParameter::Identifying));
}

#[test]
fn the_documentation_names_every_parameter_that_is_removed_or_replaced() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/manifest.md")).unwrap();
    let section = page.split("These parameters are removed").nth(1).unwrap().split("\n## ").next().unwrap();
    let quoted: BTreeSet<String> = section.split('`').skip(1).step_by(2).map(str::to_lowercase).collect();
    let lists = [
        SIGNATURES,
        PROVIDERS,
        PROVIDERS_PARAMETERS,
        SIGNATURE_STARTS,
        SIGNATURE_ENDS,
        DIGEST_EXPIRIES,
        OAUTH,
        TOKEN_ENDS,
        SECRET_ENDS,
        SIGNING_DIGESTS,
        OTHER_DIGESTS,
        SAS,
        EXPIRIES,
        TOKENS,
        AMBIGUOUS,
        LIMELIGHT,
        &["s", "t"],
    ];
    let groups = GROUPS.iter().flat_map(|(names, _)| *names);
    let missing: Vec<&str> =
        lists.iter().copied().flatten().chain(groups).copied().filter(|name| !quoted.contains(*name)).collect();
    assert!(missing.is_empty(), "not in docs/manifest.md: {missing:?}");
}
