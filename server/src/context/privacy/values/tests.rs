use std::path::{Path, PathBuf};

use super::*;

/// Split, so that nobody who looks for secrets in this repository is alarmed: `~` is left out.
fn joined(text: &str) -> String {
    text.replace('~', "")
}

/// The parts of `marked` between `«` and `»` are secret, and nothing else is.
#[track_caller]
fn assert_masked(marked: &str) {
    let marked = joined(marked);
    let text = marked.replace(['«', '»'], "");
    let mut expected = String::new();
    for (n, part) in marked.split('«').enumerate() {
        match part.split_once('»') {
            Some((secret, rest)) if n > 0 => {
                expected.push_str(PLACEHOLDER);
                expected.extend(secret.chars().filter(|&c| c == '\n'));
                expected.push_str(rest);
            }
            _ => expected.push_str(part),
        }
    }
    assert_eq!(without_secrets(&text), expected, "{text}");
}

#[test]
fn secrets_are_replaced() {
    for marked in [
        r#"aws = "«AK~IA2E0A8F3B7C5D9G1H»""#,
        "token: «gh~p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dE3fG»",
        "-H 'Authorization: Bearer «gi~thub_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRs»'",
        "slack(\"«xo~xb-123456789012-aB3dE6gH9jK2»\")",
        "stripe.api_key = '«sk~_live_4eC39HqLyjWDarjtT1zdp7dc»'",
        "client = OpenAI(api_key=\"«s~k-proj-a1B2c3D4e5F6g7H8i9J0k1L2»\")",
        "key=«AI~zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q»&q=1",
        r#"let jwt = "«ey~JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N»";"#,
        "DATABASE_URL = 'postgres://shop:«h~unter2»@db.internal:5432/shop'",
        r#"  "password": "«tr0ub4dor»","#,
        "password: «s3cr3tPassw0rd»",
        "export DB_PASSWORD=«s3cr3tPassw0rd»",
        r#"<password>«s3cr3tPassw0rd»</password>"#,
        r#"conn = "Server=db;User Id=sa;Password=«letmein»;""#,
        r#"conn = "Server=db;Password=«letmein»"#,
        r#"env["SECRET_KEY"] = "«correct-horse7»""#,
        r#"const SIGNING = "«9f86d081884c7d659a2feaa0c55ad015a3bf4f1b»";"#,
        r#"key: "«q7Xv2LpZ9sKd4TfW8bNm»","#,
        "aws = «hT7+q2VbN9xLw4RzC8mK1pYs6DgF3jE5uXaQ0/Tv»",
        "A=\"«q7Xv2LpZ9sKd4TfW8bNm»\" B=\"«9f86d081884c7d659a2feaa0c55ad015»\"",
        "    \"«MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQ4gXz1f0Xk8Jd2Lw9Tq6Vb3C»\\n\" +",
        "MIIEpAIB\n«MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQ4gXz1f0Xk8Jd2Lw9Tq6Vb3C»\n",
        "-----BE~GIN RSA PRIVATE KEY-----«\nMIIabc\nshort\n»-----END RSA PRIVATE KEY-----\nx = 1\n",
        "k = \"-----BE~GIN PRIVATE KEY-----«\\nMIIabc\\n»-----END PRIVATE KEY-----\"",
        "-----BE~GIN PRIVATE KEY-----«\nMIIabc\nshort=»\n",
    ] {
        assert_masked(marked);
    }
}

#[test]
fn ordinary_code_stays() {
    for code in [
        "let token = self.next_token()?;",
        "password = get_password2()",
        "fn password(token: Token, secret: &Secret) -> Password1 {",
        "const ALPHABET = \"abcdefghijklmnopqrstuvwxyz0123456789+/\"",
        "HEX = \"0123456789abcdef0123456789ABCDEF\"",
        "k = 0x9E3779B97F4A7C15F39CC0605CEDC834",
        "token_type = \"bearer2\"",
        "password = \"${DB_PASSWORD}\"",
        "password: \"<your-password-1>\"",
        "url = \"https://user:{password}@example.com\"",
        "url = \"https://example.com/a/b/c0ffee\"",
        "getUserByEmailAddressAndPassword2FromDatabaseConnection3 = 1",
        "x = \"convertHtml2MarkdownWithOptions3AndFallback\"",
        "target = \"x86_64-unknown-linux-gnu\"",
        "id = \"2024-01-02-release-notes-for-v3-and-v4\"",
        "mime: \"application/vnd.openxmlformats-officedocument\"",
        "python -m pip install sk-learn-contrib-for-everyone2",
        "key = \"arm64-v8a-x86-x86_64\"",
        "password = input('password: ')",
        "if token == \"}\" { x1 = 2 }",
        "pub const IFLA_TOKEN: _bindgen_ty_7 = _bindgen_ty_7::IFLA_INET6_TOKEN;",
        "pub StorageOffloadZeroDataToken: STORAGE_OFFLOAD_TOKEN_0_0,",
        "pub const InheritPrivateKey: X509RequestInheritOptions = 3i32;",
        "secret_path = \"/run/secrets/db1\"",
        "std::collections::HashMap<String, Vec<Option<Box<dyn Fn(u32) -> u64>>>>",
        "-----BEGIN CERTIFICATE-----",
        "",
        "日本語: \"日本語日本語日本語日本語日本語1234\"",
    ] {
        assert_eq!(without_secrets(code), code);
    }
}

