//! Where the parts of a pattern begin and end, and which patterns are well-formed.

/// Whether `pattern` is well-formed: every class and every alternation closed, no class empty,
/// nothing left to escape at the end.
pub(crate) fn is_valid(pattern: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(&byte) = pattern.get(index) {
        match byte {
            b'\\' => {
                index += 1;
                if index >= pattern.len() {
                    return false;
                }
            }
            b'[' => match class_end(pattern, index) {
                Some(end) => index = end,
                None => return false,
            },
            b'{' => depth += 1,
            b'}' => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            _ => {}
        }
        index += 1;
    }
    depth == 0
}

/// The index of the `]` that closes the class opened at `open`; `None` if the class is empty or
/// never closed.
pub(crate) fn class_end(pattern: &[u8], open: usize) -> Option<usize> {
    let mut index = open + 1;
    if matches!(pattern.get(index), Some(b'^' | b'!')) {
        index += 1;
    }
    if pattern.get(index) == Some(&b']') {
        return None;
    }
    find_unescaped(pattern, index, b']')
}

/// The first `wanted` at or after `from` that no backslash precedes.
pub(crate) fn find_unescaped(pattern: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let mut index = from;
    while let Some(&byte) = pattern.get(index) {
        if byte == b'\\' {
            index += 1;
        } else if byte == wanted {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// The `}` that belongs to the `{` just before `from`.
///
/// Classes are not looked into: `{[}],a}` ends at its first `}`. Doublestar's matcher reads it so,
/// although its validator skips classes.
pub(crate) fn alternation_end(pattern: &[u8], from: usize) -> Option<usize> {
    let mut depth = 1_usize;
    let mut index = from;
    while let Some(&byte) = pattern.get(index) {
        match byte {
            b'\\' => index += 1,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
        index += 1;
    }
    None
}

/// The end of the alternative that begins at `from`: its comma, or `close` for the last one.
pub(crate) fn alternative_end(pattern: &[u8], from: usize, close: usize) -> usize {
    let mut depth = 1_i64;
    let mut index = from;
    while index < close {
        match pattern[index] {
            b'\\' => index += 1,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 1 => return index,
            _ => {}
        }
        index += 1;
    }
    close
}
