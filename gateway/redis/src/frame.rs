//! What a value looks like in Redis.
//!
//! ```text
//! 'C' 'W'  version  coding  length (4, of the value as it was put)  CRC-32 (4, of the key, what stands before, and the rest)  rest
//! ```
//!
//! Whatever does not look like this, or is larger than the limit, is as good as absent: a stranger's bytes, another version's, a
//! half, a value under another key's name.

use std::cell::RefCell;

use bytes::Bytes;
use causeway_cache::RecordKey;
use zstd::bulk::{Compressor, Decompressor};

const MAGIC: [u8; 2] = *b"CW";
const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const HEAD: usize = 12;

/// Fast, and most of what a higher level would save is saved.
const LEVEL: i32 = 1;

// To make one takes longer than what it does with most values.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Framing {
    /// Values of at least as many bytes are compressed, if that makes them smaller.
    pub(crate) compress_from: usize,
    /// Of a value as it was put, in bytes.
    pub(crate) largest: usize,
}

impl Framing {
    /// `None`: the value is too large.
    pub(crate) fn wrap(&self, key: RecordKey, value: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(value.len()).ok()?;
        if value.len() > self.largest {
            return None;
        }
        let compressed = (value.len() >= self.compress_from)
            .then(|| COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(value).ok()))
            .flatten()
            .filter(|compressed| compressed.len() < value.len());
        let (coding, rest) = match &compressed {
            Some(compressed) => (ZSTD, compressed.as_slice()),
            None => (PLAIN, value),
        };
        let mut framed = Vec::with_capacity(HEAD + rest.len());
        framed.extend_from_slice(&MAGIC);
        framed.extend_from_slice(&[VERSION, coding]);
        framed.extend_from_slice(&length.to_be_bytes());
        let sum = checksum(key, &framed, rest);
        framed.extend_from_slice(&sum.to_be_bytes());
        framed.extend_from_slice(rest);
        Some(framed)
    }

    /// `None`: it is not what [`Framing::wrap`] makes for this key. Copies nothing that is not compressed, and never takes more
    /// memory than the limit.
    pub(crate) fn unwrap(&self, key: RecordKey, framed: Vec<u8>) -> Option<Bytes> {
        let (head, rest) = framed.split_at_checked(HEAD)?;
        let (said, sum) = head.split_at(8);
        let length = u32::from_be_bytes(said[4..].try_into().ok()?) as usize;
        if said[..2] != MAGIC || said[2] != VERSION || length > self.largest {
            return None;
        }
        if sum != checksum(key, said, rest).to_be_bytes() {
            return None;
        }
        let value = match said[3] {
            PLAIN => Bytes::from(framed).split_off(HEAD),
            ZSTD => {
                let decompress =
                    |own: &mut Option<Decompressor<'static>>| own.as_mut()?.decompress(rest, length).ok();
                Bytes::from(DECOMPRESSOR.with_borrow_mut(decompress)?)
            }
            _ => return None,
        };
        (value.len() == length).then_some(value)
    }
}

fn checksum(key: RecordKey, said: &[u8], rest: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&key.0.to_be_bytes());
    sum.update(said);
    sum.update(rest);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: RecordKey = RecordKey(7);
    const FRAMING: Framing = Framing {
        compress_from: 64,
        largest: 1000,
    };

    #[test]
    fn values_come_back() {
        for value in [Vec::new(), vec![1], vec![7; 63], vec![7; 64], vec![7; 1000]] {
            let framed = FRAMING.wrap(KEY, &value).unwrap();
            assert_eq!(framed.len() < value.len(), value.len() >= 64, "{}", value.len());
            assert_eq!(FRAMING.unwrap(KEY, framed).unwrap(), value);
        }
    }

    #[test]
    fn what_compression_makes_no_smaller_stays_as_it_is() {
        let value: Vec<u8> = rand::random_iter().take(500).collect();
        let framed = FRAMING.wrap(KEY, &value).unwrap();
        assert_eq!(framed.len(), HEAD + 500);
        assert_eq!(FRAMING.unwrap(KEY, framed).unwrap(), value);
    }

    #[test]
    fn what_is_too_large_is_neither_written_nor_read() {
        assert_eq!(FRAMING.wrap(KEY, &[7; 1001]), None);
        let generous = Framing {
            largest: 10_000,
            ..FRAMING
        };
        let framed = generous.wrap(KEY, &[7; 1001]).unwrap();
        assert_eq!(FRAMING.unwrap(KEY, framed), None);
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = zstd::bulk::compress(&vec![0; 100_000_000], LEVEL).unwrap();
        let mut framed = [MAGIC.as_slice(), &[VERSION, ZSTD], &1000_u32.to_be_bytes()].concat();
        let sum = checksum(KEY, &framed, &bomb);
        framed.extend_from_slice(&sum.to_be_bytes());
        framed.extend_from_slice(&bomb);
        assert_eq!(FRAMING.unwrap(KEY, framed), None);
    }

    #[test]
    fn no_byte_may_change() {
        for value in [vec![7; 20], vec![7; 200]] {
            let framed = FRAMING.wrap(KEY, &value).unwrap();
            for place in 0..framed.len() {
                let mut changed = framed.clone();
                changed[place] ^= 1;
                assert_eq!(FRAMING.unwrap(KEY, changed), None, "byte {place}");
                assert_eq!(
                    FRAMING.unwrap(KEY, framed[..place].to_vec()),
                    None,
                    "up to {place}"
                );
            }
            assert_eq!(FRAMING.unwrap(RecordKey(8), framed), None, "another key");
        }
    }
}
