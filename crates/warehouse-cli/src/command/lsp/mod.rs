//! `warehouse lsp`: what `lint` finds, in an editor, by the [Language Server Protocol](https://microsoft.github.io/language-server-protocol/) 3.17.

mod positions;
mod wire;

use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal as _, Write, stdin, stdout};

use lsp_server::{ErrorCode, Message, Notification, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use warehouse_spec::{Applicability, Diagnostic, Options, Replacement, Rule, Severity, lint};

use crate::exit::Exit;
use crate::message::Messages;
use crate::stopping::blocking;

use positions::{Encoding, Positions, Range};

/// Fixes that need no review, all at once: what editors can do on each save.
const FIX_ALL: &str = "source.fixAll.warehouse";
const QUICK_FIX: &str = "quickfix";

/// Serves an editor on standard input and output until it says `exit`.
pub(crate) async fn lsp(messages: &Messages) -> Result<Exit, Exit> {
    if stdin().is_terminal() {
        messages.error_with_help(
            "standard input is a terminal, and `warehouse lsp` speaks with editors",
            Some("name the command in the settings of an editor; `warehouse lint -f FILE` is for people"),
        );
        return Err(Exit::Usage);
    }
    blocking(messages, "the editor is not served any longer", |messages| {
        serve(&mut stdin().lock(), &mut stdout().lock()).map_err(|error| {
            messages.error(&format!("the editor does not keep to the Language Server Protocol: {error}"));
            Exit::Failure
        })?;
        Ok(Exit::Success)
    })
    .await
}

/// What the editor has asked for so far.
enum Phase {
    /// Not yet to begin.
    New,
    Running(Server),
    /// To end: `exit` is all that may follow.
    ShutDown,
}

/// Answers messages until `exit`, or until there are no more.
fn serve(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut phase = Phase::New;
    while let Some(message) = wire::read(input)? {
        let answer = match message {
            Message::Request(request) => Some(Message::Response(answer(&mut phase, request))),
            Message::Notification(notification) if notification.method == "exit" => {
                return ended(&phase, "`exit`");
            }
            Message::Notification(notification) => match &mut phase {
                Phase::Running(server) => server.notified(notification).map(Message::Notification),
                // Before the beginning and after the end, there is nothing to be told.
                Phase::New | Phase::ShutDown => None,
            },
            // Nothing is asked of the client.
            Message::Response(_) => None,
        };
        match answer.map_or(Ok(()), |answer| wire::write(output, &answer)) {
            // Its reader has gone, as if it had said nothing more.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    ended(&phase, "the end of standard input")
}

/// An editor says `shutdown` first: what ends otherwise is an error.
fn ended(phase: &Phase, end: &str) -> io::Result<()> {
    match phase {
        Phase::ShutDown => Ok(()),
        Phase::New | Phase::Running(_) => {
            Err(io::Error::other(format!("{end} came without `shutdown` before")))
        }
    }
}

fn answer(phase: &mut Phase, request: Request) -> Response {
    let refuse = |code: ErrorCode, message: &str| {
        Response::new_err(request.id.clone(), code as i32, message.to_owned())
    };
    match (&mut *phase, request.method.as_str()) {
        (Phase::New, "initialize") => {
            let encoding = encoding_of(&request.params);
            *phase = Phase::Running(Server { encoding, documents: HashMap::new() });
            Response::new_ok(request.id, offered(encoding))
        }
        (Phase::New, _) => refuse(ErrorCode::ServerNotInitialized, "the first request is `initialize`"),
        (Phase::ShutDown, _) => {
            refuse(ErrorCode::InvalidRequest, "after `shutdown`, `exit` is all that may follow")
        }
        (Phase::Running(_), "initialize") => refuse(ErrorCode::InvalidRequest, "`initialize` came before"),
        (Phase::Running(_), "shutdown") => {
            *phase = Phase::ShutDown;
            Response::new_ok(request.id, Value::Null)
        }
        (Phase::Running(server), _) => server.answer(request),
    }
}

/// How the editor counts characters. Every one can do UTF-16.
fn encoding_of(client: &Value) -> Encoding {
    let encodings = client.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
    match encodings.is_some_and(|all| all.iter().any(|one| one == "utf-8")) {
        true => Encoding::Utf8,
        false => Encoding::Utf16,
    }
}

/// What is served, as the answer to `initialize`.
fn offered(encoding: Encoding) -> Value {
    json!({
        "capabilities": {
            "positionEncoding": encoding.as_str(),
            "textDocumentSync": {"openClose": true, "change": 1},
            "codeActionProvider": {"codeActionKinds": [QUICK_FIX, FIX_ALL]},
        },
        "serverInfo": {"name": "warehouse", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// The files that are open in the editor, by URI.
struct Server {
    encoding: Encoding,
    documents: HashMap<String, Document>,
}

/// An open file with what is wrong with it.
struct Document {
    positions: Positions,
    diagnostics: Vec<Diagnostic>,
}

/// The parameters of `textDocument/didOpen` and `textDocument/didChange`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    text_document: Item,
    #[serde(default)]
    content_changes: Vec<Item>,
}

/// The parameters of `textDocument/codeAction` and `textDocument/didClose`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    text_document: Item,
    #[serde(default)]
    range: Range,
    #[serde(default)]
    context: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    /// The kinds of actions that are wanted; all of them where there is none.
    #[serde(default)]
    only: Option<Vec<String>>,
}

/// A text document, or its new text.
#[derive(Default, Deserialize)]
struct Item {
    #[serde(default)]
    uri: String,
    version: Option<i64>,
    text: Option<String>,
}

impl Server {
    fn notified(&mut self, notification: Notification) -> Option<Notification> {
        match notification.method.as_str() {
            "textDocument/didOpen" | "textDocument/didChange" => {
                let Changed { text_document: mut item, content_changes } =
                    serde_json::from_value(notification.params).ok()?;
                // The last of several whole texts is the newest.
                let text = content_changes.into_iter().last().and_then(|it| it.text).or(item.text.take())?;
                Some(self.lint(item, text))
            }
            "textDocument/didClose" => {
                let Asked { text_document, .. } = serde_json::from_value(notification.params).ok()?;
                self.documents.remove(&text_document.uri);
                Some(published(&text_document, &[]))
            }
            _ => None,
        }
    }

    /// Lints the text of a file, and says what was found.
    fn lint(&mut self, item: Item, text: String) -> Notification {
        // In a file that is about to be written, nothing is missing yet.
        let is_begun =
            text.lines().any(|line| !matches!(line.trim_start().bytes().next(), None | Some(b'#')));
        let diagnostics = match is_begun {
            true => lint(item.uri.as_str(), &text, &Options::default()).diagnostics,
            false => Vec::new(),
        };
        let document = Document { positions: Positions::new(text, self.encoding), diagnostics };
        let found: Vec<Value> = document.diagnostics.iter().map(|it| document.shown(it)).collect();
        let published = published(&item, &found);
        self.documents.insert(item.uri, document);
        published
    }

    fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            "textDocument/codeAction" => match serde_json::from_value::<Asked>(request.params) {
                Ok(asked) => {
                    let document = self.documents.get(&asked.text_document.uri);
                    Response::new_ok(request.id, document.map_or_else(Vec::new, |it| it.actions(&asked)))
                }
                Err(error) => Response::new_err(
                    request.id,
                    ErrorCode::InvalidParams as i32,
                    format!("textDocument/codeAction: {error}"),
                ),
            },
            other => Response::new_err(
                request.id,
                ErrorCode::MethodNotFound as i32,
                format!("{} is not served", artifact_source::shown_name(other)),
            ),
        }
    }
}

fn published(item: &Item, diagnostics: &[Value]) -> Notification {
    let params = json!({"uri": item.uri, "version": item.version, "diagnostics": diagnostics});
    Notification::new("textDocument/publishDiagnostics".to_owned(), params)
}

impl Document {
    /// A diagnostic as the protocol has it.
    fn shown(&self, diagnostic: &Diagnostic) -> Value {
        let severity = match diagnostic.severity {
            Severity::Error => 1,
            Severity::Warning => 2,
            Severity::Note => 3,
        };
        let help = diagnostic.help.as_deref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let mut shown = json!({
            "range": self.range(diagnostic),
            "severity": severity,
            "code": diagnostic.code.as_str(),
            "source": "warehouse",
            "message": format!("{}{help}", diagnostic.message),
        });
        if let Some(rule) = Rule::all().find(|rule| rule.code == diagnostic.code) {
            shown["codeDescription"] = json!({"href": rule.url()});
        }
        shown
    }

    /// The place of a diagnostic, within its line.
    fn range(&self, Diagnostic { location, .. }: &Diagnostic) -> Range {
        self.positions.in_line(location.line, location.column, location.width)
    }

    /// The fixes of what is wrong in a range.
    fn actions(&self, asked: &Asked) -> Vec<Value> {
        let wants = |kind: &str| {
            asked.context.only.as_ref().is_none_or(|only| {
                only.iter().any(|it| {
                    kind.strip_prefix(it.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            })
        };
        let uri = &asked.text_document.uri;
        let mut actions = Vec::new();
        if wants(QUICK_FIX) {
            for diagnostic in &self.diagnostics {
                let Some(replacement) = &diagnostic.replacement else { continue };
                if !self.range(diagnostic).touches(&asked.range) {
                    continue;
                }
                let title = diagnostic.help.as_deref().unwrap_or("replace what is written");
                actions.push(json!({
                    "title": title,
                    "kind": QUICK_FIX,
                    "diagnostics": [self.shown(diagnostic)],
                    "isPreferred": replacement.applicability == Applicability::MachineApplicable,
                    "edit": {"changes": {uri: [self.edit(replacement)]}},
                }));
            }
        }
        let sure = || {
            let all = self.diagnostics.iter().filter_map(|it| it.replacement.as_ref());
            all.filter(|it| it.applicability == Applicability::MachineApplicable)
        };
        if wants(FIX_ALL) && sure().next().is_some() {
            let edits: Vec<_> =
                Replacement::without_overlaps(sure()).into_iter().map(|it| self.edit(it)).collect();
            actions.push(json!({
                "title": "fix all that needs no review",
                "kind": FIX_ALL,
                "edit": {"changes": {uri: edits}},
            }));
        }
        actions
    }

    fn edit(&self, replacement: &Replacement) -> Value {
        json!({"range": self.positions.range(replacement.span.clone()), "newText": replacement.text})
    }
}
