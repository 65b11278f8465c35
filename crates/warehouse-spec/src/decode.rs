//! From trees to the types of this crate: every spelling understood, every slip reported, nothing guessed in silence.

mod alone;
mod chart;
mod comment;
mod context;
mod document;
mod edition;
mod effect;
mod embedded;
mod freight;
mod generic;
mod git;
mod image;
mod member;
mod metadata;
mod name;
mod nearest;
mod object;
mod read;
mod remedy;
mod selector;
mod shared;
mod subscription;
mod twins;
mod warehouse;

pub(crate) use document::documents;
pub(crate) use image::is_tag;
pub(crate) use remedy::Style;
