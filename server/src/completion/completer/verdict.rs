//! The moment at which an answer is good enough to be given, as it grows.

use std::time::{Duration, Instant};

use super::milliseconds;
use crate::completion::{
    Metrics, Trigger,
    asked::Asked,
    generation::Waiter,
    show::{Rest, Verdict},
};

impl Asked {
    /// Waits until there is something to show, or there will be nothing.
    pub async fn verdict(
        &self,
        waiter: &mut Waiter,
        typed: usize,
        started: Instant,
        patience: Duration,
        metrics: &mut Metrics,
    ) -> Verdict {
        let next_key = tokio::time::sleep_until((started + patience).into());
        tokio::pin!(next_key);
        let mut due = false;
        loop {
            let verdict = {
                let progress = waiter.progress();
                let rest = Rest::new(&progress, typed);
                if metrics.first_token_ms == 0.0 && !rest.text.is_empty() {
                    metrics.first_token_ms = milliseconds(started);
                }
                if metrics.first_line_ms == 0.0 && rest.has_line_after(0) {
                    metrics.first_line_ms = milliseconds(started);
                }
                match self.trigger {
                    Trigger::Automatic => rest.line(self.line(), due, self.least),
                    _ if self.wants_whole() => rest.whole(),
                    Trigger::Line | Trigger::Menu if rest.grows => Verdict::Wait,
                    Trigger::Menu => rest.line(self.line(), false, self.least),
                    Trigger::Invoked | Trigger::Line => rest.line(self.line(), due, 0.0),
                }
            };
            if verdict != Verdict::Wait {
                return verdict;
            }
            tokio::select! {
                () = waiter.changed() => {}
                () = &mut next_key, if self.trigger == Trigger::Automatic && !due => due = true,
            }
        }
    }
}
