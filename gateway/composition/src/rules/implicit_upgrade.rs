//! A specification that is linked by itself may need a later federation version than the one that is linked: the
//! subgraph is then read as if it had linked that one.

use crate::diagnostic::{Code, Diagnostics};
use crate::link::Version;
use crate::spec::{Fed, NEWEST};
use crate::subgraph::Subgraph;

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    if subgraph.is_federation_1() {
        return;
    }
    for link in &subgraph.links.all {
        let needed = Fed::ALL
            .into_iter()
            .filter(|fed| link.url.is_apollo(fed.own_spec()))
            .filter_map(|fed| (0..=NEWEST.minor).find(|minor| fed.known_in(Version::new(2, *minor))))
            .min();
        let Some(needed) = needed.filter(|minor| *minor > subgraph.version.minor) else {
            continue;
        };
        let message = format!(
            "linked with federation {}, but \"{}\" needs v2.{needed}: the subgraph is read as v2.{needed}",
            subgraph.version, link.url
        );
        let code = Code::ImplicitlyUpgradedFederationVersion;
        let diagnostic = subgraph.diagnostic(code, link.location, message);
        diagnostics.push(diagnostic.help(format!("link https://specs.apollo.dev/federation/v2.{needed}")));
    }
}
