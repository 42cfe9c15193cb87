//! docs/simulator.md and the code list the same profiles and models.

use super::exchange::Simulator;
use crate::bench::root;
use docmill::internal::base::simulator_profile::SimulatorProfile;

#[test]
fn the_documents_list_every_profile_with_its_models() {
    let text = std::fs::read_to_string(root().join("docs/simulator.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(names, SimulatorProfile::NAMES, "the table, and the code");
    let has_own_models = |row: &&Vec<&str>| !row[1].contains("any name") && !row[1].contains("those of");
    assert!(rows.iter().any(|row| has_own_models(&row)), "{rows:?}");
    for row in rows.iter().filter(has_own_models) {
        let listed = Simulator::start(row[0].trim_matches('`')).get("/v1/models").json();
        let models: Vec<&str> =
            listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
        let documented: Vec<&str> =
            row[1].split(", ").map(|model| model.split(" (").next().unwrap_or_default()).collect();
        assert_eq!(documented, models, "{}", row[0]);
    }
}
