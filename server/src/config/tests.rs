use serde_json::json;

use super::*;

const USER: Trust = Trust::User;
const WORKSPACE: Trust = Trust::Workspace;

fn toml(text: &str, trust: Trust) -> Layer {
    match files::parse(text, "tacit.toml", trust) {
        Ok(layer) => layer,
        Err(issue) => panic!("{issue}"),
    }
}

/// A layer, the sentences it gives, and what is changed in the defaults by it.
type Case = (
    Trust,
    &'static str,
    &'static [&'static str],
    fn(&mut Config),
);

const CASES: &[Case] = &[
    (USER, "", &[], |_| {}),
    (USER, "model = \"qwen2.5-coder-1.5b\"", &[], |c| {
        c.model = ModelChoice::Named("qwen2.5-coder-1.5b".into())
    }),
    (USER, "model = \"/opt/my.gguf\"", &[], |c| {
        c.model = ModelChoice::File("/opt/my.gguf".into())
    }),
    (USER, "model = \"auto\"\nmodels_dir = \"/m\"", &[], |c| {
        c.models_dir = Some("/m".into())
    }),
    (USER, "log_level = \"debug\"", &[], |c| {
        c.log_level = LogLevel::Debug
    }),
    (
        USER,
        "log_level = \"loud\"\n[engine]\nthreads = 2",
        &[
            "`log_level` has to be one of off, error, warn, info, debug, trace, not a text; it does not count.",
        ],
        |c| c.engine.threads = 2,
    ),
    (
        USER,
        "[completion]\nmax_tokens = 64\nmax_lines = 0\ndebounce_ms = -1\nenabled = \"no\"",
        &[
            "`completion.debounce_ms` has to be a whole number from 0 to 5000, not -1; it does not count.",
            "`completion.enabled` has to be true or false, not a text; it does not count.",
            "`completion.max_lines` has to be a whole number from 1 to 1000, not 0; it does not count.",
        ],
        |c| c.completion.max_tokens = 64,
    ),
    (
        USER,
        "[engine]\nthreads = 2.5\ncontext_tokens = 99999999999\nidle_exit_minutes = 5",
        &[
            "`engine.context_tokens` has to be a whole number from 0 to 131072, not 99999999999; it does not count.",
            "`engine.threads` has to be a whole number from 0 to 512, not 2.5; it does not count.",
        ],
        |c| c.engine.idle_exit_minutes = 5,
    ),
    (USER, "[engine]\ngpu_layers = 20", &[], |c| {
        c.engine.gpu_layers = Some(20)
    }),
    (USER, "[engine]\ngpu_layers = -1", &[], |_| {}),
    (
        USER,
        "[engine]\ngpu_layers = -2",
        &[
            "`engine.gpu_layers` has to be a whole number from -1 to 1000, not -2; it does not count.",
        ],
        |_| {},
    ),
    (
        USER,
        "[engine]\nidle_cpu_percent = 101\nprefetch_on_battery = true\n[completion]\nlatency_target_ms = 0",
        &[
            "`completion.latency_target_ms` has to be a whole number from 20 to 10000, not 0; it does not count.",
            "`engine.idle_cpu_percent` has to be a whole number from 0 to 100, not 101; it does not count.",
        ],
        |c| c.engine.prefetch_on_battery = true,
    ),
    (
        USER,
        "max_tokens = 64\ncolour = 1\n[completion]\nmax_token = 1\n[nothing]\na = 1",
        &[
            "There is no setting `colour`; it does not count.",
            "There is no setting `completion.max_token`; did you mean `completion.max_tokens`?",
            "There is no setting `max_tokens`; did you mean `completion.max_tokens`?",
            "There is no setting `nothing`; it does not count.",
        ],
        |_| {},
    ),
    (
        USER,
        "completion = 1",
        &["`completion` has to be a table, not 1; it does not count."],
        |_| {},
    ),
    (
        USER,
        "[completion]\ndisabled_languages = [\"markdown\", 3]\nmenu = false",
        &[
            "`completion.disabled_languages` has to be a list of texts, not a list; it does not count.",
        ],
        |c| c.completion.menu = false,
    ),
    (
        WORKSPACE,
        "model = \"/evil.gguf\"\nmodels_dir = \"/evil\"\nlog_level = \"trace\"\n[engine]\nthreads = 1\n[completion]\nmax_lines = 3",
        &[
            "A workspace may not set `engine.threads`; it does not count.",
            "A workspace may not set `log_level`; it does not count.",
            "A workspace may not set `model`; it does not count.",
            "A workspace may not set `models_dir`; it does not count.",
        ],
        |c| c.completion.max_lines = 3,
    ),
    (
        WORKSPACE,
        "url = \"http://evil\"\n[completion]\ndisabled_languages = [\"Markdown\"]",
        &["There is no setting `url`; it does not count."],
        |c| c.completion.disabled_languages = vec!["Markdown".into()],
    ),
];

