//! Reads the ledger as a document asks. Knows as much of GraphQL as a gateway sends.

use anyhow::{Context as _, bail};
use apollo_compiler::ast::{self, Definition, Document, OperationType, Selection};
use serde_json::{Map, Value, json};

use super::{page, slug, tag, type_of};
use crate::ledger::Ledger;

/// Whom an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Nobody,
    /// The user.
    User,
    /// All that is seen of the client.
    Client,
}

/// As the subgraph sees it.
pub(super) struct Client {
    pub(super) user: String,
    pub(super) plan: String,
}

/// What was read, and when it was: now.
pub(super) struct Run<'l> {
    ledger: &'l Ledger,
    variables: Value,
    data: Value,
    client: Client,
    pub(super) is_mutation: bool,
    pub(super) about: About,
    pub(super) read: Vec<(usize, u64)>,
    /// Tags of parts in what is read right now.
    tags: Vec<String>,
    /// The same, of each entity that was asked for.
    entity_tags: Vec<Vec<String>>,
}

impl<'l> Run<'l> {
    pub(super) fn of(
        ledger: &'l Ledger,
        client: Client,
        document: &Document,
        variables: &Value,
    ) -> anyhow::Result<Self> {
        let [Definition::OperationDefinition(operation)] = &document.definitions[..] else {
            bail!("one operation, please");
        };
        let mut run = Self {
            ledger,
            variables: variables.clone(),
            data: Value::Null,
            client,
            about: About::Nobody,
            is_mutation: operation.operation_type == OperationType::Mutation,
            read: Vec::new(),
            tags: Vec::new(),
            entity_tags: Vec::new(),
        };
        run.data = run.roots(&operation.selection_set)?;
        Ok(run)
    }

    pub(super) fn has_user(&self) -> bool {
        !self.client.user.is_empty()
    }

    pub(super) fn body(self) -> String {
        let extensions = match self.entity_tags.is_empty() {
            true => json!({ "apolloCacheTags": self.tags }),
            false => json!({ "apolloEntityCacheTags": self.entity_tags }),
        };
        json!({ "data": self.data, "extensions": extensions }).to_string()
    }

    fn roots(&mut self, selections: &[Selection]) -> anyhow::Result<Value> {
        let mut out = Map::new();
        for selection in selections {
            let Selection::Field(field) = selection else {
                bail!("a field at the root, please");
            };
            let key = field.response_name().to_string();
            if out.contains_key(&key) {
                bail!("`{key}` twice");
            }
            out.insert(key, self.root(field)?);
        }
        Ok(Value::Object(out))
    }

    fn root(&mut self, field: &ast::Field) -> anyhow::Result<Value> {
        let count = self.ledger.count();
        Ok(match field.name.as_str() {
            "__typename" => json!("Query"),
            "_entities" => return self.entities(field),
            "items" | "parts" => {
                let ids = self.argument(field, "ids")?;
                let things = ids.as_array().context("ids")?.iter().map(number);
                self.list(
                    &things.collect::<anyhow::Result<Vec<_>>>()?,
                    field.selection_set.as_deref().unwrap_or_default(),
                )?
            }
            "item" => {
                let thing = number(&self.argument(field, "id")?)?;
                self.object(thing, field.selection_set.as_deref().unwrap_or_default())?
            }
            "part" => {
                let thing = by_slug(&self.argument(field, "slug")?)?;
                self.object(thing, field.selection_set.as_deref().unwrap_or_default())?
            }
            "page" => {
                let number = self.argument(field, "number")?.as_u64().context("number")?;
                let things: Vec<usize> = page(usize::try_from(number)?, count).collect();
                self.list(&things, field.selection_set.as_deref().unwrap_or_default())?
            }
            "raise" => json!(self.ledger.raise(number(&self.argument(field, "id")?)?)),
            other => bail!("there is no field `{other}`"),
        })
    }

