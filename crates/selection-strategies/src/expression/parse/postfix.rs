//! Lists, maps, and what stands behind a value: properties, indices and slices.

use super::Parser;
use crate::expression::error::CompileError;
use crate::expression::syntax::{Member, Node, NodeId};
use crate::expression::token::{Token, is_word};
use crate::expression::value::Value;

impl Parser {
    pub(super) fn list(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.is("]") {
            if !items.is_empty() {
                self.expect(",")?;
                if self.is("]") {
                    break;
                }
            }
            items.push(self.expression(0)?);
        }
        self.expect("]")?;
        self.push(Node::Array(items.into()), position)
    }

    pub(super) fn map(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        self.expect("{")?;
        let mut entries = Vec::new();
        while !self.is("}") {
            if !entries.is_empty() {
                self.expect(",")?;
                if self.is("}") {
                    break;
                }
            }
            let key_position = self.position();
            let key = match self.token().clone() {
                Token::Number(key) | Token::Text(key) | Token::Name(key) => {
                    self.advance();
                    self.literal(Value::text(key), key_position)?
                }
                Token::Symbol("(") => self.expression(0)?,
                _ => return Err(self.unexpected()),
            };
            self.expect(":")?;
            entries.extend([key, self.expression(0)?]);
        }
        self.expect("}")?;
        self.push(Node::Map(entries.into()), position)
    }

    /// Properties, indices and slices behind a node.
    pub(super) fn postfix(&mut self, mut node: NodeId) -> Result<NodeId, CompileError> {
        loop {
            let position = self.position();
            match *self.token() {
                Token::Symbol(symbol @ ("." | "?.")) => {
                    let optional = symbol == "?.";
                    self.advance();
                    node = if optional && self.is("[") {
                        self.index(node, position, true)?
                    } else {
                        self.property(node, optional)?
                    };
                }
                Token::Symbol("[") => node = self.index(node, position, false)?,
                _ => return Ok(node),
            }
        }
    }

    fn property(&mut self, node: NodeId, optional: bool) -> Result<NodeId, CompileError> {
        let position = self.position();
        let name = match self.token() {
            Token::Name(name) => Value::text(name),
            Token::Symbol(word) if is_word(word) => Value::text(word),
            _ => return Err(CompileError::at(position, "expected a name")),
        };
        self.advance();
        let property = self.literal(name, position)?;
        // What follows `a?.b` is part of the chain that `?.` leaves.
        let (of, chained) = match *self.tree.node(node) {
            Node::Chain(inner) => (inner, true),
            _ => (node, false),
        };
        let mut node = self.push(Node::Member(Member { of, property, optional }), position)?;
        if self.is("(") {
            let mut arguments = Vec::new();
            self.arguments(&mut arguments)?;
            node = self.push(Node::Call { callee: node, arguments: arguments.into() }, position)?;
        }
        if chained || optional { self.push(Node::Chain(node), position) } else { Ok(node) }
    }

    /// `[index]`, `[from:to]`.
    fn index(&mut self, node: NodeId, position: usize, optional: bool) -> Result<NodeId, CompileError> {
        self.expect("[")?;
        let from = if self.is(":") { None } else { Some(self.expression(0)?) };
        let node = match from {
            Some(property) if !self.is(":") => {
                let member = self.push(Node::Member(Member { of: node, property, optional }), position)?;
                if optional { self.push(Node::Chain(member), position)? } else { member }
            }
            _ => {
                self.expect(":")?;
                let to = if self.is("]") { None } else { Some(self.expression(0)?) };
                self.push(Node::Slice { of: node, from, to }, position)?
            }
        };
        self.expect("]")?;
        Ok(node)
    }
}
