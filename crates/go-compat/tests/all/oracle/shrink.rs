//! Making a question smaller while it keeps its two answers.

use serde_json::Value;

/// How often at most a smaller question is tried.
const TRIES: usize = 3000;

/// The smallest question found for which `differs` holds, as it does for `question`.
pub fn shrink(question: &Value, mut differs: impl FnMut(&Value) -> bool) -> Value {
    let mut smallest = question.clone();
    let mut tries = 0;
    while let Some(smaller) = smaller(&smallest).into_iter().find(|candidate| {
        tries += 1;
        tries <= TRIES && differs(candidate)
    }) {
        smallest = smaller;
    }
    smallest
}

/// The same value with one text or list within it made smaller in one way, boldest first.
fn smaller(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let characters: Vec<char> = text.chars().collect();
            without_chunks(&characters).map(|rest| rest.iter().collect::<String>().into()).collect()
        }
        Value::Array(list) => {
            let fewer = without_chunks(list).map(Value::from);
            let within = list.iter().enumerate().flat_map(|(index, item)| {
                smaller(item).into_iter().map(move |item| {
                    let mut list = list.clone();
                    list[index] = item;
                    Value::from(list)
                })
            });
            fewer.chain(within).collect()
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "ask")
            .flat_map(|(name, field)| {
                smaller(field).into_iter().map(|field| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), field);
                    Value::from(fields)
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// `items` without one half, one quarter, and so on down to one item.
fn without_chunks<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    let lengths = std::iter::successors(Some(items.len()), |length| Some(length / 2));
    lengths.take_while(|length| *length > 0).flat_map(move |length| {
        (0..items.len()).step_by(length).map(move |start| {
            let end = items.len().min(start + length);
            [&items[..start], &items[end..]].concat()
        })
    })
}
