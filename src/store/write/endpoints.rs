//! Learned facts about endpoints.

use crate::store::error::StoreError;
use crate::store::read::runs::endpoint as stored_facts;
use crate::store::records::runs::EndpointFact;
use rusqlite::Connection;

/// Stores a fact about an endpoint, replacing the earlier one. Runs in the transaction of the writer, so that nothing
/// is written between reading and writing the merged facts.
pub(crate) fn remember(db: &Connection, endpoint: &str, fact: &EndpointFact) -> Result<(), StoreError> {
    let (column, value) = match fact {
        EndpointFact::Capabilities { learned, merge } => {
            let (stored, _) = stored_facts(db, endpoint)?;
            let merged = stored.map_or_else(|| Ok(learned.clone()), |stored| merge(&stored, learned));
            let damaged =
                |reason| StoreError::Damaged(format!("endpoints, endpoint `{endpoint}`: capabilities: {reason}"));
            ("capabilities", &merged.map_err(damaged)?)
        }
        EndpointFact::Calibration(json) => ("calibration", json),
    };
    let put = format!(
        "INSERT INTO endpoints (id, {column}) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}"
    );
    db.prepare_cached(&put)?.execute([endpoint, value])?;
    Ok(())
}
