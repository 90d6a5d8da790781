//! `clients.toml` and `workers.toml`: what is taken, and what is said about what is not.

use avtomatika_server::access::{Access, Files};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Wire, access, answer};

/// A folder with both files in it.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new(clients: &str, workers: &str) -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        folder.clients(clients);
        folder.workers(workers);
        folder
    }

    pub(crate) fn clients(&self, text: &str) {
        std::fs::write(self.dir.path().join("clients.toml"), text).unwrap();
    }

    pub(crate) fn workers(&self, text: &str) {
        std::fs::write(self.dir.path().join("workers.toml"), text).unwrap();
    }

    pub(crate) fn files(&self) -> Files {
        Files {
            clients: Some(self.dir.path().join("clients.toml")),
            workers: Some(self.dir.path().join("workers.toml")),
        }
    }

    pub(crate) fn access(&self) -> Access {
        access().files(self.files())
    }

    /// What is wrong with the files, the folder's name left out.
    fn complaint(&self) -> String {
        let errors = self.access().load().expect_err("mistakes").to_string();
        errors.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

/// As the first generation's documents have it.
const SEED: &str = r#"
[client_premium]
token = "123456:TEST-TOKEN-PREMIUM"
plan = "premium"
monthly_attempts = 100000
languages = ["en", "de", "fr"]

[client_free]
token = "123456:TEST-TOKEN-FREE"
plan = "free"
monthly_attempts = 100
allowed_blueprints = ["steps"]

[client_free.params]
language = "en"
"#;

async fn me(wire: &Wire, token: &str) -> (u16, Value) {
    let request = wire.request(Method::GET, "/api/me");
    let told = answer(request.header("X-Avtomatika-Token", token)).await;
    (told.status.as_u16(), told.json())
}

#[tokio::test]
async fn a_file_of_the_first_generation_is_taken_as_it_is() {
    let folder = Folder::new(SEED, "[w1]\ntoken = \"123456:TEST-TOKEN-W1\"\n");
    let wire = Wire::knowing(folder.access()).await;
    let (status, premium) = me(&wire, "123456:TEST-TOKEN-PREMIUM").await;
    assert_eq!(status, 200);
    assert_eq!(premium["client"], "client_premium");
    assert_eq!(premium["plan"], "premium");
    assert_eq!(premium["params"]["languages"], json!(["en", "de", "fr"]));
    assert_eq!(premium["roles"], json!([]));
    let (_, free) = me(&wire, "123456:TEST-TOKEN-FREE").await;
    assert_eq!(free["params"], json!({"language": "en"}));
    assert_eq!(free["blueprints"], json!(["steps"]));
    for shown in [&premium, &free] {
        assert!(!shown.to_string().contains("TEST-TOKEN"), "{shown}");
    }
    let (_, plain) = me(&wire, crate::harness::CLIENT).await;
    assert_eq!(
        (&plain["plan"], &plain["params"]),
        (&json!("unknown"), &json!({}))
    );
    assert_eq!(me(&wire, "123456:TEST-TOKEN-OTHER").await.0, 401);
}

#[tokio::test]
async fn tokens_may_be_several_and_hashed() {
    let token = "123456:TEST-TOKEN-HASHED";
    let blake3 = blake3::hash(token.as_bytes()).to_hex();
    // printf %s 123456:TEST-TOKEN-SHA | sha256sum
    let sha256 = "c9d3fc53f9869d7a9dafe80c555ab4aba576633403d9a0f05a30c003089c3538";
    let text = format!(
        "[b]\ntoken_blake3 = \"{blake3}\"\n\
         [s]\ntoken_sha256 = [\"{sha256}\", \"{}\"]\nuser_id = \"u\"\n\
         [t]\ntokens = [\"123456:TEST-TOKEN-T1\", \"123456:TEST-TOKEN-T2\"]\n",
        "0".repeat(64),
    );
    let wire = Wire::knowing(Folder::new(&text, "").access()).await;
    let (_, by_blake3) = me(&wire, token).await;
    assert_eq!(
        (&by_blake3["client"], &by_blake3["user_id"]),
        (&json!("b"), &json!("b"))
    );
    let (_, by_sha256) = me(&wire, "123456:TEST-TOKEN-SHA").await;
    assert_eq!(
        (&by_sha256["client"], &by_sha256["user_id"]),
        (&json!("s"), &json!("u"))
    );
    let (_, first) = me(&wire, "123456:TEST-TOKEN-T1").await;
    let (_, second) = me(&wire, "123456:TEST-TOKEN-T2").await;
    assert_eq!(first, second);
    assert_eq!(
        first["user_id"],
        avtomatika_protocol::bot::user_id_of_token("123456:TEST-TOKEN-T1")
    );
    // The hash itself is no token.
    assert_eq!(me(&wire, sha256).await.0, 401);
}

#[test]
fn every_mistake_is_told_by_table_key_and_line() {
    let folder = Folder::new(
        r#"stray = 1

[none]
plan = "free"

[wrong]
token = 5
plan = ""
monthly_attempts = "many"
params = "x"
roles = ["root"]
rate_per_second = 0
burst = 3
jobs_live_max = 0
blueprints = "steps"
disabled = "no"
languages = ["ru"]
job_live_max = 3

[twice]
token = "123456:TEST-TOKEN-A"
blueprints = []
allowed_blueprints = []

[same]
token = "123456:TEST-TOKEN-A"

[spaced]
token = "with space"

[negative]
token = "123456:TEST-TOKEN-N"
monthly_attempts = -1
burst = 3
token_sha256 = "abc"

[tester]
token = "test-stranger-token"
"#,
        "[w]\n[\"pattern:\"]\ntoken = \"123456:TEST-TOKEN-W\"\n[v]\ntokens = [1]\n[u]\nbrust = 3\nroom = 5\ntoken = \"123456:TEST-TOKEN-U\"\n",
    );
    assert_eq!(
        folder.complaint(),
        r#"clients.toml has 20 mistakes
  line 1, [stray]: must be a table: only tables belong at the top level
  line 3, [none] token: is missing: a string is required
  line 7, [wrong] token: must be a string
  line 8, [wrong] plan: must be a string that is not empty
  line 9, [wrong] monthly_attempts: must be a whole number from 0
  line 10, [wrong] params: must be a table without infinite numbers
  line 11, [wrong] roles: the roles are "admin" and "trusted"
  line 12, [wrong] rate_per_second: must be a number above 0 and up to 1000000
  line 14, [wrong] jobs_live_max: must be a whole number from 1
  line 15, [wrong] blueprints: must be a list of strings that are not empty
  line 16, [wrong] disabled: must be true or false
  line 18, [wrong] job_live_max: means nothing to the server: did you mean 'jobs_live_max'?
  line 23, [twice] allowed_blueprints: is the old name of blueprints: say it once
  line 26, [same] token: the token is that of [twice] already
  line 29, [spaced] token: must be 1 to 1024 visible ASCII characters without spaces
  line 33, [negative] monthly_attempts: must be a whole number from 0
  line 34, [negative] burst: means nothing without rate_per_second
  line 35, [negative] token_sha256: must be 64 hex digits, or a list of such
  line 37, [tester]: is the name of a client that is not from this file
  line 38, [tester] token: the token is that of [stranger] already
workers.toml has 4 mistakes
  line 1, [w] token: is missing: a string is required
  line 2, [pattern:]: names no worker
  line 5, [v] tokens: must be a list of strings that are not empty
  line 7, [u] brust: means nothing to the server: did you mean 'burst'?"#
    );
}

#[test]
fn mistakes_of_syntax_never_repeat_the_line() {
    let folder = Folder::new(
        "[a]\ntoken = 123456:TEST-TOKEN-BARE\n[b]\ntoken = \"123456:TEST-TOKEN\n[c\n[d]\n[d]\n",
        "",
    );
    let complaint = folder.complaint();
    assert!(!complaint.contains("TEST-TOKEN"), "{complaint}");
    for line in ["line 2: ", "line 4: ", "line 5: "] {
        assert!(complaint.contains(line), "{complaint}");
    }
}

#[tokio::test]
async fn a_broken_file_stops_the_start() {
    let folder = Folder::new("[a]\n", "");
    let store = std::sync::Arc::new(avtomatika_store::Memory::new(1_000));
    let sealer = avtomatika_engine::seal::Sealer::new([7; 32]);
    let engine = avtomatika_engine::service::Options::new(store, sealer).build();
    let options =
        avtomatika_server::Options::new(engine, folder.access(), crate::harness::metrics());
    let refused = avtomatika_server::Server::bind(([127, 0, 0, 1], 0).into(), options).await;
    let text = refused.err().expect("no start").to_string();
    assert!(text.contains("line 1, [a] token: is missing"), "{text}");
}

#[test]
fn a_file_that_is_not_there_holds_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files {
        clients: Some(dir.path().join("none.toml")),
        workers: None,
    };
    let loaded = access().files(files).load().unwrap();
    assert_eq!((loaded.clients, loaded.workers), (2, 1));
}

