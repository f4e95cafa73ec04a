use std::path::{Path, PathBuf};

use super::*;

/// Split, so that nobody who looks for secrets in this repository is alarmed: `~` is left out.
fn joined(text: &str) -> String {
    text.replace('~', "")
}

/// The parts of `marked` between `«` and `»` are secret, and nothing else is.
#[track_caller]
fn assert_masked(marked: &str, notation: Notation) {
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
    assert_eq!(without_secrets(&text, notation), expected, "{text}");
}

#[test]
fn tokens_and_keys_are_replaced_wherever_they_stand() {
    for marked in [
        r#"aws = "«AK~IA2E0A8F3B7C5D9G1H»""#,
        "token: «gh~p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dE3fG»",
        "-H 'Authorization: Bearer «gi~thub_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRs»'",
        "slack(\"«xo~xb-123456789012-aB3dE6gH9jK2»\")",
        "stripe.api_key = '«sk~_live_4eC39HqLyjWDarjtT1zdp7dc»'",
        "client = OpenAI(api_key=\"«s~k-proj-a1B2c3D4e5F6g7H8i9J0k1L2»\")",
        "key=«AI~zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q»&q=1",
        r#"let jwt = "«ey~JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N»";"#,
        r#"const SIGNING = "«9f86d081884c7d659a2feaa0c55ad015a3bf4f1b»";"#,
        r#"key: "«q7Xv2LpZ9sKd4TfW8bNm»","#,
        "aws = «hT7+q2VbN9xLw4RzC8mK1pYs6DgF3jE5uXaQ0/Tv»",
        "A=\"«q7Xv2LpZ9sKd4TfW8bNm»\" B=\"«9f86d081884c7d659a2feaa0c55ad015»\"",
        "    \"«MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQ4gXz1f0Xk8Jd2Lw9Tq6Vb3C»\\n\" +",
        "MIIEpAIB\n«MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQ4gXz1f0Xk8Jd2Lw9Tq6Vb3C»\n",
        "POST https://hooks.sl~ack.com/services/«T0A1B2C3D/B4E5F6G7H/aB3dE6gH9jK2mN5pQ8sT1vW4» now",
        "?sv=2022&sig=«aB3dE6gH9jK2%2BmN5pQ8sT1vW4yZ7bC0dE3fGhI%2FjKlM%3D»&se=1",
        "// the hash of root: «$6$~aB3dE6gH$9jK2mN5pQ8sT1vW4yZ7bC0dE3fGhIjKlMnOpQrStUvWx»",
        // In a sentence, and as an example has it.
        "The key is «aB3dE6gH9jK2~mN5pQ8sT1vW4yZ».",
        "use <«aB3dE6gH9jK2~mN5pQ8sT1vW4yZ»> here",
        "use *«aB3dE6gH9jK2~mN5pQ8sT1vW4yZ»* here",
        "git clone https://«aB3dE6gH9jK2~mN5pQ8sT1vW4yZ»@github.com/x/y",
        "git clone https://«9f86d081884c7d65~9a2feaa0c55ad015a3bf4f1b»@github.com/x/y",
        "dsn https://«9f86d081884c7d65~9a2feaa0c55ad015»@o1.ingest.sentry.io/2",
        "AUTHORIZATION: BASIC «dXNl~cjpwYXNz»",
        "AUTHORIZATION: BEARER «Kqz428vtr»",
        "an hf~_ one: «hf~_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh»",
        "-----BE~GIN RSA PRIVATE KEY-----«\nMIIabc\nshort\n»-----END RSA PRIVATE KEY-----\nx = 1\n",
        "k = \"-----BE~GIN PRIVATE KEY-----«\\nMIIabc\\n»-----END PRIVATE KEY-----\"",
        "-----BE~GIN PRIVATE KEY-----«\nMIIabc\nshort=»\n",
        "Private-Li~nes:« 2\nAAAAgQ\nAAAA\n»Private-MAC: «9f86d081884c7d659a2feaa0c55ad015a3bf4f1b»\n",
        // What stands beside a key block is looked at too, and the next block of the line.
        "{\"client_secret\": \"«aB3dE6gH9»\", \"k\": \"-----BE~GIN PRIVATE KEY-----«\\nMII\\n»-----END PRIVATE KEY-----\", \"password\": \"«hunter2»\", \"l\": \"-----BE~GIN PRIVATE KEY-----«\\nMIJ\\n»-----END PRIVATE KEY-----\"}",
    ] {
        for notation in [Notation::Code, Notation::Data, Notation::Prose] {
            assert_masked(marked, notation);
        }
    }
}

