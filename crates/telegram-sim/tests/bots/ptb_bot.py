"""An ordinary python-telegram-bot polling bot."""

import sys

from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes, MessageHandler, filters

url, token = sys.argv[1], sys.argv[2]


async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.reply_html(f"Hello, <b>{update.effective_user.first_name}</b>!")


async def document(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.reply_document(b"content", filename="notes.txt")


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.reply_text(f"echo: {update.message.text}")


builder = Application.builder().token(token)
app = builder.base_url(f"{url}/bot").base_file_url(f"{url}/file/bot").build()
app.add_handler(CommandHandler("start", start))
app.add_handler(CommandHandler("document", document))
app.add_handler(MessageHandler(filters.TEXT, echo))
app.run_polling()
