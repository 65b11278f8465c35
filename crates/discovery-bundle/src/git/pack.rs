//! Packs: read into objects, and written of them.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha1::{Digest, Sha1};

use super::object::{Kind, Object, ObjectId};

/// The most bytes that the objects of a pack have together.
const MAX_BYTES: usize = 256 << 20;

/// The most objects of a pack.
const MAX_OBJECTS: u32 = 1_000_000;

/// The objects of a pack, by their ids. `None` if it is damaged, is larger than the limits, or needs an object that is not in it and not among `known`.
pub(crate) fn read(pack: &[u8], known: &HashMap<ObjectId, Object>) -> Option<HashMap<ObjectId, Object>> {
    let (header, mut rest) = pack.split_at_checked(12)?;
    if header.get(..8)? != b"PACK\0\0\0\x02" {
        return None;
    }
    let count = u32::from_be_bytes(header.get(8..)?.try_into().ok()?);
    if count > MAX_OBJECTS {
        return None;
    }
    let mut objects = HashMap::new();
    // By the place in the pack, for deltas that say how far before them their base is.
    let mut places: HashMap<usize, ObjectId> = HashMap::new();
    let mut room = MAX_BYTES;
    for _ in 0..count {
        let place = pack.len() - rest.len();
        let (kind, size) = entry_header(&mut rest)?;
        let base = match kind {
            6 => Some(*places.get(&place.checked_sub(offset(&mut rest)?)?)?),
            7 => {
                let (id, after) = rest.split_at_checked(20)?;
                rest = after;
                Some(ObjectId::from_bytes(id)?)
            }
            _ => None,
        };
        let data = inflate(&mut rest, size, &mut room)?;
        let object = match base {
            Some(base) => {
                let base: &Object = objects.get(&base).or_else(|| known.get(&base))?;
                Object { kind: base.kind, data: apply_delta(&base.data, &data, &mut room)? }
            }
            None => Object { kind: Kind::of_pack(kind)?, data },
        };
        let id = object.id();
        places.insert(place, id);
        objects.insert(id, object);
    }
    Some(objects)
}

/// The type and the size of an entry.
fn entry_header(rest: &mut &[u8]) -> Option<(u8, usize)> {
    let first = byte(rest)?;
    let (mut size, mut shift, mut last) = (usize::from(first & 0x0f), 4_u32, first);
    while last & 0x80 != 0 {
        last = byte(rest)?;
        size |= usize::from(last & 0x7f).checked_shl(shift)?;
        shift += 7;
    }
    (shift < 64 && size <= MAX_BYTES).then_some(((first >> 4) & 7, size))
}

/// How far before a delta its base is.
fn offset(rest: &mut &[u8]) -> Option<usize> {
    let mut last = byte(rest)?;
    let mut offset = usize::from(last & 0x7f);
    while last & 0x80 != 0 {
        last = byte(rest)?;
        offset = offset.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(last & 0x7f))?;
    }
    Some(offset)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

fn take(size: usize, room: &mut usize) -> Option<()> {
    *room = room.checked_sub(size)?;
    Some(())
}

fn inflate(rest: &mut &[u8], size: usize, room: &mut usize) -> Option<Vec<u8>> {
    take(size, room)?;
    let mut data = Vec::new();
    let mut decoder = ZlibDecoder::new(*rest);
    // One byte more than the size shows that there is more.
    decoder.by_ref().take(size as u64 + 1).read_to_end(&mut data).ok()?;
    let read = usize::try_from(decoder.total_in()).ok()?;
    *rest = rest.get(read..)?;
    (data.len() == size).then_some(data)
}

