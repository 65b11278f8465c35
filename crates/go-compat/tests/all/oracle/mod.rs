//! Invented questions, put to a crate and to the Go modules that Kargo uses; the first difference fails, shrunk to its core.
//!
//! `ORACLE_QUESTIONS` sets how many questions each family asks (2,000), `ORACLE_SEED` which (1).
//! The Go side is the program in the folder `oracle` at the root of the repository. Where it cannot
//! be built, the test says so and passes; with `CI=true` it fails.
//!
//! A family is a module with one [`Family`], and a test. The tests of other crates include this module by its path.

#![allow(dead_code, unused_imports, reason = "each crate uses its part")]

mod go;
mod random;
mod shrink;

use std::time::Instant;

pub use go::Oracle;
pub use random::Random;
use serde_json::Value;

/// One kind of question.
pub struct Family {
    /// What the Go side calls it: the value of `ask`.
    pub name: &'static str,
    /// Invents the rest of a question, an object of texts and lists of texts.
    pub question: fn(&mut Random) -> Value,
    /// The crate's answer, in the shape of the Go side's. `None` if a documented bound of the
    /// crate keeps it from answering.
    pub answer: fn(&Value) -> Option<Value>,
}

/// How many questions a family asks by default.
pub const QUESTIONS: u64 = 2000;

/// How many questions are on their way at once.
const BATCH: usize = 256;

/// Asks all questions of a family.
#[track_caller]
pub fn check(family: &Family) {
    let Some(mut oracle) = go::Oracle::start() else {
        return;
    };
    let (wanted, seed) = (number("ORACLE_QUESTIONS", QUESTIONS), number("ORACLE_SEED", 1));
    let mut random = Random::new(seed, family.name);
    let start = Instant::now();
    let (mut asked, mut refused, mut unanswered) = (0, 0, 0);
    while asked < wanted {
        let size = BATCH.min((wanted - asked) as usize);
        let questions: Vec<Value> = (0..size).map(|_| ask(family, &mut random)).collect();
        let answers = oracle.ask(&questions);
        for (question, expected) in questions.iter().zip(&answers) {
            match (family.answer)(question) {
                Some(answer) if answer != *expected => {
                    let shrunk = shrink::shrink(question, |smaller| differs(family, &mut oracle, smaller));
                    panic!(
                        "{} question {asked} of seed {seed} has two answers\n\
                         asked:  {shrunk}\nGo:     {}\nhere:   {}\nbefore it was shrunk: {question}",
                        family.name,
                        oracle.ask(std::slice::from_ref(&shrunk))[0],
                        (family.answer)(&shrunk).unwrap_or_default(),
                    );
                }
                Some(_) => refused += u64::from(expected["error"] == true),
                None => unanswered += 1,
            }
            asked += 1;
        }
    }
    eprintln!(
        "oracle: {}: {asked} questions of seed {seed}, 0 differences, {refused} refused by both, \
         {unanswered} left out as beyond a bound or a stated difference, {:.1} s",
        family.name,
        start.elapsed().as_secs_f64()
    );
    assert!(unanswered * 20 <= asked, "too many questions went unanswered");
}

/// The number in an environment variable.
pub fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")),
        Err(_) => default,
    }
}

fn ask(family: &Family, random: &mut Random) -> Value {
    let mut question = (family.question)(random);
    question["ask"] = family.name.into();
    question
}

fn differs(family: &Family, oracle: &mut go::Oracle, question: &Value) -> bool {
    let expected = oracle.ask(std::slice::from_ref(question));
    (family.answer)(question).is_some_and(|answer| answer != expected[0])
}
