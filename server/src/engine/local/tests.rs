use super::*;
use crate::{
    engine::{
        Limits,
        calibration::records::{CalibrationRecords, Subject},
        costs::PassCosts,
        toy::{ToyLoader, ToySettings},
    },
    prompt::{Prompt, Segment, Special},
};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn engine(token_time: Duration, settings: LocalSettings) -> LocalEngine {
    let toy = ToySettings {
        token_time,
        ..Default::default()
    };
    LocalEngine::start(Box::new(ToyLoader(toy)), settings).unwrap()
}

fn job(priority: Priority, prompt: &str) -> Job {
    Job {
        document: format!("{priority:?}"),
        prompt: Prompt {
            segments: vec![
                Segment::Special(Special::FimMiddle),
                Segment::Text(prompt.to_owned()),
            ],
            healed: String::new(),
            avoided: Vec::new(),
        },
        priority,
        limits: Limits {
            max_tokens: 2,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts: true,
        },
        weighed: None,
    }
}

async fn finish(job: &mut JobHandle) -> Finish {
    let finished = async {
        loop {
            match job.next().await {
                Some(Event::Finished { finish, .. }) => return finish,
                Some(_) => {}
                None => panic!("a job ends with how it finished"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, finished)
        .await
        .expect("an end in time")
}

fn is_answered(finish: Finish) -> bool {
    match finish {
        Finish::Limit | Finish::EndOfText => true,
        Finish::Cancelled => false,
        Finish::Failed(reason) => panic!("{reason}"),
    }
}

async fn ready(
    status: &mut watch::Receiver<Status>,
    wanted: impl Fn(&EngineInfo) -> bool,
) -> EngineInfo {
    let ready = status.wait_for(|status| matches!(status, Status::Ready(info) if wanted(info)));
    let ready = tokio::time::timeout(PATIENCE, ready).await;
    match ready.expect("in time").expect("a thread").clone() {
        Status::Ready(info) => info,
        other => panic!("{other:?} is not ready"),
    }
}

#[tokio::test]
async fn a_key_interrupts_the_rest_of_idle_work() {
    let settings = LocalSettings {
        idle_work: IdleWorkLimits {
            percent: 1,
            on_battery: true,
        },
        ..Default::default()
    };
    let engine = engine(Duration::from_millis(1), settings);
    let started = Instant::now();
    let mut prefetch = engine.submit(job(Priority::Prefetch, &"x ".repeat(200)));
    // After the first chunk of 64 ms it rests for 6 s.
    assert!(matches!(prefetch.next().await, Some(Event::Prefilled(_))));
    let mut typing = engine.submit(job(Priority::Typing, "let"));
    assert!(is_answered(finish(&mut typing).await));
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(prefetch);
}

#[tokio::test]
async fn idle_work_that_is_not_allowed_ends_and_all_other_work_is_done() {
    let settings = LocalSettings {
        idle_work: IdleWorkLimits {
            percent: 0,
            on_battery: true,
        },
        ..Default::default()
    };
    let engine = engine(Duration::ZERO, settings);
    for (priority, answered) in [
        (Priority::Prefetch, false),
        (Priority::Typing, true),
        (Priority::Action, true),
        (Priority::Indexing, false),
    ] {
        let mut job = engine.submit(job(priority, "let foo"));
        let finish = finish(&mut job).await;
        assert_eq!(is_answered(finish), answered, "{priority:?}");
    }
}

#[tokio::test]
async fn an_action_waits_for_a_pause_in_typing() {
    let engine = engine(Duration::ZERO, LocalSettings::default());
    let started = Instant::now();
    let mut typing = engine.submit(job(Priority::Typing, "let foo"));
    assert!(is_answered(finish(&mut typing).await));
    let mut action = engine.submit(job(Priority::Action, "let foo"));
    assert!(is_answered(finish(&mut action).await));
    assert!(started.elapsed() >= QUIET);
}

#[tokio::test]
async fn an_idle_engine_measures_once_and_tells_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LocalSettings {
        calibration: Some(CalibrationSettings {
            subject: Subject::test(1),
            records: CalibrationRecords::in_folder(folder.path()),
            foreign_cores: f32::INFINITY,
        }),
        ..Default::default()
    };
    let start = || engine(Duration::from_micros(200), settings.clone());
    let first = start();
    first.warm_up();
    let mut status = first.status();
    let before = ready(&mut status, |_| true).await;
    assert_eq!(before.costs, PassCosts::default());
    // A job that comes meanwhile is done.
    let mut typing = first.submit(job(Priority::Typing, "let foo"));
    assert!(is_answered(finish(&mut typing).await));
    let measured = ready(&mut status, |info| info.costs != before.costs).await;
    assert!(measured.costs.pass_ms(64) > measured.costs.pass_ms(1));

    let second = start();
    second.warm_up();
    let known = ready(&mut second.status(), |_| true).await;
    assert_eq!(known.costs, measured.costs);
}

#[tokio::test]
async fn an_engine_without_work_gives_the_model_back_and_loads_it_again() {
    let settings = LocalSettings {
        idle_unload: Duration::from_millis(50),
        ..Default::default()
    };
    let engine = engine(Duration::ZERO, settings);
    let mut status = engine.status();
    for _ in 0..2 {
        let mut typing = engine.submit(job(Priority::Typing, "let foo"));
        assert!(is_answered(finish(&mut typing).await));
        let stopped = status.wait_for(|status| *status == Status::Stopped);
        let stopped = tokio::time::timeout(PATIENCE, stopped).await;
        drop(stopped.expect("in time").expect("a thread"));
    }
}
