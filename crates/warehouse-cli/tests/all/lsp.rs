//! `warehouse lsp` as an editor speaks with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const URI: &str = "file:///shop/warehouse.yaml";

/// A text in which a number was meant as a text, behind characters that UTF-16 counts otherwise, and a field is misspelt.
const TEXT: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\nspec:\n  subscriptions:\n  \
                    - image: {repoURL: ghcr.io/shop/web, constraint: ^1.0.0}\n  - git: {repoURL: https://example.com/a, includePaths: [\
                    \"𝒳\"], comitSelectionStrategy: Lexical}\n  - chart: {repoURL: https://example.com/charts, name: web, semverConstraint: 1.10}\n";

struct Editor {
    process: Child,
    out: BufReader<ChildStdout>,
    last: i64,
}

impl Editor {
    fn spawn() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warehouse"));
        command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        Self { process, out, last: 0 }
    }

    fn start(encodings: &[&str]) -> (Self, Value) {
        let mut editor = Self::spawn();
        let client = json!({"capabilities": {"general": {"positionEncodings": encodings}}});
        let answer = editor.request("initialize", client);
        editor.notify("initialized", json!({}));
        (editor, answer["result"]["capabilities"].clone())
    }

    fn send(&mut self, message: Value) {
        let text = json!({"jsonrpc": "2.0"}).as_object().unwrap().clone();
        let message: serde_json::Map<_, _> =
            text.into_iter().chain(message.as_object().unwrap().clone()).collect();
        let body = serde_json::to_string(&message).unwrap();
        let stdin = self.process.stdin.as_mut().unwrap();
        write!(stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"method": method, "params": params}));
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        self.send(json!({"id": self.last, "method": method, "params": params}));
        let answer = self.read();
        assert_eq!(answer["id"], self.last, "{answer}");
        answer
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended");
            match line.trim_end() {
                "" => break,
                line => {
                    if let Some(value) = line.strip_prefix("Content-Length: ") {
                        length = value.parse().unwrap();
                    }
                }
            }
        }
        let mut body = vec![0; length];
        self.out.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// What is found in a text, as `line:from-to code`.
    fn found(&mut self, method: &str, params: Value) -> Vec<String> {
        self.notify(method, params);
        let published = self.read();
        assert_eq!(published["method"], "textDocument/publishDiagnostics");
        assert_eq!(published["params"]["uri"], URI);
        let found = published["params"]["diagnostics"].as_array().unwrap().iter().map(|found| {
            let place = |end: &str| &found["range"][end];
            let [start, end] = ["start", "end"].map(place);
            assert!(found["codeDescription"]["href"].as_str().unwrap().contains("manifest-rules"), "{found}");
            format!(
                "{}:{}-{} {}",
                start["line"],
                start["character"],
                end["character"],
                found["code"].as_str().unwrap()
            )
        });
        found.collect()
    }

    fn opens(&mut self, text: &str) -> Vec<String> {
        self.found(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": URI, "languageId": "yaml", "version": 1, "text": text}}),
        )
    }

    fn changes(&mut self, text: &str) -> Vec<String> {
        self.found(
            "textDocument/didChange",
            json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": text}]}),
        )
    }

    fn actions(&mut self, line: usize, only: &[&str]) -> Vec<Value> {
        let at = json!({"line": line, "character": 0});
        let end = json!({"line": line, "character": 1000});
        let only = if only.is_empty() { Value::Null } else { json!(only) };
        let params = json!({"textDocument": {"uri": URI}, "range": {"start": at, "end": end}, "context": {"diagnostics": [], "only": only}});
        self.request("textDocument/codeAction", params)["result"].as_array().unwrap().clone()
    }

    fn ends(mut self) -> (Option<i32>, String) {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.finish()
    }

    fn finish(mut self) -> (Option<i32>, String) {
        drop(self.process.stdin.take());
        let mut err = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.process.wait().unwrap().code(), err)
    }
}

/// A text after the edits of an action, whose places are counted in UTF-16.
fn edited(text: &str, action: &Value) -> String {
    let offset = |place: &Value| {
        let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = place["character"].as_u64().unwrap();
        let rest = text[start..].chars().take_while(|character| {
            let is_before = units > 0;
            units = units.saturating_sub(character.len_utf16() as u64);
            is_before
        });
        start + rest.map(char::len_utf8).sum::<usize>()
    };
    let mut result = text.to_owned();
    for edit in action["edit"]["changes"][URI].as_array().unwrap().iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        result.replace_range(range, edit["newText"].as_str().unwrap());
    }
    result
}

#[test]
fn an_editor_shows_what_lint_finds_and_fixes_it() {
    let (mut editor, capabilities) = Editor::start(&["utf-32", "utf-16"]);
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    let found = editor.opens(TEXT);
    assert_eq!(found, ["6:64-86 unknown-field", "7:78-82 wrong-type"], "{found:?}");

    let misspelt = editor.actions(6, &["quickfix"]);
    assert_eq!(misspelt.len(), 1, "{misspelt:?}");
    let text = edited(TEXT, &misspelt[0]);
    assert!(text.contains("\"𝒳\"], commitSelectionStrategy: Lexical"), "{text}");
    assert_eq!(editor.changes(&text), ["7:78-82 wrong-type"]);

    let all = editor.actions(0, &["source.fixAll"]);
    assert_eq!(all.len(), 1, "{all:?}");
    let text = edited(&text, &all[0]);
    assert_eq!(editor.changes(&text), [""; 0], "{text}");
    assert_eq!(editor.actions(7, &[]), [Value::Null; 0]);

    let closed = json!({"textDocument": {"uri": URI}});
    assert_eq!(editor.found("textDocument/didClose", closed), [""; 0]);
    assert_eq!(editor.ends(), (Some(0), String::new()));
}

