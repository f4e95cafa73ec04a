//! What becomes of suggestions, as far as the text and the editor's reports tell. Many editors report nothing, so acceptance is read
//! from the edits: text of the suggestion that comes at its place in one piece was taken over, and what comes key by key was typed.
//! Pure bookkeeping over times that are given; numbers suggestions, and knows nothing of what is learned from them.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use lru::LruCache;
use ropey::Rope;

use super::edits::Edit;

/// Who had less time than this has not read a line: a reaction to something seen takes a quarter of a second, without reading.
pub const READ_AFTER: Duration = Duration::from_millis(300);

/// Editors report what was accepted after the edit that inserted it; so long after it, nothing more comes.
const REPORTED_WITHIN: Duration = Duration::from_secs(1);

/// Characters that one edit has to bring if it was not typed. Editors gather what is typed in up to 150 ms (Neovim), which are three
/// keys of a fast typist.
const TAKEN_AT_ONCE: usize = 4;
/// If they complete the suggestion, it takes fewer.
const TAKEN_TO_THE_END: usize = 2;

/// Suggestions, and sendings of them, that a client can still report something about. It shows one at a time; the older ones are history.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// A suggestion that is sent to the editor.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    pub uri: &'a Arc<str>,
    pub language: &'a str,
    /// The line up to `start`.
    pub line_before: &'a str,
    /// Byte of the document where `text` begins.
    pub start: usize,
    pub text: &'a str,
    /// Bytes of `text` that the document holds already.
    pub typed: usize,
    /// How likely the model found it; `None` if nothing is to be learned from it.
    pub probability: Option<f32>,
}

/// The suggestions of late, each followed through the keys that go with it: sent again with each of them, it stays one suggestion.
pub struct Suggestions {
    followed: LruCache<u64, Suggestion>,
    /// What each document's user may be looking at.
    current: HashMap<Arc<str>, u64>,
    /// Each sending, by the id that the client reports.
    sent: LruCache<u64, Sent>,
    next: u64,
    /// This client tells what it shows, so what it does not tell was not shown.
    reports_shown: bool,
}

struct Suggestion {
    language: String,
    line_before: String,
    text: String,
    start: usize,
    /// Bytes of `text` that the document holds.
    typed: usize,
    probability: Option<f32>,
    since: Instant,
    reported_shown: bool,
    /// Characters taken over: as the edits show it, as the client reports it, and as counted.
    seen_taken: usize,
    reported_taken: usize,
    counted_taken: usize,
    ended: Option<(End, Instant)>,
}

struct Sent {
    suggestion: u64,
    text: String,
    /// Characters at the start of `text` that the user had typed before.
    typed: usize,
    shown: bool,
    /// Characters behind `typed` that were reported as accepted.
    accepted: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All of it is in the document.
    Complete,
    /// The user wrote something else.
    Refused,
    /// Another one came, or the document was closed.
    Left,
}

/// What was taken over by an edit or a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub language: String,
    /// Whether it is the first of its suggestion.
    pub first: bool,
    /// Characters that had not been counted before.
    pub characters: usize,
    /// Where it stands, if an edit showed it.
    pub piece: Option<Piece>,
}

/// Text of a suggestion that an edit brought into a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub range: Range<usize>,
    pub text: String,
    /// Of the suggestion, with the first of its pieces: whether it is kept is what is learned.
    pub probability: Option<f32>,
}

/// Something else was written in place of a suggestion that the user had read.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The line up to where the cursor was, and what was suggested behind it.
    pub line_before: String,
    pub rest: String,
}

/// The end of a suggestion's story.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub language: String,
    /// The user had the time to read it, or took it.
    pub seen: bool,
    pub fate: Fate,
    /// How likely it was, if something is to be learned from its fate now.
    pub probability: Option<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// Right, but typed.
    Typed,
    Refused,
    Unknown,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self {
            followed: LruCache::new(REMEMBERED),
            current: HashMap::new(),
            sent: LruCache::new(REMEMBERED),
            next: 1,
            reports_shown: false,
        }
    }
}

impl Suggestions {
    /// Notes what is being sent. Gives the id by which the client names it later, and whether it is a new suggestion.
    pub fn offer(&mut self, offer: Offer, now: Instant) -> (u64, bool) {
        let current = self.current.get(offer.uri).copied();
        let goes_on = current.filter(|number| {
            self.followed
                .get_mut(number)
                .is_some_and(|suggestion| suggestion.goes_on_as(&offer))
        });
        let number = goes_on.unwrap_or_else(|| {
            self.leave(offer.uri, now);
            let number = self.number();
            self.followed.put(number, Suggestion::new(&offer, now));
            self.current.insert(offer.uri.clone(), number);
            number
        });
        let id = self.number();
        let typed = offer.text.get(..offer.typed).unwrap_or_default();
        let sent = Sent {
            suggestion: number,
            text: offer.text.to_owned(),
            typed: typed.chars().count(),
            shown: false,
            accepted: 0,
        };
        self.sent.put(id, sent);
        (id, goes_on.is_none())
    }

