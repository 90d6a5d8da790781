//! A folder of files that change under a running engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may panic"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use avtomatika_blueprint::Loader;
use avtomatika_blueprint::loader::Change;
use avtomatika_engine::seal::Sealer;
use avtomatika_engine::service::{NewJob, Options};
use avtomatika_engine::{Client, Engine};
use avtomatika_store::Memory;
use serde_json::json;

struct Lab {
    folder: tempfile::TempDir,
    engine: Engine,
    loader: Loader,
}

impl Lab {
    fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::new(Memory::new(45_000)))
    }

    fn with(folder: tempfile::TempDir, store: Arc<Memory>) -> Self {
        let engine = Options::new(store, Sealer::new([7; 32])).build();
        let loader = Loader::new(folder.path(), Arc::new(engine.clone()));
        Self {
            folder,
            engine,
            loader,
        }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    /// What changes, in short.
    async fn check(&self) -> Vec<String> {
        let changes = self.loader.check_once().await;
        changes
            .iter()
            .map(|change| shown(change, self.folder.path()))
            .collect()
    }

    async fn submits(&self, name: &str) -> bool {
        let client = Arc::new(Client::new("c".into(), "u"));
        self.engine
            .submit(NewJob::new(name, client, json!({})))
            .await
            .is_ok()
    }

    fn version(&self, name: &str) -> Option<String> {
        self.engine
            .blueprint(name)
            .map(|blueprint| blueprint.version.clone())
    }
}

