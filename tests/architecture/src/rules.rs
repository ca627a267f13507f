//! Who may depend on whom. Changing a line here is a change of the architecture: say why in ARCHITECTURE.md.

/// What one member of the workspace may depend on inside the workspace.
pub(crate) struct Rule {
    pub(crate) member: &'static str,
    pub(crate) may_use: &'static [&'static str],
    /// Whether dev-dependencies are held to the rule as well. Tests of a gateway crate may borrow from its neighbours,
    /// those of a service may not: what two services do together belongs into tests/e2e.
    pub(crate) tests_too: bool,
    pub(crate) because: &'static str,
}

pub(crate) const RULES: &[Rule] = &[
    gateway(
        "causeway-model",
        &[],
        "the model is nouns only and stands at the bottom",
    ),
    gateway(
        "causeway-graph",
        &["causeway-model"],
        "the query graph is shared by composition and planner",
    ),
    gateway(
        "causeway-composition",
        &["causeway-graph", "causeway-model"],
        "composition turns SDL into a supergraph and knows nothing of how it is run",
    ),
    gateway(
        "causeway-check",
        &["causeway-model"],
        "checks compare API schemas that somebody else has composed",
    ),
    gateway(
        "causeway-planner",
        &["causeway-graph", "causeway-model"],
        "the planner turns a supergraph and an operation into a plan and knows nothing of how either came to be",
    ),
    gateway(
        "causeway-json",
        &[],
        "the scanner knows JSON and nothing of what it says",
    ),
    gateway(
        "causeway-executor",
        &["causeway-json", "causeway-model"],
        "the executor runs plans that anyone may have written",
    ),
    gateway(
        "causeway-loader",
        &["causeway-executor", "causeway-json", "causeway-model"],
        "the loader stands before a client and behind the executor, and sees of both the port between them",
    ),
    gateway(
        "causeway-cache",
        &["causeway-executor", "causeway-json", "causeway-model"],
        "the cache is a client before a client; where gateways share one, what they share it through is behind its ports",
    ),
    gateway(
        "causeway-redis",
        &["causeway-cache"],
        "an adapter knows the port it implements, and no other part",
    ),
    gateway(
        "causeway-redis-testing",
        &[],
        "it starts servers for tests and knows nothing of what is tested",
    ),
    gateway(
        "causeway-client",
        &["causeway-executor", "causeway-model"],
        "an adapter knows the port it implements, and no other part",
    ),
    gateway(
        "causeway-config",
        &[],
        "configuration is read before anything else exists; the cli turns it into options",
    ),
    gateway(
        "causeway-server",
        &[
            "causeway-composition",
            "causeway-executor",
            "causeway-graph",
            "causeway-model",
            "causeway-planner",
        ],
        "the server answers requests; adapters and configuration are handed to it by the cli",
    ),
    gateway(
        "causeway",
        &[
            "causeway-cache",
            "causeway-check",
            "causeway-client",
            "causeway-composition",
            "causeway-config",
            "causeway-executor",
            "causeway-graph",
            "causeway-loader",
            "causeway-model",
            "causeway-planner",
            "causeway-redis",
            "causeway-server",
        ],
        "the cli wires the gateway, and only the gateway",
    ),
    service("kit", &[], "the kit knows no domain and no gateway"),
    service("users", &["kit"], SERVICE),
    service("catalog", &["kit"], SERVICE),
    service("orders", &["kit"], SERVICE),
    service(
        "shop",
        &["catalog", "causeway", "kit", "orders", "users"],
        "the shop starts the services and the gateway through their public faces",
    ),
];

const SERVICE: &str =
    "a service stands alone: it meets the others over the network, and the gateway in its schema";

/// Crates that take text and give values: no runtime, no network, no storage beneath them.
pub(crate) const PURE: &[&str] = &[
    "causeway-json",
    "causeway-model",
    "causeway-graph",
    "causeway-composition",
    "causeway-check",
    "causeway-planner",
];

/// What a pure crate may not reach, with everything that is named after it (`tokio-util`, `hyper-util`, ...).
pub(crate) const IMPURE: &[&str] = &["axum", "hyper", "redis", "reqwest", "sqlx", "tokio"];

const fn gateway(member: &'static str, may_use: &'static [&'static str], because: &'static str) -> Rule {
    Rule {
        member,
        may_use,
        tests_too: false,
        because,
    }
}

const fn service(member: &'static str, may_use: &'static [&'static str], because: &'static str) -> Rule {
    Rule {
        member,
        may_use,
        tests_too: true,
        because,
    }
}
