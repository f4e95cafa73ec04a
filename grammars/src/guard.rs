//! Keeps the external scanners of grammars within bounds. They are C code that reads the text by hand, and what one of them does wrong is
//! done to the whole process: no unwinding, no error. Here is what no text may bring about, for every grammar that has a scanner:
//!
//! - A state of more than the [`STATE_BYTES`] that tree-sitter has room for. tree-sitter-python, -yaml and -ruby write up to two bytes more
//!   (indentation or lists 250 to 510 levels deep), which tree-sitter answers with `abort`. The state is written to memory of this module,
//!   and one that does not fit is forgotten. Most scanners do so by themselves; the text from there on becomes an error in the tree.
//! - A state that the scanner cannot read again: tree-sitter-ruby writes the length of a here-document's name in one byte, and reads beyond
//!   the state and aborts when it has more than 255. See [`Grammar::can_read`].
//! - Code points that the C library must not be asked about: tree-sitter-bash calls `isdigit`, a table of 384 entries in glibc, and `{`
//!   before U+40000 ends in memory that is not there. See [`Grammar::LAST_CODE_POINT`].
//! - A loop that waits for some character and does not look for the end of the text (an annotation at the end of a Kotlin file). Scanners
//!   see the text through a [`Watched`] lexer, which lets characters follow after the end.
//! - Hours for one token. Over characters that no token begins with, tree-sitter calls the scanner at each, without a look at the clock, and that
//!   of Bash reads to the end of the text each time. After [`MAX_STEPS`] a scanner finds nothing any more in this text.
//! - Memory that grows with every parse: tree-sitter-sequel loses what it has read of a state. See [`Grammar::FREES_BY_WRITING`].
//! - A token that the grammar does not have.
//!
//! All of it is done at the interface between tree-sitter and the scanners, so it holds for grammars that are yet to come, and nothing of
//! a grammar is copied into this repository. What this module cannot see are faults in a scanner's own memory. `tests/fuzz_scanners.rs` looks for those.

#![allow(unsafe_code)]

use std::{
    cell::Cell,
    ffi::{c_char, c_void},
    mem::{MaybeUninit, offset_of},
    ptr, slice,
    sync::OnceLock,
};

use tree_sitter_language::LanguageFn;

/// `TREE_SITTER_SERIALIZATION_BUFFER_SIZE` of tree-sitter's `parser.h`.
const STATE_BYTES: usize = 1024;

/// What a scanner may write. They look at the size before each part of the state, so they go beyond tree-sitter's limit by less than one part, and
/// a part is a name or a number.
const WRITABLE_BYTES: usize = 16 * STATE_BYTES;

/// How often a scanner may advance behind the end of the text in one call. Some do so up to 255 times, over `#` of a raw string that is not there.
const MAX_STEPS_BEHIND_END: u32 = 1024;

/// How far scanners may advance in one parse, all calls together: what takes about half a second, after which the server gives a parse up in any
/// case. Half a MiB of real code takes a hundredth of it.
const MAX_STEPS: u64 = 50_000_000;

thread_local! {
    /// The steps of the parse that is under way on this thread.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// A grammar, and what is special about its scanner. Implemented by [`guarded!`].
pub trait Grammar {
    const LANGUAGE: LanguageFn;

    /// The scanner sees what is above as this one.
    const LAST_CODE_POINT: i32 = char::MAX as i32;

    /// The scanner has memory that it frees when it writes its state, and loses when it reads another.
    const FREES_BY_WRITING: bool = false;

    /// Whether the scanner can read a state that it has written.
    fn can_read(_state: &[u8]) -> bool {
        true
    }

    /// Where the guarded language is kept.
    fn guarded() -> &'static OnceLock<Language>;
}

/// The language of a crate with its scanner guarded; the rest of the arguments are items of [`Grammar`] that differ from their defaults.
macro_rules! guarded {
    ($language:path $(, $item:item)*) => {{
        struct Guarded;
        impl $crate::guard::Grammar for Guarded {
            const LANGUAGE: LanguageFn = $language;
            $($item)*
            fn guarded() -> &'static std::sync::OnceLock<$crate::guard::Language> {
                static GUARDED: std::sync::OnceLock<$crate::guard::Language> = std::sync::OnceLock::new();
                &GUARDED
            }
        }
        $crate::guard::language::<Guarded>()
    }};
}
pub(crate) use guarded;

