//! `tacit stats`: what was counted on this machine over the days, for its user. Reads one file; asks nobody.

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::{
    cli::for_stdout,
    completion::LIKELY_ENOUGH,
    config::state_folder,
    history::{Day, HistoryFile, LanguageCounts, Latencies, Record, date},
};

/// Show how fast answers came, what you accepted and kept, and what that saved
#[derive(Debug, Args)]
pub struct Arguments {
    /// Count the last N days, today included (UTC; 90 are kept)
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Delete all that was counted and learned
    #[arg(long, exclusive = true)]
    reset: bool,
    #[command(flatten)]
    assumptions: Assumptions,
}

/// What electricity and cloud cost are computed from. Speeds are those of the 0.5B model on two CPU cores, as in the README.
#[derive(Debug, Clone, Copy, Args, Serialize)]
#[command(next_help_heading = "Assumptions")]
struct Assumptions {
    /// Power that the processor takes in addition while the model computes; a laptop's, with two cores busy
    #[arg(long, value_name = "W", default_value_t = 15.0, value_parser = positive)]
    watts: f64,
    /// Prompt tokens evaluated in a second (`tacit bench decode` measures it)
    #[arg(long, value_name = "N", default_value_t = 200.0, value_parser = positive)]
    prompt_tokens_per_second: f64,
    /// Tokens generated in a second (likewise)
    #[arg(long, value_name = "N", default_value_t = 24.0, value_parser = positive)]
    generated_tokens_per_second: f64,
    /// Dollars for a kilowatt-hour
    #[arg(long, value_name = "USD", default_value_t = 0.30, value_parser = positive)]
    price_per_kwh: f64,
    /// Dollars for a million prompt tokens in the cloud; the list price of Codestral 25.01, a model for completion
    #[arg(long, value_name = "USD", default_value_t = 0.30, value_parser = positive)]
    price_per_million_tokens: f64,
    /// Dollars for a million generated tokens in the cloud (likewise)
    #[arg(long, value_name = "USD", default_value_t = 0.90, value_parser = positive)]
    price_per_million_generated_tokens: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| "it has to be a number above 0".to_owned())
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = state_folder().context(
        "there is no home folder to keep counts in; set TACIT_STATE to a folder of yours",
    )?;
    let file = HistoryFile::in_folder(&folder);
    if arguments.reset {
        let path = file.path();
        if file.reset()? {
            println!(
                "Deleted {}: all counts, and what was learned of your suggestions.",
                path.display()
            );
            println!("Windows that are open forget it within half a minute of work.");
        } else {
            println!(
                "There is nothing to delete: {} does not exist.",
                path.display()
            );
        }
        return Ok(());
    }
    let record = file.load()?;
    let report = Report::new(
        &record,
        arguments.days,
        arguments.assumptions,
        SystemTime::now(),
    );
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", for_stdout(&report.to_text(&file.path())));
    }
    Ok(())
}

/// All that is told.
#[derive(Debug, Serialize)]
struct Report {
    days: u32,
    days_with_work: usize,
    requests: u64,
    cache_hits: u64,
    /// Answers that showed something, and how many milliseconds they took.
    answers_shown: u64,
    latency_ms: Option<Percentiles>,
    prompt_tokens_evaluated: u64,
    prompt_tokens_reused: u64,
    tokens_generated: u64,
    draft_tokens_accepted: u64,
    /// Oldest first.
    by_day: Vec<DayWithWork>,
    languages: BTreeMap<String, Language>,
    electricity_used_wh: f64,
    /// What evaluating the reused tokens again would have taken.
    electricity_avoided_wh: f64,
    electricity_avoided_usd: f64,
    cloud_cost_avoided_usd: f64,
    assumptions: Assumptions,
}

/// A part of the report, for charts.
#[derive(Debug, Serialize)]
struct DayWithWork {
    date: String,
    requests: u64,
    cache_hits: u64,
    latency_ms: Option<Percentiles>,
    prompt_tokens_evaluated: u64,
    prompt_tokens_reused: u64,
}

impl DayWithWork {
    fn new(date: &str, day: &Day) -> Self {
        Self {
            date: date.to_owned(),
            requests: day.requests,
            cache_hits: day.cache_hits,
            latency_ms: Percentiles::of(&day.latency),
            prompt_tokens_evaluated: day.prompt_tokens_evaluated,
            prompt_tokens_reused: day.prompt_tokens_reused,
        }
    }
}

