//! Contracts: variants of the API schema by `@tag`, for clients that shall see a part of the graph.
//!
//! A contract changes what clients see, never what is planned. What would be left dangling goes too: fields whose type is
//! hidden, interface fields that an implementer no longer has, types without fields, and types that nothing leads to.

mod clear;

use apollo_compiler::{
    Node, Schema,
    ast::{DirectiveList, FieldDefinition},
    collections::IndexMap,
    schema::{ExtendedType, Name},
    validation::Valid,
};
use causeway_model::Supergraph;

use crate::read::{Features, ReadError, defer, read_supergraph, reduce};

/// Which tags clients of a contract see. A type's tag counts for its fields; `exclude` wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contract {
    /// Empty: everything that is not excluded. Else objects, interfaces and their fields need one of these; other types stay
    /// where they are used.
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

/// Why a contract has no schema.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    #[error(transparent)]
    Supergraph(#[from] ReadError),
    #[error("the contract hides all fields of Query: include a tag that some query field has")]
    NoQueries,
    #[error("the contract's schema is not valid: {0}")]
    Invalid(String),
}

/// The supergraph as it is served to a contract's clients: planned as ever, with the contract's API schema.
///
/// # Errors
/// The SDL is no supergraph, or nothing valid is left of it.
pub fn contract_supergraph(supergraph_sdl: &str, contract: &Contract) -> Result<Supergraph, ContractError> {
    let whole = read_supergraph(supergraph_sdl)?;
    let mut served = contract_schema(supergraph_sdl, contract)?.into_inner();
    defer::accept(&mut served);
    Ok(Supergraph {
        api_schema: served
            .validate()
            .map_err(|invalid| ContractError::Invalid(invalid.errors.to_string()))?,
        ..whole
    })
}

/// The API schema that a contract's clients see.
///
/// # Errors
/// The SDL is no supergraph, or nothing valid is left of it.
pub fn contract_schema(supergraph_sdl: &str, contract: &Contract) -> Result<Valid<Schema>, ContractError> {
    let mut schema = Schema::parse_and_validate(supergraph_sdl, "supergraph.graphql")
        .map_err(|invalid| ReadError::InvalidGraphql(invalid.errors.to_string()))?
        .into_inner();
    let filter = Filter {
        contract,
        tag: Features::names(&schema).directive("tag"),
    };
    schema
        .types
        .retain(|_, ty| ty.is_built_in() || !filter.is_excluded(ty.directives()));
    for ty in schema.types.values_mut().filter(|ty| !ty.is_built_in()) {
        filter.filter(ty);
    }
    reduce(&mut schema);
    clear::clear(&mut schema);
    if schema.schema_definition.query.is_none() {
        return Err(ContractError::NoQueries);
    }
    schema
        .validate()
        .map_err(|invalid| ContractError::Invalid(invalid.errors.to_string()))
}

struct Filter<'a> {
    contract: &'a Contract,
    tag: String,
}

impl Filter<'_> {
    fn has_any(&self, directives: &DirectiveList, wanted: &[String]) -> bool {
        directives.get_all(&self.tag).any(|tag| {
            let name = tag
                .specified_argument_by_name("name")
                .and_then(|value| value.as_str());
            name.is_some_and(|name| wanted.iter().any(|one| one == name))
        })
    }

    fn is_excluded(&self, directives: &DirectiveList) -> bool {
        self.has_any(directives, &self.contract.exclude)
    }

    fn is_included(&self, directives: &DirectiveList) -> bool {
        self.contract.include.is_empty() || self.has_any(directives, &self.contract.include)
    }

    fn filter(&self, ty: &mut ExtendedType) {
        let included = self.is_included(ty.directives());
        match ty {
            ExtendedType::Object(object) => self.fields(&mut object.make_mut().fields, included),
            ExtendedType::Interface(interface) => self.fields(&mut interface.make_mut().fields, included),
            ExtendedType::Enum(definition) => {
                let values = &mut definition.make_mut().values;
                values.retain(|_, value| !self.is_excluded(&value.directives));
            }
            ExtendedType::InputObject(input) => {
                let fields = &mut input.make_mut().fields;
                fields.retain(|_, field| !self.is_excluded(&field.directives));
            }
            ExtendedType::Union(_) | ExtendedType::Scalar(_) => {}
        }
    }

    fn fields(&self, fields: &mut IndexMap<Name, Node<FieldDefinition>>, type_included: bool) {
        fields.retain(|_, field| {
            !self.is_excluded(&field.directives) && (type_included || self.is_included(&field.directives))
        });
        for field in fields.values_mut() {
            let arguments = &mut field.make_mut().arguments;
            arguments.retain(|argument| !self.is_excluded(&argument.directives));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SubgraphInput, merge};

    const SDL: &str = r#"
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", { name: "@tag", as: "@mark" }])
        type Query {
          user: User @mark(name: "public")
          audit(of: Secret!): Int @mark(name: "public")
          secret: Secret @mark(name: "internal")
          node: Node
        }
        interface Node { id: ID! name: String @mark(name: "public") }
        type User implements Node @key(fields: "id") @mark(name: "public") {
          id: ID!
          name: String
          ssn: String @mark(name: "internal")
          logins(last: Int, by: Secret @mark(name: "internal")): [Login]
        }
        type Login { at: String kind: Kind }
        enum Kind { PASSWORD TOKEN BACKDOOR @mark(name: "internal") }
        input Secret @mark(name: "internal") { a: Int }
    "#;

    fn schema(include: &[&str], exclude: &[&str]) -> Result<String, ContractError> {
        let sdl = SDL.replace("secret: Secret @mark(name: \"internal\")", "");
        let input = SubgraphInput {
            name: "a".to_owned(),
            url: None,
            sdl,
            source: "a.graphql".to_owned(),
        };
        let composed = merge(&[input]).expect("the example composes");
        let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        let contract = Contract {
            include: owned(include),
            exclude: owned(exclude),
        };
        contract_schema(&composed.supergraph_sdl, &contract).map(|schema| schema.to_string())
    }

    #[test]
    fn what_is_excluded_goes_with_what_depends_on_it() {
        let sdl = schema(&[], &["internal"]).unwrap();
        for gone in ["ssn", "BACKDOOR", "Secret", "by:", "audit"] {
            assert!(!sdl.contains(gone), "{gone} in\n{sdl}");
        }
        assert!(
            sdl.contains("logins(last: Int): [Login]") && sdl.contains("node: Node"),
            "{sdl}"
        );
    }

    #[test]
    fn what_is_included_needs_a_tag_on_itself_or_its_type() {
        let sdl = schema(&["public"], &["internal"]).unwrap();
        assert!(sdl.contains("user: User") && sdl.contains("id: ID!"), "{sdl}");
        // Login has no tag, so the field that leads to it goes, and the enum that only it used.
        for gone in ["ssn", "node: Node", "Login", "logins", "Kind", "audit"] {
            assert!(!sdl.contains(gone), "{gone} in\n{sdl}");
        }
    }

    #[test]
    fn a_contract_without_queries_is_an_error() {
        assert!(matches!(schema(&["nobody"], &[]), Err(ContractError::NoQueries)));
    }
}
