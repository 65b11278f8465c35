//! The lint: every code has a rule, every remedy works, and no mistake is hidden behind another.

mod misleading;
mod practices;
mod remedies;
mod two_mistakes;