#[test]
fn a_layer_counts_as_far_as_it_makes_sense() {
    for (trust, text, sentences, change) in CASES {
        let mut expected = Config::default();
        change(&mut expected);
        let (config, issues) = resolve(&[toml(text, *trust)]);
        let mut told: Vec<&str> = issues.iter().map(|issue| issue.text.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, *sentences, "{text}");
        assert_eq!(config, expected, "{text}");
    }
}

#[test]
fn every_key_can_be_set_by_the_user_and_only_completions_by_a_workspace() {
    for key in KEYS {
        let value = match &key.kind {
            Kind::Boolean(field) => json!(!*field(&mut Config::default())),
            Kind::Integer(range, _) => json!(range.end()),
            Kind::Limit(most, _) => json!(most),
            Kind::Texts(_) => json!(["go"]),
            Kind::Model(_) | Kind::Folder(_) => json!("other"),
            Kind::Level(_) => json!("error"),
        };
        let values = key
            .path
            .rsplit('.')
            .fold(value, |inner, name| json!({ name: inner }));
        let layer = |trust| Layer {
            source: "test".into(),
            trust,
            values: values.clone(),
        };
        let (of_user, issues) = resolve(&[layer(USER)]);
        assert!(
            issues.is_empty() && of_user != Config::default(),
            "{}",
            key.path
        );
        let (of_workspace, issues) = resolve(&[layer(WORKSPACE)]);
        assert_eq!(
            of_workspace != Config::default(),
            key.path.starts_with("completion."),
            "{}",
            key.path
        );
        assert_eq!(issues.is_empty(), key.workspace, "{}", key.path);
    }
}

#[test]
fn stronger_layers_win_and_folders_have_their_own() {
    let of_folder = toml(
        "[completion]\nmax_lines = 2\nmax_tokens = 2\nenabled = false",
        WORKSPACE,
    );
    let sources = Sources {
        files: Files {
            user: Some(toml(
                "[engine]\nthreads = 1\n[completion]\nmax_lines = 1\nmax_tokens = 1",
                USER,
            )),
            folders: vec![("/one".into(), of_folder)],
            unreadable: Vec::new(),
        },
        initialization: Some(Layer::of_editor(
            &json!({ "tacit": { "completion": { "maxTokens": 3 } } }),
        )),
        editor: Some(Layer::of_editor(
            &json!({ "engine": { "threads": 4 }, "model": null, "nonsense": true }),
        )),
    };
    let (settings, issues) = sources.resolve();
    assert_eq!(issues.len(), 1, "the same issue is told once: {issues:?}");
    let (one, outside) = (settings.of(Some(Path::new("/one"))), settings.of(None));
    assert_eq!(
        (
            one.completion.max_lines,
            one.completion.max_tokens,
            one.engine.threads
        ),
        (2, 3, 4)
    );
    assert_eq!(
        (
            outside.completion.max_lines,
            outside.completion.max_tokens,
            outside.engine.threads
        ),
        (1, 3, 4)
    );
    assert!(!one.completion.enabled && outside.completion.enabled);
    assert_eq!(settings.of(Some(Path::new("/two"))), outside);
}