#[test]
fn passwords_are_replaced_in_data() {
    for marked in [
        "password: «hunter2»",
        "password: «Summer2024!»  # of the test system",
        "password: «correct horse battery staple»",
        "password: '«letmein»'",
        "  POSTGRES_PASSWORD: «postgres»",
        "password: «pa$$w0rd»",
        "password: «p{4}ss<w>1»",
        "spring.datasource.password=«Winter2025»",
        "db-pass = «letmein»",
        "auth: \"«dXNlcjpwYXNz»\"",
        "\"auth\": \"«dXNlcjpwYXNz»\"",
        "\"db_password\": \"«letmein»\",",
        "api_key: «abcd-efgh»",
        "{ user: me, password: «letmein», port: 1 }",
        "{\"name\": \"DB_PASSWORD\", \"value\": \"«letmein»\"}",
        "- name: DB_PASSWORD\n  value: «letmein»\n- name: PORT\n  value: 8080\n",
        "password: |\n  «let»\n  «me in»\nport: 1\n",
        "<property name=\"password\" value=\"«letmein»\"/>",
        "<add key=\"Password\" value=\"«letmein»\" />",
        "<db.password>«letmein»</db.password>",
        "<entry key=\"db.password\">«letmein»</entry>",
        "url: jdbc:mysql://db/shop?user=me&password=«letmein»&ssl=1",
        "url=jdbc:sqlserver://db;user=sa;password=«letmein»;encrypt=true",
        "url: jdbc:oracle:thin:scott/«tiger»@db:1521",
        "  command: redis-server --requirepass «letmein»",
        "password: ${DB_PASSWORD:-«letmein»}",
        "password: ${DB_PASSWORD:«letmein»}",
        "password: &default «letmein»",
        // The value in the next line.
        "password:\n  «Kqz428vtr»\n",
        "\"password\":\n  \"«letmein»\",\n",
        "db.password=\\\n  «Kqz428vtr»\n",
        // A key in quotes and a value without.
        "\"DB_PASSWORD\": «Kqz428vtr»",
        "'password':«Kqz428vtr»",
        "- \"password\": «Kqz428vtr»",
        "{\"password\": «Kqz428vtr», \"port\": 1}",
        "\"client_secret\": «abcd-efgh9»",
        "\"password\" = «Kqz428vtr»",
        // Other names, and names in other languages.
        "psk=\"«hunter22»\"",
        "pin: «4711»",
        "\"pin\": \"«471199»\"",
        "bindpw «Kqz428vtr»",
        "rootpw: «Kqz428vtr»",
        "adminpw = «Kqz428vtr»",
        "mnemonic: «legal winner thank year wave sausage worth useful legal winner thank yellow»",
        "pepper: «Kqz428vtr»",
        "session_key: «Kqz428vtr»",
        "signing_key: «Kqz428vtr»",
        "validationKey: «Kqz428vtr»",
        "master_key: «Kqz428vtr»",
        "password_hash: «Kqz428vtr»",
        "//npm.example.org/:_authToken=«Kqz428vtr»",
        "storepass=«Kqz428vtr»",
        "keypass=«Kqz428vtr»",
        "passcode: «Kqz428vtr»",
        "contraseña: «Kqz428vtr»",
        "CONTRASENA=«Kqz428vtr»",
        "mot_de_passe: «Kqz428vtr»",
        "motDePasse: «Kqz428vtr»",
        "motdepasse: «Kqz428vtr»",
        "wachtwoord: «Kqz428vtr»",
        "kennwort: «Kqz428vtr»",
        "passwort: «Kqz428vtr»",
        "senha: «Kqz428vtr»",
        "haslo: «Kqz428vtr»",
        "parola: «Kqz428vtr»",
        "пароль: «Kqz428vtr»",
        "密码: «Kqz428vtr»",
        // An option and its value in a list.
        "args: [\"--password\", \"«Kqz428vtr»\"]",
        "args = ['--user', 'me', '--db-password', '«Summer2024!»']",
        "args: [--password, «Kqz428vtr»]",
    ] {
        assert_masked(marked, Notation::Data);
    }
    for marked in [
        "export DB_PASSWORD=«letmein»",
        "DB_PASS=«letmein» API_TOKEN=«aB3dE6gH9» ./run.sh",
        "ENV DB_PASS «letmein»",
        "ARG NPM_TOKEN=«letmein»",
        "login --user me --password «letmein» --verbose",
        "deploy --api-key=«aB3dE6gH9»",
        "mysql -u root -p«letmein» shop",
        "curl -u admin:«letmein» https://example.com",
        "curl -H \"X-Api-Key: «aB3dE6gH9»\" https://example.com",
        "curl -H \"Authorization: Basic «dXNlcjpwYXNz»\" https://example.com",
        "export \"DB_PASSWORD\"=«Kqz428vtr»",
        "CMD [\"serve\", \"--password\", \"«Summer2024!»\"]",
        "keytool -storepass «Kqz428vtr»",
        "sshpass -p «letmein» ssh me@example.com",
        "echo machine example.com login me password «letmein»",
    ] {
        assert_masked(marked, Notation::Shell);
    }
    for marked in [
        "password = «letmein»",
        "password: «s3cr3tPassw0rd»",
        "requirepass «letmein»",
        "export DB_PASSWORD=«s3cr3tPassw0rd»",
    ] {
        assert_masked(marked, Notation::Prose);
    }
}

