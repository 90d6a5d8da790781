//! The command line: help, faults, languages.

use crate::support::Program;

#[tokio::test]
async fn help_speaks_both_languages() {
    let program = Program::bare();
    let ran = program.run(&["--help"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout, @"
        Run your Telegram bots on an Avtomatika server

        Usage: avtomatika-bot [OPTIONS] <COMMAND>

        Commands:
          start       Start a bot
          update      Replace a bot's code; the old version returns if the new one fails
          list        List your bots
          status      Show how a bot is doing
          logs        Show what a bot has written
          stop        Stop a bot
          restart     Restart a bot
          doctor      Check settings, server, token and bot runner
          completion  Print a completion script for your shell

        Global options:
              --url <URL>          Address of the server [env: AVTOMATIKA_URL]
              --token <TOKEN>      Your token [env: AVTOMATIKA_TOKEN]; without it the file written by
                                   `avtomatika up` is used
              --ca <FILE>          Certificates that may vouch for an https server, instead of the system's
                                   [env: AVTOMATIKA_CA]
              --lang <LANG>        Language of the output: en or ru [default: from LC_ALL or LANG]
              --timeout <SECONDS>  Stop waiting after this many seconds [default: 300]
              --json               Print one JSON document instead of text
              --no-color           No colours [env: NO_COLOR]
          -v, --verbose            Show requests and answers (secrets masked) on stderr
          -V, --version            Print the version
          -h, --help               Print help
        ");
    let ran = program.run(&["start", "--help", "--lang", "ru"]).await;
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.stdout, @"
        Запустить бота

        Использование: avtomatika-bot start [OPTIONS] <BOT_ID>

        Аргументы:
          <BOT_ID>  Имя бота: латинские буквы, цифры, - и _ (не больше 64 знаков)

        Параметры:
              --simple <FILE>...          Файлы и папки с кодом бота
              --inline                    Взять код из --code
              --code <TEXT>               Сам код или - , чтобы прочитать его из стандартного ввода
              --custom <PATH>             Папка с Dockerfile (пока недоступно)
              --git <URL>                 Репозиторий git (пока недоступно)
              --image <IMAGE>             Готовый образ контейнера (пока недоступно)
              --entrypoint <FILE>         Какой файл запускать [по умолчанию единственный, иначе bot.py или
                                          main.py]
          -r, --requirements <FILE|LIST>  Файл зависимостей или список через запятую [по умолчанию
                                          requirements.txt рядом с кодом]
          -e, --env <KEY=VALUE>           Переменная: KEY=VALUE, KEY (из вашего окружения), KEY=@файл, KEY=-
                                          (стандартный ввод); @@ означает сам знак @
              --env-file <FILE>           Файл со строками KEY=VALUE
              --memory <MB>               Предел памяти в МБ
              --cpus <CORES>              Предел процессора в ядрах, например 0.5
              --ready <REGEX>             Бот считается запущенным, когда строка его вывода подходит под
                                          выражение
              --no-wait                   Не ждать: вернуться, как только сервер принял задание

        Общие параметры:
              --url <URL>          Адрес сервера [переменная AVTOMATIKA_URL]
              --token <TOKEN>      Ваш токен [переменная AVTOMATIKA_TOKEN]; без него берётся файл, созданный
                                   `avtomatika up`
              --ca <FILE>          Сертификаты, которым доверять для сервера https вместо системных
                                   [переменная AVTOMATIKA_CA]
              --lang <LANG>        Язык вывода: en или ru [по умолчанию из LC_ALL или LANG]
              --timeout <SECONDS>  Сколько секунд ждать [по умолчанию 300]
              --json               Вывести один документ JSON вместо текста
              --no-color           Без цветов [переменная NO_COLOR]
          -v, --verbose            Показывать запросы и ответы (секреты скрыты) в stderr
          -h, --help               Показать справку
        ");
}

#[tokio::test]
async fn the_version_is_told() {
    let ran = Program::bare().run(&["--version"]).await;
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stdout,
        format!("avtomatika-bot {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn faults_of_the_command_line_end_with_2_in_the_chosen_language() {
    let program = Program::bare();
    let ran = program.run(&["start", "--lang", "ru"]).await;
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @"
        Ошибка: не хватает: BOT_ID
          Подсказка  справка: `avtomatika-bot start --help`
          Код        USAGE
        ");
    let ran = program.run(&["lst"]).await;
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @"
        Error: unknown command lst; did you mean list?
          Hint  see `avtomatika-bot --help`
          Code  USAGE
        ");
    let ran = program.run(&[]).await;
    assert_eq!(ran.code, 2);
    let document = program.run(&["logs", "--json"]).await.json();
    assert_eq!(document["error"]["code"], "USAGE");
    assert_eq!(document["error"]["exit_code"], 2);
}

#[tokio::test]
async fn files_that_cannot_be_sent_are_faults_too() {
    let program = Program::bare().env("AVTOMATIKA_TOKEN", "t");
    program.file("two/a.py", "1");
    program.file("two/b.py", "2");
    program.file("more/a.py", "3");
    std::fs::create_dir(program.folder.path().join("empty")).unwrap();
    std::fs::File::create(program.folder.path().join("big.bin"))
        .unwrap()
        .set_len(11 * 1024 * 1024)
        .unwrap();
    for (arguments, code) in [
        (&["none.py"][..], "FILE_UNREADABLE"),
        (&["two"], "NO_ENTRYPOINT"),
        (&["two", "--entrypoint", "c.py"], "ENTRYPOINT_MISSING"),
        (&["two/a.py", "more/a.py"], "SAME_FILE_NAME"),
        (&["empty"], "NO_FILES"),
        (&["big.bin"], "TOO_MANY_BYTES"),
        (&["two/a.py", "-r", "none.txt"], "FILE_UNREADABLE"),
    ] {
        let mut all = vec!["start", "echo", "--json", "--simple"];
        all.extend(arguments);
        let ran = program.run(&all).await;
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.all());
        assert_eq!(ran.json()["error"]["code"], code, "{arguments:?}");
    }
}
