//! Secrets that are known by where they stand: in addresses, behind the name of a scheme of authorization, as an option of a command, as
//! an argument of a call.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{
    extents::{literal, until},
    literals::{has_hole, is_chosen, is_pair_in_base64, is_password, is_template, is_value},
    random,
};

/// What says that a secret may follow.
#[derive(Clone, Copy)]
enum Cue {
    /// `user:password@host` follows.
    Address,
    /// `user/password@host` follows.
    Oracle,
    /// A user and a password in base64.
    Basic,
    /// A scheme and a token.
    Authorization,
    /// SQL; `BY 'password'` follows.
    Identified,
    /// An option with a password, or one with a user and a password.
    Command(&'static [&'static str], Option<&'static [char]>),
    /// An option with a password and nothing between: what stands behind a blank is something else.
    Adjacent(&'static str),
    /// The password is the argument of this number, counted from 0.
    Call(usize),
}

/// Between a user and a password, in the options that have both.
const COLON: Option<&[char]> = Some(&[':']);

/// In any case of letters.
const CUES: &[(&str, Cue)] = &[
    ("://", Cue::Address),
    ("oracle:thin:", Cue::Oracle),
    ("basic ", Cue::Basic),
    ("authorization", Cue::Authorization),
    ("identified ", Cue::Identified),
    (
        "curl ",
        Cue::Command(&["-u", "--user", "--proxy-user", "-U"], COLON),
    ),
    ("http ", Cue::Command(&["-a", "--auth"], COLON)),
    (
        "wget ",
        Cue::Command(&["--http-password", "--ftp-password"], None),
    ),
    ("sshpass ", Cue::Command(&["-p"], None)),
    ("mysql ", Cue::Adjacent("-p")),
    ("mysqldump ", Cue::Adjacent("-p")),
    ("mysqladmin ", Cue::Adjacent("-p")),
    ("mariadb ", Cue::Adjacent("-p")),
    ("mongo ", Cue::Command(&["-p"], None)),
    ("mongosh ", Cue::Command(&["-p"], None)),
    ("mongodump ", Cue::Command(&["-p"], None)),
    ("redis-cli ", Cue::Command(&["-a"], None)),
    ("docker login ", Cue::Command(&["-p"], None)),
    ("podman login ", Cue::Command(&["-p"], None)),
    ("az login ", Cue::Command(&["-p"], None)),
    ("ldapsearch ", Cue::Command(&["-w"], None)),
    ("sqlcmd ", Cue::Command(&["-P"], None)),
    ("unzip ", Cue::Command(&["-P"], None)),
    ("smbclient ", Cue::Command(&["-U"], Some(&['%']))),
    ("getconnection(", Cue::Call(2)),
    ("mysqli_connect(", Cue::Call(2)),
    ("mysql_connect(", Cue::Call(2)),
    ("mysqli(", Cue::Call(2)),
    ("pdo(", Cue::Call(2)),
    ("plainauth(", Cue::Call(2)),
    ("ftp_login(", Cue::Call(2)),
    ("connect(", Cue::Call(2)),
    ("auth(", Cue::Call(1)),
    ("auth=(", Cue::Call(1)),
    ("auth = (", Cue::Call(1)),
    ("networkcredential(", Cue::Call(1)),
    ("usernamepasswordcredentials(", Cue::Call(1)),
    ("usernamepasswordauthenticationtoken(", Cue::Call(1)),
    ("usernamepassword(", Cue::Call(1)),
    ("passwordauthentication(", Cue::Call(1)),
    ("credentials(", Cue::Call(1)),
    ("login(", Cue::Call(1)),
    ("signin(", Cue::Call(1)),
    ("authenticate(", Cue::Call(1)),
    ("create_user(", Cue::Call(1)),
    ("createuser(", Cue::Call(1)),
];

static CUE_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(CUES.iter().map(|(text, _)| text))
        .expect("the cues are few")
});

/// What ends a value that is one word.
const ENDS: &[char] = &['"', '\'', '`', ' ', '\t', ',', ';', '\\', '<', ')'];

/// A shorter name before a host may be somebody's.
const MIN_TOKEN_BYTES: usize = 20;

/// More of a line is not looked at behind a cue.
const MAX_BEHIND_BYTES: usize = 512;

/// No argument of interest is within so many brackets.
const MAX_DEPTH: usize = 8;

