//! Completions: what is asked for, by which of the two requests, and the answer in the protocol's words.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use ropey::Rope;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower_lsp::gen_lsp_types::{
    Command, CompletionItem, CompletionItemKind, CompletionItemLabelDetails, CompletionList,
    CompletionParams, CompletionTriggerKind, InlineCompletionItem, InlineCompletionList,
    InlineCompletionParams, InlineCompletionTriggerKind, InsertText, InsertTextFormat,
    InsertTextMode, MarkupContent, MarkupKind, SelectedCompletionInfo, TextDocumentPositionParams,
    TextEdit,
};
use tower_lsp::jsonrpc::Result;

use super::notebooks::Seen;
use super::{ACCEPTED_COMMAND, Menu, Server, Session, lock};
use crate::completion::{Completion, ContextPiece, Request, Selected, Trigger};
use crate::display;
use crate::documents::Snapshot;
use crate::history::Offer;
use crate::lsp::feedback::arguments;
use crate::lsp::own::{Explanation, LongerParams};
use crate::lsp::position::{ByteOffset, PositionEncoding};
use crate::words::is_word_char;

/// Characters of a menu item's label; menus are about this wide.
const LABEL_CHARACTERS: usize = 60;

/// Behind everything that a language server calls its own: identifiers and digits sort before the tilde.
const SORTED_LAST: &str = "~";

/// Something to show, for the text as it is now.
struct Suggestion {
    text: String,
    /// Bytes of `now` that the text replaces.
    replace: Range<usize>,
    cursor: usize,
    now: Snapshot,
    encoding: PositionEncoding,
    command: Command,
}

impl Server {
    pub(super) async fn inline_completion(
        &self,
        params: InlineCompletionParams,
    ) -> Result<InlineCompletionList> {
        let trigger = match params.context.trigger_kind {
            InlineCompletionTriggerKind::Invoked => Trigger::Invoked,
            _ => Trigger::Automatic,
        };
        let suggestion = self
            .suggestion(
                Menu::Inline,
                &params.text_document_position_params,
                trigger,
                params.context.selected_completion_info,
            )
            .await?;
        let items = suggestion
            .into_iter()
            .map(Suggestion::into_inline_item)
            .collect();
        Ok(InlineCompletionList { items })
    }

    pub(super) async fn completion(&self, params: CompletionParams) -> Result<CompletionList> {
        let kind = params.context.map(|context| context.trigger_kind);
        let trigger = match kind {
            Some(CompletionTriggerKind::Invoked) => Trigger::Invoked,
            _ => Trigger::Menu,
        };
        let suggestion = self
            .suggestion(
                Menu::List,
                &params.text_document_position_params,
                trigger,
                None,
            )
            .await?;
        let items = suggestion
            .into_iter()
            .map(Suggestion::into_menu_item)
            .collect();
        Ok(CompletionList {
            is_incomplete: true,
            items,
            ..Default::default()
        })
    }

    async fn suggestion(
        &self,
        menu: Menu,
        place: &TextDocumentPositionParams,
        trigger: Trigger,
        selected: Option<SelectedCompletionInfo>,
    ) -> Result<Option<Suggestion>> {
        match self.0.ask(menu, place, trigger, selected)? {
            Some(asked) => self.0.suggest(asked).await,
            None => Ok(None),
        }
    }
}

/// A request on its way, with the text as it was when it was received.
struct Asked {
    request: Request,
    /// The document itself; the request's may have more text above it.
    document: Snapshot,
    /// Where it begins in that, in bytes.
    start: usize,
    /// What becomes of the answer tells something about others: the editor asked for it, and the user wants that.
    learns: bool,
    replaced: oneshot::Receiver<()>,
}