#[test]
fn passwords_are_replaced_in_code() {
    for marked in [
        "DATABASE_URL = 'postgres://shop:«h~unter2»@db.internal:5432/shop'",
        "url = 'postgres://shop:«h/unt#r2»@db.internal/shop'",
        r#"  "password": "«tr0ub4dor»","#,
        "password = \"«letmein»\"",
        "password = '«aB3.dE6%gH9»'",
        "if (password == \"«letmein»\") {",
        r#"conn = "Server=db;User Id=sa;Password=«letmein»;""#,
        r#"conn = "Server=db;Password=«letmein»"#,
        "dsn = \"host=db user=me password=«letmein»\"",
        r#"env["SECRET_KEY"] = "«correct-horse7»""#,
        "const PASSWORD: &str = \"«letmein»\";",
        "var password string = \"«letmein»\"",
        "static const char password[32] = \"«letmein»\";",
        "password: Some(\"«letmein»\".to_string()),",
        "auth=(\"me\", \"«letmein»\")",
        "DriverManager.getConnection(url, \"me\", \"«letmein»\");",
        "mysqli_connect('localhost', 'me', '«letmein»', 'shop')",
        "new NetworkCredential(\"me\", \"«letmein»\")",
        "user.setPassword(\"«letmein»\")",
        "run([\"serve\", \"--password\", \"«Summer2024!»\"])",
        "run([\"serve\", \"--token\", \"«Kqz428vtr»\"])",
        "password = (\n    \"«letmein»\"\n)\n",
        "const PASSWORD: &str =\n    \"«letmein»\";\n",
        "MNEMONIC = \"«legal winner thank year wave sausage worth useful legal winner thank yellow»\"",
        "contraseña = \"«Kqz428vtr»\"",
        "ENV.fetch(\"DB_PASS\", \"«letmein1»\")",
        "setenv(\"API_SECRET\", \"«aB3dE6gH9»\", 1);",
        "os.environ.get('DB_PASSWORD', '«letmein»')",
        "process.env.DB_PASSWORD || '«letmein»'",
        "define('DB_PASSWORD', '«letmein»');",
        "#define API_KEY \"«aB3dE6gH9»\"",
        "db.execute(\"CREATE USER me PASSWORD '«letmein»'\")",
        "CREATE USER me IDENTIFIED BY '«letmein»';",
        "password = \"«let»\" + \"«me1n»\"",
        "fetch(`https://example.com/?api_key=«aB3dE6gH9»&token=«bC4eF7hI0»`)",
        r#"  body = "{\"password\": \"«letmein»\"}""#,
    ] {
        assert_masked(marked, Notation::Code);
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
        "url = \"http://localhost:4200/@fs/app\"",
        "getUserByEmailAddressAndPassword2FromDatabaseConnection3 = 1",
        "x = \"convertHtml2MarkdownWithOptions3AndFallback\"",
        "target = \"x86_64-unknown-linux-gnu\"",
        "id = \"2024-01-02-release-notes-for-v3-and-v4\"",
        "mime: \"application/vnd.openxmlformats-officedocument\"",
        "python -m pip install sk-learn-contrib-for-everyone2",
        "key = \"arm64-v8a-x86-x86_64\"",
        "password = input('password: ')",
        "throw new SyntaxError(\"Invalid token \".concat(text));",
        "log(\"password: \" + password + \" of \" + user)",
        "{ type: \"password\", label: \"Your password\" }",
        "let tokens: Vec<ProgressToken> = self.tokens();",
        "use syn::token::Async;",
        "password: str = None",
        "password?: string;",
        "if token == \"}\" { x1 = 2 }",
        "pub const IFLA_TOKEN: _bindgen_ty_7 = _bindgen_ty_7::IFLA_INET6_TOKEN;",
        "pub StorageOffloadZeroDataToken: STORAGE_OFFLOAD_TOKEN_0_0,",
        "pub const InheritPrivateKey: X509RequestInheritOptions = 3i32;",
        "secret_path = \"/run/secrets/db1\"",
        "sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        "std::collections::HashMap<String, Vec<Option<Box<dyn Fn(u32) -> u64>>>>",
        "<data name=\"Password\" xml:space=\"preserve\">",
        "parser.add_argument(\"--password\", \"--pass2word\", help=\"of the user\")",
        "{ \"password\": hash2(value), \"token\": token1 }",
        "pin = 1234",
        "Mnemonic::Add => \"VADD2\"",
        "Map<FirstVeryLongNameOfAType2, SecondVeryLongNameOfAType3>",
        "mysql -u root -p shop",
        "url = \"ssh://deploy@example.com/shop\"",
        "-----BEGIN CERTIFICATE-----",
        "if s.startswith(\"-----BEGIN PRIVATE KEY-----\"):\n    return parse(s)\nE = \"-----END CERTIFICATE-----\"\n",
        "BEGIN = \"-----BEGIN RSA PRIVATE KEY-----\"\nEND = \"-----END RSA PRIVATE KEY-----\"\n",
        "",
        "日本語: \"日本語日本語日本語日本語日本語1234\"",
    ] {
        assert_eq!(without_secrets(code, Notation::Code), code);
    }
}

