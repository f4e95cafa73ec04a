//! Where windows and the engine process meet: a private folder, a socket in it, the lock that makes its owner the only
//! engine there, and a log. Owns the checks that keep other users of the machine out; starts no process.
//!
//! Two things protect the socket: the folder, which belongs to the user and is closed to everybody else (mode 0700), and the
//! user id of the peer, which both ends compare where the system tells it (Linux, macOS, the BSDs).
//!
//! On Windows the socket is a named pipe, in a name space that all users share. Each engine gives it a new random name, and writes that
//! and its process id to a file in the folder, which is the user's own: so nobody can take the name before, and a window talks to that
//! process only. Windows of others are kept out by the pipe's default rights, by which they may not write to it. None of this has been
//! tried on Windows.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::{ListenerOptions, Name};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::private::{PrivateFolderError, owner_of_new_files, private_folder};
use super::wire::Hello;

pub use interprocess::local_socket::tokio::Stream;

/// Bytes that the path of a Unix socket may have: 103 on macOS, 107 on Linux.
const LONGEST_SOCKET_PATH: usize = 103;

/// An engine that is just leaving holds its lock for a moment after its socket has gone.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
const LOCK_STEP: Duration = Duration::from_millis(25);

/// Connecting to a socket on the same machine is immediate, unless the engine is stopped and its queue is full.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// Bytes that the engine's log may have: [`crate::logging`] keeps it so while the engine runs. What llama.cpp writes past that on its way
/// out is cut off by the next engine.
pub const LONGEST_LOG: u64 = 1 << 20;

#[derive(Debug, Error)]
pub enum EndpointError {
    #[error("another engine runs at {}", .0.display())]
    Taken(PathBuf),
    #[error("nobody listens at {}", .0.display())]
    NobodyListens(PathBuf),
    #[error("{} should be the engine's socket, but it is something else: please delete it", .0.display())]
    NotASocket(PathBuf),
    #[error(transparent)]
    Folder(#[from] PrivateFolderError),
    #[error("the process at {} belongs to another user", .0.display())]
    OthersProcess(PathBuf),
    #[error("the path {} is too long for a socket: please set XDG_RUNTIME_DIR to a folder with a short path", .0.display())]
    TooLong(PathBuf),
    #[error("the engine's socket {} can't be used: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// The meeting point of one build and one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    socket: PathBuf,
}

impl Endpoint {
    /// The point where all windows meet that say the same [`Hello`]: in `$XDG_RUNTIME_DIR/tacit`, else in a folder of the user's
    /// own within the temporary folder.
    ///
    /// # Errors
    /// If no such folder is private, or none has a path short enough.
    pub fn shared(hello: &Hello) -> Result<Self, EndpointError> {
        let digest = Sha256::digest(format!(
            "{}\0{}\0{}",
            hello.protocol, hello.build, hello.model
        ));
        let name: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let candidates = folder_candidates();
        let fits = candidates
            .iter()
            .map(|folder| folder.join(format!("{name}.sock")))
            .find(|socket| {
                // Room for the suffix of `own`.
                socket.as_os_str().len() + "-4294967295-999".len() <= LONGEST_SOCKET_PATH
            });
        let Some(socket) = fits else {
            return Err(EndpointError::TooLong(
                candidates.into_iter().next().unwrap_or_default(),
            ));
        };
        Self::at(socket)
    }

    /// The point at this path, as an engine is told on its command line. Creates the folder where it is missing.
    ///
    /// # Errors
    /// If the folder is not private, or the path is too long.
    pub fn at(socket: PathBuf) -> Result<Self, EndpointError> {
        if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(EndpointError::TooLong(socket));
        }
        let folder = socket.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        Ok(Self { socket })
    }

    /// A point beside this one that only this process knows: for when the shared one is of no use.
    pub fn own(&self, attempt: u32) -> Self {
        let stem = self
            .socket
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let stem = stem.split('-').next().unwrap_or_default();
        Self {
            socket: self
                .socket
                .with_file_name(format!("{stem}-{}-{attempt}.sock", std::process::id())),
        }
    }

    pub fn path(&self) -> &Path {
        &self.socket
    }

    /// Where the engine's standard error goes. It has no text of the user.
    pub fn log_path(&self) -> PathBuf {
        self.socket.with_extension("log")
    }

    /// The log, open to append and to read.
    ///
    /// # Errors
    /// If it can't be created.
    pub fn open_log(&self) -> Result<File, EndpointError> {
        let path = self.log_path();
        let open = || {
            let log = File::options()
                .create(true)
                .append(true)
                .read(true)
                .open(&path)?;
            if log.metadata()?.len() > LONGEST_LOG {
                log.set_len(0)?;
            }
            Ok(log)
        };
        open().map_err(|error| EndpointError::Io {
            path: path.clone(),
            error,
        })
    }

