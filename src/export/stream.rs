//! Rows that are written to a stream, such as standard output, as they are read.

use super::column_choice::chosen_columns;
use super::columns::Column;
use super::error::ExportError;
use super::row::Row;
use super::sinks::format::{RowFormat, StreamSink};
use super::spec::RowSpec;
use super::target::Targets;
use std::io::Write;
use std::path::Path;

/// The name of the stream in errors.
const NAME: &str = "standard output";

/// Rows on their way to a stream.
pub struct RowStream {
    columns: Vec<Column>,
    sink: StreamSink,
}

impl RowStream {
    /// Starts writing rows in this format. `targets` has the settings of the formats. `chosen`: only these columns,
    /// which [`choose_columns`] has returned.
    ///
    /// [`choose_columns`]: super::choose_columns
    ///
    /// # Errors
    /// If the format can't be written to a stream, or the stream can't be written.
    pub fn start(
        format: RowFormat,
        out: Box<dyn Write + Send>,
        targets: &Targets,
        spec: &RowSpec,
        chosen: Option<&[String]>,
    ) -> Result<Self, ExportError> {
        let columns = chosen.map_or_else(|| Column::list(spec), |names| chosen_columns(spec, names));
        let sink = format.stream(out, &columns, &targets.sink_options());
        Ok(Self { sink: sink.map_err(|error| ExportError::new(Path::new(NAME), error))?, columns })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If the stream can't be written.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        self.sink.write(&self.columns, row).map_err(|error| ExportError::new(Path::new(NAME), error))
    }

    /// Writes the buffered rows.
    ///
    /// # Errors
    /// If the stream can't be written.
    pub fn finish(self) -> Result<(), ExportError> {
        let finished = self.sink.finish().and_then(|mut out| Ok(out.flush()?));
        finished.map_err(|error| ExportError::new(Path::new(NAME), error))
    }
}