impl Session {
    /// Everything that has to happen before the first `.await` of a request: the snapshot is taken, and an older request
    /// of the document is replaced. `None` if nothing can or may be completed there.
    fn ask(
        &self,
        menu: Menu,
        place: &TextDocumentPositionParams,
        trigger: Trigger,
        selected: Option<SelectedCompletionInfo>,
    ) -> Result<Option<Asked>> {
        let encoding = self.terms()?.client.encoding;
        let Some(document) = lock(&self.documents).snapshot(&place.text_document.uri.0) else {
            return Ok(None);
        };
        let replaced = self.newest.replace(menu, document.uri.clone());
        let Seen { snapshot, start } = self.seen(document.clone());

        let folder = self.folder_of(&snapshot);
        let settings = self.settings.borrow().clone();
        let wanted = &settings.of(folder.as_deref()).completion;
        let language = snapshot
            .language
            .map_or("plaintext", |language| language.id());
        if !wanted.wanted_in(language) {
            self.explain_silence(
                &snapshot,
                "Completions are switched off here by the settings.",
            );
            return Ok(None);
        }
        if menu == Menu::List && !wanted.menu {
            return Ok(None);
        }
        let cursor = start + encoding.offset(&document.rope, place.position).0;
        let selected = selected.map(|selected| {
            let range = encoding.range(&document.rope, selected.range);
            Selected {
                range: start + range.start.0..start + range.end.0,
                text: selected.text,
            }
        });
        // Editors say that their menu was invoked for typed words too. Behind anything else, somebody has pressed a key for it.
        let is_typed = menu == Menu::List && word_start(&snapshot.rope, cursor) < cursor;
        let trigger = if is_typed { Trigger::Menu } else { trigger };
        let learns = wanted.learn && trigger.is_typing();
        let request = Request {
            snapshot,
            cursor,
            trigger,
            selected,
            workspace: folder,
        };
        Ok(Some(Asked {
            request,
            document,
            start,
            learns,
            replaced,
        }))
    }

    /// Waits for the pipeline. `None` if there is nothing to show, or another request has taken the place of this one.
    async fn suggest(self: &Arc<Self>, asked: Asked) -> Result<Option<Suggestion>> {
        let terms = self.terms()?;
        let Asked {
            request,
            document: then,
            start,
            learns,
            replaced,
        } = asked;
        let cursor = request.cursor - start;
        let may_ask_again = request.trigger == Trigger::Automatic;
        let completer = terms.completer.clone();
        let asked_again = Request {
            trigger: Trigger::Line,
            ..request.clone()
        };
        // A task of its own, so that nothing it computes keeps the message loop waiting. Dropping the set cancels it.
        let mut work = JoinSet::new();
        work.spawn(async move { completer.complete(request).await });
        let mut completion = tokio::select! {
            biased;
            _ = replaced => return Ok(None),
            Some(done) = work.join_next() => match done {
                Ok(completion) => completion,
                Err(error) => match error.try_into_panic() {
                    // The transport answers it like any other panic of a handler.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Ok(None),
                },
            },
        };
        if completion.is_partial && may_ask_again {
            self.announce_longer(asked_again, then.clone(), completion.text.clone());
        }
        lock(&self.explanations).put(
            then.uri.to_string(),
            Explanation {
                version: then.version.0,
                shown: completion.shown,
                reason: display::message(&completion.reason),
                text: completion.text.clone(),
                metrics: completion.metrics.clone(),
                context: completion.context.iter().map(fit_to_show).collect(),
                prompt: completion.prompt.clone(),
            },
        );
        if !completion.shown || completion.text.is_empty() {
            return Ok(None);
        }
        // Nothing above the document can be replaced.
        let Some(first) = completion.replace.start.checked_sub(start) else {
            return Ok(None);
        };
        completion.replace = first..completion.replace.end - start;
        let Some(now) = lock(&self.documents).snapshot(&then.uri) else {
            return Ok(None);
        };
        let Some((replace, cursor)) = rebase(&then.rope, cursor, &completion, &now.rope) else {
            return Ok(None);
        };
        let line_start = now.rope.line_to_byte(now.rope.byte_to_line(replace.start));
        let offer = Offer {
            uri: &now.uri,
            language: now.language.map_or("plaintext", |language| language.id()),
            line_before: &now.rope.byte_slice(line_start..replace.start).to_string(),
            start: replace.start,
            text: &completion.text,
            typed: cursor - replace.start,
            probability: learns.then_some(completion.probability),
        };
        let milliseconds = completion.metrics.total_ms;
        let id = terms.history.offered(offer, milliseconds, Instant::now());
        let command = Command {
            title: "Tell tacit that its suggestion was accepted".to_owned(),
            command: ACCEPTED_COMMAND.to_owned(),
            arguments: Some(arguments(id)),
            ..Default::default()
        };
        let encoding = terms.client.encoding;
        Ok(Some(Suggestion {
            text: completion.text,
            replace,
            cursor,
            now,
            encoding,
            command,
        }))
    }

