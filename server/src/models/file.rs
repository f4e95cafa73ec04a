//! A model file as it lies on the disk: opened once, so that what is stamped, hashed, looked at and loaded is one and the same
//! file, whatever is put under its name meanwhile. Owns what tells a file from any other and from itself after a change. Knows
//! neither pins nor trust; never writes.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::gguf::{self, Facts, Refusal};
use crate::files;

/// Systems count the times of files in steps of up to 10 ms (Linux with 100 ticks a second): two changes within one step have the same
/// time. A file whose last change is older than this when its hash begins gets another time by any change that the hash may have missed.
const TIME_STEP: Duration = Duration::from_millis(20);

/// What tells that a file was not touched since it was hashed.
///
/// The length and the time of modification alone do not: `cp -p`, `rsync -t` and `touch -r` set that time to anything. On Unix
/// the time of the last change of the inode follows every write, renaming and setting of times, and no program can set it;
/// device and inode tell another file under the same name. Elsewhere the time of creation has to do in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    pub bytes: u64,
    /// Nanoseconds since 1970, of the contents.
    pub modified_ns: Option<i64>,
    /// Nanoseconds since 1970: on Unix of the inode's last change, elsewhere of the file's creation.
    #[serde(default)]
    changed_ns: Option<i64>,
    #[serde(default)]
    device: u64,
    #[serde(default)]
    inode: u64,
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.checked_mul(1_000_000_000)?.checked_add(rest);
        Self {
            bytes: metadata.len(),
            modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    // Untried. The standard library tells the index of a file in its volume on nightly toolchains only.
    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        let nanoseconds = |time: io::Result<std::time::SystemTime>| {
            let since = time.ok()?.duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(since.as_nanos()).ok()
        };
        Self {
            bytes: metadata.len(),
            modified_ns: nanoseconds(metadata.modified()),
            changed_ns: nanoseconds(metadata.created()),
            device: 0,
            inode: 0,
        }
    }

    /// Whether the file system keeps the times that tell a change. Without them nothing may be concluded from equal stamps.
    pub fn tells_changes(&self) -> bool {
        self.modified_ns.is_some() && self.changed_ns.is_some()
    }

    /// How long ago the file was changed, by this machine's clock; zero if that is in the future.
    fn age(&self) -> Duration {
        let last = self.modified_ns.max(self.changed_ns).unwrap_or(0);
        let last = UNIX_EPOCH + Duration::from_nanos(u64::try_from(last).unwrap_or(0));
        last.elapsed().unwrap_or_default()
    }
}

/// An opened regular file.
#[derive(Debug)]
pub struct ModelFile {
    /// With all links resolved, so that a file has one name.
    pub path: PathBuf,
    /// As it was when it was opened.
    pub stamp: Stamp,
    file: File,
}

impl ModelFile {
    /// Opens the file that `path` leads to.
    ///
    /// # Errors
    /// If it cannot be read; [`io::ErrorKind::IsADirectory`] for a folder, [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        regular(&fs::metadata(&path)?)?;
        let mut options = OpenOptions::new();
        options.read(true);
        files::never_wait(&mut options, true);
        let file = options.open(&path)?;
        let metadata = file.metadata()?;
        regular(&metadata)?;
        Ok(Self {
            path,
            stamp: Stamp::of(&metadata),
            file,
        })
    }

    /// Reads the header.
    ///
    /// # Errors
    /// If the file should not be given to an engine.
    pub fn inspect(&self) -> Result<Facts, Refusal> {
        let rewound = self.rewound()?;
        gguf::inspect(
            BufReader::with_capacity(64 << 10, rewound),
            self.stamp.bytes,
        )
    }

    /// Lower-case hexadecimal SHA-256 of the whole file. It holds for the stamp if the file [is unchanged](Self::is_unchanged) afterwards.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(&self) -> io::Result<String> {
        // A file that was written just now could be changed under the same time.
        thread::sleep(TIME_STEP.saturating_sub(self.stamp.age()));
        sha256_of(self.rewound()?)
    }

    /// Whether the opened file is as it was when it was opened, and still the one at its path.
    pub fn is_unchanged(&self) -> bool {
        let same = |metadata: io::Result<Metadata>| {
            metadata.is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
        };
        same(self.file.metadata()) && same(fs::metadata(&self.path))
    }

    /// A path under which other code of this process opens this very file, also when another one lies at [`Self::path`] by now.
    /// Where the system has none it is that path: then [`Self::is_unchanged`] has to be asked afterwards.
    pub fn own_path(&self) -> PathBuf {
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd;
            let descriptor = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
            if descriptor.exists() {
                return descriptor;
            }
        }
        self.path.clone()
    }

    fn rewound(&self) -> io::Result<&File> {
        (&self.file).seek(SeekFrom::Start(0))?;
        Ok(&self.file)
    }
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let text = "it is not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

/// Lower-case hexadecimal SHA-256 of a whole file.
///
/// # Errors
/// If it cannot be read.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    sha256_of(File::open(path)?)
}

fn sha256_of(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hexadecimal(hasher)),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest of what was hashed, as the catalogue writes it.
pub(super) fn hexadecimal(hasher: Sha256) -> String {
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
