//! Where LSP positions become byte offsets and back. Inside tacit there are only byte offsets.
//!
//! A position is a line and a number of code units, and the encoding says which. Clients send positions that do not
//! exist (past the line, past the file, inside a character): the rules below give every one of them a meaning, so that
//! nothing here fails.

use std::ops::Range;

use ropey::{Rope, RopeSlice};
use tower_lsp::gen_lsp_types::{self as lsp_types, Position, PositionEncodingKind};

/// An offset into a text in UTF-8 bytes, as opposed to ropey's `char` indices and LSP's code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteOffset(pub usize);

/// The code unit that `Position::character` counts. UTF-16 is what every client understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PositionEncoding {
    Utf8,
    #[default]
    Utf16,
    Utf32,
}

impl PositionEncoding {
    /// UTF-8 if the client offers it (`general.positionEncodings`), since bytes are what we use inside; else the first
    /// one on its list that we know. UTF-16, which every client understands, when there is none.
    pub fn negotiate(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) {
            return Self::Utf8;
        }
        let known = offered.iter().find_map(|kind| match kind {
            PositionEncodingKind::UTF16 => Some(Self::Utf16),
            PositionEncodingKind::UTF32 => Some(Self::Utf32),
            _ => None,
        });
        known.unwrap_or_default()
    }

    /// The byte that `position` points at. Past the end of a line is the end of that line, before its terminator; past
    /// the last line is the end of the text; inside a character (half a surrogate pair, say) is its start.
    pub fn offset(self, rope: &Rope, position: Position) -> ByteOffset {
        let line = position.line as usize;
        let column = position.character as usize;
        if line >= rope.len_lines() {
            return ByteOffset(rope.len_bytes());
        }
        let start = rope.line_to_char(line);
        let end = start + chars_before_terminator(rope.line(line));
        let char = match self {
            Self::Utf8 => {
                let byte = rope.char_to_byte(start).saturating_add(column);
                rope.byte_to_char(byte.min(rope.char_to_byte(end)))
            }
            Self::Utf16 => {
                let unit = rope.char_to_utf16_cu(start).saturating_add(column);
                rope.utf16_cu_to_char(unit.min(rope.char_to_utf16_cu(end)))
            }
            Self::Utf32 => start.saturating_add(column).min(end),
        };
        ByteOffset(rope.char_to_byte(char))
    }

    /// The bytes between two positions, whichever of them comes first.
    pub fn range(self, rope: &Rope, range: lsp_types::Range) -> Range<ByteOffset> {
        let start = self.offset(rope, range.start);
        let end = self.offset(rope, range.end);
        start.min(end)..start.max(end)
    }

    /// The position of a byte. Past the end of the text is its end; inside a character is its start; between the two
    /// halves of a CRLF is the end of the line.
    pub fn position(self, rope: &Rope, offset: ByteOffset) -> Position {
        let char = rope.byte_to_char(offset.0.min(rope.len_bytes()));
        let line = rope.char_to_line(char);
        let start = rope.line_to_char(line);
        let char = char.min(start + chars_before_terminator(rope.line(line)));
        let column = match self {
            Self::Utf8 => rope.char_to_byte(char) - rope.char_to_byte(start),
            Self::Utf16 => rope.char_to_utf16_cu(char) - rope.char_to_utf16_cu(start),
            Self::Utf32 => char - start,
        };
        Position::new(saturate(line), saturate(column))
    }
}

impl From<PositionEncoding> for PositionEncodingKind {
    fn from(encoding: PositionEncoding) -> Self {
        match encoding {
            PositionEncoding::Utf8 => Self::UTF8,
            PositionEncoding::Utf16 => Self::UTF16,
            PositionEncoding::Utf32 => Self::UTF32,
        }
    }
}

