//! The server's routes against `docs/protocol.md`.

use crate::files::read;

/// Routes that only serve a page of their own.
const PARTS_OF_THE_PAGE: [&str; 2] = ["/_public/docs/page.js", "/_public/docs/page.css"];

/// The paths in the server's tables, as the document writes them.
fn paths() -> Vec<String> {
    let source = read("crates/server/src/routes.rs");
    let quoted = source.split('"').skip(1).step_by(2);
    let paths = quoted.filter(|text| text.starts_with('/') && !text.contains(' '));
    paths
        .map(|path| {
            let path = path.replace("{job_id}", "{id}");
            path.replace("{worker_id}", "{id}")
        })
        .collect()
}

#[test]
fn every_route_is_told() {
    let told = read("docs/protocol.md");
    let paths = paths();
    assert!(paths.len() > 30, "{paths:?}");
    let missing: Vec<_> = paths
        .iter()
        .filter(|path| !PARTS_OF_THE_PAGE.contains(&path.as_str()))
        .filter(|path| {
            let whole = [" ", "`"].iter().any(|before| {
                ["`", "?"].iter().any(|after| {
                    let below = if path.starts_with("/_") || *path == "/metrics" {
                        ""
                    } else {
                        "/api"
                    };
                    told.contains(&format!("{before}{below}{path}{after}"))
                })
            });
            // `POST …/pause`, `…/resume`.
            let last = path.rsplit('/').next().unwrap_or_default();
            !whole && !told.contains(&format!("`…/{last}`"))
        })
        .collect();
    assert!(missing.is_empty(), "docs/protocol.md lacks {missing:?}");
}
