//! Values that say what they are: tokens with a known beginning, passwords in URLs, and what is assigned to a name like `password`.

use std::ops::Range;

use super::random::{MAX_WORDS, wordiness};

/// Shorter ones can't be told from words.
const MIN_PASSWORD_BYTES: usize = 6;

/// The shortest of [`KINDS`], with its prefix.
pub const MIN_TOKEN_BYTES: usize = 15;

/// A kind of token, by its beginning.
struct Kind {
    prefix: &'static str,
    /// Bytes that follow the prefix, at least.
    min_rest: usize,
    /// What the rest is made of besides letters and digits.
    also: &'static str,
}

const fn kind(prefix: &'static str, min_rest: usize, also: &'static str) -> Kind {
    Kind {
        prefix,
        min_rest,
        also,
    }
}

/// As their issuers document them; the lengths are lower bounds.
const KINDS: &[Kind] = &[
    // Amazon Web Services: 16 characters after the prefix.
    kind("AKIA", 16, ""),
    kind("ASIA", 16, ""),
    // GitHub, GitLab
    kind("ghp_", 20, ""),
    kind("gho_", 20, ""),
    kind("ghu_", 20, ""),
    kind("ghs_", 20, ""),
    kind("ghr_", 20, ""),
    kind("github_pat_", 20, "_"),
    kind("glpat-", 16, "_-"),
    // Slack
    kind("xoxa-", 10, "-"),
    kind("xoxb-", 10, "-"),
    kind("xoxp-", 10, "-"),
    kind("xoxr-", 10, "-"),
    kind("xoxs-", 10, "-"),
    kind("xapp-", 10, "-"),
    // Stripe
    kind("sk_live_", 16, ""),
    kind("sk_test_", 16, ""),
    kind("rk_live_", 16, ""),
    kind("whsec_", 16, "+/="),
    // OpenAI, Anthropic and those who write their keys in the same way
    kind("sk-", 20, "_-"),
    // Google
    kind("AIza", 30, "_-"),
    kind("ya29.", 20, "_-"),
    kind("GOCSPX-", 20, "_-"),
    // Package registries
    kind("npm_", 30, ""),
    kind("pypi-", 40, "_-"),
    kind("dckr_pat_", 20, "_-"),
    kind("rubygems_", 40, ""),
    // Others
    kind("hf_", 30, ""),
    kind("SG.", 30, "._-"),
    kind("shpat_", 30, ""),
    kind("dop_v1_", 40, ""),
    kind("hvs.", 20, "_-"),
    kind("glsa_", 30, "_"),
    kind("AGE-SECRET-KEY-1", 40, ""),
    // JSON web tokens: the first bytes of `{"` in base64
    kind("eyJ", 24, "._-="),
];

/// Tokens with a known beginning, by their bytes in the line.
pub fn known(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for kind in KINDS {
        for (start, _) in line.match_indices(kind.prefix) {
            let begins_word = !line[..start].ends_with(|c: char| c.is_alphanumeric());
            let from = start + kind.prefix.len();
            let rest = &line[from..];
            let len = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && !kind.also.contains(c))
                .unwrap_or(rest.len());
            let rest = &rest[..len];
            // `sk-learn-...` is made of words.
            let is_random =
                rest.bytes().any(|byte| byte.is_ascii_digit()) && wordiness(rest) <= MAX_WORDS;
            if begins_word && len >= kind.min_rest && is_random {
                found.push(start..from + len);
            }
        }
    }
    found
}

/// Names whose value is a password. A longer name has to end with one: `db_password`, not `password_field`.
const PASSWORD_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "secretkey",
    "secret_key",
    "privatekey",
    "private_key",
    "accountkey",
    "encryption_key",
    "authtoken",
];

/// Passwords of URLs and values of names that say so, by their bytes in the line.
pub fn passwords(line: &str) -> Vec<Range<usize>> {
    let mut found = in_urls(line);
    if !line.contains([':', '=', '>']) {
        return found;
    }
    let lower = line.to_ascii_lowercase();
    if !["pass", "pwd", "secret", "token", "key"]
        .iter()
        .any(|part| lower.contains(part))
    {
        return found;
    }
    for name in PASSWORD_NAMES {
        for (start, _) in lower.match_indices(name) {
            found.extend(assigned(line, start + name.len()));
        }
    }
    found
}

