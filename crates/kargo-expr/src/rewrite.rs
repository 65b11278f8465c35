//! Rewriting a tree after it was checked, as expr-lang's optimizer does.
//!
//! This is not for speed: what is rewritten here is never evaluated, so it determines the value
//! and whether there is an error. `missing && false` is false although `missing` is nil, and
//! `5 % 0` does not compile.

use std::sync::Arc;

use crate::check::regex;
use crate::error::CompileError;
use crate::kind::{Kind, Shape};
use crate::operator;
use crate::syntax::{Binary, InLiterals, Member, Node, NodeId, Tree, Unary};
use crate::value::{ElementType, List, Value};

/// Rewrites every node, children first.
pub(crate) fn rewrite(tree: &mut Tree) -> Result<(), CompileError> {
    let ids: Vec<NodeId> = tree.ids().collect();
    for id in &ids {
        look_up(tree, *id);
    }
    for id in &ids {
        fold(tree, *id)?;
        merge_filters(tree, *id)?;
    }
    for id in &ids {
        compare_with_bounds(tree, *id);
        recognize_sum(tree, *id);
        shorten(tree, *id);
        compile_pattern(tree, *id)?;
    }
    Ok(())
}

/// `x in ['a', 'b']` becomes a look-up, which insists on the type of `x`.
fn look_up(tree: &mut Tree, id: NodeId) {
    let Node::Binary(Binary::In, left, right) = *tree.node(id) else { return };
    let Node::Array(items) = tree.node(right) else { return };
    if items.is_empty() {
        return;
    }
    let values = || {
        items.iter().map(|item| match tree.node(*item) {
            Node::Literal(value) => Some(value),
            _ => None,
        })
    };
    let integers: Option<_> = values()
        .map(|value| match value {
            Some(Value::Int(value)) => Some(*value),
            _ => None,
        })
        .collect();
    let texts: Option<_> = values()
        .map(|value| match value {
            Some(Value::Text(text)) => Some(text.to_vec()),
            _ => None,
        })
        .collect();
    let literals = match (integers, texts) {
        (Some(integers), _) if tree.kind(left).shape() == Shape::Int => InLiterals::Integers(integers),
        (_, Some(texts)) => InLiterals::Texts(texts),
        _ => return,
    };
    tree.replace(id, Node::InLiterals(left, Arc::new(literals)));
}

/// `filter(filter(list, a), b)` becomes `filter(list, a && b)`.
fn merge_filters(tree: &mut Tree, id: NodeId) -> Result<(), CompileError> {
    let Node::Builtin { name: "filter", arguments } = tree.node(id) else { return Ok(()) };
    let [inner, second] = arguments[..] else { return Ok(()) };
    let Node::Builtin { name: "filter", arguments } = tree.node(inner) else { return Ok(()) };
    let [list, first] = arguments[..] else { return Ok(()) };
    let both = tree.push(Node::Binary(Binary::And, first, second), tree.position(id), tree.height(id));
    fold(tree, both)?;
    tree.replace(id, Node::Builtin { name: "filter", arguments: [list, both].into() });
    Ok(())
}

/// Computes what literals alone decide.
fn fold(tree: &mut Tree, id: NodeId) -> Result<(), CompileError> {
    let folded = match tree.node(id) {
        Node::Unary(operator, operand) => match (operator, tree.node(*operand)) {
            (Unary::Not, Node::Literal(Value::Bool(value))) => Some(Node::Literal(Value::Bool(!value))),
            (Unary::Minus, Node::Literal(value @ (Value::Int(_) | Value::Float(_)))) => {
                operator::negate(value).ok().map(Node::Literal)
            }
            (Unary::Plus, Node::Literal(value @ (Value::Int(_) | Value::Float(_)))) => {
                Some(Node::Literal(value.clone()))
            }
            _ => None,
        },
        Node::Binary(operator, left, right) => fold_binary(tree, id, *operator, *left, *right)?,
        Node::Array(items) if !items.is_empty() => {
            let value = |item: &NodeId| match tree.node(*item) {
                Node::Literal(
                    value @ (Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Bool(_)),
                ) => Some(value.clone()),
                _ => None,
            };
            let values: Option<Vec<Value>> = items.iter().map(value).collect();
            values.map(|values| Node::Literal(Value::List(List::new(ElementType::Any, values))))
        }
        _ => None,
    };
    if let Some(folded) = folded {
        tree.replace(id, folded);
    }
    Ok(())
}