    /// The client showed what was sent with this id; whether it tells so for the first time.
    pub fn shown(&mut self, id: u64, now: Instant) -> bool {
        let Some(sent) = self.sent.get_mut(&id) else {
            return false;
        };
        self.reports_shown = true;
        if let Some(suggestion) = self.followed.get_mut(&sent.suggestion)
            && !std::mem::replace(&mut suggestion.reported_shown, true)
        {
            suggestion.since = now;
        }
        !std::mem::replace(&mut sent.shown, true)
    }

    /// The client says that the user took over all of what was sent with this id, or its first UTF-16 code units, however much was
    /// reported before.
    pub fn accepted(&mut self, id: u64, utf16_units: Option<usize>) -> Option<Taken> {
        let sent = self.sent.get_mut(&id)?;
        let characters = match utf16_units {
            None => sent.text.chars().count(),
            Some(units) => characters_within(&sent.text, units),
        };
        let accepted = characters.saturating_sub(sent.typed);
        let more = accepted.saturating_sub(sent.accepted);
        sent.accepted += more;
        let suggestion = self.followed.get_mut(&sent.suggestion)?;
        suggestion.reported_taken += more;
        suggestion.newly_taken(None)
    }

    /// A document was edited; `after` is its text now. What was taken over with that, and what was refused.
    pub fn edited(
        &mut self,
        uri: &str,
        edit: &Edit,
        after: &Rope,
        now: Instant,
    ) -> (Option<Taken>, Option<Refused>) {
        let Some(number) = self.current.get(uri) else {
            return (None, None);
        };
        let Some(suggestion) = self.followed.get_mut(number) else {
            self.current.remove(uri);
            return (None, None);
        };
        let typed_before = suggestion.typed;
        let (piece, end) = suggestion.follow(edit, after);
        let taken = piece.and_then(|piece| suggestion.newly_taken(Some(piece)));
        let Some(end) = end else {
            return (taken, None);
        };
        suggestion.ended = Some((end, now));
        let refused = (end == End::Refused
            && suggestion.counted_taken == 0
            && suggestion.was_read(now, self.reports_shown))
        .then(|| suggestion.refused(typed_before))
        .flatten();
        self.current.remove(uri);
        (taken, refused)
    }

    /// The user does not look at the document's suggestion any more.
    pub fn leave(&mut self, uri: &str, now: Instant) {
        let number = self.current.remove(uri);
        if let Some(suggestion) = number.and_then(|number| self.followed.get_mut(&number)) {
            suggestion.ended = Some((End::Left, now));
        }
    }

    pub fn is_following(&self, uri: &str) -> bool {
        self.current.contains_key(uri)
    }

