//! What a random graph is about, before anybody splits it over subgraphs.

use super::choices::Choices;

pub(crate) const WRAPS: [(&str, &str); 5] = [("", ""), ("", "!"), ("[", "]"), ("[", "!]!"), ("[", "]!")];

pub(crate) struct Universe {
    pub(crate) subgraphs: usize,
    pub(crate) entities: Vec<Entity>,
    pub(crate) values: Vec<Vec<Field>>,
    /// Entities, by index, that implement `Node`; empty: there is none.
    pub(crate) node: Vec<usize>,
    /// Members of the union `Any`.
    pub(crate) union: Vec<usize>,
    /// The subgraph that knows `Node` as an interface object.
    pub(crate) interface_object: Option<usize>,
}

pub(crate) struct Entity {
    pub(crate) fields: Vec<Field>,
    /// For each field, the subgraphs that answer it.
    pub(crate) owners: Vec<Vec<usize>>,
}

#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) named: String,
    pub(crate) wrap: (&'static str, &'static str),
    pub(crate) argument: bool,
}

impl Field {
    fn ty(&self) -> String {
        format!("{}{}{}", self.wrap.0, self.named, self.wrap.1)
    }

    pub(crate) fn head(&self) -> String {
        let argument = if self.argument { "(n: Int)" } else { "" };
        format!("{}{argument}: {}", self.name, self.ty())
    }
}

pub(crate) fn universe(choices: &mut Choices<'_>) -> Universe {
    let subgraphs = 2 + choices.below(3);
    let all: Vec<usize> = (0..subgraphs).collect();
    let entity_count = 1 + choices.below(4);
    let value_count = choices.below(3);
    let entities: Vec<usize> = (0..entity_count).collect();
    let node = if choices.chance(50) {
        choices.some_of(&entities, 60)
    } else {
        Vec::new()
    };
    let union = if choices.chance(40) {
        choices.some_of(&entities, 60)
    } else {
        Vec::new()
    };
    let interface_object = (!node.is_empty() && choices.chance(50)).then(|| choices.below(subgraphs));
    let mut types: Vec<String> = entities.iter().map(|index| format!("E{index}")).collect();
    types.extend((0..value_count).map(|index| format!("V{index}")));
    if !node.is_empty() {
        types.push("Node".to_owned());
    }
    if !union.is_empty() {
        types.push("Any".to_owned());
    }
    let values = (0..value_count)
        .map(|index| value(choices, index, entity_count))
        .collect();
    let entities = entities
        .iter()
        .map(|index| {
            let homes: Vec<usize> = all
                .iter()
                .copied()
                .filter(|home| !(node.contains(index) && interface_object == Some(*home)))
                .collect();
            entity(choices, &types, &homes)
        })
        .collect();
    Universe {
        subgraphs,
        entities,
        values,
        node,
        union,
        interface_object,
    }
}

fn value(choices: &mut Choices<'_>, index: usize, entities: usize) -> Vec<Field> {
    let mut fields = vec![field("x", "Int", WRAPS[0]), field("y", "String", WRAPS[0])];
    if choices.chance(40) {
        fields.push(field(
            "of",
            &format!("E{}", choices.below(entities)),
            WRAPS[choices.below(3)],
        ));
    }
    if index > 0 && choices.chance(30) {
        fields.push(field("deep", "V0", WRAPS[choices.below(3)]));
    }
    fields
}

fn entity(choices: &mut Choices<'_>, types: &[String], homes: &[usize]) -> Entity {
    let mut fields = Vec::new();
    let mut owners = Vec::new();
    for number in 0..1 + choices.below(6) {
        let composite = choices.chance(50);
        let named = if composite {
            choices.pick(types).clone()
        } else {
            "Int".to_owned()
        };
        let mut made = field(&format!("f{number}"), &named, *choices.pick(&WRAPS));
        made.argument = choices.chance(15);
        fields.push(made);
        owners.push(if choices.chance(25) {
            choices.some_of(homes, 50)
        } else {
            vec![*choices.pick(homes)]
        });
    }
    Entity { fields, owners }
}

pub(crate) fn field(name: &str, named: &str, wrap: (&'static str, &'static str)) -> Field {
    Field {
        name: name.to_owned(),
        named: named.to_owned(),
        wrap,
        argument: false,
    }
}