#[test]
fn places_are_counted_as_the_editor_can() {
    let (mut editor, capabilities) = Editor::start(&["utf-16", "utf-8"]);
    assert_eq!(capabilities["positionEncoding"], "utf-8");
    assert_eq!(editor.opens(TEXT)[0], "6:66-88 unknown-field");
}

#[test]
fn files_of_other_kinds_have_nothing_wrong() {
    let (mut editor, _) = Editor::start(&[]);
    for text in ["", "# later\n\n", "kind: Deployment\n", "image:\n  tag: {{ .Values.tag }}\n"] {
        assert_eq!(editor.opens(text), [""; 0], "{text:?}");
    }
    assert_eq!(editor.ends(), (Some(0), String::new()));
}

#[test]
fn what_is_not_served_is_an_error_and_no_end() {
    let (mut editor, _) = Editor::start(&[]);
    let answer = editor.request("textDocument/hover", json!({}));
    assert_eq!(answer["error"]["code"], -32601);
    assert_eq!(answer["error"]["message"], "textDocument/hover is not served");
    let answer = editor.request("textDocument/codeAction", json!({"textDocument": 7}));
    assert_eq!(answer["error"]["code"], -32602);
    editor.notify("textDocument/didOpen", json!({"textDocument": []}));
    editor.notify("$/setTrace", json!({"value": "off"}));
    let unknown = json!({"textDocument": {"uri": "file:///other"}});
    assert_eq!(editor.request("textDocument/codeAction", unknown)["result"], json!([]));
    assert_eq!(editor.ends(), (Some(0), String::new()));
}

#[test]
fn what_is_no_message_ends_it_with_an_error() {
    for text in [
        "hello\r\n\r\n",
        "Content-Length: 2\r\n\r\n{]",
        "Content-Length: 99999999999999999999\r\n\r\n",
        "Content-Length: 99999999999\r\n\r\n{}",
        "Content-Length: 18446744073709551615\r\n\r\n{}",
    ] {
        let (mut editor, _) = Editor::start(&[]);
        editor.process.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        let (code, err) = editor.finish();
        assert_eq!(code, Some(1), "{text:?}: {err}");
        assert!(
            err.starts_with("error: the editor does not keep to the Language Server Protocol: "),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// The order of the protocol: `initialize`, requests, `shutdown`, `exit`. What comes at another time is answered, and does not end it.
#[test]
fn requests_at_the_wrong_time() {
    let (mut editor, _) = Editor::start(&[]);
    let again = editor.request("initialize", json!({"capabilities": {}}));
    assert_eq!(again["error"]["code"], -32600, "{again}");
    assert_eq!(editor.request("shutdown", Value::Null)["result"], Value::Null);
    for method in ["textDocument/codeAction", "shutdown", "initialize"] {
        let late = editor.request(method, json!({}));
        assert_eq!(late["error"]["code"], -32600, "{late}");
    }
    editor
        .notify("textDocument/didOpen", json!({"textDocument": {"uri": URI, "text": "a: [", "version": 1}}));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.finish(), (Some(0), String::new()));

    let mut editor = Editor::spawn();
    let early = editor.request("shutdown", Value::Null);
    assert_eq!(early["error"], json!({"code": -32002, "message": "the first request is `initialize`"}));
    editor
        .notify("textDocument/didOpen", json!({"textDocument": {"uri": URI, "text": "a: [", "version": 1}}));
    editor.request("initialize", json!({"capabilities": {}}));
    // Some editors open a file before they say `initialized`.
    assert_eq!(editor.opens(TEXT).len(), 2);
    editor.notify("initialized", json!({}));
    assert_eq!(editor.ends(), (Some(0), String::new()));
}

#[test]
fn an_end_without_shutdown_is_an_error() {
    for says_exit in [true, false] {
        for is_new in [true, false] {
            let mut editor = if is_new { Editor::spawn() } else { Editor::start(&[]).0 };
            if says_exit {
                editor.notify("exit", Value::Null);
            }
            let end = if says_exit { "`exit`" } else { "the end of standard input" };
            let said = format!(
                "error: the editor does not keep to the Language Server Protocol: {end} came without `shutdown` before\n"
            );
            assert_eq!(editor.finish(), (Some(1), said));
        }
    }
}

/// The places of characters that UTF-16 counts as one and as two, and of line breaks of both kinds, come back as they were sent.
#[test]
fn fixes_behind_wide_characters() {
    let text = TEXT
        .replace("ghcr.io/shop/web,", "ghcr.io/shop/web, ignoreTags: ['😀', '漢字', 'é'], allowTags: '👩🏽',");
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let (mut editor, _) = Editor::start(&["utf-16"]);
        editor.opens(&text);
        let all = editor.actions(0, &["source.fixAll"]);
        let fixed = edited(&text, &all[0]);
        assert!(fixed.contains("ignoreTagsRegexes: ['^😀$', '^漢字$', '^é$'], "), "{fixed}");
        assert!(fixed.contains("allowTagsRegexes: ['👩🏽'], constraint: ^1.0.0}"), "{fixed}");
        assert!(fixed.contains("semverConstraint: \"1.10\"}"), "{fixed}");
        editor.ends();
    }
}
