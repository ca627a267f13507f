//! Graphs and operations that are hard for planners.

use std::fmt::Write as _;

pub(crate) const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@key\", \"@shareable\", \"@external\", \"@requires\", \"@provides\"])\n";

pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) subgraphs: Vec<String>,
    pub(crate) operation: String,
}

pub(crate) fn all() -> Vec<Made> {
    let mut all = Vec::new();
    all.extend([5, 10, 20].map(wide));
    all.extend([5, 10, 20].map(|count| implementers(count, 4)));
    all.extend([4, 8, 12].map(|roots| shareable_roots(roots, 8)));
    all.extend([5, 10, 20].map(key_chain));
    all.extend([3, 6, 10].map(two_ways));
    all
}

/// Each subgraph owns an entity with ten fields and a way to the next one; five fields of each come from five other subgraphs.
/// 15 fields a level.
fn wide(subgraphs: usize) -> Made {
    let mut sdl: Vec<String> = (0..subgraphs)
        .map(|own| {
            let fields: String = (0..9).map(|field| format!(" f{field}: Int")).collect();
            let next = (own + 1) % subgraphs;
            format!("type E{own} @key(fields: \"id\") {{ id: ID!{fields} next: E{next} }} type E{next} @key(fields: \"id\") {{ id: ID! }}\n")
        })
        .collect();
    sdl[0].push_str("type Query { start: [E0!]! }\n");
    let mut operation = String::new();
    for level in 0..subgraphs {
        let own: String = (0..9).map(|field| format!(" f{field}")).collect();
        let mut others = String::new();
        for away in 2..7 {
            let other = (level + away) % subgraphs;
            if other == level || other + 1 == level {
                continue;
            }
            let field = format!("from{away}");
            write!(others, " {field}").unwrap();
            writeln!(
                sdl[other],
                "type E{level} @key(fields: \"id\") {{ id: ID! {field}: Int }}"
            )
            .unwrap();
        }
        write!(operation, "{{ id{own}{others} next ").unwrap();
    }
    let operation = format!("{{ start {operation}{{ id }}{} }}", " }".repeat(subgraphs));
    Made {
        name: format!("wide/{subgraphs}"),
        subgraphs: sdl.into_iter().map(merged).collect(),
        operation,
    }
}

/// A type that is written twice in a subgraph becomes an extension the second time.
fn merged(sdl: String) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let mut out = String::new();
    for part in sdl.split("type ").filter(|part| !part.trim().is_empty()) {
        let name = part.split_whitespace().next().unwrap().to_owned();
        if seen.insert(name) {
            write!(out, "type {part}").unwrap();
        } else {
            let without_key = part.replace("@key(fields: \"id\")", "").replace("id: ID!", "");
            if without_key.contains(':') {
                write!(out, "extend type {without_key}").unwrap();
            }
        }
    }
    out
}

/// An interface whose implementers have their fields in several subgraphs each; all but one field can be had from two of them.
fn implementers(count: usize, subgraphs: usize) -> Made {
    let mut sdl: Vec<String> = (0..subgraphs)
        .map(|_| "interface Item { id: ID! }\n".to_owned())
        .collect();
    sdl[0].push_str("type Query { items: [Item!]! }\n");
    let mut operation = String::from("{ items { id");
    for ty in 0..count {
        let mut selected = String::new();
        for (number, own) in sdl.iter_mut().enumerate() {
            let mut fields = String::from("id: ID!");
            if number > 0 {
                for field in 0..4 {
                    let first = 1 + (field + ty) % (subgraphs - 1);
                    let second = 1 + (field + ty + 1) % (subgraphs - 1);
                    if number == first || number == second {
                        write!(fields, " f{field}: Value @shareable").unwrap();
                    }
                }
                write!(fields, " own{number}: Int").unwrap();
            }
            writeln!(
                own,
                "type T{ty} implements Item @key(fields: \"id\") {{ {fields} }}"
            )
            .unwrap();
        }
        for field in 0..4 {
            write!(selected, " f{field} {{ a b }}").unwrap();
        }
        write!(operation, " ... on T{ty} {{{selected} }}").unwrap();
    }
    operation.push_str(" } }");
    for own in &mut sdl[1..] {
        own.push_str("type Value @shareable { a: Int b: Int }\n");
    }
    Made {
        name: format!("implementers/{count}x{subgraphs}"),
        subgraphs: sdl,
        operation,
    }
}

/// Root fields that several subgraphs share, none of which has all of them.
fn shareable_roots(roots: usize, subgraphs: usize) -> Made {
    let sdl = (0..subgraphs)
        .map(|number| {
            let fields: String = (0..roots)
                .filter(|root| (root + number) % 4 != 0 || root % subgraphs == number)
                .map(|root| format!(" r{root}: Value @shareable"))
                .collect();
            format!("type Query {{{fields} }} type Value @shareable {{ a: Int b: Int }}\n")
        })
        .collect();
    let fields: String = (0..roots).map(|root| format!(" r{root} {{ a b }}")).collect();
    Made {
        name: format!("shareable_roots/{roots}x{subgraphs}"),
        subgraphs: sdl,
        operation: format!("{{{fields} }}"),
    }
}

/// Each subgraph knows the entity by the key of the one before and by one of its own.
fn key_chain(keys: usize) -> Made {
    let subgraphs = (0..=keys)
        .map(|number| {
            let before = number.checked_sub(1).map_or(String::new(), |before| {
                format!("@key(fields: \"k{before}\") ")
            });
            let field = number
                .checked_sub(1)
                .map_or(String::new(), |before| format!("k{before}: ID! @shareable "));
            let root = if number == 0 { "type Query { thing: Thing } " } else { "" };
            format!(
                "{root}type Thing {before}@key(fields: \"k{number}\") {{ {field}k{number}: ID! @shareable f{number}: Int }}\n"
            )
        })
        .collect();
    let fields: String = (0..=keys).map(|number| format!(" f{number}")).collect();
    Made {
        name: format!("key_chain/{keys}"),
        subgraphs,
        operation: format!("{{ thing {{{fields} }} }}"),
    }
}

/// Nested entities, each of which has two ways to each of its fields.
fn two_ways(levels: usize) -> Made {
    let mut left = String::from("type Query { thing: T0 } ");
    let mut right = String::new();
    let mut third = String::new();
    for level in 0..levels {
        let next = level + 1;
        write!(
            left,
            "type T{level} @key(fields: \"id\") {{ id: ID! x: Int @shareable }} "
        )
        .unwrap();
        write!(right, "type T{level} @key(fields: \"id\") {{ id: ID! y: Int @shareable z: Int @shareable next: T{next} @shareable }} ").unwrap();
        write!(third, "type T{level} @key(fields: \"id\") {{ id: ID! z: Int @shareable w: Int @shareable next: T{next} @shareable }} ").unwrap();
    }
    for sdl in [&mut left, &mut right, &mut third] {
        write!(sdl, "type T{levels} @key(fields: \"id\") {{ id: ID! }} ").unwrap();
    }
    let operation = "{ x y z next ".repeat(levels);
    Made {
        name: format!("two_ways/{levels}"),
        subgraphs: vec![left, right, third],
        operation: format!("{{ thing {operation}{{ id }}{} }}", " }".repeat(levels)),
    }
}
