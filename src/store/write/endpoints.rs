//! Learned facts about endpoints.

use crate::store::error::StoreError;
use crate::store::records::runs::EndpointFact;
use rusqlite::Connection;

/// Stores a fact about an endpoint, in place of what was stored before.
pub(crate) fn remember(db: &Connection, endpoint: &str, fact: &EndpointFact) -> Result<(), StoreError> {
    let (column, value) = match fact {
        EndpointFact::Capabilities(json) => ("capabilities", json),
        EndpointFact::Calibration(json) => ("calibration", json),
    };
    let put = format!(
        "INSERT INTO endpoints (id, {column}) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}"
    );
    db.prepare_cached(&put)?.execute([endpoint, value])?;
    Ok(())
}