/// `TSLanguage` of tree-sitter's `parser.h`, which generated parsers contain: its layout is part of the ABI.
#[repr(C)]
pub struct Language {
    abi_version: u32,
    _symbol_count: u32,
    _alias_count: u32,
    _token_count: u32,
    external_token_count: u32,
    _counts: [u32; 4],
    _max_alias_sequence_length: u16,
    _tables: [*const c_void; 13],
    _lex_functions: [*const c_void; 2],
    _keyword_capture_token: u16,
    scanner: Scanner,
    _primary_state_ids: *const c_void,
    /// From here on since [`ABI_WITH_NAME`].
    name: *const c_char,
    _reserved_words: *const c_void,
    _max_reserved_word_set_size: u16,
    _supertype_count: u32,
    _supertypes: [*const c_void; 3],
    _metadata: [u8; 3],
}

// SAFETY: a value is never changed after it was made, and what it points to are constants of the grammar.
unsafe impl Send for Language {}
// SAFETY: as above.
unsafe impl Sync for Language {}

/// The ABI versions of [`Language`]; the latter has more fields.
const ABI_WITHOUT_NAME: u32 = 14;
const ABI_WITH_NAME: u32 = 15;

/// The `external_scanner` of `TSLanguage`. The functions are null in a grammar without a scanner.
#[repr(C)]
#[derive(Clone, Copy)]
struct Scanner {
    states: *const bool,
    symbol_map: *const u16,
    create: Option<unsafe extern "C" fn() -> *mut c_void>,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    scan: Option<unsafe extern "C" fn(*mut c_void, *mut Lexer, *const bool) -> bool>,
    serialize: Option<unsafe extern "C" fn(*mut c_void, *mut c_char) -> u32>,
    deserialize: Option<unsafe extern "C" fn(*mut c_void, *const c_char, u32)>,
}

/// `TSLexer` of tree-sitter's `parser.h`.
#[repr(C)]
struct Lexer {
    /// Zero at the end of the text, -1 for what is not UTF-8.
    lookahead: i32,
    result_symbol: u16,
    advance: unsafe extern "C" fn(*mut Lexer, bool),
    mark_end: unsafe extern "C" fn(*mut Lexer),
    get_column: unsafe extern "C" fn(*mut Lexer) -> u32,
    is_at_included_range_start: unsafe extern "C" fn(*const Lexer) -> bool,
    eof: unsafe extern "C" fn(*const Lexer) -> bool,
    /// With more arguments in C. No scanner calls it, and they would not be read.
    log: unsafe extern "C" fn(*const Lexer, *const c_char),
}

/// The language of `G`, its scanner guarded if it has one. One whose ABI is unknown here comes back as it is: tree-sitter refuses those.
pub fn language<G: Grammar>() -> LanguageFn {
    let original = original::<G>();
    // SAFETY: a `LanguageFn` returns a `TSLanguage`, and every version of it begins with the ABI version.
    let abi = unsafe { (&raw const (*original).abi_version).read() };
    if !(ABI_WITHOUT_NAME..=ABI_WITH_NAME).contains(&abi) {
        return G::LANGUAGE;
    }
    // SAFETY: this field is there in both versions.
    if unsafe { (*original).scanner.scan.is_none() } {
        return G::LANGUAGE;
    }
    // SAFETY: the function returns a language that tree-sitter's generator has made, with other functions of the same types.
    unsafe { LanguageFn::from_raw(guarded_language::<G>) }
}

fn original<G: Grammar>() -> *const Language {
    // SAFETY: a `LanguageFn` may be called at any time; it returns a constant.
    unsafe { G::LANGUAGE.into_raw()().cast() }
}

