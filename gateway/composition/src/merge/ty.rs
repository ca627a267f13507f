//! Types of one element across subgraphs: results take the widest, inputs the narrowest.

use super::{Context, group_by_statement};
use crate::diagnostic::Code;
use crate::subgraph::Location;
use apollo_compiler::ast::Type;

/// A type as one subgraph has it.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) graph: usize,
    pub(super) ty: &'a Type,
    pub(super) location: Location,
}

/// Which way types may differ, and what the findings are called.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) widest: bool,
    pub(super) mismatch: Code,
    pub(super) compatible: Code,
    pub(super) what: &'static str,
}

pub(super) const FIELD: Rule = Rule {
    widest: true,
    mismatch: Code::FieldTypeMismatch,
    compatible: Code::InconsistentButCompatibleFieldType,
    what: "field",
};
pub(super) const INPUT_FIELD: Rule = Rule {
    widest: false,
    ..FIELD
};
pub(super) const ARGUMENT: Rule = Rule {
    widest: false,
    mismatch: Code::FieldArgumentTypeMismatch,
    compatible: Code::InconsistentButCompatibleArgumentType,
    what: "argument",
};

/// The type for the supergraph; the first one when they cannot be reconciled (an error is pushed).
pub(super) fn merge(
    cx: &mut Context<'_, '_>,
    rule: Rule,
    coordinate: &str,
    types: &[Typed<'_>],
) -> Option<Type> {
    let first = types.first()?;
    let fits = |candidate: &Type, cx: &Context<'_, '_>| {
        types.iter().all(|typed| {
            if rule.widest {
                is_subtype(cx, typed.ty, candidate)
            } else {
                is_subtype(cx, candidate, typed.ty)
            }
        })
    };
    let said = || types.iter().map(|typed| (typed.graph, format!("{}", typed.ty)));
    let places = || types.iter().map(|typed| (typed.graph, typed.location));
    let Some(chosen) = types.iter().map(|typed| typed.ty).find(|ty| fits(ty, cx)) else {
        let message = format!(
            "the {} \"{coordinate}\" has incompatible types: {}",
            rule.what,
            group_by_statement(cx, said())
        );
        let diagnostic = cx.finding(rule.mismatch, coordinate, message, places());
        cx.diagnostics
            .push(diagnostic.help("give it the same type in all subgraphs"));
        return Some(first.ty.clone());
    };
    if types.iter().any(|typed| typed.ty != chosen) {
        let message = format!(
            "the {} \"{coordinate}\" has different but compatible types: {}; the supergraph takes {chosen}",
            rule.what,
            group_by_statement(cx, said())
        );
        let diagnostic = cx.finding(rule.compatible, coordinate, message, places());
        cx.diagnostics.push(diagnostic);
    }
    Some(chosen.clone())
}

/// Whether every value of `ty` is a value of `of`.
pub(super) fn is_subtype(cx: &Context<'_, '_>, ty: &Type, of: &Type) -> bool {
    match (ty, of) {
        (Type::NonNullNamed(a), Type::NonNullNamed(b) | Type::Named(b))
        | (Type::Named(a), Type::Named(b)) => a == b || cx.is_subtype(a, b),
        (Type::NonNullList(a), Type::NonNullList(b) | Type::List(b)) | (Type::List(a), Type::List(b)) => {
            is_subtype(cx, a, b)
        }
        _ => false,
    }
}
