//! What was measured on a user's own files, as a table, and what follows from it. Pure: counts and times, no text.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::{Value, json};

use super::super::percentile;

/// A line that takes longer comes three keys too late: a person types one every 170 ms.
const QUICK_LINE_MS: f64 = 500.0;

/// Models whose shares of right lines differ by no more count as equally good, and then speed and memory decide.
const EQUAL_SHARE: f64 = 0.03;

/// What became of one hole.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// The first line is what was missing.
    pub is_right: bool,
    /// It is likely enough to be shown while typing.
    pub is_shown: bool,
    /// Milliseconds; `None` without an answer.
    pub times: Option<Times>,
}

/// When an answer was there, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the request, with a text that the model has not seen, to the first token.
    pub first_token: f64,
    /// For a line in a text that the model knows but for the last key.
    pub line: f64,
}

/// Outcomes, counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    holes: usize,
    right: usize,
    shown: usize,
    shown_right: usize,
    first_token_ms: Vec<f64>,
    line_ms: Vec<f64>,
}

impl Figures {
    pub fn count(&mut self, outcome: Outcome) {
        self.holes += 1;
        self.right += usize::from(outcome.is_right);
        self.shown += usize::from(outcome.is_shown);
        self.shown_right += usize::from(outcome.is_shown && outcome.is_right);
        if let Some(times) = outcome.times {
            self.first_token_ms.push(times.first_token);
            self.line_ms.push(times.line);
        }
    }

    fn add(&mut self, other: &Self) {
        self.holes += other.holes;
        self.right += other.right;
        self.shown += other.shown;
        self.shown_right += other.shown_right;
        self.first_token_ms.extend(&other.first_token_ms);
        self.line_ms.extend(&other.line_ms);
    }

    fn share_right(&self) -> f64 {
        self.right as f64 / self.holes.max(1) as f64
    }

    /// The median, in milliseconds; `None` if there was no answer.
    fn line_ms(&self) -> Option<f64> {
        percentile(&self.line_ms, 50)
    }

    fn cells(&self) -> [String; 6] {
        let of = |part: usize, whole: usize| match whole {
            0 => "-".to_owned(),
            _ => format!("{part} ({:.0} %)", 100.0 * part as f64 / whole as f64),
        };
        [
            self.holes.to_string(),
            of(self.right, self.holes),
            of(self.shown, self.holes),
            of(self.shown_right, self.shown),
            milliseconds(self.line_ms()),
            milliseconds(percentile(&self.first_token_ms, 50)),
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "holes": self.holes,
            "right": self.right,
            "shown": self.shown,
            "shown_right": self.shown_right,
            "line_ms_median": self.line_ms(),
            "cold_first_token_ms_median": percentile(&self.first_token_ms, 50),
        })
    }
}

fn milliseconds(median: Option<f64>) -> String {
    median.map_or("-".to_owned(), |ms| format!("{ms:.0} ms"))
}

/// A model with its figures in each language, by its id.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    pub model: String,
    pub languages: BTreeMap<String, Figures>,
    /// All holes were filled.
    pub is_complete: bool,
}

impl Measured {
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            ..Self::default()
        }
    }

    pub fn count(&mut self, language: &str, outcome: Outcome) {
        let figures = self.languages.entry(language.to_owned()).or_default();
        figures.count(outcome);
    }

    pub fn all(&self) -> Figures {
        let mut all = Figures::default();
        for figures in self.languages.values() {
            all.add(figures);
        }
        all
    }

    fn to_json(&self) -> Value {
        let languages = self.languages.iter();
        let languages: serde_json::Map<_, _> = languages
            .map(|(language, figures)| (language.clone(), figures.to_json()))
            .collect();
        let mut model = self.all().to_json();
        model["model"] = json!(self.model);
        model["complete"] = json!(self.is_complete);
        model["languages"] = json!(languages);
        model
    }
}

/// A row for each model and language, and one for all of its languages where there are several.
pub struct Table<'a>(pub &'a [Measured]);

