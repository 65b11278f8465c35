//! The bundle and its form in a file: lines of JSON, compressed by gzip.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use artifact_http::compression_of;
use artifact_source::{Error, ErrorKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Failure, RequestKey, Response};
use crate::git::{GitRepository, Kind, Object, ObjectId};

/// The word by which a bundle is known.
const FORMAT: &str = "warehouse-bundle";

/// The most bytes of a bundle, decompressed.
const MAX_BYTES: u64 = 512 << 20;

/// The longest first line, in bytes: what is no bundle is known by it.
const MAX_HEADER: u64 = 4 << 10;

/// The longest line, in bytes.
const MAX_LINE: u64 = 128 << 20;

/// How many times its size a file of gzip has decompressed at most.
const MAX_RATIO: u64 = 1032;

/// What servers answered to one discovery, without credentials.
///
/// It is made by a [`Recorder`](crate::Recorder), kept in a file, and answered from by a [`Replay`](crate::Replay).
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    pub(crate) recorded_at: Timestamp,
    pub(crate) warehouses: Vec<serde_json::Value>,
    /// The kind and the URL of what was read with a credential.
    pub(crate) identities: BTreeSet<(String, String)>,
    pub(crate) exchanges: BTreeMap<RequestKey, Answer>,
    /// By the URL of the repository.
    pub(crate) repositories: BTreeMap<String, GitRepository>,
    /// URLs whose answers are not in the bundle.
    pub(crate) left_out: BTreeSet<String>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line {
    Warehouse {
        manifest: serde_json::Value,
    },
    Credential {
        kind: String,
        url: String,
    },
    LeftOut {
        url: String,
    },
    Exchange {
        method: String,
        url: String,
        #[serde(default, skip_serializing_if = "is_false")]
        authorized: bool,
        #[serde(default, skip_serializing_if = "is_false")]
        conditional: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_digest: Option<String>,
        #[serde(flatten)]
        answer: AnswerFields,
    },
    Repository {
        url: String,
        references: Vec<String>,
        prefixes: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        grafts: Vec<String>,
    },
    /// An object of the repository of the last line of that type.
    Object {
        kind: Kind,
        #[serde(flatten)]
        content: Content,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum AnswerFields {
    Response {
        status: u16,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(String, String)>,
        #[serde(default, skip_serializing_if = "is_false")]
        private: bool,
        #[serde(flatten)]
        content: Content,
    },
    Failure {
        failure: String,
        message: String,
    },
}

/// Bytes: as text where they are one.
#[derive(Default, Serialize, Deserialize)]
struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    format: String,
    version: u32,
    recorded_at: Timestamp,
}

impl Bundle {
    /// The version of the format that is written, and the only one that is read.
    pub const VERSION: u32 = 1;

    pub(crate) fn new(recorded_at: Timestamp) -> Self {
        Self {
            recorded_at,
            warehouses: Vec::new(),
            identities: BTreeSet::new(),
            exchanges: BTreeMap::new(),
            repositories: BTreeMap::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// When it was recorded.
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// The Warehouses that were discovered, as a manifest for [`warehouse_spec::parse`]: JSON documents, one after the other. URLs have no user.
    pub fn manifest(&self) -> String {
        let documents = self.warehouses.iter().map(|document| format!("---\n{document:#}\n"));
        documents.collect()
    }

    /// URLs, without secrets, whose answers could not be kept, since they were too large or were not read to their end.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    /// How many answers and repositories it has.
    pub fn len(&self) -> usize {
        self.exchanges.len() + self.repositories.len()
    }

    /// Whether it has no answer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the file. The same content gives the same bytes.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(GzEncoder::new(to, Compression::best()));
        let header =
            Header { format: FORMAT.to_owned(), version: Self::VERSION, recorded_at: self.recorded_at };
        write_line(&mut out, &header)?;
        for line in self.lines() {
            write_line(&mut out, &line)?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
    }

    fn lines(&self) -> impl Iterator<Item = Line> {
        let warehouses =
            self.warehouses.iter().map(|manifest| Line::Warehouse { manifest: manifest.clone() });
        let credentials = self
            .identities
            .iter()
            .map(|(kind, url)| Line::Credential { kind: kind.clone(), url: url.clone() });
        let left_out = self.left_out.iter().map(|url| Line::LeftOut { url: url.clone() });
        let exchanges = self.exchanges.iter().map(|(key, answer)| {
            let RequestKey { method, url, authorized, conditional, range, body } = key.clone();
            let answer = match answer {
                Answer::Response(Response { status, headers, body, private }) => AnswerFields::Response {
                    status: *status,
                    headers: headers.clone(),
                    private: *private,
                    content: Content::of(body),
                },
                Answer::Failure(Failure { kind, message }) => {
                    AnswerFields::Failure { failure: kind.as_str().to_owned(), message: message.clone() }
                }
            };
            Line::Exchange { method, url, authorized, conditional, range, request_digest: body, answer }
        });
        let repositories = self.repositories.iter().flat_map(|(url, repository)| {
            let header = Line::Repository {
                url: url.clone(),
                references: repository.references.values().cloned().collect(),
                prefixes: repository.prefixes.iter().cloned().collect(),
                grafts: repository.grafts.iter().map(ToString::to_string).collect(),
            };
            let objects = repository.objects.values();
            let objects =
                objects.map(|object| Line::Object { kind: object.kind, content: Content::of(&object.data) });
            std::iter::once(header).chain(objects)
        });
        warehouses.chain(credentials).chain(left_out).chain(exchanges).chain(repositories)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what is no bundle, is damaged, or has another version of the format, with the number of the line;
    /// [`TooLarge`](ErrorKind::TooLarge) for more than 512 MiB decompressed.
    pub fn read(from: impl Read) -> Result<Self, Error> {
        let mut from = BufReader::new(from);
        let start = from.fill_buf().map_err(unreadable)?;
        if compression_of(start) != Some("gzip") {
            return Err(no_bundle(if start.is_empty() {
                "it is empty"
            } else {
                "it is not compressed by gzip"
            }));
        }
        let mut lines =
            Lines { reader: BufReader::new(GzDecoder::new(from).take(MAX_BYTES + 1)), number: 0, read: 0 };
        let header = lines.header()?;
        if header.version != Self::VERSION {
            let (version, known) = (header.version, Self::VERSION);
            let message = format!("it has version {version} of the format, and this program reads {known}");
            return Err(lines
                .invalid(&message)
                .with_hint("use the release of the program that has recorded it"));
        }
        let mut bundle = Self::new(header.recorded_at);
        let mut repository = None;
        while let Some(line) = lines.next()? {
            let line: Line = serde_json::from_slice(&line).map_err(|error| lines.damaged(&error))?;
            bundle.add(line, &mut repository).map_err(|message| lines.invalid(message))?;
        }
        Ok(bundle)
    }

    /// Whether this is the start of a bundle, of whatever version.
    pub fn is_bundle(from: impl Read) -> bool {
        let reader = BufReader::new(GzDecoder::new(from));
        Lines { reader, number: 0, read: 0 }.header().is_ok()
    }

    /// Checks the size that a file of gzip says to have unpacked, before anything is unpacked.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) where it is above the limit of [`read`](Self::read), and [`InvalidInput`](ErrorKind::InvalidInput) if the file cannot be read, or cannot have
    /// this size, as one that is cut off.
    pub fn check_size(mut file: impl Read + Seek) -> Result<(), Error> {
        let mut size = [0; 4];
        let told = file.seek(SeekFrom::End(-4)).and_then(|start| {
            file.read_exact(&mut size)?;
            Ok((u64::from(u32::from_le_bytes(size)), start))
        });
        file.rewind().map_err(unreadable)?;
        match told {
            // What is not the end of such a file says any number.
            Ok((size, packed)) if size > MAX_BYTES && size / MAX_RATIO > packed => Err(cut_off()),
            Ok((size, _)) if size > MAX_BYTES => Err(too_large().with_hint(CUT_OFF_HINT)),
            // A shorter file is told by what it lacks.
            _ => Ok(()),
        }
    }

    /// Adds what a line has. `last` is the URL of the last repository.
    fn add(&mut self, line: Line, last: &mut Option<String>) -> Result<(), &'static str> {
        match line {
            Line::Warehouse { manifest } => self.warehouses.push(manifest),
            Line::Credential { kind, url } => drop(self.identities.insert((kind, url))),
            Line::LeftOut { url } => drop(self.left_out.insert(url)),
            Line::Exchange { method, url, authorized, conditional, range, request_digest: body, answer } => {
                let answer = match answer {
                    AnswerFields::Response { status, headers, private, content } => {
                        let body = Bytes::from(content.into_bytes()?);
                        Answer::Response(Response { status, headers, body, private })
                    }
                    AnswerFields::Failure { failure, message } => {
                        Answer::Failure(Failure { kind: Failure::kind_of(&failure), message })
                    }
                };
                let key = RequestKey { method, url, authorized, conditional, range, body };
                self.exchanges.insert(key, answer);
            }
            Line::Repository { url, references, prefixes, grafts } => {
                let repository = self.repositories.entry(url.clone()).or_default();
                for line in references {
                    let name = crate::git::name_of(&line).ok_or("a line of a reference is not valid")?;
                    if line.bytes().any(|byte| byte.is_ascii_control()) || line.len() > 60_000 {
                        return Err("a line of a reference is not valid");
                    }
                    repository.references.insert(name.to_owned(), line);
                }
                repository.prefixes.extend(prefixes);
                let grafts =
                    grafts.iter().map(|id| ObjectId::from_hex(id).ok_or("the id of a commit is not valid"));
                repository.grafts.extend(grafts.collect::<Result<Vec<_>, _>>()?);
                *last = Some(url);
            }
            Line::Object { kind, content } => {
                let repository = last.as_ref().and_then(|url| self.repositories.get_mut(url));
                let repository = repository.ok_or("an object without a repository before it")?;
                let object = Object { kind, data: content.into_bytes()? };
                repository.objects.insert(object.id(), object);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("recorded_at", &self.recorded_at)
            .field("exchanges", &self.exchanges.len())
            .field("repositories", &self.repositories.len())
            .finish_non_exhaustive()
    }
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok("") => Self::default(),
            Ok(text) => Self { text: Some(text.to_owned()), base64: None },
            Err(_) => Self { text: None, base64: Some(STANDARD.encode(bytes)) },
        }
    }

    fn into_bytes(self) -> Result<Vec<u8>, &'static str> {
        match (self.text, self.base64) {
            (None, None) => Ok(Vec::new()),
            (Some(text), None) => Ok(text.into_bytes()),
            (None, Some(base64)) => STANDARD.decode(base64).map_err(|_| "the base64 is not valid"),
            (Some(_), Some(_)) => Err("there are both text and base64"),
        }
    }
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// The lines of a file, within limits.
struct Lines<R> {
    reader: R,
    number: u64,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    /// The first line.
    fn header(&mut self) -> Result<Header, Error> {
        self.number = 1;
        let mut line = Vec::new();
        let read = (&mut self.reader).take(MAX_HEADER).read_until(b'\n', &mut line);
        self.read += read.map_err(|error| self.undecoded(&error))? as u64;
        let header = serde_json::from_slice(&line).ok();
        header.filter(|header: &Header| header.format == FORMAT).ok_or_else(|| {
            no_bundle("its first line, decompressed, is not the one that `warehouse record` writes")
        })
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.number += 1;
        let mut line = Vec::new();
        let read = (&mut self.reader).take(MAX_LINE + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|error| self.undecoded(&error))? as u64;
        self.read += read;
        if read > MAX_LINE || self.read > MAX_BYTES {
            return Err(too_large());
        }
        Ok((read > 0).then_some(line))
    }

    /// The error where the bytes cannot be decompressed.
    fn undecoded(&self, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_off(),
            _ => self.damaged(error).with_hint(CUT_OFF_HINT),
        }
    }

    fn damaged(&self, error: &dyn fmt::Display) -> Error {
        self.invalid(&error.to_string())
    }

    fn invalid(&self, why: &str) -> Error {
        Error::new(ErrorKind::InvalidInput, format!("the bundle cannot be read: line {}: {why}", self.number))
    }
}

/// The error of what is no bundle at all.
fn no_bundle(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("it is not a bundle: {why}"))
        .with_hint("a bundle is the file that `warehouse record --to FILE` writes")
}

fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, "the bundle cannot be read").with_cause(error)
}

