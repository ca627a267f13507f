//! The names in docker/ that have come apart from each other or from the code.

use std::collections::BTreeSet;

use crate::compose::{Compose, Service};
use crate::dockerfile::{Dockerfile, Stage};

/// Ports of the images that are not built here.
const FOREIGN_PORTS: [(&str, u16); 2] = [("-db", 5432), ("redis", 6379)];

/// What the repository has to say about names.
pub trait Sources {
    /// Whether the Rust code that ends up in a target's binary has this text in it.
    fn mention(&self, target: &str, text: &str) -> bool;
    /// Whether the repository has this file or folder.
    fn has_path(&self, path: &str) -> bool;
    /// Whether the workspace has a package of this name that builds a binary.
    fn has_binary(&self, package: &str) -> bool;
}

/// One sentence for each name that leads nowhere.
pub fn problems(compose: &Compose, dockerfile: &Dockerfile, sources: &dyn Sources) -> Vec<String> {
    let check = Check {
        compose,
        dockerfile,
        sources,
    };
    let mut found = Vec::new();
    for (name, service) in &compose.services {
        found.extend(check.service(name, service));
    }
    for stage in &dockerfile.stages {
        found.extend(check.stage(stage));
    }
    found
}

struct Check<'a> {
    compose: &'a Compose,
    dockerfile: &'a Dockerfile,
    sources: &'a dyn Sources,
}

