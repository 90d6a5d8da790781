//! Words of refusals and failures.

use super::Ru;
use crate::text::plural::russian;
use crate::text::{Errors, Problem, Said, UsageFault};

impl Errors for Ru {
    fn problem(&self, problem: &Problem) -> Said {
        match problem {
            Problem::CommandLine { message, help } => {
                Said::new(message.clone()).hint(format!("справка: `{help} --help`"))
            }
            Problem::NoToken => Said::new("токен не задан").hint(
                "укажите --token или AVTOMATIKA_TOKEN либо запустите команду там, где `avtomatika up` создал папку avtomatika-data",
            ),
            Problem::BadToken => Said::new("в токене есть недопустимые знаки")
                .hint("проверьте, не скопировался ли пробел или перевод строки"),
            Problem::TokenOfOtherServer { url, file } => Said::new(format!(
                "нет токена для {url}: токен из {} принадлежит другому серверу и туда не отправляется",
                file.display()
            ))
            .hint("укажите также --token или AVTOMATIKA_TOKEN"),
            Problem::BadUrl(url) => Said::new(format!("{url} не похоже на адрес сервера"))
                .hint("адрес выглядит так: http://localhost:8080"),
            Problem::CaUnusable { file, why } => {
                Said::new(format!("{} использовать нельзя: {why}", file.display()))
                    .hint("в нём должны быть сертификаты в PEM; CA сервера знает тот, кто его держит")
            }
            Problem::NoSystemCas => Said::new("в этой системе нет сертификатов, которым можно доверять")
                .hint("укажите CA сервера через --ca FILE или установите ca-certificates"),
            Problem::ClientFileOpen(file) => Said::new(format!(
                "в {} лежит токен, а файл могут читать другие",
                file.display()
            ))
            .hint(format!("chmod 600 {}", file.display())),
            Problem::ClientFileForeign(file) => Said::new(format!(
                "{} принадлежит другому пользователю, доверять ему нельзя",
                file.display()
            ))
            .hint("укажите --url и --token или запустите команду в другом месте"),
            Problem::ClientFileBroken { file, why } => {
                Said::new(format!("{} не подходит: {why}", file.display()))
                    .hint("в нём должны быть строки url = \"…\" и token = \"…\"")
            }
            Problem::FileUnreadable { file, why } => {
                Said::new(format!("не удалось прочитать {}: {why}", file.display()))
            }
            Problem::NoFiles(folder) => {
                Said::new(format!("в {} нет файлов для отправки", folder.display()))
                    .hint("проверьте .botignore в этой папке")
            }
            Problem::SameName(name) => Said::new(format!("два файла получили бы одно имя {name}"))
                .hint("укажите папку, в которой лежат оба, вместо отдельных файлов"),
            Problem::NameNotText(file) => {
                Said::new(format!("имя {} записано не в UTF-8", file.display()))
            }
            Problem::TooManyFiles { max } => {
                let noun = russian(*max as u64, "файла", "файлов", "файлов");
                Said::new(format!("больше {max} {noun}"))
                    .hint("исключите лишнее с помощью файла .botignore")
            }
            Problem::TooManyBytes { max_bytes } => {
                Said::new(format!("файлов больше чем на {} МБ", max_bytes / (1024 * 1024)))
                    .hint("исключите лишнее с помощью файла .botignore")
            }
            Problem::NoEntrypoint => Said::new("непонятно, какой файл запускать")
                .hint("укажите его в --entrypoint или назовите bot.py либо main.py"),
            Problem::EntrypointMissing(name) => {
                Said::new(format!("запускаемого файла {name} нет среди отправляемых"))
            }
            Problem::RequirementsLine { file, line, option } => Said::new(format!(
                "{}, строка {line}: {option} не поддерживается",
                file.display()
            ))
            .hint("поддерживаются строки с пакетами и -r ФАЙЛ"),
            Problem::ScriptBlock { file, line, why } => Said::new(format!(
                "{}, строка {line}: не удалось прочитать блок с пакетами: {why}",
                file.display()
            ))
            .hint("он выглядит так: # /// script, # dependencies = [\"aiogram\"], # ///"),
            Problem::RequirementsLoop(file) => Said::new(format!(
                "{} включает сам себя или вложен слишком глубоко",
                file.display()
            )),
            Problem::EnvName(name) => Said::new(format!("{name} не подходит как имя переменной"))
                .hint("латинские буквы, цифры и _, первой не цифра: -e KEY=VALUE"),
            Problem::EnvMissing(name) => {
                Said::new(format!("переменная {name} не задана в вашем окружении"))
                    .hint(format!("export {name}=… или -e {name}=VALUE"))
            }
            Problem::EnvLine { file, line } => {
                Said::new(format!("{}, строка {line}: это не KEY=VALUE", file.display()))
            }
            Problem::StdinTwice => Said::new("стандартный ввод можно использовать только один раз"),
            Problem::NotText(what) => Said::new(format!("{what}: это не текст в UTF-8")),
            Problem::ModeNotAvailable(option) => {
                Said::new(format!("{option} в этой версии пока недоступно"))
                    .hint("отправьте сам код: --simple ФАЙЛ…")
            }
        }
    }

