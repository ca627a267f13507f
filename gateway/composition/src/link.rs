//! The `@link` directive: which specifications a subgraph uses, and under which names.
//!
//! Reads only the `schema` definition and its extensions. What the names *mean* is in
//! [`crate::spec`].

mod url;

pub(crate) use url::{FeatureUrl, UrlError, Version};

use crate::spec::{Fed, SPECS_HOST};
use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, Document, Value};
use apollo_compiler::parser::SourceSpan;

/// One name taken from a specification, with its local name when it was renamed.
/// Directive names keep their `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) element: String,
    pub(crate) alias: Option<String>,
}

impl Import {
    pub(crate) fn local(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.element)
    }
}

/// One application of `@link` that could be understood.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) url: FeatureUrl,
    pub(crate) alias: Option<String>,
    pub(crate) imports: Vec<Import>,
    pub(crate) location: Option<SourceSpan>,
}

impl Link {
    /// The prefix of names that are not imported: `as:` or the specification's own name.
    pub(crate) fn prefix(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.url.name)
    }

    /// The local name of a directive of this specification, without `@`.
    pub(crate) fn local_directive(&self, name: &str) -> String {
        if let Some(import) = self
            .imports
            .iter()
            .find(|import| import.element.strip_prefix('@') == Some(name))
        {
            return import.local().trim_start_matches('@').to_owned();
        }
        if name == self.url.name {
            self.prefix().to_owned()
        } else {
            format!("{}__{name}", self.prefix())
        }
    }

    /// The local name of a type of this specification.
    pub(crate) fn local_type(&self, name: &str) -> String {
        match self.imports.iter().find(|import| import.element == name) {
            Some(import) => import.local().to_owned(),
            None => format!("{}__{name}", self.prefix()),
        }
    }
}

/// Why an application of `@link` could not be understood.
#[derive(Debug, Clone)]
pub(crate) enum LinkProblem {
    Url {
        problem: UrlError,
        location: Option<SourceSpan>,
    },
    Usage {
        message: String,
        location: Option<SourceSpan>,
    },
}

/// All links of one subgraph. Federation 1 subgraphs have none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// The local name of `@link` itself.
    pub(crate) directive: Option<String>,
    pub(crate) all: Vec<Link>,
    /// Directives that a federation 1 subgraph defines itself: federation's names mean federation's directives.
    defined: Vec<String>,
}

impl Links {
    /// Reads every `@link` of the document; what cannot be understood is returned beside the rest.
    pub(crate) fn read(document: &Document) -> (Self, Vec<LinkProblem>) {
        let applied: Vec<&Node<Directive>> =
            document.definitions.iter().flat_map(schema_directives).collect();
        let Some(directive) = link_directive_name(&applied) else {
            return (
                Self {
                    defined: defined_directives(document),
                    ..Self::default()
                },
                Vec::new(),
            );
        };
        let mut links = Self {
            directive: Some(directive.clone()),
            all: Vec::new(),
            defined: defined_directives(document),
        };
        let mut problems = Vec::new();
        for application in applied
            .iter()
            .filter(|application| application.name == directive.as_str())
        {
            match read_link(application, &mut problems) {
                Ok(link) => links.all.push(link),
                Err(problem) => problems.push(problem),
            }
        }
        (links, problems)
    }

    pub(crate) fn federation(&self) -> Option<&Link> {
        self.all.iter().find(|link| link.url.is_apollo("federation"))
    }

    /// What a directive's local name stands for, if it belongs to federation or one of the specifications
    /// (`tag`, `inaccessible`, `cost`, …) that federation takes in.
    pub(crate) fn resolve(&self, local: &str) -> Option<Fed> {
        Fed::ALL
            .into_iter()
            .find(|fed| self.local_name(*fed).as_deref() == Some(local))
    }

    /// The local name of a federation directive, when it can be used in this subgraph at all.
    pub(crate) fn local_name(&self, fed: Fed) -> Option<String> {
        let own = self.all.iter().find(|link| link.url.is_apollo(fed.own_spec()));
        if let Some(link) = own {
            return Some(link.local_directive(fed.name()));
        }
        match self.federation() {
            Some(link) => fed
                .known_in(link.url.version)
                .then(|| link.local_directive(fed.name())),
            None => {
                let known = fed.in_federation_1() || self.defined.iter().any(|name| name == fed.name());
                known.then(|| fed.name().to_owned())
            }
        }
    }

