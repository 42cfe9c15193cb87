//! Parameters of URLs: which are secrets, and how they are encoded.

/// Parameters that sign a URL or name who signed it. The rest of the URL identifies the file.
/// Sources: AWS "Authenticating requests: query parameters" and "Signed URLs" of CloudFront, Google
/// "Signed URLs", Alibaba OSS, Tencent COS, Huawei OBS, Akamai, ImageKit.
const SIGNATURES: &[&str] = &[
    "signature",
    "sig",
    "hmac",
    "hmac_sha1",
    "hmac_sha256",
    "hmac_sha512",
    "hmac-sha256",
    "hmacsha256",
    "ik-s",
    "ik-t",
    "awsaccesskeyid",
    "googleaccessid",
    "key-pair-id",
    "ossaccesskeyid",
    "accesskeyid",
    "security-token",
    "x-oss-signature",
    "x-oss-signature-version",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-expires",
    "x-oss-security-token",
    "x-oss-additional-headers",
    "x-cos-security-token",
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
    "hdnts",
    "hdnea",
    "hdntl",
    "__token__",
    "__gda__",
    "urlsig",
    "urlsignature",
];
/// Prefixes of the parameters of AWS, Google, Volcengine and Huawei.
const PROVIDERS: &[&str] = &["x-amz-", "x-goog-", "x-tos-", "x-obs-"];
/// Which of them sign a URL.
const PROVIDERS_PARAMETERS: &[&str] = &[
    "algorithm",
    "credential",
    "date",
    "expires",
    "signedheaders",
    "signature",
    "security-token",
    "s3session-token",
    "content-sha256",
    "policy",
    "signedqueries",
];
/// How names of signatures begin.
const SIGNATURE_STARTS: &[&str] = &["signature"];
/// Ends of the names of signatures and of who signed.
const SIGNATURE_ENDS: &[&str] =
    &["-signature", "_signature", "sig", "-credential", "-security-token", "accesskeyid", "access_key_id"];
/// The parameters that an OAuth 1.0 signature comes with (RFC 5849, 3.1).
const OAUTH: &[&str] = &[
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_signature_method",
    "oauth_version",
    "oauth_body_hash",
];
/// Ends of the names of tokens.
const TOKEN_ENDS: &[&str] =
    &["_token", "-token", "_token__", "-authorization", "_sign", "-sign", "_sgn", "-sgn", "_tk", "-tk", "_otp", "-otp"];
/// Ends of the names of secrets, without hyphens and underscores. They are in no other word.
const SECRET_ENDS: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "passcode",
    "passphrase",
    "accesskey",
    "apikey",
    "authkey",
    "privatekey",
    "secretkey",
    "sharekey",
    "signkey",
    "signingkey",
    "sessionkey",
    "userkey",
    "licensekey",
    "subscriptionkey",
];
/// Digests that sign a URL together with an expiry (nginx, `secure_link`; CDN77), and that alone are the file's.
const SIGNING_DIGESTS: &[&str] = &["md5", "hash", "secure"];
/// The same, only if the expiry is a time.
const OTHER_DIGESTS: &[&str] = &["checksum", "sha256", "signed"];
/// The expiries.
const DIGEST_EXPIRIES: &[&str] = &["expires", "expiry", "expire", "exp", "nva"];

