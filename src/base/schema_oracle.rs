//! A JSON Schema as tests use it: another implementation decides whether a value is valid.

use serde_json::Value;

/// A compiled JSON Schema of draft 2020-12, `format` included.
pub(crate) struct SchemaOracle {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl SchemaOracle {
    /// # Errors
    /// What makes `schema` invalid.
    pub(crate) fn new(schema: &Value) -> Result<Self, String> {
        const NAME: &str = "urn:schema";
        let mut compiler = boon::Compiler::new();
        compiler.set_default_draft(boon::Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(NAME, schema.clone()).map_err(|error| format!("{error:#}"))?;
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile(NAME, &mut schemas).map_err(|error| format!("{error:#}"))?;
        Ok(Self { schemas, index })
    }

    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.check(value).is_ok()
    }

    /// # Errors
    /// Where `value` is not valid, and why.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        self.schemas.validate(value, self.index).map_err(|error| format!("{error:#}"))
    }
}
