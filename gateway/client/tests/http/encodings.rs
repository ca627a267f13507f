//! Compressed answers.

use std::io::Write;

use axum::http::{HeaderName, StatusCode, header};
use causeway_executor::FetchFailure;

use crate::{ANSWER, answered};

const ENCODINGS: [&str; 4] = ["gzip", "x-gzip", "br", "zstd"];
/// Of the options that the tests have.
const LIMIT: usize = 1000;

fn encode(encoding: &str, text: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" | "x-gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(text).unwrap();
            encoder.into_inner()
        }
        "zstd" => zstd::encode_all(text, 3).unwrap(),
        other => panic!("{other}"),
    }
}

fn encoded(encoding: &str, body: Vec<u8>) -> ([(HeaderName, String); 2], Vec<u8>) {
    let json = (header::CONTENT_TYPE, "application/json".to_owned());
    ([json, (header::CONTENT_ENCODING, encoding.to_owned())], body)
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let long = format!(r#"{{"data":{{"a":"{}"}}}}"#, "0123456789".repeat(98));
    assert!(long.len() <= LIMIT);
    for encoding in ENCODINGS {
        for text in [ANSWER, &long] {
            let answer = encoded(encoding, encode(encoding, text.as_bytes()));
            assert_eq!(answered(answer).await.unwrap().body, text, "{encoding}");
        }
        let answer = encoded(&encoding.to_uppercase(), encode(encoding, ANSWER.as_bytes()));
        assert_eq!(answered(answer).await.unwrap().body, ANSWER, "{encoding}");
        let nothing = encoded(encoding, Vec::new());
        assert_eq!(answered(nothing).await.unwrap().body, "", "{encoding}");
    }
    let plain = encoded("identity", ANSWER.into());
    assert_eq!(answered(plain).await.unwrap().body, ANSWER);
}

#[tokio::test]
async fn an_error_status_may_carry_a_compressed_response() {
    let errors = r#"{"errors":[{"message":"no"}]}"#;
    for encoding in ENCODINGS {
        let answer = encoded(encoding, encode(encoding, errors.as_bytes()));
        let reply = answered((StatusCode::BAD_REQUEST, answer)).await;
        assert_eq!(reply.unwrap().body, errors, "{encoding}");
    }
}

#[tokio::test]
async fn what_grows_beyond_the_limit_is_left_there() {
    for encoding in ENCODINGS {
        for (size, fits) in [(LIMIT, true), (LIMIT + 1, false), (512 << 10, false)] {
            let bomb = encode(encoding, &vec![b'x'; size]);
            // What is refused is refused for what comes out of it.
            assert!(bomb.len() < LIMIT, "{encoding}: {}", bomb.len());
            let read = answered(encoded(encoding, bomb)).await;
            match fits {
                true => assert_eq!(read.unwrap().body.len(), size, "{encoding}"),
                false => assert_eq!(
                    read.unwrap_err(),
                    FetchFailure::TooLarge { limit: LIMIT },
                    "{encoding} {size}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn broken_and_unknown_encodings_are_told() {
    for encoding in ENCODINGS {
        let whole = encode(encoding, ANSWER.as_bytes());
        let half = whole[..whole.len() - 5].to_vec();
        let other = ANSWER.as_bytes().to_vec();
        for broken in [half, other] {
            let failure = answered(encoded(encoding, broken)).await.unwrap_err();
            let message = failure.to_string();
            let name = encoding.trim_start_matches("x-");
            assert!(
                message.starts_with(&format!("could not be understood: its {name} is broken")),
                "{encoding}: {message}"
            );
        }
    }
    for unknown in ["deflate", "gzip, br", "snappy"] {
        let failure = answered(encoded(unknown, ANSWER.into())).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!(
                "could not be understood: it has the content encoding `{unknown}`, and gzip, br and zstd are understood"
            )
        );
    }
}
