//! Help texts.

use super::Ru;
use crate::text::{Help, HelpTopic};

impl Help for Ru {
    fn help(&self, topic: HelpTopic) -> &'static str {
        match topic {
            HelpTopic::About => "Запускает ваших Telegram-ботов на сервере Avtomatika",
            HelpTopic::Url => "Адрес сервера [переменная AVTOMATIKA_URL]",
            HelpTopic::Token => {
                "Ваш токен [переменная AVTOMATIKA_TOKEN]; без него берётся файл, созданный `avtomatika up`"
            }
            HelpTopic::Ca => {
                "Сертификаты, которым доверять для сервера https вместо системных [переменная AVTOMATIKA_CA]"
            }
            HelpTopic::Verbose => "Показывать запросы и ответы (секреты скрыты) в stderr",
            HelpTopic::Lang => "Язык вывода: en или ru [по умолчанию из LC_ALL или LANG]",
            HelpTopic::Json => "Вывести один документ JSON вместо текста",
            HelpTopic::NoWait => "Не ждать: вернуться, как только сервер принял задание",
            HelpTopic::Timeout => "Сколько секунд ждать [по умолчанию 300]",
            HelpTopic::NoColor => "Без цветов [переменная NO_COLOR]",
            HelpTopic::HelpFlag => "Показать справку",
            HelpTopic::VersionFlag => "Показать версию",
            HelpTopic::HelpCommand => "Показать справку по команде",
            HelpTopic::Start => "Запустить бота",
            HelpTopic::Update => {
                "Обновить код бота; если новая версия не запустится, вернётся старая"
            }
            HelpTopic::List => "Показать ваших ботов",
            HelpTopic::Status => "Показать, что с ботом",
            HelpTopic::Logs => "Показать, что пишет бот",
            HelpTopic::Stop => "Остановить бота",
            HelpTopic::Restart => "Перезапустить бота",
            HelpTopic::Completion => "Вывести скрипт автодополнения для оболочки",
            HelpTopic::Doctor => "Проверить настройки, сервер, токен и исполнитель ботов",
            HelpTopic::BotId => "Имя бота: латинские буквы, цифры, - и _ (не больше 64 знаков)",
            HelpTopic::Simple => "Файлы и папки с кодом бота",
            HelpTopic::Inline => "Взять код из --code",
            HelpTopic::Code => "Сам код или - , чтобы прочитать его из стандартного ввода",
            HelpTopic::Custom => "Папка с Dockerfile (пока недоступно)",
            HelpTopic::Git => "Репозиторий git (пока недоступно)",
            HelpTopic::Image => "Готовый образ контейнера (пока недоступно)",
            HelpTopic::Entrypoint => {
                "Какой файл запускать [по умолчанию единственный, иначе bot.py или main.py]"
            }
            HelpTopic::Requirements => {
                "Файл зависимостей или список через запятую [по умолчанию requirements.txt рядом с кодом]"
            }
            HelpTopic::Env => {
                "Переменная: KEY=VALUE, KEY (из вашего окружения), KEY=@файл, KEY=- (стандартный ввод); @@ означает сам знак @"
            }
            HelpTopic::EnvFile => "Файл со строками KEY=VALUE",
            HelpTopic::Memory => "Предел памяти в МБ",
            HelpTopic::Cpus => "Предел процессора в ядрах, например 0.5",
            HelpTopic::Ready => {
                "Бот считается запущенным, когда строка его вывода подходит под выражение"
            }
            HelpTopic::Lines => "Сколько последних строк показать",
            HelpTopic::Follow => "Показывать новые строки, пока не нажмёте Ctrl-C",
            HelpTopic::Timestamps => "Ставить время перед каждой строкой",
            HelpTopic::Shell => "bash, zsh, fish, elvish или powershell",
            HelpTopic::UsageHeading => "Использование:",
            HelpTopic::CommandsHeading => "Команды",
            HelpTopic::ArgumentsHeading => "Аргументы",
            HelpTopic::OptionsHeading => "Параметры",
            HelpTopic::GlobalHeading => "Общие параметры",
        }
    }
}