fn chars_before_terminator(line: RopeSlice) -> usize {
    let length = line.len_chars();
    let char_at = |index: usize| line.get_char(index);
    match length.checked_sub(1).and_then(char_at) {
        Some('\n') if length >= 2 && char_at(length - 2) == Some('\r') => length - 2,
        Some('\n' | '\r') => length - 1,
        _ => length,
    }
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PositionEncoding::{Utf8, Utf16, Utf32};

    fn offset(encoding: PositionEncoding, text: &str, line: u32, character: u32) -> usize {
        encoding
            .offset(&Rope::from_str(text), Position::new(line, character))
            .0
    }

    #[test]
    fn columns_count_code_units() {
        // Bytes: a 1, é 2, 😀 4.
        let text = "aé😀b";
        assert_eq!(offset(Utf8, text, 0, 7), 7);
        assert_eq!(offset(Utf16, text, 0, 4), 7);
        assert_eq!(offset(Utf32, text, 0, 3), 7);
    }

    #[test]
    fn inside_a_character_is_its_start() {
        assert_eq!(offset(Utf16, "a😀", 0, 2), 1);
        for column in 1..=4 {
            assert_eq!(offset(Utf8, "a😀", 0, column), 1);
        }
        let rope = Rope::from_str("a😀");
        assert_eq!(Utf16.position(&rope, ByteOffset(3)), Position::new(0, 1));
    }

    #[test]
    fn past_the_line_is_before_its_terminator() {
        for (text, end) in [("ab\ncd", 2), ("ab\r\ncd", 2), ("ab\rcd", 2), ("\r\n", 0)] {
            for encoding in [Utf8, Utf16, Utf32] {
                assert_eq!(offset(encoding, text, 0, 99), end, "{text:?}");
                assert_eq!(offset(encoding, text, 0, u32::MAX), end, "{text:?}");
            }
        }
    }

    #[test]
    fn past_the_file_is_its_end() {
        for encoding in [Utf8, Utf16, Utf32] {
            assert_eq!(offset(encoding, "ab\n", 1, 0), 3);
            assert_eq!(offset(encoding, "ab\n", 2, 0), 3);
            assert_eq!(offset(encoding, "ab", u32::MAX, u32::MAX), 2);
            assert_eq!(offset(encoding, "", 0, 0), 0);
            let end = encoding.position(&Rope::from_str("ab\n"), ByteOffset(usize::MAX));
            assert_eq!(end, Position::new(1, 0));
        }
    }

    #[test]
    fn only_lf_crlf_and_cr_end_lines() {
        assert_eq!(offset(Utf16, "a\u{2028}b\u{85}c\u{b}d\ne", 1, 0), 11);
    }

    #[test]
    fn between_cr_and_lf_is_the_end_of_the_line() {
        let rope = Rope::from_str("ab\r\ncd");
        assert_eq!(Utf16.position(&rope, ByteOffset(3)), Position::new(0, 2));
    }

    #[test]
    fn reversed_ranges_are_swapped() {
        let range = lsp_types::Range::new(Position::new(1, 1), Position::new(0, 1));
        let bytes = Utf8.range(&Rope::from_str("ab\ncd"), range);
        assert_eq!(bytes, ByteOffset(1)..ByteOffset(4));
    }

    #[test]
    fn bytes_are_preferred_and_then_what_the_client_names_first() {
        use PositionEncodingKind as Kind;
        assert_eq!(
            PositionEncoding::negotiate(&[Kind::UTF16, Kind::UTF8]),
            Utf8
        );
        assert_eq!(
            PositionEncoding::negotiate(&[Kind::UTF16, Kind::UTF32]),
            Utf16
        );
        assert_eq!(
            PositionEncoding::negotiate(&[Kind::UTF32, Kind::UTF16]),
            Utf32
        );
        assert_eq!(PositionEncoding::negotiate(&[]), Utf16);
        let unknown = Kind::Custom("utf-7".into());
        assert_eq!(PositionEncoding::negotiate(&[unknown]), Utf16);
    }
}
