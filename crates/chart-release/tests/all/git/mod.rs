//! Git repositories and remotes, with the real `git` as oracle and as server.

mod branch;
mod clone;
mod commit;
mod head;
mod push;
mod remote;
mod tag;
mod work_tree;

pub use clone::Clone;