    /// Tells the client when there is more than it was `told` for the document `then`, if nothing has been typed by then.
    fn announce_longer(self: &Arc<Self>, request: Request, then: Snapshot, told: String) {
        let Ok(terms) = self.terms() else { return };
        let (completer, session) = (terms.completer.clone(), Arc::downgrade(self));
        let announced = (then.version.0, told.clone());
        // A client that has asked again and got the same would ask for ever.
        if lock(&self.announced).get(&*then.uri) == Some(&announced) {
            return;
        }
        self.spawn(async move {
            let longer = completer.complete(request).await;
            let Some(session) = session
                .upgrade()
                .filter(|_| longer.shown && longer.text != told)
            else {
                return;
            };
            let now = lock(&session.documents).snapshot(&then.uri);
            if now.is_some_and(|now| now.rope.is_instance(&then.rope)) {
                lock(&session.announced).put(then.uri.to_string(), announced);
                let params = LongerParams {
                    uri: then.uri.to_string(),
                    version: then.version.0,
                };
                session.editor.tell_longer(params).await;
            }
        });
    }

    fn explain_silence(&self, snapshot: &Snapshot, reason: &str) {
        let explanation = Explanation {
            version: snapshot.version.0,
            shown: false,
            reason: reason.to_owned(),
            text: String::new(),
            metrics: Default::default(),
            context: Vec::new(),
            prompt: String::new(),
        };
        lock(&self.explanations).put(snapshot.uri.to_string(), explanation);
    }
}

/// A piece of context whose path and reason can be read aloud.
fn fit_to_show(piece: &ContextPiece) -> ContextPiece {
    ContextPiece {
        path: display::message(&piece.path),
        reason: display::message(&piece.reason),
        ..piece.clone()
    }
}

/// Where a completion made for the text `then` belongs in the text `now`, and where the cursor is: unchanged, or further by
/// what was typed since, as long as that is how the completion goes on. `None` if it does not fit any more. Editors do not
/// all check this: Neovim shows whatever answer comes.
fn rebase(
    then: &Rope,
    cursor: usize,
    completion: &Completion,
    now: &Rope,
) -> Option<(Range<usize>, usize)> {
    let replace = completion.replace.clone();
    if replace.start > cursor || replace.end < cursor || replace.end > then.len_bytes() {
        tracing::error!("a completion does not contain its cursor");
        return None;
    }
    if then.is_instance(now) {
        return Some((replace, cursor));
    }
    let grown = now.len_bytes().checked_sub(then.len_bytes())?;
    let same = now.get_byte_slice(..cursor)? == then.get_byte_slice(..cursor)?
        && now.get_byte_slice(cursor + grown..)? == then.get_byte_slice(cursor..)?;
    if !same {
        return None;
    }
    if grown > 0 {
        let before = then.get_byte_slice(replace.start..cursor)?.to_string();
        let typed = now.get_byte_slice(cursor..cursor + grown)?.to_string();
        let rest = completion
            .text
            .strip_prefix(before.as_str())?
            .strip_prefix(typed.as_str())?;
        if rest.is_empty() {
            return None;
        }
    }
    Some((replace.start..replace.end + grown, cursor + grown))
}

impl Suggestion {
    fn range(&self, bytes: Range<usize>) -> tower_lsp::gen_lsp_types::Range {
        let position = |byte| self.encoding.position(&self.now.rope, ByteOffset(byte));
        tower_lsp::gen_lsp_types::Range::new(position(bytes.start), position(bytes.end))
    }

    /// Always with a range: Neovim 0.12.0 fails over items without.
    fn into_inline_item(self) -> InlineCompletionItem {
        let range = self.range(self.replace.clone());
        InlineCompletionItem::new(
            InsertText::String(self.text),
            None,
            Some(range),
            Some(self.command),
        )
    }