/// Secret values by their bytes in the line. They may overlap.
pub fn values(line: &str) -> Vec<Range<usize>> {
    let hits = CUE_FINDER.find_iter(line);
    hits.filter_map(|hit| {
        let (start, end) = (hit.start(), hit.end());
        match CUES[hit.pattern().as_usize()].1 {
            Cue::Address => in_address(line, end),
            Cue::Oracle => in_oracle_address(line, end),
            Cue::Basic => {
                let value = until(line, end, ENDS);
                is_pair_in_base64(&line[value.clone()]).then_some(value)
            }
            Cue::Authorization => behind_scheme(line, end),
            Cue::Identified => behind_identified(line, start, end),
            Cue::Command(options, pair) => {
                let is_word = !line[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                is_word
                    .then(|| behind_option(line, end, options, pair))
                    .flatten()
            }
            Cue::Adjacent(option) => behind_option(line, end, &[option], None).filter(|value| {
                line[..value.start]
                    .trim_end_matches(['"', '\'', '\\'])
                    .ends_with(option)
            }),
            Cue::Call(number) => argument(line, end, number),
        }
    })
    .collect()
}

/// The password of `user:password@`, where a scheme ends. It may have the signs that end an authority, if what stands before them is no
/// port.
fn in_address(line: &str, from: usize) -> Option<Range<usize>> {
    let ends = &['"', '\'', '`', ' ', '\t', '<', '>', '|', '\\'];
    let address = &line[until(line, from, ends)];
    let colon = address.find([':', '/', '?', '#', '@'])?;
    if address[colon..].starts_with('@') {
        return is_token_of_address(&address[..colon]).then(|| from..from + colon);
    }
    let password = address[colon..].strip_prefix(':')?;
    // In a list of addresses each has its own.
    let password = password.find("://").map_or(password, |at| &password[..at]);
    let authority = password.find(['/', '?', '#']).unwrap_or(password.len());
    let host = password[..authority].rfind('@').or_else(|| {
        let is_port = password[..authority]
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        (!is_port).then(|| password.rfind('@')).flatten()
    })?;
    let start = from + colon + 1;
    let is_given = !is_template(&password[..host]) && !has_hole(&password[..host]);
    is_given.then(|| start..start + host)
}

/// `https://token@host`: a name is shorter, or has no digit.
fn is_token_of_address(user: &str) -> bool {
    user.len() >= MIN_TOKEN_BYTES
        && user.bytes().any(|byte| byte.is_ascii_digit())
        && user.bytes().all(random::is_value_byte)
}

/// `jdbc:oracle:thin:scott/tiger@host`
fn in_oracle_address(line: &str, from: usize) -> Option<Range<usize>> {
    let address = &line[until(line, from, ENDS)];
    let (user, _host) = address.split_once('@')?;
    let (name, password) = user.split_once('/')?;
    let start = from + name.len() + 1;
    (!is_template(password)).then(|| start..start + password.len())
}

/// `Authorization: Bearer ...`, `Authorization: token ...`
fn behind_scheme(line: &str, from: usize) -> Option<Range<usize>> {
    let header = line[until(line, from, &['\n'])].to_ascii_lowercase();
    let schemes = [
        "bearer ",
        "token ",
        "basic ",
        "apikey ",
        "api-key ",
        "geniekey ",
    ];
    schemes.iter().find_map(|scheme| {
        let value = until(line, from + header.find(scheme)? + scheme.len(), ENDS);
        is_chosen(&line[value.clone()]).then_some(value)
    })
}

/// SQL: `IDENTIFIED BY 'password'`, `IDENTIFIED WITH caching_sha2_password BY 'password'`.
fn behind_identified(line: &str, start: usize, from: usize) -> Option<Range<usize>> {
    let rest = &line[until(line, from, &['\n', ';'])];
    let by = ["BY ", "by "]
        .iter()
        .find_map(|by| Some(rest.find(by)? + by.len()))?;
    let behind = line[from + by..].trim_start_matches([' ', '\\']);
    let at = line.len() - behind.trim_start_matches(['\'', '"']).len();
    // In lower case the words are English too.
    let is_sql = line[start..].starts_with('I') || behind.starts_with(['\'', '"']);
    let value = until(line, at, &['\'', '"', '\\', ' ', ';']);
    (is_sql && is_value(&line[value.clone()])).then_some(value)
}

/// `curl -u user:password`, `mysql -ppassword`, `sshpass -p password`, behind the name of the command.
fn behind_option(
    line: &str,
    from: usize,
    options: &[&str],
    pair: Option<&[char]>,
) -> Option<Range<usize>> {
    let arguments = &line[from - 1..until(line, from, &['|']).end];
    options.iter().find_map(|option| {
        let behind = arguments.find(&format!(" {option}"))? + 1 + option.len();
        let value = arguments[behind..].trim_start_matches([' ', '=']);
        // Only `-ppassword` has nothing between: `--password-stdin` is another option.
        if value.len() == arguments[behind..].len() && *option != "-p" {
            return None;
        }
        let value = value.trim_start_matches(['"', '\'', '\\']);
        let start = from - 1 + arguments.len() - value.len();
        let mut value = until(line, start, &[' ', '\t', '"', '\'', '\\', '`', ')', ';']);
        if let Some(separator) = pair {
            value.start += line[value.clone()].find(separator)? + 1;
        }
        let text = &line[value.clone()];
        (is_value(text) && !text.starts_with(['-', '$'])).then_some(value)
    })
}

/// `getConnection(url, "user", "password")`, `auth=("user", "password")`: the literal that is an argument behind the bracket.
fn argument(line: &str, from: usize, number: usize) -> Option<Range<usize>> {
    let argument = arguments(line, from).into_iter().nth(number)?;
    let start = line.len() - line[argument.start..].trim_start().len();
    let value = literal(line, start)?;
    (value.end <= argument.end && is_password(&line[value.clone()])).then_some(value)
}

/// The bytes of each argument of the call whose bracket opens before `from`.
fn arguments(line: &str, from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut depth, mut quote) = (from, 0, None);
    let bytes = line.as_bytes();
    for at in from..bytes.len().min(from + MAX_BEHIND_BYTES) {
        let is_escaped = bytes[at - 1] == b'\\';
        match (quote, bytes[at]) {
            (Some(open), byte) if byte == open && !is_escaped => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'' | b'`')) => quote = Some(byte),
            (None, b'(' | b'[' | b'{') if depth == MAX_DEPTH => break,
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') if depth == 0 => {
                found.push(start..at);
                break;
            }
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b',') if depth == 0 => {
                found.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}