#[test]
fn ordinary_data_stays() {
    for data in [
        "password: ${DB_PASSWORD}",
        "password: {{ db_password }}",
        "password: {{ .Values.db.password | quote }}",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "password: $(cat /run/secrets/db)",
        "password: \"%(db_password)s\"",
        "password: $DB_PASSWORD",
        "password: *default",
        "<data name=\"Password\" xml:space=\"preserve\">",
        "\"password\": null, \"port\": 5432",
        "'Invalid password': Falsch",
        "password:\n  name: db2user\n  port: 5432\n",
        "password:\nport2: 1\n",
        "pin: GPIO12",
        "pin: 13",
        "mnemonic: VADD",
        "password_hash: argon2id",
        "args: [\"--password\", \"--verbose\"]",
        "password: !vault |",
        "password:",
        "password: \"\"",
        "password: null",
        "password: true",
        "password: \"********\"",
        "password_file: /run/secrets/db",
        "secretName: tls",
        "secrets: inherit",
        "id-token: write",
        "max_tokens: 4096",
        "key: node-modules-${{ hashFiles('package.json') }}",
        "uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
        "\"description\": \"The token that was sent\",",
    ] {
        assert_eq!(without_secrets(data, Notation::Data), data);
    }
}

/// Where people put a token; `@` is its place.
const PLACES: &[&str] = &[
    "x = \"@\"",
    "x = '@';",
    "x: @",
    "  x: @  # see above",
    "// @",
    "run --x @ y",
    "run --x=@",
    "https://example.com/?x=@&y=1",
    "the last word is @\n",
    r#"{"x":"@","y":1}"#,
    "Authorization: Bearer @",
    "f(`@`)",
];