fn scanner<G: Grammar>() -> Scanner {
    // SAFETY: `language` has seen that the ABI is known, and with it where the scanner is.
    unsafe { (*original::<G>()).scanner }
}

extern "C" fn guarded_language<G: Grammar>() -> *const () {
    let guarded = G::guarded().get_or_init(|| {
        let original = original::<G>();
        let mut copy = MaybeUninit::<Language>::zeroed();
        // SAFETY: no more is read than a language of its ABI version has, and all fields may be zero.
        let mut copy = unsafe {
            let bytes = if (*original).abi_version < ABI_WITH_NAME {
                offset_of!(Language, name)
            } else {
                size_of::<Language>()
            };
            ptr::copy_nonoverlapping(original.cast::<u8>(), copy.as_mut_ptr().cast(), bytes);
            copy.assume_init()
        };
        copy.scanner.create = Some(create::<G>);
        copy.scanner.scan = Some(scan::<G>);
        copy.scanner.serialize = Some(serialize::<G>);
        copy.scanner.deserialize = Some(deserialize::<G>);
        copy
    });
    ptr::from_ref(guarded).cast()
}

/// Tree-sitter calls it when a parse begins.
unsafe extern "C" fn create<G: Grammar>() -> *mut c_void {
    STEPS.set(0);
    match scanner::<G>().create {
        // SAFETY: it has no arguments and no conditions.
        Some(create) => unsafe { create() },
        None => ptr::null_mut(),
    }
}

unsafe extern "C" fn scan<G: Grammar>(
    payload: *mut c_void,
    lexer: *mut Lexer,
    valid_symbols: *const bool,
) -> bool {
    let Some(scan) = scanner::<G>().scan else {
        return false;
    };
    if STEPS.get() > MAX_STEPS {
        return false;
    }
    let mut watched = Watched::new::<G>(lexer);
    // SAFETY: the arguments are those that tree-sitter has for the scanner; through the lexer in its place come the same characters.
    let found = unsafe { scan(payload, &raw mut watched.lexer, valid_symbols) };
    STEPS.set(STEPS.get() + watched.steps);
    let symbol = watched.lexer.result_symbol;
    // SAFETY: tree-sitter's lexer is valid during the call, and so is the language always.
    unsafe {
        (*lexer).result_symbol = symbol;
        found && u32::from(symbol) < (*original::<G>()).external_token_count
    }
}

unsafe extern "C" fn serialize<G: Grammar>(payload: *mut c_void, buffer: *mut c_char) -> u32 {
    let mut written = [const { MaybeUninit::<u8>::uninit() }; WRITABLE_BYTES];
    let state = write::<G>(payload, &mut written);
    if state.len() > STATE_BYTES || !G::can_read(state) {
        return 0;
    }
    // SAFETY: tree-sitter's buffer has `STATE_BYTES`, and the state is in memory of its own.
    unsafe { ptr::copy_nonoverlapping(state.as_ptr(), buffer.cast(), state.len()) };
    state.len() as u32
}

unsafe extern "C" fn deserialize<G: Grammar>(
    payload: *mut c_void,
    buffer: *const c_char,
    length: u32,
) {
    if G::FREES_BY_WRITING {
        write::<G>(
            payload,
            &mut [const { MaybeUninit::uninit() }; WRITABLE_BYTES],
        );
    }
    if let Some(deserialize) = scanner::<G>().deserialize {
        // SAFETY: the arguments are those that tree-sitter has for the scanner.
        unsafe { deserialize(payload, buffer, length) };
    }
}

/// The state of the scanner.
fn write<G: Grammar>(
    payload: *mut c_void,
    memory: &mut [MaybeUninit<u8>; WRITABLE_BYTES],
) -> &[u8] {
    let Some(serialize) = scanner::<G>().serialize else {
        return &[];
    };
    // SAFETY: the payload is the scanner's own, and the memory is as long as `WRITABLE_BYTES` says of all scanners; as much as it returns is written.
    unsafe {
        let length = serialize(payload, memory.as_mut_ptr().cast()) as usize;
        slice::from_raw_parts(memory.as_ptr().cast(), length.min(WRITABLE_BYTES))
    }
}

