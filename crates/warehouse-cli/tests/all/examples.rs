//! The page "Commands by example": each command on it is run, and what it prints is compared with the page, or written to it with `UPDATE_GUIDE=1`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::World;

const MARK: &str = "<!-- transcripts: made by `UPDATE_GUIDE=1 cargo test -p warehouse-cli examples` -->\n";

/// The manifest of the page.
const MANIFEST: &str = "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: shop
spec:
  subscriptions:
  - image:
      repoURL: REGISTRY/shop/web
      constraint: ^1.0.0
  - git:
      repoURL: GIT
      branch: main
  - chart:
      repoURL: CHARTS
      name: shop
";

/// One with mistakes, and with old spellings.
const OLD: &str = "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: old
spec:
  subscriptions:
  - image:
      repoURL: nginx
      semverConstraint: ^1 ^2
  - git:
      repoURL: https://github.com/example/app/tree/main
      includePaths: [apps/web]
      excludePaths: [apps]
";

/// A command of the page, and what to say before it.
struct Example {
    title: &'static str,
    text: &'static str,
    /// The lines of a shell, without `$ `.
    commands: &'static [&'static str],
}

const fn example(title: &'static str, text: &'static str, commands: &'static [&'static str]) -> Example {
    Example { title, text, commands }
}

const EXAMPLES: &[Example] = &[
    example(
        "discover",
        "The newest artifacts of every subscription.",
        &["warehouse discover -f shop.yaml", "warehouse discover -q -f shop.yaml -o name"],
    ),
    example("freight", "The Freight that follows from them.", &["warehouse freight -f shop.yaml"]),
    example(
        "explain",
        "Every candidate with the rule that decided, and the answer about one.",
        &[
            "warehouse explain -q -f shop.yaml --subscription 0",
            "warehouse explain -q -f shop.yaml --subscription 0 --candidate 2.0.0",
            "warehouse explain -q -f shop.yaml --subscription 2",
        ],
    ),
    example(
        "watch",
        "A line for each change; `--once` ends after the first round.",
        &["warehouse watch --once -f shop.yaml"],
    ),
    example(
        "record and replay",
        "What the servers answered in one file, and the same discovery again without them.",
        &["warehouse record -f shop.yaml --to shop.bundle", "warehouse replay shop.bundle -q -o name"],
    ),
    example("lint", "What is wrong with a manifest, with its remedy.", &["warehouse lint -f old.yaml"]),
    example("migrate", "Old spellings to those of today.", &["warehouse migrate -f old.yaml --diff"]),
    example(
        "schema",
        "The JSON Schema of manifests, for editors.",
        &["warehouse schema --kind Freight | head -n 5"],
    ),
    example(
        "select",
        "One rule over the lines of standard input.",
        &[
            "printf '1.2.0\\nlatest\\n1.10.0\\n2.0.0\\n' | warehouse select semver '^1.2' --explain",
            "printf 'apps/web/a.yaml\\ndocs/a.md\\n' | warehouse select paths /apps",
            "printf 'v1.0\\nv2.0\\n' | warehouse select expr \"tag startsWith 'v1'\" -o json",
            "echo 1.0.0 | warehouse select regex '(?!rc)'",
        ],
    ),
    example(
        "chart",
        "Charts: checked, packaged, and published all or none.",
        &[
            "warehouse chart lint charts/alone",
            "warehouse chart package charts/alone -d .",
            "warehouse chart push alone-1.4.0.tgz --registry oci://REGISTRY/charts",
        ],
    ),
    example(
        "dockerfile",
        "Dockerfiles against best practices.",
        &["printf 'FROM ubuntu\\n' | warehouse dockerfile lint -"],
    ),
    example(
        "cache",
        "What is kept between runs.",
        &["warehouse cache path --cache-dir cache", "warehouse cache size --cache-dir cache"],
    ),
    example(
        "completions and man",
        "For shells and for `man`.",
        &["warehouse completions bash | head -n 1", "warehouse man man && ls man | head -n 4"],
    ),
];