#[derive(Debug, Serialize)]
struct Percentiles {
    p50: f64,
    p90: f64,
    p99: f64,
}

impl Percentiles {
    /// `None` without any answers.
    fn of(latency: &Latencies) -> Option<Self> {
        Some(Self {
            p50: latency.percentile(0.5)?,
            p90: latency.percentile(0.9)?,
            p99: latency.percentile(0.99)?,
        })
    }
}

#[derive(Debug, Serialize)]
struct Language {
    #[serde(flatten)]
    counts: LanguageCounts,
    /// Lines that are likelier than this are shown while typing.
    threshold: f32,
    /// Suggestions that the threshold follows from.
    learned_from: u64,
}

impl Report {
    fn new(record: &Record, days: u32, assumptions: Assumptions, now: SystemTime) -> Self {
        let back = Duration::from_secs(86_400) * (days - 1);
        let first = date(now.checked_sub(back).unwrap_or(SystemTime::UNIX_EPOCH));
        let mut total = Day::default();
        let mut by_day = Vec::new();
        for (date, day) in record.days.range(first..) {
            total.merge(day);
            by_day.push(DayWithWork::new(date, day));
        }
        let names = total.languages.keys().chain(record.learned.keys());
        let language = |name: &String| {
            let language = Language {
                counts: total.languages.get(name).copied().unwrap_or_default(),
                threshold: record.threshold(name),
                learned_from: record
                    .learned
                    .get(name)
                    .map_or(0, |learned| learned.suggestions),
            };
            (name.clone(), language)
        };
        let hours = |tokens: u64, per_second: f64| tokens as f64 / per_second / 3600.0;
        let evaluating = |tokens| hours(tokens, assumptions.prompt_tokens_per_second);
        let generating = hours(
            total.tokens_generated,
            assumptions.generated_tokens_per_second,
        );
        let avoided_wh = evaluating(total.prompt_tokens_reused) * assumptions.watts;
        let prompt_tokens = total.prompt_tokens_evaluated + total.prompt_tokens_reused;
        let cloud = prompt_tokens as f64 * assumptions.price_per_million_tokens
            + total.tokens_generated as f64 * assumptions.price_per_million_generated_tokens;
        Self {
            days,
            days_with_work: by_day.len(),
            requests: total.requests,
            cache_hits: total.cache_hits,
            answers_shown: total.latency.count(),
            latency_ms: Percentiles::of(&total.latency),
            prompt_tokens_evaluated: total.prompt_tokens_evaluated,
            prompt_tokens_reused: total.prompt_tokens_reused,
            tokens_generated: total.tokens_generated,
            draft_tokens_accepted: total.draft_tokens_accepted,
            by_day,
            languages: names.map(language).collect(),
            electricity_used_wh: (evaluating(total.prompt_tokens_evaluated) + generating)
                * assumptions.watts,
            electricity_avoided_wh: avoided_wh,
            electricity_avoided_usd: avoided_wh / 1000.0 * assumptions.price_per_kwh,
            cloud_cost_avoided_usd: cloud / 1e6,
            assumptions,
        }
    }

