//! The shared engine process under everything that happens to processes. The host is tested with a scripted engine in this
//! process; the rest with the real program and its toy back end.
#![cfg(unix)]

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tacit::engine::endpoint::{Endpoint, EndpointError};
use tacit::engine::host::{self, Exit, HostSettings};
use tacit::engine::launch::LaunchSettings;
use tacit::engine::remote::RemoteEngine;
use tacit::engine::wire::Hello;
use tacit::engine::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Limits, Priority, PromptUsage, Status, Usage,
};
use tacit::prompt::{Prompt, Segment, Special};
use tempfile::TempDir;
use tests::gguf::Gguf;
use tests::models::sha256;
use tests::tacit_binary;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// Far above what anything here takes, so that a hang fails instead of lasting.
const PATIENCE: Duration = Duration::from_secs(30);

fn job(document: &str, text: &str) -> Job {
    Job {
        document: document.into(),
        prompt: Prompt {
            segments: vec![
                Segment::Special(Special::FimPrefix),
                Segment::Text(text.into()),
                Segment::Special(Special::FimSuffix),
                Segment::Text("}\n".into()),
                Segment::Special(Special::FimMiddle),
            ],
            healed: String::new(),
            avoided: Vec::new(),
        },
        priority: Priority::Typing,
        limits: Limits {
            max_tokens: 40,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts: true,
        },
        weighed: None,
    }
}

/// The text of a job and how it ended.
async fn outcome(mut handle: JobHandle) -> (String, Finish) {
    let mut answer = String::new();
    timeout(PATIENCE, async {
        loop {
            match handle.next().await {
                Some(Event::Prefilled(_) | Event::Weighed { .. }) => {}
                Some(Event::Text { text, .. }) => answer.push_str(&text),
                Some(Event::Finished { finish, .. }) => return (answer, finish),
                None => panic!("a job ended without Finished"),
            }
        }
    })
    .await
    .expect("a job hangs")
}

/// Waits for the first text of a job.
async fn first_text(handle: &mut JobHandle) {
    timeout(PATIENCE, async {
        loop {
            match handle.next().await {
                Some(Event::Text { .. }) => return,
                Some(Event::Prefilled(_) | Event::Weighed { .. }) => {}
                other => panic!("no text, but {other:?}"),
            }
        }
    })
    .await
    .expect("no text");
}

/// The process that runs the jobs of `engine`.
fn pid(engine: &RemoteEngine) -> u32 {
    match &*engine.status().borrow() {
        Status::Ready(info) => info.pid,
        other => panic!("not ready: {other:?}"),
    }
}

