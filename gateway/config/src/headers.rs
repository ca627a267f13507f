//! `headers`: what goes on of a client's headers, for all subgraphs and for one.

use indexmap::IndexMap;

use crate::{
    ConfigError,
    raw::{RawHeaders, RawSubgraphHeaders},
    validate::At,
};

/// Identity and language; everything else stays with the gateway.
const DEFAULT_FORWARD: [&str; 2] = ["authorization", "accept-language"];

/// They go on to every subgraph, whatever the lists say.
const TRACE_CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// Headers that describe one connection or one body: they mean nothing on another.
const OF_ONE_CONNECTION: [&str; 19] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// What a subgraph gets to see of a client's headers. Names are in lower case and stand in one place each: what is set
/// or renamed to is not forwarded as well. `traceparent` and `tracestate` go on in any case and are not named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderConfig {
    pub forward: Vec<String>,
    /// The subgraph's name by the client's.
    pub rename: IndexMap<String, String>,
    pub set: IndexMap<String, String>,
}

impl HeaderConfig {
    /// The client's headers that the subgraph gets to see.
    pub fn of_clients(&self) -> impl Iterator<Item = &str> {
        self.forward.iter().chain(self.rename.keys()).map(String::as_str)
    }
}

/// The list of the top level.
pub(crate) fn for_all(at: &At<'_>, raw: RawHeaders) -> Result<Vec<String>, ConfigError> {
    match raw.forward {
        Some(list) => names(at, "headers.forward", &list),
        None => Ok(DEFAULT_FORWARD.map(str::to_owned).to_vec()),
    }
}

pub(crate) fn inherited(for_all: &[String]) -> HeaderConfig {
    HeaderConfig {
        forward: for_all.to_vec(),
        ..HeaderConfig::default()
    }
}

/// `key` is that of the subgraph's headers.
pub(crate) fn of_subgraph(
    at: &At<'_>,
    key: &str,
    raw: RawSubgraphHeaders,
    for_all: &[String],
) -> Result<HeaderConfig, ConfigError> {
    let section = |name: &str| format!("{key}.{name}");
    let own = raw.forward.is_some();
    let mut forward = match raw.forward {
        Some(list) => names(at, &section("forward"), &list)?,
        None => for_all.to_vec(),
    };
    let mut rename = IndexMap::new();
    for (from, to) in &raw.rename {
        let (from, to) = (
            named(at, &section("rename"), from)?,
            named(at, &section("rename"), to)?,
        );
        rename.insert(from, to);
    }
    let mut set = IndexMap::new();
    for (header, text) in raw.set {
        let header = named(at, &section("set"), &header)?;
        value(at, &section("set"), &header, &text)?;
        set.insert(header, text);
    }
    let remove = raw
        .remove
        .iter()
        .map(|header| named(at, &section("remove"), header));
    let remove = remove.collect::<Result<Vec<_>, _>>()?;

    // Each name has one meaning; what comes from the list for all gives way.
    let mut said: Vec<(&str, &str)> = Vec::new();
    let listed = forward.iter().filter(|_| own).map(|name| ("forward", name));
    let targets = rename.values().map(|name| ("rename", name));
    let fixed = set.keys().map(|name| ("set", name));
    let removed = remove.iter().map(|name| ("remove", name));
    for (section_name, name) in listed.chain(targets).chain(fixed).chain(removed) {
        if let Some((before, _)) = said.iter().find(|(_, known)| known == name) {
            let reason = format!("`{name}` stands under `{before}` already; say one thing of it");
            return Err(at.invalid(section(section_name), reason));
        }
        said.push((section_name, name));
    }
    if let Some(both) = rename
        .keys()
        .find(|name| remove.contains(name) || (own && forward.contains(name)))
    {
        let reason = format!("`{both}` is renamed, and stands under `forward` or `remove` as well");
        return Err(at.invalid(section("rename"), reason));
    }
    forward.retain(|name| {
        let replaced = rename.values().any(|target| target == name);
        !(replaced || rename.contains_key(name) || set.contains_key(name) || remove.contains(name))
    });
    Ok(HeaderConfig { forward, rename, set })
}

/// Of a list of headers to forward. The trace context may stand there; it goes on anyway.
fn names(at: &At<'_>, key: &str, list: &[String]) -> Result<Vec<String>, ConfigError> {
    let mut names = Vec::with_capacity(list.len());
    for text in list {
        let name = name(at, key, text)?;
        if !names.contains(&name) && !TRACE_CONTEXT.contains(&name.as_str()) {
            names.push(name);
        }
    }
    Ok(names)
}

/// A name that something is said of.
fn named(at: &At<'_>, key: &str, text: &str) -> Result<String, ConfigError> {
    let name = name(at, key, text)?;
    match TRACE_CONTEXT.contains(&name.as_str()) {
        true => {
            let reason =
                format!("`{name}` goes on to every subgraph as the client sent it, which no rule changes");
            Err(at.invalid(key, reason))
        }
        false => Ok(name),
    }
}

/// The name in lower case.
pub(crate) fn name(at: &At<'_>, key: &str, name: &str) -> Result<String, ConfigError> {
    let lower = name.to_ascii_lowercase();
    let is_token = !lower.is_empty()
        && lower
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte));
    if !is_token {
        return Err(at.invalid(key, format!("`{name}` is no header name")));
    }
    if OF_ONE_CONNECTION.contains(&lower.as_str()) {
        let reason = format!(
            "`{name}` describes one connection or one body and cannot go on to another: the gateway sends its own"
        );
        return Err(at.invalid(key, reason));
    }
    Ok(lower)
}

fn value(at: &At<'_>, key: &str, name: &str, value: &str) -> Result<(), ConfigError> {
    match value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        true => Ok(()),
        // Not the value itself: it may be a secret.
        false => Err(at.invalid(
            key,
            format!("the value of `{name}` has characters other than visible ASCII and spaces"),
        )),
    }
}

#[cfg(test)]
mod tests;
