//! EXPERIMENT: whole texts.
use std::{collections::BTreeMap, path::PathBuf, sync::Mutex};

use super::{Piece, Source};

#[derive(Default)]
pub struct Workspace {
    pub texts: Mutex<BTreeMap<PathBuf, String>>,
}

impl Workspace {
    pub fn pieces(&self) -> Vec<Piece> {
        let texts = self.texts.lock().unwrap();
        texts
            .iter()
            .map(|(path, text)| Piece {
                path: path.clone(),
                lines: 1..=text.lines().count() as u32,
                text: text.clone(),
                source: Source::Definitions,
                reason: "whole".into(),
                score: 0.5,
            })
            .collect()
    }
}
