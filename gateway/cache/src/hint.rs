//! What a subgraph's schema says about caching: `@cacheControl`, over all that is kept together.
//!
//! A field's own word comes before that of the type it returns. Of which nothing is said, is as good as what it stands in.

use std::time::Duration;

use causeway_model::CacheControl;

use crate::{
    asked::Kind,
    freshness::Audience,
    selection::{Entry, Node, Wanted},
    types::Types,
};

/// The shortest time and the narrowest audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hint {
    pub(crate) max_age: Option<Duration>,
    /// `None`: nothing is said.
    pub(crate) audience: Option<Audience>,
}

/// Of what is wanted of an entity, or of a field of the root.
pub(crate) fn of(types: Types<'_>, kind: &Kind<'_>, is_root: bool) -> Hint {
    let mut hint = Hint::default();
    match (is_root, &kind.wanted[..]) {
        (true, [field]) => {
            if let Some(control) = said(types, kind.declared, field.first) {
                hint.begin(control);
            }
            nodes(types, kind.declared, field, &mut hint);
        }
        (_, wanted) => {
            if let Some(control) = types.control(kind.declared) {
                hint.begin(control);
            }
            match wanted {
                // It hangs on the type what is wanted.
                [] => node(types, kind.declared, kind.node, &mut hint),
                _ => below(types, kind.declared, wanted, &mut hint),
            }
        }
    }
    hint
}

fn below(types: Types<'_>, declared: &str, wanted: &[Wanted<'_>], hint: &mut Hint) {
    for field in wanted {
        if let Some(control) = said(types, declared, field.first) {
            hint.narrow(control);
        }
        nodes(types, declared, field, hint);
    }
}

fn nodes(types: Types<'_>, declared: &str, field: &Wanted<'_>, hint: &mut Hint) {
    if let Some(ty) = returned(types, declared, field.first) {
        field.nodes.iter().for_each(|inner| node(types, ty, inner, hint));
    }
}

/// Of all types that it may be about: which it is, is only known of what comes.
fn node(types: Types<'_>, declared: &str, selection: &Node, hint: &mut Hint) {
    for entry in &selection.entries {
        if let Some(control) = said(types, declared, entry) {
            hint.narrow(control);
        }
        if let (Some(ty), Some(inner)) = (returned(types, declared, entry), &entry.node) {
            node(types, ty, inner, hint);
        }
    }
}

fn returned<'a>(types: Types<'a>, declared: &str, entry: &Entry) -> Option<&'a str> {
    let on = entry.on.last().map_or(declared, |on| on.as_str());
    let field = types.0.field(on, &entry.name)?;
    Some(field.ty.inner_named_type().as_str())
}

/// What a field says, and where it says nothing, the type that it returns.
fn said(types: Types<'_>, declared: &str, entry: &Entry) -> Option<CacheControl> {
    let on = entry.on.last().map_or(declared, |on| on.as_str());
    let field = types.0.field(on, &entry.name)?;
    let ty = types.control(field.ty.inner_named_type());
    let (Some(own), Some(ty)) = (field.cache_control, ty) else {
        return field.cache_control.or(ty);
    };
    Some(CacheControl {
        // An age that is inherited is so only where the type has none.
        max_age: own.max_age.or(ty.max_age),
        private: own.private.or(ty.private),
        inherit: own.inherit,
    })
}

impl Hint {
    /// What everything stands in.
    fn begin(&mut self, control: CacheControl) {
        self.narrow(control);
        if control.private == Some(false) {
            self.audience = Some(Audience::Public);
        }
    }

    fn narrow(&mut self, control: CacheControl) {
        if let Some(seconds) = control.max_age {
            let age = Duration::from_secs(seconds.into());
            self.max_age = Some(self.max_age.map_or(age, |known| known.min(age)));
        }
        if control.private == Some(true) {
            self.audience = Some(Audience::Private);
        }
    }
}
