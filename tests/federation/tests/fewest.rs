//! Plans of small random operations against the fewest requests that there can be.
//!
//! `CAUSEWAY_FEWEST_CASES` sets how many operations are compared, `CAUSEWAY_FEWEST_SEED` where to begin, `CAUSEWAY_FEWEST_SHOW` how many
//! of the smallest bad plans are shown.

use std::collections::BTreeMap;

use federation::{
    Gateway,
    fewest::{Case, Cost, OutOfBudget, best, best_without_waiting},
    random::Tapes,
};

const CASES: usize = 200;
const SEED: u64 = 1;
const SHOWN: usize = 3;

/// Plans of these made a request too many, or were too deep, before the planner was mended.
const MENDED: [u64; 16] = [
    12_536, 13_808, 101_425, 106_797, 109_694, 110_300, 205_009, 212_374, 302_251, 305_078, 401_941, 410_537,
    508_429, 708_568, 810_033, 810_964,
];

/// What is wrong with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Another one makes fewer requests and waits no more.
    Requests,
    /// Another one makes as many requests and waits less.
    Depth,
    /// Another one makes fewer requests and waits more, but not to share requests.
    RequestsForWaiting,
}

struct Wasteful {
    seed: u64,
    case: Case,
    fault: Fault,
    plan: Cost,
    better: Vec<Cost>,
    text: String,
}

#[derive(Default)]
struct Tally {
    compared: usize,
    by_fewest: BTreeMap<usize, usize>,
    /// As few requests as can be, and no deeper than these need.
    fewest: usize,
    /// Fewer requests are to be had only if some wait to be shared.
    sharing_waits: usize,
    out_of_budget: Vec<u64>,
    unplanned: Vec<(usize, u64, String)>,
    wasteful: Vec<Wasteful>,
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn count(name: &str, otherwise: usize) -> usize {
    setting(name).map_or(otherwise, |found| usize::try_from(found).expect("a number"))
}

#[test]
fn plans_make_as_few_requests_as_can_be() {
    let cases = count("CAUSEWAY_FEWEST_CASES", CASES);
    let shown = count("CAUSEWAY_FEWEST_SHOW", SHOWN);
    let first = setting("CAUSEWAY_FEWEST_SEED").unwrap_or(SEED);
    println!("CAUSEWAY_FEWEST_SEED={first} CAUSEWAY_FEWEST_CASES={cases}");
    let mut tally = Tally::default();
    let mut drawn = 0;
    for seed in first.. {
        if tally.compared >= cases {
            break;
        }
        drawn += 1;
        assert!(drawn < 1_000 + 50 * cases, "too few graphs compose");
        tally.draw(seed);
    }
    tally.print(drawn, shown);
    tally.assert_none();
}

#[test]
fn plans_that_once_made_more_do_so_no_longer() {
    let mut tally = Tally::default();
    MENDED.iter().for_each(|seed| tally.draw(*seed));
    tally.print(MENDED.len(), SHOWN);
    assert_eq!(
        tally.compared,
        MENDED.len(),
        "a seed draws another graph than it did"
    );
    tally.assert_none();
}

impl Tally {
    /// Plans and judges what the seed draws, if it composes.
    fn draw(&mut self, seed: u64) {
        let Some(case) = Case::draw(&Tapes::from_seed(seed).graph) else {
            return;
        };
        if let Ok(gateway) = Gateway::new(&case.sdl()) {
            self.add(seed, case, &gateway);
        }
    }

    fn assert_none(&self) {
        assert!(self.unplanned.is_empty(), "some operations have no plan");
        let seeds: Vec<(Fault, u64)> = self.wasteful.iter().map(|one| (one.fault, one.seed)).collect();
        assert!(seeds.is_empty(), "there are better plans: {seeds:?}");
    }

    fn add(&mut self, seed: u64, case: Case, gateway: &Gateway) {
        let found = match gateway.plan(&case.operation()) {
            Ok(plan) => plan,
            Err(why) => {
                let text = format!("{why}\n{}", case.print());
                self.unplanned.push((case.size(), seed, text));
                return;
            }
        };
        let plan = Cost {
            requests: found.requests,
            depth: found.depth,
        };
        let Ok((fault, better, fewest)) = judge(seed, &case, plan, &found.text) else {
            self.out_of_budget.push(seed);
            return;
        };
        self.compared += 1;
        *self.by_fewest.entry(fewest).or_default() += 1;
        match fault {
            None if plan.requests == fewest => self.fewest += 1,
            None => self.sharing_waits += 1,
            Some(fault) => self.wasteful.push(Wasteful {
                seed,
                case,
                fault,
                plan,
                better,
                text: found.text,
            }),
        }
    }

    fn print(&mut self, drawn: usize, shown: usize) {
        self.unplanned.sort();
        for (_, seed, why) in self.unplanned.iter().take(shown) {
            println!("\nseed {seed}: composed, yet no plan: {why}");
        }
        self.wasteful
            .sort_by_key(|one| (one.case.places.len(), one.case.size()));
        for one in self.wasteful.iter().take(shown) {
            let Wasteful {
                seed,
                case,
                fault,
                plan,
                better,
                text,
            } = one;
            println!(
                "\nseed {seed}: {fault:?}: {plan:?} where {better:?} can be had\n{}\n{text}",
                case.print()
            );
        }
        println!(
            "{} operations of {drawn} graphs; fewest requests: {:?}",
            self.compared, self.by_fewest
        );
        println!(
            "as few requests as can be, and as little waiting with these: {}",
            self.fewest
        );
        println!("fewer only if requests wait to be shared: {}", self.sharing_waits);
        println!("composed, but without a plan: {}", self.unplanned.len());
        println!(
            "not compared, the exhaustive search takes too long: {} {:?}",
            self.out_of_budget.len(),
            self.out_of_budget
        );
        let mut faults: BTreeMap<Fault, Vec<u64>> = BTreeMap::new();
        for one in &self.wasteful {
            faults.entry(one.fault).or_default().push(one.seed);
        }
        println!("worse than can be: {} {faults:?}", self.wasteful.len());
    }
}

/// What is wrong with a plan, the better ones, and the fewest requests that there can be.
fn judge(
    seed: u64,
    case: &Case,
    plan: Cost,
    text: &str,
) -> Result<(Option<Fault>, Vec<Cost>, usize), OutOfBudget> {
    let known = best(case)?;
    let fewest = known.last();
    let fewest = fewest.unwrap_or_else(|| panic!("seed {seed}: composed, yet no way\n{}", case.print()));
    let fewest = fewest.requests;
    let within: Vec<Cost> = known.into_iter().filter(|cost| cost.is_within(plan)).collect();
    assert!(
        !within.is_empty(),
        "seed {seed}: a plan beats the model\n{}\n{text}",
        case.print()
    );
    if !within.contains(&plan) {
        let fault = match within.iter().any(|cost| cost.requests < plan.requests) {
            true => Fault::Requests,
            false => Fault::Depth,
        };
        return Ok((Some(fault), within, fewest));
    }
    if plan.requests == fewest {
        return Ok((None, within, fewest));
    }
    let mut better = best_without_waiting(case)?;
    better.retain(|cost| cost.requests < plan.requests);
    let fault = (!better.is_empty()).then_some(Fault::RequestsForWaiting);
    Ok((fault, better, fewest))
}