impl Check<'_> {
    fn service(&self, name: &str, service: &Service) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(target) = &service.target {
            found.extend(self.target(name, target));
            let unknown = service
                .environment
                .keys()
                .filter(|variable| !self.knows(target, variable));
            found
                .extend(unknown.map(|variable| {
                    format!("compose: {name} sets {variable}, which its code does not read")
                }));
        }
        for (on, condition) in &service.depends_on {
            found.extend(self.dependency(name, on, condition));
        }
        let undeclared = service
            .volumes
            .iter()
            .filter(|volume| !self.compose.volumes.contains(volume));
        found.extend(
            undeclared
                .map(|volume| format!("compose: {name} mounts `{volume}`, which `volumes` does not list")),
        );
        for port in &service.ports {
            let inside = port.rsplit(':').next().and_then(|port| port.parse().ok());
            if !inside.is_some_and(|inside| self.listens(name, inside)) {
                found.push(format!(
                    "compose: {name} publishes {port}, but does not listen on that port"
                ));
            }
        }
        for (variable, value) in &service.environment {
            found.extend(
                self.address(value)
                    .map(|what| format!("compose: {variable} of {name} {what}")),
            );
        }
        found
    }

    fn target(&self, name: &str, target: &str) -> Option<String> {
        match self.dockerfile.user(target) {
            None => Some(format!(
                "compose: {name} builds target `{target}`, which the Dockerfile does not have"
            )),
            Some(user) if is_unprivileged(user) => None,
            Some(user) => Some(format!(
                "Dockerfile: {target} runs as `{user}`, not as a number other than 0"
            )),
        }
    }

    fn dependency(&self, name: &str, on: &str, condition: &str) -> Option<String> {
        let Some(needed) = self.compose.services.get(on) else {
            return Some(format!("compose: {name} depends on `{on}`, which is no service"));
        };
        let built = needed
            .target
            .as_ref()
            .and_then(|target| self.dockerfile.stage(target));
        let healthy =
            needed.has_healthcheck || built.is_some_and(|stage| stage.all("HEALTHCHECK").next().is_some());
        (condition == "service_healthy" && !healthy)
            .then(|| format!("compose: {name} waits for `{on}` to be healthy, which has no health check"))
    }

    fn stage(&self, stage: &Stage) -> Vec<String> {
        let mut found = Vec::new();
        let stage_name = &stage.name;
        for variable in stage
            .all("ENV")
            .filter_map(|setting| setting.split(['=', ' ']).next())
        {
            if !self.knows(stage_name, variable) {
                found.push(format!(
                    "Dockerfile: {stage_name} sets {variable}, which its code does not read"
                ));
            }
        }
        for port in exposed(stage) {
            if !self.sources.mention(stage_name, &format!(":{port}\"")) {
                found.push(format!(
                    "Dockerfile: {stage_name} exposes {port}, which is no default port in the code"
                ));
            }
            for text in stage.all("HEALTHCHECK").chain(stage.all("ENV")) {
                if !text.contains(&format!(":{port}")) {
                    found.push(format!(
                        "Dockerfile: {stage_name} exposes {port}, but has `{text}`"
                    ));
                }
            }
        }
        for copy in stage.all("COPY") {
            found.extend(self.copy(stage_name, copy));
        }
        let runs: Vec<&str> = stage.all("RUN").flat_map(str::split_whitespace).collect();
        let packages = runs
            .windows(2)
            .filter(|pair| pair[0] == "--package")
            .map(|pair| pair[1]);
        let unknown = packages.filter(|package| !self.sources.has_binary(package));
        found.extend(
            unknown
                .map(|package| format!("Dockerfile: builds `{package}`, which is no package with a binary")),
        );
        found
    }

    fn copy(&self, stage: &str, copy: &str) -> Option<String> {
        let mut words: Vec<&str> = copy.split_whitespace().collect();
        words.pop();
        match words.as_slice() {
            [from, source] if from.starts_with("--from=") => {
                let from = from.trim_start_matches("--from=");
                let file = source.rsplit('/').next()?;
                let made = format!("target/release/{file}");
                let makes = self
                    .dockerfile
                    .stage(from)?
                    .all("RUN")
                    .flat_map(str::split_whitespace)
                    .any(|word| word == made);
                let problem =
                    || format!("Dockerfile: {stage} copies {source}, which stage {from} does not make");
                (!makes).then(problem)
            }
            sources => {
                let missing = sources.iter().find(|source| !self.sources.has_path(source))?;
                Some(format!(
                    "Dockerfile: {stage} copies `{missing}`, which the repository does not have"
                ))
            }
        }
    }

    /// What is wrong with a URL's host and port, when the value is a URL.
    fn address(&self, value: &str) -> Option<String> {
        let (_, rest) = value.split_once("://")?;
        let authority = rest.split('/').next()?;
        let host_and_port = authority.rsplit('@').next()?;
        let (host, port) = host_and_port.split_once(':')?;
        if !self.compose.services.contains_key(host) {
            return Some(format!("leads to `{host}`, which is no service"));
        }
        let known = port.parse().is_ok_and(|port| self.listens(host, port));
        (!known).then(|| format!("leads to {host}:{port}, where it does not listen"))
    }

    fn listens(&self, service: &str, port: u16) -> bool {
        let target = self
            .compose
            .services
            .get(service)
            .and_then(|found| found.target.as_ref());
        match target.and_then(|target| self.dockerfile.stage(target)) {
            Some(stage) => exposed(stage).contains(&port),
            None => FOREIGN_PORTS
                .iter()
                .any(|(suffix, foreign)| service.ends_with(suffix) && *foreign == port),
        }
    }

    fn knows(&self, target: &str, variable: &str) -> bool {
        self.sources.mention(target, &format!("\"{variable}\""))
    }
}

/// Kubernetes cannot tell whether a name is root.
fn is_unprivileged(user: &str) -> bool {
    user.split(':')
        .next()
        .is_some_and(|id| id.parse::<u32>().is_ok_and(|id| id != 0))
}

fn exposed(stage: &Stage) -> BTreeSet<u16> {
    stage
        .all("EXPOSE")
        .flat_map(str::split_whitespace)
        .filter_map(|port| port.parse().ok())
        .collect()
}

/// A pair of files in which everything fits, and each way of breaking it.
#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSE: &str = r#"
services:
  users:
    build: { context: .., target: users }
    environment: { USERS_DATABASE_URL: "postgres://users:${P:-x}@users-db:5432/users" }
    ports: ["4001:4001"]
    depends_on: { users-db: { condition: service_healthy } }
  users-db:
    image: postgres:15
    environment: { POSTGRES_USER: users }
    volumes: ["users-data:/var/lib"]
    healthcheck: { test: ["CMD", "pg_isready"] }
volumes: { users-data: }
"#;

    const DOCKERFILE: &str = r#"