/// The object that a delta makes of its base.
fn apply_delta(base: &[u8], mut delta: &[u8], room: &mut usize) -> Option<Vec<u8>> {
    let base_size = delta_size(&mut delta)?;
    let size = delta_size(&mut delta)?;
    if base_size != base.len() {
        return None;
    }
    take(size, room)?;
    let mut data = Vec::new();
    while !delta.is_empty() {
        let instruction = byte(&mut delta)?;
        let piece = match instruction {
            0 => return None,
            1..=0x7f => {
                let (piece, after) = delta.split_at_checked(usize::from(instruction))?;
                delta = after;
                piece
            }
            _ => {
                let mut number = |bits: std::ops::Range<u32>| -> Option<usize> {
                    let mut number = 0;
                    for (position, bit) in bits.enumerate() {
                        if instruction & (1 << bit) != 0 {
                            number |= usize::from(byte(&mut delta)?) << (8 * position);
                        }
                    }
                    Some(number)
                };
                let (start, length) = (number(0..4)?, number(4..7)?);
                let length = if length == 0 { 0x10000 } else { length };
                base.get(start..start.checked_add(length)?)?
            }
        };
        if data.len() + piece.len() > size {
            return None;
        }
        data.extend_from_slice(piece);
    }
    (data.len() == size).then_some(data)
}

fn delta_size(delta: &mut &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0_usize, 0_u32);
    loop {
        let last = byte(delta)?;
        size |= usize::from(last & 0x7f).checked_shl(shift)?;
        shift += 7;
        if last & 0x80 == 0 {
            return (shift < 64 && size <= MAX_BYTES).then_some(size);
        }
    }
}

/// A pack of these objects, without deltas.
pub(crate) fn write<'a>(objects: impl ExactSizeIterator<Item = &'a Object>) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend_from_slice(&u32::try_from(objects.len()).unwrap_or(u32::MAX).to_be_bytes());
    for object in objects {
        let mut size = object.data.len();
        let mut next = (object.kind.in_pack() << 4) | (size & 0x0f) as u8;
        size >>= 4;
        while size > 0 {
            pack.push(next | 0x80);
            next = (size & 0x7f) as u8;
            size >>= 7;
        }
        pack.push(next);
        let mut encoder = ZlibEncoder::new(&mut pack, Compression::fast());
        // Writing to memory does not fail.
        let _ = encoder.write_all(&object.data);
        let _ = encoder.finish();
    }
    let trailer = Sha1::digest(&pack);
    pack.extend_from_slice(&trailer);
    pack
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn objects() -> impl Strategy<Value = Vec<Object>> {
        let object = (0..4_u8, prop::collection::vec(any::<u8>(), 0..5000))
            .prop_map(|(kind, data)| Object { kind: Kind::of_pack(kind + 1).unwrap(), data });
        prop::collection::vec(object, 0..5)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(objects in objects()) {
            let pack = write(objects.iter());
            let read = read(&pack, &HashMap::new()).unwrap();
            for object in &objects {
                prop_assert_eq!(read.get(&object.id()), Some(object));
            }
        }

        #[test]
        fn damage_is_no_panic(objects in objects(), at: prop::sample::Index, with: u8, cut: prop::sample::Index) {
            let mut pack = write(objects.iter());
            let at = at.index(pack.len());
            pack[at] = with;
            let _ = read(&pack, &HashMap::new());
            pack.truncate(cut.index(pack.len()));
            let _ = read(&pack, &HashMap::new());
        }

        #[test]
        fn any_delta_is_no_panic(base: Vec<u8>, delta: Vec<u8>) {
            let _ = apply_delta(&base, &delta, &mut 1000);
        }
    }

    #[test]
    fn deltas() {
        let base = b"0123456789";
        // Copy 4 bytes from 2, insert "ab", copy 1 byte from 0.
        let delta = [10, 7, 0b1001_0001, 2, 4, 2, b'a', b'b', 0b1001_0000, 1];
        assert_eq!(apply_delta(base, &delta, &mut 100).as_deref(), Some(&b"2345ab0"[..]));
        for wrong in [&[9, 7, 1, 0][..], &[10, 7, 0], &[10, 1, 2, 1, 2], &[10, 9, 0b1001_0001, 9, 4], &[10]] {
            assert_eq!(apply_delta(base, wrong, &mut 100), None, "{wrong:?}");
        }
        assert_eq!(apply_delta(base, &delta, &mut 6), None, "more than the limit");
    }
}
