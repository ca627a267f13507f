//! Tapes of bytes read as decisions. Zero is always the simplest decision, and so is the end of the tape: a shorter tape or one
//! of lower bytes makes something simpler.

/// Where everything random comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tapes {
    pub graph: Vec<u8>,
    pub data: Vec<u8>,
    pub operations: Vec<u8>,
}

impl Tapes {
    pub fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut tape = |length: usize| (0..length).map(|_| next(&mut state)).collect();
        Self {
            graph: tape(700),
            data: tape(1500),
            operations: tape(2500),
        }
    }
}

/// splitmix64, its best byte.
fn next(state: &mut u64) -> u8 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed >> 56) as u8
}

pub(crate) struct Choices<'a> {
    tape: &'a [u8],
    at: usize,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(tape: &'a [u8]) -> Self {
        Self { tape, at: 0 }
    }

    fn next(&mut self) -> usize {
        let byte = self.tape.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(byte)
    }

    /// A number below `bound`, which is at most 256 and not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.next() * bound / 256
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.next() * 100 >= (100 - percent) * 256
    }

    pub(crate) fn pick<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.below(of.len())]
    }

    /// Each item with the chance; at least one.
    pub(crate) fn some_of<T: Clone>(&mut self, of: &[T], percent: usize) -> Vec<T> {
        let mut chosen: Vec<T> = of.iter().filter(|_| self.chance(percent)).cloned().collect();
        if chosen.is_empty() {
            chosen.push(self.pick(of).clone());
        }
        chosen
    }
}