    fn by_code(&self, code: &str) -> Option<Said> {
        let (message, hint) = match code {
            "UNAUTHORIZED" | "INVALID_TOKEN" | "MISSING_TOKEN" => (
                "сервер не принимает этот токен",
                "проверьте --token или AVTOMATIKA_TOKEN",
            ),
            "FORBIDDEN" => ("этому токену такое действие не разрешено", ""),
            "QUOTA_EXCEEDED" => (
                "у вас уже запущено столько ботов, сколько разрешено",
                "остановите одного: avtomatika-bot list, затем avtomatika-bot stop БОТ",
            ),
            "RATE_LIMITED" | "TOO_MANY_REQUESTS" => {
                ("слишком много запросов", "подождите немного и повторите")
            }
            "MODE_NOT_AVAILABLE" => (
                "этот способ развёртывания пока недоступен",
                "отправьте сам код: --simple ФАЙЛ…",
            ),
            "BOT_NOT_FOUND" => ("такого бота нет", "посмотрите список: avtomatika-bot list"),
            "DEPENDENCIES_FAILED" => (
                "не удалось установить зависимости бота",
                "проверьте имена и версии пакетов",
            ),
            "START_FAILED" => (
                "бот не запустился",
                "причина обычно видна в последних строках",
            ),
            "HEALTH_GATE_FAILED" => (
                "бот запустился, но сразу перестал работать",
                "причина обычно видна в последних строках",
            ),
            "TOKEN_REJECTED" => (
                "Telegram не принимает токен бота",
                "возьмите новый токен у @BotFather и передайте его через -e BOT_TOKEN",
            ),
            "POLLING_CONFLICT" => (
                "с тем же токеном бота к Telegram обращается другая программа",
                "остановите вторую копию бота",
            ),
            "MISSING_PACKAGE" => (
                "не установлен пакет, который импортирует бот",
                "добавьте его в requirements.txt или в -r",
            ),
            "OUT_OF_MEMORY" => ("боту не хватило памяти", "увеличьте предел: --memory"),
            "UPDATE_FAILED" => ("новая версия не запустилась", ""),
            "CONTAINER_ERROR" => (
                "сбой контейнерной системы",
                "повторите; причина в журнале исполнителя ботов",
            ),
            _ => return None,
        };
        let said = Said::new(message);
        Some(if hint.is_empty() {
            said
        } else {
            said.hint(hint)
        })
    }

    fn cannot_connect(&self, url: &str) -> Said {
        Said::new(format!("по адресу {url} сервер не отвечает"))
            .hint("он запущен? `avtomatika up` запускает свой, --url указывает другой")
    }

    fn not_trusted(&self, url: &str) -> Said {
        Said::new(format!("сертификату {url} доверять нельзя"))
            .hint("если у сервера свой CA, укажите его через --ca FILE или AVTOMATIKA_CA")
    }

    fn no_tls(&self, url: &str) -> Said {
        Said::new(format!(
            "то, что отвечает по адресу {url}, не говорит по TLS"
        ))
        .hint("попробуйте http:// вместо https://")
    }

    fn strange_answer(&self, url: &str, what: &str) -> Said {
        Said::new(format!("не удалось понять ответ от {url}: {what}"))
            .hint("точно ли там сервер Avtomatika подходящей версии?")
    }

    fn timed_out(&self, seconds: u64, bot: Option<&str>) -> Said {
        let unit = russian(seconds, "секунду", "секунды", "секунд");
        let said = Said::new(format!(
            "за {seconds} {unit} не закончилось; задание продолжается"
        ));
        match bot {
            Some(bot) => said.hint(format!(
                "посмотреть, чем кончилось: avtomatika-bot status {bot}"
            )),
            None => said.hint("ждать дольше: --timeout"),
        }
    }

    fn interrupted(&self, bot: Option<&str>) -> Said {
        match bot {
            Some(bot) => Said::new("вы прервали ожидание; задание продолжается").hint(format!(
                "посмотреть, чем кончилось: avtomatika-bot status {bot}"
            )),
            None => Said::new("прервано"),
        }
    }

    fn bot_not_found(&self, bot: &str) -> Said {
        Said::new(format!("бота {bot} нет")).hint("посмотрите список: avtomatika-bot list")
    }

    fn quarantined(&self) -> Said {
        Said::new("задание много раз не удалось и отложено")
            .hint("попросите администратора сервера посмотреть на это задание")
    }

    fn cancelled(&self) -> Said {
        Said::new("задание отменено")
    }

    fn failed_silently(&self) -> Said {
        Said::new("задание не удалось, причина не указана")
    }

    fn rolled_back(&self, back: bool) -> &'static str {
        if back {
            "прежняя версия снова работает"
        } else {
            "прежняя версия не работает: запустите бота заново"
        }
    }

    fn usage(&self, fault: &UsageFault) -> String {
        match fault {
            UsageFault::Unknown {
                argument,
                meant: Some(meant),
            } => {
                format!("неизвестный аргумент {argument}; возможно, {meant}?")
            }
            UsageFault::Unknown {
                argument,
                meant: None,
            } => format!("неизвестный аргумент {argument}"),
            UsageFault::UnknownCommand {
                command,
                meant: Some(meant),
            } => {
                format!("неизвестная команда {command}; возможно, {meant}?")
            }
            UsageFault::UnknownCommand {
                command,
                meant: None,
            } => {
                format!("неизвестная команда {command}")
            }
            UsageFault::BadValue { argument, valid } if valid.is_empty() => {
                format!("значение {argument} не подходит")
            }
            UsageFault::BadValue { argument, valid } => {
                format!(
                    "значение {argument} должно быть одним из: {}",
                    valid.join(", ")
                )
            }
            UsageFault::NoValue(argument) => format!("для {argument} нужно значение"),
            UsageFault::Missing(arguments) => format!("не хватает: {}", arguments.join(", ")),
            UsageFault::Conflict { argument, other } => {
                format!("{argument} нельзя указывать вместе с {other}")
            }
            UsageFault::NoCommand => "команда не указана".to_owned(),
            UsageFault::Other => "командную строку не удалось разобрать".to_owned(),
        }
    }
}
