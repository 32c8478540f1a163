//! Any texts as inventory and model, with `---` between them: an error in one sentence, or configurations for the devices.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use intent::inventory::Inventory;
use intent::inventory::Document;
use intent::model::ModelFiles;
use intent::render::ModelSet;

const TEMPLATE: &[u8] = b"hostname {{ host.name }}\n{% for name, value in model.lines %}{{ name }} {{ value }}\n{% endfor %}";

fuzz_target!(|text: &str| {
    let (inventory, model) = text.split_once("\n---\n").unwrap_or((text, ""));
    let inventory = Inventory::parse(&[Document::new("inventory.yaml", inventory.as_bytes().to_vec()).of_this_machine()]);
    let files = BTreeMap::from([("m.yaml".to_owned(), model.as_bytes().to_vec()), ("t.tera".to_owned(), TEMPLATE.to_vec())]);
    let models = ModelSet::read(&ModelFiles(files));
    let (Ok(inventory), Ok(models)) = (inventory, models) else { return };
    for name in inventory.names() {
        let device = inventory.device(name).expect("it has a device of each of its names");
        if let Ok(rendered) = models.render(&device) {
            let smuggled = rendered.configuration.lines().any(|line| line.contains(['\r', '\u{0}']));
            assert!(!smuggled, "{:?}", rendered.configuration);
        }
    }
});