const HEADER: [&str; 8] = [
    "model",
    "language",
    "holes",
    "right",
    "shown",
    "of these right",
    "a line",
    "first, cold",
];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![HEADER.map(str::to_owned)];
        for measured in self.0 {
            let several =
                (measured.languages.len() > 1).then(|| ("all".to_owned(), measured.all()));
            let languages = measured.languages.clone().into_iter();
            let mut name = measured.model.clone();
            for (language, figures) in several.into_iter().chain(languages) {
                let [a, b, c, d, e, g] = figures.cells();
                rows.push([std::mem::take(&mut name), language, a, b, c, d, e, g]);
            }
        }
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: [usize; HEADER.len()] = std::array::from_fn(width);
        for row in &rows {
            let cells = row.iter().zip(widths).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, width))| match column {
                    0 | 1 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// The model to choose, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recommendation<'a> {
    pub model: &'a str,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No other was measured to the end.
    Only,
    MostRight,
    /// A slower one is right more often, but hardly.
    AsGoodAndFaster,
    /// A slower one is right more often, but not quick.
    BestOfTheQuick,
    /// None is quick.
    Fastest,
}

impl Recommendation<'_> {
    /// For a person.
    pub fn sentence(&self) -> String {
        let model = self.model;
        match self.reason {
            Reason::Only => format!(
                "There is no other model to compare {model} with; `tacit models list` names more."
            ),
            Reason::MostRight => format!(
                "Choose {model}: it has the most lines right, and writes a line within half a second (median)."
            ),
            Reason::AsGoodAndFaster => format!(
                "Choose {model}: of the models that are right about as often as the best (within 3 lines in 100), it is the fastest."
            ),
            Reason::BestOfTheQuick => format!(
                "Choose {model}: it has the most lines right of the models that write a line within half a second (median); a slower \
                 one has more."
            ),
            Reason::Fastest => format!(
                "Choose {model}: no model here writes a line within half a second (median), and this one is the fastest."
            ),
        }
    }
}

/// Of the models that write a line in [`QUICK_LINE_MS`] (median), that with the most right lines; of those about as good
/// ([`EQUAL_SHARE`]), the fastest. If none is so quick, the fastest of all. Those that were interrupted are not compared.
pub fn recommend(measured: &[Measured]) -> Option<Recommendation<'_>> {
    let models: Vec<Compared> = measured.iter().filter_map(Compared::of).collect();
    let by_speed = |a: &&Compared, b: &&Compared| a.line_ms.total_cmp(&b.line_ms);
    let by_share = |a: &&Compared, b: &&Compared| a.share.total_cmp(&b.share);
    let fastest = models.iter().min_by(by_speed)?;
    let most_right = models.iter().max_by(by_share)?;
    let quick = || models.iter().filter(|model| model.line_ms <= QUICK_LINE_MS);
    let best_quick = quick().max_by(by_share);
    let is_as_good =
        |model: &&Compared| best_quick.is_some_and(|best| best.share - model.share <= EQUAL_SHARE);
    let (chosen, reason) = match quick().filter(is_as_good).min_by(by_speed) {
        _ if models.len() == 1 => (fastest, Reason::Only),
        None => (fastest, Reason::Fastest),
        Some(chosen) if chosen.share >= most_right.share => (chosen, Reason::MostRight),
        Some(chosen) if most_right.share - chosen.share <= EQUAL_SHARE => {
            (chosen, Reason::AsGoodAndFaster)
        }
        Some(chosen) => (chosen, Reason::BestOfTheQuick),
    };
    Some(Recommendation {
        model: chosen.name,
        reason,
    })
}

/// What models are compared by.
struct Compared<'a> {
    name: &'a str,
    share: f64,
    line_ms: f64,
}

impl<'a> Compared<'a> {
    fn of(measured: &'a Measured) -> Option<Self> {
        let all = measured.all();
        measured.is_complete.then_some(Self {
            name: &measured.model,
            share: all.share_right(),
            line_ms: all.line_ms()?,
        })
    }
}

/// All of it for programs. `threshold`: how likely a line has to be to be shown.
pub fn summary(measured: &[Measured], seed: u64, threshold: f32) -> Value {
    let recommendation = recommend(measured).map(|recommendation| {
        json!({
            "model": recommendation.model,
            "reason": recommendation.reason,
            "sentence": recommendation.sentence(),
        })
    });
    json!({
        "seed": seed,
        // Without the digits that a shorter number has only as a longer one.
        "threshold": (f64::from(threshold) * 1000.0).round() / 1000.0,
        "models": measured.iter().map(Measured::to_json).collect::<Vec<_>>(),
        "recommendation": recommendation,
    })
}

#[cfg(test)]
mod tests;
