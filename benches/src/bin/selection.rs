//! Selection beside the naive way and beside Kargo's own Go modules.
//!
//!     cargo build --release -p warehouse-cli && cargo run --release -p benches --bin selection
//!
//! Go's rows appear where Go is installed. What each way chooses is printed too: ours and Go's must agree.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use benches::peer::Program;
use benches::table::Table;
use benches::{input, time};
use globset::Glob;
use kargo_expr::{Environment, Expression, Time};
use regex::Regex;
use selection_strategies::path::PathSelectors;
use selection_strategies::{Constraint, Strictness, TagFilter, TagRule};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        go: Program::baseline(folder.path()),
        warehouse: Program::warehouse(),
        folder: folder.path(),
    };
    println!("The fastest of {} runs each. x: how many times the first row's time.", time::RUNS);
    bench.tags(">=1.0.0")?;
    bench.tags("^12.3.0 || ~15.2")?;
    bench.filters()?;
    bench.paths()?;
    bench.expressions()?;
    Ok(())
}

struct Bench<'a> {
    go: Option<Program>,
    warehouse: Option<Program>,
    folder: &'a Path,
}

impl Bench<'_> {
    fn write(&self, name: &str, lines: &[String]) -> std::io::Result<PathBuf> {
        let file = self.folder.join(name);
        fs::write(&file, lines.join("\n") + "\n")?;
        Ok(file)
    }

    /// 100,000 tags: parse, constraint, sort.
    fn tags(&self, text: &str) -> Result<(), Box<dyn Error>> {
        let tags = input::tags(100_000);
        let file = self.write("tags", &tags)?;
        let names = || tags.iter().map(String::as_str);
        let rule = TagRule::semver(Some(Constraint::parse(text)?)).with_strictness(Strictness::Loose);

        let mut table = Table::new(format!("100,000 tags, {text}: parsed, judged, sorted"));
        table.row("ours, all in order", time::best(|| rule.rank(names(), |_, _| {}).into_sorted().len()));
        table.row("ours, best 20", time::best(|| rule.rank(names(), |_, _| {}).take(20).count()));
        table.row(
            "ours, best 20 with every reason",
            time::best(|| rule.select(names()).limit(20).chosen.len()),
        );
        table.row(
            "the floor: reading every byte",
            time::best(|| names().flat_map(str::bytes).map(usize::from).sum::<usize>() & 1),
        );
        // The semver crate knows neither partial versions nor `||`; it is asked only what it can answer.
        if let Ok(requirement) = semver::VersionReq::parse(text) {
            table.row(
                "naive: semver crate, parsed twice (other rules)",
                time::best(|| naive_versions(&tags, &requirement)),
            );
        }
        if let Some(times) = self.go.as_ref().and_then(|go| go.inside(&["semver", text], &file)) {
            table.row("Go, Masterminds/semver", times);
        }
        table.print();

        let mut table = Table::new(format!("the same, {text}, as whole processes from a file to a pipe"));
        let ours = ["select", "semver", text, "--loose"];
        if let Some(times) = self.warehouse.as_ref().and_then(|warehouse| warehouse.whole(&ours, &file)) {
            table.row("warehouse select semver", times);
        }
        if let Some(times) = self.go.as_ref().and_then(|go| go.whole(&["semver", text], &file)) {
            table.row("Go program", times);
        }
        table.print();
        Ok(())
    }

    /// 100,000 tags through seven patterns.
    fn filters(&self) -> Result<(), Box<dyn Error>> {
        let tags = input::tags(100_000);
        let allow = [r"^v?\d+\.", r"^sha-[0-9a-f]+$", "^main"];
        let ignore = ["-rc", "alpha$", r"debug|nightly", r"\.99\."];
        let filter = TagFilter::builder().allow_all(allow).ignore_all(ignore).build()?;
        let compile = |patterns: &[&str]| {
            patterns.iter().map(|pattern| Regex::new(pattern)).collect::<Result<Vec<_>, _>>()
        };
        let (allowing, ignoring) = (compile(&allow)?, compile(&ignore)?);
        let naive = |tag: &String| {
            !ignoring.iter().any(|regex| regex.is_match(tag))
                && allowing.iter().any(|regex| regex.is_match(tag))
        };
        let mut table = Table::new("100,000 tags through 3 allow and 4 ignore patterns");
        table.row("ours", time::best(|| tags.iter().filter(|tag| filter.allows(tag)).count()));
        table.row("naive: one Regex at a time", time::best(|| tags.iter().filter(|tag| naive(tag)).count()));
        table.print();
        Ok(())
    }

    /// 10,000 paths through 20 selectors.
    fn paths(&self) -> Result<(), Box<dyn Error>> {
        let paths = input::paths(10_000);
        let texts = input::selectors();
        let file = self.write("paths", &paths)?;
        let selectors = PathSelectors::new(&texts, [] as [&str; 0])?;
        let naive = naive_selectors(&texts)?;
        let mut table = Table::new("10,000 paths through 20 selectors");
        table.row(
            "ours",
            time::best(|| paths.iter().filter(|path| selectors.judge(path).is_included()).count()),
        );
        table.row(
            "naive: one selector at a time, globset and regex",
            time::best(|| paths.iter().filter(|path| naive.iter().any(|matches| matches(path))).count()),
        );
        let rule: Vec<_> = ["paths"].into_iter().chain(texts.iter().map(String::as_str)).collect();
        if let Some(times) = self.go.as_ref().and_then(|go| go.inside(&rule, &file)) {
            table.row("Go, doublestar and regexp", times);
        }
        table.print();
        Ok(())
    }

    /// 1,000 expressions over 1,000 commits, compiled each time, as for a poll.
    fn expressions(&self) -> Result<(), Box<dyn Error>> {
        let commits = input::commits(1_000);
        let texts = input::expressions(1_000);
        let file = self.write("commits", &commits)?;
        let environments = commits.iter().map(|line| environment(line)).collect::<Result<Vec<_>, _>>()?;
        let mut table = Table::new("1,000 expressions compiled and decided over 1,000 commits each");
        table.row("ours", time::best(|| decide(&texts, &environments).unwrap_or_default()));
        let rule: Vec<_> = ["expr"].into_iter().chain(texts.iter().map(String::as_str)).collect();
        if let Some(times) = self.go.as_ref().and_then(|go| go.inside(&rule, &file)) {
            table.row("Go, expr-lang", times);
        }
        table.print();
        Ok(())
    }
}

