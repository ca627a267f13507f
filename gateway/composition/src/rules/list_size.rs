//! `@listSize`: a size that can be, slicing arguments that are numbers, sized fields that are lists.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Applied, FieldDef, Subgraph, TypeDef};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            for applied in field.applied.iter().filter(|applied| applied.is(Fed::ListSize)) {
                let mut rule = Rule {
                    subgraph,
                    def,
                    field,
                    applied,
                    diagnostics,
                };
                rule.assumed_size();
                rule.slicing_arguments();
                rule.sized_fields();
            }
        }
    }
}

struct Rule<'a> {
    subgraph: &'a Subgraph,
    def: &'a TypeDef,
    field: &'a FieldDef,
    applied: &'a Applied,
    diagnostics: &'a mut Diagnostics,
}

impl Rule<'_> {
    fn assumed_size(&mut self) {
        let size = self
            .applied
            .argument("assumedSize")
            .and_then(|value| value.to_i32());
        if let Some(size) = size.filter(|size| *size < 0) {
            let message = format!("the assumed size {size} of \"{}\" is negative", self.coordinate());
            self.report(Code::ListSizeInvalidAssumedSize, message);
        }
    }

    fn slicing_arguments(&mut self) {
        for name in self.strings("slicingArguments") {
            match self.field.arguments.get(name.as_str()) {
                None => {
                    let message = format!(
                        "there is no argument \"{}({name}:)\" to slice by",
                        self.coordinate()
                    );
                    self.report(Code::ListSizeInvalidSlicingArgument, message);
                }
                Some(argument) if argument.ty.is_list() || argument.ty.inner_named_type() != "Int" => {
                    let message = format!(
                        "the slicing argument \"{}({name}:)\" must be an Int, not {}",
                        self.coordinate(),
                        argument.ty
                    );
                    self.report(Code::ListSizeInvalidSlicingArgument, message);
                }
                Some(_) => {}
            }
        }
    }

    fn sized_fields(&mut self) {
        let sized = self.strings("sizedFields");
        if self.applied.argument("sizedFields").is_none() {
            if !self.field.ty.is_list() {
                let message = format!(
                    "the field \"{}\" of type {} is not a list",
                    self.coordinate(),
                    self.field.ty
                );
                self.report(Code::ListSizeAppliedToNonList, message);
            }
            return;
        }
        let parent = self.subgraph.types.get(self.field.ty.inner_named_type());
        let Some(parent) = parent.filter(|def| def.kind.is_composite() && !self.field.ty.is_list()) else {
            let message = format!(
                "\"{}\" of type {} has no fields to size",
                self.coordinate(),
                self.field.ty
            );
            self.report(Code::ListSizeInvalidSizedField, message);
            return;
        };
        for name in sized {
            match parent.fields.get(name.as_str()) {
                None => {
                    let message = format!("there is no field \"{}.{name}\" to size", parent.name);
                    self.report(Code::ListSizeInvalidSizedField, message);
                }
                Some(field) if !field.ty.is_list() => {
                    let message = format!("the sized field \"{}.{name}\" is not a list", parent.name);
                    self.report(Code::ListSizeAppliedToNonList, message);
                }
                Some(_) => {}
            }
        }
    }

    fn strings(&self, argument: &str) -> Vec<String> {
        let listed = self
            .applied
            .argument(argument)
            .and_then(|value| value.as_list())
            .unwrap_or_default();
        listed
            .iter()
            .filter_map(|value| value.as_str())
            .map(str::to_owned)
            .collect()
    }

    fn coordinate(&self) -> String {
        format!("{}.{}", self.def.name, self.field.name)
    }

    fn report(&mut self, code: Code, message: String) {
        let message = format!("on @listSize: {message}");
        let diagnostic = self
            .subgraph
            .diagnostic(code, self.applied.location, message)
            .at(self.coordinate());
        self.diagnostics.push(diagnostic);
    }
}
