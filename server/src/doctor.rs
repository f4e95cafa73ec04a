//! `tacit doctor`: what this machine is, what it would run and why, what is wrong and the mend. Facts are collected once; what
//! they mean and how they are told are pure functions of them. It changes nothing and loads no model.

mod facts;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::for_stdout;
use crate::engine::{budget::Budget, memory};
use crate::models::pull::human_bytes;
use facts::{Editor, Facts, Speed};

/// Show what this machine is, what it would run, what is wrong and how to mend it
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// No completion comes.
    Stops,
    /// Something is slower or harder than it has to be.
    Hinders,
}

/// Something that is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    severity: Severity,
    what: String,
    mend: String,
}

/// Exit code 1: something stops completion.
pub async fn run(arguments: &Arguments) -> ExitCode {
    let facts = facts::collect().await;
    let findings = findings(&facts);
    if arguments.json {
        println!("{}", json!({ "facts": facts, "findings": findings }));
    } else {
        print!("{}", for_stdout(&in_words(&facts, &findings)));
    }
    match findings
        .iter()
        .any(|finding| finding.severity == Severity::Stops)
    {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// What the facts say is wrong, the worst first.
fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |severity, what: String, mend: &str| {
        findings.push(Finding {
            severity,
            what,
            mend: mend.to_owned(),
        });
    };

    if let Some(what) = &facts.back_end.missing {
        find(
            Severity::Stops,
            what.clone(),
            "Build again with `make install`; a copy of the program alone does not do.",
        );
    }
    if let Some(error) = &facts.model.error {
        // The store's words name the mend themselves.
        find(Severity::Stops, error.clone(), "");
    } else if let Some(error) = &facts.actions.error {
        find(
            Severity::Hinders,
            format!("There are no code actions. {error}"),
            "",
        );
    }
    if let Some(reason) = &facts.models.forgotten {
        find(Severity::Hinders, reason.clone(), "");
    }
    if let Some(error) = &facts.engine.error {
        find(Severity::Stops, format!("{}.", capitalised(error)), "");
    }
    let needed = facts.model.bytes.map(memory::needed_for);
    if let (Some(needed), Some(available), false) =
        (needed, facts.memory.available, facts.engine.running)
        && needed > available
    {
        find(
            Severity::Hinders,
            format!(
                "The model needs {} of memory and {} are free.",
                human_bytes(Some(needed)),
                human_bytes(Some(available))
            ),
            "Close something large, or completions will be slow or fail.",
        );
    }
    if facts.back_end.in_use.as_deref().is_some_and(without_avx2) {
        find(
            Severity::Hinders,
            "The processor offers no AVX2, so completions take several times as long.".to_owned(),
            "In a virtual machine, pass the host's processor through (for QEMU: `-cpu host`).",
        );
    }
    if !facts.program.found_in_path {
        find(
            Severity::Hinders,
            "Editors look for `tacit` in the folders of PATH, and it is in none of them."
                .to_owned(),
            "Run `make install`, and add ~/.local/bin to PATH if it is not there.",
        );
    }
    if facts.editors.is_empty() {
        find(
            Severity::Hinders,
            "No editor that tacit knows was found in PATH (nvim, hx, code, codium).".to_owned(),
            "Any editor that speaks the Language Server Protocol works: its command is `tacit lsp`.",
        );
    }
    for Editor {
        program, version, ..
    } in &facts.editors
    {
        if program == "nvim" && version.as_deref().is_some_and(older_than_0_10) {
            find(
                Severity::Hinders,
                "tacit's plugin needs Neovim 0.10 or newer.".to_owned(),
                "Install a newer Neovim.",
            );
        }
    }
    for issue in &facts.configuration.issues {
        findings.push(Finding {
            severity: Severity::Hinders,
            what: issue.clone(),
            mend: String::new(),
        });
    }
    findings.sort_by_key(|finding| finding.severity == Severity::Hinders);
    findings
}

fn without_avx2(variant: &str) -> bool {
    let name = variant.split(':').next().unwrap_or_default();
    ["piledriver", "ivybridge", "sandybridge", "sse42", "x64"].contains(&name)
}

/// Of a line such as "NVIM v0.9.5".
fn older_than_0_10(version: &str) -> bool {
    let numbers = version.split('v').next_back().unwrap_or_default();
    let mut numbers = numbers.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (0, 10),
        _ => false,
    }
}