/// What differs from run to run, in texts of the same width, so that columns stay as they are.
struct Stable {
    replacements: Vec<(String, String)>,
}

impl Stable {
    fn of(world: &World) -> Self {
        let port = |text: &str| text.rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
        let ports = [
            (world.registry.host(), "5000"),
            (world.repository.url().to_owned(), "5001"),
            (world.charts.url(), "5002"),
        ];
        let replacements = ports.into_iter().map(|(text, stable)| {
            let port = port(&text);
            (format!("127.0.0.1:{port}"), format!("127.0.0.1:{stable:0<width$}", width = port.len()))
        });
        Self { replacements: replacements.collect() }
    }

    fn text(&self, text: &str) -> String {
        let text = self.replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        text.lines().map(line).fold(String::new(), |text, line| text + &line + "\n")
    }
}

/// A line without its costs, times and names of Freight.
fn line(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut stable: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map(|next| next.trim_end_matches(',')).unwrap_or_default();
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        // The first word of a row of Freight.
        let is_freight = is_name && at == 0;
        let is_time = word.len() >= 20
            && word.starts_with("20")
            && word.ends_with('Z')
            && word.contains('T')
            && at == 0;
        stable.push(match (is_number, next) {
            (true, "ms") => "81".to_owned(),
            (true, "bytes") => "2718".to_owned(),
            _ if is_freight => "0f1e2d3c4b5a".to_owned(),
            // The manifest of a chart has the time at which it was pushed.
            _ if word.starts_with("oci://") && word.contains("@sha256:") => {
                let (reference, _) = word.split_once("@sha256:").unwrap();
                format!("{reference}@sha256:0f1e2d3c4b5a")
            }
            _ if word.len() == 41 && word.ends_with(';') => "0f1e2d3c4b5a;".to_owned(),
            _ if is_time => "2026-03-05T08:00:00Z".to_owned(),
            _ => (*word).to_owned(),
        });
    }
    stable.join(" ")
}

#[test]
fn the_page_has_what_the_commands_print() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, world.fill(text)).unwrap();
    };
    write("shop.yaml", MANIFEST);
    write("old.yaml", OLD);
    for name in ["Chart.yaml", "values.yaml", "templates/a.yaml"] {
        let text = match name {
            "Chart.yaml" => "apiVersion: v2\nname: alone\nversion: 1.4.0\nappVersion: 2.1.0\n",
            "values.yaml" => "image:\n  repository: shop/alone\n",
            _ => "kind: ConfigMap\n",
        };
        write(&format!("charts/alone/{name}"), text);
    }
    let stable = Stable::of(&world);
    let mut page = String::new();
    for Example { title, text, commands } in EXAMPLES {
        write!(page, "## {title}\n\n{text}\n\n").unwrap();
        for command in *commands {
            let shown = world.fill(command);
            let printed = run(&shown, folder.path());
            write!(page, "```text\n$ {}{}```\n\n", stable.text(&shown), stable.text(&printed)).unwrap();
        }
    }
    let page = page.trim_end();
    check(&format!(
        "\n```yaml\n# shop.yaml\n{}```\n\n```yaml\n# old.yaml\n{OLD}```\n\n{page}\n",
        stable.text(&world.fill(MANIFEST))
    ));
}

/// What a line of a shell prints: standard output, then standard error, then the exit code where it is not 0.
fn run(command: &str, folder: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_warehouse")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let ran = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", programs.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let code = match ran.status.code() {
        Some(0) => String::new(),
        code => format!("(exit code {})\n", code.unwrap_or(-1)),
    };
    format!("{}{}{code}", String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
}

fn check(expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/guide/examples.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, written) = text.split_once(MARK).unwrap();
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{expected}")).unwrap();
        return;
    }
    let first = written.lines().zip(expected.lines()).find(|(written, expected)| written != expected);
    if written != expected {
        let _ = writeln!(std::io::stderr(), "first difference: {first:?}");
    }
    assert!(written == expected, "UPDATE_GUIDE=1 cargo test -p warehouse-cli examples writes the page");
}
