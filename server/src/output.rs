//! What the commands print. The standard library's macros panic where nothing can be written; in this crate these stand in their place:
//! a reader that has seen enough (`tacit models list | head -1`) ends the command quietly, anything else (a full disk) ends it with a
//! sentence, and what cannot be said on standard error is not said.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process,
};

macro_rules! print {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

macro_rules! eprint {
    ($($text:tt)*) => { $crate::output::complain(format_args!($($text)*)) };
}

macro_rules! eprintln {
    () => { eprint!("\n") };
    ($($text:tt)*) => { eprint!("{}\n", format_args!($($text)*)) };
}

/// Writes to standard output, or ends this process.
pub fn print(text: fmt::Arguments) {
    match io::stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            eprintln!("error: standard output cannot be written: {error}");
            process::exit(1);
        }
    }
}

/// Writes to standard error, where that is possible.
pub fn complain(text: fmt::Arguments) {
    let _ = io::stderr().write_fmt(text);
}
