//! Words of results and of progress.

use avtomatika_protocol::job::WaitReason;

use super::Ru;
use crate::text::plural::russian;
use crate::text::{Check, Field, Screens, Source};

impl Screens for Ru {
    fn seconds(&self, ms: u64) -> String {
        format!("{},{} с", ms / 1000, ms % 1000 / 100)
    }

    fn span(&self, seconds: u64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        match seconds {
            0..60 => format!("{seconds} с"),
            60..3600 => format!("{minutes} мин {} с", seconds % 60),
            3600..86_400 => format!("{hours} ч {minutes} мин"),
            _ => format!("{days} {} {hours} ч", russian(days, "день", "дня", "дней")),
        }
    }

    fn started(&self, bot: &str) -> String {
        format!("Бот {bot} запущен")
    }

    fn already_running(&self, bot: &str) -> String {
        format!("Бот {bot} уже работает, ничего не изменилось")
    }

    fn updated(&self, bot: &str) -> String {
        format!("Бот {bot} обновлён и работает")
    }

    fn restarted(&self, bot: &str) -> String {
        format!("Бот {bot} перезапущен")
    }

    fn stopped(&self, bot: &str) -> String {
        format!("Бот {bot} остановлен")
    }

    fn accepted(&self, bot: &str) -> String {
        format!("Задание для бота {bot} принято")
    }

    fn bots_title(&self, count: u64, max: Option<u64>) -> String {
        match max {
            Some(max) => format!("Боты ({count}/{max})"),
            None => format!("Боты ({count})"),
        }
    }

    fn no_bots(&self) -> &'static str {
        "У вас пока нет ботов. Запустите первого: avtomatika-bot start my-bot --simple bot.py"
    }

    fn field(&self, field: Field) -> &'static str {
        match field {
            Field::Bot => "Бот",
            Field::State => "Состояние",
            Field::Started => "Запущен",
            Field::Version => "Версия",
            Field::Container => "Контейнер",
            Field::Image => "Образ",
            Field::Memory => "Предел памяти",
            Field::Cpu => "Предел процессора",
            Field::Running => "Работает",
            Field::ExitCode => "Код выхода",
            Field::OutOfMemory => "Не хватило памяти",
            Field::Reason => "Причина",
            Field::Gap => "Перерыв",
            Field::Took => "Заняло",
            Field::Job => "Задание",
            Field::Next => "Посмотреть",
            Field::Code => "Код",
            Field::Hint => "Подсказка",
            Field::Example => "Пример",
            Field::Details => "Подробности",
            Field::Error => "Ошибка",
        }
    }

    fn state(&self, state: &str) -> Option<&'static str> {
        Some(match state {
            "building" => "собирается",
            "starting" => "запускается",
            "running" => "работает",
            "restarting" => "перезапускается",
            "crash-loop" => "постоянно падает",
            "stopped" => "остановлен",
            "failed" => "не запустился",
            "lost" => "потерян",
            _ => return None,
        })
    }

    fn phase(&self, phase: &str) -> Option<&'static str> {
        Some(match phase {
            "prepare" => "подготовка",
            "dependencies" => "зависимости",
            "create" => "контейнер",
            "start" => "запуск",
            "gate" => "проверка работы",
            "stop_old" => "остановка старой версии",
            "start_new" => "запуск новой версии",
            "roll_back" => "возврат к старой версии",
            _ => return None,
        })
    }

    fn cached(&self) -> &'static str {
        "из кэша"
    }

    fn built(&self) -> &'static str {
        "собраны заново"
    }

    fn queued(&self) -> &'static str {
        "задание принято, ждём исполнителя ботов"
    }

    fn waiting(&self, reason: WaitReason) -> &'static str {
        match reason {
            WaitReason::NoWorker => {
                "исполнитель ботов не подключён; задание начнётся, как только он появится"
            }
            WaitReason::WorkersBusy => "все исполнители ботов заняты; задание стоит в очереди",
            WaitReason::WorkersSilent => {
                "исполнитель ботов на связи, но заданий не просит; задание стоит в очереди"
            }
            WaitReason::WorkerAway => {
                "исполнитель, на котором живёт бот, не на связи; ждём его возвращения"
            }
            WaitReason::WithWorker => "исполнитель ботов работает над заданием",
            WaitReason::BackOff => "шаг не удался и скоро будет повторён",
            WaitReason::NoneFits => "ни у одного исполнителя нет того, что требует задание",
            WaitReason::Branches => "части задания ещё не завершены",
            WaitReason::SubJob => "вложенное задание ещё не завершено",
            WaitReason::Approval => "задание ждёт решения человека",
            WaitReason::Event => "задание ждёт внешнего события",
            WaitReason::Sleep => "задание продолжится в назначенное время",
        }
    }

    fn connection_lost(&self) -> &'static str {
        "сервер не отвечает, пробуем снова; само задание продолжается"
    }

    fn connection_back(&self) -> &'static str {
        "сервер снова отвечает"
    }

    fn last_lines(&self) -> &'static str {
        "Последние строки бота"
    }

    fn no_lines(&self) -> &'static str {
        "бот пока ничего не написал"
    }

    fn log_ended(&self, bot: &str, state: &str) -> String {
        format!("журнал закончился: бот {bot}, состояние «{state}»")
    }

    fn sending(&self, files: u64, bytes: u64, entrypoint: &str) -> String {
        let noun = russian(files, "файл", "файла", "файлов");
        let size = if bytes < 1024 {
            format!("{bytes} Б")
        } else {
            format!("{} КБ", bytes / 1024)
        };
        format!("отправляем {files} {noun} ({size}), запускается {entrypoint}")
    }

    fn requirements_found(&self, file: &str, count: u64) -> String {
        let noun = russian(count, "зависимость", "зависимости", "зависимостей");
        format!("{count} {noun} из {file}")
    }

    fn hashes_dropped(&self, file: &str) -> String {
        format!("хеши из {file} в этой версии не проверяются")
    }

    fn secret_file_skipped(&self, file: &str) -> String {
        format!(
            "{file} не отправляется: передайте его через --env-file {file} или добавьте !.env в .botignore"
        )
    }

    fn links_skipped(&self, count: u64) -> String {
        let noun = russian(
            count,
            "символическая ссылка пропущена",
            "символические ссылки пропущены",
            "символических ссылок пропущено",
        );
        format!("{count} {noun}")
    }

    fn check(&self, check: Check) -> &'static str {
        match check {
            Check::Settings => "Настройки",
            Check::Server => "Сервер",
            Check::Token => "Токен",
            Check::Runner => "Исполнитель ботов",
        }
    }

    fn doctor_title(&self, healthy: bool) -> &'static str {
        if healthy {
            "Всё работает"
        } else {
            "Нужно ваше внимание"
        }
    }

    fn source(&self, source: Source) -> &'static str {
        match source {
            Source::Flag => "командная строка",
            Source::Environment => "окружение",
            Source::File => "файл",
            Source::Default => "по умолчанию",
        }
    }

    fn yes(&self) -> &'static str {
        "да"
    }

    fn mebibytes(&self, n: u64) -> String {
        format!("{n} МБ")
    }

    fn cores(&self, n: f64) -> String {
        let number = n.to_string().replace('.', ",");
        // A fraction governs the genitive singular: 0,5 ядра.
        let noun = if n.fract().abs() > f64::EPSILON {
            "ядра"
        } else {
            russian(n.abs().round() as u64, "ядро", "ядра", "ядер")
        };
        format!("{number} {noun}")
    }
}
