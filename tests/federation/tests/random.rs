//! Random operations on random graphs over random data: the gateway gives what the monolith gives, and asks no subgraph for
//! what it does not define.
//!
//! `CAUSEWAY_FEDERATION_CASES` sets how many operations are compared, `CAUSEWAY_FEDERATION_SEED` where to begin.
//! `CAUSEWAY_FEDERATION_NOTE=1` tells why graphs do not compose.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use federation::random::{Difference, Tapes, Verdict, judge, shrink};

const CASES: usize = 300;
const SEED: u64 = 1;
/// Attempts to make the first failure smaller, unless `CAUSEWAY_FEDERATION_SHRINKS` says how many.
const SHRINKS: usize = 800;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_gateway_gives_what_the_monolith_gives() {
    let cases =
        setting("CAUSEWAY_FEDERATION_CASES").map_or(CASES, |cases| usize::try_from(cases).expect("a number"));
    let first = setting("CAUSEWAY_FEDERATION_SEED").unwrap_or(SEED);
    println!("CAUSEWAY_FEDERATION_SEED={first} CAUSEWAY_FEDERATION_CASES={cases}");
    let shrinks = setting("CAUSEWAY_FEDERATION_SHRINKS")
        .map_or(SHRINKS, |tries| usize::try_from(tries).expect("a number"));
    let (mut equal, mut composed, mut drawn) = (0, 0, 0);
    let mut kinds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut smallest: Option<(Tapes, Difference)> = None;
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    let (start, mut slowest) = (Instant::now(), (Duration::ZERO, first));
    for seed in first.. {
        if equal >= cases || kinds.values().map(Vec::len).sum::<usize>() > 200 || drawn > 100 * cases {
            break;
        }
        drawn += 1;
        let tapes = Tapes::from_seed(seed);
        let before = Instant::now();
        let verdict = judge(&tapes);
        slowest = slowest.max((before.elapsed(), seed));
        match verdict {
            Verdict::NotComposed(why) => {
                *refusals
                    .entry(why.split(':').next().unwrap_or_default().to_owned())
                    .or_default() += 1;
            }
            Verdict::Equal(count) => {
                composed += 1;
                equal += count;
            }
            Verdict::Different(difference) => {
                composed += 1;
                kinds.entry(difference.kind.clone()).or_default().push(seed);
                let wanted = std::env::var("CAUSEWAY_FEDERATION_KIND").ok();
                let is_wanted = wanted.is_none_or(|kind| difference.kind.contains(&kind));
                if smallest.is_none() && is_wanted {
                    smallest = Some((tapes, difference));
                }
            }
        }
    }
    let differences: usize = kinds.values().map(Vec::len).sum();
    println!(
        "{equal} cases equal on {composed} supergraphs ({drawn} drawn), {differences} differences, {:.1} seconds; slowest: \
         seed {}, {:.1} seconds",
        start.elapsed().as_secs_f64(),
        slowest.1,
        slowest.0.as_secs_f64()
    );
    if setting("CAUSEWAY_FEDERATION_NOTE").is_some() {
        refusals
            .iter()
            .for_each(|(why, count)| println!("{count} x {why}"));
    }
    for (kind, seeds) in &kinds {
        println!(
            "{} x {kind}: seeds {:?}",
            seeds.len(),
            &seeds[..seeds.len().min(8)]
        );
    }
    if let Some((tapes, difference)) = smallest {
        let (_, difference) = shrink(tapes, difference, shrinks);
        panic!("{}\n{}", difference.kind, difference.report);
    }
    assert!(kinds.is_empty(), "differences of other kinds than the wanted one");
    assert!(composed * 4 > drawn, "too few graphs compose to prove anything");
}
