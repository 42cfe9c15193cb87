//! Facts about endpoints: those about one belong together, so they come as a whole from the store with the most replies
//! from the endpoint.

use crate::store::error::StoreError;
use rusqlite::Connection;

/// How many replies of the model of an endpoint `e` the store `{store}` has: its id ends with the model's name.
const OBSERVATIONS: &str =
    "max(e.observations, (SELECT count(*) FROM {store}.attempts a JOIN {store}.runs r ON r.id = a.run_id
  WHERE a.verdict = 'done' AND substr(e.id, -length(r.model) - 1) = ' ' || r.model))";

/// Records on how many replies the merged store's own facts are based, before others are compared with them.
///
/// # Errors
/// When the merged store can't be read or written.
pub(crate) fn count_own(db: &Connection) -> Result<(), StoreError> {
    let observations = OBSERVATIONS.replace("{store}", "main");
    db.execute(&format!("UPDATE main.endpoints AS e SET observations = {observations} WHERE observations = 0"), [])?;
    Ok(())
}

/// Takes over the facts of the source that are based on more replies. Of the same number, the text decides: in any
/// order.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn copy_endpoints(db: &Connection) -> Result<(), StoreError> {
    let observations = OBSERVATIONS.replace("{store}", "source");
    let text = |row: &str| format!("ifnull({row}.calibration, '') || ifnull({row}.capabilities, '')");
    let (new, known) = (text("excluded"), text("endpoints"));
    db.execute(
        &format!(
            "INSERT INTO main.endpoints (id, capabilities, calibration, observations)
               SELECT e.id, e.capabilities, e.calibration, {observations} FROM source.endpoints e WHERE true
             ON CONFLICT (id) DO UPDATE SET capabilities = excluded.capabilities, calibration = excluded.calibration, observations = excluded.observations
               WHERE excluded.observations > endpoints.observations OR excluded.observations = endpoints.observations AND {new} > {known}"
        ),
        [],
    )?;
    Ok(())
}
