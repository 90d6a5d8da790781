//! The finer reasons in Russian.

use super::{ContentFault, EnvFault, PathFault, RequirementFault, SizeFault, Text};

pub(super) fn path(path: &str, fault: &PathFault) -> Text {
    let (reason, hint) = match fault {
        PathFault::Empty => ("оно пустое".into(), "Дайте каждому файлу имя".into()),
        PathFault::Absolute => (
            "оно начинается с '/'".into(),
            "Указывайте путь относительно папки бота, например 'data/texts.json'".into(),
        ),
        PathFault::Drive => (
            "в нём указан диск".into(),
            "Указывайте путь относительно папки бота, например 'data/texts.json'".into(),
        ),
        PathFault::Backslash => (
            "в нём есть обратная косая черта".into(),
            "Разделяйте папки знаком '/'".into(),
        ),
        PathFault::Dots => (
            "одна из его частей — '.', '..' или пустая".into(),
            "Пишите путь прямо, без './', '../', '//' и '/' на конце".into(),
        ),
        PathFault::Unseen => (
            "в нём есть управляющие или невидимые символы".into(),
            "Используйте буквы, цифры и обычные знаки".into(),
        ),
        PathFault::NameTooLong(max) => (
            format!("одна из его частей длиннее {max} байт"),
            "Сократите имя".into(),
        ),
        PathFault::PathTooLong(max) => (format!("оно длиннее {max} байт"), "Сократите путь".into()),
        PathFault::TooDeep(max) => (
            format!("вложенность больше {max} уровней"),
            "Сделайте меньше вложенных папок".into(),
        ),
        PathFault::Collides(other) => (
            format!("оно отличается от '{other}' только регистром или кодировкой букв"),
            "Переименуйте один из файлов".into(),
        ),
        PathFault::FileAndFolder => (
            "это имя и файла, и папки с другим файлом".into(),
            "Переименуйте файл или папку".into(),
        ),
    };
    Text {
        message: format!("Недопустимое имя файла '{path}': {reason}"),
        hint,
    }
}

pub(super) fn content(path: &str, fault: &ContentFault) -> Text {
    let (message, hint) = match fault {
        ContentFault::NotText => (
            format!("Содержимое файла '{path}' должно быть текстом"),
            "Передайте строку JSON, а двоичный файл — в виде {\"base64\": \"…\"}",
        ),
        ContentFault::BadBase64 => (
            format!("Не удалось декодировать base64 файла '{path}'"),
            "Используйте стандартный алфавит со знаками '+' и '/'",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}

pub(super) fn size(fault: &SizeFault) -> Text {
    let (message, hint) = match fault {
        SizeFault::Count(max) => (
            format!("Слишком много файлов: больше {max}"),
            "Уберите то, что боту не нужно: .git, .venv, __pycache__",
        ),
        SizeFault::One(path, max) => (
            format!("Файл '{path}' больше {}", bytes(*max)),
            "Пусть бот скачивает большие файлы во время работы",
        ),
        SizeFault::Total(max) => (
            format!("Общий размер файлов больше {}", bytes(*max)),
            "Уберите то, что боту не нужно: .git, .venv, __pycache__",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}

fn bytes(bytes: usize) -> String {
    if bytes >= 1024 * 1024 {
        format!("{} МиБ", bytes / 1024 / 1024)
    } else {
        format!("{bytes} байт")
    }
}

pub(super) fn requirement(given: &str, fault: &RequirementFault) -> Text {
    let (reason, hint) = match fault {
        RequirementFault::NotText => (
            "это не текст".into(),
            "Запишите каждую зависимость строкой JSON",
        ),
        RequirementFault::TooLong(max) => (
            format!("запись длиннее {max} байт"),
            "Указывайте по одному пакету в строке",
        ),
        RequirementFault::LineBreak => (
            "в ней есть перевод строки или другой управляющий символ".into(),
            "Сделайте каждую строку отдельным элементом списка",
        ),
        RequirementFault::Backslash => (
            "в ней есть обратная косая черта".into(),
            "Запишите зависимость в одну строку, без переноса",
        ),
        RequirementFault::Option => (
            "параметры установщика запрещены".into(),
            "Перечислите сами пакеты; индекс и параметры задаёт оператор",
        ),
        RequirementFault::Url => (
            "пакеты берутся только из индекса пакетов".into(),
            "Укажите имя и версию пакета, а не адрес",
        ),
        RequirementFault::Path => (
            "пакеты берутся только из индекса пакетов".into(),
            "Свои модули передайте в 'files' и импортируйте оттуда",
        ),
        RequirementFault::Name => (
            "это не имя пакета".into(),
            "Имя состоит из латинских букв, цифр и знаков . _ - и начинается и кончается буквой или цифрой",
        ),
        RequirementFault::Extras => (
            "не удалось разобрать дополнения в скобках".into(),
            "Пишите их так: 'aiogram[fast,i18n]'",
        ),
        RequirementFault::SingleEquals => (
            "в ней один знак '='".into(),
            "Для точной версии нужны два: 'aiogram==3.4.1'",
        ),
        RequirementFault::Version => (
            "не удалось разобрать версию".into(),
            "Пишите её так: 'aiogram>=3,<4' или 'aiogram==3.4.1'",
        ),
        RequirementFault::Marker => (
            "не удалось разобрать условие после ';'".into(),
            "Пишите его так: 'uvloop; python_version >= \"3.8\"'",
        ),
    };
    Text {
        message: format!("Недопустимая зависимость '{given}': {reason}"),
        hint: hint.into(),
    }
}

pub(super) fn env(fault: &EnvFault) -> Text {
    let (message, hint) = match fault {
        EnvFault::NotObject => (
            "Поле 'env_vars' должно быть объектом".into(),
            "Ключи — имена переменных, значения — текст",
        ),
        EnvFault::Name(name) => (
            format!("Недопустимое имя переменной '{name}'"),
            "Разрешены латинские буквы, цифры и '_'; начинаться с цифры имя не может",
        ),
        EnvFault::Reserved(name) => (
            format!("Переменную '{name}' задаёт система, изменить её нельзя"),
            "Выберите другое имя",
        ),
        EnvFault::NotText(name) => (
            format!("Значение переменной '{name}' должно быть текстом"),
            "Возьмите числа и true/false в кавычки",
        ),
        EnvFault::Nul(name) => (
            format!("В значении переменной '{name}' есть символ NUL"),
            "Уберите его или закодируйте значение",
        ),
        EnvFault::TooLong(name, max) => (
            format!("Переменная '{name}' длиннее {max} байт"),
            "Большие данные передавайте файлом",
        ),
        EnvFault::TooMany(max) => (
            format!("Слишком много переменных: больше {max}"),
            "Вынесите настройки в файл",
        ),
        EnvFault::TotalTooLong(max) => (
            format!("Переменные вместе длиннее {max} байт"),
            "Большие данные передавайте файлами",
        ),
    };
    Text {
        message,
        hint: hint.into(),
    }
}
