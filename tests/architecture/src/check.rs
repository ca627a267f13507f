//! Holds a workspace against the rules and says what to do about each breach.

use std::fmt;

use crate::rules::{IMPURE, PURE, RULES, Rule};
use crate::workspace::{Kind, Member, Workspace};

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: &'static str,
    /// The crates it is about and what is wrong with them.
    pub what: String,
    pub way_out: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}\n    way out: {}", self.rule, self.what, self.way_out)
    }
}

/// All breaches, in the order of the members.
pub fn violations(workspace: &Workspace) -> Vec<Violation> {
    let mut found = Vec::new();
    for member in &workspace.members {
        found.extend(dependencies(workspace, member));
        found.extend(purity(workspace, member));
        found.extend(lints(member));
    }
    found.extend(RULES.iter().filter_map(|rule| stale(workspace, rule)));
    found
}

fn dependencies(workspace: &Workspace, member: &Member) -> Vec<Violation> {
    if member.is_test() {
        return Vec::new();
    }
    let Some(rule) = RULES.iter().find(|rule| rule.member == member.name) else {
        return vec![Violation {
            rule: "every crate has a rule",
            what: format!(
                "{} ({}) has no line in the table of who may depend on whom",
                member.name, member.folder
            ),
            way_out: "decide what it may depend on and add it to RULES in tests/architecture/src/rules.rs"
                .to_owned(),
        }];
    };
    let inside = member
        .dependencies
        .iter()
        .filter_map(|(name, kind)| Some((workspace.member(name)?, *kind)));
    inside
        .filter_map(|(used, kind)| dependency(rule, member, used, kind))
        .collect()
}

fn dependency(rule: &Rule, member: &Member, used: &Member, kind: Kind) -> Option<Violation> {
    let edge = format!(
        "{} depends on {} ({}/Cargo.toml)",
        member.name, used.name, member.folder
    );
    if used.is_test() {
        return Some(Violation {
            rule: "nothing depends on tests/",
            what: edge,
            way_out: format!(
                "move what {} needs out of {} into a crate that may be used",
                member.name, used.folder
            ),
        });
    }
    let held = kind != Kind::Dev || rule.tests_too;
    if !held || rule.may_use.contains(&used.name.as_str()) || used.name == member.name {
        return None;
    }
    let allowed = match rule.may_use {
        [] => "nothing in this workspace".to_owned(),
        names => format!("only {}", names.join(", ")),
    };
    Some(Violation {
        rule: "who may depend on whom",
        what: format!("{edge}, but may use {allowed}: {}", rule.because),
        way_out: format!(
            "move the shared part down into a crate both may use, or take it as an argument or a trait that the wiring \
             fills in; if the border itself is wrong, change it in tests/architecture/src/rules.rs and say why in \
             ARCHITECTURE.md (the line is `{}`)",
            rule.member
        ),
    })
}

fn purity(workspace: &Workspace, member: &Member) -> Option<Violation> {
    if !PURE.contains(&member.name.as_str()) {
        return None;
    }
    let way = workspace.way(&member.name, impure)?;
    Some(Violation {
        rule: "pure crates have no runtime, network or storage beneath them",
        what: format!(
            "{} reaches {}: {}",
            member.name,
            way.last().unwrap_or(&""),
            way.join(" -> ")
        ),
        way_out: format!(
            "drop `{}`, switch off the feature of it that brings this in, or do the I/O in the executor's ports, client \
             or server and hand {} the result",
            way.get(1).unwrap_or(&""),
            member.name
        ),
    })
}

