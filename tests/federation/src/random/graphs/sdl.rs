//! A subgraph's SDL in the making.

use std::{collections::BTreeMap, fmt::Write};

#[derive(Default)]
pub(super) struct Draft {
    /// Written without `@link`, in federation 1's manner.
    pub(super) is_v1: bool,
    pub(super) types: BTreeMap<String, TypeDraft>,
}

#[derive(Default)]
pub(super) struct TypeDraft {
    pub(super) kind: Kind,
    /// Field set, and whether it is resolvable.
    pub(super) keys: Vec<(String, bool)>,
    pub(super) implements: Vec<String>,
    pub(super) members: Vec<String>,
    /// `extend type`, with external key fields (federation 1).
    pub(super) extends: bool,
    pub(super) is_shareable: bool,
    pub(super) is_inaccessible: bool,
    pub(super) fields: BTreeMap<String, FieldDraft>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Object,
    InterfaceObject,
    Interface,
    Union,
    Enum,
    Input,
}

#[derive(Default, Clone)]
pub(super) struct FieldDraft {
    /// `name(arguments): Type`
    pub(super) head: String,
    pub(super) is_shareable: bool,
    pub(super) is_external: bool,
    pub(super) is_inaccessible: bool,
    pub(super) requires: Option<String>,
    pub(super) provides: Option<String>,
    /// Arguments of `@override`.
    pub(super) overrides: Option<String>,
}

impl Draft {
    pub(super) fn print(&self) -> String {
        let mut sdl = String::new();
        if !self.is_v1 {
            sdl.push_str(
                "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@key\", \"@shareable\", \
                 \"@external\", \"@requires\", \"@provides\", \"@override\", \"@interfaceObject\", \"@inaccessible\"])\n",
            );
        }
        for (name, ty) in &self.types {
            ty.print(name, self.is_v1, &mut sdl);
        }
        sdl
    }
}

impl TypeDraft {
    fn print(&self, name: &str, is_v1: bool, sdl: &mut String) {
        let keyword = match self.kind {
            Kind::Object if self.extends => "extend type",
            Kind::Object | Kind::InterfaceObject => "type",
            Kind::Interface => "interface",
            Kind::Union => "union",
            Kind::Enum => "enum",
            Kind::Input => "input",
        };
        write!(sdl, "{keyword} {name}").expect("writing to a string cannot fail");
        if !self.implements.is_empty() {
            write!(sdl, " implements {}", self.implements.join(" & ")).expect("as above");
        }
        for (key, resolvable) in &self.keys {
            let off = if *resolvable { "" } else { ", resolvable: false" };
            write!(sdl, " @key(fields: \"{key}\"{off})").expect("as above");
        }
        if self.kind == Kind::InterfaceObject {
            sdl.push_str(" @interfaceObject");
        }
        if self.is_shareable && !is_v1 {
            sdl.push_str(" @shareable");
        }
        if self.is_inaccessible && !is_v1 {
            sdl.push_str(" @inaccessible");
        }
        match self.kind {
            Kind::Union => writeln!(sdl, " = {}", self.members.join(" | ")).expect("as above"),
            Kind::Enum => writeln!(sdl, " {{ {} }}", self.members.join(" ")).expect("as above"),
            _ => {
                sdl.push_str(" {\n");
                self.fields.values().for_each(|field| field.print(is_v1, sdl));
                sdl.push_str("}\n");
            }
        }
    }
}

impl FieldDraft {
    fn print(&self, is_v1: bool, sdl: &mut String) {
        write!(sdl, "  {}", self.head).expect("writing to a string cannot fail");
        if self.is_external {
            sdl.push_str(" @external");
        } else if self.is_shareable && !is_v1 {
            sdl.push_str(" @shareable");
        }
        if self.is_inaccessible && !is_v1 {
            sdl.push_str(" @inaccessible");
        }
        for (name, value) in [("requires", &self.requires), ("provides", &self.provides)] {
            if let Some(value) = value {
                write!(sdl, " @{name}(fields: \"{}\")", value.replace('"', "\\\"")).expect("as above");
            }
        }
        if let Some(arguments) = &self.overrides {
            write!(sdl, " @override({arguments})").expect("as above");
        }
        sdl.push('\n');
    }
}
