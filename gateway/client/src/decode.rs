//! Content encodings. The cap holds for what comes out: an answer that grows without end is left at the cap.

use std::io::{self, Read};

use bytes::Bytes;
use causeway_executor::FetchFailure;
use http::{HeaderMap, header};

const BUFFER: usize = 16 << 10;
/// RFC 9659: what a decoder over HTTP has to have room for, as a power of two, and may stop at.
const ZSTD_WINDOW: u32 = 23;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Encoding {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, FetchFailure> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let (Some(first), None) = (named.next(), named.next()) else {
            return match headers.contains_key(header::CONTENT_ENCODING) {
                true => Err(malformed("it is encoded several times over".to_owned())),
                false => Ok(Self::Identity),
            };
        };
        let name = String::from_utf8_lossy(first.as_bytes())
            .trim()
            .to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "br" => Ok(Self::Brotli),
            "zstd" => Ok(Self::Zstd),
            _ => Err(malformed(format!(
                "it has the content encoding `{name}`, and gzip, br and zstd are understood"
            ))),
        }
    }

    /// At most `limit` bytes come out.
    pub(crate) fn decode(self, body: Bytes, limit: usize) -> Result<Bytes, FetchFailure> {
        if body.is_empty() {
            return Ok(body);
        }
        let decoded = match self {
            Self::Identity => return Ok(body),
            Self::Gzip => capped(flate2::bufread::MultiGzDecoder::new(&body[..]), limit),
            Self::Brotli => capped(brotli_decompressor::Decompressor::new(&body[..], BUFFER), limit),
            Self::Zstd => zstd(&body).and_then(|decoder| capped(decoder, limit)),
        };
        let decoded =
            decoded.map_err(|error| malformed(format!("its {} is broken: {error}", self.name())))?;
        match decoded.len() > limit {
            true => Err(FetchFailure::TooLarge { limit }),
            false => Ok(decoded.into()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

fn malformed(reason: String) -> FetchFailure {
    FetchFailure::Malformed { reason }
}

fn zstd(body: &[u8]) -> io::Result<zstd::Decoder<'_, &[u8]>> {
    let mut decoder = zstd::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW)?;
    Ok(decoder)
}

/// One byte more than allowed tells that there is more.
fn capped(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    decoder
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut decoded)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives bytes without end, and no more than can be wanted.
    struct Endless {
        given: usize,
    }

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.given += buffer.len();
            assert!(self.given < 100_000, "it is read on and on");
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }

    #[test]
    fn decoding_ends_at_the_limit() {
        let decoded = capped(Endless { given: 0 }, 1000).unwrap();
        assert_eq!(decoded.len(), 1001);
    }

    /// RFC 9659: a frame may not make its reader hold more than 8 MB.
    #[test]
    fn a_zstd_window_beyond_the_standard_is_refused() {
        let text = vec![b'x'; 100];
        for (window, fits) in [(23, true), (24, false)] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
            encoder.window_log(window).unwrap();
            encoder.include_contentsize(false).unwrap();
            io::Write::write_all(&mut encoder, &text).unwrap();
            let frame: Bytes = encoder.finish().unwrap().into();
            assert_eq!(Encoding::Zstd.decode(frame, 1000).is_ok(), fits, "{window}");
        }
    }
}
