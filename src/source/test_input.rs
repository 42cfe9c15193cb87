//! An input for unit tests.

use crate::manifest::{Detect, Fetch, Input, PageChoice, Place};
use std::path::Path;
use std::time::Duration;

/// All pages of all files in a folder.
pub(crate) fn input(folder: &Path) -> Input {
    Input {
        place: Place::Folder(folder.to_owned()),
        include: Vec::new(),
        exclude: Vec::new(),
        detect: Detect::Extension,
        follow_links: false,
        allow_empty: false,
        pages: PageChoice::All,
        skip_blank: false,
        near_duplicates: None,
        path_column: "path".into(),
        carry: None,
        rename: Vec::new(),
        fetch: Fetch {
            requests_per_second: 10,
            timeout: Duration::from_secs(60),
            max_bytes: 1 << 20,
            allow_private_hosts: false,
        },
        shard: None,
    }
}
