//! The names that an expression reads, and those among them that nothing has.

use std::collections::{BTreeMap, BTreeSet};

use super::builtin;
use super::environment::Signatures;
use super::syntax::{Node, NodeId, Tree};
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

/// How an expression reads a name that it does not declare itself. A call of a function of the language reads no name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameUse {
    /// The name.
    pub name: String,
    /// The member that is read of it: `message` of `commit.message`.
    pub member: Option<String>,
    /// Whether the member, or the name itself where no member is read, is called.
    pub is_called: bool,
    /// Whether the name is a function of the language or of the environment.
    pub is_function: bool,
    /// The byte of the expression at which it stands.
    pub position: usize,
}

impl NameUse {
    /// Whether a function is read without a call of it: a value that fits nowhere.
    pub fn is_uncalled_function(&self) -> bool {
        self.is_function && (self.member.is_some() || !self.is_called)
    }
}

/// Every use of a name, in the order of the text.
pub(super) fn uses(tree: &Tree, signatures: &Signatures) -> Vec<NameUse> {
    let mut declared: BTreeSet<&str> = BTreeSet::new();
    let mut called: BTreeSet<NodeId> = BTreeSet::new();
    let mut members: BTreeMap<NodeId, (NodeId, String)> = BTreeMap::new();
    for id in tree.ids() {
        match tree.node(id) {
            Node::Let { name, .. } => drop(declared.insert(name)),
            Node::Call { callee, .. } => drop(called.insert(*callee)),
            Node::Member(member) => {
                if let Node::Literal(Value::Text(name)) = tree.node(member.property) {
                    members.insert(member.of, (id, String::from_utf8_lossy(name).into_owned()));
                }
            }
            _ => {}
        }
    }
    let is_environment = |id: NodeId| matches!(tree.node(id), Node::Name(name) if **name == *"$env");
    let mut found = Vec::new();
    for id in tree.ids() {
        // `$env.x` is another way to write `x`.
        let (at, name) = match tree.node(id) {
            Node::Name(_) if is_environment(id) => match members.get(&id) {
                Some((member, name)) => (*member, name.clone()),
                None => continue,
            },
            Node::Name(name) if !declared.contains(&**name) => (id, name.to_string()),
            _ => continue,
        };
        let (end, member) = match members.get(&at) {
            Some((end, member)) => (*end, Some(member.clone())),
            None => (at, None),
        };
        found.push(NameUse {
            is_function: builtin::exists(&name) || signatures.get(&name).is_some(),
            is_called: called.contains(&end),
            position: tree.position(at),
            name,
            member,
        });
    }
    found.sort_by_key(|found| found.position);
    found
}

/// The names that are neither among these nor declared, each once, in the order of the text.
pub(super) fn unknown(tree: &Tree, variables: &[&str], signatures: &Signatures) -> Vec<UnknownName> {
    let mut found: Vec<UnknownName> = Vec::new();
    for NameUse { name, is_function, position, .. } in uses(tree, signatures) {
        let is_known = is_function || variables.contains(&&*name);
        if !is_known && !found.iter().any(|other| other.name == name) {
            found.push(UnknownName { name, position });
        }
    }
    found
}