fn fold_binary(
    tree: &Tree,
    id: NodeId,
    operator: Binary,
    left: NodeId,
    right: NodeId,
) -> Result<Option<Node>, CompileError> {
    let value = |id: NodeId| match tree.node(id) {
        Node::Literal(value) => Some(value),
        _ => None,
    };
    let truth = |id: NodeId| match value(id) {
        Some(Value::Bool(value)) => Some(*value),
        _ => None,
    };
    match operator {
        Binary::And | Binary::Or => {
            let neutral = operator == Binary::And;
            return Ok(match (truth(left), truth(right)) {
                (Some(value), _) if value == neutral => Some(tree.node(right).clone()),
                (_, Some(value)) if value == neutral => Some(tree.node(left).clone()),
                (Some(_), _) | (_, Some(_)) => Some(Node::Literal(Value::Bool(!neutral))),
                _ => None,
            });
        }
        _ => {}
    }
    let (Some(left), Some(right)) = (value(left), value(right)) else { return Ok(None) };
    let numbers = is_number(left) && is_number(right);
    let folded = match (operator, left, right) {
        (Binary::Modulo, Value::Int(_), Value::Int(0)) => {
            return Err(CompileError::at(tree.position(id), "integer divide by zero"));
        }
        (Binary::Equal, Value::Int(left), Value::Int(right)) => Some(Value::Bool(left == right)),
        (Binary::Equal, Value::Text(left), Value::Text(right)) => Some(Value::Bool(left == right)),
        (Binary::Equal, Value::Bool(left), Value::Bool(right)) => Some(Value::Bool(left == right)),
        (Binary::Add, Value::Text(left), Value::Text(right)) => {
            Some(Value::text([&**left, &**right].concat()))
        }
        (
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Modulo
            | Binary::Power,
            _,
            _,
        ) if numbers => {
            let mut budget = crate::budget::Budget::new();
            operator::apply(operator, left, right, &mut budget).ok()
        }
        _ => None,
    };
    Ok(folded.map(Node::Literal))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

/// `x in 1..3` becomes `x >= 1 and x <= 3` where `x` is a whole number.
fn compare_with_bounds(tree: &mut Tree, id: NodeId) {
    let Node::Binary(Binary::In, left, range) = *tree.node(id) else { return };
    let Node::Binary(Binary::Range, from, to) = *tree.node(range) else { return };
    let is_int = |id: NodeId| matches!(tree.node(id), Node::Literal(Value::Int(_)));
    if tree.kind(left).shape() != Shape::Int || !is_int(from) || !is_int(to) {
        return;
    }
    let (position, height) = (tree.position(id), tree.height(id));
    let lower = tree.push(Node::Binary(Binary::MoreOrEqual, left, from), position, height);
    let upper = tree.push(Node::Binary(Binary::LessOrEqual, left, to), position, height);
    tree.replace(id, Node::Binary(Binary::And, lower, upper));
}

/// `reduce(1..9, # + #acc)` is known to be a whole number: expr-lang computes it.
fn recognize_sum(tree: &mut Tree, id: NodeId) {
    let Node::Builtin { name: "reduce", arguments } = tree.node(id) else { return };
    let (range, predicate, start) = match arguments[..] {
        [range, predicate] => (range, predicate, None),
        [range, predicate, start] => (range, predicate, Some(start)),
        _ => return,
    };
    let integer = |id: NodeId| match tree.node(id) {
        Node::Literal(Value::Int(value)) => Some(*value),
        _ => None,
    };
    let pointer = |id: NodeId| match tree.node(id) {
        Node::Pointer(name) => Some(&**name),
        _ => None,
    };
    let Node::Binary(Binary::Range, from, to) = *tree.node(range) else { return };
    let Node::Binary(Binary::Add, left, right) = *tree.node(predicate) else { return };
    let counts_up = matches!((integer(from), integer(to)), (Some(from), Some(to)) if from <= to);
    let adds_up =
        matches!((pointer(left), pointer(right)), (Some(""), Some("acc")) | (Some("acc"), Some("")));
    if counts_up && adds_up && start.is_none_or(|start| integer(start).is_some()) {
        tree.set_kind(id, Kind::Int);
    }
}

/// What stops at the first element it finds, or never makes a list.
fn shorten(tree: &mut Tree, id: NodeId) {
    let shortened = match tree.node(id) {
        Node::Member(Member { of, property, optional: false }) => match tree.node(*property) {
            Node::Literal(Value::Int(0)) => find(tree, *of, "find!"),
            Node::Literal(Value::Int(-1)) => find(tree, *of, "findLast!"),
            _ => None,
        },
        Node::Builtin { name: "first", arguments } => {
            arguments.first().and_then(|of| find(tree, *of, "find"))
        }
        Node::Builtin { name: "last", arguments } => {
            arguments.first().and_then(|of| find(tree, *of, "findLast"))
        }
        Node::Builtin { name: "map", arguments } => fuse(tree, arguments),
        Node::Builtin { name: "len", arguments } => arguments.first().and_then(|of| counted(tree, *of)),
        // Added up without the zero that a sum begins with, so texts can be summed up.
        Node::Builtin { name: "sum", arguments } => match arguments[..] {
            [list] => match tree.node(list) {
                Node::Array(items) if items.len() > 1 => {
                    Some(Node::Builtin { name: "sum!", arguments: items.clone() })
                }
                _ => None,
            },
            _ => None,
        },
        Node::Binary(operator, left, right) => match (tree.node(*left), tree.node(*right)) {
            (Node::Builtin { name: "count", arguments }, Node::Literal(Value::Int(number)))
                if arguments.len() == 2
                    && matches!((operator, number), (Binary::More, 0) | (Binary::MoreOrEqual, 1)) =>
            {
                Some(Node::Builtin { name: "any", arguments: arguments.clone() })
            }
            _ => None,
        },
        _ => None,
    };
    if let Some(shortened) = shortened {
        tree.replace(id, shortened);
    }
}

/// A call of `filter`, done by another function.
fn find(tree: &Tree, id: NodeId, name: &'static str) -> Option<Node> {
    match tree.node(id) {
        Node::Builtin { name: "filter", arguments } => {
            Some(Node::Builtin { name, arguments: arguments.clone() })
        }
        _ => None,
    }
}

/// `len(filter(list, a))`, counted; of `len(map(filter(list, a), b))` `b` is not needed then.
fn counted(tree: &Tree, id: NodeId) -> Option<Node> {
    match tree.node(id) {
        Node::Builtin { name: "filter" | "filter!", arguments } => {
            Some(Node::Builtin { name: "count", arguments: arguments.iter().copied().take(2).collect() })
        }
        _ => None,
    }
}

/// `map(filter(list, a), b)` in one go, unless `b` asks for an index.
fn fuse(tree: &Tree, arguments: &[NodeId]) -> Option<Node> {
    let [filtered, mapped] = *arguments else { return None };
    let Node::Builtin { name: "filter", arguments } = tree.node(filtered) else { return None };
    // What belongs to the second argument was read after the first.
    let is_index = |id: &NodeId| matches!(tree.node(*id), Node::Pointer(name) if **name == *"index");
    if tree.ids().any(|id| id > filtered && id <= mapped && is_index(&id)) {
        return None;
    }
    let arguments = arguments.iter().copied().chain([mapped]).collect();
    Some(Node::Builtin { name: "filter!", arguments })
}

fn compile_pattern(tree: &mut Tree, id: NodeId) -> Result<(), CompileError> {
    if let Node::Binary(Binary::Matches, left, right) = *tree.node(id)
        && let Node::Literal(Value::Text(pattern)) = tree.node(right)
    {
        let regex = regex(pattern, tree.position(right))?;
        tree.replace(id, Node::Matches(left, Box::new(regex)));
    }
    Ok(())
}