/// Parameters of a shared access signature, beside `sig` (Microsoft, "Create a service SAS").
const SAS: &[&str] = &[
    "sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sip", "si", "skoid", "sktid", "skt", "ske", "sks", "skv",
    "saoid", "suoid", "scid", "sdd", "ses",
];
/// Parameters that limit the validity and the rights of a signature or a token.
const EXPIRIES: &[&str] = &[
    "expires",
    "expiry",
    "expire",
    "exp",
    "policy",
    "hash-algorithm",
    "token_path",
    // OpenStack Swift, beside `temp_url_sig`.
    "temp_url_expires",
    "temp_url_prefix",
    "temp_url_ip_range",
    // Wangsu and Tencent, beside `wsSecret` and `txSecret`.
    "wstime",
    "txtime",
    // Level 3, beside `hash`.
    "nva",
    "nvb",
];
/// Keys, tokens and passwords.
const TOKENS: &[&str] = &[
    "token",
    "accesstoken",
    "authtoken",
    "sessiontoken",
    "csrftoken",
    "sastoken",
    "sas",
    "jwt",
    "bearer",
    "auth",
    "authorization",
    "tempauth",
    "rlkey",
    "sign",
    "sgn",
    "tk",
    "tok",
    "otp",
    "totp",
    "pwd",
    "pw",
    "psw",
    "passwort",
    "pass",
    // Huawei's CDN.
    "auth_info",
    "credential",
    "credentials",
    // Upyun; WordPress; Google Drive; Java and PHP.
    "_upt",
    "_wpnonce",
    "resourcekey",
    "jsessionid",
    "phpsessid",
];
/// Parameters that hold a secret on some servers, and the name of a file on others.
const AMBIGUOUS: &[&str] = &[
    "key",
    "code",
    "session",
    "session_id",
    "sessionid",
    "sid",
    "ticket",
    "verify",
    "mac",
    "digest",
    "nonce",
    // Of a person, or of a parcel.
    "pin",
    "pincode",
    "pin_code",
    "token_hash",
];

/// Longest number that is an id rather than a signature, in digits.
const MAX_ID_DIGITS: usize = 12;
/// Shortest value of a policy, and of a deadline `e`, that limits a signature, in characters: seconds since 1970 have 10.
/// A shorter one may distinguish files.
const MIN_LIMIT: usize = 9;
/// Hexadecimal digits of the parameter `s` of imgix (imgix, "Securing Images").
const IMGIX_DIGITS: usize = 32;
/// The same of Vimeo, before a time.
const VIMEO_DIGITS: usize = 40;

/// How tokens of Slack begin ("Token types", api.slack.com, 2026).
const SLACK_TOKEN: &[u8] = b"xox";

/// What a parameter is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlParameter {
    /// It distinguishes files.
    Identifying,
    /// It signs the URL, or limits what a secret allows.
    Signature,
    /// A key, a token or a password.
    Token,
    /// A secret on some servers, and the name of a file on others.
    Ambiguous,
}

