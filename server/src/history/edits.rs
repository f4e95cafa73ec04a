//! One message's changes of a text as the replacement of one range. Pure.

use std::ops::Range;

use ropey::{Rope, RopeSlice};

/// The bytes `start..old_end` were replaced by what now stands in `start..new_end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    pub start: usize,
    pub old_end: usize,
    pub new_end: usize,
}

impl Edit {
    /// The replacement of `range` in `before` that made `after` of it. Text at the beginning that stays as it was does not count:
    /// some editors replace a whole word to add to it.
    pub fn of_range(range: Range<usize>, before: &Rope, after: &Rope) -> Option<Self> {
        let new_end = (range.end + after.len_bytes()).checked_sub(before.len_bytes())?;
        let old = before.get_byte_slice(range.clone())?;
        let new = after.get_byte_slice(range.start..new_end)?;
        let same = common_prefix(old, new);
        Some(Self {
            start: range.start + same,
            old_end: range.end,
            new_end,
        })
    }

    /// The smallest replacement that makes `after` of `before`, whatever the changes were. `None` if the texts are the same.
    pub fn between(before: &Rope, after: &Rope) -> Option<Self> {
        if before.is_instance(after) {
            return None;
        }
        let start = common_prefix(before.slice(..), after.slice(..));
        let (old, new) = (before.byte_slice(start..), after.byte_slice(start..));
        let same = common_suffix(old, new);
        let edit = Self {
            start,
            old_end: before.len_bytes() - same,
            new_end: after.len_bytes() - same,
        };
        (edit.old_end > start || edit.new_end > start).then_some(edit)
    }

    pub fn is_pure_deletion(&self) -> bool {
        self.new_end == self.start
    }

    /// Where a range is afterwards. What was put in place of a part of it belongs to it; what was inserted at its ends does not.
    pub fn moved(&self, range: &Range<usize>) -> Range<usize> {
        let shift = |at: usize| at - self.old_end + self.new_end;
        if self.start >= range.end {
            return range.clone();
        }
        if self.old_end <= range.start {
            return shift(range.start)..shift(range.end);
        }
        let end = if self.old_end <= range.end {
            shift(range.end)
        } else {
            self.new_end
        };
        let start = range.start.min(self.start);
        start..end.max(start)
    }
}

/// Bytes that both texts begin with, in whole characters.
pub fn common_prefix(left: RopeSlice, right: RopeSlice) -> usize {
    let mut chars = left.chars().zip(right.chars());
    let same = chars.by_ref().take_while(|(left, right)| left == right);
    same.map(|(c, _)| c.len_utf8()).sum()
}

fn common_suffix(left: RopeSlice, right: RopeSlice) -> usize {
    let (mut left, mut right) = (
        left.chars_at(left.len_chars()),
        right.chars_at(right.len_chars()),
    );
    let mut same = 0;
    while let (Some(left), Some(right)) = (left.prev(), right.prev()) {
        if left != right {
            break;
        }
        same += left.len_utf8();
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, old_end: usize, new_end: usize) -> Edit {
        Edit {
            start,
            old_end,
            new_end,
        }
    }

    #[test]
    fn what_stays_is_no_part_of_an_edit() {
        let (before, after) = (Rope::from_str("let re;"), Rope::from_str("let return;"));
        // The editor replaced the word.
        assert_eq!(Edit::of_range(4..6, &before, &after), Some(edit(6, 6, 10)));
        assert_eq!(Edit::between(&before, &after), Some(edit(6, 6, 10)));
        assert_eq!(Edit::between(&after, &before), Some(edit(6, 10, 6)));
        assert_eq!(Edit::between(&before, &Rope::from_str("let re;")), None);
        assert_eq!(Edit::of_range(4..99, &before, &after), None);
        // The letter was typed before the same letter.
        let (before, after) = (Rope::from_str("xt"), Rope::from_str("xtt"));
        assert_eq!(Edit::of_range(1..1, &before, &after), Some(edit(1, 1, 2)));
        assert_eq!(
            Edit::between(&Rope::from_str("aö"), &Rope::from_str("aä")),
            Some(edit(1, 3, 3))
        );
    }

    #[test]
    fn ranges_move_with_the_text_around_them() {
        let range = 10..20;
        for (what, (start, old_end, new_end), expected) in [
            ("before", (2, 3, 8), 15..25),
            ("just before", (10, 10, 12), 12..22),
            ("behind", (20, 25, 30), 10..20),
            ("inside", (12, 14, 15), 10..21),
            ("over the beginning", (8, 12, 9), 8..17),
            ("over the end", (15, 25, 17), 10..17),
            ("all of it deleted", (5, 25, 5), 5..5),
            ("deleted exactly", (10, 20, 10), 10..10),
        ] {
            assert_eq!(
                edit(start, old_end, new_end).moved(&range),
                expected,
                "{what}"
            );
        }
    }
}
