//! What no model sees: files that are secret by their names ([`secret`]), files that the user's ignore files exclude ([`Ignored`]), and
//! secret values in all other text ([`without_secrets`]). Everything that becomes part of a prompt passes here. Decides, and does
//! nothing else; reads no files but ignore files.

mod ignored;
mod names;
mod values;

pub use ignored::{Ignored, Rules, TACITIGNORE};
pub use names::secret;
pub use values::{PLACEHOLDER, shown, shown_in, without_secrets};