#[test]
fn files_that_cannot_be_read_cost_only_themselves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE_NAME);
    assert_eq!(read_file(&path, WORKSPACE), Ok(None));
    let table: &[(&[u8], &str)] = &[
        (b"[completion]\nmax_lines = \n", "Line 2 is not valid TOML"),
        (
            "\u{feff}\u{feff}\né = \u{feff}".as_bytes(),
            "Line 2 is not valid TOML",
        ),
        (b"\xff\xfe", "The file is not a UTF-8 text file"),
        (&[b'#'; 64 * 1024 + 1], "The file is larger than 64 KiB"),
    ];
    for (bytes, beginning) in table {
        std::fs::write(&path, bytes).expect("written");
        let issue = read_file(&path, WORKSPACE).expect_err("an issue");
        assert!(issue.text.starts_with(beginning), "{issue}");
        let files = Files::read(None, &[folder.path().to_owned()]);
        assert!(
            Sources {
                files,
                ..Default::default()
            }
            .resolve()
            .1
            .contains(&issue)
        );
    }
    std::fs::write(&path, vec![b'#'; 64 * 1024]).expect("written");
    assert!(read_file(&path, WORKSPACE).is_ok());
    // The user's own may be longer.
    std::fs::write(&path, vec![b'#'; 1024 * 1024]).expect("written");
    assert!(read_file(&path, USER).is_ok());
    std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).expect("written");
    let issue = read_file(&path, USER).expect_err("an issue");
    assert!(
        issue.text.starts_with("The file is larger than 1 MiB"),
        "{issue}"
    );
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("made");
    assert!(read_file(&path, WORKSPACE).is_err());
}

#[cfg(unix)]
#[test]
fn a_workspace_s_file_is_a_file_in_the_workspace() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let target = elsewhere.path().join("other.toml");
    std::fs::write(&target, "[completion]\nmax_lines = 2\n").expect("written");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE_NAME);
    for target in [
        target.as_path(),
        Path::new("/dev/zero"),
        Path::new("/proc/self/pagemap"),
    ] {
        symlink(target, &path).expect("linked");
        assert!(read_file(&path, WORKSPACE).is_err(), "{}", target.display());
        std::fs::remove_file(&path).expect("removed");
    }
    // Where the user's own leads to is his business.
    symlink(&target, &path).expect("linked");
    assert!(matches!(read_file(&path, USER), Ok(Some(_))));
    std::fs::remove_file(&path).expect("removed");
    let inside = folder.path().join("config.toml");
    std::fs::write(&inside, "[completion]\nmax_lines = 2\n").expect("written");
    symlink("config.toml", &path).expect("linked");
    assert!(matches!(read_file(&path, WORKSPACE), Ok(Some(_))));
    std::fs::remove_file(&path).expect("removed");
    let pipe = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(pipe.is_ok_and(|made| made.success()) && read_file(&path, WORKSPACE).is_err());
}

/// What somebody has put into a file so that it is read aloud is not.
#[test]
fn no_key_is_repeated_that_is_no_slip_of_the_pen() {
    let secretive = "A key is no setting, and its name is too long or too odd to be repeated; it does not count.";
    for (key, expected) in [
        ("colour", "There is no setting `colour`; it does not count."),
        (
            "max-tokens",
            "There is no setting `max-tokens`; did you mean `completion.max_tokens`?",
        ),
        ("[Update tacit](command:workbench.action.x)", secretive),
        ("two\nlines", secretive),
        ("\u{202e}ledom", secretive),
        ("mödel", secretive),
        (&"a".repeat(41), secretive),
        (&"a".repeat(1_000_000), secretive),
    ] {
        for layer in [
            Layer {
                source: "x".into(),
                trust: WORKSPACE,
                values: json!({ key: 1 }),
            },
            Layer::of_editor(&json!({ key: { "a": [1] } })),
        ] {
            let (_, issues) = resolve(&[layer]);
            let told: Vec<&str> = issues.iter().map(|issue| issue.text.as_str()).collect();
            assert_eq!(told, [expected], "{key}");
        }
    }
}

