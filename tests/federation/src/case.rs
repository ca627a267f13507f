//! The case folders; the README tells what may stand in one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use crate::World;

/// One folder.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// `expected.json`.
    pub path: PathBuf,
    /// Name and SDL.
    pub subgraphs: Vec<(String, String)>,
    /// The codes for which it must not compose; such a case has nothing else.
    pub refused: Option<Vec<String>>,
    pub world: World,
    pub operations: Vec<CaseOperation>,
}

#[derive(Debug)]
pub struct CaseOperation {
    pub name: String,
    pub text: String,
    pub variables: Map<String, Value>,
    /// Labels of progressive overrides that are on.
    pub labels: Vec<String>,
    pub expected: Expected,
}

/// What `expected.json` says of one operation.
#[derive(Debug, Clone)]
pub struct Expected(pub Value);

impl Expected {
    /// Why an answer is not what it should be. `called` are the subgraphs that were asked, in order.
    ///
    /// # Errors
    /// What differs, with both sides.
    pub fn compare(&self, data: &Value, errors: &[Value], called: &[String]) -> Result<(), String> {
        let wrong = |what: &str, wanted: &Value, got: &Value| {
            Err(format!("{what}\nexpected {wanted}\ngot      {got}"))
        };
        if self.0["data"] != *data {
            return wrong("data", &self.0["data"], data);
        }
        if self.0.get("errors").unwrap_or(&json!([])) != &short(errors) {
            return wrong("errors", &self.0["errors"], &json!(errors));
        }
        if self.most() < Some(called.len() as u64) {
            return wrong("calls", &json!(self.most()), &json!(called));
        }
        match self.0.get("order") {
            Some(wanted) if *wanted != json!(called) => wrong("order", wanted, &json!(called)),
            _ => Ok(()),
        }
    }

    /// The requests that the best plan makes.
    pub fn best(&self) -> Option<u64> {
        self.0["calls"].as_u64()
    }

    /// The planner is known to make more requests than the best plan.
    pub fn is_planned_badly(&self) -> bool {
        self.0.get("planned").is_some()
    }

    /// The planner is known to find no plan.
    pub fn is_unplanned(&self) -> bool {
        self.0["unplanned"] == json!(true)
    }

    /// The monolith agrees, as it does not where an entity cannot be loaded.
    pub fn is_the_monoliths(&self) -> bool {
        self.0.get("errors").is_none() && self.0["monolith"] != json!(false)
    }

    fn most(&self) -> Option<u64> {
        self.0["planned"].as_u64().or_else(|| self.best())
    }
}

/// Errors by path and code.
pub fn short(errors: &[Value]) -> Value {
    let short = errors
        .iter()
        .map(|error| json!({ "path": error["path"], "code": error["extensions"]["code"] }));
    short.collect()
}

impl Case {
    /// All of them, by name.
    ///
    /// # Panics
    /// A file cannot be read.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
        let entries = fs::read_dir(&folder).expect("the cases are there");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(folder: &Path) -> Self {
        let path = folder.join("expected.json");
        let expected = json_file(&path);
        let refused = expected["$composition"].as_array().map(|codes| {
            let codes = codes.iter().filter_map(Value::as_str);
            codes.map(ToOwned::to_owned).collect()
        });
        let data = json_file(&folder.join("data.json"));
        let mut case = Self {
            name: name_of(folder),
            path,
            subgraphs: Vec::new(),
            refused,
            world: World::new(if data.is_null() { json!({}) } else { data }),
            operations: Vec::new(),
        };
        let entries = fs::read_dir(folder).expect("a folder");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|ext| ext == "graphql"))
        {
            let name = name_of(file);
            let text = fs::read_to_string(file).expect("readable");
            let start = text.trim_start();
            if !["query", "mutation", "{", "fragment"]
                .iter()
                .any(|word| start.starts_with(word))
            {
                case.subgraphs.push((name, text));
                continue;
            }
            let variables = match json_file(&folder.join(format!("{name}.variables.json"))) {
                Value::Object(variables) => variables,
                _ => Map::new(),
            };
            let labels = json_file(&folder.join(format!("{name}.labels.json")));
            let labels = labels.as_array().into_iter().flatten();
            let expected = Expected(expected[&name].clone());
            case.operations.push(CaseOperation {
                name,
                text,
                variables,
                labels: labels
                    .filter_map(|name| Some(name.as_str()?.to_owned()))
                    .collect(),
                expected,
            });
        }
        case
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().expect("a name").display().to_string()
}

/// Null when there is no such file.
fn json_file(path: &Path) -> Value {
    let Ok(text) = fs::read_to_string(path) else {
        return Value::Null;
    };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
