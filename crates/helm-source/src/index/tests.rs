//! The lexer against the full parser: where both accept a file, they return the same index.

use proptest::prelude::*;

use super::checkpoint::Checkpoint;
use super::lexer::Lexer;
use super::*;

/// The index that the full parser reads from a whole file.
fn reference(file: &[u8]) -> Result<Index, IndexError> {
    document::read_yaml(Checkpoint::at_start(FallbackReason::Key, file.to_vec()), std::io::empty())
}

/// The index that the lexer reads from a file in pieces of this size.
fn lexed(file: &[u8], piece: usize) -> Result<Index, Box<Checkpoint>> {
    let mut lexer = Lexer::default();
    for piece in file.chunks(piece.max(1)) {
        if let Err(reason) = lexer.push(piece) {
            return Err(Box::new(lexer.into_checkpoint(reason)));
        }
    }
    lexer.finish().map_err(|reason| Box::new(lexer.into_checkpoint(reason)))
}

/// Compares the lexer, and the parser that continues at a checkpoint, with the parser that starts at the beginning. Returns whether the
/// lexer accepted the file.
fn compare(file: &[u8], piece: usize) -> Result<bool, TestCaseError> {
    let expected = reference(file);
    let text = || file.escape_ascii().to_string().replace("\\n", "\n");
    let by_lexer = lexed(file, piece);
    let accepted = by_lexer.is_ok();
    if let Ok(index) = by_lexer {
        prop_assert_eq!(Ok(&index), expected.as_ref(), "the lexer, on\n{}", text());
    } else if !document::is_json(file) {
        let mut reader = IndexReader::new();
        let (first, rest) = file.split_at(piece.min(file.len()));
        reader.push(first);
        let answer = reader.finish(rest).map(|(index, _)| index);
        prop_assert_eq!(
            answer.as_ref().ok(),
            expected.as_ref().ok(),
            "the parser that continues, on\n{}",
            text()
        );
    }
    Ok(accepted)
}

/// An index with every construct of real ones.
const SEED: &str = r##"---
apiVersion: v1
entries:
  web-app:
  - annotations:
      category: Tools
      changes: |
        - kind: added
          version: 9.9.9

        - "x"
      images: |2-
          indented
        less
    apiVersion: v2
    appVersion: "1.2"
    created: "2024-01-01T00:00:00.000000000Z"
    dependencies:
    - condition: db.enabled
      name: db
      repository: https://charts.example.com/a#b
      version: 1.x.x
    - name: other
      tags: []
      version: ^2
    description: A text that is long enough to be
      continued on the next line
      - and on another one
    digest: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    keywords: []
    maintainers:
    - email: a@example.com
      name: A. Person
    name: web-app
    sources:
    - https://example.com/x
    urls:
    - https://example.com/web-app-1.10.0.tgz
    version: 1.10.0
  - created: 2024-01-01T00:00:00.5+02:00
    description: "quoted, \"escaped\" \u00e4 \
      and continued:

      version: 6.6.6"
    digest: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    urls:
      - a.tgz
    version: "1.9"
  - description: 'it''s
      version: 5.5.5
      quoted'
    created: last
      year
    digest: 0b0a
    version: v1.8.0+build_1
  none: []
  api:
    - name: api
      annotations: {}
      description: >-
        folded
        text
      version: '0.1'
    - name: api
  empty:
generated: "2026-11-21T00:00:00Z"
serverInfo: {}
"##;

/// The texts that a mutation inserts: indicators of YAML and parts of an index.
const PIECES: &[&str] = &[
    "\n",
    " ",
    "  ",
    "    ",
    "\n  ",
    "\n    ",
    "\n\n",
    "- ",
    "-",
    ": ",
    ":",
    "#",
    " #",
    "# x\n",
    "'",
    "\"",
    "''",
    "\\",
    "\\q",
    "\\x41",
    "|",
    ">",
    "|-",
    "|2",
    ">+1",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    ",",
    "&a ",
    "*a",
    "!x ",
    "!!str ",
    "? ",
    "%",
    "@",
    "`",
    "~",
    "null",
    "Null",
    "<<: ",
    "<<: *a",
    "---\n",
    "--- ",
    "...\n",
    "\n---\n",
    "\n...\n",
    "\t",
    "\r",
    "\r\n",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "ä",
    "\u{7f}",
    "version: ",
    "version: 1.0.0",
    "\n    version: 3.3.3",
    "entries:",
    "\nentries:\n",
    "\n  web-app:\n",
    "\n  x:\n  - version: 7\n",
    "digest: ",
    "\n    digest: ",
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "1234567812345678123456781234567812345678123456781234567812345678",
    "1234567e12345678123456781234567812345678123456781234567812345678",
    "\n    digest:\n    - a\n",
    "\n    digest:\n      a: b\n",
    "created: ",
    "\n    created: ",
    "2024-05-01T12:00:00Z",
    "0001-01-01T00:00:00Z",
    "\n    created:\n    - a\n",
    "\n    created:\n      a: b\n",
    "name: ",
    "a: b\n",
    "- a\n",
    "- - a\n",
    "- version: 2\n",
    "true",
    "1e3",
    "1e999",
    "0x10",
    "1_000",
    "2001-01-01",
    ".inf",
    "=",
    "x: |\n",
    "x: \"\n",
    "x: '\n",
    "\"a\": b\n",
    "'a': b\n",
    "a b: c\n",
    "<<<<<<< HEAD\n",
    "=======\n",
    "\n>>>>>>> x\n",
];