    fn to_text(&self, path: &Path) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out, path);
        out
    }

    fn write(&self, out: &mut String, path: &Path) -> std::fmt::Result {
        if self.days_with_work == 0 {
            writeln!(out, "Nothing was counted in the last {} days.", self.days)?;
            return writeln!(out, "Counts are kept in {}.", path.display());
        }
        writeln!(
            out,
            "The last {} days, {} of them with work. Counted in {}, on this machine only.\n",
            self.days,
            self.days_with_work,
            path.display()
        )?;
        self.write_answers(out)?;
        self.write_languages(out)?;
        self.write_savings(out)
    }

    fn write_answers(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "Answers")?;
        writeln!(out, "  requests          {:>12}", grouped(self.requests))?;
        writeln!(
            out,
            "  from earlier ones {:>12}",
            share(self.cache_hits, self.requests)
        )?;
        writeln!(
            out,
            "  showed something  {:>12}",
            grouped(self.answers_shown)
        )?;
        if let Some(Percentiles { p50, p90, p99 }) = self.latency_ms {
            writeln!(
                out,
                "  their latency     {:>12}   p90 {}, p99 {}",
                format!("p50 {}", milliseconds(p50)),
                milliseconds(p90),
                milliseconds(p99)
            )?;
        }
        writeln!(out)
    }

    fn write_languages(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "{:<14} {:>9} {:>9} {:>9} {:>9} {:>11} {:>17}",
            "Suggestions",
            "shown",
            "accepted",
            "typed",
            "refused",
            "characters",
            "kept after 5 min"
        )?;
        for (name, Language { counts, .. }) in &self.languages {
            writeln!(
                out,
                "  {name:<12} {:>9} {:>9} {:>9} {:>9} {:>11} {:>17}",
                grouped(counts.shown),
                share(counts.accepted, counts.shown),
                share(counts.typed, counts.shown),
                share(counts.refused, counts.shown),
                grouped(counts.accepted_characters),
                share(counts.kept_characters, counts.measured_characters)
            )?;
        }
        writeln!(out, "\nShown while you type")?;
        for (name, language) in &self.languages {
            writeln!(out, "  {name:<12} {}", threshold_in_words(language))?;
        }
        writeln!(out)
    }

    fn write_savings(&self, out: &mut String) -> std::fmt::Result {
        let prompt = self.prompt_tokens_evaluated + self.prompt_tokens_reused;
        writeln!(out, "Tokens")?;
        for (what, tokens, comment) in [
            ("evaluated", self.prompt_tokens_evaluated, String::new()),
            (
                "reused",
                self.prompt_tokens_reused,
                format!(
                    "{} of all prompts",
                    share(self.prompt_tokens_reused, prompt)
                ),
            ),
            (
                "generated",
                self.tokens_generated,
                format!(
                    "{} of them guessed before",
                    share(self.draft_tokens_accepted, self.tokens_generated)
                ),
            ),
        ] {
            let line = format!("  {what:<17} {:>12}   {comment}", grouped(tokens));
            writeln!(out, "{}", line.trim_end())?;
        }
        let assumed = &self.assumptions;
        writeln!(out, "\nSaved, about")?;
        writeln!(
            out,
            "  electricity       {:>12}   ${:.2}: reused tokens were not evaluated again; {} were used",
            watt_hours(self.electricity_avoided_wh),
            self.electricity_avoided_usd,
            watt_hours(self.electricity_used_wh)
        )?;
        writeln!(
            out,
            "  cloud cost        {:>12}   for the same prompts and answers from a service",
            format!("${:.2}", self.cloud_cost_avoided_usd)
        )?;
        writeln!(
            out,
            "  assuming {} W while computing, {} prompt and {} generated tokens a second, ${:.2} a kWh,\n  ${:.2} a million prompt tokens and ${:.2} a million generated ones; `tacit stats --help` tells why, and how to change it",
            assumed.watts,
            assumed.prompt_tokens_per_second,
            assumed.generated_tokens_per_second,
            assumed.price_per_kwh,
            assumed.price_per_million_tokens,
            assumed.price_per_million_generated_tokens
        )
    }
}

fn threshold_in_words(language: &Language) -> String {
    let Language {
        threshold,
        learned_from,
        ..
    } = language;
    let percent = threshold * 100.0;
    let from = format!("lines from {percent:.0} % likely");
    let usual = f64::from(LIKELY_ENOUGH) * 100.0;
    if (threshold - LIKELY_ENOUGH).abs() < 0.01 {
        format!("{from}, as for everybody at first ({learned_from} suggestions seen)")
    } else if *threshold < LIKELY_ENOUGH {
        format!(
            "{from} rather than {usual:.0} %: you keep even unlikely ones ({learned_from} suggestions seen)"
        )
    } else {
        format!(
            "{from} rather than {usual:.0} %: you seldom kept less likely ones ({learned_from} suggestions seen)"
        )
    }
}

/// 1,234,567
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A part of a whole in percent.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{:.0} %", part as f64 * 100.0 / whole as f64)
}

fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

