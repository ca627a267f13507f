//! Makes failing tapes smaller while they go on failing in the same way.

use super::{Difference, Tapes, Verdict, judge};

/// Tries at most `tries` smaller tapes.
pub fn shrink(tapes: Tapes, found: Difference, tries: usize) -> (Tapes, Difference) {
    let mut best = (tapes, found);
    let mut left = tries;
    loop {
        let before = best.0.clone();
        for which in 0..3 {
            shrink_one(&mut best, which, &mut left);
        }
        if best.0 == before || left == 0 {
            return best;
        }
    }
}

fn tape(tapes: &mut Tapes, which: usize) -> &mut Vec<u8> {
    match which {
        0 => &mut tapes.graph,
        1 => &mut tapes.data,
        _ => &mut tapes.operations,
    }
}

/// Cuts chunks off the end and out of the middle, then clears them, from large chunks to small ones.
fn shrink_one(best: &mut (Tapes, Difference), which: usize, left: &mut usize) {
    let mut size = tape(&mut best.0, which).len();
    while size > 0 {
        for action in [cut, clear] {
            let mut end = tape(&mut best.0, which).len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut candidate = best.0.clone();
                let changed = action(tape(&mut candidate, which), start, end);
                if changed && *left > 0 {
                    *left -= 1;
                    if let Verdict::Different(difference) = judge(&candidate)
                        && difference.kind == best.1.kind
                    {
                        *best = (candidate, difference);
                    }
                }
                end = start;
            }
        }
        size /= 2;
    }
}

fn cut(tape: &mut Vec<u8>, start: usize, end: usize) -> bool {
    let end = end.min(tape.len());
    if start >= end {
        return false;
    }
    tape.drain(start..end);
    true
}

#[expect(clippy::ptr_arg, reason = "of one type with `cut`")]
fn clear(tape: &mut Vec<u8>, start: usize, end: usize) -> bool {
    let end = end.min(tape.len());
    if start >= end || tape[start..end].iter().all(|byte| *byte == 0) {
        return false;
    }
    tape[start..end].fill(0);
    true
}
