//! HTTP/1.1 as a Lambda runtime speaks it to its Runtime API: blocking, so that a time is taken the
//! moment a byte is there.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;

/// The longest line of a head, and the largest body, that are read.
const LONGEST_LINE: u64 = 64 * 1024;
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// A request, read to its end.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    match stream.by_ref().take(LONGEST_LINE).read_line(&mut line)? {
        0 => Ok(None),
        _ => Ok(Some(line.trim_end().to_owned())),
    }
}

/// The next request on the connection; `None` where the runtime has closed it.
pub(crate) fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(first) = line(stream)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(malformed("no request line"));
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let (mut length, mut chunked) = (0_usize, false);
    loop {
        let header = line(stream)?.ok_or_else(|| malformed("the head broke off"))?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                length = value.trim().parse().map_err(|_| malformed("no length"))?;
            }
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    while chunked {
        let size = line(stream)?.ok_or_else(|| malformed("a chunk broke off"))?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| malformed("no chunk"))?;
        take(stream, size, &mut body)?;
        line(stream)?;
        chunked = size > 0;
    }
    take(stream, length, &mut body)?;
    Ok(Some(Request { method, path, body }))
}

fn take(stream: &mut BufReader<TcpStream>, size: usize, body: &mut Vec<u8>) -> io::Result<()> {
    if body.len().saturating_add(size) > LARGEST_BODY {
        return Err(malformed("the body is too large"));
    }
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    match stream.by_ref().take(size).read_to_end(body)? as u64 == size {
        true => Ok(()),
        false => Err(malformed("the body broke off")),
    }
}

/// An answer, in one write.
pub(crate) fn write(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    stream.write_all(&answer)
}
