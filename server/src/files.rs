//! Reading files that are not our own: a repository's, the user's, another program's. All of it goes through here, because whoever made the
//! file may mean harm: it can be a pipe that never says anything, a device without an end, or a link to something that nobody meant to show.
//!
//! Owns how a file is opened and how much of it is read ([`read`], [`read_text`], [`Stamp`]), and what a path stands for when links are
//! followed ([`ways`], [`destination`]). Does not know which files a model may see: that is [`privacy`](crate::context::privacy).

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use thiserror::Error;

/// Links that are followed in one path, as Linux does (`MAXSYMLINKS`). A path with more has a loop.
const MAX_LINKS: usize = 40;

/// Why a file was not read; the text is for a person and begins behind the file's name: "x is a folder".
#[derive(Debug, Error)]
pub enum Unread {
    #[error("is not there")]
    Missing,
    #[error("is a folder")]
    Folder,
    #[error("is a pipe, a device, a socket or a link, not a file")]
    Special,
    #[error("is larger than {}", size(*.0))]
    TooLarge(u64),
    #[error("is not a UTF-8 text file")]
    NotText,
    #[error("cannot be read ({0})")]
    Io(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A part of the path may be a file where a folder is meant, or a name that no file can have.
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::InvalidInput => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// "256 KiB", "1 MiB".
fn size(bytes: u64) -> String {
    match bytes / 1024 {
        kib if kib >= 1024 => format!("{} MiB", kib / 1024),
        kib => format!("{kib} KiB"),
    }
}

/// The bytes of a regular file, links followed.
///
/// # Errors
/// For what is no regular file, holds more than `max` bytes (whatever length it claims), or cannot be read.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, Unread> {
    read_opened(open(path, true)?, max)
}

fn read_opened((file, metadata): (File, Metadata), max: u64) -> Result<Vec<u8>, Unread> {
    if metadata.len() > max {
        return Err(Unread::TooLarge(max));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // Files in /proc claim to be empty, and others grow.
    let read = file.take(max + 1).read_to_end(&mut bytes);
    read.map_err(Unread::Io)?;
    if bytes.len() as u64 > max {
        return Err(Unread::TooLarge(max));
    }
    Ok(bytes)
}

/// [`read`] for a text.
///
/// # Errors
/// As [`read`], and for what is not UTF-8.
pub fn read_text(path: &Path, max: u64) -> Result<String, Unread> {
    String::from_utf8(read(path, max)?).map_err(|_| Unread::NotText)
}

/// [`read_text`] of a file that is no link: what took its place since somebody looked is not followed.
///
/// # Errors
/// As [`read_text`], and for links.
pub fn read_unlinked_text(path: &Path, max: u64) -> Result<String, Unread> {
    let bytes = read_opened(open(path, false)?, max)?;
    String::from_utf8(bytes).map_err(|_| Unread::NotText)
}

/// Opens a regular file. What else has its name is not opened, because to open a pipe waits and to open a device may do something; and since another
/// file may take the name in between, the opened one is asked again, and neither opening nor reading it ever waits.
fn open(path: &Path, follow: bool) -> Result<(File, Metadata), Unread> {
    regular(&match follow {
        true => fs::metadata(path)?,
        false => fs::symlink_metadata(path)?,
    })?;
    let mut options = OpenOptions::new();
    options.read(true);
    never_wait(&mut options, follow);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    Ok((file, metadata))
}

/// For a path that was looked at a moment ago, where something else may lie by now: opening a pipe must not wait for its other end, a terminal must
/// not become ours, and unless `follow`, a link is an error. On Unix; elsewhere nothing changes.
pub fn never_wait(options: &mut OpenOptions, follow: bool) {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        flags.set(OFlags::NOFOLLOW, !follow);
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = (options, follow);
}

fn regular(metadata: &Metadata) -> Result<(), Unread> {
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(Unread::Folder),
        _ => Err(Unread::Special),
    }
}

/// Writes a text where `path` says itself, not where a link of that name leads to.
///
/// # Errors
/// If a link or, for a file that `is_new`, anything else has the name.
pub fn write_unlinked(path: &Path, text: &str, is_new: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    match is_new {
        true => options.create_new(true),
        false => options.truncate(true),
    };
    never_wait(&mut options, false);
    options.open(path)?.write_all(text.as_bytes())
}

/// Tells whether a file has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of a regular file of at most `max` bytes; `None` for all else, links too. Nothing is opened to find out.
    pub fn of(path: &Path, max: u64) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let is_fitting = metadata.is_file() && metadata.len() <= max;
        is_fitting.then(|| Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    /// The file system says when files change. Otherwise equal stamps mean nothing.
    pub fn is_known(&self) -> bool {
        self.modified.is_some()
    }
}

/// Every path that `path` stands for: itself, and where its links lead to, one link after the other. No folder of the last one is a link, nor
/// is it itself; it need not be there. `None` if the links have no end. A hard link cannot be told from the file.
pub fn ways(path: &Path) -> Option<Vec<PathBuf>> {
    let mut ways = vec![path.to_owned()];
    for _ in 0..=MAX_LINKS {
        let last = ways.last()?;
        let (next, is_link) = step(last);
        if next != *last {
            ways.push(next);
        }
        if !is_link {
            return Some(ways);
        }
    }
    None
}

/// Where `path` leads to when all links are followed. The file, and folders at the end of the path, need not be there. `None` if the links have no
/// end.
pub fn destination(path: &Path) -> Option<PathBuf> {
    ways(path)?.pop()
}

/// The path with its first link replaced by what it leads to, and whether there was one. `..` behind a link means the folder above the link's
/// target, so the path is read from its beginning.
fn step(path: &Path) -> (PathBuf, bool) {
    let mut read = PathBuf::new();
    let mut components = path.components();
    while let Some(component) = components.next() {
        match component {
            Component::ParentDir if read.has_root() || read.file_name().is_some() => {
                read.pop();
            }
            Component::CurDir => {}
            Component::Normal(name) => {
                let link = read.join(name);
                if let Ok(target) = fs::read_link(&link) {
                    let rest = components.as_path();
                    // A slash behind a file's name would ask for a folder.
                    return match rest.as_os_str().is_empty() {
                        true => (read.join(target), true),
                        false => (read.join(target).join(rest), true),
                    };
                }
                read = link;
            }
            other => read.push(other),
        }
    }
    (read, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1024;

    #[test]
    fn a_text_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.py");
        let unread = |path: &Path| read_text(path, MAX).unwrap_err().to_string();
        fs::write(&file, "a = 1\n").unwrap();
        assert_eq!(read_text(&file, MAX).unwrap(), "a = 1\n");
        assert!(Stamp::of(&file, MAX).is_some());
        fs::write(&file, "x".repeat(MAX as usize)).unwrap();
        assert!(read_text(&file, MAX).is_ok());
        fs::write(&file, "x".repeat(MAX as usize + 1)).unwrap();
        assert_eq!(unread(&file), "is larger than 1 KiB");
        assert_eq!(Stamp::of(&file, MAX), None);
        fs::write(&file, b"\xff\xfe").unwrap();
        assert_eq!(unread(&file), "is not a UTF-8 text file");
        assert_eq!(unread(folder.path()), "is a folder");
        assert_eq!(unread(&folder.path().join("gone/b.py")), "is not there");
        assert_eq!(unread(&file.join("below")), "is not there");
        assert_eq!(unread(&folder.path().join("x".repeat(999))), "is not there");
        assert_eq!(unread(Path::new("/a\0b")), "is not there");
    }

    /// Each of these has cost somebody a process that hung or ate the memory.
    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo.py");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let socket = folder.path().join("socket.py");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [
            &*fifo,
            &*socket,
            Path::new("/dev/zero"),
            Path::new("/dev/tty"),
        ] {
            assert!(
                matches!(read(path, MAX), Err(Unread::Special | Unread::Missing)),
                "{}",
                path.display()
            );
            let link = folder.path().join("link.py");
            std::os::unix::fs::symlink(path, &link).unwrap();
            assert!(read(&link, MAX).is_err(), "{}", path.display());
            assert_eq!(Stamp::of(&link, MAX), None);
            fs::remove_file(&link).unwrap();
        }
        // A regular file of length 0 that goes on for as long as somebody reads.
        let pagemap = Path::new("/proc/self/pagemap");
        if pagemap.exists() {
            assert!(matches!(read(pagemap, MAX), Err(Unread::Io(_))));
            assert!(matches!(read(pagemap, MAX - 1), Err(Unread::TooLarge(_))));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_leads_where_its_links_lead() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join("real/deep")).unwrap();
        fs::write(root.join("real/deep/.env"), "").unwrap();
        symlink("real/deep/.env", root.join("settings.sh")).unwrap();
        symlink("settings.sh", root.join("again.sh")).unwrap();
        symlink("real", root.join("linked")).unwrap();
        symlink(root.join("real/deep"), root.join("real/below")).unwrap();
        symlink("gone/.env", root.join("dangling.sh")).unwrap();
        symlink("round.sh", root.join("round.sh")).unwrap();
        for (path, expected) in [
            ("real/deep/.env", vec![]),
            ("settings.sh", vec!["real/deep/.env"]),
            ("again.sh", vec!["settings.sh", "real/deep/.env"]),
            ("linked/new/x.py", vec!["real/new/x.py"]),
            (
                "linked/below/../below/.env",
                vec![
                    "real/below/../below/.env",
                    "real/deep/../below/.env",
                    "real/below/.env",
                    "real/deep/.env",
                ],
            ),
            (
                "linked/../settings.sh",
                vec!["real/../settings.sh", "real/deep/.env"],
            ),
            ("real/./../real/x", vec!["real/x"]),
            ("dangling.sh", vec!["gone/.env"]),
            ("new.py", vec![]),
        ] {
            let found = ways(&root.join(path)).unwrap();
            let [first, rest @ ..] = found.as_slice() else {
                panic!("{path}");
            };
            assert_eq!(*first, root.join(path));
            let last = rest.last().unwrap_or(first);
            let expected_last = expected
                .last()
                .map_or(root.join(path), |last| root.join(last));
            assert_eq!(*last, expected_last, "{path}: {rest:?}");
            assert!(rest.len() >= expected.len().min(1), "{path}");
        }
        assert_eq!(ways(&root.join("round.sh")), None);
        let both = ways(&root.join("again.sh")).unwrap();
        assert!(both.contains(&root.join("settings.sh")), "{both:?}");
    }
}