FROM rust AS build
COPY . .
RUN cargo build --release --package users && cp target/release/users /out/
FROM debian AS base
USER 10001:10001
FROM base AS users
COPY --from=build /out/users /usr/local/bin/users
ENV USERS_LISTEN=0.0.0.0:4001
EXPOSE 4001
HEALTHCHECK CMD ["users", "health", "--url", "http://127.0.0.1:4001/health/ready"]
"#;

    struct Code;

    impl Sources for Code {
        fn mention(&self, target: &str, text: &str) -> bool {
            target == "users" && ["\"USERS_DATABASE_URL\"", "\"USERS_LISTEN\"", ":4001\""].contains(&text)
        }

        fn has_path(&self, path: &str) -> bool {
            path == "."
        }

        fn has_binary(&self, package: &str) -> bool {
            package == "users"
        }
    }

    fn found(compose: &str, dockerfile: &str) -> Vec<String> {
        problems(
            &Compose::parse(compose).unwrap(),
            &Dockerfile::parse(dockerfile).unwrap(),
            &Code,
        )
    }

    #[test]
    fn files_that_fit_have_no_problems() {
        assert_eq!(found(COMPOSE, DOCKERFILE), [""; 0]);
    }

    #[test]
    fn every_broken_name_in_compose_is_found() {
        for (good, bad, expected) in [
            (
                "target: users",
                "target: user",
                "builds target `user`, which the Dockerfile does not have",
            ),
            (
                "USERS_DATABASE_URL",
                "USERS_DB",
                "users sets USERS_DB, which its code does not read",
            ),
            (
                "{ users-db: {",
                "{ user-db: {",
                "depends on `user-db`, which is no service",
            ),
            (
                "healthcheck",
                "health",
                "waits for `users-db` to be healthy, which has no health check",
            ),
            (
                "volumes: { users-data: }",
                "",
                "mounts `users-data`, which `volumes` does not list",
            ),
            (
                "4001:4001",
                "4001:4002",
                "publishes 4001:4002, but does not listen",
            ),
            ("@users-db:5432", "@db:5432", "leads to `db`, which is no service"),
            (
                "@users-db:5432",
                "@users-db:5433",
                "leads to users-db:5433, where it does not listen",
            ),
        ] {
            assert!(COMPOSE.contains(good), "{good}");
            let found = found(&COMPOSE.replace(good, bad), DOCKERFILE);
            assert!(
                found.iter().any(|problem| problem.contains(expected)),
                "{expected:?} is not in {found:#?}"
            );
        }
    }

    #[test]
    fn every_broken_name_in_the_dockerfile_is_found() {
        for (good, bad, expected) in [
            (
                "USER 10001:10001",
                "",
                "users runs as ``, not as a number other than 0",
            ),
            ("USER 10001:10001", "USER root", "users runs as `root`"),
            ("USER 10001:10001", "USER 0:0", "users runs as `0:0`"),
            (
                "ENV USERS_LISTEN",
                "ENV USERS_ADDRESS",
                "sets USERS_ADDRESS, which its code does not read",
            ),
            (
                "EXPOSE 4001",
                "EXPOSE 4009",
                "exposes 4009, which is no default port in the code",
            ),
            (
                "0.0.0.0:4001",
                "0.0.0.0:4002",
                "exposes 4001, but has `USERS_LISTEN=0.0.0.0:4002`",
            ),
            ("127.0.0.1:4001", "127.0.0.1:4002", "exposes 4001, but has `CMD"),
            (
                "COPY . .",
                "COPY schema .",
                "copies `schema`, which the repository does not have",
            ),
            (
                "/out/users /usr",
                "/out/user /usr",
                "copies /out/user, which stage build does not make",
            ),
            (
                "--package users",
                "--package user",
                "builds `user`, which is no package with a binary",
            ),
        ] {
            assert!(DOCKERFILE.contains(good), "{good}");
            let found = found(COMPOSE, &DOCKERFILE.replace(good, bad));
            assert!(
                found.iter().any(|problem| problem.contains(expected)),
                "{expected:?} is not in {found:#?}"
            );
        }
    }
}
