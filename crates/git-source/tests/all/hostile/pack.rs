//! Packs with anything in them, and the answers that carry them.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix::ObjectId;
use gix::hash::Kind as ObjectFormat;
use warehouse_testkit::Reply;
use warehouse_testkit::pack::{base_distance, delta_size, entry_head};

/// The types of entries of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

/// A pack that grows.
pub struct Pack {
    bytes: Vec<u8>,
    objects: u32,
}

/// A commit of this tree, up to its message.
fn commit_head(tree: ObjectId, parents: usize) -> Vec<u8> {
    let mut head = format!("tree {tree}\n").into_bytes();
    for number in 0..parents {
        writeln!(head, "parent {number:040x}").unwrap();
    }
    head.extend(b"author A <a@example.com> 1704067200 +0000\n");
    head.extend(b"committer C <c@example.com> 1704067200 +0000\n\n");
    head
}

/// Something of this length that is not in memory as a whole: a head, and a letter as often as needed.
pub struct Content {
    head: Vec<u8>,
    letter: u8,
    letters: usize,
}

impl Content {
    /// These bytes.
    pub fn of(head: impl Into<Vec<u8>>) -> Self {
        Self { head: head.into(), letter: b'x', letters: 0 }
    }

    /// The text of a commit without files.
    pub fn commit_text(subject: &str) -> Vec<u8> {
        let tree = ObjectId::empty_tree(ObjectFormat::Sha1);
        [commit_head(tree, 0), subject.as_bytes().to_vec()].concat()
    }

    /// A commit with a message of this length, and with this many parents.
    pub fn commit(tree: ObjectId, parents: usize, message: usize) -> Self {
        Self { head: commit_head(tree, parents), letter: b'x', letters: message }
    }

    /// Zeros.
    pub fn zeros(count: usize) -> Self {
        Self { head: Vec::new(), letter: 0, letters: count }
    }

    fn len(&self) -> usize {
        self.head.len() + self.letters
    }

    fn each(&self, mut use_chunk: impl FnMut(&[u8])) {
        use_chunk(&self.head);
        let chunk = vec![self.letter; 1 << 20];
        let mut left = self.letters;
        while left > 0 {
            let size = left.min(chunk.len());
            use_chunk(&chunk[..size]);
            left -= size;
        }
    }

    /// The id of the object with this content.
    pub fn id(&self, kind: Kind) -> ObjectId {
        let mut hasher = gix::hash::hasher(ObjectFormat::Sha1);
        hasher.update(format!("{} {}\0", kind.word(), self.len()).as_bytes());
        self.each(|chunk| hasher.update(chunk));
        hasher.try_finalize().unwrap()
    }

    fn zipped(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        self.each(|chunk| encoder.write_all(chunk).unwrap());
        encoder.finish().unwrap()
    }
}

impl Pack {
    pub fn new() -> Self {
        Self { bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(), objects: 0 }
    }

    /// Adds an object. Returns its id.
    pub fn add(&mut self, kind: Kind, content: &Content) -> ObjectId {
        self.add_unnamed(kind, content);
        content.id(kind)
    }

    /// Adds an object that is too large to be given a name in a test.
    pub fn add_unnamed(&mut self, kind: Kind, content: &Content) {
        self.head(kind as u8, content.len());
        self.bytes.extend(content.zipped());
    }

    /// Adds a delta on the object that begins at this place.
    pub fn add_delta(&mut self, base: usize, delta: &[u8]) {
        let start = self.place();
        self.head(6, delta.len());
        self.bytes.extend(base_distance(start - base));
        self.bytes.extend(Content::of(delta).zipped());
    }

    /// Adds a delta on an object of this id.
    pub fn add_delta_on(&mut self, base: ObjectId, delta: &[u8]) {
        self.head(7, delta.len());
        self.bytes.extend(base.as_slice());
        self.bytes.extend(Content::of(delta).zipped());
    }

    /// Where the next object begins.
    pub fn place(&self) -> usize {
        self.bytes.len()
    }

    fn head(&mut self, kind: u8, size: usize) {
        self.objects += 1;
        self.bytes.extend(entry_head(kind, size));
    }

    /// The whole pack, which claims this many objects more than it has.
    pub fn finish_claiming(mut self, more: u32) -> Vec<u8> {
        let count = self.objects + more;
        self.bytes[8..12].copy_from_slice(&count.to_be_bytes());
        let mut hasher = gix::hash::hasher(ObjectFormat::Sha1);
        hasher.update(&self.bytes);
        self.bytes.extend(hasher.try_finalize().unwrap().as_slice());
        self.bytes
    }

    /// The whole pack.
    pub fn finish(self) -> Vec<u8> {
        self.finish_claiming(0)
    }
}

/// A delta that copies the first `kept` bytes of a base, below 2^24, and adds some.
pub fn delta(base: usize, kept: usize, added: &[u8]) -> Vec<u8> {
    let mut delta = [delta_size(base), delta_size(kept + added.len())].concat();
    if kept > 0 {
        delta.extend([0b1111_0000, kept as u8, (kept >> 8) as u8, (kept >> 16) as u8]);
    }
    for added in added.chunks(127) {
        delta.push(added.len() as u8);
        delta.extend(added);
    }
    delta
}

/// The list of references in which `main` is this commit.
pub fn listing(tip: ObjectId) -> Reply {
    let line = format!("{tip} refs/heads/main\n");
    result(format!("{:04x}{line}0000", line.len() + 4).into_bytes())
}

/// The answer that carries this pack.
pub fn answer(pack: &[u8]) -> Reply {
    let mut body = b"000dpackfile\n".to_vec();
    for chunk in pack.chunks(60_000) {
        write!(body, "{:04x}\u{1}", chunk.len() + 5).unwrap();
        body.extend(chunk);
    }
    body.extend(b"0000");
    result(body)
}

/// The answer to a POST.
pub fn result(body: Vec<u8>) -> Reply {
    Reply::status(200).header("content-type", "application/x-git-upload-pack-result").body(body)
}
