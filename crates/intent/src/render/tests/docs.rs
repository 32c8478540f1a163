//! `docs/templates.md` says what is so.

use super::*;

const DOCS: &str = include_str!("../../../../../docs/templates.md");

fn rows() -> Vec<(String, String)> {
    let table = DOCS.split("| template (`.j2`) | result |\n").nth(1).unwrap();
    let cell = |cell: &str| cell.trim().trim_matches('`').replace("\\|", "|");
    let row = |line: &str| {
        let (template, result) = line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once("` | `")?;
        Some((cell(template), cell(result)))
    };
    table.lines().skip(1).map_while(row).collect()
}

#[test]
fn every_filter_in_the_table_gives_what_it_says() {
    for (template, result) in rows() {
        assert_eq!(render_as("t.j2", &template, json!({})).unwrap(), format!("{result}\n"), "{template}");
    }
}

#[test]
fn every_filter_is_in_the_table() {
    let rows = rows();
    let names = filters::all().map(|filter| filter.names).chain(filters::shared().map(|filter| filter.names));
    for names in names {
        let is_in = |name: &&str| rows.iter().any(|(template, _)| template.contains(&format!("| {name}")));
        assert!(names.iter().any(is_in), "{names:?}");
    }
}