/// What each parameter of a query is.
pub(crate) fn classify(parts: &[&[u8]]) -> Vec<UrlParameter> {
    let names: Vec<String> = parts.iter().map(|part| name_of(part)).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    // A link to an attachment in Discord is signed by these three.
    let is_discord = ["ex", "is", "hm"].into_iter().all(has);
    let is_sas = has("sig");
    let is_oauth = has("oauth_signature");
    // A picture at Facebook.
    let is_facebook = has("oh") && has("oe");
    let is_id = |part: &[u8]| value_of(part).len() <= MAX_ID_DIGITS && value_of(part).iter().all(u8::is_ascii_digit);
    let is_long = |part: &[u8]| value_of(part).len() >= MIN_LIMIT;
    // Another spelling of nginx's links.
    let is_nginx = has("st") && has("e");
    let any = |name: &str, is_it: &dyn Fn(&[u8]) -> bool| {
        names.iter().zip(parts).any(|(known, part)| known == name && is_it(value_of(part)))
    };
    let is_limited = DIGEST_EXPIRIES.iter().any(|name| has(name));
    let has_deadline = DIGEST_EXPIRIES.iter().any(|name| any(name, &is_time));
    // A deadline in seconds since 1970, and a digest.
    let is_limelight = any("e", &is_time) && any("h", &|value| is_hex(value, IMGIX_DIGITS));
    // A digest, and the time since 2001 in decimal, or since 2021 in hexadecimal digits. Others are dates or words.
    let is_recent = |value: &[u8]| match value.first() {
        Some(b'1') => value.len() == 10 && is_time(value),
        Some(b'6' | b'7') => is_hex(value, 8),
        _ => false,
    };
    let is_tencent = any("sign", &|value| !value.is_empty()) && any("t", &is_recent);
    let mut kinds: Vec<UrlParameter> = names
        .iter()
        .zip(parts)
        .map(|(name, part)| match name.as_str() {
            // A flag.
            _ if value_of(part).is_empty() => UrlParameter::Identifying,
            // The digest that signs a picture at imgix.
            "s" if is_hex(value_of(part), IMGIX_DIGITS) => UrlParameter::Ambiguous,
            // Vimeo and CDN77: the digest and the deadline in one value.
            "s" if is_timed(part, '_', VIMEO_DIGITS) => UrlParameter::Signature,
            "secure" if is_timed(part, ',', 0) => UrlParameter::Signature,
            // Tencent: the time of its signature.
            "t" if is_tencent => UrlParameter::Signature,
            name if is_oauth && OAUTH.contains(&name) => UrlParameter::Signature,
            "e" | "h" if is_limelight => UrlParameter::Token,
            // A token of Slack.
            "t" if value_of(part).starts_with(SLACK_TOKEN) => UrlParameter::Token,
            // Qiniu: the deadline of its token.
            "e" if has("token") && is_long(part) => UrlParameter::Signature,
            name if is_id(part) && may_be_signature(name) => UrlParameter::Ambiguous,
            name if SIGNATURES.contains(&name) || SIGNATURE_STARTS.iter().any(|start| name.starts_with(start)) => {
                UrlParameter::Signature
            }
            name if let Some(rest) = PROVIDERS.iter().find_map(|start| name.strip_prefix(start)) => {
                if PROVIDERS_PARAMETERS.contains(&rest) {
                    UrlParameter::Signature
                } else {
                    UrlParameter::Ambiguous
                }
            }
            name if is_sas && SAS.contains(&name)
                || is_discord && ["ex", "is", "hm"].contains(&name)
                || is_facebook && ["oh", "oe"].contains(&name) =>
            {
                UrlParameter::Signature
            }
            // Elsewhere they distinguish files.
            name if is_limited && SIGNING_DIGESTS.contains(&name)
                || has_deadline && OTHER_DIGESTS.contains(&name)
                || is_nginx && ["st", "e"].contains(&name) =>
            {
                UrlParameter::Token
            }
            name if SIGNATURE_ENDS.iter().any(|end| name.ends_with(end)) => UrlParameter::Signature,
            name if TOKENS.contains(&name) || TOKEN_ENDS.iter().any(|end| name.ends_with(end)) => UrlParameter::Token,
            name if names_secret(name) => UrlParameter::Token,
            name if AMBIGUOUS.contains(&name) || is_word_with_token(name) => UrlParameter::Ambiguous,
            _ if member_of(part).is_some_and(|name| TOKENS.contains(&name.as_str())) => UrlParameter::Token,
            _ => UrlParameter::Identifying,
        })
        .collect();
    if kinds.iter().any(|kind| matches!(kind, UrlParameter::Signature | UrlParameter::Token)) {
        let is_limit = |name: &str, part: &[u8]| match name {
            "policy" => is_long(part) || has("key-pair-id") || has("signature"),
            "exp" | "expires" | "expiry" | "expire" => {
                is_long(part) || value_of(part).first().is_some_and(u8::is_ascii_digit)
            }
            name => EXPIRIES.contains(&name),
        };
        let limits = names.iter().zip(parts).zip(&mut kinds).filter(|((name, part), _)| is_limit(name, part));
        limits.for_each(|(_, kind)| *kind = UrlParameter::Signature);
    }
    kinds
}

/// Whether a name that no provider documents looks like that of a signature, such as `email_signature`.
fn may_be_signature(name: &str) -> bool {
    let is_like = SIGNATURE_STARTS.iter().any(|start| name.starts_with(start))
        || SIGNATURE_ENDS.iter().any(|end| name.ends_with(end));
    is_like && !SIGNATURES.contains(&name)
}

