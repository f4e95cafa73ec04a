//! How near two paths of a workspace lie to each other, by their names alone.

use std::path::Path;

/// How many components two paths share at their beginning: the more, the nearer.
pub fn shared_components(a: &Path, b: &Path) -> usize {
    a.components()
        .zip(b.components())
        .take_while(|(a, b)| a == b)
        .count()
}

/// Steps from one path to the other, up and down.
pub fn steps_between(a: &Path, b: &Path) -> usize {
    a.components().count() + b.components().count() - 2 * shared_components(a, b)
}
