//! Tokens to a tree: a Pratt parser.

use crate::builtin;
use crate::error::CompileError;
use crate::syntax::{Binary, Member, Node, NodeId, Tree, Unary};
use crate::token::{Located, Number, Token, is_word, parse_number, tokenize};
use crate::value::Value;

/// The longest expression that is read, in bytes.
pub const MAX_EXPRESSION_LENGTH: usize = 64 * 1024;

/// How many nodes an expression may have; the same bound as expr-lang's.
pub(crate) const MAX_NODES: usize = 10_000;

/// How deep the tree of an expression may be. A chain of operators (`a || b || c`) is one level.
pub(crate) const MAX_DEPTH: u16 = 150;

/// How deep the text of an expression may nest; parentheses and right sides of operators count.
const MAX_NESTING: u16 = 250;

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Result<(Tree, NodeId), CompileError> {
    if text.len() > MAX_EXPRESSION_LENGTH {
        return Err(CompileError::at(MAX_EXPRESSION_LENGTH, "the expression is too long"));
    }
    let mut parser = Parser { tokens: tokenize(text)?, next: 0, tree: Tree::new(), depth: 0, predicates: 0 };
    let root = parser.sequence()?;
    match parser.token() {
        Token::End => Ok((parser.tree, root)),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Located>,
    next: usize,
    tree: Tree,
    depth: u16,
    /// How many predicates the parser is in.
    predicates: usize,
}

impl Parser {
    fn token(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |located| &located.token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |located| located.position)
    }

    fn advance(&mut self) {
        self.next += 1;
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token(), Token::Symbol(found) if *found == symbol)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), CompileError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> CompileError {
        let what = match self.token() {
            Token::Name(name) => format!("unexpected name {name:?}"),
            Token::Number(number) => format!("unexpected number {number}"),
            Token::Text(_) | Token::Bytes(_) => "unexpected text".to_owned(),
            Token::Symbol(symbol) => format!("unexpected {symbol:?}"),
            Token::Unknown => "unknown operator".to_owned(),
            Token::End => "unexpected end of the expression".to_owned(),
        };
        CompileError::at(self.position(), what)
    }

    fn name(&mut self) -> Result<String, CompileError> {
        match self.token() {
            Token::Name(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Adds a node above its children.
    fn push(&mut self, node: Node, position: usize) -> Result<NodeId, CompileError> {
        if self.tree.len() >= MAX_NODES {
            return Err(CompileError::at(position, "the expression has too many parts"));
        }
        let height = height(&self.tree, &node);
        if height > MAX_DEPTH {
            return Err(CompileError::at(position, "the expression nests too deeply"));
        }
        Ok(self.tree.push(node, position, height))
    }

    fn literal(&mut self, value: Value, position: usize) -> Result<NodeId, CompileError> {
        self.push(Node::Literal(value), position)
    }

    /// Runs one level of the grammar that can contain itself.
    fn nested(
        &mut self,
        level: impl FnOnce(&mut Self) -> Result<NodeId, CompileError>,
    ) -> Result<NodeId, CompileError> {
        if self.depth >= MAX_NESTING {
            return Err(CompileError::at(self.position(), "the expression nests too deeply"));
        }
        self.depth += 1;
        let result = level(self);
        self.depth -= 1;
        result
    }

    /// Expressions separated by `;`, of which the last counts.
    fn sequence(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        let mut nodes = vec![self.expression(0)?];
        while self.accept(";") {
            if *self.token() == Token::End {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        match nodes[..] {
            [only] => Ok(only),
            _ => self.push(Node::Sequence(nodes.into()), position),
        }
    }

    fn expression(&mut self, precedence: u16) -> Result<NodeId, CompileError> {
        self.nested(|parser| {
            if precedence == 0 && parser.is("let") {
                return parser.declaration();
            }
            if precedence == 0 && parser.is("if") {
                return parser.conditional();
            }
            let left = parser.primary()?;
            let left = parser.operators(left, precedence)?;
            if precedence == 0 { parser.ternary(left) } else { Ok(left) }
        })
    }

    /// Operators of at least a precedence, and their right sides.
    fn operators(&mut self, mut left: NodeId, precedence: u16) -> Result<NodeId, CompileError> {
        let mut after_coalesce = false;
        loop {
            let position = self.position();
            let Token::Symbol(symbol) = *self.token() else { return Ok(left) };
            let (symbol, negated) = if symbol == "not" {
                match self.tokens.get(self.next + 1).map(|located| &located.token) {
                    Some(Token::Symbol(
                        word @ ("in" | "matches" | "contains" | "startsWith" | "endsWith"),
                    )) => (*word, true),
                    _ => {
                        self.advance();
                        return Err(self.unexpected());
                    }
                }
            } else {
                (symbol, false)
            };
            let Some((power, right_associative)) = binding_power(symbol) else { return Ok(left) };
            if power < precedence {
                return Ok(left);
            }
            self.next += if negated { 2 } else { 1 };
            if symbol == "|" {
                let name = self.name()?;
                left = self.call(&name, position, vec![left])?;
                after_coalesce = false;
                continue;
            }
            if after_coalesce && symbol != "??" {
                return Err(CompileError::at(
                    position,
                    format!("{symbol} and ?? cannot be mixed without parentheses"),
                ));
            }
            after_coalesce = symbol == "??";
            let Some(operator) = binary(symbol) else { return Ok(left) };
            if operator.is_comparison() {
                left = self.comparison(left, operator, position, power)?;
                continue;
            }
            let right = self.expression(if right_associative { power } else { power + 1 })?;
            left = self.push(Node::Binary(operator, left, right), position)?;
            if negated {
                left = self.push(Node::Unary(Unary::Not, left), position)?;
            }
        }
    }

    /// `a < b <= c` means `a < b && b <= c`.
    fn comparison(
        &mut self,
        mut left: NodeId,
        mut operator: Binary,
        mut position: usize,
        power: u16,
    ) -> Result<NodeId, CompileError> {
        let mut all = None;
        loop {
            let right = self.expression(power + 1)?;
            let one = self.push(Node::Binary(operator, left, right), position)?;
            let node = match all {
                None => one,
                Some(all) => self.push(Node::Binary(Binary::And, all, one), position)?,
            };
            all = Some(node);
            left = right;
            position = self.position();
            match *self.token() {
                Token::Symbol(symbol) if binary(symbol).is_some_and(Binary::is_comparison) => {
                    operator = binary(symbol).unwrap_or(operator);
                    self.advance();
                }
                _ => return Ok(node),
            }
        }
    }

    fn declaration(&mut self) -> Result<NodeId, CompileError> {
        self.expect("let")?;
        let position = self.position();
        let name = self.name()?;
        self.expect("=")?;
        let value = self.expression(0)?;
        self.expect(";")?;
        let body = self.sequence()?;
        self.push(Node::Let { name: name.into(), value, body }, position)
    }

    /// `if condition { ... } else { ... }`.
    fn conditional(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        self.expect("if")?;
        let condition = self.expression(0)?;
        let then = self.block()?;
        self.expect("else")?;
        let otherwise = if self.is("if") { self.nested(Self::conditional)? } else { self.block()? };
        self.push(Node::Conditional { condition, then, otherwise }, position)
    }

    fn block(&mut self) -> Result<NodeId, CompileError> {
        self.expect("{")?;
        let body = self.sequence()?;
        self.expect("}")?;
        Ok(body)
    }

    /// `condition ? then : otherwise`, and `value ?: otherwise`.
    fn ternary(&mut self, mut condition: NodeId) -> Result<NodeId, CompileError> {
        while self.is("?") {
            let position = self.position();
            self.advance();
            let then = if self.is(":") { condition } else { self.expression(0)? };
            self.expect(":")?;
            let otherwise = self.expression(0)?;
            condition = self.push(Node::Conditional { condition, then, otherwise }, position)?;
        }
        Ok(condition)
    }

    fn primary(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        let Token::Symbol(symbol) = *self.token() else { return self.secondary() };
        let unary = match symbol {
            "not" | "!" => Some((Unary::Not, 50)),
            "-" => Some((Unary::Minus, 90)),
            "+" => Some((Unary::Plus, 90)),
            _ => None,
        };
        if let Some((operator, power)) = unary {
            self.advance();
            let operand = self.expression(power)?;
            let node = self.push(Node::Unary(operator, operand), position)?;
            return self.postfix(node);
        }
        match symbol {
            "(" => {
                self.advance();
                let inner = self.sequence()?;
                self.expect(")")?;
                self.postfix(inner)
            }
            "#" if self.predicates > 0 => {
                self.advance();
                let name = match self.token() {
                    Token::Name(_) => self.name()?,
                    _ => String::new(),
                };
                let node = self.push(Node::Pointer(name.into()), position)?;
                self.postfix(node)
            }
            "." if self.predicates > 0 => {
                let node = self.push(Node::Pointer("".into()), position)?;
                self.postfix(node)
            }
            "::" => {
                self.advance();
                let name = self.name()?;
                let call = self.call(&name, position, Vec::new())?;
                self.postfix(call)
            }
            "[" => {
                let list = self.list()?;
                self.postfix(list)
            }
            "{" => {
                let map = self.map()?;
                self.postfix(map)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn secondary(&mut self) -> Result<NodeId, CompileError> {
        let position = self.position();
        let node = match self.token().clone() {
            Token::Name(name) => {
                self.advance();
                match name.as_str() {
                    // These take no postfix.
                    "true" => return self.literal(Value::Bool(true), position),
                    "false" => return self.literal(Value::Bool(false), position),
                    "nil" => return self.literal(Value::Nil, position),
                    _ if self.is("(") => self.call(&name, position, Vec::new())?,
                    _ => self.push(Node::Name(name.into()), position)?,
                }
            }
            Token::Number(written) => {
                self.advance();
                let number = parse_number(&written).map_err(|message| CompileError::at(position, message))?;
                let value = match number {
                    Number::Integer(value) => Value::Int(value),
                    Number::Float(value) => Value::Float(value),
                };
                return self.literal(value, position);
            }
            Token::Text(text) => {
                self.advance();
                self.literal(Value::text(text), position)?
            }
            Token::Bytes(bytes) => {
                self.advance();
                self.literal(Value::Bytes(bytes.into()), position)?
            }
            Token::Symbol(_) | Token::Unknown | Token::End => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    /// A call of a function, at its opening parenthesis. A pipe has given the first argument.
    fn call(
        &mut self,
        name: &str,
        position: usize,
        mut arguments: Vec<NodeId>,
    ) -> Result<NodeId, CompileError> {
        if let Some((name, parameters)) = builtin::predicate(name) {
            self.predicate_arguments(&parameters[arguments.len()..], &mut arguments)?;
            return self.push(Node::Builtin { name, arguments: arguments.into() }, position);
        }
        if let Some(name) = builtin::name(name) {
            self.arguments(&mut arguments)?;
            return self.push(Node::Builtin { name, arguments: arguments.into() }, position);
        }
        let callee = self.push(Node::Name(name.into()), position)?;
        self.arguments(&mut arguments)?;
        self.push(Node::Call { callee, arguments: arguments.into() }, position)
    }

    fn arguments(&mut self, arguments: &mut Vec<NodeId>) -> Result<(), CompileError> {
        self.expect("(")?;
        let mut first = true;
        while !self.is(")") {
            if !first {
                self.expect(",")?;
                if self.is(")") {
                    break;
                }
            }
            first = false;
            arguments.push(self.expression(0)?);
        }
        self.expect(")")
    }

    fn predicate_arguments(
        &mut self,
        parameters: &[builtin::Parameter],
        arguments: &mut Vec<NodeId>,
    ) -> Result<(), CompileError> {
        self.expect("(")?;
        for (index, parameter) in parameters.iter().enumerate() {
            if self.is(")") {
                if parameter.is_optional() {
                    break;
                }
                return Err(CompileError::at(self.position(), "not enough arguments"));
            }
            if index > 0 {
                self.expect(",")?;
            }
            let argument = if parameter.is_predicate() { self.predicate()? } else { self.expression(0)? };
            arguments.push(argument);
        }
        self.accept(",");
        self.expect(")")
    }

    fn predicate(&mut self) -> Result<NodeId, CompileError> {
        let braces = self.accept("{");
        self.predicates += 1;
        let body = if braces { self.sequence() } else { self.expression(0) };
        self.predicates -= 1;
        if braces {
            self.expect("}")?;
        } else if self.is(";") {
            return Err(CompileError::at(self.position(), "wrap the predicate in { and }"));
        }
        body
    }
}

// Lists, maps, and what is behind a value: properties, indices and slices.

impl Parser {
    pub(crate) fn list(&mut self) -> Result<NodeId, CompileError> {
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

    pub(crate) fn map(&mut self) -> Result<NodeId, CompileError> {
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
    pub(crate) fn postfix(&mut self, mut node: NodeId) -> Result<NodeId, CompileError> {
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

// The operators between two operands.

/// How strongly an operator binds, and whether it binds to the right.
pub(crate) fn binding_power(symbol: &str) -> Option<(u16, bool)> {
    Some(match symbol {
        "|" => (0, false),
        "or" | "||" => (10, false),
        "and" | "&&" => (15, false),
        "==" | "!=" | "<" | ">" | ">=" | "<=" | "in" | "matches" | "contains" | "startsWith" | "endsWith" => {
            (20, false)
        }
        ".." => (25, false),
        "+" | "-" => (30, false),
        "*" | "/" | "%" => (60, false),
        "**" | "^" => (100, true),
        "??" => (500, false),
        _ => return None,
    })
}

pub(crate) fn binary(symbol: &str) -> Option<Binary> {
    Some(match symbol {
        "or" | "||" => Binary::Or,
        "and" | "&&" => Binary::And,
        "==" => Binary::Equal,
        "!=" => Binary::Unequal,
        "<" => Binary::Less,
        ">" => Binary::More,
        "<=" => Binary::LessOrEqual,
        ">=" => Binary::MoreOrEqual,
        "in" => Binary::In,
        "matches" => Binary::Matches,
        "contains" => Binary::Contains,
        "startsWith" => Binary::StartsWith,
        "endsWith" => Binary::EndsWith,
        ".." => Binary::Range,
        "+" => Binary::Add,
        "-" => Binary::Subtract,
        "*" => Binary::Multiply,
        "/" => Binary::Divide,
        "%" => Binary::Modulo,
        "**" | "^" => Binary::Power,
        "??" => Binary::Coalesce,
        _ => return None,
    })
}

// How deep a tree is.

/// How deep a walk over the node recurses. Walks go down the left sides of operators in a loop.
pub(crate) fn height(tree: &Tree, node: &Node) -> u16 {
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
