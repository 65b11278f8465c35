//! Type checks of expressions, as far as types are known.

use std::sync::Arc;

use go_compat::GoRegex;

use crate::builtin;
use crate::environment::{Signature, Signatures};
use crate::error::CompileError;
use crate::kind::{Kind, MapKind, Shape};
use crate::method;
use crate::syntax::{Binary, Member, Node, NodeId, Tree, Unary};
use crate::value::{ElementType, Value};

/// How large the patterns of one expression may be together, in the measure of [`GoRegex::work_per_byte`].
const MAX_PATTERN_WORK: usize = 16 << 10;

/// Checks a tree with the kinds of these variables, and nothing known about others; notes the kinds of its nodes, and gives that of the whole.
pub(crate) fn check(
    tree: &mut Tree,
    root: NodeId,
    signatures: &Signatures,
    known: &[(&str, Kind)],
) -> Result<Kind, CompileError> {
    // Patterns and pointers are looked at even where kinds are not.
    let mut compiling = MAX_PATTERN_WORK;
    for id in tree.ids() {
        if let Node::Pointer(name) = tree.node(id)
            && !matches!(&**name, "" | "index" | "acc")
        {
            return Err(CompileError::at(tree.position(id), format!("#{name} is not known")));
        }
        if let Node::Binary(Binary::Matches, _, right) = *tree.node(id)
            && let Node::Literal(Value::Text(pattern)) = tree.node(right)
        {
            let position = tree.position(right);
            let work = regex(pattern, position)?.work_per_byte();
            compiling = compiling.checked_sub(work).ok_or_else(|| {
                CompileError::at(position, "the patterns of the expression are too large together")
            })?;
        }
    }
    Checker { tree, signatures, known, variables: Vec::new(), scopes: Vec::new() }.visit(root)
}

/// Compiles a literal pattern.
pub(crate) fn regex(pattern: &[u8], position: usize) -> Result<GoRegex, CompileError> {
    let pattern =
        std::str::from_utf8(pattern).map_err(|_| CompileError::at(position, "the pattern is not UTF-8"))?;
    GoRegex::new(pattern).map_err(|error| CompileError::at(position, error.to_string()))
}

struct Checker<'t> {
    tree: &'t mut Tree,
    signatures: &'t Signatures,
    known: &'t [(&'t str, Kind)],
    variables: Vec<(Arc<str>, Kind)>,
    /// What `#` is in the predicates around, and which of `#index` and `#acc` there are.
    scopes: Vec<Scope>,
}

struct Scope {
    collection: Kind,
    index: bool,
    accumulator: bool,
}

type Checked = Result<Kind, CompileError>;

