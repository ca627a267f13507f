//! The parts of a compose file that name something in the repository or elsewhere in the file.

use std::collections::BTreeMap;

use serde_json::Value;

/// A parsed compose file.
#[derive(Debug)]
pub struct Compose {
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) volumes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Service {
    /// The Dockerfile's target, for what is built here.
    pub(crate) target: Option<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Published ports, as written: `127.0.0.1:4000:4000`.
    pub(crate) ports: Vec<String>,
    /// Names of named volumes.
    pub(crate) volumes: Vec<String>,
    /// Name and condition.
    pub(crate) depends_on: BTreeMap<String, String>,
    pub(crate) has_healthcheck: bool,
}

impl Compose {
    /// # Errors
    /// When it is no YAML, or has no services.
    pub fn parse(text: &str) -> Result<Compose, String> {
        let document: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let services = document["services"]
            .as_object()
            .ok_or("the compose file has no `services`")?;
        let services = services
            .iter()
            .map(|(name, service)| (name.clone(), Service::read(service)))
            .collect();
        let volumes = document["volumes"]
            .as_object()
            .map(|found| found.keys().cloned().collect())
            .unwrap_or_default();
        Ok(Compose { services, volumes })
    }
}

impl Service {
    fn read(service: &Value) -> Service {
        let depends_on = pairs(&service["depends_on"], |on| text(&on["condition"]));
        let volumes = texts(&service["volumes"]);
        let named = volumes.iter().filter_map(|volume| volume.split(':').next());
        Service {
            target: service["build"]["target"].as_str().map(str::to_owned),
            environment: pairs(&service["environment"], text),
            ports: texts(&service["ports"]),
            volumes: named
                .filter(|name| !name.starts_with(['.', '/']))
                .map(str::to_owned)
                .collect(),
            depends_on,
            has_healthcheck: service["healthcheck"]["test"].is_array(),
        }
    }
}

fn pairs(map: &Value, value: impl Fn(&Value) -> String) -> BTreeMap<String, String> {
    map.as_object()
        .into_iter()
        .flatten()
        .map(|(key, found)| (key.clone(), value(found)))
        .collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
