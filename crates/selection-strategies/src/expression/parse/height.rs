//! How deep a tree is.

use crate::expression::syntax::{Member, Node, NodeId, Tree};

/// How deep a visitor of the node recurses. Visitors walk down the left sides of operators in a loop.
pub(super) fn height(tree: &Tree, node: &Node) -> u16 {
    let below = |id: NodeId| tree.height(id).saturating_add(1);
    let all = |ids: &[NodeId]| ids.iter().copied().map(below).max().unwrap_or(0);
    match node {
        Node::Literal(_) | Node::Name(_) | Node::Pointer(_) => 0,
        Node::Binary(_, left, right) => match tree.node(*left) {
            Node::Binary(..) => tree.height(*left).max(below(*right)),
            _ => below(*left).max(below(*right)),
        },
        Node::Unary(_, of) | Node::Chain(of) | Node::Matches(of, _) | Node::InLiterals(of, _) => below(*of),
        Node::Member(Member { of, property, .. }) => below(*of).max(below(*property)),
        Node::Slice { of, from, to } => below(*of).max(from.map_or(0, below)).max(to.map_or(0, below)),
        Node::Call { callee, arguments } => below(*callee).max(all(arguments)),
        Node::Let { value, body, .. } => below(*value).max(below(*body)),
        Node::Conditional { condition, then, otherwise } => {
            below(*condition).max(below(*then)).max(below(*otherwise))
        }
        Node::Builtin { arguments: ids, .. } | Node::Sequence(ids) | Node::Array(ids) | Node::Map(ids) => {
            all(ids)
        }
    }
}
