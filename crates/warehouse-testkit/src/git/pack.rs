//! The numbers in a Git pack, for tests that write packs no Git would write.

/// The head of an entry: its type (1 commit, 2 tree, 3 blob, 4 tag, 6 and 7 deltas) and the size of its content in bytes.
///
/// ```
/// assert_eq!(warehouse_testkit::pack::entry_head(3, 5), [0x35]);
/// assert_eq!(warehouse_testkit::pack::entry_head(1, 300), [0x9c, 0x12]);
/// ```
pub fn entry_head(kind: u8, size: usize) -> Vec<u8> {
    let mut head = vec![kind << 4 | (size & 15) as u8];
    let mut rest = size >> 4;
    while rest > 0 {
        *head.last_mut().unwrap_or(&mut 0) |= 128;
        head.push((rest & 127) as u8);
        rest >>= 7;
    }
    head
}

/// A size in a delta: that of the base, or of the result.
///
/// ```
/// assert_eq!(warehouse_testkit::pack::delta_size(127), [0x7f]);
/// assert_eq!(warehouse_testkit::pack::delta_size(300), [0xac, 0x02]);
/// ```
pub fn delta_size(mut size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let is_last = size < 128;
        bytes.push((size & 127) as u8 | u8::from(!is_last) << 7);
        size >>= 7;
        if is_last {
            return bytes;
        }
    }
}

/// How many bytes before a delta its base begins.
///
/// ```
/// assert_eq!(warehouse_testkit::pack::base_distance(127), [0x7f]);
/// assert_eq!(warehouse_testkit::pack::base_distance(128), [0x80, 0x00]);
/// ```
pub fn base_distance(mut distance: usize) -> Vec<u8> {
    let mut bytes = vec![(distance & 127) as u8];
    distance >>= 7;
    while distance > 0 {
        distance -= 1;
        bytes.insert(0, 128 | (distance & 127) as u8);
        distance >>= 7;
    }
    bytes
}
