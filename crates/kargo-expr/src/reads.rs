//! The names that an expression reads, found without evaluating it, including unknown ones, and the fields of results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::builtin;
use crate::environment::Signatures;
use crate::kind::Kind;
use crate::syntax::{Binary, Member, Node, NodeId, Tree};
use crate::value::Value;

// Names.

/// A name that an expression reads and that no variable or function has: it is nil, or an error where it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The byte of the expression at which it is.
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
    /// The byte of the expression at which it is.
    pub position: usize,
}

impl NameUse {
    /// Whether a function is read without a call of it: a value that fits nowhere.
    pub fn is_uncalled_function(&self) -> bool {
        self.is_function && (self.member.is_some() || !self.is_called)
    }
}

/// Every use of a name, in the order of the text.
pub(crate) fn uses_of_names(tree: &Tree, signatures: &Signatures) -> Vec<NameUse> {
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
pub(crate) fn unknown_names(tree: &Tree, variables: &[&str], signatures: &Signatures) -> Vec<UnknownName> {
    let mut found: Vec<UnknownName> = Vec::new();
    for NameUse { name, is_function, position, .. } in uses_of_names(tree, signatures) {
        let is_known = is_function || variables.contains(&&*name);
        if !is_known && !found.iter().any(|other| other.name == name) {
            found.push(UnknownName { name, position });
        }
    }
    found
}

// Fields of results.

/// The calls of a function whose results an expression may read a field of.
///
/// [`Expression::reads_of`](crate::Expression::reads_of) has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldReads {
    /// At most the results of the calls with these texts as the first argument. An empty set: of none.
    Of(BTreeSet<String>),
    /// Perhaps the results of all calls: an argument is only known when the expression is evaluated.
    Any,
}

impl FieldReads {
    /// No result.
    #[must_use]
    pub fn none() -> Self {
        Self::Of(BTreeSet::new())
    }

    /// Whether the field of no result is read.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Of(calls) if calls.is_empty())
    }

    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Of(known), Self::Of(more)) => known.extend(more),
            _ => *self = Self::Any,
        }
    }
}

/// Looks at the expression under `root`.
pub(crate) fn reads(tree: &Tree, root: NodeId, function: &str, field: &str) -> FieldReads {
    let mut reader = Reader {
        tree,
        function,
        field,
        variables: Vec::new(),
        elements: Vec::new(),
        read: FieldReads::none(),
    };
    let value = reader.visit(root);
    reader.read.add(value.results);
    reader.read
}

/// Where a value may come from.
#[derive(Clone)]
struct Origin {
    /// The results of the function that the value may be, or may hold.
    results: FieldReads,
    /// The text that the value is, where that is known.
    text: Option<Arc<[u8]>>,
}

impl Origin {
    /// Not from the function.
    fn other() -> Self {
        FieldReads::none().into()
    }

    fn join(mut self, other: Self) -> Self {
        self.results.add(other.results);
        self.results.into()
    }
}

impl From<FieldReads> for Origin {
    fn from(results: FieldReads) -> Self {
        Self { results, text: None }
    }
}

struct Reader<'t> {
    tree: &'t Tree,
    function: &'t str,
    field: &'t str,
    variables: Vec<(Arc<str>, Origin)>,
    /// What `#` may be in the predicates around.
    elements: Vec<Origin>,
    read: FieldReads,
}

