//! Words of results and of progress.

use avtomatika_protocol::job::WaitReason;

use super::En;
use crate::text::plural::english;
use crate::text::{Check, Field, Screens, Source};

impl Screens for En {
    fn seconds(&self, ms: u64) -> String {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    }

    fn span(&self, seconds: u64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        match seconds {
            0..60 => format!("{seconds} s"),
            60..3600 => format!("{minutes} min {} s", seconds % 60),
            3600..86_400 => format!("{hours} h {minutes} min"),
            _ => format!("{days} {} {hours} h", english(days, "day", "days")),
        }
    }

    fn started(&self, bot: &str) -> String {
        format!("Bot {bot} is running")
    }

    fn already_running(&self, bot: &str) -> String {
        format!("Bot {bot} was running already, nothing was changed")
    }

    fn updated(&self, bot: &str) -> String {
        format!("Bot {bot} is updated and running")
    }

    fn restarted(&self, bot: &str) -> String {
        format!("Bot {bot} is restarted")
    }

    fn stopped(&self, bot: &str) -> String {
        format!("Bot {bot} is stopped")
    }

    fn accepted(&self, bot: &str) -> String {
        format!("The job for bot {bot} is accepted")
    }

    fn bots_title(&self, count: u64, max: Option<u64>) -> String {
        match max {
            Some(max) => format!("Bots ({count}/{max})"),
            None => format!("Bots ({count})"),
        }
    }

    fn no_bots(&self) -> &'static str {
        "You have no bots yet. Start one: avtomatika-bot start my-bot --simple bot.py"
    }

    fn field(&self, field: Field) -> &'static str {
        match field {
            Field::Bot => "Bot",
            Field::State => "State",
            Field::Started => "Started",
            Field::Version => "Version",
            Field::Container => "Container",
            Field::Image => "Image",
            Field::Memory => "Memory limit",
            Field::Cpu => "CPU limit",
            Field::Running => "Running for",
            Field::ExitCode => "Exit code",
            Field::OutOfMemory => "Out of memory",
            Field::Reason => "Reason",
            Field::Gap => "Was away for",
            Field::Took => "Took",
            Field::Job => "Job",
            Field::Next => "Look at it",
            Field::Code => "Code",
            Field::Hint => "Hint",
            Field::Example => "Example",
            Field::Details => "Details",
            Field::Error => "Error",
        }
    }

    fn state(&self, state: &str) -> Option<&'static str> {
        Some(match state {
            "building" => "building",
            "starting" => "starting",
            "running" => "running",
            "restarting" => "restarting",
            "crash-loop" => "crash-loop",
            "stopped" => "stopped",
            "failed" => "failed",
            "lost" => "lost",
            _ => return None,
        })
    }

    fn phase(&self, phase: &str) -> Option<&'static str> {
        Some(match phase {
            "prepare" => "preparation",
            "dependencies" => "dependencies",
            "create" => "container",
            "start" => "start",
            "gate" => "health check",
            "stop_old" => "stop of the old version",
            "start_new" => "start of the new version",
            "roll_back" => "return to the old version",
            _ => return None,
        })
    }

    fn cached(&self) -> &'static str {
        "cached"
    }

    fn built(&self) -> &'static str {
        "built"
    }

    fn queued(&self) -> &'static str {
        "accepted, waiting for a bot runner"
    }

    fn waiting(&self, reason: WaitReason) -> &'static str {
        match reason {
            WaitReason::NoWorker => {
                "no bot runner is connected; the job starts as soon as one is there"
            }
            WaitReason::WorkersBusy => "all bot runners are busy; the job is in the queue",
            WaitReason::WorkersSilent => {
                "a bot runner is connected, but asks for nothing; the job is in the queue"
            }
            WaitReason::WorkerAway => {
                "the bot runner this bot lives on is away; waiting for its return"
            }
            WaitReason::WithWorker => "the bot runner is at work",
            WaitReason::BackOff => "the step failed and will be tried again shortly",
            WaitReason::NoneFits => "no bot runner has what the task requires",
            WaitReason::Branches => "parts of the job have not ended",
            WaitReason::SubJob => "a sub-job has not ended",
            WaitReason::Approval => "a person has to decide",
            WaitReason::Event => "the job waits for an event from elsewhere",
            WaitReason::Sleep => "the job goes on at a set time",
        }
    }

    fn connection_lost(&self) -> &'static str {
        "the server doesn't answer, trying again; the job itself goes on"
    }

    fn connection_back(&self) -> &'static str {
        "the server answers again"
    }

    fn last_lines(&self) -> &'static str {
        "Last lines of the bot"
    }

    fn no_lines(&self) -> &'static str {
        "the bot has written nothing yet"
    }

    fn log_ended(&self, bot: &str, state: &str) -> String {
        format!("the log has ended: bot {bot} is {state}")
    }

    fn sending(&self, files: u64, bytes: u64, entrypoint: &str) -> String {
        let noun = english(files, "file", "files");
        let size = if bytes < 1024 {
            format!("{bytes} B")
        } else {
            format!("{} KB", bytes / 1024)
        };
        format!("sending {files} {noun} ({size}), runs {entrypoint}")
    }

    fn requirements_found(&self, file: &str, count: u64) -> String {
        format!(
            "{count} {} from {file}",
            english(count, "requirement", "requirements")
        )
    }

    fn hashes_dropped(&self, file: &str) -> String {
        format!("hashes in {file} are not checked in this version")
    }

    fn secret_file_skipped(&self, file: &str) -> String {
        format!("{file} is not sent: pass it with --env-file {file}, or put !.env into .botignore")
    }

    fn links_skipped(&self, count: u64) -> String {
        format!(
            "{count} symbolic {} left out",
            english(count, "link", "links")
        )
    }

    fn check(&self, check: Check) -> &'static str {
        match check {
            Check::Settings => "Settings",
            Check::Server => "Server",
            Check::Token => "Token",
            Check::Runner => "Bot runner",
        }
    }

    fn doctor_title(&self, healthy: bool) -> &'static str {
        if healthy {
            "Everything works"
        } else {
            "Something needs attention"
        }
    }

    fn source(&self, source: Source) -> &'static str {
        match source {
            Source::Flag => "command line",
            Source::Environment => "environment",
            Source::File => "file",
            Source::Default => "default",
        }
    }

    fn yes(&self) -> &'static str {
        "yes"
    }

    fn mebibytes(&self, n: u64) -> String {
        format!("{n} MB")
    }

    fn cores(&self, n: f64) -> String {
        format!(
            "{n} {}",
            if (n - 1.0).abs() < f64::EPSILON {
                "core"
            } else {
                "cores"
            }
        )
    }
}
