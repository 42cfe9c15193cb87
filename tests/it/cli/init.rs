//! `docmill init`, and the examples.

use crate::bench::{Bench, root};

#[test]
fn init_makes_a_job_that_runs_and_overwrites_nothing() {
    let bench = Bench::with_pages(0);
    let absolute = bench.path("absolute/deep").display().to_string();
    for dir in ["scans", "./a b", absolute.as_str()] {
        let ran = bench.docmill(&["init", dir]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let job = format!("{dir}/job.yaml");
        assert_eq!(ran.stdout, format!("{job}\n"));
        let quoted = if dir.contains(' ') { format!("'{job}'") } else { job.clone() };
        for next in [format!("{dir}/pages"), format!("docmill plan {quoted}"), format!("docmill run {quoted}")] {
            assert!(ran.stderr.contains(&next), "{}", ran.stderr);
        }
        assert!(bench.path(dir).join("pages").is_dir() && bench.path(dir).join("out").is_dir());
        assert_eq!(bench.docmill(&["check", &job]).code, 0);
        bench.put(&format!("{dir}/pages/a.jpg"), &crate::bench::page(1));
        let ran = bench.docmill(&["run", &job]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(bench.path(dir).join("out/my-pages.csv").is_file());
        // A second time: nothing is touched.
        bench.put(&job, b"mine");
        let ran = bench.docmill(&["init", dir]);
        assert!(ran.code == 2 && ran.stderr.contains("exists already"), "{}", ran.stderr);
        assert_eq!(bench.text(&job), "mine");
    }
    let ran = bench.docmill(&["init", "-q", "quiet"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "quiet/job.yaml\n", ""));
    bench.put("half/total.schema.json", b"mine");
    assert_eq!(bench.docmill(&["init", "half"]).code, 0);
    assert_eq!(bench.text("half/total.schema.json"), "mine");
    bench.put("file/pages", b"not a folder");
    let ran = bench.docmill(&["init", "file"]);
    assert!(ran.code == 8 && !bench.path("file/job.yaml").exists(), "{}", ran.stderr);
    let ran = bench.docmill(&["init"]);
    assert!(ran.code == 0 && bench.path("job.yaml").is_file(), "{}", ran.stderr);
}

/// The template with the comments removed from some of its tasks.
fn with_tasks(template: &str, wanted: &[&str]) -> String {
    let mut name = "";
    let mut is_task_section = false;
    let mut lines = Vec::new();
    for line in template.lines() {
        if !line.starts_with(' ') {
            is_task_section = line.starts_with("tasks:");
        }
        let Some(rest) = line.strip_prefix("  # ").filter(|_| is_task_section) else {
            lines.push(line.to_owned());
            continue;
        };
        if !rest.starts_with(' ') {
            name = rest.split(':').next().unwrap();
        }
        let is_wanted = wanted.contains(&name);
        lines.push(if is_wanted { format!("  {rest}") } else { line.to_owned() });
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_block_of_the_template_works() {
    let bench = Bench::with_pages(0);
    assert_eq!(bench.docmill(&["init"]).code, 0);
    let template = bench.text("job.yaml");
    assert!(template.starts_with("# yaml-language-server: $schema=.docmill/job.schema.json\n"));
    let schema: serde_json::Value = serde_json::from_str(&bench.text(".docmill/job.schema.json")).unwrap();
    assert_eq!(schema, docmill::internal::manifest::json_schema());
    for kind in ["classify:", "tag:", "extract:", "question:"] {
        assert!(template.contains(kind), "{kind}");
    }
    for wanted in [&["features"][..], &["total"], &["signed"], &["features", "total", "signed"]] {
        let job = with_tasks(&template, wanted);
        assert_eq!(job.matches("  # ").count(), template.matches("  # ").count() - with_lines(&template, &job));
        bench.put("job.yaml", job.as_bytes());
        let ran = bench.docmill(&["check", "job.yaml"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for task in wanted {
            assert!(ran.stdout.contains(task), "{task}: {}", ran.stdout);
        }
    }
}

/// How many lines differ.
fn with_lines(one: &str, other: &str) -> usize {
    one.lines().zip(other.lines()).filter(|(one, other)| one != other).count()
}

#[test]
fn the_readme_links_every_example() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("jobs")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            assert!(readme.contains(&format!("](jobs/{name})")), "README.md does not link jobs/{name}");
            examples += 1;
        }
    }
    assert!(examples > 0, "jobs/ has no examples");
}
