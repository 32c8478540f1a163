//! How long one rendering takes, for the benchmark: `render_many TEMPLATE MODEL REPEATS` prints
//! microseconds of wall clock.
//!
//! The model is a JSON document with `data`. What is measured is what an enforcer does for each
//! device: the device out of the inventory, the rendering, and the checks of what it gives. Models
//! and inventory are parsed before.

#![expect(clippy::print_stdout, reason = "a program that prints its result")]

use std::error::Error;
use std::time::Instant;
use std::{env, fs};

use intent::inventory::{Document, Inventory};
use intent::model::ModelFiles;
use intent::name::DeviceName;
use intent::render::ModelSet;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [template, model, repeats] = arguments.as_slice() else {
        return Err("usage: render_many TEMPLATE MODEL REPEATS".into());
    };
    let repeats: u32 = repeats.parse()?;
    let data = serde_json::from_slice::<Value>(&fs::read(model)?)?["data"].take();
    let model = json!({"name": "base", "group": "global", "template": "switch.j2", "data": data}).to_string();
    let files = [("base.json".to_owned(), model.into_bytes()), ("switch.j2".to_owned(), fs::read(template)?)];
    let models = ModelSet::read(&ModelFiles(files.into()))?;
    let inventory = json!({"hosts": {"leaf1": {"hostname": "192.0.2.1"}}}).to_string();
    let inventory = Inventory::parse(&[Document::new("inventory.json", inventory.into_bytes())])?;
    let name = DeviceName::new("leaf1")?;
    let began = Instant::now();
    for _ in 0..repeats {
        let device = inventory.device(&name).ok_or("the device is in the inventory")?;
        models.render_text(&device)?;
    }
    println!("{:.1}", began.elapsed().as_secs_f64() * 1e6 / f64::from(repeats));
    Ok(())
}
