//! A tape of bytes read as decisions. Zero is always the simplest decision, and so is an end of the tape: when proptest
//! shortens a tape or lowers its bytes, what is made of it gets simpler.

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