#[derive(Clone, Debug)]
enum Mutation {
    Insert(prop::sample::Index, prop::sample::Index),
    Overwrite(prop::sample::Index, prop::sample::Index),
    DeleteBytes(prop::sample::Index, usize),
    DeleteLine(prop::sample::Index),
    CopyLine(prop::sample::Index, prop::sample::Index),
    Indent(prop::sample::Index, usize),
    Outdent(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), at()).prop_map(|(position, piece)| Mutation::Insert(position, piece)),
        2 => (at(), at()).prop_map(|(position, piece)| Mutation::Overwrite(position, piece)),
        2 => (at(), 1_usize..6).prop_map(|(position, length)| Mutation::DeleteBytes(position, length)),
        1 => at().prop_map(Mutation::DeleteLine),
        2 => (at(), at()).prop_map(|(from, to)| Mutation::CopyLine(from, to)),
        2 => (at(), 1_usize..5).prop_map(|(line, by)| Mutation::Indent(line, by)),
        2 => (at(), 1_usize..5).prop_map(|(line, by)| Mutation::Outdent(line, by)),
        1 => at().prop_map(Mutation::Cut),
    ]
}

fn apply(file: &mut Vec<u8>, mutation: &Mutation) {
    if file.is_empty() {
        return;
    }
    let length = file.len();
    let starts: Vec<_> = std::iter::once(0)
        .chain(file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
        .collect();
    let line = |index: &prop::sample::Index| {
        let at = index.index(starts.len());
        starts[at]..starts.get(at + 1).copied().unwrap_or(length)
    };
    match mutation {
        Mutation::Insert(position, piece) => {
            let at = position.index(length);
            file.splice(at..at, PIECES[piece.index(PIECES.len())].bytes());
        }
        Mutation::Overwrite(position, piece) => {
            let piece = PIECES[piece.index(PIECES.len())];
            let at = position.index(length);
            file.splice(at..(at + piece.len()).min(length), piece.bytes());
        }
        Mutation::DeleteBytes(position, bytes) => {
            let at = position.index(length);
            file.drain(at..(at + bytes).min(length));
        }
        Mutation::DeleteLine(position) => {
            file.drain(line(position));
        }
        Mutation::CopyLine(from, to) => {
            let copy = file[line(from)].to_vec();
            let at = line(to).start;
            file.splice(at..at, copy);
        }
        Mutation::Indent(position, by) => {
            let at = line(position).start;
            file.splice(at..at, std::iter::repeat_n(b' ', *by));
        }
        Mutation::Outdent(position, by) => {
            let range = line(position);
            let spaces = file[range.clone()].iter().take_while(|byte| **byte == b' ').count();
            file.drain(range.start..range.start + spaces.min(*by));
        }
        Mutation::Cut(position) => file.truncate(position.index(length)),
    }
}

#[test]
fn the_seed_is_read_by_the_lexer_alone() {
    let index = lexed(SEED.as_bytes(), 7).unwrap();
    assert_eq!(Ok(&index), reference(SEED.as_bytes()).as_ref());
    assert_eq!(index.versions("web-app").unwrap().collect::<Vec<_>>(), ["1.10.0", "1.9", "v1.8.0+build_1"]);
    assert_eq!(index.versions("api").unwrap().collect::<Vec<_>>(), ["0.1", ""]);
    assert_eq!((index.chart_count(), index.version_count()), (4, 5));
    assert_eq!(times(&index, "web-app"), ["2024-01-01T00:00:00Z", "2023-12-31T22:00:00Z", "-"]);
    assert_eq!(times(&index, "api"), ["-", "-"]);
}

/// The times of the entries of a chart, with `-` where there is none.
fn times(index: &Index, chart: &str) -> Vec<String> {
    let text = |time: Option<jiff::Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
    index.times(chart).unwrap().map(text).collect()
}

/// A fallback at the end of a long file rereads one entry, and an error still names the line of the file.
#[test]
fn a_late_fallback_rereads_one_entry() {
    let mut file = "entries:\n".to_owned();
    for chart in 0..200 {
        file.push_str(&format!("  chart-{chart}:\n"));
        for version in 0..20 {
            file.push_str(&format!("  - name: chart-{chart}\n    version: 1.0.{version}\n"));
        }
    }
    file.push_str("  last:\n  - version: 1.0.0\n");
    let entry = "  - keywords: [a, b]\n    version: 2.0.0\n";
    let checkpoint = lexed(format!("{file}{entry}").as_bytes(), 4096).unwrap_err();
    assert_eq!((checkpoint.reason, checkpoint.pending.len()), (FallbackReason::FlowCollection, entry.len()));
    assert_eq!((checkpoint.index.version_count(), checkpoint.lines), (4001, file.lines().count() as u64));

    let (index, by) = IndexReader::new().finish(format!("{file}{entry}").as_bytes()).unwrap();
    assert_eq!(
        (index.chart_count(), index.version_count(), by),
        (201, 4002, ReadBy::Yaml(FallbackReason::FlowCollection))
    );
    assert_eq!(index.versions("last").unwrap().collect::<Vec<_>>(), ["1.0.0", "2.0.0"]);

    let error = Index::from_slice(format!("{file}{entry}    }}\n").as_bytes()).unwrap_err();
    assert_eq!(error.line(), Some(file.lines().count() as u64 + 3));
}

/// What each spelling of a digest means, to the lexer and to the full parsers.
#[test]
fn digests() {
    let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let number = "12345678".repeat(8);
    let (good, bad, none) = (Some(format!("sha256:{hex}")), EntryDigest::Malformed, EntryDigest::Missing);
    let as_number = Some(format!("sha256:{number}"));
    let by_lexer = |value: String| (value, true);
    let by_parser = |value: String| (value, false);
    for ((value, is_lexed), expected, otherwise) in [
        (by_lexer(format!(" {hex}")), &good, none),
        (by_lexer(format!(" sha256:{hex}")), &good, none),
        (by_lexer(format!(" \"{hex}\"  ")), &good, none),
        (by_lexer(format!(" '{hex}'")), &good, none),
        (by_lexer(format!(" {}", hex.to_uppercase())), &good, none),
        (by_lexer(format!(" \"{number}\"")), &as_number, none),
        (by_parser(format!(" {number}")), &None, bad),
        (by_parser(format!(" {}e{}", &number[..32], &number[..31])), &None, bad),
        (by_parser(format!(" !!str {number}")), &as_number, none),
        (by_parser(format!(" |-\n      {hex}")), &good, none),
        (by_parser(format!(" |\n      {hex}")), &None, bad),
        (by_parser(format!("\n      {hex}")), &good, none),
        (by_parser(format!(" \"\\x32{}\"", &hex[1..])), &good, none),
        (by_parser(format!(" \"{}\\\n      {}\"", &hex[..10], &hex[10..])), &good, none),
        (by_parser(format!(" '{}\n      {}'", &hex[..10], &hex[10..])), &None, bad),
        (by_parser(format!(" {hex}\n      more")), &None, bad),
        (by_lexer(format!(" {}", &hex[1..])), &None, bad),
        (by_lexer(" none\n      at all".to_owned()), &None, bad),
        (by_lexer(" 1".to_owned()), &None, bad),
        (by_lexer(" true".to_owned()), &None, bad),
        (by_lexer(" []".to_owned()), &None, bad),
        (by_lexer(" {}".to_owned()), &None, bad),
        (by_parser(format!(" [{hex}]")), &None, bad),
        (by_parser(format!(" {{{hex}: 1, a: 2}}")), &None, bad),
        (by_lexer("\n    - a".to_owned()), &None, bad),
        (by_lexer("\n      a: b".to_owned()), &None, bad),
        (by_lexer(String::new()), &None, none),
        (by_lexer(" ~".to_owned()), &None, none),
        (by_lexer(" null".to_owned()), &None, none),
        (by_lexer(" ''".to_owned()), &None, none),
        (by_lexer(" \"\"".to_owned()), &None, none),
    ] {
        let file = format!("entries:\n  a:\n  - digest:{value}\n    version: 1.0.0\n  - version: 2.0.0\n");
        let (index, by) = IndexReader::new().finish(file.as_bytes()).unwrap();
        let entries: Vec<_> = index.entries("a").unwrap().collect();
        assert_eq!(entries[0].1.to_text(), *expected, "{file}");
        assert!(expected.is_some() || entries[0].1 == otherwise, "{file}: {entries:?}");
        assert_eq!(entries[1], ("2.0.0", none), "{file}");
        assert_eq!(by == ReadBy::Lexer, is_lexed, "{file}: {by:?}");
        assert_eq!(Ok(index), reference(file.as_bytes()), "{file}");
    }
    for (value, expected, otherwise) in [
        (format!("\"{hex}\""), &good, none),
        (format!("\"\\u0032{}\"", &hex[1..]), &good, none),
        (number, &None, bad),
        ("1e999".to_owned(), &None, bad),
        ("\"\\ud800\"".to_owned(), &None, bad),
        (format!("[\"{hex}\"]"), &None, bad),
        ("{\"a\":1}".to_owned(), &None, bad),
        ("true".to_owned(), &None, bad),
        ("null".to_owned(), &None, none),
        ("\"\"".to_owned(), &None, none),
    ] {
        let file = format!("{{\"entries\":{{\"a\":[{{\"digest\":{value},\"version\":\"1.0.0\"}},null]}}}}");
        let index = Index::from_slice(file.as_bytes()).unwrap();
        let entries: Vec<_> = index.entries("a").unwrap().collect();
        assert_eq!(entries[0].1.to_text(), *expected, "{file}");
        assert!(expected.is_some() || entries[0].1 == otherwise, "{file}: {entries:?}");
        assert_eq!(entries[1], ("", none));
    }
    assert!(Index::default().entries("a").is_none());
}

/// What each spelling of a time means, to the lexer and to the full parsers. None is an error, and none changes the versions.
#[test]
fn times_of_entries() {
    const TIME: &str = "2024-05-01T12:00:00Z";
    let by_lexer = |value: &str| (value.replace("TIME", TIME), true);
    let by_parser = |value: &str| (value.replace("TIME", TIME), false);
    for ((value, is_lexed), expected) in [
        (by_lexer(" TIME"), TIME),
        (by_lexer(" \"TIME\"  "), TIME),
        (by_lexer(" 'TIME'"), TIME),
        (by_lexer(" 2024-05-01T14:00:00.123456789+02:00"), TIME),
        (by_parser(" !!str TIME"), TIME),
        (by_parser(" &a TIME"), TIME),
        (by_parser(" |-\n      TIME"), TIME),
        (by_parser(" |\n      TIME"), "-"),
        (by_parser("\n      TIME"), TIME),
        (by_parser("\n      \"TIME\""), TIME),
        (by_parser(" \"2024-05-01T12:00:00\\x5a\""), TIME),
        (by_parser(" \"2024-05-01T\\\n      12:00:00Z\""), TIME),
        (by_parser(" '2024-05-01T\n      12:00:00Z'"), "-"),
        (by_parser(" TIME\n      more"), "-"),
        (by_parser(" TIME # a comment"), TIME),
        (by_lexer(" 2024-05-01\n      12:00:00Z"), "-"),
        (by_lexer(" 2024-05-01T\n      12"), "-"),
        (by_lexer(" 2024-05-01"), "-"),
        (by_lexer(" 2024-05-01 12:00:00 +0000 UTC"), "-"),
        (by_lexer(" 2024-13-01T00:00:00Z"), "-"),
        (by_lexer(" 0001-01-01T00:00:00Z"), "-"),
        (by_lexer(" \"0001-01-01T00:00:00Z\""), "-"),
        (by_lexer(" yesterday"), "-"),
        (by_lexer(" 1714564800"), "-"),
        (by_lexer(" 1e999"), "-"),
        (by_lexer(" .nan"), "-"),
        (by_lexer(" true"), "-"),
        (by_lexer(""), "-"),
        (by_lexer(" ~"), "-"),
        (by_lexer(" null"), "-"),
        (by_lexer(" ''"), "-"),
        (by_lexer(" []"), "-"),
        (by_lexer(" {}"), "-"),
        (by_parser(" [TIME]"), "-"),
        (by_parser(" {TIME: 1, a: 2, a: 3}"), "-"),
        (by_lexer("\n    - TIME"), "-"),
        (by_lexer("\n      a: b"), "-"),
        (by_parser(" !other TIME"), TIME),
        (by_parser(" !!null x"), "-"),
    ] {
        let file = format!("entries:\n  a:\n  - created:{value}\n    version: 1.0.0\n  - version: 2.0.0\n");
        let (index, by) =
            IndexReader::new().finish(file.as_bytes()).unwrap_or_else(|error| panic!("{file}\n{error}"));
        assert_eq!(times(&index, "a"), [expected, "-"], "{file}");
        assert_eq!(index.versions("a").unwrap().collect::<Vec<_>>(), ["1.0.0", "2.0.0"], "{file}");
        assert_eq!(by == ReadBy::Lexer, is_lexed, "{file}: {by:?}");
        assert_eq!(Ok(index), reference(file.as_bytes()), "{file}");
    }
    // A tag that its value contradicts is refused as in any other field.
    for value in [
        "!!timestamp TIME",
        "!!int x",
        "!!float x",
        "!!bool x",
        "!!binary '%'",
        "!!binary /w==",
        "!!seq x",
        "!!map x",
        "!!set {a, b}",
        "!!str [a]",
    ] {
        let of = |field: &str| {
            let file = format!("entries:\n  a:\n  - {field}: {value}\n    version: 1.0.0\n");
            Index::from_slice(file.replace("TIME", TIME).as_bytes()).is_ok()
        };
        assert_eq!(of("created"), of("home"), "{value}");
    }
    let json = |value: &[u8], entries: &str| {
        let head = format!("{{\"{entries}\":{{\"a\":[{{\"created\":");
        [head.as_bytes(), value, b",\"version\":\"1.0.0\"},null]}}"].concat()
    };
    for (value, expected) in [
        (&b"\"2024-05-01T12:00:00Z\""[..], TIME),
        (b"\"2024-05-01T12:00:00.9Z\"", TIME),
        (b"\"2024-05-01T12:00:00\\u005a\"", TIME),
        (b"\"0001-01-01T00:00:00Z\"", "-"),
        (b"\"yesterday\"", "-"),
        (b"\"\"", "-"),
        (b"\"\\ud800\"", "-"),
        (b"\"2024-05-01T12:00:00Z\xff\"", "-"),
        (b"[\"\xff\", {}]", "-"),
        (b"[\"2024-05-01T12:00:00Z\"]", "-"),
        (b"{\"a\":1,\"a\":1}", "-"),
        (b"1714564800", "-"),
        (b"1e999", "-"),
        (b"true", "-"),
        (b"null", "-"),
    ] {
        for entries in ["entries", "Entries"] {
            let file = json(value, entries);
            let shown = file.escape_ascii();
            let index = Index::from_slice(&file).unwrap_or_else(|error| panic!("{shown}\n{error}"));
            assert_eq!(times(&index, "a"), [expected, "-"], "{shown}");
            assert_eq!(index.versions("a").unwrap().collect::<Vec<_>>(), ["1.0.0", ""], "{shown}");
            assert_eq!(Some(index), json_reference(&file), "{shown}");
        }
    }
    // What is masked is the value alone.
    assert!(Index::from_slice(&json(b"\"\xff\",\"digest\":\"\xff\"", "entries")).is_err());
    assert!(Index::default().times("a").is_none());
}

#[test]
fn unusual_indexes() {
    for (file, expected) in [
        ("entries: {}\n", &[] as &[&str]),
        ("entries:\n", &[]),
        ("apiVersion: v1\n", &[]),
        ("\u{feff}---\n# by hand\nentries:\n  web:\n  - version: 1.0.0", &["1.0.0"]),
        ("entries:\r\n  web:\r\n  - version: 1.0.0\r\n", &["1.0.0"]),
        ("entries: {web: [{version: 1.10}, {version: \"2\"}]}\n", &["1.10", "2"]),
        ("x: &a {version: 1.0.0}\nentries:\n  web:\n  - *a\n  - <<: *a\n", &["1.0.0", "1.0.0"]),
        ("entries:\n  web:\n  - version: 1.0.0\n---\nentries:\n  web: []\n", &["1.0.0"]),
        ("entries:\n  web:\n  - name: web\n  - version: ~\n  -\n", &["", "", ""]),
        ("entries:\n  web:\n  - {version: 0x10}\n  - {version: true}\n", &["0x10", "true"]),
        ("entries:\n  ? web\n  : - version: !!str 1\n", &["1"]),
        ("entries:\n  web: ~\n", &[]),
        ("entries: {web: [{digest: 1e999, x: .inf, y: .nan, version: 1e999}]}\n", &["1e999"]),
        (
            r#"{"entries":{"web":[{"version":"1.0.0"},{"version":1.10},{"x":[{}]},null]}}"#,
            &["1.0.0", "1.10", "", ""],
        ),
        ("  {\n\"entries\": null}", &[]),
        (r#"{"apiVersion":"v1"}"#, &[]),
        ("{apiVersion: v1}", &[]),
        ("---\napiVersion: v1\n---\nx: y\n", &[]),
        (r#"{"entries":{"web":[{"version":"\u0031.0"}]}}"#, &["1.0"]),
        ("{entries: {web: [{version: 1.0.0}]}}", &["1.0.0"]),
    ] {
        let index = Index::from_slice(file.as_bytes()).unwrap_or_else(|error| panic!("{file}\n{error}"));
        let versions: Vec<_> = index.versions("web").into_iter().flatten().collect();
        assert_eq!(versions, expected, "{file}");
    }
}

#[test]
fn invalid_indexes() {
    for (file, expected) in [
        ("", "the index is empty"),
        (" \n\n", "the index is empty"),
        ("---\n", "the index is empty"),
        ("~\n", "the index is empty"),
        ("<!DOCTYPE html>\n<html>", "the index is an HTML page"),
        ("\n<HTML>", "the index is an HTML page"),
        ("<Error><Code>AccessDenied</Code></Error>", "the index is an XML or HTML document"),
        ("{}", "not a chart index"),
        (r#"{"error":"unauthorized"}"#, "not a chart index"),
        (r#"{"message":"","Entry":{}}"#, "not a chart index"),
        ("error: not authorised\n", "not a chart index"),
        ("error: &a {code: 401}\n", "not a chart index"),
        ("error: x\n---\nentries: {}\n", "not a chart index"),
        ("error:\n  entries: {}\n", "not a chart index"),
        ("text", "line 1, column 1"),
        ("- a", "line 1, column 1"),
        ("entries: []", "line 1, column 10"),
        ("entries:\n  web: {}\n", "line 2, column 8"),
        ("entries:\n  web:\n  - text\n", "line 3, column 5"),
        ("entries:\n  web:\n  - version: {}\n", "line 3, column 14"),
        ("entries: {}\nentries: {}\n", "line 2, column 1: the field \"entries\" of the index is given twice"),
        ("entries:\n  web:\n  - version: \"1\n", "line"),
        ("entries:\n  web:\n  - version: *a\n", "line 3"),
        ("{\"entries\":{}", "line 1"),
        ("{\"entries\":{\"a\":[],\"a\":[]}}", "the chart \"a\" is listed twice"),
    ] {
        let error = Index::from_slice(file.as_bytes()).expect_err(file).to_string();
        assert!(error.contains(expected), "{file}\n{error}");
    }
    let deep = format!("entries:\n  web:\n  - a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Index::from_slice(deep.as_bytes()).is_err());
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(Index::from_slice(deep.as_bytes()).is_err());
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nentries: {}\n";
    assert!(Index::from_slice(bomb.as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn lexer_and_parser_agree_on_mutants(mutations in prop::collection::vec(mutation(), 1..5), breaks in line_breaks(), piece in 1_usize..2000) {
        let mut file = SEED.replace('\n', breaks).into_bytes();
        for mutation in &mutations {
            apply(&mut file, mutation);
        }
        compare(&file, piece)?;
    }

    /// Random lines, which reach states that mutants of one seed do not.
    #[test]
    fn lexer_and_parser_agree_on_small_files(lines in prop::collection::vec((0_usize..7, prop::sample::select(PIECES)), 0..12), piece in 1_usize..50) {
        let mut file = "entries:\n  a:\n  - version: 1\n".to_owned();
        for (indent, text) in lines {
            file.push_str(&format!("{:indent$}{text}", ""));
            if indent % 2 == 0 {
                file.push('\n');
            }
        }
        compare(file.as_bytes(), piece)?;
    }

    #[test]
    fn noise_does_not_panic(noise in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        compare(&noise, piece)?;
    }
}

/// The seed in JSON, with what JSON has and YAML has not.
fn json_seed() -> String {
    let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    format!(
        r#"{{"apiVersion": "v1", "x": [1, {{"a": "]}}"}}], "entries": {{
  "web-app": [
    {{"version": "1.10.0", "digest": "{hex}", "created": "2024-05-01T12:00:00Z", "description": "\"quoted\" \\ \u00e4 [{{\n", "n": -1.5e3}},
    {{"version":"1.9.0","d":[1,-0.5e+3,{{"e":["f",null]}},[[]]],"g":true,"digest":"","created":"\u0032024-05-01T12:00:00.5+02:00","h":"a \"b\" \\ \u00e4/\/ and more"}},
    {{"version": 1.10, "created": null, "deep": {{"a": [[], {{}}, null, true, false, "x"]}}}},
    {{"name": "web-app"}}
  ],
  "none": [],
  "\u0061pi":[{{"version":"0.1"}},{{"version":null}}]
}}, "generated": "2026-11-21T00:00:00Z"}}
"#
    )
}

const JSON_PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "\r\n",
    "\t",
    "null",
    "true",
    "1",
    "-",
    "1e999",
    "\"a\"",
    "{}",
    "[]",
    "\"a\":1,",
    "{\"version\":\"2\"}",
    "{\"version\":\"2\"},",
    ",{\"version\":{}}",
    "\"entries\":{},",
    "\"Entries\":{},",
    "\"x\":[],",
    "\"web-app\":[],",
    "\"version\":\"3\",",
    "\"digest\":1,",
    "\"created\":1,",
    "\"created\":\"2024-05-01T12:00:00Z\",",
    "// x\n",
    "# x\n",
    "'",
    "\u{e9}",
    "\u{0}",
    "\\u0041",
    "\\ud800",
    "nullx",
    "tru",
    "01",
    "-0",
    "1.",
    "e5",
    "..",
    "\\q",
    "\\u12",
    "\\u00e4",
    "\u{7f}",
    "{\"a\":[",
    "\"Version\":\"4\",",
    "&a ",
    "*a",
    "\"a\u{7f}\":1,",
    "\"b\u{9f}\":[],",
    "'c':1,",
];

/// The index that a JSON parser reads from a whole file; where it is not JSON, the one that the YAML parser reads.
fn json_reference(file: &[u8]) -> Option<Index> {
    let checkpoint = || Checkpoint::at_start(FallbackReason::FlowCollection, file.to_vec());
    document::read_json(checkpoint(), std::io::empty()).ok().map(|(index, _)| index)
}

fn apply_json(
    file: &mut Vec<u8>,
    (kind, at, piece, length): &(u8, prop::sample::Index, prop::sample::Index, usize),
) {
    if file.is_empty() {
        return;
    }
    let (at, piece) = (at.index(file.len()), JSON_PIECES[piece.index(JSON_PIECES.len())].bytes());
    let end = (at + length).min(file.len());
    match kind {
        0 | 1 => drop(file.splice(at..at, piece)),
        2 => drop(file.splice(at..end, piece)),
        3 => drop(file.drain(at..end)),
        4 => file.extend_from_within(at..end),
        _ => file.truncate(at),
    }
}

type JsonMutation = (u8, prop::sample::Index, prop::sample::Index, usize);

fn json_mutations() -> impl Strategy<Value = (Vec<JsonMutation>, usize)> {
    let at = any::<prop::sample::Index>;
    (prop::collection::vec((0_u8..6, at(), at(), 1_usize..40), 0..4), 1_usize..400)
}

/// Compares the fast path for JSON with the parsers. Returns whether both accept the file.
fn compare_json((mutations, piece): (Vec<JsonMutation>, usize)) -> Result<bool, TestCaseError> {
    let mut file = json_seed().into_bytes();
    for mutation in &mutations {
        apply_json(&mut file, mutation);
    }
    if !document::is_json(&file) {
        return Ok(false);
    }
    let mut reader = IndexReader::new();
    let (first, rest) = file.split_at(piece.min(file.len()));
    reader.push(first);
    let answer = reader.finish(rest).ok().map(|(index, _)| index);
    let expected = json_reference(&file);
    prop_assert_eq!(&answer, &expected, "{}", file.escape_ascii().to_string().replace("\\n", "\n"));
    Ok(answer.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_for_json_agrees_with_the_parsers(mutations in json_mutations()) {
        compare_json(mutations)?;
    }
}

/// What is JSON at first, and YAML from a later entry on, is what the YAML parser reads from the beginning, whatever its keys and values are.
#[test]
fn what_was_read_as_json_is_checked_as_yaml() {
    let mut keys: Vec<String> = [
        r#""~":"#,
        r#""null":"#,
        r#""":"#,
        r#""<<":"#,
        r#""=":"#,
        r#""1":"#,
        r#""a: b":"#,
        r#""a #b":"#,
        r#""*a":"#,
        r#""a\nb":"#,
        r#""a\u0000":"#,
        r#""a\ud800":"#,
        r#""a\ud83d\ude00":"#,
        r#""a\/b":"#,
        r#""a" :"#,
        r#""a": "#,
        "\"a\"\n:",
        "\"a\"\r\n:",
        "\"a\"\t:",
        "\"a\":\n",
        "\"a\u{7f}\":",
        "\"a\u{85}\":",
        "\"a\u{9f}\":",
        "\"a\u{2028}\":",
        "\"a\u{feff}\":",
        "\"a\u{fffe}\":",
    ]
    .map(str::to_owned)
    .into();
    // A key of YAML has at most 1024 characters up to its colon.
    let lengths = (1015..1030).chain([70_000]);
    keys.extend(lengths.flat_map(|length| {
        let key = "k".repeat(length);
        [format!("\"{key}\":"), format!("\"{key}ä\" :")]
    }));
    keys.push(format!("\"{}\":", "ä".repeat(1000)));
    let tail = "\"z\":[{\"version\":'2'}]}}";
    for key in keys {
        for file in [
            format!("{{\"entries\":{{{key}[{{\"version\":\"1\"}}],{tail}"),
            format!("{{{key}1,\"entries\":{{{tail}"),
            format!("{{\"entries\":{{\"b\":[{{{key}1,\"version\":\"1\"}}],{tail}"),
            format!("{{\"entries\":{{\"b\":[{{\"c\":{{{key}1}},\"version\":\"1\"}}],{tail}"),
            format!("{{\"entries\":{{\"b\":[{{\"c\":[{{{key}1}}],\"version\":\"1\"}}],{tail}"),
        ] {
            for file in [file.clone(), file.replacen('{', "{\n", 1)] {
                let answer = Index::from_slice(file.as_bytes()).ok();
                assert_eq!(answer, json_reference(file.as_bytes()), "{}", file.escape_debug());
            }
        }
    }
}

/// Errors behind the first entries have their place in the file.
#[test]
fn places_of_errors_in_json() {
    let entries = "{\"version\":\"1.0.0\"},".repeat(10_000);
    let at = format!("{{\"entries\":{{\"web\":[{entries}").len();
    for (end, expected) in [
        ("{\"version\":{}}]}}", "a version is a text"),
        ("{\"version\":1,\"version\":2}]}}", "the field \"version\" of an entry is given twice"),
        ("7]}}", "expected a mapping with the `version` of a chart"),
        ("{}],\"web\":[]}}", "the chart \"web\" is listed twice"),
        ("{}]},\"entries\":{}}", "the field \"entries\" of the index is given twice"),
    ] {
        let file = format!("{{\"entries\":{{\"web\":[{entries}{end}");
        let error = Index::from_slice(file.as_bytes()).unwrap_err();
        let IndexError::Invalid { line: 1, column, ref what } = error else { panic!("{error}") };
        assert!(what.contains(expected), "{error}");
        let column = usize::try_from(column).unwrap();
        assert!((at..=at + end.len()).contains(&column), "{error}: {at}");
        let file = file.replace("},", "},\n");
        let error = Index::from_slice(file.as_bytes()).unwrap_err();
        assert!(error.line().unwrap() > 10_000, "{error}");
    }
    // What is YAML after all is read, however large it is.
    let file =
        format!("{{\"entries\":{{\"web\":[{}{{\"version\":\"2.0.0\"}},]}}}} # hello", entries.repeat(20));
    let (index, by) = IndexReader::new().finish(file.as_bytes()).unwrap();
    assert_eq!((index.version_count(), matches!(by, ReadBy::Yaml(_) | ReadBy::Json)), (200_001, true));
    let file = format!("{{\"entries\":{{\"web\":[{}{{\"version\":'2.0.0'}}]}}}}", entries.repeat(20));
    let (index, by) = IndexReader::new().finish(file.as_bytes()).unwrap();
    assert_eq!((index.version_count(), by), (200_001, ReadBy::Yaml(FallbackReason::FlowCollection)));
}

/// The line breaks of a file.
fn line_breaks() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["\n", "\n", "\r\n"][..])
}

/// As many cases as `MUTANTS` says, always the same ones for the same `SEED`; and the two numbers.
fn seeded_runner(default: u32) -> (proptest::test_runner::TestRunner, u32, u32) {
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let (cases, seed) = (variable("MUTANTS").unwrap_or(default), variable("SEED").unwrap_or_default());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let bytes: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
    (TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)), cases, seed)
}