/// `user:password@` behind a scheme.
fn in_urls(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (scheme_end, separator) in line.match_indices("://") {
        let from = scheme_end + separator.len();
        let authority = &line[from..];
        let len = authority
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '?' | '#'))
            .unwrap_or(authority.len());
        let Some((user, _host)) = authority[..len].rsplit_once('@') else {
            continue;
        };
        if let Some(colon) = user.find(':')
            && !is_template(&user[colon + 1..])
        {
            found.push(from + colon + 1..from + user.len());
        }
    }
    found
}

/// The value that is assigned to the name which ends at `name_end`, if it is a literal that may be a password.
fn assigned(line: &str, name_end: usize) -> Option<Range<usize>> {
    let after_name = &line[name_end..];
    // The end of a quoted or subscripted name: `"password": `, `env["password"] = `.
    let after_quote = after_name.trim_start_matches(['"', '\'', '`', ']']);
    let before_sign = after_quote.trim_start_matches(' ');
    let signs = before_sign.len() - before_sign.trim_start_matches([':', '=', '>']).len();
    if !matches!(&before_sign[..signs], ":" | "=" | ":=" | "=>" | ">") {
        return None;
    }
    let after_sign = &before_sign[signs..];
    let value = after_sign.trim_start_matches(' ');
    let start = line.len() - value.len();
    let rest = &line[start..];
    if let Some(quote) = rest
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))
    {
        let content = &rest[1..];
        let len = content.find([quote, '\n']).unwrap_or(content.len());
        let is_password = looks_chosen(&content[..len]);
        return is_password.then_some(start + 1..start + 1 + len);
    }
    let len = value
        .find(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"' | '\'' | '<' | '&' | '`'))
        .unwrap_or(value.len());
    let word = &value[..len];
    let is_literal = if is_in_connection_string(line, name_end, &value[len..]) {
        !word.is_empty() && !is_template(word)
    } else {
        // A bare word is most often code: a variable, a type, a call.
        !word.contains(['(', ')', '[', ']', '.', ':'])
            && looks_chosen(word)
            && class_changes(word) >= 3
            && wordiness(word) <= MAX_WORDS
    };
    is_literal.then_some(start..start + len)
}

/// `Server=db;User=me;Password=...;`: the name is followed by `=` and the whole by a semicolon or the end of the string or line,
/// behind another pair.
fn is_in_connection_string(line: &str, name_end: usize, after_value: &str) -> bool {
    let before = &line[..name_end];
    let pair_before = before.rsplit_once(';').map_or("", |(pairs, _)| pairs);
    line[name_end..].starts_with('=')
        && pair_before.contains('=')
        && pair_before.contains(['"', '\'', '`'])
        && (after_value.is_empty() || after_value.starts_with([';', '"', '\'', '`', '\r', '\n']))
}

/// A literal that somebody may have chosen for a password, rather than a word, a place or something to be filled in.
fn looks_chosen(value: &str) -> bool {
    let has = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    value.len() >= MIN_PASSWORD_BYTES
        && !value.contains(char::is_whitespace)
        && !is_template(value)
        && !value.starts_with(['/', '.'])
        && !value.contains("://")
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit)
            || value.contains(['!', '#', '^', '*', '~']) && !value.contains(['(', '[']))
}

/// Something to be filled in: `${PASSWORD}`, `{password}`, `<password>`, `%s`, `$PASSWORD`, `***`.
fn is_template(value: &str) -> bool {
    value.is_empty()
        || value.contains(['{', '}', '<', '>'])
        || value.starts_with(['$', '%'])
        || value
            .trim_matches(['*', '.', 'x', 'X', '-', '_'])
            .is_empty()
}

/// How often letters of one case, digits and other characters take turns, underscores left out. Names have few, at their seams.
fn class_changes(value: &str) -> usize {
    let value = value.replace('_', "");
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    value
        .as_bytes()
        .windows(2)
        .filter(|pair| class(pair[0]) != class(pair[1]))
        .count()
}
