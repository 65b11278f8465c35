//! Commits, trees and tags, and what they point at.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// The id of an object: the SHA-1 of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId([u8; 20]);

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// An object.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
}

impl ObjectId {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 40 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 20];
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(position * 2..position * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Kind {
    /// The kind of this number in a pack.
    pub(crate) fn of_pack(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Commit),
            2 => Some(Self::Tree),
            3 => Some(Self::Blob),
            4 => Some(Self::Tag),
            _ => None,
        }
    }

    pub(crate) fn in_pack(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Tree => 2,
            Self::Blob => 3,
            Self::Tag => 4,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

impl Object {
    pub(crate) fn id(&self) -> ObjectId {
        let mut hash = Sha1::new();
        hash.update(format!("{} {}\0", self.kind.word(), self.data.len()));
        hash.update(&self.data);
        ObjectId(hash.finalize().into())
    }

    /// The values of this header of a commit or a tag.
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ObjectId> + 'a {
        let lines = self.data.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
        lines.filter_map(move |line| {
            let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?;
            ObjectId::from_hex(std::str::from_utf8(value).ok()?)
        })
    }

    /// The parents of a commit.
    pub(crate) fn parents(&self) -> Vec<ObjectId> {
        self.header("parent").collect()
    }

    /// The tree of a commit.
    pub(crate) fn tree(&self) -> Option<ObjectId> {
        self.header("tree").next()
    }

    /// What a tag points at.
    pub(crate) fn target(&self) -> Option<ObjectId> {
        self.header("object").next()
    }

    /// The trees in a tree.
    pub(crate) fn subtrees(&self) -> Vec<ObjectId> {
        let mut trees = Vec::new();
        let mut rest = self.data.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            let Some((entry, after)) = rest.split_at_checked(end + 21) else { break };
            if entry.starts_with(b"40000 ") {
                trees.extend(entry.get(end + 1..).and_then(ObjectId::from_bytes));
            }
            rest = after;
        }
        trees
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.kind.word(), self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_what_objects_point_at() {
        // As `git hash-object` says.
        let blob = Object { kind: Kind::Blob, data: b"hello\n".to_vec() };
        assert_eq!(blob.id().to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let id = blob.id().to_string();
        let text = format!("tree {id}\nparent {id}\nparent {id}\nauthor A <a@b> 1 +0000\n\nparent {id}\n");
        let commit = Object { kind: Kind::Commit, data: text.into_bytes() };
        assert_eq!(commit.parents(), [blob.id(), blob.id()]);
        let mut data = b"40000 folder\0".to_vec();
        data.extend_from_slice(&blob.id().0);
        data.extend_from_slice(b"100644 file\0");
        data.extend_from_slice(&blob.id().0);
        let tree = Object { kind: Kind::Tree, data };
        assert_eq!(tree.subtrees(), [blob.id()]);
        assert_eq!(ObjectId::from_hex("ce01"), None);
        assert_eq!(ObjectId::from_hex(&"\u{e9}".repeat(20)), None);
    }
}
