//! A repository of charts as one team has it: a library chart, charts that depend on it, and some that stand alone.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// The library chart that most charts depend on.
pub const LIBRARY: &str = "kargo";

/// How many charts there are, and how.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The number of charts, the library chart among them.
    pub charts: usize,
    /// How many charts do not depend on the library chart, the library chart not among them.
    pub alone: usize,
    /// The seed. The same layout gives the same bytes.
    pub seed: u64,
}

impl Default for Layout {
    /// 67 charts, 65 of which depend on the library chart.
    fn default() -> Self {
        Self { charts: 67, alone: 1, seed: 1 }
    }
}

impl Layout {
    /// The names of the charts, the library chart first.
    pub fn names(&self) -> Vec<String> {
        let mut random = Random(self.seed);
        let mut names = vec![LIBRARY.to_owned()];
        for number in 1..self.charts {
            let word = WORDS.get(random.below(WORDS.len())).unwrap_or(&"app");
            names.push(format!("{word}-{number}"));
        }
        names
    }

    /// Writes `charts/NAME/...` below this folder.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut random = Random(self.seed.wrapping_add(1));
        for (number, name) in self.names().iter().enumerate() {
            let chart = folder.join("charts").join(name);
            fs::create_dir_all(chart.join("templates"))?;
            let is_library = number == 0;
            let depends = !is_library && number < self.charts.saturating_sub(self.alone);
            fs::write(chart.join("Chart.yaml"), chart_yaml(name, is_library, depends, &mut random))?;
            fs::write(chart.join("values.yaml"), values(name, &mut random))?;
            fs::write(chart.join("README.md"), format!("# {name}\n\n{}\n", prose(&mut random, 60)))?;
            if is_library {
                for number in 0..12 {
                    let text = format!(
                        "{{{{- define \"{LIBRARY}.part{number}\" -}}}}\n{}{{{{- end -}}}}\n",
                        template(&mut random)
                    );
                    fs::write(chart.join(format!("templates/_part{number}.tpl")), text)?;
                }
            } else {
                for kind in ["deployment", "service", "ingress", "configmap"] {
                    fs::write(chart.join(format!("templates/{kind}.yaml")), template(&mut random))?;
                }
            }
        }
        Ok(())
    }
}

const WORDS: [&str; 12] = [
    "geokoder", "weacast", "tiles", "broker", "station", "archive", "gateway", "planner", "mapper", "events",
    "users", "jobs",
];

fn chart_yaml(name: &str, is_library: bool, depends: bool, random: &mut Random) -> String {
    let (major, minor, patch) = (1 + random.below(3), random.below(20), random.below(10));
    let kind = if is_library { "library" } else { "application" };
    let mut text = format!(
        "apiVersion: v2\nname: {name}\ndescription: {}\ntype: {kind}\nversion: {major}.{minor}.{patch}\n",
        prose(random, 9)
    );
    if !is_library {
        let _ = writeln!(text, "appVersion: \"{}.{}.{}\"", random.below(9), random.below(9), random.below(9));
    }
    if depends {
        let _ = write!(
            text,
            "dependencies:\n  - name: {LIBRARY}\n    version: \">=1.0.0\"\n    repository: file://../{LIBRARY}\n"
        );
    }
    text
}

fn values(name: &str, random: &mut Random) -> String {
    let mut text = format!("image:\n  repository: ghcr.io/example/{name}\nresources: {{}}\n");
    for number in 0..40 {
        let _ = writeln!(text, "setting{number}: {}", prose(random, 4));
    }
    text
}

fn template(random: &mut Random) -> String {
    let mut text =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n");
    for number in 0..50 {
        let _ = writeln!(text, "  key{number}: {}", prose(random, 6));
    }
    text
}

fn prose(random: &mut Random, words: usize) -> String {
    let words: Vec<_> = (0..words).filter_map(|_| WORDS.get(random.below(WORDS.len())).copied()).collect();
    words.join(" ")
}

/// A small generator of numbers (splitmix64), so that a layout is the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (end.max(1) as u64)).unwrap_or(0)
    }
}