    /// The link through which a local directive name arrives, with the name it has there.
    pub(crate) fn source_of(&self, local: &str) -> Option<(&Link, String)> {
        for link in &self.all {
            let with_at = format!("@{local}");
            if let Some(import) = link.imports.iter().find(|import| import.local() == with_at) {
                return Some((link, import.element.trim_start_matches('@').to_owned()));
            }
            if local == link.prefix() {
                return Some((link, link.url.name.clone()));
            }
            if let Some(rest) = local
                .strip_prefix(link.prefix())
                .and_then(|rest| rest.strip_prefix("__"))
            {
                return Some((link, rest.to_owned()));
            }
        }
        None
    }
}

fn defined_directives(document: &Document) -> Vec<String> {
    let name = |definition: &Definition| match definition {
        Definition::DirectiveDefinition(directive) => Some(directive.name.to_string()),
        _ => None,
    };
    document.definitions.iter().filter_map(name).collect()
}

fn schema_directives(definition: &Definition) -> &[Node<Directive>] {
    match definition {
        Definition::SchemaDefinition(schema) => &schema.directives,
        Definition::SchemaExtension(schema) => &schema.directives,
        _ => &[],
    }
}

/// `@link` links itself, maybe under another name; without that, its name is `link`.
fn link_directive_name(applied: &[&Node<Directive>]) -> Option<String> {
    let bootstrap = applied.iter().find(|application| {
        string_argument(application, "url").is_some_and(|url| url.starts_with(&format!("{SPECS_HOST}/link/")))
    });
    if let Some(application) = bootstrap {
        return Some(application.name.to_string());
    }
    let plain = |application: &&&Node<Directive>| {
        application.name == "link" && argument(application, "url").is_some()
    };
    applied.iter().find(plain).map(|_| "link".to_owned())
}

/// One application; `@core`, which came before `@link`, has its URL in `feature`.
pub(crate) fn read_link(
    application: &Node<Directive>,
    problems: &mut Vec<LinkProblem>,
) -> Result<Link, LinkProblem> {
    let location = application.location();
    let url = string_argument(application, "url").or_else(|| string_argument(application, "feature"));
    let Some(url) = url else {
        let message = "the argument `url` must be a string".to_owned();
        return Err(LinkProblem::Usage { message, location });
    };
    let url = FeatureUrl::parse(url).map_err(|problem| LinkProblem::Url { problem, location })?;
    let mut imports = Vec::new();
    let listed = argument(application, "import")
        .and_then(|value| value.as_list())
        .unwrap_or_default();
    for item in listed {
        match read_import(item) {
            Ok(import) => imports.push(import),
            Err(message) => {
                problems.push(LinkProblem::Usage {
                    message,
                    location: item.location().or(location),
                });
            }
        }
    }
    let alias = string_argument(application, "as").map(str::to_owned);
    Ok(Link {
        url,
        alias,
        imports,
        location,
    })
}

fn read_import(item: &Node<Value>) -> Result<Import, String> {
    match &**item {
        Value::String(element) => Ok(Import {
            element: element.clone(),
            alias: None,
        }),
        Value::Object(fields) => {
            let field = |name: &str| {
                fields
                    .iter()
                    .find(|(key, _)| key == name)
                    .and_then(|(_, value)| value.as_str())
                    .map(str::to_owned)
            };
            let Some(element) = field("name") else {
                return Err("an object in `import` needs a `name` that is a string".to_owned());
            };
            let alias = field("as");
            if let Some(alias) = &alias
                && alias.starts_with('@') != element.starts_with('@')
            {
                return Err(format!(
                    "\"{element}\" cannot be imported as \"{alias}\": both names must start with \"@\" (a directive) or neither (a type)"
                ));
            }
            Ok(Import { element, alias })
        }
        _ => Err("`import` takes strings and objects of the form {name: \"…\", as: \"…\"}".to_owned()),
    }
}

/// A directive's argument as it was written.
pub(crate) fn argument<'a>(application: &'a Directive, name: &str) -> Option<&'a Node<Value>> {
    application
        .arguments
        .iter()
        .find(|argument| argument.name == name)
        .map(|argument| &argument.value)
}

pub(crate) fn string_argument<'a>(application: &'a Directive, name: &str) -> Option<&'a str> {
    argument(application, name).and_then(|value| value.as_str())
}