    /// Editors filter the menu by the word before the cursor, and put a list of items with different starts in order only
    /// if they begin at that word. So the edit begins there at the latest.
    fn into_menu_item(self) -> CompletionItem {
        let start = self
            .replace
            .start
            .min(word_start(&self.now.rope, self.cursor));
        let slice = |range: Range<usize>| {
            self.now
                .rope
                .get_byte_slice(range)
                .map(|text| text.to_string())
                .unwrap_or_default()
        };
        let typed = slice(start..self.cursor);
        let new_text = slice(start..self.replace.start) + &self.text;
        let first_line = new_text.lines().next().unwrap_or_default();
        let filter_text = match typed.as_str() {
            "" => None,
            typed if first_line.starts_with(typed) => Some(first_line.to_owned()),
            typed => Some(typed.to_owned()),
        };
        let language = self.now.language.map_or("", |language| language.id());
        CompletionItem {
            label: label(&new_text),
            label_details: Some(CompletionItemLabelDetails {
                detail: None,
                description: Some("tacit".to_owned()),
            }),
            // Not `Snippet`: Helix would read the text of such an item as one, whatever its format says.
            kind: Some(CompletionItemKind::Text),
            detail: Some("tacit".to_owned()),
            documentation: Some(
                MarkupContent {
                    kind: MarkupKind::Markdown,
                    value: fenced(&new_text, language),
                }
                .into(),
            ),
            preselect: Some(false),
            sort_text: Some(SORTED_LAST.to_owned()),
            filter_text,
            insert_text_format: Some(InsertTextFormat::PlainText),
            insert_text_mode: Some(InsertTextMode::AsIs),
            text_edit: Some(
                TextEdit {
                    range: self.range(start..self.replace.end),
                    new_text,
                }
                .into(),
            ),
            command: Some(self.command),
            ..Default::default()
        }
    }
}

/// Where the word begins that the cursor stands in or behind.
fn word_start(rope: &Rope, cursor: usize) -> usize {
    let mut characters = rope.chars_at(rope.byte_to_char(cursor));
    let mut start = cursor;
    while let Some(character) = characters
        .prev()
        .filter(|&character| is_word_char(character))
    {
        start -= character.len_utf8();
    }
    start
}

/// The first line that says something, cut to the width of a menu.
fn label(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("tacit");
    match line.char_indices().nth(LABEL_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Markdown that shows the text as it is: its fence is longer than any in the text.
fn fenced(text: &str, language: &str) -> String {
    let longest = text
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "{fence}{language}\n{}\n{fence}",
        text.trim_end_matches(['\n', '\r'])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(text: &str, replace: Range<usize>) -> Completion {
        Completion {
            text: text.into(),
            replace,
            shown: true,
            ..Completion::hidden(0, "")
        }
    }

    #[test]
    fn an_answer_counts_while_it_goes_on_with_what_is_typed() {
        // `|` is the cursor when it was asked; then the text now, and the answer's text for the word before the cursor.
        for (then, now, text, expected) in [
            ("let re|;", "let re;", "return", Some((4..6, 6))),
            ("let re|;", "let ret;", "return", Some((4..7, 7))),
            ("let re|;", "let return;", "return", None),
            ("let re|;", "let reX;", "return", None),
            ("let re|;", "let r;", "return", None),
            ("let re|;", "Xet re;", "return", None),
            ("let re|;", "let ret!", "return", None),
            ("let re|;", "let re;ö", "return", None),
            ("é|", "éa", "éab", Some((0..3, 3))),
            ("é|", "aé", "éab", None),
        ] {
            let cursor = then.find('|').unwrap_or(0);
            let then_rope = Rope::from_str(&then.replace('|', ""));
            let start = word_start(&then_rope, cursor);
            let answer = completion(text, start..cursor);
            assert_eq!(
                rebase(&then_rope, cursor, &answer, &Rope::from_str(now)),
                expected,
                "{then} {now}"
            );
        }
    }

    #[test]
    fn an_answer_for_another_place_is_no_answer() {
        let rope = Rope::from_str("abc");
        for replace in [2..3, 0..0, 0..9] {
            assert_eq!(rebase(&rope, 1, &completion("x", replace), &rope), None);
        }
    }

    #[test]
    fn labels_are_one_short_line() {
        assert_eq!(label("\n\n    return 1\n"), "return 1");
        assert_eq!(label("  \n"), "tacit");
        assert_eq!(label(&"ü".repeat(61)), format!("{}…", "ü".repeat(60)));
        assert_eq!(label(&"ü".repeat(60)), "ü".repeat(60));
    }

    #[test]
    fn a_preview_cannot_leave_its_fence() {
        assert_eq!(fenced("a\nb\n", "go"), "```go\na\nb\n```");
        assert_eq!(fenced("```\n````x", ""), "`````\n```\n````x\n`````");
    }

    #[test]
    fn words_begin_after_what_is_no_letter() {
        let rope = Rope::from_str("a.größe_1(");
        assert_eq!(word_start(&rope, rope.len_bytes() - 1), 2);
        assert_eq!(word_start(&rope, rope.len_bytes()), rope.len_bytes());
        assert_eq!(word_start(&rope, 0), 0);
    }
}