impl Checker<'_> {
    fn error(&self, id: NodeId, message: impl Into<String>) -> CompileError {
        CompileError::at(self.tree.position(id), message)
    }

    /// The kind of a collection as evaluation takes it: where Kargo knows nothing of a variable, a text is a list of its bytes.
    fn collection(&self, kind: Kind) -> Kind {
        match kind {
            Kind::Text if !self.known.is_empty() => Kind::Unknown,
            kind => kind,
        }
    }

    fn visit(&mut self, id: NodeId) -> Checked {
        let kind = match self.tree.node(id) {
            Node::Literal(value) => literal(value),
            Node::Name(name) => {
                let name = Arc::clone(name);
                self.name(&name)
            }
            Node::Unary(operator, operand) => self.unary(id, *operator, *operand)?,
            Node::Binary(..) => return self.binaries(id),
            Node::Matches(of, _) | Node::InLiterals(of, _) => {
                self.visit(*of)?;
                Kind::Bool
            }
            Node::Chain(inner) => self.visit(*inner)?,
            Node::Member(member) => {
                let member = member.clone();
                self.member(id, &member)?
            }
            Node::Slice { of, from, to } => self.slice(id, *of, [*from, *to])?,
            Node::Call { callee, arguments } => {
                let (callee, arguments) = (*callee, arguments.clone());
                self.call(id, callee, &arguments)?
            }
            Node::Builtin { name, arguments } => {
                let (name, arguments) = (*name, arguments.clone());
                self.builtin(id, name, &arguments)?
            }
            Node::Pointer(name) => self.pointer(id, &Arc::clone(name))?,
            Node::Let { name, value, body } => {
                let (name, value, body) = (Arc::clone(name), *value, *body);
                self.declaration(id, name, value, body)?
            }
            Node::Sequence(nodes) => {
                let mut last = Kind::Unknown;
                for node in nodes.clone() {
                    last = self.visit(node)?;
                }
                last
            }
            Node::Conditional { condition, then, otherwise } => {
                self.conditional(*condition, *then, *otherwise)?
            }
            Node::Array(items) => {
                let items = items.clone();
                self.list(&items)?
            }
            Node::Map(entries) => {
                for entry in entries.clone() {
                    self.visit(entry)?;
                }
                Kind::Map(MapKind::TextToAny)
            }
        };
        self.tree.set_kind(id, kind.clone());
        Ok(kind)
    }

    fn name(&self, name: &str) -> Kind {
        if let Some((_, kind)) = self.variables.iter().rev().find(|(other, _)| **other == *name) {
            return kind.clone();
        }
        if self.signatures.get(name).is_some() || builtin::exists(name) {
            return Kind::Function;
        }
        self.known.iter().find(|(known, _)| *known == name).map_or(Kind::Unknown, |(_, kind)| kind.clone())
    }

    fn unary(&mut self, id: NodeId, operator: Unary, operand: NodeId) -> Checked {
        let kind = self.visit(operand)?;
        match operator {
            Unary::Not if kind.may_be_bool() => Ok(Kind::Bool),
            Unary::Minus | Unary::Plus if kind.is_number() => Ok(kind),
            Unary::Minus | Unary::Plus if kind.is_unknown() => Ok(Kind::Unknown),
            Unary::Not => Err(self.error(id, format!("! {kind} is not possible"))),
            Unary::Minus => Err(self.error(id, format!("- {kind} is not possible"))),
            Unary::Plus => Err(self.error(id, format!("+ {kind} is not possible"))),
        }
    }

    /// Walks up from the leftmost operand of a chain of operators.
    fn binaries(&mut self, id: NodeId) -> Checked {
        let mut chain = Vec::new();
        let mut leftmost = id;
        while let Node::Binary(operator, left, right) = *self.tree.node(leftmost) {
            chain.push((leftmost, operator, right));
            leftmost = left;
        }
        let mut left = self.visit(leftmost)?;
        while let Some((id, operator, right)) = chain.pop() {
            let right = self.visit(right)?;
            left = binary(operator, &left, &right).ok_or_else(|| {
                self.error(id, format!("{left} {} {right} is not possible", operator.symbol()))
            })?;
            self.tree.set_kind(id, left.clone());
        }
        Ok(left)
    }

    fn member(&mut self, id: NodeId, member: &Member) -> Checked {
        if matches!(self.tree.node(member.of), Node::Name(name) if **name == *"$env") {
            return Ok(Kind::Unknown);
        }
        let base = self.visit(member.of)?;
        let property = self.visit(member.property)?;
        if base.is_unknown() {
            return Ok(Kind::Unknown);
        }
        let name = match self.tree.node(member.property) {
            Node::Literal(Value::Text(name)) => Some(String::from_utf8_lossy(name).into_owned()),
            _ => None,
        };
        if let Some(name) = &name
            && method::signature(&base, name).is_some()
        {
            return Ok(Kind::Function);
        }
        let missing = match &name {
            Some(name) => format!("{base} has no {name:?}"),
            None => format!("{base}[{property}] is not possible"),
        };
        match (&base, &name) {
            (Kind::Map(map), _) if fits_key(*map, &property) || property.is_unknown() => Ok(base.element()),
            (_, _) if base.is_list() && (property.is_integer() || property.is_unknown()) => {
                Ok(base.element())
            }
            (Kind::Record(record), Some(name)) => match record.field(name) {
                Some(kind) => Ok(kind.clone()),
                None => {
                    let names: Vec<&str> = record.fields.iter().map(|(name, _)| *name).collect();
                    let error = self.error(id, format!("{missing}, only {}", names.join(", ")));
                    Err(error.with_unknown(name, names))
                }
            },
            (Kind::Timestamp, Some(name)) if name == "Time" => Ok(Kind::Time),
            (Kind::Text, None) if property.is_integer() => match self.collection(base.clone()) {
                Kind::Unknown => Ok(Kind::Unknown),
                _ => Err(self.error(id, missing)),
            },
            _ => Err(self.error(id, missing)),
        }
    }

    fn slice(&mut self, id: NodeId, of: NodeId, bounds: [Option<NodeId>; 2]) -> Checked {
        let kind = self.visit(of)?;
        if kind.is_unknown() {
            return Ok(Kind::Unknown);
        }
        if !matches!(kind.shape(), Shape::Text | Shape::Slice) {
            return Err(self.error(id, format!("{kind} cannot be sliced")));
        }
        for bound in bounds.into_iter().flatten() {
            let bound_kind = self.visit(bound)?;
            if !bound_kind.is_integer() && !bound_kind.is_unknown() {
                return Err(self.error(bound, format!("{bound_kind} is not an index")));
            }
        }
        Ok(kind)
    }

    fn call(&mut self, id: NodeId, callee: NodeId, arguments: &[NodeId]) -> Checked {
        if let Node::Name(name) = self.tree.node(callee) {
            let name = Arc::clone(name);
            if &*name == "$env" {
                return Err(self.error(id, "$env is not a function"));
            }
            let is_variable = self.variables.iter().any(|(other, _)| *other == name);
            if let (false, Some(overloads)) = (is_variable, self.signatures.get(&name)) {
                let overloads = overloads.to_vec();
                return self.overloaded(id, &name, &overloads, arguments);
            }
        }
        let kind = self.visit(callee)?;
        if kind.is_unknown() {
            return Ok(Kind::Unknown);
        }
        let method = match self.tree.node(callee) {
            Node::Member(member) => match self.tree.node(member.property) {
                Node::Literal(Value::Text(name)) if kind == Kind::Function => {
                    method::signature(self.tree.kind(member.of), &String::from_utf8_lossy(name))
                }
                _ => None,
            },
            _ => None,
        };
        let Some(method) = method else {
            return Err(self.error(id, format!("{kind} is not a function")));
        };
        // Where nothing is known, the first value counts.
        if method.unusable && self.known.is_empty() {
            return Err(self.error(id, "the method returns too many values"));
        }
        let signature = Signature { parameters: method.parameters.to_vec(), result: method.result };
        self.overloaded(id, "the method", &[signature], arguments)
    }

    fn overloaded(
        &mut self,
        id: NodeId,
        name: &str,
        overloads: &[Signature],
        arguments: &[NodeId],
    ) -> Checked {
        let mut kinds = Vec::with_capacity(arguments.len());
        for argument in arguments {
            kinds.push(self.visit(*argument)?);
        }
        let fits = |signature: &&Signature| {
            signature.parameters.len() == kinds.len()
                && signature.parameters.iter().zip(&kinds).all(|(parameter, kind)| takes(parameter, kind))
        };
        match overloads.iter().find(fits) {
            Some(signature) => Ok(signature.result.clone()),
            None => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                Err(self.error(id, format!("{name} cannot be called with ({})", kinds.join(", "))))
            }
        }
    }

    fn builtin(&mut self, id: NodeId, name: &'static str, arguments: &[NodeId]) -> Checked {
        if builtin::predicate(name).is_some() {
            return self.predicate_call(id, name, arguments);
        }
        if name == "get" {
            return self.get(id, arguments);
        }
        let takes_bytes = matches!(name, "first" | "last" | "sort");
        let mut kinds = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let kind = self.visit(*argument)?;
            kinds.push(if takes_bytes { self.collection(kind) } else { kind });
        }
        builtin::check(name, &kinds).map_err(|message| self.error(id, message))
    }

    fn get(&mut self, id: NodeId, arguments: &[NodeId]) -> Checked {
        let [of, property] = *arguments else {
            return Err(self.error(id, "get takes two arguments"));
        };
        let base = self.visit(of)?;
        let base = self.collection(base);
        let property = self.visit(property)?;
        match &base {
            Kind::Time if !self.known.is_empty() => Ok(Kind::Unknown),
            _ if base.is_unknown() => Ok(Kind::Unknown),
            Kind::Map(map) if fits_key(*map, &property) || property.is_unknown() => Ok(base.element()),
            _ if base.is_list() && (property.is_integer() || property.is_unknown()) => Ok(base.element()),
            _ => Err(self.error(id, format!("get({base}, {property}) is not possible"))),
        }
    }

    /// Functions that take a predicate.
    fn predicate_call(&mut self, id: NodeId, name: &str, arguments: &[NodeId]) -> Checked {
        let [collection_id, rest @ ..] = arguments else {
            return Err(self.error(id, format!("{name} takes a list")));
        };
        let collection = self.visit(*collection_id)?;
        let collection = self.collection(collection);
        if !collection.is_list() && !collection.is_unknown() {
            return Err(self.error(*collection_id, format!("{name} takes a list, not {collection}")));
        }
        let Some((&predicate_id, rest)) = rest.split_first() else {
            return Ok(match name {
                "count" => Kind::Int,
                _ if collection.is_unknown() => Kind::Unknown,
                _ => collection.element(),
            });
        };
        self.scopes.push(Scope {
            collection: collection.clone(),
            index: matches!(name, "map" | "reduce"),
            accumulator: name == "reduce",
        });
        let predicate = self.visit(predicate_id);
        self.scopes.pop();
        let predicate = predicate?;
        for argument in rest {
            let kind = self.visit(*argument)?;
            if name == "sortBy" && kind != Kind::Text && !kind.is_unknown() {
                return Err(self.error(*argument, format!("the order is a string, not {kind}")));
            }
        }
        if predicate == Kind::Nil {
            return Err(self.error(predicate_id, "the predicate is always nil"));
        }
        let wants_bool = !matches!(name, "map" | "sum" | "groupBy" | "sortBy" | "reduce");
        if wants_bool && !predicate.may_be_bool() {
            return Err(
                self.error(predicate_id, format!("the predicate gives {predicate}, not true or false"))
            );
        }
        let element = || if collection.is_unknown() { Kind::Unknown } else { collection.element() };
        Ok(match name {
            "all" | "none" | "any" | "one" => Kind::Bool,
            "filter" if collection.is_unknown() => Kind::any_list(),
            "filter" => Kind::list_of(element()),
            "map" => Kind::list_of(predicate),
            "count" | "findIndex" | "findLastIndex" => Kind::Int,
            "sum" if predicate.is_unknown() => Kind::Any,
            "sum" | "reduce" => predicate,
            "groupBy" => Kind::Map(MapKind::AnyToList),
            "sortBy" => collection,
            _ => element(),
        })
    }

    fn pointer(&self, id: NodeId, name: &str) -> Checked {
        let Some(scope) = self.scopes.last() else {
            return Err(self.error(id, "# is only known in a predicate"));
        };
        match name {
            "" if scope.collection.is_unknown() => Ok(Kind::Unknown),
            "" => Ok(scope.collection.element()),
            "index" if scope.index => Ok(Kind::Int),
            "acc" if scope.accumulator => Ok(Kind::Unknown),
            _ => Err(self.error(id, format!("#{name} is not known here"))),
        }
    }

    fn declaration(&mut self, id: NodeId, name: Arc<str>, value: NodeId, body: NodeId) -> Checked {
        let known = self.variables.iter().any(|(other, _)| *other == name);
        if known || builtin::exists(&name) || self.signatures.get(&name).is_some() {
            return Err(self.error(id, format!("{name} is declared already")));
        }
        let kind = self.visit(value)?;
        self.variables.push((name, kind));
        let body = self.visit(body);
        self.variables.pop();
        body
    }

    fn conditional(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Checked {
        let kind = self.visit(condition)?;
        if !kind.may_be_bool() {
            return Err(self.error(condition, format!("a condition is true or false, not {kind}")));
        }
        let then = self.visit(then)?;
        let otherwise = self.visit(otherwise)?;
        Ok(match (&then, &otherwise) {
            (Kind::Nil, _) => otherwise,
            (_, Kind::Nil) => then,
            (Kind::List(one), Kind::List(other)) => {
                if one.is_assignable_to(other) && other.is_assignable_to(one) {
                    then
                } else {
                    Kind::any_list()
                }
            }
            _ if then.is_assignable_to(&otherwise) => then,
            _ => Kind::Unknown,
        })
    }

    fn list(&mut self, items: &[NodeId]) -> Checked {
        let mut previous: Option<Kind> = None;
        let mut same = true;
        for item in items {
            let kind = self.visit(*item)?;
            same &= previous.is_none_or(|previous| previous.shape() == kind.shape());
            previous = Some(kind);
        }
        Ok(if same { Kind::list_of(previous.unwrap_or(Kind::Unknown)) } else { Kind::any_list() })
    }
}

