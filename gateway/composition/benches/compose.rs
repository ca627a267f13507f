//! How long composing many subgraphs takes, and how much memory: `cargo bench -p causeway-composition`.
//!
//! Each size runs in a process of its own, so that the peak of memory is its own. A subgraph has 100 types. Two kinds of graphs:
//! *neighbours* have entities of their own, entities of their neighbours that they add fields to, one entity that all share, shared
//! and own value types, interfaces, unions, enums and inputs. *Shared* ones are the worst case: all subgraphs have the
//! same 100 entities, refer from each to others, and add a field to each.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use causeway_composition::{SubgraphInput, compose};
use std::fmt::Write;
use std::process::Command;
use std::time::Instant;

type Kind = (&'static str, fn(usize, usize) -> String);

const KINDS: [Kind; 2] = [("neighbours", neighbours), ("shared", shared)];
const SIZES: [usize; 4] = [3, 10, 30, 100];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
    if let Ok(size) = given(2).parse() {
        let kind = KINDS
            .iter()
            .find(|(name, _)| *name == given(1))
            .expect("a kind of graph");
        return run(*kind, size);
    }
    println!("| graph | subgraphs | types | SDL | time | peak memory |\n|---|---:|---:|---:|---:|---:|");
    for (kind, _) in KINDS {
        for size in SIZES {
            let mut command = Command::new(std::env::current_exe().unwrap());
            assert!(
                command
                    .arg(kind)
                    .arg(size.to_string())
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
}

fn run((kind, subgraph): Kind, size: usize) {
    let inputs: Vec<SubgraphInput> = (0..size).map(|at| input(at, subgraph(at, size))).collect();
    let bytes: usize = inputs.iter().map(|input| input.sdl.len()).sum();
    let mut best = f64::MAX;
    let mut types = 0;
    for _ in 0..3 {
        let start = Instant::now();
        let composition = compose(&inputs).unwrap_or_else(|failed| panic!("{}", failed.errors[0]));
        best = best.min(start.elapsed().as_secs_f64());
        types = composition.supergraph.schema.types.len();
    }
    println!(
        "| {kind} | {size} | {types} | {:.1} MB | {:.0} ms | {:.0} MB |",
        bytes as f64 / 1e6,
        best * 1e3,
        peak_memory() as f64 / 1024.0
    );
}

/// The process's peak in kB; 0 where there is no /proc.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

const HEAD: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@key\", \"@shareable\", \
                   \"@external\", \"@requires\"])\n";

fn neighbours(at: usize, size: usize) -> String {
    let mut sdl = HEAD.to_owned();
    let out = &mut sdl;
    writeln!(
        out,
        "type Query {{ s{at}(first: Int = 10): [S{at}E0!]! node{at}(id: ID!): S{at}N0 any{at}: S{at}U0 }}"
    )
    .unwrap();
    writeln!(out, "type User @key(fields: \"id\") {{ id: ID! s{at}: S{at}E1 }}").unwrap();
    for number in 0..5 {
        writeln!(
            out,
            "type Shared{number} @shareable {{ amount: Int! currency: String! }}"
        )
        .unwrap();
    }
    own_entities(out, at);
    let next = (at + 1) % size;
    for number in 0..20 {
        let requires = if number % 4 == 0 { "x: Int @external" } else { "" };
        let using = if number % 4 == 0 {
            "@requires(fields: \"x\")"
        } else {
            ""
        };
        writeln!(
            out,
            "type S{next}E{number} @key(fields: \"id\") {{ id: ID! {requires} from{at}: S{at}V{number} {using} n{at}: Int }}"
        )
        .unwrap();
    }
    for number in 0..40 {
        let deeper = (number + 1) % 40;
        writeln!(
            out,
            "type S{at}V{number} {{ a: Int b: String! c: Shared{} d: S{at}V{deeper} e: [S{at}Kind0!] }}",
            number % 5
        )
        .unwrap();
    }
    for number in 0..5 {
        writeln!(
            out,
            "enum S{at}Kind{number} {{ A B C }}\ninput S{at}In{number} {{ a: Int = 1 b: S{at}Kind{number} }}"
        )
        .unwrap();
    }
    for number in 0..2 {
        writeln!(
            out,
            "union S{at}U{number} = S{at}E{number} | S{at}E{} | User",
            number + 2
        )
        .unwrap();
        writeln!(out, "interface S{at}N{number} {{ id: ID! x: Int }}").unwrap();
    }
    sdl
}

fn shared(at: usize, _size: usize) -> String {
    let mut sdl = HEAD.to_owned();
    writeln!(sdl, "type Query {{ q{at}: E{} }}", at % 100).unwrap();
    for number in 0..100 {
        let other = (number + at + 1) % 100;
        let key = if (number + at).is_multiple_of(3) {
            "@key(fields: \"sku\")"
        } else {
            ""
        };
        writeln!(sdl, "type E{number} @key(fields: \"id\") {key} {{ id: ID! sku: ID! @shareable f{at}: Int r{at}: E{other} }}").unwrap();
    }
    sdl
}

fn input(at: usize, sdl: String) -> SubgraphInput {
    SubgraphInput {
        name: format!("s{at}"),
        url: None,
        sdl,
        source: format!("s{at}.graphql"),
    }
}

fn own_entities(out: &mut String, at: usize) {
    for number in 0..20 {
        let other = (number + 7) % 20;
        writeln!(
            out,
            "type S{at}E{number} implements S{at}N{} @key(fields: \"id\") @key(fields: \"sku\") {{ id: ID! sku: String! x: Int \
             kind(in: S{at}In{}): S{at}Kind{} price: Shared{} value: S{at}V{number} other: S{at}E{other} user: User \
             many(first: Int): [S{at}E{other}!]! }}",
            number % 2,
            number % 5,
            number % 5,
            number % 5
        )
        .unwrap();
    }
}
