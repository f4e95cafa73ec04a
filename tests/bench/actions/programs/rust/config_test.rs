#[path = "config.rs"]
mod config;
use config::{Config, ConfigError};

const TEXT: &str = "name = demo # a comment\n\n[ server ]\nport = 8080\nhost= a=b\n[log]\nverbose = yes\n";

#[test]
fn typed_values() {
    let config = Config::parse(TEXT).unwrap();
    assert_eq!(config.get::<u16>("server.port"), Ok(8080));
    assert_eq!(config.get::<String>("name"), Ok("demo".to_string()));
    assert_eq!(config.get::<String>("server.host"), Ok("a=b".to_string()));
}

#[test]
fn missing() {
    let config = Config::parse(TEXT).unwrap();
    assert_eq!(config.get::<u16>("port"), Err(ConfigError::Missing("port".into())));
    assert_eq!(config.get_or("server.threads", 4), Ok(4));
    assert_eq!(config.get_or("server.port", 1), Ok(8080));
}

#[test]
fn bad_value() {
    let error = Config::parse(TEXT).unwrap().get_or("log.verbose", true).unwrap_err();
    assert_eq!(error.to_string(), "log.verbose can't be yes");
}

#[test]
fn bad_line() {
    let error = Config::parse("a = 1\n[x\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2 is neither a section nor a value");
}

#[test]
fn keys() {
    assert_eq!(Config::parse(TEXT).unwrap().keys("server"), ["host", "port"]);
}