fn watt_hours(wh: f64) -> String {
    if wh < 1000.0 {
        format!("{wh:.1} Wh")
    } else {
        format!("{:.2} kWh", wh / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn arguments(line: &[&str]) -> Result<Arguments, clap::Error> {
        let line = ["stats"].iter().chain(line);
        Ok(Line::try_parse_from(line)?.arguments)
    }

    fn record() -> Record {
        let mut record = Record::default();
        let day = record.day("2026-11-22");
        day.requests = 1200;
        day.cache_hits = 900;
        day.prompt_tokens_evaluated = 200_000;
        day.prompt_tokens_reused = 1_800_000;
        day.tokens_generated = 86_400;
        for ms in 1..=100 {
            day.latency.add(f64::from(ms));
        }
        *day.language("rust") = LanguageCounts {
            offered: 150,
            shown: 100,
            accepted: 40,
            accepted_characters: 1600,
            typed: 20,
            refused: 30,
            measured_characters: 1000,
            kept_characters: 910,
        };
        record.day("2026-11-01").requests = 7;
        let learned = record.learned.entry("rust".to_owned()).or_default();
        for _ in 0..100 {
            learned.observe(0.4, false);
        }
        record
    }

    fn report(line: &[&str]) -> Report {
        let arguments = arguments(line).unwrap();
        // 2026-11-22 at noon.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_348_800);
        Report::new(&record(), arguments.days, arguments.assumptions, now)
    }

    #[test]
    fn the_days_asked_for_are_counted() {
        assert_eq!(report(&[]).requests, 1207);
        assert_eq!(report(&["--days", "21"]).requests, 1200);
        assert_eq!(report(&["--days", "22"]).days_with_work, 2);
        assert_eq!(report(&["--days", "1"]).days_with_work, 1);
    }

    #[test]
    fn savings_follow_from_the_assumptions() {
        let usual = report(&[]);
        // 1.8 million tokens at 200/s are 2.5 h; 86,400 at 24/s are one, and 200,000 at 200/s a quarter and a bit.
        assert!((usual.electricity_avoided_wh - 37.5).abs() < 1e-6);
        assert!((usual.electricity_used_wh - (1.0 + 0.277_777_8) * 15.0).abs() < 1e-3);
        assert!((usual.cloud_cost_avoided_usd - (0.6 + 0.077_76)).abs() < 1e-6);
        let other = report(&["--watts", "30", "--price-per-million-tokens", "3"]);
        assert!((other.electricity_avoided_wh - 75.0).abs() < 1e-6);
        assert!((other.cloud_cost_avoided_usd - (6.0 + 0.077_76)).abs() < 1e-6);
    }

    #[test]
    fn the_text_lines_up_and_says_what_was_learned() {
        let text = report(&[]).to_text(Path::new("history.json"));
        for expected in [
            "  requests                 1,207\n",
            "  from earlier ones         75 %\n",
            "  rust               100      40 %      20 %      30 %       1,600              91 %\n",
            "  reused               1,800,000   90 % of all prompts\n",
            "you seldom kept less likely ones (100 suggestions seen)",
            "  electricity            37.5 Wh   $0.01",
            "  cloud cost               $0.68",
            "assuming 15 W",
        ] {
            assert!(text.contains(expected), "{expected:?} in\n{text}");
        }
        let empty = Report::new(
            &Record::default(),
            30,
            arguments(&[]).unwrap().assumptions,
            SystemTime::now(),
        );
        let text = empty.to_text(Path::new("history.json"));
        assert!(text.starts_with("Nothing was counted in the last 30 days."));
    }

    #[test]
    fn the_json_has_everything() {
        let json = serde_json::to_value(report(&[])).unwrap();
        assert_eq!(json["cache_hits"], 900);
        assert!(json["latency_ms"]["p50"].as_f64().unwrap() >= 50.0);
        assert_eq!(json["languages"]["rust"]["kept_characters"], 910);
        assert!(json["languages"]["rust"]["threshold"].as_f64().unwrap() > 0.3);
        assert_eq!(json["assumptions"]["watts"], 15.0);
        let days: Vec<_> = (0..2).map(|day| &json["by_day"][day]).collect();
        assert_eq!(days[0]["date"], "2026-11-01");
        assert_eq!(days[0]["latency_ms"], serde_json::Value::Null);
        assert_eq!(days[1]["prompt_tokens_reused"], 1_800_000);
        assert_eq!(days[1]["latency_ms"], json["latency_ms"]);
    }

    #[test]
    fn senseless_arguments_are_refused() {
        for line in [
            &["--days", "0"][..],
            &["--days", "91"],
            &["--watts", "-1"],
            &["--watts", "NaN"],
            &["--reset", "--json"],
        ] {
            assert!(arguments(line).is_err(), "{line:?}");
        }
    }
}
