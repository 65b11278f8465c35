//! Drawing a bar chart. Coordinates are whole numbers, so that the same data give the same bytes on every machine.

use std::fmt::Write as _;

use super::Picture;

const WIDTH: u32 = 760;
/// Where the bars begin, right of the labels.
const LEFT: u32 = 270;
/// Where the longest bar ends; the figures are behind the bars.
const RIGHT: u32 = 670;
const HEAD: u32 = 64;
const BAR: u32 = 14;
/// Between two works.
const GAP: u32 = 14;
/// The colours of the ways: ours, which is last, is the strong one.
const COLOURS: [&str; 3] = ["#9aa5b1", "#c3ab85", "#1f7a8c"];

/// The style: dark text on light, or light on dark where the reader prefers that.
const STYLE: &str = "text{font:13px sans-serif;fill:#222}.title{font-weight:bold;font-size:15px}.grid{stroke:#8884;stroke-width:1}\
.tick{font-size:11px;fill:#777}@media (prefers-color-scheme:dark){text{fill:#ddd}.tick{fill:#999}}";

pub(super) fn draw(picture: &Picture) -> String {
    let scale = Scale::of(picture);
    let bars = u32::try_from(picture.series.len()).unwrap_or(1);
    let rows = u32::try_from(picture.rows.len()).unwrap_or(1);
    let bottom = HEAD + rows * (bars * BAR + GAP);
    let height = bottom + 24;
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">"#
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&picture.title));
    let _ = writeln!(out, "<style>{STYLE}</style>");
    let _ = writeln!(out, r#"<text class="title" x="8" y="20">{}</text>"#, escaped(&picture.title));
    let mut x = 8;
    for (series, name) in picture.series.iter().enumerate() {
        let _ = writeln!(
            out,
            r#"<rect x="{x}" y="32" width="12" height="12" fill="{}"/>"#,
            colour(picture, series)
        );
        let _ = writeln!(out, r#"<text x="{}" y="43">{}</text>"#, x + 18, escaped(name));
        x += 40 + 8 * u32::try_from(name.chars().count()).unwrap_or(0);
    }
    for power in scale.low..=scale.high {
        let x = scale.at(10f64.powi(power));
        let _ = writeln!(out, r#"<line class="grid" x1="{x}" y1="{}" x2="{x}" y2="{bottom}"/>"#, HEAD - 6);
    }
    let mut y = HEAD;
    for row in &picture.rows {
        let middle = y + bars * BAR / 2 + 4;
        let _ = writeln!(
            out,
            r#"<text x="{}" y="{middle}" text-anchor="end">{}</text>"#,
            LEFT - 8,
            escaped(&row.label)
        );
        for (series, value) in row.values.iter().enumerate() {
            let end = scale.at(value.amount());
            let _ = writeln!(
                out,
                r#"<rect x="{LEFT}" y="{}" width="{}" height="{}" fill="{}"/>"#,
                y + 1,
                end - LEFT,
                BAR - 2,
                colour(picture, series)
            );
            let _ = writeln!(
                out,
                r#"<text x="{}" y="{}">{}</text>"#,
                end + 6,
                y + BAR - 3,
                escaped(value.text())
            );
            y += BAR;
        }
        y += GAP;
    }
    let _ = writeln!(
        out,
        r#"<text class="tick" x="{LEFT}" y="{}">logarithmic scale: each line is ten times the one before</text>"#,
        bottom + 14
    );
    out.push_str("</svg>\n");
    out
}

/// The powers of ten that bars lie between.
struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    fn of(picture: &Picture) -> Self {
        let amounts = || picture.rows.iter().flat_map(|row| &row.values).map(|value| value.amount());
        let lowest = amounts().fold(f64::INFINITY, f64::min);
        let highest = amounts().fold(0.0, f64::max);
        // Below 1, a bar still needs a length, so the scale begins a power of ten before the lowest figure where that is one itself.
        let power = |amount: f64| if amount.is_finite() && amount > 0.0 { amount.log10() } else { 0.0 };
        let low = (power(lowest) - 0.1).floor() as i32;
        let high = power(highest).ceil() as i32;
        Self { low, high: high.max(low + 1) }
    }

    /// The place of an amount, in whole pixels.
    fn at(&self, amount: f64) -> u32 {
        let share = (amount.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        LEFT + (share.clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)).round() as u32
    }
}

fn colour(picture: &Picture, series: usize) -> &'static str {
    let of_ours = COLOURS.len() - 1;
    let index = if series + 1 == picture.series.len() { of_ours } else { series % of_ours };
    COLOURS.get(index).copied().unwrap_or("#888")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
