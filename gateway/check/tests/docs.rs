//! docs/schema-checks.md has every kind of change as the code has it. `CAUSEWAY_BLESS=1` writes its table again.

use std::{fs, path::Path};

use causeway_check::Kind;

#[test]
fn the_documented_kinds_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema-checks.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- kinds: begin").unwrap();
    let (begin, rest) = rest.split_once("-->\n").unwrap();
    let (found, after) = rest.split_once("<!-- kinds: end -->").unwrap();
    let table = table();
    if std::env::var_os("CAUSEWAY_BLESS").is_some() {
        let page = format!("{before}<!-- kinds: begin{begin}-->\n{table}<!-- kinds: end -->{after}");
        fs::write(&path, page).unwrap();
    } else {
        assert_eq!(found, table, "run it with CAUSEWAY_BLESS=1");
    }
}

fn table() -> String {
    let row = |kind: &Kind| {
        let (code, criticality) = (kind.as_str(), kind.criticality().as_str());
        format!(
            "| `{code}` | {criticality} | {} | {} |\n",
            kind.title(),
            kind.why()
        )
    };
    let rows: String = Kind::ALL.iter().map(row).collect();
    format!("\n| code | criticality | what | why |\n| --- | --- | --- | --- |\n{rows}\n")
}