fn in_words(facts: &Facts, findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut line = |name: &str, words: String| text += &format!("{name:<12}{words}\n");
    let Facts {
        program,
        machine,
        memory,
        back_end,
        models,
        model,
        actions,
        engine,
        speed,
        editors,
        configuration,
    } = facts;

    line("tacit", format!("{} ({})", program.version, program.path));
    line(
        "machine",
        format!(
            "{} on {}, {} logical cores; the engine computes with {} threads at most",
            machine.system, machine.architecture, machine.logical_cores, machine.threads
        ),
    );
    if let (Some(total), Some(available)) = (memory.total, memory.available) {
        let [total, available] = [total, available].map(|bytes| human_bytes(Some(bytes)));
        line("memory", format!("{total}, of which {available} are free"));
    }
    match &back_end.in_use {
        Some(variant) => line("engine", format!("llama.cpp, {variant}")),
        None if back_end.missing.is_none() => {
            line("engine", "llama.cpp, which chooses its back end".to_owned())
        }
        None => line("engine", "none".to_owned()),
    }
    let variants = |shipped| -> Option<String> {
        let variants = back_end.runnable.iter();
        let names: Vec<_> = variants
            .filter(|variant| variant.shipped == shipped)
            .map(|variant| variant.name)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = variants(true) {
        line("", format!("could run {names} (`TACIT_CPU` chooses)"));
        line(
            "",
            "leaves AMX out: some virtual machines advertise it without granting it".to_owned(),
        );
    }
    if let Some(names) = variants(false) {
        line("", format!("could run {names} if this build had them"));
    }
    line(
        "models",
        models
            .folder
            .clone()
            .unwrap_or_else(|| "no folder".to_owned()),
    );
    for here in &models.here {
        line("", format!("{} ({})", here.name, here.path));
    }
    let runs = match (&model.path, engine.running) {
        (None, _) => "cannot be used",
        (Some(_), true) => "its engine is running",
        (Some(_), false) => "its engine starts with the first completion",
    };
    line("would run", format!("{}: {runs}", model.name));
    line(
        "actions",
        match &actions.name {
            Some(_) if actions.completes => "the same model".to_owned(),
            Some(name) => format!("{name}, loaded when one is asked for"),
            None => "none".to_owned(),
        },
    );
    let mut heading = "speed";
    for words in speed_in_words(speed) {
        line(std::mem::take(&mut heading), words);
    }
    for editor in editors {
        let version = editor
            .version
            .as_deref()
            .unwrap_or("does not tell its version");
        line("editor", format!("{version} ({})", editor.path));
    }
    if let Some(file) = &configuration.file {
        line("settings", file.clone());
    }

    text.push('\n');
    if findings.is_empty() {
        text += "All is well.\n";
    }
    for finding in findings {
        let mark = match finding.severity {
            Severity::Stops => "error",
            Severity::Hinders => "note",
        };
        text += format!("{mark}: {} {}", finding.what, finding.mend).trim_end();
        text.push('\n');
    }
    text
}

/// What the machine's speed is, and what was chosen for it.
fn speed_in_words(speed: &Speed) -> [String; 3] {
    let budget = Budget::new(&speed.passes, speed.latency_target_ms);
    let source = match speed.measured {
        true => "measured",
        false => "assumed: not measured yet, the engine does that when it is idle after its start",
    };
    let wait = match budget.debounce_ms {
        0 => "no wait after a key".to_owned(),
        ms => format!("{ms} ms of wait after a key"),
    };
    [
        format!(
            "{:.0} ms for a pass of one token, {:.0} ms for a chunk of {} ({source})",
            speed.passes.pass_ms(1),
            speed.passes.pass_ms(budget.chunk_tokens),
            budget.chunk_tokens
        ),
        format!(
            "for suggestions within {} ms the model sees {} bytes around the cursor, which it reads in {:.1} s once,",
            speed.latency_target_ms,
            budget.window_bytes(),
            budget.cold_window_ms(&speed.passes) / 1000.0
        ),
        format!(
            "lines of {} tokens at most, {wait}; a KV cache of {} tokens holds five such documents",
            budget.max_line_tokens, budget.context_tokens
        ),
    ]
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::costs::PassCosts;
    use crate::engine::memory::Memory;
    use facts::{ActionModel, BackEnd, ChosenModel, Machine, Program};

    fn healthy() -> Facts {
        Facts {
            program: Program {
                version: "1.0.0".to_owned(),
                path: "/usr/bin/tacit".to_owned(),
                found_in_path: true,
            },
            machine: Machine {
                system: "Debian".to_owned(),
                architecture: "x86_64",
                logical_cores: 4,
                threads: 4,
            },
            memory: Memory {
                total: Some(8_000_000_000),
                available: Some(4_000_000_000),
            },
            back_end: BackEnd {
                in_use: Some("haswell: AVX2, FMA, F16C".to_owned()),
                ..BackEnd::default()
            },
            model: ChosenModel {
                name: "small".to_owned(),
                path: Some("/m/small.gguf".to_owned()),
                bytes: Some(400_000_000),
                error: None,
            },
            actions: ActionModel {
                name: Some("small".to_owned()),
                completes: true,
                error: None,
            },
            editors: vec![Editor {
                program: "nvim".to_owned(),
                path: "/usr/bin/nvim".to_owned(),
                version: Some("NVIM v0.11.4".to_owned()),
            }],
            ..Facts::default()
        }
    }

    #[test]
    fn nothing_is_wrong_with_a_healthy_machine() {
        assert_eq!(findings(&healthy()), []);
        let words = in_words(&healthy(), &[]);
        assert!(words.contains("small: its engine starts"), "{words}");
        assert!(words.ends_with("\nAll is well.\n"), "{words}");
    }

    #[test]
    fn the_choice_for_a_speed_is_told_with_its_numbers() {
        let mut speed = Speed {
            latency_target_ms: 150,
            ..Speed::default()
        };
        let told = speed_in_words(&speed).join(" ");
        for part in [
            "26 ms for a pass",
            "not measured yet",
            "2816 bytes",
            "4.7 s",
            "no wait",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        speed.passes = PassCosts::new(vec![(1, 200.0), (64, 2000.0)]).unwrap();
        speed.measured = true;
        let told = speed_in_words(&speed).join(" ");
        for part in [
            "200 ms",
            "chunk of 16 (measured)",
            "704 bytes",
            "50 ms of wait",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn what_stops_completion_comes_first() {
        let mut facts = healthy();
        facts.program.found_in_path = false;
        facts.model.error = Some("The model is not here. Get it.".to_owned());
        let findings = findings(&facts);
        let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Stops, Severity::Hinders]);
        let words = in_words(&facts, &findings);
        assert!(
            words.contains("\nerror: The model is not here. Get it.\nnote: "),
            "{words}"
        );
    }

    #[test]
    fn what_does_the_actions_is_told() {
        let mut facts = healthy();
        assert!(in_words(&facts, &[]).contains("actions     the same model"));
        facts.actions.completes = false;
        assert!(in_words(&facts, &[]).contains("actions     small, loaded when"));
        facts.actions = ActionModel {
            error: Some("Get one.".to_owned()),
            ..ActionModel::default()
        };
        let findings = findings(&facts);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].what, "There are no code actions. Get one.");
        assert_eq!(findings[0].severity, Severity::Hinders);
    }

    #[test]
    fn a_weak_machine_and_an_old_editor_are_told_of() {
        let mut facts = healthy();
        facts.memory.available = Some(600_000_000);
        facts.back_end.in_use = Some("sse42: SSE4.2".to_owned());
        facts.editors[0].version = Some("NVIM v0.9.5".to_owned());
        let told = |facts: &Facts| -> Vec<String> {
            findings(facts)
                .into_iter()
                .map(|finding| finding.what)
                .collect()
        };
        let words = told(&facts).join("\n");
        for word in ["700", "AVX2", "Neovim 0.10"] {
            assert!(words.contains(word), "{words}");
        }
        // A running engine has its memory already.
        facts.engine.running = true;
        assert_eq!(told(&facts).len(), 2);
    }
}
