//! Plans that make as few requests as the best one, and are less deep, when some requests wait to be shared.
//!
//! By themselves requests are joined only where the plan does not get deeper. But where the best plan is deeper than another one
//! because it makes fewer requests, the other one may wait as long: the response is there no later.

use super::{Choice, Outcome};
use crate::{
    draft::Drafts,
    grouping::{Cost, wait},
};

/// Plans that are kept.
const PLANS: usize = 16;

/// Plans that were met, with their decisions.
#[derive(Default)]
pub(super) struct Shallow {
    plans: Vec<(Cost, Vec<Choice>)>,
}

impl Shallow {
    pub(super) fn add(&mut self, cost: Cost, made: &[Choice]) {
        if self.plans.len() < PLANS && cost != Cost::NONE {
            self.plans.push((cost, made.to_vec()));
        }
    }

    /// The best plan, given the one that is best without waiting.
    pub(super) fn wait(
        self,
        mut cost: Cost,
        mut best: Drafts,
        mut run: impl FnMut(Vec<Choice>) -> Outcome,
    ) -> Drafts {
        for (held, tape) in self.plans {
            if held.depth >= cost.depth {
                continue;
            }
            let Outcome::Planned(mut drafts) = run(tape) else {
                continue;
            };
            let mut waits = false;
            while wait(&mut drafts, cost) {
                cost = Cost::of(&drafts);
                waits = true;
            }
            if waits {
                best = drafts;
            }
        }
        best
    }
}
