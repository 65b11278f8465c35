//! Candidates of the kinds that registries and repositories hold, the same on every run.

/// A small generator of numbers, so that the input never changes with a dependency's version.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Releases, prereleases, dates, branches, commits.
pub fn tags(count: usize) -> Vec<String> {
    let mut numbers = Numbers(42);
    let tag = |_| {
        let [a, b, c, n] = [20, 100, 100, 100_000].map(|bound| numbers.below(bound));
        match numbers.below(10) {
            0 | 1 => format!("v{a}.{b}.{c}"),
            2 => format!("{a}.{b}.{c}"),
            3 => format!("{a}.{b}.{c}-rc.{}", numbers.below(10)),
            4 => format!("{a}.{b}.{c}-alpine3.{}", numbers.below(20)),
            5 => format!("sha-{n:05x}{:07x}", numbers.below(1 << 28)),
            6 => format!("main-{n:05x}"),
            7 => format!("nightly-2024{:02}{:02}", 1 + numbers.below(12), 1 + numbers.below(28)),
            8 => format!("pr-{n}"),
            _ => format!("feature_{n}-debug"),
        }
    };
    (0..count).map(tag).collect()
}

/// Files of a monorepo: twenty apps, charts, documents.
pub fn paths(count: usize) -> Vec<String> {
    let mut numbers = Numbers(7);
    let path = |_| {
        let [app, file] = [40, 500].map(|bound| numbers.below(bound));
        match numbers.below(5) {
            0 => format!("apps/app-{app}/src/module_{file}/main.go"),
            1 => format!("apps/app-{app}/README.md"),
            2 => format!("charts/chart-{app}/templates/deployment-{file}.yaml"),
            3 => format!("docs/guide/{file}/page-{app}.md"),
            _ => format!("lib/shared-{app}/internal/{file}.go"),
        }
    };
    (0..count).map(path).collect()
}

/// Twenty selectors of all three kinds.
pub fn selectors() -> Vec<String> {
    let of_kind = |index: usize| match index % 4 {
        0 | 1 => format!("apps/app-{index}"),
        2 => format!("glob:charts/chart-{index}/**/*.yaml"),
        _ => format!("regex:^docs/guide/{index}\\d*/.*\\.md$"),
    };
    (0..20).map(of_kind).collect()
}

/// Commits as lines of JSON: subject, author, committer and date.
pub fn commits(count: usize) -> Vec<String> {
    let mut numbers = Numbers(99);
    let commit = |_| {
        let [kind, person, day, n] = [4, 6, 28, 10_000].map(|bound| numbers.below(bound));
        let kind = ["feat", "fix", "chore", "docs"][usize::try_from(kind).unwrap_or_default()];
        format!(
            r#"{{"id":"{n:040x}","subject":"{kind}: change {n}","author":"Person {person} <p{person}@example.com>","committer":"GitHub <noreply@github.com>","commitDate":"2025-06-{:02}T10:30:00Z"}}"#,
            day + 1
        )
    };
    (0..count).map(commit).collect()
}

/// A thousand expressions of the kinds that people write.
pub fn expressions(count: usize) -> Vec<String> {
    let expression = |index: usize| match index % 4 {
        0 => format!("subject contains 'feat' && !(author contains 'p{}@')", index % 6),
        1 => format!("commitDate.After(date('2025-06-{:02}'))", 1 + index % 28),
        2 => format!("subject matches '^(fix|feat): change {}'", index % 10),
        _ => format!("author != 'Person {} <p@example.com>' and committer startsWith 'GitHub'", index % 6),
    };
    (0..count).map(expression).collect()
}