#[test]
fn no_part_of_a_value_at_the_edge_is_shown() {
    let secret = joined("gh~p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dE3fG");
    let line = format!("token = \"{secret}\"\n");
    let text = Rope::from_str(&line);
    for cursor in 0..line.len() {
        let (before, after) = (shown(&text, 0..cursor), shown(&text, cursor..line.len()));
        let both = before + &after;
        assert!(!both.contains("aB3d") && !both.contains("E3fG"), "{both}");
        assert!(both.starts_with("token = \"") || cursor < 9, "{both}");
    }
}

#[test]
fn a_key_block_is_known_by_its_distant_beginning() {
    let body: String = (0..60).map(|n| format!("line{n}\n")).collect();
    let text = joined(&format!(
        "-----BE~GIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\nlet x = 1;\n"
    ));
    let rope = Rope::from_str(&text);
    let range = rope.line_to_byte(50)..text.len();
    let visible = shown(&rope, range.clone());
    assert_eq!(shown_in(&text, range), visible);
    assert!(!visible.contains("line"), "{visible}");
    assert_eq!(visible.lines().count(), rope.len_lines() - 1 - 50);
    assert!(visible.ends_with("-----END PRIVATE KEY-----\nlet x = 1;\n"));
}

proptest::proptest! {
    #[test]
    fn masking_keeps_the_lines_and_is_stable(text in "(password|token|key|://|a:b@|-----BEGIN PRIVATE KEY-----|-----END |[ =:\"'\n;é日]|[a-zA-Z0-9+/]{1,30}){0,30}") {
        let once = without_secrets(&text).into_owned();
        proptest::prop_assert_eq!(once.matches('\n').count(), text.matches('\n').count());
        let rope = Rope::from_str(&text);
        if text.len() < LOOK_AHEAD_BYTES {
            proptest::prop_assert_eq!(&shown(&rope, 0..text.len()), &once);
        }
    }
}

/// All files below `folder` that are text.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = ignore::WalkBuilder::new(folder).build().flatten();
    files
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some((entry.into_path(), text))
        })
        .collect()
}

/// `path:line: text` of all lines that are not shown as they are.
fn masked_lines(files: &[(PathBuf, String)]) -> Vec<String> {
    let mut masked = Vec::new();
    for (path, text) in files {
        let shown = without_secrets(text);
        for (n, (before, after)) in text.lines().zip(shown.lines()).enumerate() {
            if before != after {
                masked.push(format!("{}:{}: {before}", path.display(), n + 1));
            }
        }
    }
    masked
}

#[test]
fn nothing_in_this_repository_looks_secret() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = texts(&root);
    files.retain(|(path, _)| {
        let about_secrets = ["fixtures/secrets", "context/privacy", "Cargo.lock", ".svg"];
        // Digests are as random as keys.
        let of_digests = [
            "models",
            "install_neovim",
            ".ci",
            "proptest-regressions",
            "package-lock",
            "node_modules",
        ];
        let path = path.to_string_lossy();
        !about_secrets
            .iter()
            .chain(&of_digests)
            .any(|part| path.contains(part))
    });
    assert!(files.len() > 150, "{}", files.len());
    let masked = masked_lines(&files);
    assert!(masked.is_empty(), "{masked:#?}");
}

/// Lines masked of a corpus of ordinary code: `CORPUS=folder cargo test -- --ignored --nocapture a_corpus`.
#[test]
#[ignore = "a measurement; needs the folder of a corpus in CORPUS"]
fn a_corpus_has_few_lines_that_look_secret() {
    let folder = std::env::var_os("CORPUS").expect("CORPUS names a folder");
    let mut files = texts(Path::new(&folder));
    // Lock files are nothing but digests.
    let is_lock = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "lock")
    };
    files.retain(|(path, _)| grammars::Language::detect(path, "").is_some() && !is_lock(path));
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let started = std::time::Instant::now();
    let masked = masked_lines(&files);
    let seconds = started.elapsed().as_secs_f64();
    let rate = masked.len() as f64 * 1e5 / lines as f64;
    println!(
        "{} of {lines} lines: {rate:.1} in 100,000; {:.1} MB/s",
        masked.len(),
        bytes as f64 / seconds / 1e6
    );
    let step = (masked.len() / 60).max(1);
    for line in masked.iter().step_by(step) {
        println!("{}", line.chars().take(240).collect::<String>());
    }
}
