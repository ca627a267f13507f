//! `@cacheControl`, which is no directive of federation's: each subgraph defines it for itself, or links it from
//! <https://specs.apollo.dev/cache/v0.1>. Which name it has, and what an application says.

use crate::link::Links;
use crate::spec::Fed;
use crate::subgraph::{Applied, Subgraph};
use apollo_compiler::Name;
use apollo_compiler::ast::{Directive, Value};
use causeway_model::CacheControl;

pub(crate) const CACHE_CONTROL: &str = "cacheControl";

/// Whether a directive's local name means `@cacheControl`.
fn is(links: &Links, local: &str) -> bool {
    match links.source_of(local) {
        Some((link, element)) if link.url.is_apollo("cache") => element == CACHE_CONTROL,
        _ => local == CACHE_CONTROL,
    }
}

/// What the `@cacheControl` among these says, if there is one and it says anything.
pub(crate) fn of(links: &Links, applied: &[Applied]) -> Option<CacheControl> {
    let applied = applied.iter().find(|applied| is(links, &applied.local))?;
    read(|name| applied.argument(name).map(|value| &**value))
}

/// The same of a `@join__directive`'s `args`.
pub(crate) fn in_supergraph(directive: &Directive) -> Option<CacheControl> {
    let arguments = directive.specified_argument_by_name("args")?.as_object()?;
    read(|name| {
        let found = arguments.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value)
    })
}

/// A subgraph may define the directive in its own way: what is not of the known form says nothing.
fn read<'a>(argument: impl Fn(&str) -> Option<&'a Value>) -> Option<CacheControl> {
    let max_age = argument("maxAge").and_then(Value::to_i32);
    let scope = argument("scope").and_then(|scope| match scope {
        Value::Enum(name) => Some(name.as_str()),
        other => other.as_str(),
    });
    let inherit = argument("inheritMaxAge").and_then(Value::to_bool);
    let control = CacheControl {
        // Below zero nothing is left of an age.
        max_age: max_age.map(|seconds| u32::try_from(seconds).unwrap_or(0)),
        private: match scope {
            Some("PRIVATE") => Some(true),
            Some("PUBLIC") => Some(false),
            _ => None,
        },
        inherit: inherit.unwrap_or(false),
    };
    (control != CacheControl::default()).then_some(control)
}

/// Takes out the type of the directive's `scope`, which belongs to the directive: clients have no use for it. One that something
/// else names too stays, and so does that of a composed directive, whose definition goes into the supergraph.
pub(crate) fn drop_scope(subgraph: &mut Subgraph) {
    let definitions = &subgraph.directives;
    let own = definitions
        .values()
        .find(|definition| is(&subgraph.links, &definition.name) && !is_composed(subgraph, &definition.name));
    let scope = own.and_then(|own| own.arguments.iter().find(|argument| argument.name == "scope"));
    let Some(scope) = scope.map(|scope| scope.ty.inner_named_type().clone()) else {
        return;
    };
    let elsewhere = definitions
        .values()
        .filter(|definition| !is(&subgraph.links, &definition.name))
        .flat_map(|definition| &definition.arguments)
        .any(|argument| *argument.ty.inner_named_type() == scope);
    if !elsewhere && !is_named(subgraph, &scope) {
        subgraph.types.shift_remove(&scope);
    }
}

fn is_composed(subgraph: &Subgraph, name: &Name) -> bool {
    let mut composed = subgraph
        .schema_directives
        .iter()
        .filter(|applied| applied.is(Fed::ComposeDirective));
    composed.any(|applied| {
        let named = applied.argument("name").and_then(|value| value.as_str());
        named.and_then(|named| named.strip_prefix('@')) == Some(name.as_str())
    })
}

fn is_named(subgraph: &Subgraph, ty: &Name) -> bool {
    subgraph.types.values().any(|def| {
        let inputs = def.inputs.values();
        let arguments = def.fields.values().flat_map(|field| field.arguments.values());
        def.fields.values().any(|field| field.ty.inner_named_type() == ty)
            || inputs
                .chain(arguments)
                .any(|input| input.ty.inner_named_type() == ty)
    })
}
