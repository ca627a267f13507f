//! Values of enums.

use crate::{
    Kind,
    diff::{Finding, Need, Pair},
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (ty, old, new) in pair.shared_types() {
        let (Some(old), Some(new)) = (old.as_enum(), new.as_enum()) else {
            continue;
        };
        for value in old.values.keys().filter(|value| !new.values.contains_key(*value)) {
            let message = format!("the value `{ty}.{value}` was removed");
            findings.push(Finding::new(Kind::EnumValueRemoved, format!("{ty}.{value}"), message).need_it());
        }
        for value in new.values.keys().filter(|value| !old.values.contains_key(*value)) {
            let message = format!("the value `{ty}.{value}` is new");
            let finding = Finding::new(Kind::EnumValueAdded, format!("{ty}.{value}"), message);
            findings.push(finding.need(Need::Output(ty.to_string())));
        }
    }
}
