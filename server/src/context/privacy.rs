//! What no model sees: files that are secret by their names or by what they hold, files that the user's ignore files exclude, and secret values in
//! all other text ([`without_secrets`]). Everything that becomes part of a prompt passes here: documents by [`clear`], other files by [`read`], what
//! is left of both by [`shown`] and its kin. Decides, and reads the disk for nothing else.

mod contents;
mod gate;
mod ignored;
mod names;
mod patterns;
mod uris;
mod values;

pub use contents::secret_text;
pub use gate::{Cleared, clear, hidden_document, hidden_file, inside, places, read, readable};
pub use ignored::{Ignored, Rules, TACITIGNORE};
pub use names::secret;
pub use values::{PLACEHOLDER, shown, shown_in, without_secrets};
