#[path = "build_order.rs"]
mod build_order;
use build_order::{OrderError, Tasks};

fn tasks() -> Tasks {
    let mut tasks = Tasks::default();
    tasks.add("test", &["build"]);
    tasks.add("build", &["fetch", "configure"]);
    tasks.add("configure", &[]);
    tasks.add("fetch", &[]);
    tasks.add("document", &["fetch"]);
    tasks
}

#[test]
fn order() {
    assert_eq!(tasks().order().unwrap(), ["configure", "fetch", "build", "document", "test"]);
}

#[test]
fn cycle() {
    let mut tasks = tasks();
    tasks.add("fetch", &["test"]);
    let Err(OrderError::Cycle(names)) = tasks.order() else { panic!("no cycle was found") };
    assert_eq!(names, ["build", "document", "fetch", "test"]);
}

#[test]
fn unknown() {
    let mut tasks = tasks();
    tasks.add("ship", &["sign"]);
    assert_eq!(tasks.order(), Err(OrderError::Unknown { task: "ship".into(), dependency: "sign".into() }));
}

#[test]
fn goals() {
    assert_eq!(tasks().goals(), ["document", "test"]);
}

#[test]
fn nothing() {
    assert_eq!(Tasks::default().order(), Ok(vec![]));
}
