//! The functions that take a predicate.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builtin::is_descending;
use super::error::Failure;
use super::evaluate::{Evaluated, Evaluator, Stop};
use super::kind::MapKind;
use super::operator::{self, new_list, new_map};
use super::sort::sort;
use super::syntax::{Binary, NodeId};
use super::value::{ElementType, Key, List, Value};

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
pub(super) struct Scope {
    items: Items,
    index: usize,
    accumulator: Value,
}

impl Scope {
    /// `#`, `#index` or `#acc`.
    pub(super) fn pointer(&self, name: &str) -> Result<Value, Failure> {
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
    pub(super) fn predicate(&mut self, id: NodeId, name: &str, arguments: &[NodeId]) -> Evaluated {
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
            // What passes the predicate is mapped at once.
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

    /// The first or last element for which the predicate has the wanted value.
    fn find(
        &mut self,
        id: NodeId,
        items: &Items,
        predicate: Option<NodeId>,
        wanted: bool,
        backwards: bool,
    ) -> Result<Option<usize>, Stop> {
        let count = items.len();
        for step in 0..count {
            let index = if backwards { count - 1 - step } else { step };
            if self.ask_truth(id, index, predicate)? == wanted {
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
