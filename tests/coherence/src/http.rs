//! As little of an HTTP client as there can be, so that an unoptimised one is not most of what a run does.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One keep-alive connection; made when it is first used, and anew after an error.
pub struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Result<Answer> {
        self.send(&format!("GET {path} HTTP/1.1\r\n{headers}"), "").await
    }

    /// `headers`: whole lines.
    pub async fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<Answer> {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json\r\n{headers}");
        self.send(&head, body).await
    }

    /// An idle connection may have been closed by the other side: then over a new one.
    async fn send(&mut self, head: &str, body: &str) -> Result<Answer> {
        let whole = format!(
            "{head}host: localhost\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if let Some(stream) = self.stream.take()
            && is_open(&stream)
        {
            return self.exchange(stream, &whole).await;
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.exchange(BufReader::new(stream), &whole).await
    }

    async fn exchange(&mut self, mut stream: BufReader<TcpStream>, whole: &str) -> Result<Answer> {
        stream.write_all(whole.as_bytes()).await?;
        let answer = read(&mut stream).await?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

/// Nothing is to be read where nothing was asked, not even the end.
fn is_open(stream: &BufReader<TcpStream>) -> bool {
    let nothing = stream.get_ref().try_read(&mut [0]);
    nothing.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

async fn read(stream: &mut BufReader<TcpStream>) -> Result<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status =
        status.ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, format!("no answer: {line:?}")))?;
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no content-length"))?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Answer { status, body })
}
