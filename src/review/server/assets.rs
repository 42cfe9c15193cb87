//! The files of the page, which are part of the program.

/// A file of the page.
pub(crate) struct Asset {
    /// Its path on the server.
    pub(crate) path: &'static str,
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Its content.
    pub(crate) text: &'static str,
}

/// The page itself.
pub(crate) const PAGE: &str = include_str!("../assets/index.html");

/// Leads a browser here once more.
pub(crate) const AGAIN: &str = include_str!("../assets/again.html");

/// The page for a browser that is not signed in.
pub(crate) const SIGNED_OUT: &str = include_str!("../assets/signed-out.html");

macro_rules! assets {
    ($content_type:literal: $($name:literal),* $(,)?) => {
        &[$(Asset {
            path: concat!("/assets/", $name),
            content_type: $content_type,
            text: include_str!(concat!("../assets/", $name)),
        }),*]
    };
}

const SCRIPTS: &[Asset] = assets!("text/javascript; charset=utf-8":
    "api.js", "choices.js", "dom.js", "drafts.js", "fields.js", "filters.js", "grid.js", "help.js", "keys.js", "main.js",
    "pictures.js", "progress.js", "single.js", "state.js", "strip.js", "viewer.js",
);

const ICONS: &[Asset] = assets!("image/svg+xml": "icon.svg");

const STYLES: &[Asset] = assets!("text/css; charset=utf-8": "base.css", "grid.css", "layout.css", "single.css");

/// The file at this path.
pub(crate) fn find_asset(path: &str) -> Option<&'static Asset> {
    SCRIPTS.iter().chain(STYLES).chain(ICONS).find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_served_and_loads_nothing_from_elsewhere() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/review/assets");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = names.filter(|name| !name.ends_with(".html")).collect();
        let served: BTreeSet<String> = SCRIPTS
            .iter()
            .chain(STYLES)
            .chain(ICONS)
            .map(|asset| asset.path.trim_start_matches("/assets/").to_owned())
            .collect();
        assert_eq!(served, files);
        for text in SCRIPTS.iter().chain(STYLES).map(|asset| asset.text).chain([PAGE, AGAIN, SIGNED_OUT]) {
            for word in [
                "http://",
                "https://",
                "//cdn",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "eval(",
                "document.write",
            ] {
                assert!(!text.contains(word), "{word}");
            }
        }
        for page in [PAGE, AGAIN, SIGNED_OUT] {
            assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick"), "inline");
        }
    }
}
