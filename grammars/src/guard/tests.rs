//! A scanner that does all that it must not.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const TOKENS: u32 = 3;

/// What the scanner does next.
static TASK: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn found(_: *mut c_void, lexer: *mut Lexer, _: *const bool) -> bool {
    // SAFETY: it gets a lexer.
    unsafe { (*lexer).result_symbol = TASK.load(Ordering::Relaxed) as u16 };
    true
}

unsafe extern "C" fn waits_for(_: *mut c_void, lexer: *mut Lexer, _: *const bool) -> bool {
    // SAFETY: as above.
    unsafe {
        while (*lexer).lookahead != TASK.load(Ordering::Relaxed) as i32 {
            ((*lexer).advance)(lexer, false);
        }
    }
    true
}

unsafe extern "C" fn writes(_: *mut c_void, buffer: *mut c_char) -> u32 {
    let length = TASK.load(Ordering::Relaxed);
    // SAFETY: the tests ask for no more than there is.
    unsafe { buffer.write_bytes(7, length as usize) };
    length
}

fn language_with(
    scan: unsafe extern "C" fn(*mut c_void, *mut Lexer, *const bool) -> bool,
) -> Language {
    // SAFETY: all fields may be zero.
    let mut language: Language = unsafe { MaybeUninit::zeroed().assume_init() };
    language.abi_version = ABI_WITH_NAME;
    language.external_token_count = TOKENS;
    language.scanner.scan = Some(scan);
    language.scanner.serialize = Some(writes);
    language
}

/// A language of such a scanner, as a crate has it.
macro_rules! fake {
    ($name:ident, $scan:path $(, $item:item)*) => {
        struct $name;
        impl Grammar for $name {
            const LANGUAGE: LanguageFn = {
                extern "C" fn of_crate() -> *const () {
                    static LANGUAGE: OnceLock<Language> = OnceLock::new();
                    ptr::from_ref(LANGUAGE.get_or_init(|| language_with($scan))).cast()
                }
                // SAFETY: what it returns has a scanner and is asked for nothing else.
                unsafe { LanguageFn::from_raw(of_crate) }
            };
            $($item)*
            fn guarded() -> &'static OnceLock<Language> {
                static GUARDED: OnceLock<Language> = OnceLock::new();
                &GUARDED
            }
        }
    };
}

fake!(Finder, found);
fake!(Waiter, waits_for);
fake!(Narrow, waits_for, const LAST_CODE_POINT: i32 = 0xFF;);
fake!(
    Forgetful,
    found,
    fn can_read(state: &[u8]) -> bool {
        state.len() < 10
    }
);

/// Tree-sitter's side: one character, then the end.
fn lexer(lookahead: i32) -> Lexer {
    unsafe extern "C" fn to_end(lexer: *mut Lexer, _: bool) {
        // SAFETY: it gets this lexer.
        unsafe { (*lexer).lookahead = 0 };
    }
    unsafe extern "C" fn nothing(_: *mut Lexer) {}
    unsafe extern "C" fn first(_: *mut Lexer) -> u32 {
        0
    }
    unsafe extern "C" fn no(_: *const Lexer) -> bool {
        false
    }
    unsafe extern "C" fn at_end(lexer: *const Lexer) -> bool {
        // SAFETY: as above.
        unsafe { (*lexer).lookahead == 0 }
    }
    Lexer {
        lookahead,
        result_symbol: 0,
        advance: to_end,
        mark_end: nothing,
        get_column: first,
        is_at_included_range_start: no,
        eof: at_end,
        log,
    }
}

fn finds<G: Grammar>(task: u32, character: char) -> bool {
    TASK.store(task, Ordering::Relaxed);
    // SAFETY: the scanner uses neither payload nor symbols.
    unsafe { scan::<G>(ptr::null_mut(), &mut lexer(character as i32), ptr::null()) }
}

fn state_of<G: Grammar>(length: u32) -> u32 {
    TASK.store(length, Ordering::Relaxed);
    let mut buffer = [0; STATE_BYTES];
    // SAFETY: the buffer is as long as tree-sitter's.
    let length = unsafe { serialize::<G>(ptr::null_mut(), buffer.as_mut_ptr()) };
    assert!(buffer.iter().take(length as usize).all(|&byte| byte == 7));
    length
}

/// One test, since the scanners share their task.
#[test]
fn what_a_scanner_must_not_do_stays_without_effect() {
    for (token, is_found) in [
        (0, true),
        (TOKENS - 1, true),
        (TOKENS, false),
        (60_000, false),
    ] {
        assert_eq!(finds::<Finder>(token, 'x'), is_found, "token {token}");
    }
    for (written, kept) in [(0, 0), (1, 1), (1024, 1024), (1025, 0), (4000, 0)] {
        assert_eq!(
            state_of::<Finder>(written),
            kept,
            "a state of {written} bytes"
        );
    }
    for (written, kept) in [(9, 9), (10, 0)] {
        assert_eq!(
            state_of::<Forgetful>(written),
            kept,
            "a state that cannot be read"
        );
    }
    for awaited in [b' ', b')', b'\n', b'~', 0] {
        assert!(
            finds::<Waiter>(awaited.into(), 'x'),
            "{awaited} behind the end"
        );
    }
    assert!(finds::<Waiter>(0x10FFFF, '\u{10FFFF}'));
    assert!(finds::<Narrow>(0xFF, '\u{10FFFF}'));

    STEPS.set(MAX_STEPS + 1);
    assert!(!finds::<Finder>(0, 'x'), "too many steps");
    // SAFETY: there is no function to call.
    unsafe { create::<Finder>() };
    assert!(finds::<Finder>(0, 'x'), "another parse");
}

#[test]
fn ruby_reads_states_whose_lengths_lead_to_their_end() {
    let heredoc = |length: usize| {
        let mut state = vec![0, 1, 0, 1, 0, length as u8];
        state.resize(state.len() + length, b'A');
        state
    };
    let literals = [vec![2], vec![1; 10], vec![0]].concat();
    for (state, reads) in [
        (vec![], true),
        (vec![0, 0], true),
        (literals.clone(), true),
        (literals[..11].to_vec(), false),
        (heredoc(1), true),
        (heredoc(255), true),
        (heredoc(256), false),
        (heredoc(300), false),
        (vec![0, 1, 0, 0, 0], false),
        (vec![255], false),
    ] {
        assert_eq!(ruby_can_read(&state), reads, "{state:?}");
    }
}

/// What is new in a later ABI is unknown here; then this module has to learn of it.
#[test]
fn every_scanner_is_guarded() {
    for language in crate::Language::all() {
        let Some(parser) = language.parser() else {
            continue;
        };
        let abi = parser.abi_version() as u32;
        assert!(
            (ABI_WITHOUT_NAME..=ABI_WITH_NAME).contains(&abi),
            "{}",
            language.name
        );
    }
    // SAFETY: functions of languages may be called at any time, and the ABI is known.
    let [original, guarded] = unsafe {
        [
            tree_sitter_python::LANGUAGE,
            crate::grammar("python").expect("in every build"),
        ]
        .map(|language| {
            (*language.into_raw()().cast::<Language>())
                .scanner
                .serialize
        })
    };
    assert!(original.is_some() && guarded.is_some());
    assert!(!ptr::fn_addr_eq(
        original.expect("there"),
        guarded.expect("there")
    ));
}
