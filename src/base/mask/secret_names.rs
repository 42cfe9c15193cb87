//! Names of members and variables that hold secrets.

/// Names of members that hold a secret, in lower case and without `-` and `_`.
const NAMES: &[&str] = &[
    "key",
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "setcookie",
    "token",
];

/// Ends of such names. The first one is also recognized if it is misspelled by one letter.
const NAME_ENDS: &[&str] =
    &["apikey", "accesskey", "privatekey", "secretkey", "authorization", "password", "passwd", "secret", "token"];

/// What precedes the word `key` in such names, wherever that is.
const KEY_KINDS: &[&str] = &["api", "access", "private", "secret"];

/// Names like those of secrets that are not secrets.
const ORDINARY_NAMES: &[&str] = &["prompt_cache_key", "api_key_env", "api_key_file"];

/// Whether a member or a variable with this name holds a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain: String = lower.chars().filter(|c| !matches!(c, '-' | '_')).collect();
    let is_key = lower.ends_with("_key") || lower.ends_with("-key");
    let is_misspelled = || strsim::osa_distance(&plain, NAME_ENDS[0]) == 1;
    let is_like_secret = is_key
        || NAMES.contains(&plain.as_str())
        || NAME_ENDS.iter().any(|end| plain.ends_with(end))
        || names_key(&lower);
    (is_like_secret || is_misspelled()) && !ORDINARY_NAMES.contains(&lower.as_str())
}

/// Whether the words of a name contain those of a key, such as `my_api_key_prod`.
fn names_key(name: &str) -> bool {
    let words: Vec<&str> = name.split(['-', '_']).collect();
    words.windows(2).any(|two| KEY_KINDS.contains(&two[0]) && two[1] == "key")
}
