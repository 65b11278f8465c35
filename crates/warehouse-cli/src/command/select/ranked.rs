//! Rules that put names in order.

use selection_strategies::{Constraint, Strictness, TagFilter, TagRule};

use super::Judge;
use super::arguments::{Common, Filter, Lexical, Semver};
use super::lines::{chosen, rejected};
use crate::message::with_causes;

pub(super) fn semver(semver: &Semver) -> Result<Judge<'_>, String> {
    let constraint = semver.constraint.as_deref().filter(|text| !text.is_empty());
    let constraint = constraint.map(Constraint::parse).transpose().map_err(|error| with_causes(&error))?;
    let strictness = if semver.loose { Strictness::Loose } else { Strictness::Strict };
    let rule = TagRule::semver(constraint).with_strictness(strictness).with_filter(filter(&semver.filter)?);
    Ok(ranked(rule, &semver.common))
}

pub(super) fn lexical(lexical: &Lexical) -> Result<Judge<'_>, String> {
    Ok(ranked(TagRule::lexical().with_filter(filter(&lexical.filter)?), &lexical.common))
}

fn filter(filter: &Filter) -> Result<TagFilter, String> {
    let built = TagFilter::builder().allow_all(&filter.allow).ignore_all(&filter.ignore).build();
    built.map_err(|error| with_causes(&error))
}

fn ranked(rule: TagRule, common: &Common) -> Judge<'_> {
    Box::new(move |lines, out| {
        let explain = common.explain;
        let names = lines.text()?;
        if !explain {
            let mut ranking = rule.rank(names, |_, _| {});
            let best: Vec<_> = match common.limit {
                Some(limit) => ranking.by_ref().take(limit).collect(),
                None => ranking.into_sorted(),
            };
            for candidate in &best {
                chosen(out, false, candidate.name.as_bytes())?;
            }
            return Ok(best.len());
        }
        let mut selection = rule.select(names);
        if let Some(limit) = common.limit {
            selection = selection.limit(limit);
        }
        for candidate in &selection.chosen {
            chosen(out, explain, candidate.name.as_bytes())?;
        }
        for (name, why) in &selection.rejected {
            rejected(out, explain, name.as_bytes(), why)?;
        }
        Ok(selection.chosen.len())
    })
}
