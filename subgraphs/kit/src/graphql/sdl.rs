//! The SDL that a service shows: async-graphql's, with `@cacheTag` as federation knows it.
//!
//! async-graphql 7.2 links federation v2.5; `@cacheTag` came with v2.12, and for async-graphql it is a directive of the
//! service's own. Where a schema uses it, the link is raised and the definition left out.

use async_graphql::{ObjectType, Response, SDLExportOptions, Schema, SubscriptionType, TypeDirective, Value};

const LINKED: &str = r#"url: "https://specs.apollo.dev/federation/v2.5","#;
const WITH_CACHE_TAGS: &str = r#"url: "https://specs.apollo.dev/federation/v2.12","#;
const IMPORT: &str = r#"import: ["@key", "#;
const IMPORT_WITH_CACHE_TAGS: &str = r#"import: ["@key", "@cacheTag", "#;
const DEFINITION: &str = "directive @cacheTag(";

// Names what a cached answer is about, so that an event with the same tag makes it go. On a field of Query the format
// may hold `{$args.name}`, on an entity `{$key.name}`. (A doc comment would become a description in the SDL.)
#[TypeDirective(
    name = "cacheTag",
    location = "FieldDefinition",
    location = "Object",
    repeatable
)]
pub fn cache_tag(format: String) {}

/// The federation SDL; the same bytes for the same schema.
pub fn federation_sdl<Q, M, S>(schema: &Schema<Q, M, S>) -> String
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    Sdl::of(schema).shown
}

/// A schema's SDL in both forms, for `_service { sdl }`, which async-graphql answers itself.
pub(super) struct Sdl {
    exported: String,
    shown: String,
}

impl Sdl {
    pub(super) fn of<Q, M, S>(schema: &Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let exported = schema.sdl_with_options(SDLExportOptions::new().federation().compose_directive());
        let shown = with_cache_tags(&exported);
        Self { exported, shown }
    }

    /// Puts the SDL that is shown where the response has the exported one. For requests that ask for `_service`.
    pub(super) fn show(&self, response: &mut Response) {
        let Value::Object(data) = &mut response.data else {
            return;
        };
        for service in data.values_mut() {
            let Value::Object(fields) = service else { continue };
            for field in fields.values_mut() {
                if matches!(field, Value::String(text) if *text == self.exported) {
                    *field = Value::String(self.shown.clone());
                }
            }
        }
    }
}

fn with_cache_tags(exported: &str) -> String {
    if !exported.contains("@cacheTag(format:") {
        return exported.to_owned();
    }
    let lines = exported.lines().filter(|line| !line.starts_with(DEFINITION));
    let sdl: String = lines.flat_map(|line| [line, "\n"]).collect();
    sdl.replacen(LINKED, WITH_CACHE_TAGS, 1)
        .replacen(IMPORT, IMPORT_WITH_CACHE_TAGS, 1)
}
