//! Seed test 6, its dark side: new versions that don't work, each in its own way. The old one
//! answers again and the person is told why.

use avtomatika_telegram_sim::control::Fault;
use serde_json::Value;

use super::conversation::ask;
use super::support::containers::{BotStack, with_bots};
use super::support::stack::Setup;
use super::update::{Writer, nothing_is_lost};
use super::{BOT, BOT_TOKEN};

/// Updates to a version that fails; what the CLI says about it.
async fn refused(bots: &BotStack, name: &str, code: &str) -> Value {
    // A plain `token.py` would hide the module of that name from Python itself.
    let file = bots.file(&format!("new_{name}.py"), code);
    let update = ["update", "careful", "--simple", &file, "--json"];
    let update = [&update[..], &["-r", "aiogram>=3,<4"]].concat();
    let ran = bots.bot(&update).await.ended(4);
    let error = ran.json()["error"].clone();
    assert_eq!(error["code"], "UPDATE_FAILED", "{name}: {error}");
    assert_eq!(error["details"]["rolled_back"], true, "{name}: {error}");
    assert_eq!(ask(bots, name).await, name, "the old version answers again");
    let left = bots.things();
    assert!(
        !left.iter().any(|it| it.ends_with("-next")),
        "{name}: {left:?}"
    );
    println!("{name}: {}", error["message"]);
    error
}

fn tail(error: &Value) -> String {
    error["details"]["log_tail"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_new_version_rolls_back_and_says_why() {
    let setup = Setup::default().argument(&["--bot-ready-s", "15"]);
    with_bots(setup, |bots| async move {
        let v1 = bots.example("echo_bot.py");
        let start = ["start", "careful", "--simple", &v1, "-e", BOT_TOKEN];
        bots.bot(&start).await.ok();
        assert_eq!(ask(&bots, "before").await, "before");
        let writer = Writer::start(&bots);

        let error = refused(&bots, "syntax", "import aiogram\ndef broken(:\n").await;
        assert!(tail(&error).contains("SyntaxError"), "{error}");

        let error = refused(&bots, "package", "import no_such_package_of_ours\n").await;
        assert_eq!(error["details"]["reason"], "MISSING_PACKAGE", "{error}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("no_such_package_of_ours")
        );

        let hang = "import time\nprint('hanging', flush=True)\ntime.sleep(3600)\n";
        let error = refused(&bots, "hang", hang).await;
        assert_eq!(error["details"]["reason"], "HEALTH_GATE_FAILED", "{error}");

        let sent = writer.stop().await;
        nothing_is_lost(&bots, sent).await;

        // Telegram refuses the token to the new version; the old one gets through again.
        let code = std::fs::read_to_string(&v1).unwrap();
        let method = Some("deleteWebhook");
        bots.sim
            .fault(BOT, method, Fault::Unauthorized, 1)
            .await
            .unwrap();
        let error = refused(&bots, "token", &format!("{code}\n# new\n")).await;
        assert_eq!(error["details"]["reason"], "TOKEN_REJECTED", "{error}");
        bots.sim.clear_faults(BOT).await.unwrap();

        // People read the same, in both languages.
        let file = bots.file("words.py", "def broken(:\n");
        for (lang, word) in [("en", "previous version"), ("ru", "прежн")] {
            let update = ["--lang", lang, "update", "careful", "--simple", &file];
            let ran = bots.bot(&update).await.ended(4);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
            assert!(ran.stderr.contains("SyntaxError"), "{}", ran.stderr);
        }
        assert_eq!(ask(&bots, "after").await, "after");
        let info = bots.sim.bot(BOT).await.unwrap().unwrap();
        assert_eq!((info.pollers_max, info.conflicts), (1, 0), "{info:?}");
        bots.bot(&["stop", "careful"]).await.ok();
    })
    .await;
}
