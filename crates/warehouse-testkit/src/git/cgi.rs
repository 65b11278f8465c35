//! `git http-backend` as a CGI program (RFC 3875), both bodies streamed.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use bytes::{Buf, Bytes, BytesMut};
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::command::Git;
use crate::loopback::{Body, full};

/// More head than this no CGI program of ours writes.
const HEAD_LIMIT: usize = 64 * 1024;
/// Bytes read from the program at once.
const PORTION: usize = 64 * 1024;

/// Which version of the protocol is spoken, whatever the client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spoken {
    /// The one that the client asks for.
    #[default]
    AsAsked,
    Zero,
    One,
}

#[derive(Debug)]
pub(super) struct Backend {
    git: Git,
    root: PathBuf,
    spoken: Spoken,
    no_shallow: bool,
}

impl Backend {
    pub(super) fn new(git: Git, root: PathBuf, spoken: Spoken, no_shallow: bool) -> Self {
        Self { git, root, spoken, no_shallow }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.run(request).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = Response::new(full(format!("git http-backend: {error}\n")));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }

    async fn run(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let mut command = self.command(&request);
        let input = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        let says = |word: &[u8]| input.windows(word.len()).any(|window| window == word);
        // The word alone is also a capability that a client repeats.
        if self.no_shallow && (says(b"deepen ") || says(b"0034shallow ") || says(b"0035shallow ")) {
            return Ok(refusal("ERR Server does not support shallow requests"));
        }
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        tokio::spawn(feed(input, stdin));
        let mut stdout = Output { stdout, ahead: BytesMut::new() };
        let head = stdout.head().await?;
        response(&head, body(stdout, child))
    }

    fn command(&self, request: &Request<Incoming>) -> Command {
        let header = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let mut command = Command::new("git");
        command.arg("http-backend").env_clear().envs(self.git.environment());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .current_dir(&self.root)
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("SERVER_PROTOCOL", "HTTP/1.1")
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REQUEST_METHOD", request.method().as_str())
            .env("PATH_INFO", decoded(request.uri().path()))
            .env("QUERY_STRING", request.uri().query().unwrap_or_default());
        let protocol = HeaderName::from_static("git-protocol");
        let passed = [
            (CONTENT_TYPE, "CONTENT_TYPE"),
            // Absent for a chunked body: then the backend reads up to its end.
            (CONTENT_LENGTH, "CONTENT_LENGTH"),
            // The backend unpacks gzip itself.
            (CONTENT_ENCODING, "HTTP_CONTENT_ENCODING"),
            (protocol.clone(), "GIT_PROTOCOL"),
        ];
        for (name, variable) in passed {
            if let Some(value) = header(&name)
                && (self.spoken == Spoken::AsAsked || name != protocol)
            {
                command.env(variable, value);
            }
        }
        if self.spoken == Spoken::One {
            command.env("GIT_PROTOCOL", "version=1");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// `%41` becomes `A`; a path that is no UTF-8 then is taken as it came, and names no repository.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) if byte == b'%' => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// Hands the request's body over. A program that stops reading ends it.
async fn feed(input: Bytes, stdin: Option<ChildStdin>) {
    if let Some(mut stdin) = stdin {
        // A program that has seen enough answers all the same.
        let _ = stdin.write_all(&input).await;
    }
}

/// The answer to a fetch that is refused.
fn refusal(line: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{:04x}{line}", line.len() + 4)));
    let content_type = HeaderValue::from_static("application/x-git-upload-pack-result");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Standard output, of which a part may have been read ahead.
struct Output {
    stdout: ChildStdout,
    ahead: BytesMut,
}

impl Output {
    /// Everything up to the first empty line.
    async fn head(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.ahead.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.ahead.split_to(end).freeze();
                self.ahead.advance(4);
                return Ok(head);
            }
            if self.ahead.len() > HEAD_LIMIT {
                return Err(io::Error::other("the head of the answer is too long"));
            }
            if self.stdout.read_buf(&mut self.ahead).await? == 0 {
                return Err(io::Error::other("ended without an answer"));
            }
        }
    }

    async fn portion(&mut self) -> io::Result<Bytes> {
        if self.ahead.is_empty() {
            self.ahead.reserve(PORTION);
            self.stdout.read_buf(&mut self.ahead).await?;
        }
        Ok(self.ahead.split().freeze())
    }
}

/// The rest of the output. The program is waited for at the end, or killed if the client goes away before.
fn body(output: Output, child: Child) -> Body {
    let portions = stream::try_unfold((output, child), |(mut output, mut child)| async move {
        let portion = output.portion().await?;
        if !portion.is_empty() {
            return Ok(Some((Frame::data(portion), (output, child))));
        }
        // Web servers end the answer in good order whatever the status is: a refusal is in what was said.
        child.wait().await?;
        Ok(None)
    });
    StreamBody::new(portions).boxed_unsync()
}

fn response(head: &[u8], body: Body) -> io::Result<Response<Body>> {
    let mut response = Response::new(body);
    for line in String::from_utf8_lossy(head).split("\r\n") {
        let (name, value) =
            line.split_once(':').ok_or_else(|| io::Error::other("not a header: an unreadable answer"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or_default();
            *response.status_mut() = code.parse::<StatusCode>().map_err(io::Error::other)?;
        } else {
            response.headers_mut().append(
                HeaderName::try_from(name).map_err(io::Error::other)?,
                HeaderValue::try_from(value).map_err(io::Error::other)?,
            );
        }
    }
    Ok(response)
}
