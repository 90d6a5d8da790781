//! Where the server and the token come from.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::{Program, Server, completed};

async fn server() -> Server {
    Server::start(|_| completed(json!({"bots": [], "count": 0, "max_bots": 3}))).await
}

fn client_file(program: &Program, name: &str, url: &str, token: &str, mode: u32) {
    let path = program.file(
        name,
        format!("url = \"{url}\"\ntoken = \"{token}\"\nlater = 1\n"),
    );
    chmod(&path, mode);
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

const LOCAL: &str = "avtomatika-data/client.toml";
const GOOD: &str = "123456:TEST-TOKEN";

#[tokio::test]
async fn a_local_stack_is_found_from_folders_below() {
    let server = server().await;
    let program = Program::bare();
    client_file(&program, LOCAL, &server.url, GOOD, 0o600);
    let below = program.folder.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let ran = program.run_with(&below, &["list"], "").await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[tokio::test]
async fn the_nearest_file_wins_and_the_configuration_folder_comes_last() {
    let server = server().await;
    let program = Program::bare();
    client_file(
        &program,
        ".config/avtomatika/client.toml",
        &server.url,
        GOOD,
        0o600,
    );
    assert_eq!(program.run(&["list"]).await.code, 0);
    client_file(&program, LOCAL, "http://127.0.0.1:9", GOOD, 0o600);
    assert_eq!(program.run(&["list"]).await.code, 6);

    let folder = program.folder.path().join("xdg");
    let elsewhere = Program::bare().env("XDG_CONFIG_HOME", folder.to_str().unwrap());
    client_file(
        &program,
        "xdg/avtomatika/client.toml",
        &server.url,
        GOOD,
        0o600,
    );
    assert_eq!(elsewhere.run(&["list"]).await.code, 0);
}

#[tokio::test]
async fn a_file_others_can_read_is_refused() {
    let server = server().await;
    for mode in [0o644, 0o640, 0o604, 0o620] {
        let program = Program::bare();
        client_file(&program, LOCAL, &server.url, GOOD, mode);
        let ran = program.run(&["list"]).await;
        assert_eq!(ran.code, 2, "{mode:o}");
        assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
        assert!(!ran.all().contains("TEST-TOKEN"), "{}", ran.all());
        assert_eq!(
            program.run(&["list", "--json"]).await.json()["error"]["code"],
            "CLIENT_FILE_OPEN"
        );
    }
    assert_eq!(server.posted().len(), 0);
}

#[tokio::test]
async fn a_broken_file_is_named_and_its_token_is_not_repeated() {
    let program = Program::bare();
    chmod(
        &program.file(LOCAL, "url = \"http://h\"\ntoken = \"TEST-TOKEN-SECRET\n"),
        0o600,
    );
    let ran = program.run(&["list"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("client.toml"), "{}", ran.stderr);
    assert!(!ran.all().contains("TEST-TOKEN-SECRET"), "{}", ran.all());
}

#[tokio::test]
async fn options_beat_the_environment_and_the_environment_beats_files() {
    let server = server().await;
    let program = Program::bare()
        .env("AVTOMATIKA_URL", "http://127.0.0.1:9")
        .env("AVTOMATIKA_TOKEN", "x");
    client_file(&program, LOCAL, &server.url, GOOD, 0o600);
    assert_eq!(program.run(&["list"]).await.code, 6);
    assert_eq!(program.run(&["list", "--url", &server.url]).await.code, 3);
    assert_eq!(
        program
            .run(&["--token", GOOD, "list", "--url", &server.url])
            .await
            .code,
        0
    );
}

#[tokio::test]
async fn a_token_of_a_file_is_not_sent_to_another_server() {
    let server = server().await;
    let program = Program::bare();
    client_file(&program, LOCAL, "http://127.0.0.1:9", GOOD, 0o600);
    let ran = program.run(&["list", "--url", &server.url, "--json"]).await;
    assert_eq!(ran.code, 2);
    assert_eq!(ran.json()["error"]["code"], "TOKEN_OF_OTHER_SERVER");
    assert_eq!(server.posted().len(), 0);
    client_file(&program, LOCAL, &server.url, GOOD, 0o600);
    let same = server.url.replace("127.0.0.1", "localhost");
    assert_eq!(program.run(&["list", "--url", &same]).await.code, 0);
}

#[tokio::test]
async fn without_token_or_with_a_wrong_one_the_way_out_is_told() {
    let server = server().await;
    let program = Program::bare();
    let ran = program.run(&["list", "--lang", "ru"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("токен не задан"), "{}", ran.stderr);
    let ran = program
        .run(&["list", "--url", &server.url, "--token", "wrong"])
        .await;
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.contains("check --token or AVTOMATIKA_TOKEN"),
        "{}",
        ran.stderr
    );
    let ran = program.run(&["list", "--token", "a b"]).await;
    assert_eq!(ran.code, 2);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_its_password() {
    let program = Program::bare().env("AVTOMATIKA_TOKEN", GOOD);
    for (url, code) in [
        ("localhost:8080", "BAD_URL"),
        ("ftp://h", "BAD_URL"),
        ("https:/u:hush@", "BAD_URL"),
    ] {
        let ran = program.run(&["list", "--url", url, "--json"]).await;
        assert_eq!(ran.code, 2, "{url}");
        assert_eq!(ran.json()["error"]["code"], code, "{url}");
        assert!(!ran.all().contains("hush"), "{}", ran.all());
    }
}