    /// The suggestions of which nothing more will be heard; `all` of them, if the server ends.
    pub fn settle(&mut self, now: Instant, all: bool) -> Vec<Settled> {
        if all {
            for (_, suggestion) in self.followed.iter_mut() {
                suggestion.ended.get_or_insert((End::Left, now));
            }
            self.current.clear();
        }
        let is_over = |suggestion: &Suggestion| {
            let ended = suggestion.ended;
            ended.is_some_and(|(_, when)| {
                all || now.saturating_duration_since(when) >= REPORTED_WITHIN
            })
        };
        let over: Vec<u64> = self
            .followed
            .iter()
            .filter(|(_, suggestion)| is_over(suggestion))
            .map(|(number, _)| *number)
            .collect();
        over.iter()
            .filter_map(|number| self.followed.pop(number)?.settled(self.reports_shown))
            .collect()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

impl Suggestion {
    fn new(offer: &Offer, now: Instant) -> Self {
        Self {
            language: offer.language.to_owned(),
            line_before: offer.line_before.to_owned(),
            text: offer.text.to_owned(),
            start: offer.start,
            typed: offer.typed,
            probability: offer.probability,
            since: now,
            reported_shown: false,
            seen_taken: 0,
            reported_taken: 0,
            counted_taken: 0,
            ended: None,
        }
    }

    /// Whether this one is sent again, at its beginning or behind what was typed of it, perhaps longer than before.
    fn goes_on_as(&mut self, offer: &Offer) -> bool {
        let from = offer.start.checked_sub(self.start);
        let Some(from) = from.filter(|from| *from <= self.typed) else {
            return false;
        };
        let Some(rest) = self.text.get(from..) else {
            return false;
        };
        let longer = offer.text.len() > rest.len() && offer.text.starts_with(rest);
        if !longer && !rest.starts_with(offer.text) {
            return false;
        }
        if longer {
            self.text.replace_range(from.., offer.text);
            self.probability = self.probability.and(offer.probability);
        }
        self.typed = from + offer.typed;
        true
    }

    /// Follows an edit. Gives what it brought of this suggestion, if that was not typed, and whether it is over.
    fn follow(&mut self, edit: &Edit, after: &Rope) -> (Option<Piece>, Option<End>) {
        if edit.old_end < self.start {
            self.start = self.start - edit.old_end + edit.new_end;
            return (None, None);
        }
        let Some(from) = edit.start.checked_sub(self.start) else {
            return (None, Some(End::Refused));
        };
        if from > self.typed {
            return (None, None);
        }
        if edit.is_pure_deletion() {
            // Back to an earlier place of the same suggestion, or something behind it is gone.
            let goes_back = from < self.typed;
            self.typed = from;
            return (None, (!goes_back).then_some(End::Left));
        }
        let (Some(rest), Some(inserted)) = (
            self.text.get(from..),
            after.get_byte_slice(edit.start..edit.new_end),
        ) else {
            return (None, Some(End::Left));
        };
        let mut matched = 0;
        let mut typed = inserted.chars();
        let first_other = rest.chars().map(Some).chain([None]).find_map(|expected| {
            let typed = typed.next();
            if typed.is_some() && typed == expected {
                matched += typed.map_or(0, char::len_utf8);
                return None;
            }
            Some(typed)
        });
        let piece = &rest[..matched];
        self.typed = from + matched;
        let end = if matched == rest.len() {
            Some(End::Complete)
        } else {
            // Editors close brackets by themselves, behind what was typed.
            let mut others = first_other.flatten().into_iter().chain(typed);
            let agrees = matched > 0 && others.all(is_closer);
            (!agrees).then_some(End::Refused)
        };
        // Editors indent by themselves, too.
        let is_struck = |c: &char| !c.is_whitespace() && !is_closer(*c);
        let least = if end == Some(End::Complete) {
            TAKEN_TO_THE_END
        } else {
            TAKEN_AT_ONCE
        };
        if piece.chars().filter(is_struck).count() < least {
            return (None, end);
        }
        self.seen_taken += piece.chars().count();
        let piece = Piece {
            range: edit.start..edit.start + matched,
            text: piece.to_owned(),
            probability: None,
        };
        (Some(piece), end)
    }

    fn newly_taken(&mut self, piece: Option<Piece>) -> Option<Taken> {
        let taken = self.seen_taken.max(self.reported_taken);
        let characters = taken - self.counted_taken;
        let first = self.counted_taken == 0 && taken > 0;
        self.counted_taken = taken;
        let piece = piece.map(|piece| Piece {
            probability: self.probability.take(),
            ..piece
        });
        (characters > 0 || piece.is_some()).then(|| Taken {
            language: self.language.clone(),
            first,
            characters,
            piece,
        })
    }

    fn was_read(&self, until: Instant, client_reports_shown: bool) -> bool {
        (self.reported_shown || !client_reports_shown)
            && until.saturating_duration_since(self.since) >= READ_AFTER
    }

    /// What the user saw when this many bytes of it were typed.
    fn refused(&self, typed: usize) -> Option<Refused> {
        Some(Refused {
            line_before: format!("{}{}", self.line_before, self.text.get(..typed)?),
            rest: self.text.get(typed..)?.to_owned(),
        })
    }

    fn settled(self, client_reports_shown: bool) -> Option<Settled> {
        let (end, when) = self.ended?;
        let read = self.was_read(when, client_reports_shown);
        let fate = match end {
            _ if self.counted_taken > 0 => Fate::Taken,
            End::Complete => Fate::Typed,
            End::Refused if read => Fate::Refused,
            End::Refused | End::Left => Fate::Unknown,
        };
        Some(Settled {
            language: self.language,
            seen: read || fate == Fate::Taken,
            fate,
            probability: self.probability,
        })
    }
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '>' | '"' | '\'' | '`')
}

fn characters_within(text: &str, utf16_units: usize) -> usize {
    let mut units = 0;
    text.chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= utf16_units
        })
        .count()
}

#[cfg(test)]
mod tests;
