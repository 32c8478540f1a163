//! Renders a folder of templates as naas does, for a comparison with what another program makes of them.
//!
//! ```console
//! $ cargo run -p intent --example render_folder -- FOLDER
//! ```
//!
//! `leaf.j2` is rendered once for each data file whose name begins with `leaf.`: `leaf.yaml`, `leaf.spare.json`. A template without
//! data is there for others to include. A data file is a map of what the template sees by name. If it has a map `host`, that is the
//! device: `name`, `hostname`, `groups`, anything else its data; without it the device is `leaf1`.
//!
//! The answer is one JSON object on standard output: by data file either `output`, without line breaks at its end, or `error`.

#![expect(clippy::print_stdout, reason = "a program that prints its result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use intent::inventory::Document;
use intent::inventory::Inventory;
use intent::model::ModelFiles;
use intent::name::DeviceName;
use intent::render::{ModelSet, RenderError};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: render_folder FOLDER")?);
    let mut files = BTreeMap::new();
    collect(&folder, "", &mut files)?;
    let (templates, data): (BTreeMap<_, _>, _) = files.into_iter().partition(|(path, _)| is_template(path));
    let mut results = Map::new();
    for (path, bytes) in &data {
        let (folder, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let stem = name.split('.').next().unwrap_or(name);
        let place = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
        let template = ["j2", "tera", "cfg"].map(|ending| format!("{place}.{ending}"));
        if let Some(template) = template.into_iter().find(|template| templates.contains_key(template)) {
            let result = render(&templates, &template, bytes)
                .map_or_else(|error| json!({ "error": error }), |output| json!({ "output": output }));
            results.insert(path.clone(), result);
        }
    }
    println!("{}", Value::Object(results));
    Ok(())
}

fn is_template(path: &str) -> bool {
    [".j2", ".tera", ".cfg"].iter().any(|ending| path.ends_with(ending))
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Box<dyn Error>> {
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

fn render(templates: &BTreeMap<String, Vec<u8>>, template: &str, data: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(data).map_err(|error| error.to_string())?;
    let mut data: Map<String, Value> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mut host = match data.remove("host") {
        Some(Value::Object(host)) => host,
        _ => Map::new(),
    };
    let name =
        host.remove("name").and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_else(|| "leaf1".to_owned());
    let address = host.remove("hostname").unwrap_or_else(|| "192.0.2.1".into());
    let groups: Vec<String> =
        host.remove("groups").and_then(|groups| serde_json::from_value(groups).ok()).unwrap_or_default();
    let known: Map<_, _> = groups.iter().map(|group| (group.clone(), json!({}))).collect();
    let inventory = json!({"hosts": {&name: {"hostname": address, "groups": groups, "data": host}}, "groups": known});
    let inventory = Inventory::parse(&[Document::new("inventory.json", inventory.to_string().into_bytes())])
        .map_err(|error| error.to_string())?;
    let device = DeviceName::new(&name).ok().and_then(|name| inventory.device(&name)).ok_or("not a device's name")?;
    let model = json!({"name": "model", "group": "global", "template": template, "data": data}).to_string();
    let mut files = templates.clone();
    files.insert("model.json".to_owned(), model.into_bytes());
    let models = ModelSet::read(&ModelFiles(files)).map_err(|error| error.to_string())?;
    match models.render_text(&device) {
        Ok(rendered) => Ok(rendered.configuration.trim_end_matches('\n').to_owned()),
        Err(RenderError::Empty(_)) => Ok(String::new()),
        Err(error) => Err(error.to_string()),
    }
}