#[test]
fn of_many_faults_the_first_are_told_and_the_rest_counted() {
    let keys = |count: usize| {
        (0..count)
            .map(|key| format!("a{key} = 1\n"))
            .collect::<String>()
    };
    for (count, told, last) in [
        (5, 5, None),
        (6, 6, Some("And 1 more setting does not count.")),
        (90_000, 6, Some("And 89995 more settings do not count.")),
    ] {
        let layer = toml(&keys(count), WORKSPACE);
        let started = std::time::Instant::now();
        let (_, issues) = resolve(&[layer]);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
        assert_eq!(issues.len(), told, "{count}");
        if let Some(last) = last {
            assert_eq!(issues[told - 1].text, last);
        }
        assert!(in_one_line(&issues).len() < 500, "{}", in_one_line(&issues));
    }
    let lists = (0..9).map(|n| format!("[t{n}]\n")).collect::<String>();
    assert_eq!(resolve(&[toml(&lists, USER)]).1.len(), 6);
}

#[test]
fn a_source_is_named_once() {
    let issue = |source: &str, text: &str| Issue {
        source: source.into(),
        text: text.into(),
    };
    let issues = [issue("a", "One."), issue("a", "Two."), issue("b", "Three.")];
    assert_eq!(in_one_line(&issues), "a: One. Two. b: Three.");
    assert_eq!(in_one_line(&[]), "");
}

/// Each is refused or read, and neither takes long nor overflows the stack.
#[test]
fn toml_that_is_made_to_hurt_is_read_in_time() {
    for text in [
        "a = ".to_owned() + &"[".repeat(30_000),
        "a = ".to_owned() + &"[".repeat(30_000) + &"]".repeat(30_000),
        "a = ".to_owned() + &"{a=".repeat(15_000),
        "a.".repeat(30_000) + "a = 1",
        "[".to_owned() + &"a.".repeat(30_000) + "a]\nb = 1",
        "[[a]]\n".repeat(9_000),
        (0..900)
            .map(|n| format!("[{}x{n}]\n", "a.".repeat(30)))
            .collect(),
        "a = \"".to_owned() + &"\\u0041".repeat(10_000) + "\"",
        "a = ".to_owned() + &"9".repeat(60_000),
        "\"".repeat(60_000),
    ] {
        let started = std::time::Instant::now();
        match files::parse(&text, "tacit.toml", WORKSPACE) {
            Ok(layer) => drop(resolve(&[layer])),
            Err(issue) => assert!(issue.to_string().len() < 400, "{issue}"),
        }
        let beginning = &text[..20];
        assert!(
            started.elapsed().as_secs() < 5,
            "{beginning}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn settings_are_small_if_somebody_may_mean_them() {
    let every = KEYS.iter().map(|key| (key.path, json!(["a", "b"])));
    assert!(is_small(&every.collect()));
    for large in [
        json!(vec![0; 1000]),
        json!({ "a".repeat(100_000): 1 }),
        json!([vec![json!({ "a": [] }); 200], [[]]]),
    ] {
        assert!(!is_small(&large));
    }
}

#[test]
fn settings_that_are_no_table_are_told() {
    let (config, issues) = resolve(&[Layer::of_editor(&json!([1]))]);
    assert_eq!(config, Config::default());
    assert_eq!(
        issues[0].to_string(),
        "the editor's settings: The settings have to be a table, not a list; they do not count."
    );
}

#[test]
fn a_language_is_disabled_whatever_its_case() {
    let completion = CompletionConfig {
        disabled_languages: vec!["Markdown".into()],
        ..Default::default()
    };
    assert!(!completion.wanted_in("markdown") && completion.wanted_in("rust"));
    assert!(
        !CompletionConfig {
            enabled: false,
            ..Default::default()
        }
        .wanted_in("rust")
    );
}
