//! What the editor tells of suggestions, in the protocol's words: the ids in the arguments of an item's command, and what a `didChange` did to
//! the text. What it means is decided in [`history`](crate::history).

use ropey::Rope;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types::TextDocumentContentChangeEvent as Change;

use crate::history::Edit;
use crate::lsp::position::PositionEncoding;

/// The arguments of the command of what was offered with this id.
pub fn arguments(id: u64) -> Vec<Value> {
    vec![json!({ "id": id })]
}

/// The id in the arguments of a command; `None` where the client sent something else.
pub fn id_of(arguments: &[Value]) -> Option<u64> {
    arguments.first()?.get("id")?.as_u64()
}

/// What the changes of one message did, which made `after` of `before`; `None` if nothing.
pub fn edit_of(
    changes: &[Change],
    before: &Rope,
    after: &Rope,
    encoding: PositionEncoding,
) -> Option<Edit> {
    match changes {
        [Change::TextDocumentContentChangePartial(change)] => {
            let range = encoding.range(before, change.range);
            Edit::of_range(range.start.0..range.end.0, before, after)
        }
        _ => Edit::between(before, after),
    }
}
