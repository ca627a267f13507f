//! Checks on `@link` itself: URLs, versions, imports.

use super::Report;
use crate::diagnostic::Code;
use crate::link::{Link, LinkProblem, Links, Version};
use crate::spec::{Fed, NEWEST, TYPES};

pub(super) fn check(report: &mut Report<'_, '_>, links: &Links, problems: Vec<LinkProblem>) {
    for problem in problems {
        match problem {
            LinkProblem::Url { problem, location } => {
                let help = "write the URL as https://host/name/v1.0".to_owned();
                report.error(
                    Code::InvalidLinkIdentifier,
                    location,
                    &problem.to_string(),
                    Some(help),
                );
            }
            LinkProblem::Usage { message, location } => {
                report.error(Code::InvalidLinkDirectiveUsage, location, &message, None);
            }
        }
    }
    for (index, link) in links.all.iter().enumerate() {
        if links.all[..index]
            .iter()
            .any(|earlier| earlier.url.identity == link.url.identity)
        {
            let message = format!("\"{}\" is linked more than once", link.url.identity);
            report.error(Code::InvalidLinkDirectiveUsage, link.location, &message, None);
        }
        check_version(report, link);
        check_names(report, link, &links.all[..index]);
    }
    if let Some(federation) = links
        .federation()
        .filter(|link| known_federation(link.url.version))
    {
        check_federation_imports(report, federation);
    }
}

fn known_federation(version: Version) -> bool {
    version.major == 2 && version <= NEWEST
}

fn check_version(report: &mut Report<'_, '_>, link: &Link) {
    if link.url.is_apollo("link") && link.url.version != Version::new(1, 0) {
        let message = format!(
            "version {} of the link specification is unknown",
            link.url.version
        );
        let help = "use https://specs.apollo.dev/link/v1.0".to_owned();
        report.error(Code::UnknownLinkVersion, link.location, &message, Some(help));
    }
    if link.url.is_apollo("connect") {
        let message = format!(
            "\"{}\" is not supported: connectors have no server that could be asked",
            link.url
        );
        let help = "serve the type from a GraphQL subgraph".to_owned();
        report.error(
            Code::UnsupportedLinkedFeature,
            link.location,
            &message,
            Some(help),
        );
    }
    if link.url.is_apollo("federation") && !known_federation(link.url.version) {
        let message = format!(
            "version {} of the federation specification is unknown",
            link.url.version
        );
        let help = format!("use a version between v2.0 and {NEWEST}");
        report.error(
            Code::UnknownFederationLinkVersion,
            link.location,
            &message,
            Some(help),
        );
    }
}

/// Two specifications cannot bring different things under one name.
fn check_names(report: &mut Report<'_, '_>, link: &Link, earlier: &[Link]) {
    for other in earlier
        .iter()
        .filter(|other| other.url.identity != link.url.identity)
    {
        if other.prefix() == link.prefix() {
            let message = format!(
                "\"{}\" and \"{}\" are both named \"{}\"",
                other.url,
                link.url,
                link.prefix()
            );
            let help = "give one of them another name with `as:`".to_owned();
            report.error(
                Code::InvalidLinkDirectiveUsage,
                link.location,
                &message,
                Some(help),
            );
        }
        for import in &link.imports {
            if other.imports.iter().any(|held| held.local() == import.local()) {
                let name = import.local();
                let message = format!(
                    "\"{name}\" is imported from \"{}\" and from \"{}\"",
                    other.url, link.url
                );
                let help = "import one of them under another name with {name: …, as: …}".to_owned();
                report.error(
                    Code::InvalidLinkDirectiveUsage,
                    link.location,
                    &message,
                    Some(help),
                );
            }
        }
    }
}

fn check_federation_imports(report: &mut Report<'_, '_>, link: &Link) {
    let version = link.url.version;
    for import in &link.imports {
        let known = match import.element.strip_prefix('@') {
            Some(directive) => Fed::ALL
                .iter()
                .any(|fed| fed.name() == directive && fed.known_in(version)),
            None => TYPES
                .iter()
                .any(|(name, since)| *name == import.element && version.minor >= *since),
        };
        if !known {
            let message = format!(
                "cannot import \"{}\": federation {version} has no such element",
                import.element
            );
            let help = later_version(&import.element, version);
            report.error(Code::InvalidLinkDirectiveUsage, link.location, &message, help);
        }
    }
}

fn later_version(element: &str, version: Version) -> Option<String> {
    let fed = Fed::ALL
        .into_iter()
        .find(|fed| element.strip_prefix('@') == Some(fed.name()))?;
    let minor = (version.minor..=NEWEST.minor).find(|minor| fed.known_in(Version::new(2, *minor)))?;
    Some(format!("link federation v2.{minor} or later to use {element}"))
}
