//! Dependency images on the real engine, with packages from the index the base image knows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests may panic"
)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Bench, bot, code, details, log_tail, request_with, with_bench};

const USES: &str = "import sys, idna, time\nprint('idna', idna.__version__, idna.__file__, sys.executable, idna.__cached__)\nimport os; print('cached', os.path.exists(idna.__cached__))\nwhile True: time.sleep(1)\n";

fn params(requirements: &[&str]) -> Value {
    json!({"code": USES, "requirements": requirements})
}

async fn images(bench: &Bench) -> usize {
    use bollard::query_parameters as q;
    let all = bench
        .docker
        .list_images(None::<q::ListImagesOptions>)
        .await
        .unwrap();
    let tags = all.into_iter().flat_map(|image| image.repo_tags);
    tags.filter(|tag| tag.starts_with(&bench.options.name_prefix))
        .count()
}

#[tokio::test]
async fn requirements_are_installed_once_and_shared_by_two_starts() {
    with_bench(
        |options| options.gate.alive = Duration::from_millis(300),
        |bench| async move {
            // The same set, in other words, at the same time.
            let one = request_with("one", &params(&["idna==3.10", "certifi"]));
            let two = request_with("two", &params(&["certifi", "IDNA==3.10"]));
            let begin = Instant::now();
            let (one, two) = tokio::join!(bench.start(&one), bench.start(&two));
            let (one, two) = (one.unwrap(), two.unwrap());
            println!(
                "both in {:?}: {:?} {:?}",
                begin.elapsed(),
                one.timings_ms,
                two.timings_ms
            );
            assert_eq!(one.image, two.image);
            assert_eq!(images(&bench).await, 1);
            let logs = bench.logs(&bot("two"), 10).await;
            println!("{logs}");
            assert!(
                logs.contains("idna 3.10 /opt/venv/lib") && logs.contains("cached True"),
                "{logs}"
            );
            bench.runner.stop(&bot("one")).await.unwrap();
            let again = bench
                .start(&request_with("one", &params(&["certifi", "idna==3.10"])))
                .await
                .unwrap();
            assert!(again.timings_ms.build < 500, "{again:?}");
            // Nothing of the installation's settings reaches the bot.
            let name = again.container_name;
            let env = bench
                .docker
                .inspect_container(&name, None)
                .await
                .unwrap()
                .config
                .unwrap()
                .env
                .unwrap();
            assert!(
                !env.iter()
                    .any(|it| it.starts_with("UV_DEFAULT_INDEX") || it.starts_with("PIP_INDEX")),
                "{env:?}"
            );
            bench.runner.stop(&bot("one")).await.unwrap();
            bench.runner.stop(&bot("two")).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_package_that_does_not_exist_fails_with_the_installers_words_and_leaves_nothing() {
    with_bench(
        |_| (),
        |bench| async move {
            let request = request_with("b", &params(&["idna==0.0.0.1"]));
            let failure = bench.start(&request).await.unwrap_err();
            println!("{}", serde_json::to_string(&failure).unwrap());
            assert_eq!(code(&failure), "DEPENDENCIES_FAILED");
            assert!(log_tail(&failure).contains("idna"));
            assert_eq!(details(&failure)["kept"], false);
            let build = format!("{}-build", bench.options.name_prefix);
            assert_eq!(
                bench.things().await,
                [build],
                "only the build network is left"
            );
            assert_eq!(images(&bench).await, 0);
        },
    )
    .await;
}

#[tokio::test]
async fn pip_does_it_where_uv_is_not_and_old_images_go() {
    with_bench(
        |options| {
            options.dependencies.pip_only = true;
            options.dependencies.images_max = 1;
            options.gate.alive = Duration::from_millis(300);
        },
        |bench| async move {
            bench
                .start(&request_with("b", &params(&["idna==3.10"])))
                .await
                .unwrap();
            assert!(bench.logs(&bot("b"), 10).await.contains("cached True"));
            bench.runner.stop(&bot("b")).await.unwrap();
            bench
                .start(&request_with("b", &params(&["idna==3.9"])))
                .await
                .unwrap();
            assert!(bench.logs(&bot("b"), 10).await.contains("idna 3.9"));
            assert_eq!(images(&bench).await, 1, "the older image went");
            bench.runner.stop(&bot("b")).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn an_installation_that_takes_too_long_is_ended() {
    with_bench(
        |options| options.dependencies.timeout = Duration::from_millis(300),
        |bench| async move {
            let failure = bench
                .start(&request_with("b", &params(&["idna==3.10"])))
                .await
                .unwrap_err();
            assert_eq!(code(&failure), "DEPENDENCIES_FAILED");
            assert!(
                failure.message.contains("not done after"),
                "{}",
                failure.message
            );
            assert_eq!(bench.things().await.len(), 1);
        },
    )
    .await;
}
