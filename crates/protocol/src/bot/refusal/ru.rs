//! The texts in Russian.

use super::{Refusal, Text, ru_faults as faults};

fn text(message: impl Into<String>, hint: impl Into<String>) -> Text {
    Text {
        message: message.into(),
        hint: hint.into(),
    }
}

impl Refusal {
    /// The message and hint in Russian.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a text; splitting hides omissions"
    )]
    pub fn ru(&self) -> Text {
        match self {
            Self::BodyNotObject => text(
                "Запрос должен быть объектом JSON",
                "Отправьте объект, в котором есть хотя бы поле 'action'",
            ),
            Self::MissingField { field } => text(
                format!("Не указано обязательное поле '{field}'"),
                format!("Добавьте в запрос поле '{field}'"),
            ),
            Self::InvalidAction {
                given,
                meant: Some(meant),
            } => text(
                format!("Неизвестное действие '{given}'"),
                format!("Возможно, вы имели в виду '{meant}'?"),
            ),
            Self::InvalidAction { given, meant: None } => text(
                format!("Неизвестное действие '{given}'"),
                "Доступные действия: start, stop, restart, update, logs, list, status",
            ),
            Self::InvalidBotId { given } => text(
                format!("Недопустимый идентификатор бота '{given}'"),
                "Строка JSON длиной от 1 до 64 символов: латинские буквы, цифры, '-' и '_'",
            ),
            Self::InvalidUserId => text(
                "Недопустимый идентификатор пользователя",
                "Укажите строку JSON длиной от 1 до 128 видимых символов или уберите поле 'user_id'",
            ),
            Self::ForeignUser => text(
                "С этим токеном нельзя действовать от имени другого пользователя",
                "Уберите поле 'user_id' или попросите оператора отметить клиента как доверенного",
            ),
            Self::InvalidMode {
                given,
                meant: Some(meant),
            } => text(
                format!("Неизвестный режим развёртывания '{given}'"),
                format!("Возможно, вы имели в виду '{meant}'?"),
            ),
            Self::InvalidMode { given, meant: None } => text(
                format!("Неизвестный режим развёртывания '{given}'"),
                "Укажите 'simple' для файлов Python, 'custom' для Dockerfile, 'image' для готового образа",
            ),
            Self::ModeNotAvailable { mode } => text(
                format!("Режим развёртывания '{mode}' на этом сервере пока недоступен"),
                "Используйте режим 'simple': отправьте файлы Python и список зависимостей",
            ),
            Self::InvalidLines { max } => text(
                "Поле 'lines' должно быть целым числом",
                format!("Запросите от 0 до {max} строк"),
            ),
            Self::InvalidCursor => text(
                "Не удалось прочитать курсор журнала",
                "Передайте 'cursor' из последнего ответа без изменений или уберите его, чтобы начать заново",
            ),
            Self::InvalidWait { max_ms } => text(
                "Поле 'wait_ms' должно быть целым числом",
                format!("Укажите время ожидания от 0 до {max_ms} миллисекунд"),
            ),
            Self::MissingCode => text(
                "Для режима 'simple' нужен код бота",
                "Передайте 'code' (один файл текстом) или 'files' (имена файлов и их содержимое)",
            ),
            Self::ConflictingFields => text(
                "Указаны сразу и 'code', и 'files'",
                "Оставьте что-то одно: 'code' для одного файла, 'files' для нескольких",
            ),
            Self::CodeNotText => text(
                "Поле 'code' должно быть текстом",
                "Передайте содержимое файла строкой JSON",
            ),
            Self::FilesNotObject => text(
                "Поле 'files' должно быть объектом",
                "Ключи — имена файлов, значения — их содержимое",
            ),
            Self::EmptyFiles => text(
                "В поле 'files' нет ни одного файла",
                "Добавьте хотя бы файл, который запускает бота",
            ),
            Self::FileContent { path, fault } => faults::content(path, fault),
            Self::FilePath { path, fault } => faults::path(path, fault),
            Self::FileSize(fault) => faults::size(fault),
            Self::InvalidEntrypoint { given } => text(
                format!("Недопустимая точка входа '{given}'"),
                "Укажите файл, например 'bot.py' или 'src/main.py', либо модуль в виде '-m package'",
            ),
            Self::EntrypointNotFound {
                entrypoint,
                scripts,
            } => text(
                format!("Точки входа '{entrypoint}' нет среди файлов"),
                match scripts.as_slice() {
                    [] => "Среди файлов нет ни одного .py: добавьте тот, который запускает бота"
                        .to_owned(),
                    _ => format!(
                        "Укажите в 'entrypoint' один из отправленных файлов: {}",
                        scripts.join(", ")
                    ),
                },
            ),
            Self::MissingSource => text(
                "Для режима 'custom' нужен источник",
                "Передайте одно из полей: 'archive', 'archive_url' или 'git_repo'",
            ),
            Self::ConflictingSources => text(
                "Указано несколько источников сразу",
                "Оставьте только одно из полей: 'archive', 'archive_url' или 'git_repo'",
            ),
            Self::InvalidGitUrl => text(
                "Недопустимый адрес репозитория",
                "Адрес должен начинаться с https://, http:// или git@ и не содержать пробелов",
            ),
            Self::InvalidArchiveUrl => text(
                "Недопустимый адрес архива",
                "Адрес должен начинаться с https:// или http:// и не содержать пробелов",
            ),
            Self::MissingDockerImage => text(
                "Для режима 'image' нужно поле 'docker_image'",
                "Укажите имя образа, лучше вместе с тегом или дайджестом",
            ),
            Self::InvalidImageName => text(
                "Недопустимое имя образа",
                "Разрешены буквы, цифры и знаки . _ - / : @ без пробелов",
            ),
            Self::InvalidRegistryAuth => text(
                "Поле 'registry_auth' должно быть объектом",
                "Передайте объект с полями 'username' и 'password'",
            ),
            Self::IncompleteRegistryAuth => text(
                "Поле 'registry_auth' заполнено не полностью",
                "Нужны оба поля, 'username' и 'password', и они не должны быть пустыми",
            ),
            Self::RequirementsNotList => text(
                "Поле 'requirements' должно быть списком",
                "Передайте список строк: по одному пакету в каждой",
            ),
            Self::TooManyRequirements { max } => text(
                "Слишком много зависимостей",
                format!(
                    "Пакетов может быть не больше {max}; то, что нужно им самим, установится без перечисления"
                ),
            ),
            Self::Requirement { given, fault } => faults::requirement(given, fault),
            Self::Env(fault) => faults::env(fault),
            Self::LimitsNotObject => text(
                "Поле 'resource_limits' должно быть объектом",
                "Укажите любые из полей 'memory_mb', 'cpu_cores' и 'timeout_hours'",
            ),
            Self::InvalidLimit { field } => text(
                format!("Ограничение '{field}' должно быть числом больше нуля"),
                "Напишите просто число, без кавычек и единиц измерения",
            ),
            Self::InvalidReadyRegex { reason } => text(
                format!("Выражение 'ready_regex' не подходит: {reason}"),
                "Возьмите короткое регулярное выражение; подойдёт и обычный текст, например 'Run polling'",
            ),
            Self::QuotaExceeded {
                current,
                max,
                active,
            } => text(
                format!("Лимит ботов исчерпан: запущено {current} из {max}"),
                match active.first() {
                    Some(first) => format!(
                        "Сначала остановите один из них, например: avtomatika-bot stop {first}"
                    ),
                    None => "Сначала остановите один из них".to_owned(),
                },
            ),
            Self::BotNotFound { bot_id } => text(
                format!("Бот '{bot_id}' не найден"),
                "Список ваших ботов: avtomatika-bot list",
            ),
            Self::BotBusy { bot_id } => text(
                format!("Бот '{bot_id}' прямо сейчас запускается, останавливается или обновляется"),
                "Дождитесь окончания и повторите",
            ),
            Self::WorkerAway { worker } => text(
                format!("Воркер '{worker}', на котором работает этот бот, не на связи"),
                "Повторите через минуту; если не помогло, сообщите оператору",
            ),
            Self::DependenciesFailed { .. } => text(
                "Не удалось установить зависимости",
                "Проверьте имена и версии пакетов; конец вывода установщика — в подробностях",
            ),
            Self::StartFailed {
                exit_code: Some(exit_code),
                ..
            } => text(
                format!("Бот завершился сразу после запуска с кодом {exit_code}"),
                "Последние строки его вывода — в подробностях; сначала проверьте бота на своём компьютере",
            ),
            Self::StartFailed {
                exit_code: None, ..
            } => text(
                "Бот завершился сразу после запуска",
                "Последние строки его вывода — в подробностях; сначала проверьте бота на своём компьютере",
            ),
            Self::HealthGateFailed { reason, .. } => text(
                format!("Бот запустился, но так и не стал готов: {reason}"),
                "Посмотрите последние строки вывода в подробностях и 'ready_regex', если вы его задавали",
            ),
            Self::TokenRejected { .. } => text(
                "Telegram не принимает токен бота (401)",
                "Скопируйте токен у @BotFather заново и передайте его через -e BOT_TOKEN",
            ),
            Self::PollingConflict { .. } => text(
                "С этим же токеном обновления получает другая программа (409)",
                "Остановите вторую копию бота или дайте этому боту отдельный токен",
            ),
            Self::MissingPackage {
                module, package, ..
            } => text(
                format!("Бот импортирует '{module}', но этот пакет не установлен"),
                format!("Добавьте '{package}' в зависимости"),
            ),
            Self::OutOfMemory { limit_mb, .. } => text(
                format!("Боту не хватило памяти: его предел — {limit_mb} МБ"),
                "Увеличьте 'memory_mb' в 'resource_limits' или уменьшите потребление памяти",
            ),
            Self::UpdateFailed {
                reason,
                rolled_back: true,
                ..
            } => text(
                format!("Новая версия не заработала ({reason}); снова запущена прежняя"),
                "Исправьте новую версию и обновите ещё раз; последние строки её вывода — в подробностях",
            ),
            Self::UpdateFailed {
                reason,
                rolled_back: false,
                ..
            } => text(
                format!("Обновление не удалось ({reason}), и прежняя версия тоже не работает"),
                "Исправьте новую версию и запустите её; последние строки её вывода — в подробностях",
            ),
            Self::ContainerError { reason } => text(
                format!("Ошибка системы контейнеров: {reason}"),
                "Повторите; если не помогло, сообщите оператору",
            ),
        }
    }
}