    /// Connects to the engine that listens here.
    ///
    /// # Errors
    /// [`EndpointError::NobodyListens`] when one has to be started; the others mean that this point is of no use.
    pub async fn connect(&self) -> Result<Stream, EndpointError> {
        let failed = |error| EndpointError::Io {
            path: self.socket.clone(),
            error,
        };
        self.check_kind()?;
        let name = match self.name() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(EndpointError::NobodyListens(self.socket.clone()));
            }
            name => name.map_err(failed)?,
        };
        let connecting = Stream::connect(name);
        let stream = match tokio::time::timeout(CONNECT_PATIENCE, connecting).await {
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
            Ok(Err(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Err(EndpointError::NobodyListens(self.socket.clone()));
            }
            Ok(stream) => stream.map_err(failed)?,
        };
        if self.is_own_engine(&stream).map_err(failed)? {
            Ok(stream)
        } else {
            Err(EndpointError::OthersProcess(self.socket.clone()))
        }
    }

    /// Becomes the engine of this point, until the listener is dropped.
    ///
    /// # Errors
    /// [`EndpointError::Taken`] if there is one already.
    pub async fn listen(&self) -> Result<Listener, EndpointError> {
        let failed = |error| EndpointError::Io {
            path: self.socket.clone(),
            error,
        };
        let lock = self.lock().await?;
        self.check_kind()?;
        // We hold the lock, so a socket that lies here has no listener any more.
        #[cfg(unix)]
        match fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        #[cfg(not(unix))]
        self.announce().map_err(failed)?;
        let listener = ListenerOptions::new()
            .name(self.name().map_err(failed)?)
            // We remove it ourselves, and only while it is ours.
            .reclaim_name(false)
            .create_tokio()
            .map_err(failed)?;
        Ok(Listener {
            listener,
            endpoint: self.clone(),
            identity: self.identity(),
            _lock: lock,
        })
    }

    /// The lock file stays when the engine goes: removing it would let two engines lock two files of the same name.
    async fn lock(&self) -> Result<File, EndpointError> {
        let path = self.socket.with_extension("lock");
        let failed = |error| EndpointError::Io {
            path: path.clone(),
            error,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let give_up = tokio::time::Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() >= give_up => {
                    return Err(EndpointError::Taken(self.socket.clone()));
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_STEP).await,
            }
        }
    }

    /// A file of the user that has our name stays untouched.
    fn check_kind(&self) -> Result<(), EndpointError> {
        #[cfg(unix)]
        if let Ok(metadata) = fs::symlink_metadata(&self.socket) {
            use std::os::unix::fs::FileTypeExt;
            if !metadata.file_type().is_socket() {
                return Err(EndpointError::NotASocket(self.socket.clone()));
            }
        }
        Ok(())
    }

    #[cfg(unix)]
    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericFilePath, ToFsName};
        self.socket.as_path().to_fs_name::<GenericFilePath>()
    }

    #[cfg(not(unix))]
    fn name(&self) -> io::Result<Name<'_>> {
        use interprocess::local_socket::{GenericNamespaced, ToNsName};
        self.announced()?.0.to_ns_name::<GenericNamespaced>()
    }

    /// Where the engine says how its pipe is called, and which process it is.
    #[cfg(not(unix))]
    fn announcement(&self) -> PathBuf {
        self.socket.with_extension("pipe")
    }

    /// The seeds of the standard library's hash tables come from the system's random numbers.
    #[cfg(not(unix))]
    fn announce(&self) -> io::Result<()> {
        use std::hash::{BuildHasher, Hasher, RandomState};
        let random = || RandomState::new().build_hasher().finish();
        let name = format!("tacit-{:016x}{:016x}", random(), random());
        fs::write(
            self.announcement(),
            format!("{name} {}", std::process::id()),
        )
    }

    #[cfg(not(unix))]
    fn announced(&self) -> io::Result<(String, u32)> {
        let text = fs::read_to_string(self.announcement())?;
        let parts = text.split_once(' ');
        let parsed = parts.and_then(|(name, pid)| Some((name.to_owned(), pid.parse().ok()?)));
        // One that is being written is as good as none.
        parsed.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether an engine of ours is at the other end.
    #[cfg(unix)]
    fn is_own_engine(&self, stream: &Stream) -> io::Result<bool> {
        self.is_own_window(stream)
    }

    #[cfg(not(unix))]
    fn is_own_engine(&self, stream: &Stream) -> io::Result<bool> {
        let (_, pid) = self.announced()?;
        Ok(stream.peer_creds()?.pid().is_some_and(|peer| peer == pid))
    }

    /// Whether a window of ours is at the other end.
    #[cfg(unix)]
    fn is_own_window(&self, stream: &Stream) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        // The folder was found to be ours when this endpoint was made.
        let own = fs::metadata(self.socket.parent().unwrap_or(Path::new(".")))?.uid();
        Ok(stream.peer_creds()?.euid().is_none_or(|peer| peer == own))
    }

    #[cfg(not(unix))]
    fn is_own_window(&self, _stream: &Stream) -> io::Result<bool> {
        Ok(true)
    }

    /// Tells our socket from another one at the same path: device and inode.
    #[cfg(unix)]
    fn identity(&self) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        fs::symlink_metadata(&self.socket)
            .ok()
            .map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// A named pipe can't be replaced while it is open.
    #[cfg(not(unix))]
    fn identity(&self) -> Option<(u64, u64)> {
        None
    }
}

