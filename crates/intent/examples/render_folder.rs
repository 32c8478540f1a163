//! Renders templates as naas does, for a comparison with what another program makes of them.
//!
//! ```console
//! $ cargo run -p intent --example render_folder -- FOLDER
//! $ cargo run -p intent --example render_folder -- - <CASES
//! ```
//!
//! **A folder.** `leaf.j2` is rendered once for each data file whose name begins with `leaf.`:
//! `leaf.yaml`, `leaf.spare.json`. A template without data is there for others to include. The
//! answer is one JSON object on standard output: by data file either `output`, without line breaks
//! at its end, or `error`.
//!
//! **Cases.** Each line of standard input is a JSON object: `templates` maps paths to texts,
//! `template` is the path to render, `data` is its data. Each is answered at once by a line with
//! `output` or `error`.
//!
//! **Data** is a map of what the template sees by name. Two names are special. `host` is the
//! device: `name`, `hostname`, `groups`, anything else is its inventory data; without it the device
//! is `leaf1`. `inventory` holds settings of the inventory's `defaults`, such as `variables:
//! nornir`, and under `hosts` the data of other devices. In place of these it may hold the files of
//! an inventory, paths to texts, under `ansible` or `nornir`: they are imported. What it has under
//! `model` are the settings of Jinja2 that the model says.

#![expect(clippy::print_stdout, reason = "a program that prints its result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use intent::inventory::Document;
use intent::inventory::{Inventory, import};
use intent::model::ModelFiles;
use intent::name::DeviceName;
use intent::render::{ModelSet, RenderError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Texts = BTreeMap<String, Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = env::args_os().nth(1).ok_or("usage: render_folder FOLDER|-")?;
    if argument == "-" { cases() } else { folder(&PathBuf::from(argument)) }
}

/// One line of standard input.
#[derive(Deserialize)]
struct Case {
    templates: BTreeMap<String, String>,
    template: String,
    data: Map<String, Value>,
}

/// Answers each line of standard input with a line.
fn cases() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let templates = case.templates.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        println!("{}", result(render(&templates, &case.template, case.data)));
    }
    Ok(())
}

/// Prints what all templates of a folder render to.
fn folder(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    let (templates, data): (Texts, _) = files.into_iter().partition(|(path, _)| is_template(path));
    let mut results = Map::new();
    for (path, bytes) in &data {
        if let Some(template) = template_of(path, &templates) {
            results.insert(path.clone(), result(read(bytes).and_then(|data| render(&templates, &template, data))));
        }
    }
    println!("{}", Value::Object(results));
    Ok(())
}

fn result(rendered: Result<String, String>) -> Value {
    rendered.map_or_else(|error| json!({ "error": error }), |output| json!({ "output": output }))
}

/// The template beside a data file.
fn template_of(path: &str, templates: &Texts) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = name.split('.').next().unwrap_or(name);
    let place = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
    ["j2", "tera", "cfg"].iter().map(|ending| format!("{place}.{ending}")).find(|path| templates.contains_key(path))
}

fn is_template(path: &str) -> bool {
    [".j2", ".tera", ".cfg"].iter().any(|ending| path.ends_with(ending))
}

fn collect(folder: &Path, prefix: &str, files: &mut Texts) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn read(data: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(data).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn render(templates: &Texts, template: &str, mut data: Map<String, Value>) -> Result<String, String> {
    let mut settings = map(data.remove("inventory"));
    let of_model = settings.remove("model").unwrap_or_else(|| json!({}));
    let imported = ["ansible", "nornir"].into_iter().find_map(|tool| Some((tool, settings.remove(tool)?)));
    let (name, inventory) = inventory(data.remove("host"), settings);
    let document = match imported {
        Some((tool, files)) => imported_document(tool, files)?,
        None => inventory.to_string(),
    };
    let document = Document::new("inventory.yaml", document.into_bytes()).of_this_machine();
    let inventory = Inventory::parse(&[document]).map_err(|error| error.to_string())?;
    let device = DeviceName::new(&name).ok().and_then(|name| inventory.device(&name)).ok_or("not a device's name")?;
    let model = json!({"name": "model", "group": "global", "template": template, "data": data, "jinja": of_model});
    let mut files = templates.clone();
    files.insert("model.json".to_owned(), model.to_string().into_bytes());
    let models = ModelSet::read(&ModelFiles(files)).map_err(|error| error.to_string())?;
    match models.render_text(&device) {
        Ok(rendered) => Ok(rendered.configuration.trim_end_matches('\n').to_owned()),
        Err(RenderError::Empty(_)) => Ok(String::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn map(value: Option<Value>) -> Map<String, Value> {
    if let Some(Value::Object(map)) = value { map } else { Map::new() }
}

/// The document that an import makes of another tool's files.
fn imported_document(tool: &str, files: Value) -> Result<String, String> {
    let files = map(Some(files)).into_iter();
    let files = files.map(|(path, text)| (path, text.as_str().unwrap_or_default().as_bytes().to_vec())).collect();
    let imported = import::import(tool.parse()?, &files).map_err(|error| error.to_string())?;
    Ok(imported.document)
}

/// The device's name, and an inventory that it stands in.
fn inventory(host: Option<Value>, mut settings: Map<String, Value>) -> (String, Value) {
    let mut host = map(host);
    let name = host.remove("name").and_then(|name| name.as_str().map(str::to_owned));
    let name = name.unwrap_or_else(|| "leaf1".to_owned());
    let address = host.remove("hostname").unwrap_or_else(|| "192.0.2.1".into());
    let groups = host.remove("groups").unwrap_or_else(|| json!([]));
    let known: Map<_, _> = groups
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| Some((group.as_str()?.to_owned(), json!({}))))
        .collect();
    let others = map(settings.remove("hosts")).into_iter().map(|(name, data)| (name, json!({"data": data})));
    let mut hosts = Map::from_iter([(name.clone(), json!({"hostname": address, "groups": groups, "data": host}))]);
    hosts.extend(others);
    (name, json!({"hosts": hosts, "groups": known, "defaults": settings}))
}