fn impure(name: &str) -> bool {
    IMPURE.iter().any(|impure| {
        name.strip_prefix(impure)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

fn lints(member: &Member) -> Option<Violation> {
    (!member.workspace_lints).then(|| Violation {
        rule: "every crate takes the workspace's lints",
        what: format!("{} has its own lints or none", member.name),
        way_out: format!(
            "put `[lints]` and `workspace = true` into {}/Cargo.toml",
            member.folder
        ),
    })
}

/// A rule about a crate that is gone, or that allows one that is gone, would mislead the next reader.
fn stale(workspace: &Workspace, rule: &Rule) -> Option<Violation> {
    let mut named = std::iter::once(&rule.member).chain(rule.may_use);
    let gone = named.find(|name| workspace.member(name).is_none())?;
    Some(Violation {
        rule: "rules name crates that exist",
        what: format!(
            "the rule of {} names {gone}, which is no member of the workspace",
            rule.member
        ),
        way_out: "remove or rename it in tests/architecture/src/rules.rs".to_owned(),
    })
}

impl Workspace {
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    fn is_test(&self) -> bool {
        self.folder.starts_with("tests/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace in which every rule is kept: each member uses all it may.
    fn clean() -> Workspace {
        let mut workspace = Workspace::default();
        for rule in RULES {
            let used = rule.may_use.iter().map(|name| (*name).to_owned());
            workspace
                .normal
                .insert(rule.member.to_owned(), used.clone().collect());
            workspace.members.push(Member {
                name: rule.member.to_owned(),
                folder: format!("somewhere/{}", rule.member),
                dependencies: used.map(|name| (name, Kind::Normal)).collect(),
                workspace_lints: true,
            });
        }
        workspace
    }

    fn member<'a>(workspace: &'a mut Workspace, name: &str) -> &'a mut Member {
        workspace
            .members
            .iter_mut()
            .find(|member| member.name == name)
            .unwrap()
    }

    fn depend(workspace: &mut Workspace, from: &str, on: &str, kind: Kind) {
        member(workspace, from).dependencies.push((on.to_owned(), kind));
    }

    /// The one violation there is, as a person reads it.
    #[track_caller]
    fn only(workspace: &Workspace) -> String {
        match violations(workspace).as_slice() {
            [violation] => violation.to_string(),
            other => panic!("expected one violation, found {other:#?}"),
        }
    }

    #[test]
    fn a_workspace_that_keeps_the_rules_passes() {
        assert_eq!(violations(&clean()), []);
    }

    #[test]
    fn a_forbidden_edge_is_named_with_its_reason_and_the_way_out() {
        let mut workspace = clean();
        depend(
            &mut workspace,
            "causeway-planner",
            "causeway-composition",
            Kind::Normal,
        );
        let message = only(&workspace);
        for part in [
            "[who may depend on whom]",
            "causeway-planner depends on causeway-composition",
            "only causeway-graph, causeway-model",
            "way out: ",
        ] {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    }

    #[test]
    fn tests_of_a_gateway_crate_may_borrow_and_those_of_a_service_may_not() {
        let mut workspace = clean();
        depend(
            &mut workspace,
            "causeway-planner",
            "causeway-composition",
            Kind::Dev,
        );
        assert_eq!(violations(&workspace), []);
        depend(&mut workspace, "orders", "catalog", Kind::Dev);
        assert!(only(&workspace).contains("orders depends on catalog"));
    }

    #[test]
    fn build_dependencies_are_held_to_the_rules() {
        let mut workspace = clean();
        depend(&mut workspace, "causeway-config", "causeway-model", Kind::Build);
        assert!(only(&workspace).contains("causeway-config depends on causeway-model"));
    }

    #[test]
    fn a_pure_crate_that_reaches_a_runtime_is_shown_the_whole_way() {
        let mut workspace = clean();
        workspace
            .normal
            .get_mut("causeway-graph")
            .unwrap()
            .push("innocent".to_owned());
        workspace.normal.insert(
            "innocent".to_owned(),
            vec!["serde".to_owned(), "tokio-util".to_owned()],
        );
        // Whoever uses the graph is tainted too.
        let found = violations(&workspace);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(
            found[0]
                .what
                .ends_with("causeway-graph -> innocent -> tokio-util"),
            "{}",
            found[0]
        );
        assert!(found[0].way_out.contains("drop `innocent`"), "{}", found[0]);
        assert!(
            found[1]
                .what
                .ends_with("causeway-composition -> causeway-graph -> innocent -> tokio-util")
        );
    }

    #[test]
    fn only_the_named_families_are_impure() {
        assert!(impure("tokio") && impure("sqlx-core") && impure("hyper-util"));
        assert!(!impure("tokiofoo") && !impure("redistribute") && !impure("http"));
    }

    #[test]
    fn nothing_may_depend_on_a_test_crate_not_even_for_tests() {
        let mut workspace = clean();
        let e2e = Member {
            name: "e2e".into(),
            folder: "tests/e2e".into(),
            workspace_lints: true,
            ..Member::default()
        };
        workspace.members.push(e2e);
        depend(&mut workspace, "e2e", "causeway-planner", Kind::Normal);
        assert_eq!(violations(&workspace), [], "tests may use anything");
        depend(&mut workspace, "causeway-server", "e2e", Kind::Dev);
        assert!(only(&workspace).contains("[nothing depends on tests/] causeway-server depends on e2e"));
    }

    #[test]
    fn a_crate_without_rule_a_rule_without_crate_and_own_lints_are_found() {
        let mut workspace = clean();
        member(&mut workspace, "orders").name = "invoices".into();
        member(&mut workspace, "kit").workspace_lints = false;
        let found: Vec<&str> = violations(&workspace)
            .iter()
            .map(|violation| violation.rule)
            .collect();
        let expected = [
            "every crate takes the workspace's lints",
            "every crate has a rule",
            "rules name crates that exist",
            "rules name crates that exist",
        ];
        assert_eq!(found, expected);
    }
}
