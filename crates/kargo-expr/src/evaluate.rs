//! The value of a tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use go_compat::GoRegex;

use crate::budget::Budget;
use crate::builtin::{self, is_descending};
use crate::environment::Environment;
use crate::error::{Failure, RunError};
use crate::kind::{Kind, MapKind};
use crate::method;
use crate::operator::{self, sort};
use crate::syntax::{Binary, InLiterals, Member, Node, NodeId, Tree, Unary};
use crate::value::{ElementType, Key, List, Value, equal, new_list, new_map};

/// Evaluates a tree.
pub(crate) fn evaluate(tree: &Tree, root: NodeId, environment: &Environment<'_>) -> Result<Value, RunError> {
    let mut evaluator =
        Evaluator { tree, environment, budget: Budget::new(), variables: Vec::new(), scopes: Vec::new() };
    match evaluator.value(root) {
        Ok(value) => Ok(value),
        Err(Stop::Nil) => Ok(Value::Nil),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// Why there is no value.
pub(crate) enum Stop {
    Error(RunError),
    /// `?.` met nil; the chain around it ends with nil.
    Nil,
}

pub(crate) type Evaluated = Result<Value, Stop>;

pub(crate) struct Evaluator<'e> {
    pub(crate) tree: &'e Tree,
    environment: &'e Environment<'e>,
    pub(crate) budget: Budget,
    variables: Vec<(Arc<str>, Value)>,
    pub(crate) scopes: Vec<Scope>,
}

impl Evaluator<'_> {
    /// Notes where something failed.
    pub(crate) fn at<T>(&self, id: NodeId, result: Result<T, Failure>) -> Result<T, Stop> {
        result.map_err(|failure| Stop::Error(RunError::at(self.tree.position(id), failure)))
    }

    pub(crate) fn fail<T>(&self, id: NodeId, message: impl Into<String>) -> Result<T, Stop> {
        self.at(id, Err(Failure::new(message)))
    }

    pub(crate) fn work(&mut self, id: NodeId, steps: usize) -> Result<(), Stop> {
        let result = self.budget.work(steps);
        self.at(id, result)
    }

    pub(crate) fn value(&mut self, id: NodeId) -> Evaluated {
        self.work(id, 1)?;
        // Each kind of node has a function of its own, so that the frames of this one stay small.
        match self.tree.node(id) {
            Node::Literal(value) => Ok(value.clone()),
            Node::Name(name) => self.name(id, name),
            Node::Unary(operator, operand) => self.unary(id, *operator, *operand),
            Node::Binary(..) => self.binaries(id),
            Node::Matches(of, regex) => self.matches(id, *of, regex),
            Node::InLiterals(of, literals) => self.in_literals(id, *of, literals),
            Node::Chain(inner) => self.chain(*inner),
            Node::Member(member) => self.member(id, member),
            Node::Slice { of, from, to } => self.slice(id, *of, *from, *to),
            Node::Call { callee, arguments } => self.call(id, *callee, arguments),
            Node::Builtin { name, arguments } => self.builtin(id, name, arguments),
            Node::Pointer(name) => self.pointer(id, name),
            Node::Let { name, value, body } => self.declaration(name, *value, *body),
            Node::Sequence(nodes) => self.sequence(nodes),
            Node::Conditional { condition, then, otherwise } => {
                let branch = if self.truth(*condition)? { *then } else { *otherwise };
                self.value(branch)
            }
            Node::Array(items) => self.list(id, items),
            Node::Map(entries) => self.map(id, entries),
        }
    }

    pub(crate) fn truth(&mut self, id: NodeId) -> Result<bool, Stop> {
        let value = self.value(id)?;
        self.at(id, operator::to_bool(&value))
    }

    fn values(&mut self, ids: &[NodeId]) -> Result<Vec<Value>, Stop> {
        ids.iter().map(|id| self.value(*id)).collect()
    }

    fn name(&self, id: NodeId, name: &str) -> Evaluated {
        if let Some((_, value)) = self.variables.iter().rev().find(|(other, _)| **other == *name) {
            return Ok(value.clone());
        }
        match self.environment.variables() {
            variables if name == "$env" => Ok(variables.cloned().map_or(Value::Nil, Value::Map)),
            Some(variables) => Ok(variables.get(name).cloned().unwrap_or(Value::Nil)),
            None => self.fail(id, format!("there is no variable {name:?}")),
        }
    }

    fn unary(&mut self, id: NodeId, operator: Unary, operand: NodeId) -> Evaluated {
        match operator {
            Unary::Not => Ok(Value::Bool(!self.truth(operand)?)),
            Unary::Plus => self.value(operand),
            Unary::Minus => {
                let value = self.value(operand)?;
                self.at(id, operator::negate(&value))
            }
        }
    }

    /// Walks up from the leftmost operand of a chain of operators.
    fn binaries(&mut self, id: NodeId) -> Evaluated {
        let mut chain = Vec::new();
        let mut leftmost = id;
        while let Node::Binary(operator, left, right) = *self.tree.node(leftmost) {
            chain.push((leftmost, operator, right));
            leftmost = left;
        }
        let mut left = self.value(leftmost)?;
        while let Some((id, operator, right)) = chain.pop() {
            left = self.binary(id, operator, left, right)?;
        }
        Ok(left)
    }

    fn binary(&mut self, id: NodeId, operator: Binary, left: Value, right: NodeId) -> Evaluated {
        self.work(id, 1)?;
        match operator {
            // The right side is the value, of any type.
            Binary::Or | Binary::And => {
                let truth = self.at(id, operator::to_bool(&left))?;
                return if truth == (operator == Binary::Or) { Ok(left) } else { self.value(right) };
            }
            Binary::Coalesce => return if left.is_nil() { self.value(right) } else { Ok(left) },
            _ => {}
        }
        let right = self.value(right)?;
        if matches!(operator, Binary::Equal | Binary::Unequal) {
            self.keep_promise(id, &left, &right)?;
        }
        let result = match operator {
            Binary::Equal => equal(&left, &right, &mut self.budget).map(Value::Bool),
            Binary::Unequal => equal(&left, &right, &mut self.budget).map(|equal| Value::Bool(!equal)),
            Binary::In => operator::is_in(&left, &right, &mut self.budget).map(Value::Bool),
            Binary::Range => operator::range(&left, &right, &mut self.budget),
            Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
                operator::search(operator, &left, &right, &mut self.budget).map(Value::Bool)
            }
            Binary::Matches => self.matches_computed(&left, &right).map(Value::Bool),
            _ => operator::apply(operator, &left, &right, &mut self.budget),
        };
        self.at(id, result)
    }

    /// Where both sides were taken for whole numbers, or both for texts, they have to be: the checker
    /// does not think of nil.
    fn keep_promise(&self, id: NodeId, left: &Value, right: &Value) -> Result<(), Stop> {
        let Node::Binary(_, left_id, right_id) = self.tree.node(id) else { return Ok(()) };
        let kept = match (self.tree.kind(*left_id), self.tree.kind(*right_id)) {
            (Kind::Int, Kind::Int) => matches!((left, right), (Value::Int(_), Value::Int(_))),
            (Kind::Text, Kind::Text) => matches!((left, right), (Value::Text(_), Value::Text(_))),
            _ => true,
        };
        if kept { Ok(()) } else { self.fail(id, "a value is not of the type it was taken for") }
    }

    fn matches(&mut self, id: NodeId, of: NodeId, regex: &GoRegex) -> Evaluated {
        let value = self.value(of)?;
        let result = match &value {
            Value::Text(text) | Value::Bytes(text) => {
                let work = text.len().saturating_mul(regex.work_per_byte());
                self.budget.work(work).map(|()| regex.is_match_bytes(text))
            }
            other if other.is_nil() => Ok(false),
            other => Err(Failure::new(format!("{} cannot match", other.type_name()))),
        };
        self.at(id, result.map(Value::Bool))
    }

    /// A pattern that is not known before costs its compilation.
    fn matches_computed(&mut self, text: &Value, pattern: &Value) -> Result<bool, Failure> {
        if text.is_nil() || pattern.is_nil() {
            return Ok(false);
        }
        let (Value::Text(text) | Value::Bytes(text), Value::Text(pattern)) = (text, pattern) else {
            return Err(Failure::new(format!(
                "{} matches {} is not possible",
                text.type_name(),
                pattern.type_name()
            )));
        };
        self.budget.work(50_000 + pattern.len() * 200)?;
        let pattern = std::str::from_utf8(pattern).map_err(|_| Failure::new("the pattern is not UTF-8"))?;
        let regex = GoRegex::new(pattern).map_err(|error| Failure::new(error.to_string()))?;
        // The size of the compiled pattern is the work it took to compile, and the work of each byte of the text.
        let work_per_byte = regex.work_per_byte();
        self.budget.work(work_per_byte.saturating_mul(1000 + text.len()))?;
        Ok(regex.is_match_bytes(text))
    }

    fn in_literals(&mut self, id: NodeId, of: NodeId, literals: &InLiterals) -> Evaluated {
        let value = self.value(of)?;
        let found = match (literals, &value) {
            (InLiterals::Integers(integers), Value::Int(value)) => integers.contains(value),
            (InLiterals::Integers(integers), Value::Nil) => integers.contains(&0),
            (InLiterals::Texts(texts), Value::Text(text)) => texts.contains(&**text),
            (InLiterals::Texts(texts), Value::Nil) => texts.contains(&b""[..]),
            (_, other) => {
                return self.fail(id, format!("{} cannot be looked up in these", other.type_name()));
            }
        };
        Ok(Value::Bool(found))
    }

    fn chain(&mut self, inner: NodeId) -> Evaluated {
        match self.value(inner) {
            Err(Stop::Nil) => Ok(Value::Nil),
            Ok(value) if value.is_nil() => Ok(Value::Nil),
            other => other,
        }
    }

    fn member(&mut self, id: NodeId, member: &Member) -> Evaluated {
        let of = self.value(member.of)?;
        if member.optional && of.is_nil() {
            return Err(Stop::Nil);
        }
        let property = self.value(member.property)?;
        self.at(id, operator::fetch(&of, &property))
    }

    fn slice(&mut self, id: NodeId, of: NodeId, from: Option<NodeId>, to: Option<NodeId>) -> Evaluated {
        let of = self.value(of)?;
        let to = to.map(|to| self.value(to)).transpose()?;
        let from = from.map(|from| self.value(from)).transpose()?;
        let result = operator::slice(&of, from.as_ref(), to.as_ref(), &mut self.budget);
        self.at(id, result)
    }

    fn call(&mut self, id: NodeId, callee: NodeId, arguments: &[NodeId]) -> Evaluated {
        let arguments = self.values(arguments)?;
        match self.tree.node(callee) {
            Node::Name(name) => {
                let is_variable = self.variables.iter().any(|(other, _)| other == name);
                match self.environment.get_function(name) {
                    Some(function) if !is_variable => {
                        self.work(id, 100)?;
                        self.at(id, function(&arguments))
                    }
                    _ => self.fail(id, format!("there is no function {name:?}")),
                }
            }
            Node::Member(member) => self.method(id, member, &arguments),
            _ => {
                self.value(callee)?;
                self.fail(id, "only functions and methods can be called")
            }
        }
    }

    fn method(&mut self, id: NodeId, member: &Member, arguments: &[Value]) -> Evaluated {
        let of = self.value(member.of)?;
        if member.optional && of.is_nil() {
            return Err(Stop::Nil);
        }
        let name = match self.tree.node(member.property) {
            Node::Literal(Value::Text(name)) => String::from_utf8_lossy(name),
            _ => return self.fail(id, "only functions and methods can be called"),
        };
        // Go calls a method of a known type with the very types; nil is none of them.
        let known = !self.tree.kind(member.of).is_unknown();
        if let ([Value::Nil], true) =
            (arguments, known && name != "Compare" && !matches!(of, Value::Timestamp(_)))
        {
            return self.fail(id, format!("{name} does not take nil"));
        }
        match method::call(&of, &name, arguments) {
            Some(result) => self.at(id, result),
            None => self.fail(id, format!("{} has no method {name:?}", of.type_name())),
        }
    }

    fn builtin(&mut self, id: NodeId, name: &str, arguments: &[NodeId]) -> Evaluated {
        if name == "sum!" {
            return self.add_up(id, arguments);
        }
        if builtin::predicate(name.trim_end_matches('!')).is_some() {
            return self.predicate(id, name, arguments);
        }
        let arguments = self.values(arguments)?;
        let result = builtin::call(name, &arguments, self.environment.clock(), &mut self.budget);
        self.at(id, result)
    }

    /// `a + (b + (c + ...))`.
    fn add_up(&mut self, id: NodeId, items: &[NodeId]) -> Evaluated {
        let mut values = self.values(items)?.into_iter().rev();
        let Some(mut sum) = values.next() else { return Ok(Value::Int(0)) };
        for value in values {
            let result = operator::apply(Binary::Add, &value, &sum, &mut self.budget);
            sum = self.at(id, result)?;
        }
        Ok(sum)
    }

    pub(crate) fn pointer(&self, id: NodeId, name: &str) -> Evaluated {
        match self.scopes.last() {
            Some(scope) => self.at(id, scope.pointer(name)),
            None => self.fail(id, "# is only known in a predicate"),
        }
    }

    fn declaration(&mut self, name: &Arc<str>, value: NodeId, body: NodeId) -> Evaluated {
        let value = self.value(value)?;
        self.variables.push((Arc::clone(name), value));
        let result = self.value(body);
        self.variables.pop();
        result
    }

    fn sequence(&mut self, nodes: &[NodeId]) -> Evaluated {
        let mut last = Value::Nil;
        for node in nodes {
            last = self.value(*node)?;
        }
        Ok(last)
    }

    fn list(&mut self, id: NodeId, items: &[NodeId]) -> Evaluated {
        let items = self.values(items)?;
        let result = self.budget.elements(items.len());
        self.at(id, result.and_then(|()| new_list(ElementType::Any, items)))
    }

    fn map(&mut self, id: NodeId, entries: &[NodeId]) -> Evaluated {
        let values = self.values(entries)?;
        let mut map = BTreeMap::new();
        // The first of equal keys wins: expr-lang fills maps from the back.
        for pair in values.chunks_exact(2).rev() {
            if let [Value::Text(key), value] = pair {
                map.insert(Key::Text(Arc::clone(key)), value.clone());
            } else {
                return self.fail(id, "the keys of a map are strings");
            }
        }
        let result = self.budget.elements(values.len() / 2);
        self.at(id, result.and_then(|()| new_map(MapKind::TextToAny, map)))
    }
}

