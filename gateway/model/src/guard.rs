//! `@skip` and `@include`, as bit masks over the operation's boolean variables.

/// When a selection takes part in a request: any of the conjunctions holds. No conjunction at
/// all means always.
///
/// Bit *i* stands for the variable `QueryPlan::conditions[i]`, so that one cached plan serves
/// every assignment of the variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    any_of: Vec<Conjunction>,
}

/// Variables that must be true and variables that must be false, together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Conjunction {
    pub when_true: u64,
    pub when_false: u64,
}

/// The most boolean variables of one operation; they take the lower bits.
pub const CONDITION_LIMIT: usize = 48;

/// The most `@defer` of one operation that are told apart; they take the upper bits, the first one the highest.
pub const DEFERRAL_LIMIT: usize = 16;

impl Conjunction {
    /// Everything that is deferred.
    pub const ALL_DEFERRALS: u64 = u64::MAX << CONDITION_LIMIT;

    pub fn deferral(index: usize) -> Self {
        Self {
            when_true: 1 << (63 - index),
            when_false: 0,
        }
    }

    /// What of it hangs on variables.
    pub fn without_deferrals(self) -> Self {
        Self {
            when_true: self.when_true & !Self::ALL_DEFERRALS,
            ..self
        }
    }

    pub const ALWAYS: Self = Self {
        when_true: 0,
        when_false: 0,
    };

    pub fn is_always(self) -> bool {
        self == Self::ALWAYS
    }

    /// A conjunction that no assignment fulfils, e.g. `@include(if: $a) @skip(if: $a)`.
    pub fn is_never(self) -> bool {
        self.when_true & self.when_false != 0
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            when_true: self.when_true | other.when_true,
            when_false: self.when_false | other.when_false,
        }
    }

    /// What is left to check where `known` is known to hold.
    pub fn without(self, known: Self) -> Self {
        Self {
            when_true: self.when_true & !known.when_true,
            when_false: self.when_false & !known.when_false,
        }
    }

    /// `truth` has bit *i* set when condition variable *i* is true.
    pub fn holds(self, truth: u64) -> bool {
        truth & self.when_true == self.when_true && truth & self.when_false == 0
    }

    fn implies(self, other: Self) -> bool {
        self.when_true & other.when_true == other.when_true
            && self.when_false & other.when_false == other.when_false
    }
}

impl Guard {
    pub const ALWAYS: Self = Self { any_of: Vec::new() };

    pub fn is_always(&self) -> bool {
        self.any_of.is_empty()
    }

    /// The only conjunction, where there is exactly one.
    pub fn single(&self) -> Option<Conjunction> {
        match self.any_of.as_slice() {
            [] => Some(Conjunction::ALWAYS),
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Widens the guard: it also holds where `other` holds.
    pub fn or(&mut self, other: &Self) {
        if self.is_always() {
            return;
        }
        if other.is_always() {
            self.any_of.clear();
            return;
        }
        for term in &other.any_of {
            if !self.any_of.iter().any(|held| term.implies(*held)) {
                self.any_of.retain(|held| !held.implies(*term));
                self.any_of.push(*term);
            }
        }
    }

    pub fn holds(&self, truth: u64) -> bool {
        self.is_always() || self.any_of.iter().any(|term| term.holds(truth))
    }

    pub fn terms(&self) -> &[Conjunction] {
        &self.any_of
    }
}

impl From<Conjunction> for Guard {
    fn from(term: Conjunction) -> Self {
        Self {
            any_of: if term.is_always() { Vec::new() } else { vec![term] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(when_true: u64, when_false: u64) -> Conjunction {
        Conjunction {
            when_true,
            when_false,
        }
    }

    #[test]
    fn a_wider_guard_absorbs_a_narrower_one() {
        let mut guard = Guard::from(when(0b11, 0));
        guard.or(&Guard::from(when(0b01, 0)));
        assert_eq!(guard.terms(), [when(0b01, 0)]);
        guard.or(&Guard::from(when(0b01, 0b10)));
        assert_eq!(guard.terms(), [when(0b01, 0)]);
        guard.or(&Guard::ALWAYS);
        assert!(guard.is_always());
    }

    #[test]
    fn truth_is_read_bit_by_bit() {
        let mut guard = Guard::from(when(0b01, 0b10));
        assert!(guard.holds(0b01) && !guard.holds(0b11) && !guard.holds(0b00));
        guard.or(&Guard::from(when(0b10, 0)));
        assert!(guard.holds(0b11) && !guard.holds(0b00));
    }
}
