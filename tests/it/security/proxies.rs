//! Proxies that can't be used.

use crate::bench::Bench;

#[test]
fn proxies_that_can_not_be_used_are_refused_before_anything_is_sent() {
    let bench = Bench::with_pages(1);
    for (url, variable, proxy, expected) in [
        ("https://api.example.com/v1", "HTTPS_PROXY", "socks4://me:SECRET@proxy:1080", Some("the scheme `socks4`")),
        ("https://api.example.com/v1", "https_proxy", "socks5h://me:SECRET@proxy:1080", Some("the scheme `socks5h`")),
        ("https://api.example.com/v1", "ALL_PROXY", "ftp://SECRET@proxy", Some("the scheme `ftp`")),
        ("http://api.example.com/v1", "http_proxy", "http://SECRET proxy", Some("is not a valid URL")),
        // These are not used for the URL.
        ("http://api.example.com/v1", "HTTPS_PROXY", "socks4://proxy:1080", None),
        ("http://127.0.0.1:9/v1", "ALL_PROXY", "socks4://proxy:1080", None),
        ("https://api.example.com/v1", "HTTPS_PROXY", "https://me:SECRET@proxy:3129", None),
    ] {
        bench.job_at(url, "");
        for command in ["check", "run"] {
            // The variables of this process are not those of the test.
            let names = [
                "http_proxy",
                "HTTP_PROXY",
                "https_proxy",
                "HTTPS_PROXY",
                "all_proxy",
                "ALL_PROXY",
                "no_proxy",
                "NO_PROXY",
            ];
            let mut process = bench.command(&[command, "job.yaml"]);
            for name in names {
                process.env_remove(name);
            }
            if command == "run" && expected.is_none() {
                continue;
            }
            let output = process.env(variable, proxy).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!stderr.contains("SECRET"), "{stderr}");
            match expected {
                Some(text) => {
                    assert_eq!(output.status.code(), Some(2), "{command} {proxy}: {stderr}");
                    assert!(stderr.contains(text) && stderr.contains(variable), "{command} {proxy}: {stderr}");
                }
                None => assert_eq!(output.status.code(), Some(0), "{command} {proxy}: {stderr}"),
            }
        }
    }
}