fn naive_versions(tags: &[String], requirement: &semver::VersionReq) -> usize {
    let parse = |tag: &str| semver::Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok();
    let mut chosen: Vec<&String> =
        tags.iter().filter(|tag| parse(tag).is_some_and(|it| requirement.matches(&it))).collect();
    chosen.sort_by_cached_key(|tag| std::cmp::Reverse(parse(tag)));
    chosen.len()
}

type Matcher = Box<dyn Fn(&str) -> bool>;

fn naive_selectors(texts: &[String]) -> Result<Vec<Matcher>, Box<dyn Error>> {
    let mut matchers: Vec<Matcher> = Vec::new();
    for text in texts {
        matchers.push(if let Some(pattern) = text.strip_prefix("glob:") {
            let glob = Glob::new(pattern)?.compile_matcher();
            Box::new(move |path| glob.is_match(path))
        } else if let Some(pattern) = text.strip_prefix("regex:") {
            let regex = Regex::new(pattern)?;
            Box::new(move |path| regex.is_match(path))
        } else {
            let base = text.clone();
            Box::new(move |path| Path::new(path).starts_with(&base))
        });
    }
    Ok(matchers)
}

fn environment(line: &str) -> Result<Environment<'static>, Box<dyn Error>> {
    let commit: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
    let mut environment = Environment::new();
    for (name, value) in &commit {
        let text = value.as_str().unwrap_or_default();
        environment = match name.as_str() {
            "commitDate" => environment.variable(name, text.parse::<Time>()?),
            _ => environment.variable(name, text),
        };
    }
    Ok(environment)
}

fn decide(texts: &[String], environments: &[Environment<'_>]) -> Result<usize, Box<dyn Error>> {
    let mut chosen = 0;
    for text in texts {
        let expression = Expression::compile(text)?;
        for environment in environments {
            chosen += usize::from(expression.decide(environment)?);
        }
    }
    Ok(chosen)
}
