//! Code actions: the list, and the work behind an entry of it. What applies and what becomes of an answer is decided in
//! [`actions`](crate::actions); here it is put into the protocol's words.
//!
//! An entry comes back from the client either by `codeAction/resolve`, which answers with the edit, or as the command [`ACT_COMMAND`], after which the
//! edit is sent with `workspace/applyEdit`. Clients that resolve get no command: theirs would run beside it.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::{AbortHandle, JoinSet};
use tower_lsp::gen_lsp_types::{
    self as lsp_types, AnnotatedTextEdit, ChangeAnnotation, CodeAction, CodeActionKind,
    CodeActionParams, CodeActionTriggerKind, Command, CreateFile, Diagnostic, DiagnosticSeverity,
    DiagnosticTag, DocumentChange, Edit as DocumentEdit, MessageType,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextDocumentIdentifier, TextEdit,
    Uri, WorkspaceEdit,
};
use tower_lsp::jsonrpc::{Error, Result};

use super::progress::Progress;
use super::{Server, Session, lock};
use crate::actions::act::{Act, Change, Done, With};
use crate::actions::edit::{Edit, rebase, smallest};
use crate::actions::offer::offers;
use crate::actions::{Action, Offer, Problem, act};
use crate::context::{privacy, workspace::Workspace};
use crate::documents::Snapshot;
use crate::lsp::capabilities::Client;
use crate::lsp::position::{ByteOffset, PositionEncoding};

/// The command of an action, for clients that do not resolve. Its argument is a [`Ticket`]; its result, for explanations, is Markdown.
pub const ACT_COMMAND: &str = "tacit.act";

/// Progress that the client may cancel.
pub const ACTION_TOKENS: &str = "tacit/action/";

/// Characters of the line that is being written, in the progress.
const SHOWN_CHARACTERS: usize = 60;

/// The annotation of every edit: the user sees it before it is made, where the client can show that.
const ANNOTATION: &str = "tacit";

/// What comes back from the client when the user has chosen an entry. Not trusted: it is found again in the document.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    uri: String,
    offer: Offer,
}

/// What came of an action, for the client.
enum Answer {
    Edit(WorkspaceEdit),
    Markdown(String),
}

impl Server {
    /// The list. No model is asked.
    pub(super) async fn code_action(&self, params: Value) -> Result<Option<Vec<CodeAction>>> {
        let (params, diagnostics) = read_params(params)?;
        let session = &self.0;
        let client = session.terms()?.client;
        let uri = params.text_document.uri.0;
        let Some(snapshot) = lock(&session.documents).snapshot(&uri) else {
            return Ok(None);
        };
        session
            .workspace
            .diagnosed(&uri, params.range, &diagnostics);
        let folder = session.folder_of(&snapshot);
        let cleared = Workspace::clear(&session.workspace, &snapshot, folder).await;
        if cleared.is_err() {
            return Ok(None);
        }
        let encoding = client.encoding;
        let range = cursor_or_selection(
            &snapshot,
            bytes(encoding.range(&snapshot.rope, params.range)),
        );
        let problems: Vec<Problem> = diagnostics
            .iter()
            .filter_map(|diagnostic| problem(diagnostic, &snapshot, encoding))
            .collect();
        let is_cursor = range.is_empty();
        let listed = tokio::task::spawn_blocking(move || offers(&snapshot, range, &problems));
        let offers = listed.await.map_err(|_| Error::internal_error())?;
        let only = params.context.only;
        let is_unasked =
            params.context.trigger_kind == Some(CodeActionTriggerKind::Automatic) && is_cursor;
        let entries = offers
            .into_iter()
            .filter(|offer| !is_unasked || calls_for_action(offer))
            .filter(|offer| is_wanted(offer, only.as_deref()))
            .filter(|offer| client.asks_for_instructions || !needs_instruction(offer))
            .map(|offer| entry(offer, &uri, &client));
        Ok(Some(entries.collect()))
    }