/// Whether the value of a parameter is a digest of at least this length and, behind a separator, a time.
fn is_timed(part: &[u8], separator: char, digits: usize) -> bool {
    let value = String::from_utf8_lossy(value_of(part)).replace("%2C", ",").replace("%2c", ",");
    value.rsplit_once(separator).is_some_and(|(digest, time)| digest.len() >= digits && is_time(time.as_bytes()))
}

/// Whether a value may be a time: seconds since 1970, or a date with a time in digits.
fn is_time(value: &[u8]) -> bool {
    value.len() >= MIN_LIMIT && value.iter().all(u8::is_ascii_digit)
}

/// Whether a value has this number of hexadecimal digits.
fn is_hex(value: &[u8], count: usize) -> bool {
    value.len() == count && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a name ends with one of a secret, however its words are joined: `wssecret`, `private_key`, `x-api-key`.
fn names_secret(name: &str) -> bool {
    let joined = name.replace(['-', '_'], "");
    SECRET_ENDS.iter().any(|end| joined.ends_with(end))
}

/// Whether a name is a word such as `pagetoken`.
fn is_word_with_token(name: &str) -> bool {
    name.ends_with("token") && name.chars().all(char::is_alphanumeric)
}

/// The value of a parameter, as written; empty if there is none.
fn value_of(part: &[u8]) -> &[u8] {
    split(part, b'=').1.unwrap_or_default()
}

/// The name of a parameter, decoded and in lower case. That of a member, such as `auth[token]` or `auth.token`, is
/// `auth_token`.
fn name_of(part: &[u8]) -> String {
    let name = written_name(part);
    let name = name.trim_end_matches("[]").to_owned();
    let is_index = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let members: Vec<String> = name.split(['[', ']', '.']).filter(|part| !is_index(part)).map(str::to_owned).collect();
    // A single letter signs only where it stands alone.
    if members.iter().all(|member| member.len() == 1) { name } else { members.join("_") }
}

/// The member of a parameter such as `user[pwd]` or `token[value]`.
fn member_of(part: &[u8]) -> Option<String> {
    let name = written_name(part);
    let (holder, members) = name.strip_suffix(']')?.split_once('[')?;
    let member = members.rsplit("][").next()?;
    Some(if member == "value" { holder } else { member }.to_owned())
}

/// The name of a parameter, decoded and in lower case.
fn written_name(part: &[u8]) -> String {
    let (name, _) = split(part, b'=');
    let name = url::form_urlencoded::parse(name).next().map(|(name, _)| name);
    name.map(|name| name.trim_matches(is_around_name).to_lowercase()).unwrap_or_default()
}

/// Whether a character before or behind a name does not belong to it.
fn is_around_name(character: char) -> bool {
    character == '?' || character.is_whitespace() || character.is_control()
}

/// A name or a value of a parameter, percent-encoded.
#[must_use]
pub(crate) fn encode(text: &str) -> String {
    // A plus sign of the text itself is encoded; the others stand for spaces, which not every server decodes.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The text before the first `separator`, and that behind it.
pub(crate) fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
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
            assert!(classify(&parts) == expected, "{query}");
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
            assert_eq!(name_of(part.as_bytes()), name, "{part}");
        }
        let secret: [&[u8]; 4] = [b"auth[token]=a", b"auth.token=a", b"user[pwd]=a", b"token[value]=a"];
        assert!(classify(&secret).iter().all(|kind| *kind == UrlParameter::Token));
        let plain: [&[u8]; 5] = [b"filter[page]=2", b"files[0]=a", b"a.b=c", b"auth.user=a", b"season.pass=a"];
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
            &["ex", "is", "hm", "oh", "oe", "st", "e", "s", "h", "t"],
        ];
        let missing: Vec<&str> = lists.concat().into_iter().filter(|name| !quoted.contains(*name)).collect();
        assert!(missing.is_empty(), "not in docs/manifest.md: {missing:?}");
    }
}
