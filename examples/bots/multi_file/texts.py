"""Everything the bot says, in one place: change the words without touching the code."""

STARTING = "Starting multi-file bot..."
STRANGER = "незнакомец"
GREETING = "👋 Привет, {name}!\nПришли мне текст, и я посчитаю в нём слова."
HELP = "Я считаю слова и знаки. Команды: /start, /help."
COUNTED = "Слов: {words}, знаков: {characters}."