/// The engine's side of an [`Endpoint`]. Dropping it frees the name, then the lock.
pub struct Listener {
    listener: interprocess::local_socket::tokio::Listener,
    endpoint: Endpoint,
    identity: Option<(u64, u64)>,
    _lock: File,
}

impl Listener {
    /// The next window of the same user.
    ///
    /// # Errors
    /// [`EndpointError::OthersProcess`] for one of another user, whose connection is closed.
    pub async fn accept(&self) -> Result<Stream, EndpointError> {
        let failed = |error| EndpointError::Io {
            path: self.endpoint.socket.clone(),
            error,
        };
        let stream = self.listener.accept().await.map_err(failed)?;
        if self.endpoint.is_own_window(&stream).map_err(failed)? {
            Ok(stream)
        } else {
            Err(EndpointError::OthersProcess(self.endpoint.socket.clone()))
        }
    }

    /// Whether windows still find us: the socket file has neither been removed nor replaced.
    pub fn is_reachable(&self) -> bool {
        self.endpoint.identity() == self.identity
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if cfg!(unix) && self.is_reachable() {
            // Failing leaves a dead socket, which the next engine removes.
            let _ = fs::remove_file(&self.endpoint.socket);
        }
    }
}

/// Folders that may hold the socket, best first.
fn folder_candidates() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .map(|folder| folder.join("tacit"));
    let temporary = [std::env::temp_dir(), PathBuf::from("/tmp")]
        .into_iter()
        .filter_map(|folder| {
            let name = match owner_of_new_files(&folder) {
                Some(user) => format!("tacit-{user}"),
                None if cfg!(unix) => return None,
                None => "tacit".to_owned(),
            };
            Some(folder.join(name))
        });
    runtime.into_iter().chain(temporary).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[test]
    fn every_build_and_model_has_its_own_point() {
        let of = |model: &str| Endpoint::shared(&Hello::new(model)).unwrap();
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
        let newer = Hello {
            build: "99.0.0".into(),
            ..Hello::new("a")
        };
        assert_ne!(Endpoint::shared(&newer).unwrap(), of("a"));
        assert!(of("a").own(u32::MAX).path().as_os_str().len() <= LONGEST_SOCKET_PATH);
        assert_ne!(of("a").own(1), of("a").own(2));
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let error = Endpoint::at(folder.path().join("a.sock")).unwrap_err();
        assert!(matches!(
            error,
            EndpointError::Folder(PrivateFolderError::OpenFolder(_))
        ));
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused() {
        let folder = folder();
        let error = Endpoint::at(folder.path().join("x".repeat(LONGEST_SOCKET_PATH))).unwrap_err();
        assert!(matches!(error, EndpointError::TooLong(_)));
    }

    #[tokio::test]
    async fn only_one_listens_and_its_name_is_freed() {
        let folder = folder();
        let endpoint = Endpoint::at(folder.path().join("a.sock")).unwrap();
        assert!(matches!(
            endpoint.connect().await,
            Err(EndpointError::NobodyListens(_))
        ));
        let listener = endpoint.listen().await.unwrap();
        assert!(matches!(
            endpoint.listen().await,
            Err(EndpointError::Taken(_))
        ));
        let (accepted, connected) = tokio::join!(listener.accept(), endpoint.connect());
        assert!(accepted.is_ok() && connected.is_ok());
        drop(listener);
        assert!(!endpoint.path().exists());
        assert!(endpoint.listen().await.is_ok());
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_file_is_left_alone() {
        let folder = folder();
        let endpoint = Endpoint::at(folder.path().join("a.sock")).unwrap();
        drop(UnixListener::bind(endpoint.path()).unwrap());
        assert!(endpoint.path().exists());
        assert!(matches!(
            endpoint.connect().await,
            Err(EndpointError::NobodyListens(_))
        ));
        drop(endpoint.listen().await.unwrap());

        fs::write(endpoint.path(), "precious").unwrap();
        assert!(matches!(
            endpoint.connect().await,
            Err(EndpointError::NotASocket(_))
        ));
        assert!(matches!(
            endpoint.listen().await,
            Err(EndpointError::NotASocket(_))
        ));
        assert_eq!(fs::read_to_string(endpoint.path()).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_replaced_socket_is_noticed_and_left_to_its_owner() {
        let folder = folder();
        let endpoint = Endpoint::at(folder.path().join("a.sock")).unwrap();
        let listener = endpoint.listen().await.unwrap();
        assert!(listener.is_reachable());
        fs::remove_file(endpoint.path()).unwrap();
        assert!(!listener.is_reachable());
        let _newcomer = UnixListener::bind(endpoint.path()).unwrap();
        drop(listener);
        assert!(endpoint.path().exists());
    }
}