/// Compares mutants of these files.
fn compare_mutants(name: &str, seeds: &[Vec<u8>], default: u32) {
    let (mut runner, cases, seed) = seeded_runner(default);
    let accepted = std::cell::Cell::new(0_u32);
    let mutations = prop::collection::vec(mutation(), 1..5);
    let strategy =
        (prop::sample::select((0..seeds.len()).collect::<Vec<_>>()), mutations, line_breaks(), 1_usize..2000);
    runner
        .run(&strategy, |(number, mutations, breaks, piece)| {
            let mut file = match breaks {
                "\n" => seeds[number].clone(),
                breaks => {
                    seeds[number].split(|byte| *byte == b'\n').collect::<Vec<_>>().join(breaks.as_bytes())
                }
            };
            for mutation in &mutations {
                apply(&mut file, mutation);
            }
            accepted.set(accepted.get() + u32::from(compare(&file, piece)?));
            Ok(())
        })
        .unwrap();
    eprintln!(
        "{name}: {cases} mutants of seed {seed}, {} of them accepted by the lexer, 0 differences",
        accepted.get()
    );
}

/// The same with as many mutants as given: `MUTANTS=300000 cargo test --release -p helm-source -- --ignored many_mutants --nocapture`.
#[test]
#[ignore = "takes a minute or more"]
fn many_mutants() {
    compare_mutants("an index with every construct", &[SEED.as_bytes().to_vec()], 100_000);
    let (mut runner, cases, seed) = seeded_runner(100_000);
    let accepted = std::cell::Cell::new(0_u32);
    let compare =
        |mutations| compare_json(mutations).map(|both| accepted.set(accepted.get() + u32::from(both)));
    runner.run(&json_mutations(), compare).unwrap();
    eprintln!("JSON: {cases} mutants of seed {seed}, {} of them accepted, 0 differences", accepted.get());
}

/// Mutants of the first charts, and of charts in the middle, of indexes that people published.
#[test]
fn lexer_and_parser_agree_on_mutants_of_real_indexes() {
    use std::path::{Path, PathBuf};

    let folder = std::env::var_os("CONFORMANCE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from)
        .join("indexes");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no real indexes at {}; set CONFORMANCE_CORPUS", folder.display());
        return;
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut seeds = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let file = std::fs::read(path).unwrap();
        let end = |from: usize| {
            let window = file.get(from..(from + 6_000).min(file.len())).unwrap_or_default();
            from + window.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        };
        seeds.push(file[..end(0)].to_vec());
        // A key in the second column is a chart.
        let is_chart = |window: &[u8]| window.starts_with(b"\n  ") && window[3].is_ascii_alphabetic();
        let half = file.len() / 2;
        if let Some(at) = file[half..].windows(4).position(is_chart) {
            let from = half + at + 1;
            seeds.push([b"entries:\n", &file[from..end(from)]].concat());
        }
    }
    compare_mutants(&format!("{} parts of real indexes", seeds.len()), &seeds, 500);
}
