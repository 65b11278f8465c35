//! Messages of the protocol on a stream: a header with the length, and JSON of that length.

use std::io::{self, BufRead, Read as _, Write};

use artifact_source::shown_name;
use lsp_server::Message;

/// The longest line of a header, in bytes.
const LONGEST_LINE: u64 = 4 << 10;

/// How many lines a header has at most.
const MOST_LINES: usize = 32;

/// The longest message, in bytes: far above the JSON of the longest text that is linted.
const LONGEST_MESSAGE: u64 = 64 << 20;

/// Reads the next message; none at the end of the stream.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(length) = header(input)? else { return Ok(None) };
    if length > LONGEST_MESSAGE {
        return Err(invalid(format!(
            "a message has {length} bytes, and the longest one that is read has {LONGEST_MESSAGE}"
        )));
    }
    // The length is what the editor says: memory is taken for what comes.
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(invalid(format!("a message has {} bytes, and its header says {length}", body.len())));
    }
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| invalid(format!("a message is not JSON of the protocol: {error}")))
}

/// The length that a header says; none at the end of the stream.
fn header(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    for number in 0..MOST_LINES {
        let mut line = Vec::new();
        input.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() && number == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let Some(text) = line.strip_suffix("\r\n") else {
            let shown = shown_name(line.trim_end());
            return Err(invalid(format!("a line of a header does not end with CR LF: `{shown}`")));
        };
        if text.is_empty() {
            let missing = || invalid("a header has no Content-Length");
            return length.ok_or_else(missing).map(Some);
        }
        let Some((name, value)) = text.split_once(':') else {
            return Err(invalid(format!("a line of a header is not `name: value`: `{}`", shown_name(text))));
        };
        if name.eq_ignore_ascii_case("Content-Length") {
            let value = value.trim();
            let number = value.parse().map_err(|_| {
                invalid(format!("the Content-Length `{}` is not a number of bytes", shown_name(value)))
            })?;
            length = Some(number);
        }
    }
    Err(invalid(format!("a header has more than {MOST_LINES} lines")))
}

/// Writes a message.
pub(super) fn write(output: &mut impl Write, message: &Message) -> io::Result<()> {
    message.write(output)
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_follow_one_another() {
        let mut text = Vec::new();
        for method in ["a", "b"] {
            let notification = lsp_server::Notification::new(method.to_owned(), serde_json::Value::Null);
            write(&mut text, &notification.into()).unwrap();
        }
        let mut input = text.as_slice();
        for method in ["a", "b"] {
            let Ok(Some(Message::Notification(read))) = read(&mut input) else { panic!("{method}") };
            assert_eq!(read.method, method);
        }
        assert!(read(&mut input).unwrap().is_none());
    }

    #[test]
    fn what_is_no_message() {
        let long = format!("X: {}\r\n", "a".repeat(1 << 20));
        for (text, said) in [
            ("hello\r\n\r\n", "a line of a header is not `name: value`: `hello`"),
            ("Content-Length: 2\n\n{}", "a line of a header does not end with CR LF: `Content-Length: 2`"),
            ("Content-Length: 2\r\n", "a line of a header does not end with CR LF: ``"),
            ("Content-Length: -1\r\n\r\n{}", "the Content-Length `-1` is not a number of bytes"),
            ("Foo: 1\r\n\r\n{}", "a header has no Content-Length"),
            ("Content-Length: 3\r\n\r\n{}", "a message has 2 bytes, and its header says 3"),
            (
                "Content-Length: 18446744073709551615\r\n\r\n{}",
                "a message has 18446744073709551615 bytes, and the longest one that is read has 67108864",
            ),
            ("Content-Length: 2\r\n\r\n[]", "a message is not JSON of the protocol: "),
            (long.as_str(), "a line of a header does not end with CR LF: `X: aaa"),
            (&"A: b\r\n".repeat(40), "a header has more than 32 lines"),
        ] {
            let error = read(&mut text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
            assert!(error.len() < 300, "{error}");
        }
    }
}
