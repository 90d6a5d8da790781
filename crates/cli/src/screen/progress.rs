//! What is shown while a job runs. The wait emits events; this is one of their consumers.

use std::fmt;
use std::time::Duration;

use avtomatika_protocol::job::WaitReason;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::output::Output;
use super::sanitize::clean_line;
use super::theme::{Frame, Role};
use crate::text::Text;
use crate::wait::Step;

/// How often the spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// Shows how a job is getting on.
pub trait Progress: Send {
    /// A wait begins.
    fn begin(&mut self);
    /// A phase began or ended.
    fn step(&mut self, step: &Step);
    /// Nothing has moved for a while, and this is why.
    fn waiting(&mut self, reason: WaitReason);
    /// Something to say that isn't a phase.
    fn say(&mut self, text: &str);
    /// The job has ended, or nobody waits any more.
    fn end(&mut self);
}

/// Chooses how progress is shown: not at all beside JSON, moving on a terminal, else as lines.
pub fn progress(
    output: &Output,
    moving: Option<ProgressDrawTarget>,
    silent: bool,
) -> Box<dyn Progress> {
    match moving {
        _ if silent => Box::new(Silent),
        Some(target) => Box::new(Spinner::new(output.clone(), target)),
        None => Box::new(Lines {
            output: output.clone(),
            last_reason: None,
        }),
    }
}

struct Silent;

impl Progress for Silent {
    fn begin(&mut self) {}
    fn step(&mut self, _step: &Step) {}
    fn waiting(&mut self, _reason: WaitReason) {}
    fn say(&mut self, _text: &str) {}
    fn end(&mut self) {}
}

struct Lines {
    output: Output,
    last_reason: Option<WaitReason>,
}

impl Progress for Lines {
    fn begin(&mut self) {}

    fn step(&mut self, step: &Step) {
        self.last_reason = None;
        let frame = &self.output.note_frame;
        let line = match step {
            Step::Began { phase, message } => {
                format!("… {}", phase_name(phase, message, frame.text))
            }
            Step::Ended { .. } => ended_line(step, frame),
        };
        self.output.note(&format!("{line}\n"));
    }

    fn waiting(&mut self, reason: WaitReason) {
        // Said once, not every few seconds: these lines stay. A worker at work tells its phases.
        if reason != WaitReason::WithWorker && self.last_reason.replace(reason) != Some(reason) {
            self.say(self.output.note_frame.text.waiting(reason));
        }
    }

    fn say(&mut self, text: &str) {
        self.output.note(&format!("… {text}\n"));
    }

    fn end(&mut self) {}
}

struct Spinner {
    output: Output,
    /// Where to draw, until the first wait begins: before it, notes are still being written.
    target: Option<ProgressDrawTarget>,
    bar: ProgressBar,
}

impl Spinner {
    fn new(output: Output, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::hidden();
        Self {
            output,
            target: Some(target),
            bar,
        }
    }

    fn style(text: Text) -> ProgressStyle {
        // The template is fixed and valid; the default would do no harm either.
        ProgressStyle::with_template("{spinner} {wide_msg} {span}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
            .with_key(
                "span",
                move |state: &ProgressState, writer: &mut dyn fmt::Write| {
                    // Writing into a line in memory does not fail.
                    let _ = writer.write_str(&text.span(state.elapsed().as_secs()));
                },
            )
    }
}

impl Progress for Spinner {
    fn begin(&mut self) {
        // Only the first wait of a run is shown: following a log waits again and again.
        let Some(target) = self.target.take() else {
            return;
        };
        let text = self.output.note_frame.text;
        self.bar = ProgressBar::with_draw_target(None, target);
        self.bar.set_style(Self::style(text));
        self.bar.set_message(text.queued());
        self.bar.enable_steady_tick(TICK);
    }

    fn step(&mut self, step: &Step) {
        let frame = &self.output.note_frame;
        match step {
            Step::Began { phase, message } => {
                let name = phase_name(phase, message, frame.text);
                self.bar.set_message(self.output.redacted(&name));
            }
            Step::Ended { .. } => {
                let line = self.output.redacted(&ended_line(step, frame));
                self.bar.println(line);
            }
        }
    }

    fn waiting(&mut self, reason: WaitReason) {
        if reason != WaitReason::WithWorker {
            self.bar
                .set_message(self.output.note_frame.text.waiting(reason));
        }
    }

    fn say(&mut self, text: &str) {
        if self.bar.is_finished() {
            self.output.note(&format!("… {text}\n"));
        } else {
            self.bar.println(self.output.redacted(&format!("… {text}")));
        }
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A phase that is over: `✓ dependencies (cached)  0.4 s`.
fn ended_line(step: &Step, frame: &Frame) -> String {
    let Step::Ended {
        phase,
        message,
        took_ms,
        well,
    } = step
    else {
        return String::new();
    };
    let sign = if *well {
        Role::Good.mark("✓")
    } else {
        Role::Bad.mark("✗")
    };
    let name = phase_name(phase, message, frame.text);
    let outcome = outcome(message, frame.text)
        .map(|how| format!(" ({how})"))
        .unwrap_or_default();
    let took = Role::Dim.mark(&frame.text.seconds(*took_ms));
    frame.finish(&format!("{sign} {name}{outcome}  {took}"))
}

/// The name of a phase: ours by key, else the worker's words, else the key.
fn phase_name(phase: &str, message: &str, text: Text) -> String {
    match text.phase(phase) {
        Some(name) => name.to_owned(),
        None if message.is_empty() => clean_line(phase),
        None => clean_line(message),
    }
}

/// How a phase came about, as far as the worker's words tell.
fn outcome(message: &str, text: Text) -> Option<&'static str> {
    let mut words = message.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| match word {
        "cached" => Some(text.cached()),
        "built" => Some(text.built()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::theme::tests::frame;
    use crate::text::Language;

    fn ended(phase: &str, message: &str, took_ms: u64, well: bool) -> Step {
        Step::Ended {
            phase: phase.to_owned(),
            message: message.to_owned(),
            took_ms,
            well,
        }
    }

    #[test]
    fn ended_phases_tell_name_outcome_and_time() {
        let (en, ru) = (frame(Language::En, 60), frame(Language::Ru, 60));
        let step = ended("dependencies", "dependencies are cached", 432, true);
        assert_eq!(ended_line(&step, &en), "✓ dependencies (cached)  0.4 s");
        assert_eq!(ended_line(&step, &ru), "✓ зависимости (из кэша)  0,4 с");
        let step = ended("gate", "", 12_000, false);
        assert_eq!(ended_line(&step, &en), "✗ health check  12.0 s");
        let step = ended("defrost", "warming\u{1b}[2J up", 100, true);
        assert_eq!(ended_line(&step, &ru), "✓ warming␛[2J up  0,1 с");
    }
}
