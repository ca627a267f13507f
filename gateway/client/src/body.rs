//! Reading a body as it comes over the wire, up to a cap.

use bytes::{Bytes, BytesMut};
use causeway_executor::FetchFailure;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::answer::unreachable;

/// What is made room for because the server says so; more when it has come.
const TRUSTED: usize = 1 << 20;

/// At most `limit` bytes.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, FetchFailure> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(FetchFailure::TooLarge { limit });
    }
    let room = usize::try_from(announced).map_or(TRUSTED, |announced| announced.min(TRUSTED));
    // Most answers come in one piece, which is then not copied.
    let Some(first) = next(&mut body).await? else {
        return Ok(Bytes::new());
    };
    let mut whole: Option<BytesMut> = None;
    loop {
        let read = whole.as_ref().map_or(first.len(), BytesMut::len);
        if read > limit {
            return Err(FetchFailure::TooLarge { limit });
        }
        // Known to be whole, or the end has to be waited for.
        let Some(piece) = next(&mut body).await? else {
            return Ok(whole.map_or(first, BytesMut::freeze));
        };
        let buffer = whole.get_or_insert_with(|| {
            let mut buffer = BytesMut::with_capacity(room.max(first.len() + piece.len()));
            buffer.extend_from_slice(&first);
            buffer
        });
        buffer.extend_from_slice(&piece);
    }
}

/// The next piece of data.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, FetchFailure> {
    while let Some(frame) = body.frame().await {
        // What is no data is trailers.
        if let Ok(data) = frame.map_err(|error| unreachable(&error))?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