fn shown(change: &Change, folder: &Path) -> String {
    let short = |path: &Path| {
        path.strip_prefix(folder)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    match change {
        Change::Installed {
            file,
            name,
            replaced,
            version,
        } => {
            assert!(!version.is_empty());
            let replaced = replaced.as_ref().map_or("", |_| ", replacing");
            format!("{}: {name} in{replaced}", short(file))
        }
        Change::Refused {
            file,
            problems,
            stays,
        } => {
            let problem = &problems[0];
            let reason = problem
                .reason
                .replace(&format!("{}/", folder.display()), "");
            let stays = stays.as_ref().map_or("", |_| ", old stays");
            format!("{}:{} {reason}{stays}", short(file), problem.position)
        }
        Change::Recalled { file, name, .. } => format!("{}: {name} recalled", short(file)),
        Change::Repaired { file, name, .. } => format!("{}: {name} good again", short(file)),
        Change::Removed { file, name } => format!("{}: {name} out", short(file)),
        Change::Unreadable { reason, .. } => format!("unreadable: {reason}"),
    }
}

fn flow(name: &str, more: &str) -> String {
    format!("name: {name}\n{more}\nstates:\n  start: {{goto: done}}\n  done: {{end: completed}}\n")
}

#[tokio::test]
async fn files_come_change_break_and_go() {
    let lab = Lab::new();
    assert_eq!(lab.check().await, Vec::<String>::new());
    lab.write("a.yaml", &flow("a", ""));
    lab.write("notes.txt", "not a blueprint");
    lab.write(".hidden.yaml", "not: one either");
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
    assert!(lab.submits("a").await);
    assert_eq!(lab.check().await, Vec::<String>::new());
    let first = lab.version("a");

    // It changes.
    lab.write("a.yaml", &flow("a", "description: another text"));
    assert_eq!(lab.check().await, ["a.yaml: a in, replacing"]);
    let second = lab.version("a");
    assert_ne!(first, second);

    // It breaks: the old one stays, and that is told once.
    lab.write("a.yaml", "name: a\nstates:\n  start: {goto: nowhere}\n");
    assert_eq!(
        lab.check().await,
        ["a.yaml:3:17 there is no state 'nowhere', old stays"]
    );
    assert_eq!(lab.check().await, Vec::<String>::new());
    assert_eq!(lab.version("a"), second);
    assert!(lab.submits("a").await);

    // Broken otherwise, it is told again, and can be asked for; so is that it is good again.
    lab.write("a.yaml", "name: [");
    assert_eq!(lab.check().await.len(), 1);
    let shown = lab.loader.board().files();
    assert_eq!((shown.len(), shown[0].name.as_deref()), (1, Some("a")));
    assert_eq!(shown[0].version, second);
    assert_eq!(shown[0].problems[0].position.line, 1);
    lab.write("a.yaml", &flow("a", "description: another text"));
    assert_eq!(lab.check().await, ["a.yaml: a good again"]);
    assert_eq!(lab.loader.board().files()[0].problems, []);
    assert_eq!(lab.check().await, Vec::<String>::new());

    // It goes.
    lab.remove("a.yaml");
    assert_eq!(lab.check().await, ["a.yaml: a out"]);
    assert!(!lab.submits("a").await);
    lab.write("a.yaml", &flow("a", ""));
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
}

#[tokio::test]
async fn a_broken_file_with_something_wrong_that_is_no_text() {
    let lab = Lab::new();
    fs::write(lab.folder.path().join("a.yaml"), b"name: a\n\xff\xfe").unwrap();
    assert_eq!(
        lab.check().await,
        ["a.yaml:1:1 the file is not UTF-8 from byte 8 on"]
    );
    fs::create_dir(lab.folder.path().join("folder.yaml")).unwrap();
    fs::write(lab.folder.path().join("big.yml"), "#".repeat(300 << 10)).unwrap();
    assert_eq!(
        lab.check().await,
        ["big.yml:1:1 the file is longer than 256 KiB"]
    );
}

#[tokio::test]
async fn one_name_and_one_endpoint_belong_to_one_file() {
    let lab = Lab::new();
    lab.write("a.yaml", &flow("a", "endpoint: /jobs/x"));
    lab.write("b.yaml", &flow("a", ""));
    lab.write("c.yaml", &flow("c", "endpoint: /jobs/x"));
    assert_eq!(
        lab.check().await,
        [
            "b.yaml:1:7 a.yaml has the name 'a' already",
            "c.yaml:2:11 a.yaml has the endpoint /api/jobs/x already",
            "a.yaml: a in",
        ]
    );
    assert_eq!(lab.check().await, Vec::<String>::new());
    // Who has it keeps it, whatever the others are called.
    lab.write("0.yaml", &flow("a", ""));
    assert_eq!(
        lab.check().await,
        ["0.yaml:1:7 a.yaml has the name 'a' already"]
    );
    // When it goes, the next one has its turn.
    lab.remove("a.yaml");
    assert_eq!(
        lab.check().await,
        [
            "a.yaml: a out",
            "b.yaml:1:7 0.yaml has the name 'a' already",
            "0.yaml: a in",
            "c.yaml: c in",
        ]
    );
}

#[tokio::test]
async fn files_may_be_renamed_and_swap_their_endpoints() {
    let lab = Lab::new();
    lab.write("a.yaml", &flow("a", "endpoint: /jobs/x"));
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
    // The blueprint gets another name: the old one takes no more jobs.
    lab.write("a.yaml", &flow("z", "endpoint: /jobs/z"));
    assert_eq!(lab.check().await, ["a.yaml: a out", "a.yaml: z in"]);
    assert!(!lab.submits("a").await && lab.submits("z").await);
    // The file gets another name: the blueprint is there throughout or comes back at once.
    fs::rename(
        lab.folder.path().join("a.yaml"),
        lab.folder.path().join("b.yaml"),
    )
    .unwrap();
    assert_eq!(lab.check().await, ["a.yaml: z out", "b.yaml: z in"]);
    assert!(lab.submits("z").await);
    // Two swap their names and endpoints.
    lab.write("a.yaml", &flow("a", "endpoint: /jobs/a"));
    lab.check().await;
    lab.write(
        "a.yaml",
        &flow("z", "endpoint: /jobs/z\ndescription: from a"),
    );
    lab.write(
        "b.yaml",
        &flow("a", "endpoint: /jobs/a\ndescription: from b"),
    );
    assert_eq!(
        lab.check().await,
        [
            "a.yaml: a out",
            "b.yaml: z out",
            "a.yaml: z in",
            "b.yaml: a in"
        ]
    );
    assert!(lab.submits("a").await && lab.submits("z").await);
    let at = lab.engine.blueprint_at(None, "/jobs/z").unwrap();
    assert!(at.source.as_ref().unwrap().contains("from a"));
}

#[tokio::test]
async fn a_version_names_one_text() {
    let lab = Lab::new();
    lab.write("a.yaml", &flow("a", "version: 1"));
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
    lab.write("a.yaml", &flow("a", "version: 1\ndescription: changed"));
    assert_eq!(
        lab.check().await,
        ["a.yaml:1:7 version '1' of 'a' is in use with another text, old stays"]
    );
    lab.write("a.yaml", &flow("a", "version: 2\ndescription: changed"));
    assert_eq!(lab.check().await, ["a.yaml: a in, replacing"]);
    assert_eq!(lab.version("a").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_version_names_one_text_over_restarts() {
    let store = Arc::new(Memory::new(45_000));
    let lab = Lab::with(tempfile::tempdir().unwrap(), Arc::clone(&store));
    lab.write("a.yaml", &flow("a", "version: 1"));
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
    let Lab { folder, .. } = lab;
    let lab = Lab::with(folder, store);
    lab.write("a.yaml", &flow("a", "version: 1\ndescription: changed"));
    let told = lab.check().await;
    assert!(told[0].contains("was used with another text"), "{told:?}");
    assert_eq!(told[1..], ["a.yaml: a recalled"]);
    assert!(lab.submits("a").await);
    let used = lab.engine.blueprint("a").unwrap();
    assert!(!used.source.as_ref().unwrap().contains("changed"));
    lab.write("a.yaml", &flow("a", "version: 2\ndescription: changed"));
    assert!(
        lab.check()
            .await
            .contains(&"a.yaml: a in, replacing".to_owned())
    );
    assert_eq!(lab.version("a").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_folder_that_goes_takes_nothing_with_it() {
    let lab = Lab::new();
    lab.write("a.yaml", &flow("a", ""));
    assert_eq!(lab.check().await, ["a.yaml: a in"]);
    let aside = lab.folder.path().with_extension("aside");
    fs::rename(lab.folder.path(), &aside).unwrap();
    assert_eq!(lab.check().await.len(), 1);
    assert_eq!(lab.check().await, Vec::<String>::new());
    assert!(lab.submits("a").await);
    fs::rename(&aside, lab.folder.path()).unwrap();
    assert_eq!(lab.check().await, Vec::<String>::new());
}

#[tokio::test]
async fn blueprints_of_the_program_keep_their_names() {
    let lab = Lab::new();
    let own = avtomatika_engine::Blueprint::builder("own")
        .start("start", |_| {
            Ok(avtomatika_engine::Action::transition("done"))
        })
        .end("done", avtomatika_engine::EndAs::Completed)
        .build()
        .unwrap();
    lab.engine.install(own).await.unwrap();
    lab.write("a.yaml", &flow("own", ""));
    assert_eq!(
        lab.check().await,
        ["a.yaml:1:7 the name 'own' is that of a blueprint that is part of the program"]
    );
    assert!(lab.submits("own").await);
}

#[tokio::test]
async fn the_folder_is_looked_at_until_the_end() {
    let lab = Lab::new();
    lab.write("a.yaml", &flow("a", ""));
    let shutdown = tokio_util::sync::CancellationToken::new();
    let stop = async {
        while lab.version("a").is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        shutdown.cancel();
    };
    tokio::join!(lab.loader.run(shutdown.clone()), stop);
    assert!(lab.submits("a").await);
}

#[tokio::test]
async fn a_file_that_is_broken_at_the_start_stays_as_it_was_good_last() {
    const BROKEN: &str = "name: a\nstates:\n  start: {goto: nowhere}\n";
    let store = Arc::new(Memory::new(45_000));
    let lab = Lab::with(tempfile::tempdir().unwrap(), Arc::clone(&store));
    lab.write("a.yaml", &flow("a", "description: first"));
    lab.write("b.yaml", &flow("b", ""));
    lab.check().await;
    lab.write("a.yaml", &flow("a", "description: second"));
    lab.check().await;
    let second = lab.version("a");

    // Another server of the same store and folder.
    lab.write("a.yaml", BROKEN);
    lab.write("b.yaml", "name: [");
    let lab = Lab::with(lab.folder, Arc::clone(&store));
    let told = lab.check().await;
    assert_eq!(told[..2], ["a.yaml: a recalled", "b.yaml: b recalled"]);
    assert_eq!(
        told[2],
        "a.yaml:3:17 there is no state 'nowhere', old stays"
    );
    assert_eq!((told.len(), lab.check().await.len()), (4, 0));
    assert_eq!(lab.version("a"), second);
    assert!(lab.submits("a").await && lab.submits("b").await);
    lab.write("a.yaml", &flow("a", "description: second"));
    assert_eq!(lab.check().await, ["a.yaml: a good again"]);

    // What is in a good file goes first; a file that has gone leaves nothing.
    lab.remove("b.yaml");
    assert_eq!(lab.check().await, ["b.yaml: b out"]);
    lab.remove("a.yaml");
    lab.write("b.yaml", BROKEN);
    lab.write("c.yaml", &flow("c", ""));
    lab.check().await;
    assert!(!lab.submits("b").await);
    lab.write("c.yaml", BROKEN);
    lab.write("d.yaml", &flow("c", "description: moved here"));
    let lab = Lab::with(lab.folder, store);
    let told = lab.check().await;
    assert!(told.contains(&"d.yaml: c in".to_owned()), "{told:?}");
    assert!(
        !told.iter().any(|told| told.contains("recalled")),
        "{told:?}"
    );
    assert!(lab.submits("c").await);
}

#[tokio::test]
async fn one_file_too_many_takes_no_other_one_out() {
    let lab = Lab::new();
    for n in 0..1_000 {
        let name = format!("m{n:03}");
        lab.write(&format!("{name}.yaml"), &flow(&name, ""));
    }
    assert_eq!(lab.check().await.len(), 1_000);
    lab.write("a.yaml", &flow("a", ""));
    assert_eq!(
        lab.check().await,
        ["a.yaml:1:1 there are more than 1000 blueprint files: this one is not looked at"]
    );
    assert_eq!(lab.check().await, Vec::<String>::new());
    assert!(lab.submits("m999").await && !lab.submits("a").await);
    // Another one makes room for it.
    lab.remove("m500.yaml");
    assert_eq!(lab.check().await, ["m500.yaml: m500 out", "a.yaml: a in"]);
    assert!(lab.submits("a").await);
}