fn completed(finish: &Finish) -> bool {
    matches!(finish, Finish::EndOfText | Finish::Limit)
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Waits until no engine holds the endpoint's lock.
async fn gone(endpoint: &Endpoint) {
    timeout(PATIENCE, async {
        loop {
            match endpoint.listen().await {
                Ok(_) => return,
                Err(EndpointError::Taken(_)) => sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await
    .expect("the engine does not leave");
}

/// A meeting point of its own for each test, and how windows get there.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // Creates the private folder within.
        place.endpoint();
        place
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("tacit/e.sock")
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::at(self.socket()).unwrap()
    }

    fn launch(&self, arguments: &[&str]) -> LaunchSettings {
        LaunchSettings {
            endpoint: self.endpoint(),
            hello: Hello::new("toy"),
            program: tacit_binary(),
            arguments: arguments.iter().map(Into::into).collect(),
        }
    }

    /// A window whose engine takes ten milliseconds for a token and leaves after a second.
    fn window(&self) -> RemoteEngine {
        RemoteEngine::new(self.launch(&["engine", "--toy", "10", "--idle-exit-seconds", "1"]))
    }

    /// A window that cannot start an engine.
    fn visitor(&self) -> RemoteEngine {
        RemoteEngine::new(LaunchSettings {
            program: "/nonexistent/tacit".into(),
            ..self.launch(&[])
        })
    }

    /// An engine that no window has started.
    fn start_engine(&self, identity: &str, idle_exit_seconds: u32) -> Child {
        Command::new(tacit_binary())
            .args(["engine", "--toy", "10", "--identity", identity])
            .args([
                "--idle-exit-seconds",
                &idle_exit_seconds.to_string(),
                "--endpoint",
            ])
            .arg(self.socket())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    async fn wait_until_listening(&self) {
        let endpoint = self.endpoint();
        timeout(PATIENCE, async {
            while endpoint.connect().await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("nobody listens");
    }
}

async fn exit_code(mut child: Child) -> Option<i32> {
    timeout(PATIENCE, async {
        loop {
            if let Some(exit) = child.try_wait().unwrap() {
                return exit.code();
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("a process does not end")
}

/// Repeats the prompt's own text, a piece every few milliseconds, for ever. Counts the jobs that run, and those of them that it
/// has been told to hold.
struct Scripted {
    running: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
    status: watch::Sender<Status>,
}

impl Scripted {
    fn new() -> Arc<Self> {
        let ready = Status::Ready(EngineInfo {
            pid: std::process::id(),
            model: "scripted".into(),
            context_tokens: 100,
            device: "none".into(),
            costs: Default::default(),
            chat: None,
        });
        Arc::new(Self {
            running: Arc::default(),
            held: Arc::default(),
            status: watch::channel(ready).0,
        })
    }

    async fn wait_for_running(&self, count: usize) {
        Self::wait_for(&self.running, count).await;
    }

    async fn wait_for(counter: &AtomicUsize, count: usize) {
        timeout(PATIENCE, async {
            while counter.load(Ordering::SeqCst) != count {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} jobs, not {count}", counter.load(Ordering::SeqCst)));
    }
}

impl Engine for Scripted {
    fn submit(&self, job: Job) -> JobHandle {
        let (events, receiver) = mpsc::unbounded_channel();
        self.running.fetch_add(1, Ordering::SeqCst);
        let task = tokio::spawn(async move {
            let _ = events.send(Event::Prefilled(PromptUsage::default()));
            let Some(Segment::Text(text)) = job.prompt.segments.get(1) else {
                return;
            };
            for _ in 0..job.limits.max_tokens {
                let _ = events.send(Event::Text {
                    text: text.clone(),
                    probability: 1.0,
                });
                sleep(Duration::from_millis(2)).await;
            }
            let _ = events.send(Event::Finished {
                finish: Finish::Limit,
                usage: Usage::default(),
            });
        });
        let (running, held) = (Arc::clone(&self.running), Arc::clone(&self.held));
        JobHandle::new(receiver, move || {
            task.abort();
            running.fetch_sub(1, Ordering::SeqCst);
        })
        .with_hold(move |hold| {
            if hold {
                held.fetch_add(1, Ordering::SeqCst);
            } else {
                held.fetch_sub(1, Ordering::SeqCst);
            }
        })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    fn warm_up(&self) {}
}

fn serve(
    place: &Place,
    engine: &Arc<Scripted>,
    idle_exit: Duration,
) -> tokio::task::JoinHandle<Exit> {
    let (endpoint, engine) = (place.endpoint(), Arc::clone(engine));
    let settings = HostSettings {
        model: "toy".into(),
        idle_exit,
    };
    tokio::spawn(async move { host::serve(&endpoint, engine, settings).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_get_their_own_events_and_the_status() {
    let (place, engine) = (Place::new(), Scripted::new());
    let host = serve(&place, &engine, PATIENCE);
    place.wait_until_listening().await;
    let windows: Vec<_> = (0..3).map(|_| place.visitor()).collect();
    let jobs: Vec<_> = (0..30)
        .map(|n| {
            (
                n,
                windows[n % 3].submit(job(&format!("document {n}"), &format!("{n} "))),
            )
        })
        .collect();
    for (n, handle) in jobs {
        assert_eq!(
            outcome(handle).await,
            (format!("{n} ").repeat(40), Finish::Limit)
        );
    }
    engine
        .status
        .send_replace(Status::Loading { progress: 0.25 });
    let mut status = windows[0].status();
    timeout(
        PATIENCE,
        status.wait_for(|status| *status == Status::Loading { progress: 0.25 }),
    )
    .await
    .unwrap()
    .unwrap();
    host.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_holds_its_own_jobs_and_lets_them_go_on() {
    let (place, engine) = (Place::new(), Scripted::new());
    let host = serve(&place, &engine, PATIENCE);
    place.wait_until_listening().await;
    let (window, other) = (place.visitor(), place.visitor());
    // The first is held before there is a connection.
    let mut endless = job("a", "a");
    endless.limits.max_tokens = u32::MAX;
    let held = window.submit(endless);
    held.hold()(true);
    let free = other.submit(job("b", "b"));
    Scripted::wait_for(&engine.held, 1).await;
    assert_eq!(outcome(free).await, ("b".repeat(40), Finish::Limit));
    held.hold()(false);
    Scripted::wait_for(&engine.held, 0).await;
    host.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_handles_and_gone_windows_cancel_their_jobs() {
    let (place, engine) = (Place::new(), Scripted::new());
    let host = serve(&place, &engine, Duration::from_millis(300));
    place.wait_until_listening().await;
    let long = |document: &str| {
        let mut job = job(document, "x");
        job.limits.max_tokens = 1_000_000;
        job
    };
    let (leaving, staying) = (place.visitor(), place.visitor());
    let mut dropped = staying.submit(long("a"));
    let mut kept = staying.submit(long("b"));
    let mut lost = leaving.submit(long("c"));
    for handle in [&mut dropped, &mut kept, &mut lost] {
        first_text(handle).await;
    }
    engine.wait_for_running(3).await;
    drop(dropped);
    engine.wait_for_running(2).await;
    drop((leaving, lost));
    engine.wait_for_running(1).await;
    first_text(&mut kept).await;
    drop((staying, kept));
    assert_eq!(timeout(PATIENCE, host).await.unwrap().unwrap(), Exit::Idle);
    assert_eq!(engine.running.load(Ordering::SeqCst), 0);
    assert!(!place.socket().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_from_one_window_does_not_disturb_another() {
    let (place, engine) = (Place::new(), Scripted::new());
    let host = serve(&place, &engine, PATIENCE);
    place.wait_until_listening().await;
    let window = place.visitor();
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\xff\xff\xff\xff",
        b"\x02\0\0\0{}",
        b"\0\0\0\0",
        b"\x06\0\0\0\"Ping\"",
    ] {
        let mut stream = place.endpoint().connect().await.unwrap();
        stream.write_all(garbage).await.unwrap();
        assert_eq!(outcome(window.submit(job("a", "y"))).await.1, Finish::Limit);
    }
    host.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_windows_start_and_share_one_engine() {
    let place = Place::new();
    let windows: Vec<_> = (0..3).map(|_| place.window()).collect();
    // All at once: they race to start it.
    let submit = |(n, window): (usize, &RemoteEngine)| {
        window.submit(job(&format!("window {n}"), "let foo = bar("))
    };
    let jobs: Vec<_> = windows.iter().enumerate().map(submit).collect();
    let mut outcomes = Vec::new();
    for handle in jobs {
        outcomes.push(outcome(handle).await);
    }
    assert!(completed(&outcomes[0].1), "{outcomes:?}");
    assert!(
        outcomes.iter().all(|other| *other == outcomes[0]),
        "{outcomes:?}"
    );
    let pids: Vec<_> = windows.iter().map(pid).collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    assert_ne!(pids[0], std::process::id());
    // The last window leaves: so does the engine.
    drop(windows);
    gone(&place.endpoint()).await;
    assert!(!place.socket().exists());
}

/// The niceness in a `stat` file of Linux's `/proc`.
#[cfg(target_os = "linux")]
fn niceness(stat: PathBuf) -> i32 {
    let stat = fs::read_to_string(stat).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let niceness = fields.split_ascii_whitespace().nth(16).unwrap();
    niceness.parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_computes_below_the_editor_and_does_not_spin_for_long() {
    let place = Place::new();
    let window = place.window();
    assert!(completed(&outcome(window.submit(job("a", "let"))).await.1));
    let process = PathBuf::from(format!("/proc/{}", pid(&window)));
    let own = niceness("/proc/self/stat".into());
    let threads: Vec<(String, i32)> = fs::read_dir(process.join("task"))
        .unwrap()
        .map(|thread| thread.unwrap().path())
        .map(|thread| {
            let name = fs::read_to_string(thread.join("comm")).unwrap();
            (name.trim().to_owned(), niceness(thread.join("stat")))
        })
        .collect();
    let of_engine = threads.iter().find(|(name, _)| name == "tacit-engine");
    assert_eq!(of_engine.unwrap().1, (own + 3).min(19), "{threads:?}");
    let of_messages = threads.iter().filter(|(name, _)| name.starts_with("tokio"));
    assert!(
        of_messages.clone().count() > 0 && of_messages.clone().all(|(_, nice)| *nice == own),
        "{threads:?}"
    );

    let inherited = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"].map(std::env::var_os);
    if inherited == [None, None] {
        let environment = fs::read(process.join("environ")).unwrap();
        let mut variables = environment.split(|byte| *byte == 0);
        assert!(variables.any(|variable| variable == b"GOMP_SPINCOUNT=100000"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_engines_that_race_one_stays() {
    let place = Place::new();
    let mut engines: Vec<_> = (0..4).map(|_| place.start_engine("toy", 1)).collect();
    place.wait_until_listening().await;
    let window = place.visitor();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    let winner = engines
        .iter()
        .position(|engine| engine.id() == pid(&window))
        .unwrap();
    let winner = engines.remove(winner);
    for loser in engines {
        assert_eq!(exit_code(loser).await, Some(0));
    }
    drop(window);
    assert_eq!(exit_code(winner).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_mid_decode_it_answers_nothing_and_then_works_again() {
    let place = Place::new();
    let window = place.window();
    let mut handle = window.submit(job("a", "let foo = bar("));
    first_text(&mut handle).await;
    let first = pid(&window);
    let killed = Instant::now();
    signal(first, "KILL");
    assert_eq!(outcome(handle).await.1, Finish::Cancelled);
    let noticed = killed.elapsed();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo = bar("))).await.1
    ));
    println!(
        "noticed after {noticed:?}, next answer after {:?}",
        killed.elapsed()
    );
    assert_ne!(pid(&window), first);
    // Idle, too.
    let second = pid(&window);
    signal(second, "KILL");
    let mut status = window.status();
    timeout(
        PATIENCE,
        status.wait_for(|status| *status == Status::Stopped),
    )
    .await
    .unwrap()
    .unwrap();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    assert_ne!(pid(&window), second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_engine_is_replaced() {
    let place = Place::new();
    let (owner, other) = (place.window(), place.window());
    assert!(completed(
        &outcome(owner.submit(job("a", "let foo"))).await.1
    ));
    assert!(completed(
        &outcome(other.submit(job("b", "let foo"))).await.1
    ));
    let hanging = pid(&owner);
    assert_eq!(pid(&other), hanging);
    signal(hanging, "STOP");
    // The window that has not started it may not kill it: it gets one of its own.
    let stopped = Instant::now();
    assert_eq!(
        outcome(other.submit(job("b", "let bar"))).await.1,
        Finish::Cancelled
    );
    println!("a hang was noticed after {:?}", stopped.elapsed());
    assert!(completed(
        &outcome(other.submit(job("b", "let bar"))).await.1
    ));
    assert_ne!(pid(&other), hanging);
    // The one that has started it replaces it for everybody.
    assert_eq!(
        outcome(owner.submit(job("a", "let bar"))).await.1,
        Finish::Cancelled
    );
    assert!(completed(
        &outcome(owner.submit(job("a", "let bar"))).await.1
    ));
    assert_ne!(pid(&owner), hanging);
    let newcomer = place.visitor();
    assert!(completed(
        &outcome(newcomer.submit(job("c", "let bar"))).await.1
    ));
    assert_eq!(pid(&newcomer), pid(&owner));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_never_starts_is_given_up_with_advice() {
    let place = Place::new();
    let window = RemoteEngine::new(place.launch(&["engine", "--no-such-option"]));
    let Finish::Failed(advice) = outcome(window.submit(job("a", "x"))).await.1 else {
        panic!("no advice")
    };
    assert!(
        advice.contains("--help"),
        "the engine's last words are missing: {advice}"
    );
    let mut failures = 1;
    timeout(PATIENCE, async {
        loop {
            let finish = outcome(window.submit(job("a", "x"))).await.1;
            failures += usize::from(finish != Finish::Cancelled);
            if matches!(&*window.status().borrow(), Status::Failed(reason) if reason.contains("next try")) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it is never given up");
    assert_eq!(failures, 4);
    // From now on at once.
    let asked = Instant::now();
    assert!(matches!(
        outcome(window.submit(job("a", "x"))).await.1,
        Finish::Failed(_)
    ));
    assert!(asked.elapsed() < Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_socket_is_replaced() {
    let place = Place::new();
    drop(UnixListener::bind(place.socket()).unwrap());
    let window = place.window();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    assert_eq!(pid(&window), {
        let visitor = place.visitor();
        outcome(visitor.submit(job("b", "let foo"))).await;
        pid(&visitor)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_sockets_place_is_left_alone() {
    let place = Place::new();
    fs::write(place.socket(), "precious").unwrap();
    let window = place.window();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    assert_eq!(fs::read_to_string(place.socket()).unwrap(), "precious");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_another_kind_is_left_to_others() {
    let place = Place::new();
    let mut other = place.start_engine("another model", 60);
    place.wait_until_listening().await;
    let window = place.window();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    assert_ne!(pid(&window), other.id());
    assert!(other.try_wait().unwrap().is_none());
    signal(other.id(), "TERM");
    assert_eq!(exit_code(other).await, Some(0));
    assert!(!place.socket().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_can_find_leaves() {
    let place = Place::new();
    let engine = place.start_engine("toy", 60);
    place.wait_until_listening().await;
    fs::remove_file(place.socket()).unwrap();
    assert_eq!(exit_code(engine).await, Some(0));
}

/// A prompt's tokens that the engine had already, and those that it evaluated.
async fn prompt_usage(mut handle: JobHandle) -> PromptUsage {
    timeout(PATIENCE, async {
        loop {
            match handle.next().await {
                Some(Event::Finished { usage, .. }) => return usage.prompt,
                Some(_) => {}
                None => panic!("a job ended without Finished"),
            }
        }
    })
    .await
    .expect("a job hangs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_while_the_engine_had_unloaded_it_is_not_loaded() {
    let place = Place::new();
    let body = Gguf::default().bytes();
    let file = place.folder.path().join("model.gguf");
    fs::write(&file, &body).unwrap();
    let window = RemoteEngine::new(place.launch(&[
        "engine",
        "--toy",
        "--idle-unload-seconds",
        "1",
        "--model",
        file.to_str().unwrap(),
        "--model-digest",
        &sha256(&body),
    ]));
    let (_, finish) = outcome(window.submit(job("a", "let x = "))).await;
    assert!(completed(&finish), "{finish:?}");
    let engine = pid(&window);
    let unloaded = async || {
        let mut status = window.status();
        let stopped = status.wait_for(|status| *status == Status::Stopped);
        timeout(PATIENCE, stopped).await.unwrap().unwrap();
    };
    unloaded().await;

    // Another byte, and the time set back.
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut other = body.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&file, other).unwrap();
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(modified).unwrap();
    for _ in 0..2 {
        let (text, finish) = outcome(window.submit(job("a", "let x = "))).await;
        let Finish::Failed(reason) = finish else {
            panic!("{finish:?} {text}")
        };
        assert!(
            reason.contains("has changed since it was verified"),
            "{reason}"
        );
        assert!(reason.contains("tacit models trust"), "{reason}");
    }

    // The verified bytes are good again, for the same engine.
    fs::write(&file, &body).unwrap();
    let (_, finish) = outcome(window.submit(job("a", "let x = "))).await;
    assert!(completed(&finish), "{finish:?}");
    assert_eq!(pid(&window), engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_asked_to_end_saves_what_the_next_one_needs() {
    let place = Place::new();
    let states = place.folder.path().join("states");
    let window = RemoteEngine::new(place.launch(&[
        "engine",
        "--toy",
        "--idle-exit-seconds",
        "1",
        "--states",
        states.to_str().unwrap(),
    ]));
    let text = "x = y;\n".repeat(100);
    let cold = prompt_usage(window.submit(job("a", &text))).await;
    assert!(cold.reused == 0 && cold.evaluated > 300, "{cold:?}");
    signal(pid(&window), "TERM");
    let saved = || {
        let models = fs::read_dir(&states).ok()?.next()?.ok()?.path();
        let mut files = fs::read_dir(models).ok()?.flatten();
        files.find(|file| file.path().extension().is_some_and(|e| e == "json"))
    };
    timeout(PATIENCE, async {
        while saved().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("nothing is saved");
    let mut status = window.status();
    let stopped = status.wait_for(|status| *status == Status::Stopped);
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
    let warm = prompt_usage(window.submit(job("a", &text))).await;
    assert_eq!(warm.reused + warm.evaluated, cold.evaluated);
    assert!(warm.evaluated * 10 <= cold.evaluated, "{warm:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_has_a_session_of_its_own_and_leaves_no_core() {
    let place = Place::new();
    let window = place.window();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    let process = PathBuf::from(format!("/proc/{}", pid(&window)));
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    // Behind the name, which may hold anything: state, parent, group, session.
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(fields[3], pid(&window).to_string());
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core"))
        .unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_send_makes_the_log_neither_long_nor_telling() {
    let place = Place::new();
    let window = place.window();
    assert!(completed(
        &outcome(window.submit(job("a", "let foo"))).await.1
    ));
    let log = place.endpoint().log_path();
    const SENT: &str = "MyPrivateWord";
    let frame = |text: &str| {
        let mut frame = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
        frame.extend_from_slice(text.as_bytes());
        frame
    };
    let frames = [
        frame(&format!("{{\"{SENT}\":1}}")),
        frame(&format!("\"{SENT}\"")),
        frame(&format!("{{\"Hello\":{{\"protocol\":\"{SENT}\"}}}}")),
        frame(SENT),
    ];
    let mut longest = 0;
    // A line of 150 bytes and more for each of them would be nearly 2 MiB.
    for number in 0..12_000 {
        let mut stream = std::os::unix::net::UnixStream::connect(place.socket()).unwrap();
        use std::io::Write;
        let _ = stream.write_all(&frames[number % frames.len()]);
        longest = longest.max(fs::metadata(&log).unwrap().len());
    }
    let reason = "no message (line 1, column ";
    let words = timeout(PATIENCE, async {
        loop {
            let words = fs::read_to_string(&log).unwrap();
            if words.contains(reason) {
                return words;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("nothing is logged");
    assert!(!words.contains(SENT), "{}", &words[words.len() - 400..]);
    longest = longest.max(fs::metadata(&log).unwrap().len());
    println!("the log had {longest} bytes at most");
    assert!(longest <= (1 << 20) + 1024, "{longest} bytes");
}

/// An engine that dies while it loads, as llama.cpp does at a failed assertion: its last words are in the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_on_which_llama_cpp_aborts_is_told_in_words_and_not_tried_again() {
    use tacit::engine::connection::Connection;
    use tacit::engine::wire::{ClientMessage, HostMessage};
    let place = Place::new();
    let listener = place.endpoint().listen().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let log = place.endpoint().log_path();
    tokio::spawn(async move {
        loop {
            let mut window = Connection::new(listener.accept().await.unwrap());
            let _hello: Option<ClientMessage> = window.receive().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let status = Status::Loading { progress: 0.1 };
            window
                .send(&HostMessage::Welcome { pid: 1, status })
                .unwrap();
            window.flush().await.unwrap();
            let words = "/src/ggml.c:77: GGML_ASSERT(ne00 > 0) failed\n[New LWP 12]\n171 rt.rs: No such file\n";
            fs::write(&log, words).unwrap();
        }
    });
    let window = place.visitor();
    assert_eq!(
        outcome(window.submit(job("a", "x"))).await.1,
        Finish::Cancelled
    );
    let mut status = window.status();
    let failed = status.wait_for(|status| matches!(status, Status::Failed(_)));
    let failed = timeout(PATIENCE, failed).await.unwrap().unwrap().clone();
    let Status::Failed(reason) = failed else {
        unreachable!()
    };
    assert!(
        reason.contains("GGML_ASSERT(ne00 > 0) failed") && reason.contains("tacit models verify"),
        "{reason}"
    );
    assert!(
        !reason.contains("rt.rs") && !reason.contains("ggml.c"),
        "{reason}"
    );
    for _ in 0..5 {
        let finish = outcome(window.submit(job("a", "x"))).await.1;
        assert!(matches!(finish, Finish::Failed(_)), "{finish:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Until the user wants it.
    window.warm_up();
    timeout(PATIENCE, async {
        while asked.load(Ordering::SeqCst) < 2 {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it is tried again");
}
