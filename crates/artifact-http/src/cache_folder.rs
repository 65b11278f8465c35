//! Cache folders: accessible by their owner only, and without links.
//!
//! A cache may hold what a credential has read, so on Unix its folders have mode 0700 and its files 0600, whatever the umask. A link in a
//! cache is not followed: a user with write access to the parent folder could redirect reads and writes.
//!
//! ```
//! use std::fs::File;
//! use std::io::Write as _;
//!
//! use artifact_http::cache_folder;
//!
//! # fn main() -> std::io::Result<()> {
//! # let temporary = tempfile::tempdir()?;
//! let folder = temporary.path().join("images");
//! cache_folder::create(&folder)?;
//! let mut file = cache_folder::open_file(&folder.join("facts"), File::options().create(true).append(true))?;
//! file.write_all(b"one fact\n")?;
//! assert_eq!(cache_folder::regular_file(&folder.join("facts"))?.map(|file| file.len()), Some(9));
//! # Ok(())
//! # }
//! ```

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Makes the folder, and those above it that are missing, for its owner alone. A folder that is there stays as it is.
///
/// # Errors
///
/// As [`exists`]. Links above this path are followed: a cache may be on another disk.
pub fn create(path: &Path) -> io::Result<()> {
    if exists(path)? {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)?;
    exists(path).map(|_| ())
}

/// Whether there is a folder at this path.
///
/// # Errors
///
/// For a link, which is not followed, for anything else that is not a folder, and what the operating system says.
pub fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(metadata) if metadata.is_symlink() => Err(is_link()),
        Ok(_) => Err(io::Error::other("it is not a folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens a file of a cache with these options. One that is made is for its owner alone.
///
/// # Errors
///
/// As [`regular_file`], and what the operating system says.
pub fn open_file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    regular_file(path)?;
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// The metadata of the file at this path; `None` if there is none.
///
/// # Errors
///
/// For a link, which may lead out of the folder, and for anything else that is not a regular file: opening a pipe blocks.
pub fn regular_file(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_symlink() => Err(is_link()),
        Ok(_) => Err(io::Error::other("it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes all permissions from everybody but the owner: for what an older version made. A link stays as it is.
///
/// # Errors
///
/// What the operating system says.
pub fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = fs::symlink_metadata(path)?;
        let mode = about.permissions().mode();
        if !about.is_symlink() && mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn is_link() -> io::Error {
    io::Error::other("it is a link, which is not followed")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("a/b");
        create(&folder).unwrap();
        create(&folder).unwrap();
        open_file(&folder.join("x"), File::options().create(true).append(true)).unwrap();
        assert_eq!(
            [temporary.path().join("a"), folder.clone(), folder.join("x")].map(|path| mode(&path)),
            [0o700, 0o700, 0o600]
        );
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        create(&folder).unwrap();
        assert_eq!(mode(&folder), 0o755, "a folder that is there is the user's");
        make_private(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn links_and_what_is_no_file_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (temporary.path().join("cache"), temporary.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("file"), "theirs").unwrap();
        symlink(&elsewhere, &folder).unwrap();
        assert!(create(&folder).unwrap_err().to_string().contains("a link"));
        create(&folder.join("images")).unwrap();
        let link = temporary.path().join("link");
        for target in ["elsewhere/file", "elsewhere/absent"] {
            symlink(temporary.path().join(target), &link).unwrap();
            let error = open_file(&link, File::options().create(true).write(true)).unwrap_err();
            assert!(error.to_string().contains("a link"), "{error}");
            fs::remove_file(&link).unwrap();
        }
        assert!(!elsewhere.join("absent").exists());
        assert!(
            open_file(&elsewhere, File::options().read(true)).unwrap_err().to_string().contains("not a file")
        );
        assert!(regular_file(&link).unwrap().is_none());
    }
}