/// As many random texts that match the regular expression.
fn random_texts(expression: &str, count: usize) -> Vec<String> {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = proptest::string::string_regex(expression).expect("a form is an expression");
    let text = |_| {
        strategy
            .new_tree(&mut runner)
            .expect("it has texts")
            .current()
    };
    (0..count).map(text).collect()
}

/// Whether the secret is left.
fn survives(text: &str, secret: &str, notation: Notation) -> bool {
    without_secrets(text, notation).contains(secret)
}

#[test]
fn random_tokens_of_every_form_are_replaced() {
    const TOKENS: usize = 50;
    let (mut made, mut survived) = (0, Vec::new());
    for form in tokens::forms() {
        let before = random_texts(&form.before.expression, TOKENS);
        let bodies = random_texts(&form.body.expression, TOKENS);
        for (n, (before, body)) in before.iter().zip(&bodies).enumerate() {
            let prefix = match form.prefixes.len() {
                0 => "",
                prefixes => &form.prefixes[n % prefixes],
            };
            let near = form.near.first().map_or("", |word| word);
            let token = format!("{before}{prefix}{body}");
            let place = PLACES[n % PLACES.len()].replace('@', &token);
            let text = format!("{near} {place}");
            made += 1;
            // What follows the prefix, or what stands before it where that is more.
            let secret = if body.len() < before.len() {
                before
            } else {
                body
            };
            let notation = [Notation::Code, Notation::Data][n % 2];
            if survives(&text, secret, notation) {
                survived.push((&form.issuer, text));
            }
        }
    }
    assert!(made > 10_000, "{made}");
    println!("{} of {made} random tokens survive", survived.len());
    assert!(
        survived.len() * 200 <= made,
        "{} of {made}: {survived:#?}",
        survived.len()
    );
}

/// As many random texts of so many of these characters, each as likely as the others.
fn random_strings(
    alphabet: &str,
    lengths: std::ops::RangeInclusive<usize>,
    count: usize,
) -> Vec<String> {
    use proptest::{
        collection, sample,
        strategy::{Strategy, ValueTree},
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let characters: Vec<char> = alphabet.chars().collect();
    let strategy = collection::vec(sample::select(characters), lengths);
    let text = |_| {
        strategy
            .new_tree(&mut runner)
            .expect("it has texts")
            .current()
    };
    (0..count).map(text).map(String::from_iter).collect()
}

#[test]
fn random_strings_and_passwords_are_replaced() {
    let lower = "abcdefghijklmnopqrstuvwxyz";
    let letters = format!("{lower}{}", lower.to_uppercase());
    let alphanumeric = format!("{letters}0123456789");
    let base64 = format!("{alphanumeric}+/");
    let lower_alphanumeric = format!("{lower}0123456789");
    let printable = format!("{alphanumeric}!#$%&()*+,-./:;<=>?@[]^_`{{|}}~");
    // In YAML the signs left out mean something at the beginning of a value, and braces are holes of templates.
    let in_yaml = format!("{alphanumeric}$%()+,-./:;=?@^_~");
    // At most so many of 1,000 survive.
    for (most, alphabet, lengths, text, notation) in [
        (10, &*alphanumeric, 20..=44, "x = \"@\"", Notation::Code),
        (10, &*base64, 20..=44, "x = \"@\"", Notation::Code),
        (
            10,
            &*lower_alphanumeric,
            20..=44,
            "x: \"@\"",
            Notation::Data,
        ),
        (10, "0123456789abcdef", 20..=44, "x = \"@\"", Notation::Code),
        (20, &*printable, 16..=16, "password = \"@\"", Notation::Code),
        (
            10,
            &*printable,
            16..=16,
            "\"db_password\": \"@\",",
            Notation::Data,
        ),
        (10, &*letters, 8..=16, "password = '@'", Notation::Code),
        (10, &*in_yaml, 6..=16, "password: @", Notation::Data),
        (10, &*in_yaml, 6..=16, "db.password=@", Notation::Data),
    ] {
        let texts = random_strings(alphabet, lengths, 1000);
        let survivors: Vec<&String> = texts
            .iter()
            .filter(|secret| survives(&text.replacen('@', secret, 1), secret, notation))
            .collect();
        println!("{} of 1000 survive in {text}", survivors.len());
        assert!(survivors.len() <= most, "{text}: {survivors:#?}");
    }
}

/// Time that this thread has had: what else runs on the machine does not count.
#[cfg(unix)]
fn thread_time() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let [seconds, nanos] = [now.tv_sec, now.tv_nsec].map(|part| u64::try_from(part).unwrap());
    std::time::Duration::from_secs(seconds) + std::time::Duration::from_nanos(nanos)
}

