//! Archives of charts: `.tar.gz`, read within limits and written reproducibly.

use std::io::{Read, Write as _};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use go_compat::path::clean;
use tar::{EntryType, Header};

use crate::limit::Budget;
use crate::{ChartFile, Error};

/// What is in the header of the gzip stream of every archive that Helm 4 writes: a comment, and an extra field by which programs tell
/// the archive of a chart.
const GZIP_COMMENT: &str = "Helm";
const GZIP_EXTRA: &[u8] = b"rr\x28\x00aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";

/// The files of an archive, without the first part of their paths.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget) -> Result<Vec<ChartFile>, Error> {
    if !bytes.starts_with(b"\x1f\x8b") {
        return Err(Error::new("not an archive compressed by gzip"));
    }
    let broken = |cause: std::io::Error| Error::new("the archive of the chart is damaged").with_cause(cause);
    let mut archive = tar::Archive::new(Limited::new(MultiGzDecoder::new(bytes)));
    let mut files = Vec::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader) {
            continue;
        }
        let name = match String::from_utf8(entry.path_bytes().into_owned()) {
            Ok(name) => name,
            Err(error) => {
                let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
                return Err(Error::new("the name of a file in the archive is not text in UTF-8").at(name));
            }
        };
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return Err(Error::new("the archive has a link or a device, which a chart cannot have").at(name));
        }
        let path = inner_path(&name)?;
        let size = entry.size();
        budget.spend(size).map_err(|error| error.at(&name))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        entry.read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() as u64 != size {
            return Err(Error::new("the archive ends in the middle of a file").at(name));
        }
        without_mark(&mut bytes);
        files.push(ChartFile { path, bytes });
    }
    if files.is_empty() {
        return Err(Error::new("the archive has no files"));
    }
    Ok(files)
}

/// Removes the byte order mark of UTF-8 at the start, as Helm does for every file.
pub(crate) fn without_mark(bytes: &mut Vec<u8>) {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
}

/// The path within the chart of a file that has this name in the archive.
fn inner_path(name: &str) -> Result<String, Error> {
    let outside = |what: &str| Err(Error::new(format!("the name of a file in the archive {what}")).at(name));
    if name.starts_with(['/', '\\']) {
        return outside("is an absolute path");
    }
    // Windows writes the one, and everyone else the other.
    let separator = if name.contains('\\') { '\\' } else { '/' };
    let (first, rest) = name.split_once(separator).unwrap_or((name, ""));
    let rest = rest.replace(separator, "/");
    if rest.starts_with('/') {
        return outside("is an absolute path");
    }
    let Ok(path) = String::from_utf8(clean(rest.as_bytes()).into_owned()) else {
        return outside("is not text in UTF-8");
    };
    if first == "Chart.yaml" {
        return outside("is `Chart.yaml`, which belongs into a folder with the name of the chart");
    }
    if path == "." {
        return outside("is not below a folder with the name of the chart");
    }
    if path.starts_with("..") {
        return outside("is outside the chart");
    }
    if matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return outside("is a path of Windows with a drive");
    }
    Ok(path)
}

/// A reader that ends in an error beyond what the archive of a chart can have: the content, and a header for each of many small files.
struct Limited<R> {
    reader: R,
    left: u64,
}

impl<R> Limited<R> {
    fn new(reader: R) -> Self {
        Self { reader, left: 2 * crate::limit::MAX_CHART }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(into)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other("it unpacks to more than 200 MiB"))?;
        Ok(read)
    }
}

/// Writes files in their order. The bytes depend on nothing but the paths and the content.
pub(crate) struct Writer {
    budget: Budget,
    tar: tar::Builder<flate2::write::GzEncoder<Vec<u8>>>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let gzip = GzBuilder::new()
            .comment(GZIP_COMMENT)
            .extra(GZIP_EXTRA)
            .operating_system(255)
            .mtime(0)
            .write(Vec::new(), Compression::default());
        Self { budget: Budget::new(), tar: tar::Builder::new(gzip) }
    }

    pub(crate) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.budget.spend(bytes.len() as u64).map_err(|error| error.at(path))?;
        self.append(path, bytes)
            .map_err(|cause| Error::new("the file cannot be packaged").at(path).with_cause(cause))
    }

    fn append(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        // The fields of the header are for ASCII. Everything else is a record of the extended format, as Go writes it.
        if !path.is_ascii() || path.ends_with('/') || header.set_path(path).is_err() {
            self.tar.append_pax_extensions([("path", path.as_bytes())])?;
            let short: String = path.chars().filter(char::is_ascii).take(90).collect();
            header.set_path(short.trim_matches('/').replace("..", "_"))?;
        }
        header.set_cksum();
        self.tar.append(&header, bytes)
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        let finish = || -> std::io::Result<Vec<u8>> {
            let mut gzip = self.tar.into_inner()?;
            gzip.flush()?;
            gzip.finish()
        };
        finish().map_err(|cause| Error::new("the archive cannot be written").with_cause(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_archives() {
        for (name, expected) in [
            ("web/Chart.yaml", "Chart.yaml"),
            ("web/a/../b", "b"),
            ("web/./a//b", "a/b"),
            ("web\\templates\\a.yaml", "templates/a.yaml"),
            ("./Chart.yaml", "Chart.yaml"),
            ("web/a..b", "a..b"),
        ] {
            assert_eq!(inner_path(name).unwrap(), expected, "{name}");
        }
        for (name, message) in [
            ("web", "not below a folder"),
            ("web/", "not below a folder"),
            ("web/../../etc/passwd", "is outside"),
            ("web/..a", "is outside"),
            ("web//etc/passwd", "absolute"),
            ("/etc/passwd/", "absolute"),
            ("/Chart.yaml", "absolute"),
            ("\\web\\Chart.yaml", "absolute"),
            ("web\\..\\..\\x", "is outside"),
            ("web/c:/x", "drive"),
            ("Chart.yaml/x", "belongs into a folder"),
        ] {
            assert!(inner_path(name).unwrap_err().to_string().contains(message), "{name}");
        }
    }

    #[test]
    fn a_long_or_foreign_name_is_kept() {
        let long = format!("web/{}/{}.yaml", "d".repeat(120), "n".repeat(130));
        let longer = format!("web/{}", "x/".repeat(200) + "y");
        let names = ["web/a", "web/ü/日本.yaml", "web/..b", long.as_str(), longer.as_str(), "web/a\nb"];
        let mut writer = Writer::new();
        for name in names {
            writer.add(name, name.as_bytes()).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut archive = tar::Archive::new(MultiGzDecoder::new(&bytes[..]));
        let read: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
            .collect();
        assert_eq!(read, names);
    }
}