    /// Does the work of an entry, and gives it its edit. It stays as it is where there is none.
    pub(super) async fn resolve_code_action(&self, mut action: CodeAction) -> Result<CodeAction> {
        let ticket = action.data.clone().map(serde_json::from_value::<Ticket>);
        // An entry without a ticket has a command.
        let Some(ticket) = ticket else {
            return Ok(action);
        };
        let ticket = ticket.map_err(|_| Error::invalid_params("This is no action of tacit's."))?;
        match self.0.clone().act(ticket).await {
            Some(Answer::Edit(edit)) => action.edit = Some(edit),
            Some(Answer::Markdown(text)) => self.0.show(text).await,
            None => {}
        }
        Ok(action)
    }

    /// The command of an entry.
    pub(super) async fn act(&self, arguments: Vec<Value>) -> Result<Option<Value>> {
        let ticket = arguments
            .into_iter()
            .next()
            .and_then(|argument| serde_json::from_value::<Ticket>(argument).ok())
            .ok_or_else(|| Error::invalid_params("This is no action of tacit's."))?;
        let client = self.0.terms()?.client;
        match self.0.clone().act(ticket).await {
            Some(Answer::Edit(edit)) => {
                if let Ok(result) = self.0.editor.apply_edit(edit).await
                    && let Some(reason) = result.failure_reason
                {
                    tracing::info!(%reason, "the editor did not take an edit");
                }
                Ok(None)
            }
            Some(Answer::Markdown(text)) if client.shows_markdown => {
                Ok(Some(json!({ "markdown": text })))
            }
            Some(Answer::Markdown(text)) => {
                self.0.show(text).await;
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

impl Session {
    /// Does an action, with its progress shown. `None` if nothing changes: the user has been told why.
    async fn act(self: Arc<Self>, ticket: Ticket) -> Option<Answer> {
        let snapshot = lock(&self.documents).snapshot(&ticket.uri);
        let refused = match snapshot {
            Some(snapshot) => match self.clone().work(snapshot, ticket.offer).await {
                Ok(answer) => return answer,
                Err(reason) => reason,
            },
            None => "The document is not open any more, so nothing was changed.".to_owned(),
        };
        self.editor
            .show_message(MessageType::Warning, format!("tacit: {refused}"))
            .await;
        None
    }

    /// The error is a sentence for the user. `Ok(None)` if he has cancelled it.
    async fn work(
        self: Arc<Self>,
        snapshot: Snapshot,
        offer: Offer,
    ) -> std::result::Result<Option<Answer>, String> {
        let terms = self.terms().map_err(|error| error.message.to_string())?;
        let folder = self.folder_of(&snapshot);
        let act = Act {
            bounds: folder.clone(),
            folder,
            snapshot: snapshot.clone(),
            offer: offer.clone(),
            with: With::default(),
        };
        let progress = self.begin_progress(&offer).await;
        let told = progress.teller();
        let actor = terms.actor.clone();
        // A task of its own: it computes beside the message loop, and can be aborted. Dropping the set ends it.
        let mut tasks = JoinSet::new();
        let handle = tasks.spawn(async move {
            let mut tell = |progress: act::Progress| told.tell(&in_words(progress));
            actor.act(act, &mut tell).await
        });
        let _running = self.running.begin(progress.token(), handle);
        let done = tasks.join_next().await;
        progress.end().await;
        match done {
            Some(Ok(done)) => {
                let done = done.map_err(|refusal| refusal.to_string())?;
                self.answer(&snapshot, &offer, done).map(Some)
            }
            Some(Err(error)) if error.is_cancelled() => Ok(None),
            _ => Err("The action failed inside tacit. Its log says where.".to_owned()),
        }
    }

    async fn begin_progress(&self, offer: &Offer) -> Progress {
        let is_wanted = self
            .terms()
            .is_ok_and(|terms| terms.client.work_done_progress);
        let title = format!("tacit: {}", offer.title());
        Progress::begin_cancellable(&self.editor, is_wanted, ACTION_TOKENS, title).await
    }

    /// What an action came to, for the document as it is now.
    fn answer(
        &self,
        then: &Snapshot,
        offer: &Offer,
        done: Done,
    ) -> std::result::Result<Answer, String> {
        let client = self
            .terms()
            .map_err(|error| error.message.to_string())?
            .client;
        match done.change {
            Change::Words(text) => Ok(Answer::Markdown(text)),
            Change::Document(edits) => {
                let gone = "The document was closed meanwhile, so nothing was changed.";
                let now = lock(&self.documents).snapshot(&then.uri).ok_or(gone)?;
                let hull = hull(&edits, &offer.target.range);
                let edits = rebase(&edits, &hull, &then.rope, &now.rope)
                    .map_err(|moved| moved.to_string())?;
                Ok(Answer::Edit(of_document(&now, &edits, offer, &client)))
            }
            Change::File { path, old, new } => {
                Ok(Answer::Edit(self.of_file(path, old, &new, offer, &client)?))
            }
        }
    }

    /// The edit of another file, which may be open, or new.
    fn of_file(
        &self,
        path: PathBuf,
        old: Option<String>,
        new: &str,
        offer: &Offer,
        client: &Client,
    ) -> std::result::Result<WorkspaceEdit, String> {
        let uri = url::Url::from_file_path(&path)
            .map_err(|()| format!("{} cannot be written.", path.display()))?
            .to_string();
        let open = lock(&self.documents).snapshot(&uri);
        let text = open
            .as_ref()
            .map(|open| open.rope.to_string())
            .or(old.clone());
        if open.is_some() && text != old {
            return Err(format!(
                "{} has changes that are not saved. Save it, then ask again.",
                path.display()
            ));
        }
        let snapshot =
            open.unwrap_or_else(|| closed_document(&uri, text.as_deref().unwrap_or_default()));
        let edits = smallest(text.as_deref().unwrap_or_default(), new);
        let mut edit = of_document(&snapshot, &edits, offer, client);
        if text.is_none()
            && client.creates_files
            && let Some(changes) = &mut edit.document_changes
        {
            let annotation = client.confirms_changes.then(|| ANNOTATION.to_owned());
            let create = CreateFile::new(Uri(uri), None, annotation);
            changes.insert(0, DocumentChange::CreateFile(create));
        }
        Ok(edit)
    }

    /// The workspace folder that holds a document.
    pub(super) fn folder_of(&self, snapshot: &Snapshot) -> Option<PathBuf> {
        let folders = lock(&self.folders);
        let places = privacy::places(snapshot);
        let folder = places.iter().find_map(|place| folders.holding(place))?;
        Some(folder.to_owned())
    }
}

/// A file that is not open, for the positions in it. The client has no version of it.
fn closed_document(uri: &str, text: &str) -> Snapshot {
    crate::documents::Documents::default().open(uri, "", crate::documents::DocVersion(0), text)
}

/// What a list is asked for, and its diagnostics: they come from other servers by way of the client, and one that cannot be read costs no
/// other.
fn read_params(mut params: Value) -> Result<(CodeActionParams, Vec<Diagnostic>)> {
    let listed = params.pointer_mut("/context/diagnostics").map(Value::take);
    if let Some(place) = params.pointer_mut("/context/diagnostics") {
        *place = json!([]);
    }
    let params =
        serde_json::from_value(params).map_err(|error| Error::invalid_params(error.to_string()))?;
    let listed = match listed {
        Some(Value::Array(listed)) => listed,
        _ => Vec::new(),
    };
    Ok((
        params,
        listed.into_iter().filter_map(read_diagnostic).collect(),
    ))
}

/// A diagnostic without those of its parts that are not as the protocol has them. `None` without a place or a message.
fn read_diagnostic(sent: Value) -> Option<Diagnostic> {
    if let Ok(whole) = Diagnostic::deserialize(&sent) {
        return Some(whole);
    }
    let mut read = json!({ "range": sent["range"], "message": sent["message"] });
    for part in ["severity", "code", "source", "tags"] {
        let mut more = read.clone();
        more[part] = sent[part].clone();
        if Diagnostic::deserialize(&more).is_ok() {
            read = more;
        }
    }
    serde_json::from_value(read).ok()
}

/// Actions that run, by their progress.
#[derive(Default)]
pub struct Running(std::sync::Mutex<Actions>);

#[derive(Default)]
struct Actions {
    running: HashMap<String, AbortHandle>,
    /// Progress that was called off while nothing ran for it: the action may be about to begin. The newest last.
    called_off: VecDeque<String>,
}

/// So many are remembered. Those of actions that had ended just before never begin.
const CALLED_OFF: usize = 16;

impl Running {
    fn begin(&self, token: Option<String>, handle: AbortHandle) -> Option<()> {
        let mut actions = lock(&self.0);
        actions.running.retain(|_, handle| !handle.is_finished());
        let token = token?;
        if actions.called_off.contains(&token) {
            handle.abort();
        }
        actions.running.insert(token, handle);
        Some(())
    }

    /// Ends the action with this progress.
    pub fn cancel(&self, token: &str) {
        let mut actions = lock(&self.0);
        if let Some(handle) = actions.running.remove(token) {
            handle.abort();
        } else if token.starts_with(ACTION_TOKENS) {
            if actions.called_off.len() == CALLED_OFF {
                actions.called_off.pop_front();
            }
            actions.called_off.push_back(token.to_owned());
        }
    }
}

/// The entry of an offer.
fn entry(offer: Offer, uri: &str, client: &Client) -> CodeAction {
    let title = offer.title();
    let mut entry = CodeAction {
        title: title.clone(),
        kind: offer.lsp_kind().map(CodeActionKind::from),
        ..CodeAction::default()
    };
    let ticket = json!(Ticket {
        uri: uri.to_owned(),
        offer,
    });
    if client.resolves_edits {
        entry.data = Some(ticket);
    } else {
        entry.command = Some(Command {
            title,
            command: ACT_COMMAND.to_owned(),
            arguments: Some(vec![ticket]),
            ..Command::default()
        });
    }
    entry
}

/// `only` names kinds and, with them, all kinds below.
fn is_wanted(offer: &Offer, only: Option<&[CodeActionKind]>) -> bool {
    let Some(only) = only.filter(|only| !only.is_empty()) else {
        return true;
    };
    let Some(kind) = offer.lsp_kind() else {
        return only
            .iter()
            .any(|only| String::from(only.clone()).is_empty());
    };
    only.iter().any(|only| {
        let only = String::from(only.clone());
        only.is_empty()
            || kind == only
            || kind
                .strip_prefix(&only)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Something there asks for it, so that an editor may light a bulb by itself. At every function one can do something.
fn calls_for_action(offer: &Offer) -> bool {
    match &offer.action {
        Action::Fix { .. } | Action::Implement => true,
        Action::Edit { instruction } => !instruction.is_empty(),
        Action::Explain { problems } => !problems.is_empty(),
        Action::Document | Action::Test | Action::Simplify => false,
    }
}

fn needs_instruction(offer: &Offer) -> bool {
    matches!(&offer.action, Action::Edit { instruction } if instruction.is_empty())
}

/// A diagnostic that code may be the reason for. Hints and marks of unused code are no problems.
fn problem(
    diagnostic: &lsp_types::Diagnostic,
    snapshot: &Snapshot,
    encoding: PositionEncoding,
) -> Option<Problem> {
    let is_mark = |tag: &DiagnosticTag| *tag == DiagnosticTag::Unnecessary;
    let tags = diagnostic.tags.as_deref().unwrap_or_default();
    if diagnostic.severity == Some(DiagnosticSeverity::Hint) || tags.iter().any(is_mark) {
        return None;
    }
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let message = match json!(diagnostic.message) {
        Value::String(text) => text,
        marked => text(marked["value"].clone()),
    };
    Some(Problem {
        range: bytes(encoding.range(&snapshot.rope, diagnostic.range)),
        message,
        code: diagnostic.code.as_ref().map(|code| text(json!(code))),
        source: diagnostic.source.clone(),
        is_error: diagnostic
            .severity
            .is_none_or(|severity| severity == DiagnosticSeverity::Error),
    })
}

fn bytes(range: Range<ByteOffset>) -> Range<usize> {
    range.start.0..range.end.0
}

/// A range of one character is the cursor: in Helix and Kakoune the cursor lies on one, and nobody selects one to have it rewritten.
fn cursor_or_selection(snapshot: &Snapshot, range: Range<usize>) -> Range<usize> {
    let selected = snapshot.rope.get_byte_slice(range.clone());
    let is_one = selected.is_some_and(|text| text.len_chars() == 1 || text == "\r\n");
    if is_one {
        range.start..range.start
    } else {
        range
    }
}

/// All that edits concern, and the target that they belong to.
fn hull(edits: &[Edit], target: &Range<usize>) -> Range<usize> {
    let start = edits.iter().map(|edit| edit.range.start).min();
    let end = edits.iter().map(|edit| edit.range.end).max();
    let start = start.unwrap_or(target.start).min(target.start);
    start..end.unwrap_or(target.end).max(target.end)
}

/// The edits of one document, in the form that the client takes.
fn of_document(
    document: &Snapshot,
    edits: &[Edit],
    offer: &Offer,
    client: &Client,
) -> WorkspaceEdit {
    let uri = Uri(document.uri.to_string());
    let position = |byte| client.encoding.position(&document.rope, ByteOffset(byte));
    let edits = edits.iter().map(|edit| TextEdit {
        range: lsp_types::Range {
            start: position(edit.range.start),
            end: position(edit.range.end),
        },
        new_text: edit.text.clone(),
    });
    if !client.document_changes {
        return WorkspaceEdit {
            changes: Some(HashMap::from([(uri, edits.collect())])),
            ..WorkspaceEdit::default()
        };
    }
    let edits = edits.map(|text_edit| match client.confirms_changes {
        true => DocumentEdit::AnnotatedTextEdit(AnnotatedTextEdit {
            annotation_id: ANNOTATION.to_owned(),
            text_edit,
        }),
        false => DocumentEdit::TextEdit(text_edit),
    });
    let text_document = OptionalVersionedTextDocumentIdentifier {
        // Documents that we made ourselves have no version in the client.
        version: Some(document.version.0).filter(|version| *version > 0),
        text_document_identifier: TextDocumentIdentifier { uri },
    };
    let change = TextDocumentEdit {
        text_document,
        edits: edits.collect(),
    };
    let annotation = ChangeAnnotation {
        label: offer.title(),
        needs_confirmation: Some(true),
        description: Some("Written by a language model".to_owned()),
    };
    WorkspaceEdit {
        document_changes: Some(vec![DocumentChange::TextDocumentEdit(change)]),
        change_annotations: client
            .confirms_changes
            .then(|| HashMap::from([(ANNOTATION.to_owned(), annotation)])),
        ..WorkspaceEdit::default()
    }
}

/// "2nd attempt, 42 tokens: return total".
fn in_words(progress: act::Progress) -> String {
    let line = progress.text.lines().rfind(|line| !line.trim().is_empty());
    let line: String = line
        .unwrap_or_default()
        .trim()
        .chars()
        .take(SHOWN_CHARACTERS)
        .collect();
    let attempt = if progress.attempt > 1 { "again, " } else { "" };
    let tokens = progress.tokens;
    let unit = if tokens == 1 { "token" } else { "tokens" };
    format!("{attempt}{tokens} {unit}: {line}")
}
