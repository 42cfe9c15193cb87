//! Recipes: the part of an answer's key that is not the page. A change in `recipes.json`
//! makes every user pay again for every page.

use super::files::assert_golden;
use super::jobs::{GoldenJob, docmill, golden_jobs};
use super::recorder::{Recorder, Reply};
use crate::bench::Bench;
use serde_json::{Map, Value, json};

/// The recipes that a run of this job stores, by task: hash and canonical body.
fn recipes_of(job: &GoldenJob) -> Value {
    let bench = job.bench();
    // A recipe is stored at the start of a run, whether there are pages or not. Those of
    // the lines of a list are stored when a line is read.
    if job.has_list() {
        let recorder = Recorder::start(|_, _| Reply::bad_request("Not today.", None));
        let endpoint = format!("ENDPOINT={}", recorder.base_url());
        let ran = docmill(&bench, &["run", "job.yaml", "-q", "--var", &endpoint]);
        assert_eq!(ran.code, 3, "{}: {}", job.name, ran.stderr);
    } else {
        let ran = docmill(&bench, &["run", "job.yaml", "-q"]);
        assert_eq!(ran.code, 0, "{}: {}", job.name, ran.stderr);
    }
    stored_recipes(&bench)
}

/// The recipes in the store of one run, by the position of their task, then by their body.
fn stored_recipes(bench: &Bench) -> Value {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let tasks: String = store.query_row("SELECT tasks FROM runs", [], |row| row.get(0)).unwrap();
    let tasks: Vec<(String, i64)> = serde_json::from_str(&tasks).unwrap();
    let mut query = store
        .prepare(
            "SELECT DISTINCT member.position, recipe.body, recipe.hash FROM recipe_set_members member
             JOIN recipes recipe ON recipe.id = member.recipe_id ORDER BY 1, 2",
        )
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let recipe = |row: rusqlite::Result<(u32, String, Vec<u8>)>| {
        let (position, body, hash) = row.unwrap();
        let value: Value = serde_json::from_str(&body).unwrap();
        // The golden file holds the value, which must represent exactly these bytes.
        assert_eq!(value.to_string(), body, "a recipe is stored as compact JSON");
        assert_eq!(hash, blake3::hash(body.as_bytes()).as_bytes(), "the key is the hash of the stored text");
        json!({"task": tasks[position as usize].0, "hash": blake3::hash(body.as_bytes()).to_hex().to_string(), "body": value})
    };
    rows.map(recipe).collect()
}

#[test]
fn recipes_are_what_they_were() {
    let jobs = golden_jobs();
    assert!(jobs.len() >= 48, "{} jobs", jobs.len());
    let found: Map<String, Value> = jobs.iter().map(|job| (job.name.clone(), recipes_of(job))).collect();
    let hashes = |name: &str| -> Vec<&str> {
        found[name].as_array().unwrap().iter().map(|recipe| recipe["hash"].as_str().unwrap()).collect()
    };
    // Golden files can be written again; these rules hold regardless.
    let plain = hashes("classify_list");
    assert_eq!(plain, hashes("settings_without_effect"), "names, limits, stream and prices are no part of a recipe");
    for name in ["request_temperature_zero", "image_detail_high"] {
        assert_eq!(hashes(name), hashes("request_default"), "{name} says what the default is");
    }
    assert_ne!(hashes("request_temperature_null"), hashes("request_default"), "the provider's default is not 0");
    let same = hashes("same_task_twice");
    assert_eq!(same[0], same[1], "a task's name is no part of its recipe");
    assert_golden("recipes.json", &found);
}