    fn entities(&mut self, field: &ast::Field) -> anyhow::Result<Value> {
        let representations = self.argument(field, "representations")?;
        let mut all = Vec::new();
        for representation in representations.as_array().context("representations")? {
            let thing = match representation.get("id") {
                Some(id) => number(id)?,
                None => by_slug(&representation["slug"])?,
            };
            all.push(self.object(thing, field.selection_set.as_deref().unwrap_or_default())?);
            let mut tags = std::mem::take(&mut self.tags);
            if thing % 2 == 1 {
                tags.push(tag(thing));
            }
            self.entity_tags.push(tags);
        }
        Ok(Value::Array(all))
    }

    fn list(&mut self, things: &[usize], selections: &[Selection]) -> anyhow::Result<Value> {
        let all = things.iter().map(|thing| self.object(*thing, selections));
        Ok(Value::Array(all.collect::<anyhow::Result<_>>()?))
    }

    fn object(&mut self, thing: usize, selections: &[Selection]) -> anyhow::Result<Value> {
        if thing >= self.ledger.count() {
            bail!("there is no {thing}");
        }
        if thing % 2 == 1 {
            self.tags.push(tag(thing));
        }
        let mut out = Map::new();
        self.fields(thing, selections, &mut out)?;
        Ok(Value::Object(out))
    }

    fn fields(
        &mut self,
        thing: usize,
        selections: &[Selection],
        out: &mut Map<String, Value>,
    ) -> anyhow::Result<()> {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let value = self.field(thing, field)?;
                    out.insert(field.response_name().to_string(), value);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_deref();
                    if on.is_none_or(|on| on == type_of(thing)) {
                        self.fields(thing, &fragment.selection_set, out)?;
                    }
                }
                Selection::FragmentSpread(_) => bail!("no named fragments, please"),
            }
        }
        Ok(())
    }

    fn field(&mut self, thing: usize, field: &ast::Field) -> anyhow::Result<Value> {
        Ok(match field.name.as_str() {
            "__typename" => json!(type_of(thing)),
            "id" => json!(thing.to_string()),
            "slug" => json!(slug(thing)),
            "version" | "again" => json!(self.version(thing)),
            "text" => {
                let times = self.argument(field, "times")?.as_u64().context("times")?;
                let version = self.version(thing).to_string();
                json!(vec![version; usize::try_from(times)?].join(","))
            }
            "mine" => {
                self.about = self.about.max(About::User);
                let version = self.version(thing);
                json!(format!("{}:{version}", self.client.user))
            }
            "seen" => {
                self.about = About::Client;
                let version = self.version(thing);
                json!(format!("{}/{}:{version}", self.client.user, self.client.plan))
            }
            "part" | "item" => self.object(thing ^ 1, field.selection_set.as_deref().unwrap_or_default())?,
            other => bail!("there is no field `{other}`"),
        })
    }

    fn version(&mut self, thing: usize) -> u64 {
        let version = self.ledger.version(thing);
        self.read.push((thing, version));
        version
    }

    fn argument(&self, field: &ast::Field, name: &str) -> anyhow::Result<Value> {
        let argument = field.arguments.iter().find(|argument| argument.name == name);
        let argument = argument.with_context(|| format!("`{}` needs `{name}`", field.name))?;
        value(&argument.value, &self.variables)
    }
}

fn value(value: &ast::Value, variables: &Value) -> anyhow::Result<Value> {
    Ok(match value {
        ast::Value::Variable(name) => variables.get(name.as_str()).cloned().unwrap_or_default(),
        ast::Value::String(text) => json!(text),
        ast::Value::Int(number) => json!(number.try_to_i32().ok()),
        ast::Value::List(items) => {
            let items = items.iter().map(|item| self::value(item, variables));
            Value::Array(items.collect::<anyhow::Result<_>>()?)
        }
        other => bail!("what is {other}?"),
    })
}

fn number(id: &Value) -> anyhow::Result<usize> {
    Ok(id.as_str().context("an id is a text")?.parse()?)
}

fn by_slug(slug: &Value) -> anyhow::Result<usize> {
    let number = slug.as_str().and_then(|slug| slug.strip_prefix("s-"));
    Ok(number.context("slugs begin with s-")?.parse()?)
}
