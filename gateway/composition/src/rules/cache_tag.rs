//! `@cacheTag`: on query fields the format may name arguments, on entities fields of every key.

use crate::diagnostic::{Code, Diagnostics};
use crate::link::Version;
use crate::spec::Fed;
use crate::subgraph::{Applied, FieldDef, Kind, Subgraph, TypeDef};
use apollo_compiler::Name;
use apollo_compiler::ast::{Selection, Type};

/// Since when the values of enums may stand in a tag.
const ENUMS_SINCE: Version = Version::new(2, 13);

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    let mut cx = Check {
        subgraph,
        diagnostics,
    };
    for def in subgraph.types.values() {
        for applied in def.applied.iter().filter(|applied| applied.is(Fed::CacheTag)) {
            cx.on_type(def, applied);
        }
        for field in def.fields.values() {
            for applied in field.applied.iter().filter(|applied| applied.is(Fed::CacheTag)) {
                cx.on_field(def, field, applied);
            }
        }
    }
}

struct Check<'a, 'd> {
    subgraph: &'a Subgraph,
    diagnostics: &'d mut Diagnostics,
}

impl Check<'_, '_> {
    fn on_type(&mut self, def: &TypeDef, applied: &Applied) {
        let coordinate = def.name.as_str();
        if !def.keys.iter().any(|key| key.resolvable) {
            let message =
                format!("@cacheTag on \"{coordinate}\", which is no entity: it has no resolvable @key");
            let help = "give the type a @key, or tag the query fields that lead to it";
            return self.report(
                Code::CacheTagAppliedToNonEntity,
                coordinate,
                applied,
                message,
                help,
            );
        }
        for path in self.placeholders(coordinate, applied, "$key") {
            let found = |selections: &[Selection]| self.leads_to_leaf(&def.name, selections, &path);
            if !def.keys.iter().all(|key| found(key.fields.selections())) {
                let message = format!(
                    "\"$key.{}\" is no scalar field of every @key of \"{coordinate}\"",
                    path.join(".")
                );
                let help = "name a scalar field that all keys of the type select; enums may be named since federation v2.13";
                self.report(Code::CacheTagInvalidFormat, coordinate, applied, message, help);
            }
        }
    }

    fn on_field(&mut self, def: &TypeDef, field: &FieldDef, applied: &Applied) {
        let coordinate = format!("{}.{}", def.name, field.name);
        if def.name != "Query" {
            let message = format!("@cacheTag on \"{coordinate}\", which is no field of Query");
            let help = "tag a query field, or the entity as a whole";
            return self.report(
                Code::CacheTagAppliedToNonRootField,
                &coordinate,
                applied,
                message,
                help,
            );
        }
        for path in self.placeholders(&coordinate, applied, "$args") {
            if !self.is_argument(field, &path) {
                let message = format!(
                    "\"$args.{}\" is no scalar argument of \"{coordinate}\"",
                    path.join(".")
                );
                let help = "name an argument of the field, or an input field of one, that is neither a list nor an object; enums may be named since federation v2.13";
                self.report(Code::CacheTagInvalidFormat, &coordinate, applied, message, help);
            }
        }
    }

    /// The paths that the format names, without their `root`; what is malformed is reported.
    fn placeholders(&mut self, coordinate: &str, applied: &Applied, root: &str) -> Vec<Vec<String>> {
        let format = applied
            .argument("format")
            .and_then(|value| value.as_str())
            .unwrap_or_default();
        let mut paths = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            let inside = rest[at..]
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'));
            let path = inside.and_then(|(inside, _)| read_path(inside, root));
            let (Some((_, after)), Some(path)) = (inside, path) else {
                let message =
                    format!("the format \"{format}\" of @cacheTag on \"{coordinate}\" is malformed");
                let help = format!("write placeholders as {{{root}.name}}");
                self.report(Code::CacheTagInvalidFormat, coordinate, applied, message, &help);
                return Vec::new();
            };
            paths.push(path);
            rest = after;
        }
        paths
    }

    fn leads_to_leaf(&self, ty: &Name, selections: &[Selection], path: &[String]) -> bool {
        let Some((first, below)) = path.split_first() else {
            return false;
        };
        selections.iter().any(|selection| match selection {
            Selection::Field(field) if field.name == first.as_str() => {
                let def = self.subgraph.types.get(ty);
                let Some(def) = def.and_then(|def| def.fields.get(&field.name)) else {
                    return false;
                };
                match &field.selection_set {
                    None => below.is_empty() && self.is_leaf(&def.ty),
                    Some(nested) => {
                        !def.ty.is_list() && self.leads_to_leaf(def.ty.inner_named_type(), nested, below)
                    }
                }
            }
            _ => false,
        })
    }

    fn is_argument(&self, field: &FieldDef, path: &[String]) -> bool {
        let Some((first, below)) = path.split_first() else {
            return false;
        };
        let Some(argument) = field.arguments.get(first.as_str()) else {
            return false;
        };
        let mut ty = &argument.ty;
        for name in below {
            let input = self.subgraph.types.get(ty.inner_named_type());
            match input.and_then(|def| def.inputs.get(name.as_str())) {
                Some(input) if !ty.is_list() => ty = &input.ty,
                _ => return false,
            }
        }
        self.is_leaf(ty)
    }

    /// One value that can be written into a tag: a scalar's, or an enum's where the version has that.
    fn is_leaf(&self, ty: &Type) -> bool {
        let kind = self.subgraph.types.get(ty.inner_named_type()).map(|def| def.kind);
        !ty.is_list()
            && match kind {
                None | Some(Kind::Scalar) => true,
                Some(Kind::Enum) => self.subgraph.version >= ENUMS_SINCE,
                Some(_) => false,
            }
    }

    fn report(&mut self, code: Code, coordinate: &str, applied: &Applied, message: String, help: &str) {
        let diagnostic = self.subgraph.diagnostic(code, applied.location, message);
        self.diagnostics.push(diagnostic.at(coordinate).help(help));
    }
}

/// `$args.a.b` to `[a, b]`.
fn read_path(inside: &str, root: &str) -> Option<Vec<String>> {
    let path: Vec<String> = inside
        .trim()
        .strip_prefix(root)?
        .strip_prefix('.')?
        .split('.')
        .map(str::to_owned)
        .collect();
    path.iter()
        .all(|name| Name::is_valid_syntax(name))
        .then_some(path)
}