#[test]
fn pipes_and_endless_files_are_told_and_not_waited_for() {
    let folder = Folder::new(SEED, "");
    let files = folder.files();
    let access = folder.access();
    let loaded = access.load().unwrap();
    std::fs::remove_file(files.clients.as_ref().unwrap()).unwrap();
    let mkfifo = std::process::Command::new("mkfifo")
        .arg(files.clients.as_ref().unwrap())
        .status();
    assert!(mkfifo.unwrap().success());
    std::fs::remove_file(files.workers.as_ref().unwrap()).unwrap();
    let workers = std::fs::File::create(files.workers.as_ref().unwrap()).unwrap();
    workers.set_len(1 << 40).unwrap();
    let (told, looked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let refused = access.load().expect_err("mistakes").to_string();
        // What was said before still counts.
        std::fs::remove_file(files.clients.unwrap()).unwrap();
        std::fs::remove_file(files.workers.unwrap()).unwrap();
        told.send((refused, access.load().unwrap())).unwrap();
    });
    let (refused, after) = looked
        .recv_timeout(std::time::Duration::from_secs(10))
        .expect("an answer");
    assert!(
        refused.contains("clients.toml: it is not a regular file"),
        "{refused}"
    );
    assert!(
        refused.contains("workers.toml: it is larger than 16777216 bytes"),
        "{refused}"
    );
    assert_eq!(after, loaded);
}
