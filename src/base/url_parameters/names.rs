//! What the name of a parameter shows.

use super::parameter::{Parameter, UrlParameter};
use super::values::is_id;

/// Parameters that sign a URL or name who signed it. The rest of the URL identifies the file.
/// Sources: AWS "Authenticating requests: query parameters" and "Signed URLs" of CloudFront, Google
/// "Signed URLs", Alibaba OSS, Tencent COS, Huawei OBS, Akamai, ImageKit.
pub(crate) const SIGNATURES: &[&str] = &[
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
pub(crate) const PROVIDERS: &[&str] = &["x-amz-", "x-goog-", "x-tos-", "x-obs-"];
/// Which of them sign a URL.
pub(crate) const PROVIDERS_PARAMETERS: &[&str] = &[
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
pub(crate) const SIGNATURE_STARTS: &[&str] = &["signature"];
/// Ends of the names of signatures and of who signed.
pub(crate) const SIGNATURE_ENDS: &[&str] =
    &["-signature", "_signature", "sig", "-credential", "-security-token", "accesskeyid", "access_key_id"];
/// Ends of the names of tokens.
pub(crate) const TOKEN_ENDS: &[&str] =
    &["_token", "-token", "_token__", "-authorization", "_sign", "-sign", "_sgn", "-sgn", "_tk", "-tk", "_otp", "-otp"];
/// Ends of the names of secrets, without hyphens and underscores. They are in no other word.
pub(crate) const SECRET_ENDS: &[&str] = &[
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
/// Keys, tokens and passwords.
pub(crate) const TOKENS: &[&str] = &[
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
    "oauth_verifier",
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
pub(crate) const AMBIGUOUS: &[&str] = &[
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

/// Names of tokens whose members may be something else: `auth[user]`, `pass.page`.
const HOLDERS: &[&str] = &["auth", "bearer", "credential", "credentials", "pass", "sas", "sign", "token"];
/// Minimum length, in characters, of a value that may be a signature when only the end of its name suggests one
/// (`requestSignature`).
const MIN_SIGNATURE: usize = 16;

/// What a parameter is by its name.
pub(crate) fn kind_by_name(Parameter { name, words, has_brackets, value }: &Parameter<'_>) -> UrlParameter {
    let name = name.as_str();
    if is_id(value) && may_be_signature(name) {
        return UrlParameter::Ambiguous;
    }
    if let Some(rest) = PROVIDERS.iter().find_map(|start| name.strip_prefix(start)) {
        let signs = PROVIDERS_PARAMETERS.contains(&rest);
        return if signs { UrlParameter::Signature } else { UrlParameter::Ambiguous };
    }
    let kind = match words.as_slice() {
        [holder @ .., member] if member == "value" && !holder.is_empty() => kind_of_secret(&holder.join("_")),
        _ => None,
    };
    if let Some(kind) = kind.or_else(|| kind_of_secret(name)) {
        return kind;
    }
    let is_token = *has_brackets && words.last().is_some_and(|member| TOKENS.contains(&member.as_str()));
    if is_token {
        return UrlParameter::Token;
    }
    let may_sign = name.ends_with("signature") && value.len() >= MIN_SIGNATURE;
    let is_ambiguous = AMBIGUOUS.contains(&name) || is_word_with_token(name) || may_sign || is_in_secret(words);
    if is_ambiguous { UrlParameter::Ambiguous } else { UrlParameter::Identifying }
}

/// What a secret of this name is; `None`: the name is not one of a secret.
fn kind_of_secret(name: &str) -> Option<UrlParameter> {
    let has_end = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if SIGNATURES.contains(&name) || starts_as_signature(name) || has_end(SIGNATURE_ENDS) {
        return Some(UrlParameter::Signature);
    }
    (TOKENS.contains(&name) || has_end(TOKEN_ENDS) || names_secret(name)).then_some(UrlParameter::Token)
}

/// Whether a parameter is a member of something that is called like a secret: `access_token[a]`.
fn is_in_secret(words: &[String]) -> bool {
    let mut holders = (1..words.len()).map(|count| words[..count].join("_"));
    holders.any(|holder| !HOLDERS.contains(&holder.as_str()) && kind_of_secret(&holder).is_some())
}

fn starts_as_signature(name: &str) -> bool {
    SIGNATURE_STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether a name that no provider documents looks like that of a signature, such as `email_signature`.
fn may_be_signature(name: &str) -> bool {
    let is_like = starts_as_signature(name) || SIGNATURE_ENDS.iter().any(|end| name.ends_with(end));
    is_like && !SIGNATURES.contains(&name)
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
