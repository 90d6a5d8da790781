//! A server in a folder of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::{program, run};

/// A server that is ended with the test.
pub(crate) struct Server {
    child: Child,
    /// What it printed until it was there.
    pub(crate) greeting: String,
}

impl Server {
    /// Starts one whose data are in the folder, and waits until it answers.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// Starts one with more flags.
    pub(crate) fn start_with(folder: &Path, flags: &[&str]) -> Self {
        let (out, err) = (folder.join("server.out"), folder.join("server.log"));
        let child = program(
            folder,
            &["up", "--no-bot-runner", "--listen", "127.0.0.1:0"],
        )
        .args(flags)
        .stdout(fs::File::create(&out).unwrap())
        .stderr(Stdio::from(
            fs::File::options()
                .create(true)
                .append(true)
                .open(err)
                .unwrap(),
        ))
        .spawn()
        .unwrap();
        let mut server = Self {
            child,
            greeting: String::new(),
        };
        let begun = Instant::now();
        loop {
            server.greeting = fs::read_to_string(&out).unwrap();
            if server.greeting.contains("stop: Ctrl-C") && run(folder, &["jobs", "list"]).1 {
                return server;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{}",
                server.greeting
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
