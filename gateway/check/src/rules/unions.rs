//! Members of unions.

use crate::{
    Kind,
    diff::{Finding, Need, Pair, member},
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (ty, old, new) in pair.shared_types() {
        let (Some(old), Some(new)) = (old.as_union(), new.as_union()) else {
            continue;
        };
        for name in old
            .members
            .iter()
            .filter(|name| !new.members.contains(name.as_str()))
        {
            let message = format!("`{name}` is no longer a member of `{ty}`");
            let finding = Finding::new(Kind::UnionMemberRemoved, ty.as_str(), message);
            findings.push(
                finding
                    .element(member(ty, name))
                    .need(Need::Member(member(ty, name))),
            );
        }
        for name in new
            .members
            .iter()
            .filter(|name| !old.members.contains(name.as_str()))
        {
            let message = format!("`{name}` is a member of `{ty}` now");
            let finding = Finding::new(Kind::UnionMemberAdded, ty.as_str(), message);
            findings.push(
                finding
                    .element(member(ty, name))
                    .need(Need::Output(ty.to_string())),
            );
        }
    }
}