/// The kind of a value that an expression contains.
fn literal(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) => Kind::Int,
        Value::Float(_) => Kind::Float,
        Value::Text(_) => Kind::Text,
        Value::Bytes(_) => Kind::Bytes,
        Value::List(list) if list.element() == ElementType::Text => Kind::Texts,
        Value::List(_) => Kind::any_list(),
        _ => Kind::Nil,
    }
}

/// Whether a parameter takes an argument; whole numbers go where Go has other integers.
fn takes(parameter: &Kind, argument: &Kind) -> bool {
    match argument {
        Kind::Nil => matches!(parameter.shape(), Shape::Pointer | Shape::Interface),
        _ => {
            argument.is_unknown()
                || argument.is_assignable_to(parameter)
                || parameter.is_integer() && argument.is_integer()
        }
    }
}

fn fits_key(map: MapKind, kind: &Kind) -> bool {
    match map {
        MapKind::TextToAny | MapKind::TextToText => *kind == Kind::Text,
        MapKind::AnyToAny | MapKind::AnyToList => *kind != Kind::Unknown,
    }
}

// The kinds that operators give.

/// The kind that an operator gives; `None` if it cannot be applied.
pub(crate) fn binary(operator: Binary, left: &Kind, right: &Kind) -> Option<Kind> {
    use Kind::{Bool, Duration, Float, Int, SizedInt, Text, Time};
    let numbers = left.is_number() && right.is_number();
    let may_fit = |kinds: &[Kind]| left.may_fit(right, |kind| kinds.contains(kind));
    let promoted = || if *left == Float || *right == Float { Float } else { Int };
    match operator {
        Binary::Equal | Binary::Unequal => left.is_comparable_to(right).then_some(Bool),
        Binary::Or | Binary::And => (*left == Bool && *right == Bool || may_fit(&[Bool])).then_some(Bool),
        Binary::Less | Binary::More | Binary::LessOrEqual | Binary::MoreOrEqual => {
            let same = left == right && matches!(left, Text | Time | Duration);
            (numbers || same || may_fit(&[Int, SizedInt, Float, Text, Time, Duration])).then_some(Bool)
        }
        Binary::Add => match (left, right) {
            _ if numbers => Some(promoted()),
            (Text, Text) => Some(Text),
            (Time, Duration) | (Duration, Time) => Some(Time),
            (Duration, Duration) => Some(Duration),
            _ => may_fit(&[Int, SizedInt, Float, Text, Time, Duration]).then_some(Kind::Unknown),
        },
        Binary::Subtract => match (left, right) {
            _ if numbers => Some(promoted()),
            (Time, Time) | (Duration, Duration) => Some(Duration),
            (Time, Duration) => Some(Time),
            _ => may_fit(&[Int, SizedInt, Float, Time, Duration]).then_some(Kind::Unknown),
        },
        Binary::Multiply => match (left, right) {
            _ if numbers => Some(promoted()),
            (Duration, Duration) => Some(Duration),
            (Duration, _) if right.is_number() => Some(Duration),
            (_, Duration) if left.is_number() => Some(Duration),
            _ => may_fit(&[Int, SizedInt, Float, Duration]).then_some(Kind::Unknown),
        },
        Binary::Divide | Binary::Power => (numbers || may_fit(&[Int, SizedInt, Float])).then_some(Float),
        Binary::Modulo => {
            let whole = left.is_integer() && right.is_integer();
            (whole || may_fit(&[Int, SizedInt])).then_some(Int)
        }
        Binary::Range => {
            let whole = left.is_integer() && right.is_integer();
            (whole || may_fit(&[Int, SizedInt])).then(|| Kind::list_of(Int))
        }
        Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            (*left == Text && *right == Text || may_fit(&[Text])).then_some(Bool)
        }
        Binary::Matches => {
            let texts = matches!(left, Text | Kind::Bytes) && *right == Text;
            (texts || may_fit(&[Text])).then_some(Bool)
        }
        Binary::In => membership(left, right).then_some(Bool),
        Binary::Coalesce => Some(match (left, right) {
            (Kind::Nil, _) => right.clone(),
            (_, Kind::Nil) => left.clone(),
            _ if right.is_assignable_to(left) => left.clone(),
            _ => Kind::Unknown,
        }),
    }
}

fn membership(left: &Kind, right: &Kind) -> bool {
    match right {
        _ if right.is_unknown() => true,
        Kind::Map(MapKind::TextToAny | MapKind::TextToText) => left.is_unknown() || *left == Kind::Text,
        Kind::Map(_) => true,
        _ if right.is_list() => left.is_comparable_to(&right.element()),
        Kind::Time | Kind::Record(_) | Kind::Timestamp => left.is_unknown() || *left == Kind::Text,
        Kind::Text => left.is_unknown(),
        _ => false,
    }
}
