//! The names in an expression that nothing has.

use std::collections::BTreeSet;

use super::builtin;
use super::environment::Signatures;
use super::syntax::{Node, Tree};
use super::value::Value;

/// A name that an expression reads and that no variable or function has: it is nil, or an error where it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The byte of the expression at which it stands.
    pub position: usize,
}

/// The names that are neither among these nor declared, each once, in the order of the text.
pub(super) fn unknown(tree: &Tree, variables: &[&str], signatures: &Signatures) -> Vec<UnknownName> {
    let declared: BTreeSet<&str> = tree
        .ids()
        .filter_map(|id| match tree.node(id) {
            Node::Let { name, .. } => Some(&**name),
            _ => None,
        })
        .collect();
    let mut found: Vec<UnknownName> = Vec::new();
    for id in tree.ids() {
        let name = match tree.node(id) {
            Node::Name(name) => name.to_string(),
            Node::Member(member) => match (tree.node(member.of), tree.node(member.property)) {
                (Node::Name(of), Node::Literal(Value::Text(name))) if **of == *"$env" => {
                    String::from_utf8_lossy(name).into_owned()
                }
                _ => continue,
            },
            _ => continue,
        };
        let is_known = name == "$env"
            || variables.contains(&&*name)
            || declared.contains(&*name)
            || builtin::exists(&name)
            || signatures.get(&name).is_some();
        if !is_known && !found.iter().any(|other| other.name == name) {
            found.push(UnknownName { name, position: tree.position(id) });
        }
    }
    found.sort_by_key(|found| found.position);
    found
}