impl Reader<'_> {
    /// Notes what is read below this node, and gives what its value may be.
    fn visit(&mut self, id: NodeId) -> Origin {
        match self.tree.node(id) {
            Node::Literal(Value::Text(text)) => Origin { text: Some(Arc::clone(text)), ..Origin::other() },
            Node::Literal(_) => Origin::other(),
            Node::Name(name) => self.name(name),
            Node::Pointer(_) => self.elements.iter().cloned().fold(Origin::other(), Origin::join),
            Node::Unary(_, operand) => self.read_whole([*operand]),
            Node::Binary(..) => self.binaries(id),
            Node::Matches(of, _) | Node::InLiterals(of, _) => self.read_whole([*of]),
            Node::Chain(inner) => self.visit(*inner),
            Node::Member(member) => self.member(member),
            Node::Slice { of, from, to } => {
                self.read_whole([*from, *to].into_iter().flatten());
                self.visit(*of)
            }
            Node::Call { callee, arguments } => self.call(*callee, arguments),
            Node::Builtin { name, arguments } => self.builtin(name, arguments),
            Node::Let { name, value, body } => {
                let value = self.visit(*value);
                self.variables.push((Arc::clone(name), value));
                let body = self.visit(*body);
                self.variables.pop();
                body
            }
            Node::Sequence(nodes) => {
                let mut last = Origin::other();
                for node in nodes {
                    last = self.visit(*node);
                }
                last
            }
            Node::Conditional { condition, then, otherwise } => {
                self.read_whole([*condition]);
                self.visit(*then).join(self.visit(*otherwise))
            }
            Node::Array(items) | Node::Map(items) => self.hold(items),
        }
    }

    /// The value is looked at in a way that may depend on everything in it.
    fn read_whole(&mut self, nodes: impl IntoIterator<Item = NodeId>) -> Origin {
        for node in nodes {
            let value = self.visit(node);
            self.read.add(value.results);
        }
        Origin::other()
    }

    /// A value that may hold what these values are.
    fn hold(&mut self, nodes: &[NodeId]) -> Origin {
        let mut all = Origin::other();
        for node in nodes {
            all = all.join(self.visit(*node));
        }
        all
    }

    fn name(&mut self, name: &str) -> Origin {
        if let Some((_, value)) = self.variables.iter().rev().find(|(other, _)| **other == *name) {
            return value.clone();
        }
        // The function itself, which may be called anywhere.
        if name == self.function || name == "$env" {
            self.read = FieldReads::Any;
        }
        Origin::other()
    }

    /// Walks up from the leftmost operand of a chain of operators, so that a long one does not recurse.
    fn binaries(&mut self, id: NodeId) -> Origin {
        let mut chain = Vec::new();
        let mut leftmost = id;
        while let Node::Binary(operator, left, right) = *self.tree.node(leftmost) {
            chain.push((operator, left, right));
            leftmost = left;
        }
        let mut value = self.visit(leftmost);
        while let Some((operator, left, right)) = chain.pop() {
            let is_nil = |id| matches!(self.tree.node(id), Node::Literal(Value::Nil));
            let asks_for_presence =
                matches!(operator, Binary::Equal | Binary::Unequal) && (is_nil(left) || is_nil(right));
            let other = self.visit(right);
            let both = value.join(other);
            value = match operator {
                Binary::Coalesce => both,
                _ if asks_for_presence => Origin::other(),
                _ => {
                    self.read.add(both.results);
                    Origin::other()
                }
            };
        }
        value
    }

    fn member(&mut self, member: &Member) -> Origin {
        let of = self.visit(member.of);
        let property = self.visit(member.property);
        self.read.add(property.results);
        self.property(member.of, of, property.text.as_deref())
    }

    /// A property of a value; without a name, one that is not known.
    fn property(&mut self, id: NodeId, of: Origin, name: Option<&[u8]>) -> Origin {
        if name.is_none_or(|name| name == self.field.as_bytes()) {
            self.read.add(of.results.clone());
        }
        match self.tree.kind(id) {
            Kind::Record(_) => Origin::other(),
            // An element of a list or a map, or of something unknown.
            _ => of.results.into(),
        }
    }

    fn call(&mut self, callee: NodeId, arguments: &[NodeId]) -> Origin {
        let is_variable = |name: &str| self.variables.iter().any(|(other, _)| **other == *name);
        match self.tree.node(callee) {
            Node::Name(name) if **name == *self.function && !is_variable(name) => {
                let argument = match arguments.split_first() {
                    Some((first, rest)) => {
                        let first = self.visit(*first);
                        self.read.add(first.results);
                        self.read_whole(rest.iter().copied());
                        first.text
                    }
                    None => None,
                };
                let call = |text: Arc<[u8]>| BTreeSet::from([String::from_utf8_lossy(&text).into_owned()]);
                argument.map_or(FieldReads::Any, |text| FieldReads::Of(call(text))).into()
            }
            Node::Name(_) => self.read_whole(arguments.iter().copied()),
            _ => self.read_whole([callee].into_iter().chain(arguments.iter().copied())),
        }
    }

    fn builtin(&mut self, name: &str, arguments: &[NodeId]) -> Origin {
        // The optimizer marks functions of its own.
        let plain = name.trim_end_matches('!');
        match plain {
            "get" => {
                let [of, property] = *arguments else { return self.read_whole(arguments.iter().copied()) };
                let value = self.visit(of);
                let property = self.visit(property);
                self.read.add(property.results);
                self.property(of, value, property.text.as_deref())
            }
            "first" | "last" | "take" | "values" | "reverse" | "concat" | "flatten" => self.hold(arguments),
            _ if builtin::predicate(plain).is_some() => self.predicate(plain, arguments),
            _ => self.read_whole(arguments.iter().copied()),
        }
    }

    fn predicate(&mut self, name: &str, arguments: &[NodeId]) -> Origin {
        let Some((collection, rest)) = arguments.split_first() else { return Origin::other() };
        let collection = self.visit(*collection);
        self.elements.push(collection.clone());
        let given = self.hold(rest);
        self.elements.pop();
        match name {
            "map" => given,
            "filter" | "find" | "findLast" => collection.join(given),
            // `#acc` may be anything that the predicate gave before.
            _ => {
                self.read.add(given.results);
                if !matches!(name, "all" | "none" | "any" | "one" | "count" | "findIndex" | "findLastIndex") {
                    self.read.add(collection.results);
                }
                Origin::other()
            }
        }
    }
}
