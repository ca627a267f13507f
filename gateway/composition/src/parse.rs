//! Text to a valid GraphQL schema: the first phase, one subgraph at a time.
//!
//! Puts federation's own definitions in place of whatever the subgraph wrote for them, then validates
//! against the GraphQL specification. Never panics on any input; depth is bounded by the parser.

mod definitions;
mod links;
pub(crate) mod one_of;

use crate::SubgraphInput;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::link::{Links, Version};
use crate::spec::FEDERATION_1;
use crate::subgraph::{Location, span_in};
use apollo_compiler::Schema;
use apollo_compiler::ast::{Definition, Document};
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::DiagnosticList;
use indexmap::IndexSet;

/// Selection sets, values and list types nested deeper than this are refused.
const MAX_DEPTH: usize = 200;
/// Tokens of one subgraph's text; about 50 MB of SDL.
const MAX_TOKENS: usize = 8_000_000;

/// A subgraph whose text is a valid schema.
pub(crate) struct Parsed<'a> {
    pub(crate) input: &'a SubgraphInput,
    pub(crate) schema: Schema,
    pub(crate) links: Links,
    pub(crate) version: Version,
    /// Types that are written with a definition, not only with extensions.
    pub(crate) defined: IndexSet<String>,
}

/// Parses and validates. `None` when an error was pushed that makes the schema unusable.
pub(crate) fn parse<'a>(input: &'a SubgraphInput, diagnostics: &mut Diagnostics) -> Option<Parsed<'a>> {
    let mut report = Report {
        input,
        diagnostics,
        errors: 0,
    };
    let mut document = read_document(&mut report)?;
    let (links, problems) = Links::read(&document);
    links::check(&mut report, &links, problems);
    if report.errors > 0 {
        return None;
    }
    let version = links.federation().map_or(FEDERATION_1, |link| link.url.version);
    one_of::check(&mut report, &document, version);
    definitions::replace(&mut report, &mut document, &links, version);
    if report.errors > 0 {
        return None;
    }
    let defined = defined_types(&document);
    let schema = build(&mut report, &document, version);
    (report.errors == 0).then_some(Parsed {
        input,
        schema,
        links,
        version,
        defined,
    })
}

/// Pushes errors about one subgraph and counts them.
pub(crate) struct Report<'a, 'd> {
    pub(crate) input: &'a SubgraphInput,
    diagnostics: &'d mut Diagnostics,
    errors: usize,
}

impl Report<'_, '_> {
    pub(crate) fn error(&mut self, code: Code, location: Location, message: &str, help: Option<String>) {
        let SubgraphInput {
            name, source, sdl, ..
        } = self.input;
        let mut diagnostic = Diagnostic::new(code, format!("[{name}] {message}"))
            .in_subgraph(name)
            .span(location.map(|location| span_in(name, source, sdl, location)));
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
        self.errors += 1;
    }

    fn invalid(&mut self, errors: &DiagnosticList) {
        for error in errors.iter() {
            let location = error
                .error
                .location()
                .filter(|_| error.line_column_range().is_some());
            self.error(Code::InvalidGraphql, location, &error.error.to_string(), None);
        }
    }
}

fn read_document(report: &mut Report<'_, '_>) -> Option<Document> {
    let parsed = Parser::new()
        .recursion_limit(MAX_DEPTH)
        .token_limit(MAX_TOKENS)
        .parse_ast(report.input.sdl.as_str(), &report.input.source);
    match parsed {
        Ok(document) => Some(document),
        Err(failed) => {
            report.invalid(&failed.errors);
            None
        }
    }
}

fn defined_types(document: &Document) -> IndexSet<String> {
    let name = |definition: &Definition| {
        use Definition as D;
        let is_type = matches!(
            definition,
            D::ScalarTypeDefinition(_)
                | D::ObjectTypeDefinition(_)
                | D::InterfaceTypeDefinition(_)
                | D::UnionTypeDefinition(_)
                | D::EnumTypeDefinition(_)
                | D::InputObjectTypeDefinition(_)
        );
        definition.name().filter(|_| is_type).map(|name| name.to_string())
    };
    document.definitions.iter().filter_map(name).collect()
}

fn build(report: &mut Report<'_, '_>, document: &Document, version: Version) -> Schema {
    let built = Schema::builder()
        .adopt_orphan_extensions()
        .ignore_builtin_redefinitions()
        .add_ast(document)
        .build();
    let schema = match built {
        Ok(schema) => schema,
        Err(failed) => {
            report.invalid(&failed.errors);
            return failed.partial;
        }
    };
    match schema.validate() {
        Ok(schema) => schema.into_inner(),
        Err(failed) => {
            report.invalid(&failed.errors);
            explain_federation_1(report, version);
            failed.partial
        }
    }
}

/// A federation 1 schema that uses a federation 2 directive deserves to be told so.
fn explain_federation_1(report: &mut Report<'_, '_>, version: Version) {
    if version == FEDERATION_1 {
        report.diagnostics.explain(&report.input.name, Code::InvalidGraphql, |message| {
            crate::spec::Fed::ALL
                .iter()
                .find(|fed| !fed.in_federation_1() && message.contains(&format!("`@{}`", fed.name())))
                .map(|fed| {
                    format!(
                        "\"@{0}\" is a federation 2 directive: add `extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@{0}\"])`",
                        fed.name()
                    )
                })
        });
    }
}