#[cfg(unix)]
#[test]
fn no_line_takes_a_time_that_grows_with_its_square() {
    let prefixes: String = tokens::forms()
        .iter()
        .flat_map(|form| form.prefixes.clone())
        .collect();
    for unit in [
        prefixes.as_str(),
        "password=",
        "password: \"",
        "key",
        "sk-",
        "eyJ",
        "glpat-hvs.",
        "https://a:",
        "(\"a\",",
        "curl -u a:b ",
        "heroku ",
        "-----BEGIN PRIVATE KEY-----",
        "\\\"",
        "${TOKEN:-",
        "auth(",
        "secret -> ",
    ] {
        let time = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len() + 1);
            let started = thread_time();
            without_secrets(&text, Notation::Data);
            thread_time() - started
        };
        let (short, long) = (time(4 << 10), time(32 << 10));
        // Eight times as long; a square would be 64.
        assert!(
            long < short * 24 + std::time::Duration::from_millis(50),
            "{unit}: {short:?}, {long:?}"
        );
    }
}

#[test]
fn no_part_of_a_value_at_the_edge_is_shown() {
    let secret = joined("gh~p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dE3fG");
    let line = format!("token = \"{secret}\"\n");
    let text = Rope::from_str(&line);
    for cursor in 0..line.len() {
        let (before, after) = (
            shown(&text, 0..cursor, Notation::Code),
            shown(&text, cursor..line.len(), Notation::Code),
        );
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
    let visible = shown(&rope, range.clone(), Notation::Code);
    assert_eq!(shown_in(&text, range, Notation::Code), visible);
    assert!(!visible.contains("line"), "{visible}");
    assert_eq!(visible.lines().count(), rope.len_lines() - 1 - 50);
    assert!(visible.ends_with("-----END PRIVATE KEY-----\nlet x = 1;\n"));
}

proptest::proptest! {
    #[test]
    fn masking_keeps_the_lines_and_is_stable(data: bool, text in "(password|token|key|://|a:b@|-----BEGIN PRIVATE KEY-----|-----END |[ =:\"'\n;é日]|[a-zA-Z0-9+/]{1,30}){0,30}") {
        let notation = if data { Notation::Data } else { Notation::Code };
        let once = without_secrets(&text, notation).into_owned();
        proptest::prop_assert_eq!(once.matches('\n').count(), text.matches('\n').count());
        let rope = Rope::from_str(&text);
        if text.len() < LOOK_AHEAD_BYTES {
            proptest::prop_assert_eq!(&shown(&rope, 0..text.len(), notation), &once);
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
        let notation = Notation::of(grammars::Language::detect(path, ""));
        let shown = without_secrets(text, notation);
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
        let about_secrets = [
            "fixtures/secrets",
            "context/privacy",
            "completer/secrets.rs",
            "tests/fuzz_text.rs",
            "fuzz/editor.rs",
            "Cargo.lock",
            ".svg",
        ];
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