// The functions that take a predicate.

/// What a predicate is asked about.
#[derive(Clone)]
enum Items {
    List(List),
    Bytes(Arc<[u8]>),
    /// A map has a length, but no elements in an order.
    Map(usize),
}

impl Items {
    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.items().len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Map(length) => *length,
        }
    }

    fn get(&self, index: usize) -> Result<Value, Failure> {
        let item = match self {
            Self::List(list) => list.items().get(index).cloned(),
            Self::Bytes(bytes) => bytes.get(index).map(|byte| Value::Int(i64::from(*byte))),
            Self::Map(_) => return Err(Failure::new("the elements of a map have no order")),
        };
        item.ok_or_else(|| Failure::new("there is no element"))
    }
}

/// What the pointers of a predicate stand for.
pub(crate) struct Scope {
    items: Items,
    index: usize,
    accumulator: Value,
}

impl Scope {
    /// `#`, `#index` or `#acc`.
    pub(crate) fn pointer(&self, name: &str) -> Result<Value, Failure> {
        match name {
            "index" => Ok(index_value(self.index)),
            "acc" => Ok(self.accumulator.clone()),
            _ => self.items.get(self.index),
        }
    }
}

fn index_value(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

impl Evaluator<'_> {
    /// Calls a function for each element of a list.
    pub(crate) fn predicate(&mut self, id: NodeId, name: &str, arguments: &[NodeId]) -> Evaluated {
        let (&collection, rest) = match arguments.split_first() {
            Some(split) => split,
            None => return self.fail(id, "not enough arguments"),
        };
        let items = match self.value(collection)? {
            Value::List(list) => Items::List(list),
            Value::Bytes(bytes) | Value::Text(bytes) => Items::Bytes(bytes),
            Value::Map(map) => Items::Map(map.entries().len()),
            other => return self.fail(id, format!("{name} takes a list, not {}", other.type_name())),
        };
        let argument = rest.get(1).copied();
        // The order of `sortBy` and the start of `reduce` are evaluated within the scope.
        self.scopes.push(Scope { items: items.clone(), index: 0, accumulator: Value::Nil });
        let result = self.in_scope(id, name, &items, rest.first().copied(), argument);
        self.scopes.pop();
        result
    }

    fn in_scope(
        &mut self,
        id: NodeId,
        name: &str,
        items: &Items,
        predicate: Option<NodeId>,
        argument: Option<NodeId>,
    ) -> Evaluated {
        match name {
            "all" => Ok(Value::Bool(self.find(id, items, predicate, false, false)?.is_none())),
            "none" => Ok(Value::Bool(self.find(id, items, predicate, true, false)?.is_none())),
            "any" => Ok(Value::Bool(self.find(id, items, predicate, true, false)?.is_some())),
            "find" | "findLast" | "find!" | "findLast!" => {
                let found = self.find(id, items, predicate, true, name.starts_with("findLast"))?;
                match found {
                    Some(index) => self.at(id, items.get(index)),
                    None if name.ends_with('!') => self.fail(id, "index out of range: nothing was found"),
                    None => Ok(Value::Nil),
                }
            }
            "findIndex" => Ok(self.find(id, items, predicate, true, false)?.map_or(Value::Nil, index_value)),
            "findLastIndex" => {
                Ok(self.find(id, items, predicate, true, true)?.map_or(Value::Nil, index_value))
            }
            "one" => Ok(Value::Bool(self.kept(id, items, predicate)?.len() == 1)),
            "count" => Ok(index_value(self.kept(id, items, predicate)?.len())),
            "filter" => {
                let kept =
                    self.kept(id, items, predicate)?.into_iter().map(|index| items.get(index)).collect();
                let kept = self.at(id, kept)?;
                self.computed_list(id, kept)
            }
            // What satisfies the predicate is mapped at once.
            "filter!" => {
                let mut mapped = Vec::new();
                for index in self.kept(id, items, predicate)? {
                    mapped.push(self.ask(id, index, argument)?);
                }
                self.computed_list(id, mapped)
            }
            "map" => {
                let mapped = self.each(id, items, predicate)?;
                self.computed_list(id, mapped)
            }
            "sum" => {
                let mut sum = Value::Int(0);
                for value in self.each(id, items, predicate)? {
                    let result = operator::apply(Binary::Add, &value, &sum, &mut self.budget);
                    sum = self.at(id, result)?;
                }
                Ok(sum)
            }
            "groupBy" => self.group_by(id, items, predicate),
            "sortBy" => self.sort_by(id, items, predicate, argument),
            "reduce" => self.reduce(id, items, predicate, argument),
            _ => self.fail(id, format!("unknown function {name}")),
        }
    }

    fn computed_list(&mut self, id: NodeId, items: Vec<Value>) -> Evaluated {
        let result = self.budget.elements(items.len());
        self.at(id, result.and_then(|()| new_list(ElementType::Any, items)))
    }

    /// The value of the predicate for an element; without a predicate the element itself.
    fn ask(&mut self, id: NodeId, index: usize, predicate: Option<NodeId>) -> Evaluated {
        self.work(id, 1)?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.index = index;
        }
        match predicate {
            Some(predicate) => self.value(predicate),
            None => self.pointer(id, ""),
        }
    }

    fn ask_truth(&mut self, id: NodeId, index: usize, predicate: Option<NodeId>) -> Result<bool, Stop> {
        let value = self.ask(id, index, predicate)?;
        self.at(id, operator::to_bool(&value))
    }

    /// The first or last element for which the predicate has the expected value.
    fn find(
        &mut self,
        id: NodeId,
        items: &Items,
        predicate: Option<NodeId>,
        expected: bool,
        backwards: bool,
    ) -> Result<Option<usize>, Stop> {
        let count = items.len();
        for step in 0..count {
            let index = if backwards { count - 1 - step } else { step };
            if self.ask_truth(id, index, predicate)? == expected {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The indices of the elements for which the predicate is true.
    fn kept(&mut self, id: NodeId, items: &Items, predicate: Option<NodeId>) -> Result<Vec<usize>, Stop> {
        let mut kept = Vec::new();
        for index in 0..items.len() {
            if self.ask_truth(id, index, predicate)? {
                kept.push(index);
            }
        }
        Ok(kept)
    }

    fn each(&mut self, id: NodeId, items: &Items, predicate: Option<NodeId>) -> Result<Vec<Value>, Stop> {
        (0..items.len()).map(|index| self.ask(id, index, predicate)).collect()
    }

    fn group_by(&mut self, id: NodeId, items: &Items, predicate: Option<NodeId>) -> Evaluated {
        let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for index in 0..items.len() {
            let key = self.ask(id, index, predicate)?;
            let key = self.at(id, operator::key(&key))?;
            let item = self.at(id, items.get(index))?;
            groups.entry(key).or_default().push(item);
        }
        let list = |(key, items)| Ok((key, new_list(ElementType::Any, items)?));
        let groups: Result<BTreeMap<Key, Value>, Failure> = groups.into_iter().map(list).collect();
        self.at(id, groups.and_then(|groups| new_map(MapKind::AnyToList, groups)))
    }

    fn sort_by(
        &mut self,
        id: NodeId,
        items: &Items,
        predicate: Option<NodeId>,
        order: Option<NodeId>,
    ) -> Evaluated {
        let descending = match order {
            None => false,
            Some(order) => match self.value(order)? {
                Value::Text(order) => self.at(id, is_descending(&order))?,
                _ => return self.fail(id, "the order is a string"),
            },
        };
        let keys = self.each(id, items, predicate)?;
        let pair = |(index, key)| Ok((key, items.get(index)?));
        let pairs = keys.into_iter().enumerate().map(pair).collect();
        let sorted = sort(self.at(id, pairs)?, descending, &mut self.budget);
        let sorted = self.at(id, sorted)?.into_iter().map(|(_, item)| item).collect();
        self.computed_list(id, sorted)
    }

    fn reduce(
        &mut self,
        id: NodeId,
        items: &Items,
        predicate: Option<NodeId>,
        start: Option<NodeId>,
    ) -> Evaluated {
        let (mut accumulator, first) = match start {
            Some(start) => (self.value(start)?, 0),
            None if items.len() == 0 => return self.fail(id, "reduce of an empty list without a start"),
            None => (self.at(id, items.get(0))?, 1),
        };
        for index in first..items.len() {
            if let Some(scope) = self.scopes.last_mut() {
                scope.accumulator = accumulator;
            }
            accumulator = self.ask(id, index, predicate)?;
        }
        Ok(accumulator)
    }
}
