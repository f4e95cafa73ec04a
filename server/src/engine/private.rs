//! Folders that nobody but the user can look into. Owns every check that keeps other users of the machine out of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

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
}
