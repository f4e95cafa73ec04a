//! Names that say their value is secret: `DB_PASSWORD`, `apiKey`, `spring.datasource.password`.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Somebody has chosen it: it may be a word.
    Password,
    /// A program has made it, or somebody did who took it for a password.
    Secret,
    /// Maybe: `key` is the name of many things.
    Vague,
    /// Some digits, in data: pins of a circuit have names and small numbers.
    Pin,
    /// The words of a wallet: instructions of a processor have mnemonics too.
    Phrase,
}

/// A name in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub label: Label,
    pub bytes: Range<usize>,
}

/// One of these, or a whole word of [`PASSWORDS`] or [`PASSWORD_WORDS`], is in each name that counts.
const STEMS: &[&str] = &[
    "pass", "pwd", "pw", "secret", "token", "key", "auth", "cred", "phrase", "pin", "mnemonic",
    "pepper",
];

/// Last words of names of passwords, or their ends: `dbpassword`.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "contrasena",
    "contraseña",
    "CONTRASEÑA",
    "motdepasse",
    "wachtwoord",
    "пароль",
    "Пароль",
    "ПАРОЛЬ",
    "密码",
    "senha",
    "pwd",
    "bindpw",
    "rootpw",
    "adminpw",
    "requirepass",
    "masterauth",
    "userpass",
    "dbpass",
    "storepass",
    "keypass",
];

/// Whole last words of names of passwords: other words end with them.
const PASSWORD_WORDS: &[&str] = &["psk", "passe", "haslo", "hasło", "parola"];

/// Last words of names of other secrets, or their ends.
const SECRETS: &[&str] = &[
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "accountkey",
    "authkey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "sharedkey",
    "storagekey",
    "licensekey",
    "sessionkey",
    "validationkey",
];

/// Whole last words of names of other secrets.
const SECRET_WORDS: &[&str] = &["pass", "pw", "psw", "pepper"];

/// What a key is called that is secret: the word before `key`.
const SECRET_KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "account",
    "encryption",
    "decryption",
    "signing",
    "session",
    "validation",
    "auth",
    "master",
    "shared",
    "storage",
    "license",
    "subscription",
    "crypto",
    "cipher",
    "aes",
    "hmac",
    "jwt",
    "consumer",
    "ssh",
    "sas",
];

/// What a phrase is called that is secret.
const SECRET_PHRASES: &[&str] = &["seed", "recovery", "mnemonic", "pass"];

/// Last words of names that say it in some places only.
const VAGUE: &[&str] = &[
    "key",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "creds",
    "cred",
];

/// Behind the telling word these say nothing else: `SECRET_KEY_BASE`, `password.equals`.
const QUALIFIERS: &[&str] = &[
    "base",
    "dev",
    "prod",
    "production",
    "staging",
    "test",
    "local",
    "old",
    "new",
    "default",
    "value",
    "string",
    "plain",
    "plaintext",
    "current",
    "primary",
    "secondary",
    "equals",
    "hash",
];

/// Words before it that make a label of a button, a question or a search of what follows.
const CAPTIONS: &[&str] = &[
    "forgot",
    "forgotten",
    "reset",
    "change",
    "update",
    "enter",
    "show",
    "hide",
    "toggle",
    "invalid",
    "wrong",
    "incorrect",
    "missing",
    "weak",
    "is",
    "has",
    "no",
    "need",
    "needs",
    "require",
    "requires",
    "required",
    "without",
    "get",
    "read",
    "fetch",
    "load",
    "lookup",
    "find",
    "verify",
    "validate",
    "check",
    "parse",
    "next",
    "peek",
    "expect",
];

/// A longer name is none.
const MAX_NAME_BYTES: usize = 64;

static STEM_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([STEMS, PASSWORDS, PASSWORD_WORDS].concat())
        .expect("the stems are few")
});

/// The names that count, in order.
pub fn names(line: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut end = 0;
    for hit in STEM_FINDER.find_iter(line) {
        if hit.start() < end {
            continue;
        }
        let name = around(line.as_bytes(), hit.range());
        end = name.end;
        if let Some(label) = label(&line[name.clone()]) {
            found.push(Name { label, bytes: name });
        }
    }
    found
}

/// The whole name of which `part` is one.
fn around(bytes: &[u8], part: Range<usize>) -> Range<usize> {
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before = bytes[..part.start].iter().rev().take(MAX_NAME_BYTES);
    let after = bytes[part.end..].iter().take(MAX_NAME_BYTES);
    let mut name = part.start - before.take_while(is_of_name).count()
        ..part.end + after.take_while(is_of_name).count();
    while name.start < part.start && b"-.".contains(&bytes[name.start]) {
        name.start += 1;
    }
    while name.end > part.end && b"-.".contains(&bytes[name.end - 1]) {
        name.end -= 1;
    }
    name
}

/// What the name says of its value, if anything.
fn label(name: &str) -> Option<Label> {
    let words = words(name);
    let is_one_of =
        |word: &str, list: &[&str]| list.iter().any(|one| word.eq_ignore_ascii_case(one));
    let telling = words
        .iter()
        .rposition(|word| !is_one_of(word, QUALIFIERS))?;
    let last = words[telling];
    let before = telling.checked_sub(1).map_or("", |n| words[n]);
    let ends_with = |list: &[&str]| {
        list.iter().any(|end| {
            let at = last.len().checked_sub(end.len());
            at.is_some_and(|at| last.as_bytes()[at..].eq_ignore_ascii_case(end.as_bytes()))
        })
    };
    let label = if ends_with(PASSWORDS) || is_one_of(last, PASSWORD_WORDS) {
        Label::Password
    } else if ends_with(SECRETS)
        || is_one_of(last, SECRET_WORDS)
        || last.eq_ignore_ascii_case("key") && is_one_of(before, SECRET_KEYS)
        || last.eq_ignore_ascii_case("phrase") && is_one_of(before, SECRET_PHRASES)
    {
        Label::Secret
    } else if last.eq_ignore_ascii_case("pin") {
        Label::Pin
    } else if last.eq_ignore_ascii_case("mnemonic") {
        Label::Phrase
    } else if is_one_of(last, VAGUE) {
        Label::Vague
    } else {
        return None;
    };
    let is_caption = words[..telling]
        .iter()
        .any(|word| is_one_of(word, CAPTIONS));
    Some(if is_caption { Label::Vague } else { label })
}

/// `dbPassword2`, `DB_PASSWORD`, `db-password` and `db.password` have the words db and password; digits at the end of one are left out.
fn words(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let mut words = Vec::new();
    let mut start = 0;
    for at in 1..=bytes.len() {
        let is_end = matches!(
            (bytes[at - 1], bytes.get(at), bytes.get(at + 1)),
            (_, None | Some(b'_' | b'-' | b'.'), _)
                | (b'a'..=b'z' | b'0'..=b'9', Some(b'A'..=b'Z'), _)
                | (b'A'..=b'Z', Some(b'A'..=b'Z'), Some(b'a'..=b'z'))
        );
        if is_end {
            let word = name[start..at].trim_start_matches(['_', '-', '.']);
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            if !word.is_empty() {
                words.push(word);
            }
            start = at;
        }
    }
    words
}

/// Whether the value speaks of secrets itself, as names, captions and messages do.
pub fn is_about_secrets(value: &str) -> bool {
    names(value)
        .iter()
        .any(|name| matches!(name.label, Label::Password | Label::Secret))
        || value.eq_ignore_ascii_case("key")
}
