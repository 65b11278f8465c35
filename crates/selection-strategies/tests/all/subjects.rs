//! Subjects against the conformance vectors, and the one difference on purpose.

use crate::vectors::{Report, rows};
use proptest::prelude::*;
use selection_strategies::shorten_subject;

/// Rows of `subjects`. Where Kargo cuts a character in two, the stored text ends in U+FFFD before
/// the dots; here the whole character is left out (rule 4.5).
#[test]
fn vectors() {
    let mut report = Report::new("subjects");
    let mut cut_elsewhere = 0;
    for row in rows("subjects") {
        let input = match row["in"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => from_hex(row["in_hex"].as_str().unwrap()),
        };
        let expected = row["stored"].as_str().unwrap();
        let found = shorten_subject(&input);
        let agrees = if splits_a_character(&input) {
            cut_elsewhere += 1;
            let whole = expected.strip_suffix("...").unwrap().trim_end_matches('\u{fffd}');
            found.strip_suffix("...").unwrap().trim_end_matches('\u{fffd}') == whole
        } else {
            *found == *expected
        };
        report.row(&input, agrees, found);
    }
    eprintln!("subjects: {cut_elsewhere} of them are cut at the character before, unlike Kargo");
    report.finish();
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Whether a cut after 77 bytes goes through a character.
fn splits_a_character(subject: &[u8]) -> bool {
    subject.len() > 80 && {
        let start = (74..=77).rev().find(|at| subject[*at] & 0xc0 != 0x80).unwrap_or(77);
        start < 77
            && (start + 1..=(start + 4).min(subject.len())).any(|end| {
                end > 77
                    && std::str::from_utf8(&subject[start..end]).is_ok_and(|text| text.chars().count() == 1)
            })
    }
}

#[test]
fn a_character_is_never_cut() {
    let subject = "a".repeat(76) + "é" + &"b".repeat(10);
    assert_eq!(shorten_subject(subject.as_bytes()), "a".repeat(76) + "...");
    // Kargo keeps the first byte of the é, and its API server makes U+FFFD of it.
    assert_ne!(shorten_subject(subject.as_bytes()), "a".repeat(76) + "\u{fffd}...");
}

proptest! {
    #[test]
    fn short_enough_and_a_beginning(subject in ".{0,120}") {
        let found = shorten_subject(subject.as_bytes());
        prop_assert!(found.len() <= 80);
        match found.strip_suffix("...") {
            Some(kept) if subject.len() > 80 => {
                prop_assert!(subject.starts_with(kept));
                prop_assert!(kept.len() > 77 - 4);
            }
            _ => prop_assert_eq!(&*found, &subject),
        }
    }

    #[test]
    fn never_panics(subject in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = shorten_subject(&subject);
    }
}
