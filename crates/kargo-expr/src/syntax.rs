//! The tree of an expression, in one vector so that neither building nor dropping it recurses.

use std::sync::Arc;

use crate::kind::Kind;
use crate::value::Value;
use go_compat::GoRegex;

/// The index of a node in its [`Tree`]. Children come before their parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// An expression that was read.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    node: Node,
    position: u32,
    /// How deep a walk recurses; see [`crate::parse::MAX_DEPTH`].
    height: u16,
    /// What the checker found out; unknown where it did not look.
    kind: Kind,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn push(&mut self, node: Node, position: usize, height: u16) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        self.nodes.push(Entry { node, position, height, kind: Kind::Unknown });
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize].node
    }

    pub(crate) fn replace(&mut self, id: NodeId, node: Node) {
        self.nodes[id.0 as usize].node = node;
    }

    pub(crate) fn position(&self, id: NodeId) -> usize {
        self.nodes[id.0 as usize].position as usize
    }

    pub(crate) fn height(&self, id: NodeId) -> u16 {
        self.nodes[id.0 as usize].height
    }

    pub(crate) fn kind(&self, id: NodeId) -> &Kind {
        &self.nodes[id.0 as usize].kind
    }

    pub(crate) fn set_kind(&mut self, id: NodeId, kind: Kind) {
        self.nodes[id.0 as usize].kind = kind;
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }
}

/// One node. A `Box<[NodeId]>` is a list of children.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A literal, or what folding made of literals.
    Literal(Value),
    Name(Arc<str>),
    Unary(Unary, NodeId),
    Binary(Binary, NodeId, NodeId),
    /// `matches` with a literal pattern.
    Matches(NodeId, Box<GoRegex>),
    /// `in` with a list of literals, which are looked up rather than compared.
    InLiterals(NodeId, Arc<InLiterals>),
    /// What `?.` may leave early, with nil.
    Chain(NodeId),
    Member(Member),
    Slice {
        of: NodeId,
        from: Option<NodeId>,
        to: Option<NodeId>,
    },
    /// A call of a function of the environment or of a method.
    Call {
        callee: NodeId,
        arguments: Box<[NodeId]>,
    },
    /// A call of a function of the language.
    Builtin {
        name: &'static str,
        arguments: Box<[NodeId]>,
    },
    /// The element that a predicate is asked about: `#`, `#index`, `#acc`.
    Pointer(Arc<str>),
    /// `let name = value; body`.
    Let {
        name: Arc<str>,
        value: NodeId,
        body: NodeId,
    },
    Sequence(Box<[NodeId]>),
    Conditional {
        condition: NodeId,
        then: NodeId,
        otherwise: NodeId,
    },
    Array(Box<[NodeId]>),
    /// Keys and values, alternating.
    Map(Box<[NodeId]>),
}

/// `of.property` or `of[property]`.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) of: NodeId,
    pub(crate) property: NodeId,
    pub(crate) optional: bool,
}

/// The literals on the right of `in`.
#[derive(Clone, Debug)]
pub(crate) enum InLiterals {
    Integers(std::collections::BTreeSet<i64>),
    Texts(std::collections::BTreeSet<Vec<u8>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    More,
    LessOrEqual,
    MoreOrEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

impl Binary {
    /// As it is written, for messages.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::More => ">",
            Self::LessOrEqual => "<=",
            Self::MoreOrEqual => ">=",
            Self::In => "in",
            Self::Matches => "matches",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Range => "..",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "**",
            Self::Coalesce => "??",
        }
    }

    pub(crate) fn is_comparison(self) -> bool {
        matches!(self, Self::Less | Self::More | Self::LessOrEqual | Self::MoreOrEqual)
    }
}
