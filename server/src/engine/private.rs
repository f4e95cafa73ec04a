//! Folders that nobody but the user can look into. Owns every check that keeps other users of the machine out of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::files;

/// Why a folder can't hold what is private.
#[derive(Debug, Error)]
pub enum PrivateFolderError {
    #[error("{} belongs to another user, so tacit does not use it: please delete it, or name another folder", .0.display())]
    OthersFolder(PathBuf),
    #[error("{} is open to other users, so tacit does not use it: please run `chmod 700` on it", .0.display())]
    OpenFolder(PathBuf),
    #[error("{} should be a folder of tacit's, but it is something else: please delete it", .0.display())]
    NotAFolder(PathBuf),
    #[error("the folder {} can't be used: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Makes sure that `folder` exists, is the user's, and is closed to others. The folder around it has to exist.
///
/// # Errors
/// If it isn't, and can't be made so without taking something away from somebody.
#[cfg(unix)]
pub fn private_folder(folder: &Path) -> Result<(), PrivateFolderError> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let failed = |error| PrivateFolderError::Io {
        path: folder.to_owned(),
        error,
    };
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    // Not through a link, which somebody else could have put there.
    let metadata = fs::symlink_metadata(folder).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(PrivateFolderError::NotAFolder(folder.to_owned()));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(PrivateFolderError::OpenFolder(folder.to_owned()));
    }
    if owner_of_new_files(folder) != Some(metadata.uid()) {
        return Err(PrivateFolderError::OthersFolder(folder.to_owned()));
    }
    Ok(())
}

/// Makes sure that `folder` exists; whom it is open to follows from the folder around it.
///
/// # Errors
/// If it can't be created.
#[cfg(not(unix))]
pub fn private_folder(folder: &Path) -> Result<(), PrivateFolderError> {
    create_folders(folder).map_err(|error| PrivateFolderError::Io {
        path: folder.to_owned(),
        error,
    })
}

/// Creates `folder` and those around it that do not exist, closed to others on Unix; what exists stays as it is.
///
/// # Errors
/// If one can't be created.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The user id of this process, which the standard library doesn't tell: that of a file that we create. `None` where we can't
/// write, or where there are no user ids.
#[cfg(unix)]
pub fn owner_of_new_files(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let probe = folder.join(format!(".tacit-{}-{count}", std::process::id()));
    let file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&probe)
        .ok()?;
    let owner = file.metadata().ok().map(|metadata| metadata.uid());
    // Failing leaves an empty hidden file.
    let _ = fs::remove_file(&probe);
    owner
}

#[cfg(not(unix))]
pub fn owner_of_new_files(_folder: &Path) -> Option<u32> {
    None
}

/// How somebody else may have come to write a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Exposed {
    #[error("belongs to another user")]
    OthersOwn,
    #[error("can be written by other users")]
    OthersWrite,
}

/// Whether nobody but the user writes to what this describes. The administrator, who can do anything in any case, counts as the user.
///
/// # Errors
/// If others may. Access lists (ACLs) count on Linux, where the mode's bits for the group bound them.
#[cfg(unix)]
pub fn ours_alone(metadata: &fs::Metadata) -> Result<(), Exposed> {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    if ![0, user].contains(&metadata.uid()) {
        return Err(Exposed::OthersOwn);
    }
    match metadata.mode() & 0o022 {
        0 => Ok(()),
        _ => Err(Exposed::OthersWrite),
    }
}

/// Follows from the folder around it: that of a user's own data is closed to others.
#[cfg(not(unix))]
pub fn ours_alone(_metadata: &fs::Metadata) -> Result<(), Exposed> {
    Ok(())
}

/// Opens a regular file, and neither what a link at `path` leads to nor a pipe, whose opening waits for its other end.
///
/// # Errors
/// If it is something else, or cannot be opened.
pub fn open_regular(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    let must_be_regular = |metadata: &fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link, or something else that is no regular file",
        )),
    };
    match fs::symlink_metadata(path) {
        Ok(metadata) => must_be_regular(&metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    files::never_wait(options, false);
    let file = options.open(path)?;
    must_be_regular(&file.metadata()?)?;
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("tacit");
        private_folder(&folder).unwrap();
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let error = private_folder(&folder).unwrap_err();
        assert!(matches!(error, PrivateFolderError::OpenFolder(_)));
        assert!(error.to_string().contains("chmod 700"));
    }

    #[test]
    fn a_link_or_a_file_is_no_folder() {
        let around = tempfile::tempdir().unwrap();
        symlink(around.path(), around.path().join("link")).unwrap();
        fs::write(around.path().join("file"), "").unwrap();
        for name in ["link", "file"] {
            let error = private_folder(&around.path().join(name)).unwrap_err();
            assert!(
                matches!(error, PrivateFolderError::NotAFolder(_)),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        // Only root may give a folder away; others skip this, as they can't make the situation.
        if std::os::unix::fs::chown(folder.path(), Some(65534), None).is_ok() {
            let error = private_folder(folder.path()).unwrap_err();
            assert!(
                matches!(error, PrivateFolderError::OthersFolder(_)),
                "{error}"
            );
        }
    }

    #[test]
    fn what_others_may_write_is_not_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for (mode, expected) in [
            (0o600, Ok(())),
            (0o644, Ok(())),
            (0o444, Ok(())),
            (0o664, Err(Exposed::OthersWrite)),
            (0o620, Err(Exposed::OthersWrite)),
            (0o602, Err(Exposed::OthersWrite)),
            (0o666, Err(Exposed::OthersWrite)),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                ours_alone(&fs::metadata(&file).unwrap()),
                expected,
                "{mode:o}"
            );
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        // Only root may give a file away; others skip this, as they can't make the situation.
        if std::os::unix::fs::chown(&file, Some(65534), None).is_ok() {
            let metadata = fs::metadata(&file).unwrap();
            assert_eq!(ours_alone(&metadata), Err(Exposed::OthersOwn));
        }
    }

    #[test]
    fn links_and_pipes_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(pipe.unwrap().success());
        let open = |name| open_regular(fs::File::options().read(true), &at(name));
        assert!(open("file").is_ok());
        for name in ["link", "dangling", "pipe", "."] {
            assert_eq!(
                open(name).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{name}"
            );
        }
        let create = open_regular(
            fs::File::options().write(true).create(true),
            &at("dangling"),
        );
        assert!(create.is_err() && !at("nothing").exists());
    }
}
