//! The data of models, held against the JSON Schemas beside their templates before anything is
//! rendered.
//!
//! A schema is JSON or YAML, draft 2020-12 unless its `$schema` says otherwise. It may refer to
//! others in the same bucket or folder (`$ref: ../common.schema.json#/$defs/vlan`) and to nothing
//! outside. `format` is checked.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use jsonschema::{Retrieve, Uri, ValidationError, Validator};
use serde_json::Value;

use super::{MAX_FILE, Model, below, place};
use crate::model::ModelFiles;
use crate::yaml::{self, Node, NodeKind};

/// Why the data of a model cannot be given to its template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The data is not what the schema asks for.
    #[error("model {model}{}{}: {reason} ({schema}){}", place(*.line, *.column), below(.at), and_more(*.others))]
    Data {
        /// The model's file.
        model: String,
        /// Line from 1; 0 if unknown.
        line: u64,
        /// The column, counted from 1.
        column: u64,
        /// Such as `data.ports[3].vlan`.
        at: String,
        /// What was expected; text found there is not shown, as it may be a secret.
        reason: String,
        /// The schema's file.
        schema: String,
        /// How many more such faults there are.
        others: usize,
    },
    /// The file beside the template is no JSON Schema.
    #[error("data schema {schema}{}: {reason}", place(*.line, *.column))]
    Schema {
        /// The schema's file.
        schema: String,
        /// Line from 1; 0 if unknown.
        line: u64,
        /// The column, counted from 1.
        column: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Under which the files of the bucket or folder are known to schemas that refer to each other.
const BASE: &str = "naas:///";

const ENDINGS: [&str; 3] = [".schema.json", ".schema.yaml", ".schema.yml"];

/// Whether a file is a data schema, and no model.
pub(super) fn is_schema(path: &str) -> bool {
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// All schemas, each compiled when the first model needs it.
pub(super) struct Schemas {
    parsed: Arc<Parsed>,
    compiled: BTreeMap<String, Result<Validator, Unfit>>,
}

struct Parsed(BTreeMap<String, Result<Node, Unfit>>);

impl Schemas {
    pub(super) fn new(files: &ModelFiles) -> Self {
        let schemas = files.0.iter().filter(|(path, _)| is_schema(path));
        let parsed = schemas.map(|(path, text)| (path.clone(), parse(path, text))).collect();
        Self { parsed: Arc::new(Parsed(parsed)), compiled: BTreeMap::new() }
    }

    /// Holds the data of `model`, which was read from `node`, against the schema of its template,
    /// if there is one.
    pub(super) fn check(&mut self, model: &Model, node: &Node) -> Result<(), Unfit> {
        let stem = model.template.rsplit_once('.').map_or(model.template.as_str(), |(stem, _)| stem);
        let paths = ENDINGS.map(|ending| format!("{stem}{ending}"));
        let Some(path) = paths.iter().find(|path| self.parsed.0.contains_key(*path)) else { return Ok(()) };
        let parsed = &self.parsed;
        let compiled = self.compiled.entry(path.clone()).or_insert_with(|| compile(path, parsed));
        let schema = compiled.as_ref().map_err(Clone::clone)?;
        let data = Value::Object(model.data.clone());
        let mut errors = schema.iter_errors(&data);
        let Some(first) = errors.next() else { return Ok(()) };
        let (at, line, column) = locate(node, first.instance_path().as_str());
        let (model, schema, reason) = (model.path.clone(), path.clone(), reason(&first));
        Err(Unfit::Data { model, line, column, at, reason, schema, others: errors.count() })
    }
}

fn parse(path: &str, text: &[u8]) -> Result<Node, Unfit> {
    let none = |line, column, reason| Unfit::Schema { schema: path.to_owned(), line, column, reason };
    if text.len() > MAX_FILE {
        return Err(none(0, 0, format!("is larger than {} MiB", MAX_FILE >> 20)));
    }
    yaml::read(text).map_err(|error| none(error.line, error.column, error.reason))
}

fn compile(path: &str, parsed: &Arc<Parsed>) -> Result<Validator, Unfit> {
    let none = |line, column, reason| Unfit::Schema { schema: path.to_owned(), line, column, reason };
    let node = match &parsed.0[path] {
        Ok(node) => node,
        Err(unfit) => return Err(unfit.clone()),
    };
    jsonschema::options()
        .with_base_uri(format!("{BASE}{path}"))
        .with_retriever(Bucket(Arc::clone(parsed)))
        .should_validate_formats(true)
        .build(&node.to_value())
        .map_err(|error| {
            let (at, line, column) = locate(node, error.instance_path().as_str());
            let at = at.strip_prefix("data.").map(|at| format!("at {at}: ")).unwrap_or_default();
            none(line, column, format!("is not a JSON Schema: {at}{error}"))
        })
}

/// Schemas that others refer to.
struct Bucket(Arc<Parsed>);

impl Retrieve for Bucket {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let path = uri.as_str().strip_prefix(BASE).ok_or("only schemas among the models can be referred to")?;
        match self.0.0.get(path) {
            Some(Ok(node)) => Ok(node.to_value()),
            Some(Err(unfit)) => Err(unfit.to_string().into()),
            None => Err(format!("there is no {path}").into()),
        }
    }
}

/// The parser's sentence, in which numbers may be seen and texts may not.
fn reason(error: &ValidationError<'_>) -> String {
    match error.instance().as_ref() {
        Value::Null | Value::Bool(_) | Value::Number(_) => error.to_string(),
        Value::String(_) => error.masked_with("the text").to_string(),
        Value::Array(_) => error.masked_with("the list").to_string(),
        Value::Object(_) => error.masked_with("the map").to_string(),
    }
}

/// From a JSON pointer below `data` to a path, and the place of what is there.
fn locate(model: &Node, pointer: &str) -> (String, u64, u64) {
    let mut path = "data".to_owned();
    let mut node = model.get("data").unwrap_or(model);
    for key in pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")) {
        match node.kind {
            NodeKind::List(_) => path.push_str(&format!("[{key}]")),
            _ => path.push_str(&format!(".{key}")),
        }
        let Some(below) = node.get(&key) else { break };
        node = below;
    }
    (path, node.line, node.column)
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 more value does not fit".to_owned(),
        others => format!("; {others} more values do not fit"),
    }
}
