//! Plans of small random operations against the fewest requests that there can be.
//!
//! `CAUSEWAY_FEWEST_CASES` sets how many operations are compared, `CAUSEWAY_FEWEST_SEED` where to begin, `CAUSEWAY_FEWEST_SHOW` how many
//! of the smallest plans with a request too many are shown.

use std::collections::BTreeMap;

use federation::{
    Gateway,
    fewest::{Case, Fewest, fewest},
    random::Tapes,
};

const CASES: usize = 200;
const SEED: u64 = 1;
const SHOWN: usize = 3;

/// Plans of a thousand that may make more requests than the fewest.
const TOLERANCE: usize = 4;

/// Operations of a thousand that may have no plan though their graph composes.
const UNPLANNED: usize = 0;

struct Wasteful {
    seed: u64,
    case: Case,
    fewest: Fewest,
    requests: usize,
    depth: usize,
    plan: String,
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn plans_make_as_few_requests_as_can_be() {
    let cases =
        setting("CAUSEWAY_FEWEST_CASES").map_or(CASES, |cases| usize::try_from(cases).expect("a number"));
    let first = setting("CAUSEWAY_FEWEST_SEED").unwrap_or(SEED);
    let shown =
        setting("CAUSEWAY_FEWEST_SHOW").map_or(SHOWN, |shown| usize::try_from(shown).expect("a number"));
    println!("CAUSEWAY_FEWEST_SEED={first} CAUSEWAY_FEWEST_CASES={cases}");
    let (mut compared, mut drawn, mut deeper) = (0, 0, 0);
    let mut waste: BTreeMap<usize, usize> = BTreeMap::new();
    let mut by_fewest: BTreeMap<usize, usize> = BTreeMap::new();
    let mut found: Vec<Wasteful> = Vec::new();
    let mut unplanned: Vec<(usize, u64, String)> = Vec::new();
    for seed in first.. {
        if compared >= cases {
            break;
        }
        drawn += 1;
        assert!(drawn < 1_000 + 50 * cases, "too few graphs compose");
        let Some(case) = Case::draw(&Tapes::from_seed(seed).graph) else {
            continue;
        };
        let Ok(gateway) = Gateway::new(&case.sdl()) else {
            continue;
        };
        let plan = match gateway.plan(&case.operation()) {
            Ok(plan) => plan,
            Err(why) => {
                unplanned.push((
                    case.size(),
                    seed,
                    format!(
                        "{why}
{}",
                        case.print()
                    ),
                ));
                continue;
            }
        };
        let fewest =
            fewest(&case).unwrap_or_else(|| panic!("seed {seed}: composed, yet no way\n{}", case.print()));
        compared += 1;
        *by_fewest.entry(fewest.requests.requests).or_default() += 1;
        let more = plan.requests.checked_sub(fewest.requests.requests);
        let more = more.unwrap_or_else(|| {
            panic!(
                "seed {seed}: a plan beats the model\n{}\n{}",
                case.print(),
                plan.text
            )
        });
        *waste.entry(more).or_default() += 1;
        deeper += usize::from(more == 0 && plan.depth > fewest.requests.depth);
        if more > 0 {
            found.push(Wasteful {
                seed,
                case,
                fewest,
                requests: plan.requests,
                depth: plan.depth,
                plan: plan.text,
            });
        }
    }
    found.sort_by_key(|one| (one.case.places.len(), one.case.size()));
    for one in found.iter().take(shown) {
        println!(
            "\nseed {}: {} requests, {} deep, where {:?} do (least waiting: {:?})\n{}\n{}",
            one.seed,
            one.requests,
            one.depth,
            one.fewest.requests,
            one.fewest.depth,
            one.case.print(),
            one.plan
        );
    }
    let no_deeper = found
        .iter()
        .filter(|one| one.fewest.requests.depth <= one.depth)
        .count();
    unplanned.sort();
    for (_, seed, why) in unplanned.iter().take(shown) {
        println!("\nseed {seed}: composed, yet no plan: {why}");
    }
    println!(
        "{} composed graphs have no plan for their operation",
        unplanned.len()
    );
    println!("{compared} operations of {drawn} graphs; fewest requests: {by_fewest:?}");
    println!("requests too many: {waste:?}; of these {no_deeper} could have fewer without more waiting");
    println!("as few as can be, but deeper: {deeper}");
    let seeds: Vec<u64> = found.iter().map(|one| one.seed).take(40).collect();
    println!("seeds of plans with too many, smallest first: {seeds:?}");
    assert!(
        unplanned.len() * 1_000 <= UNPLANNED * compared,
        "{} of {compared} operations have no plan",
        unplanned.len()
    );
    assert!(
        found.len() * 1_000 <= TOLERANCE * compared,
        "{} of {compared} plans make more requests than they must",
        found.len()
    );
}