/// What to do about a file that is not as it was written.
const CUT_OFF_HINT: &str = "copy the whole file again, or record again";

fn cut_off() -> Error {
    Error::new(ErrorKind::InvalidInput, "the bundle is cut off: the end of the file is missing")
        .with_hint(CUT_OFF_HINT)
}

fn too_large() -> Error {
    let (all, line) = (MAX_BYTES >> 20, MAX_LINE >> 20);
    let message =
        format!("the bundle has more than {all} MiB decompressed, or a line of more than {line} MiB");
    Error::new(ErrorKind::TooLarge, message)
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gzipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn example() -> Bundle {
        let mut bundle = Bundle::new("2026-03-01T08:00:00Z".parse().unwrap());
        bundle.warehouses.push(serde_json::json!({"kind": "Warehouse"}));
        bundle.identities.insert(("image".to_owned(), "ghcr.io/a/b".to_owned()));
        bundle.left_out.insert("https://host/large".to_owned());
        let key = |method: &str| RequestKey {
            method: method.to_owned(),
            url: "https://host/a".to_owned(),
            authorized: method == "GET",
            conditional: false,
            range: None,
            body: (method == "POST").then(|| "sha256:x".to_owned()),
        };
        for (method, body) in [("GET", &b"text"[..]), ("HEAD", b""), ("POST", b"\xff\0")] {
            let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
            let response =
                Response { status: 200, headers, body: Bytes::from_static(body), private: method == "GET" };
            bundle.exchanges.insert(key(method), Answer::Response(response));
        }
        let failure = Failure { kind: ErrorKind::Unreachable, message: "nothing listens".to_owned() };
        bundle.exchanges.insert(key("PUT"), Answer::Failure(failure));
        let mut repository = GitRepository::default();
        let object = Object { kind: Kind::Tree, data: b"40000 a\0\xff1234567890123456789".to_vec() };
        let line = format!("{} refs/heads/main", object.id());
        repository.references.insert("refs/heads/main".to_owned(), line);
        repository.prefixes.insert("refs/heads/".to_owned());
        repository.grafts.insert(object.id());
        repository.objects.insert(object.id(), object);
        bundle.repositories.insert("https://host/repo".to_owned(), repository);
        bundle
    }

    #[test]
    fn what_is_written_is_read() {
        let mut file = Vec::new();
        example().write(&mut file).unwrap();
        let read = Bundle::read(&*file).unwrap();
        assert_eq!(read, example());
        let mut again = Vec::new();
        read.write(&mut again).unwrap();
        assert_eq!(file, again, "the same content gives the same bytes");
        assert_eq!((read.len(), read.left_out().collect::<Vec<_>>()), (5, vec!["https://host/large"]));
    }

    #[test]
    fn what_is_no_bundle() {
        let header = r#"{"format":"warehouse-bundle","version":1,"recordedAt":"2026-03-01T08:00:00Z"}"#;
        for (text, words) in [
            ("".to_owned(), "it is not a bundle: its first line"),
            ("x".to_owned(), "it is not a bundle: its first line"),
            ("{}".to_owned(), "it is not a bundle: its first line"),
            (header.replace("warehouse-bundle", "x"), "not a bundle"),
            (header.replace(":1,", ":2,"), "version 2 of the format, and this program reads 1"),
            (format!("{header}\n{{}}"), "line 2: missing field `type`"),
            (format!(r#"{header}{}{{"type":"new"}}"#, "\n"), "line 2: unknown variant `new`"),
            (format!(r#"{header}{}{{"type":"object","kind":"tree"}}"#, "\n"), "without a repository"),
            (
                format!(
                    r#"{header}{}{{"type":"repository","url":"u","references":["x"],"prefixes":[]}}"#,
                    "\n"
                ),
                "line of a reference",
            ),
            (
                format!(
                    r#"{header}{}{{"type":"exchange","method":"GET","url":"u","status":200,"base64":"?"}}"#,
                    "\n"
                ),
                "base64 is not valid",
            ),
        ] {
            let error = Bundle::read(&*gzipped(&text)).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
        for (bytes, why) in [(&b"PK\x03\x04"[..], "it is not compressed by gzip"), (b"", "it is empty")] {
            let error = Bundle::read(bytes).unwrap_err();
            assert_eq!(
                (error.kind(), error.message()),
                (ErrorKind::InvalidInput, &*format!("it is not a bundle: {why}"))
            );
            assert!(!Bundle::is_bundle(bytes));
        }
        let mut file = Vec::new();
        example().write(&mut file).unwrap();
        assert!(Bundle::is_bundle(&*file) && !Bundle::is_bundle(&*gzipped("kind: Warehouse")));
    }

    /// Counts what was read.
    struct Counted<R>(R, usize);

    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(to)?;
            self.1 += read;
            Ok(read)
        }
    }

    /// What is no bundle is known by its start, and a size that is told is believed before anything is unpacked.
    #[test]
    fn little_is_read_of_what_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(&vec![b'x'; 8 << 20]).unwrap();
        let large = encoder.finish().unwrap();
        let mut counted = Counted(&*large, 0);
        Bundle::read(&mut counted).unwrap_err();
        assert!(counted.1 <= 128 << 10, "{}", counted.1);
        let mut file = Vec::new();
        example().write(&mut file).unwrap();
        Bundle::check_size(io::Cursor::new(&file)).unwrap();
        Bundle::check_size(io::Cursor::new(b"")).unwrap();
        let size = usize::try_from(MAX_BYTES / MAX_RATIO).unwrap() + 10;
        let mut file = vec![0; size];
        file[size - 4..].copy_from_slice(&(u32::try_from(MAX_BYTES).unwrap() + 1).to_le_bytes());
        let error = Bundle::check_size(io::Cursor::new(&file)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(
            error.to_string(),
            "the bundle has more than 512 MiB decompressed, or a line of more than 128 MiB"
        );
    }

    /// Wherever a file is cut off, the message says so, and not that it is too large.
    #[test]
    fn a_part_of_a_bundle_is_told_as_such() {
        let mut file = Vec::new();
        example().write(&mut file).unwrap();
        for length in 3..file.len() {
            let part = &file[..length];
            let checked =
                Bundle::check_size(io::Cursor::new(part)).and_then(|()| Bundle::read(part).map(drop));
            let error = checked.unwrap_err();
            assert_eq!(
                error.to_string(),
                "the bundle is cut off: the end of the file is missing",
                "{length}"
            );
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![b' '; 1 << 20];
        let header = r#"{"format":"warehouse-bundle","version":1,"recordedAt":"2026-03-01T08:00:00Z"}"#;
        writeln!(encoder, "{header}").unwrap();
        for _ in 0..130 {
            encoder.write_all(&zeros).unwrap();
        }
        let error = Bundle::read(&*encoder.finish().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_another_bundle(at: prop::sample::Index, with: u8) {
            let mut file = Vec::new();
            example().write(&mut file).unwrap();
            let at = at.index(file.len());
            file[at] = with;
            let _ = Bundle::read(&*file);
        }

        #[test]
        fn any_lines_are_no_panic(lines in prop::collection::vec("[ -~]{0,60}", 0..4)) {
            let header = r#"{"format":"warehouse-bundle","version":1,"recordedAt":"2026-03-01T08:00:00Z"}"#;
            let _ = Bundle::read(&*gzipped(&format!("{header}\n{}", lines.join("\n"))));
        }
    }
}