/// A lexer in the place of tree-sitter's, which shows a scanner the same text, but only code points that it can bear, and after the end of the text,
/// when it does not stop there, every ASCII character in turn: whatever it waits for comes.
#[repr(C)]
struct Watched {
    /// What the scanner sees. It has to be the first field: the functions get a pointer to it.
    lexer: Lexer,
    inner: *mut Lexer,
    steps: u64,
    steps_behind_end: u32,
}

impl Watched {
    fn new<G: Grammar>(inner: *mut Lexer) -> Self {
        let mut watched = Self {
            lexer: Lexer {
                lookahead: 0,
                // SAFETY: tree-sitter's lexer outlives this one.
                result_symbol: unsafe { (*inner).result_symbol },
                advance: advance::<G>,
                mark_end,
                get_column,
                is_at_included_range_start,
                eof,
                log,
            },
            inner,
            steps: 0,
            steps_behind_end: 0,
        };
        watched.look::<G>();
        watched
    }

    fn look<G: Grammar>(&mut self) {
        self.steps += 1;
        // SAFETY: tree-sitter's lexer outlives this one.
        let (lookahead, is_end) = unsafe {
            let lookahead = (*self.inner).lookahead;
            (lookahead, lookahead == 0 && ((*self.inner).eof)(self.inner))
        };
        self.lexer.lookahead = lookahead.min(G::LAST_CODE_POINT);
        if is_end {
            self.steps_behind_end += 1;
            if self.steps_behind_end > MAX_STEPS_BEHIND_END {
                self.lexer.lookahead = (self.steps_behind_end % 128) as i32;
            }
        }
    }
}

unsafe extern "C" fn advance<G: Grammar>(lexer: *mut Lexer, skip: bool) {
    // SAFETY: scanners pass on the lexer that they got, which is a `Watched`.
    unsafe {
        let watched = &mut *lexer.cast::<Watched>();
        ((*watched.inner).advance)(watched.inner, skip);
        watched.look::<G>();
    }
}

unsafe extern "C" fn mark_end(lexer: *mut Lexer) {
    // SAFETY: as in `advance`.
    unsafe {
        let inner = (*lexer.cast::<Watched>()).inner;
        ((*inner).mark_end)(inner);
    }
}

unsafe extern "C" fn get_column(lexer: *mut Lexer) -> u32 {
    // SAFETY: as in `advance`.
    unsafe {
        let inner = (*lexer.cast::<Watched>()).inner;
        ((*inner).get_column)(inner)
    }
}

unsafe extern "C" fn is_at_included_range_start(lexer: *const Lexer) -> bool {
    // SAFETY: as in `advance`.
    unsafe {
        let inner = (*lexer.cast::<Watched>()).inner;
        ((*inner).is_at_included_range_start)(inner)
    }
}

unsafe extern "C" fn eof(lexer: *const Lexer) -> bool {
    // SAFETY: as in `advance`.
    unsafe {
        let inner = (*lexer.cast::<Watched>()).inner;
        ((*inner).eof)(inner)
    }
}

/// Nobody listens.
unsafe extern "C" fn log(_lexer: *const Lexer, _format: *const c_char) {}

/// For [`Grammar::can_read`] of tree-sitter-ruby: whether the lengths in a state lead to its end, as its `deserialize` follows them.
pub fn ruby_can_read(state: &[u8]) -> bool {
    const LITERAL_BYTES: usize = 5;
    const HEREDOC_FLAGS: usize = 3;
    let length_at = |at: usize| state.get(at).map(|&length| usize::from(length));
    let end = || {
        let mut at = 1 + LITERAL_BYTES * length_at(0)?;
        let heredocs = length_at(at)?;
        at += 1;
        for _ in 0..heredocs {
            at += HEREDOC_FLAGS;
            at += 1 + length_at(at)?;
        }
        Some(at)
    };
    state.is_empty() || end() == Some(state.len())
}

#[cfg(test)]
mod tests;
