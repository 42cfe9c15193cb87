//! Parameters that sign a URL only beside others. Elsewhere they distinguish files.

use super::parameter::{Parameter, UrlParameter};
use super::values::{is_hex, is_recent_time, is_time, may_limit};

/// The parameters that an OAuth 1.0 signature comes with (RFC 5849, 3.1).
pub(crate) const OAUTH: &[&str] = &[
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_signature_method",
    "oauth_version",
    "oauth_body_hash",
];
/// Digests that sign a URL together with an expiry (nginx, `secure_link`; CDN77), and that alone are the file's.
pub(crate) const SIGNING_DIGESTS: &[&str] = &["md5", "hash", "secure"];
/// The same, only if the expiry is a time.
pub(crate) const OTHER_DIGESTS: &[&str] = &["checksum", "sha256", "signed"];
/// The expiries.
pub(crate) const DIGEST_EXPIRIES: &[&str] = &["expires", "expiry", "expire", "exp", "nva"];

/// Parameters of a shared access signature, beside `sig` (Microsoft, "Create a service SAS").
pub(crate) const SAS: &[&str] = &[
    "sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sip", "si", "skoid", "sktid", "skt", "ske", "sks", "skv",
    "saoid", "suoid", "scid", "sdd", "ses",
];
/// Parameters that limit the validity and the rights of a signature or a token.
pub(crate) const EXPIRIES: &[&str] = &[
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
/// Parameters that sign a URL only if all of a group are there, and what they are then: of attachments in Discord, of
/// pictures at Facebook, and in another spelling of nginx's links.
pub(crate) const GROUPS: &[(&[&str], UrlParameter)] = &[
    (&["ex", "is", "hm"], UrlParameter::Signature),
    (&["oh", "oe"], UrlParameter::Signature),
    (&["st", "e"], UrlParameter::Token),
];
/// The deadline and the digest of Limelight.
pub(crate) const LIMELIGHT: &[&str] = &["e", "h"];
/// Hexadecimal digits of the digest of Limelight.
const LIMELIGHT_DIGITS: usize = 32;

/// Groups of parameters that belong together and are in a query.
pub(crate) struct Companions<'a> {
    query: &'a [Parameter<'a>],
    /// Those of [`GROUPS`] that are complete.
    groups: Vec<&'static (&'static [&'static str], UrlParameter)>,
    is_limelight: bool,
    is_sas: bool,
    is_oauth: bool,
    /// A token of Tencent and its time.
    is_tencent: bool,
    /// A deadline, and one that is a time.
    has_expiry: bool,
    has_deadline: bool,
}

impl<'a> Companions<'a> {
    /// Looks for the groups in a query.
    pub(crate) fn find(query: &'a [Parameter<'a>]) -> Self {
        let has = |name: &str| has(query, name);
        let any = |name: &str, is_it: &dyn Fn(&[u8]) -> bool| {
            query.iter().any(|known| known.name == name && is_it(known.value))
        };
        Self {
            query,
            groups: GROUPS.iter().filter(|(names, _)| names.iter().all(|name| has(name))).collect(),
            is_limelight: any("e", &is_time) && any("h", &|value| is_hex(value, LIMELIGHT_DIGITS)),
            is_sas: has("sig"),
            is_oauth: has("oauth_signature"),
            is_tencent: any("sign", &|value| !value.is_empty()) && any("t", &is_recent_time),
            has_expiry: DIGEST_EXPIRIES.iter().any(|name| has(name)),
            has_deadline: DIGEST_EXPIRIES.iter().any(|name| any(name, &is_time)),
        }
    }

    /// What a parameter is in its group; `None`: it is in none.
    pub(crate) fn kind(&self, Parameter { name, value, .. }: &Parameter<'_>) -> Option<UrlParameter> {
        let is_in = |is_there: bool, group: &[&str]| is_there && group.contains(&name.as_str());
        if is_in(self.is_limelight, LIMELIGHT) {
            return Some(UrlParameter::Token);
        }
        let signs = is_in(self.is_tencent, &["t"])
            || is_in(self.is_oauth, OAUTH)
            || is_in(self.is_sas, SAS)
            // Qiniu: the deadline of its token.
            || name == "e" && self.has("token") && may_limit(value);
        if signs {
            return Some(UrlParameter::Signature);
        }
        if let Some((_, kind)) = self.groups.iter().find(|(names, _)| names.contains(&name.as_str())) {
            return Some(*kind);
        }
        let is_digest = is_in(self.has_expiry, SIGNING_DIGESTS) || is_in(self.has_deadline, OTHER_DIGESTS);
        is_digest.then_some(UrlParameter::Token)
    }

    /// Whether a parameter limits the validity or the rights of a secret in the same query.
    pub(crate) fn limits_secret(&self, Parameter { name, value, .. }: &Parameter<'_>) -> bool {
        match name.as_str() {
            "policy" => may_limit(value) || self.has("key-pair-id") || self.has("signature"),
            "exp" | "expires" | "expiry" | "expire" => {
                may_limit(value) || value.first().is_some_and(u8::is_ascii_digit)
            }
            name => EXPIRIES.contains(&name),
        }
    }

    fn has(&self, name: &str) -> bool {
        has(self.query, name)
    }
}

/// Whether a query has a parameter of this name.
fn has(query: &[Parameter<'_>], name: &str) -> bool {
    query.iter().any(|known| known.name == name)
}
