"""An ordinary pyTelegramBotAPI polling bot."""

import sys

import telebot
from telebot import apihelper

url, token = sys.argv[1], sys.argv[2]
apihelper.API_URL = url + "/bot{0}/{1}"
apihelper.FILE_URL = url + "/file/bot{0}/{1}"
bot = telebot.TeleBot(token)


@bot.message_handler(commands=["start"])
def start(message):
    bot.reply_to(message, f"Hello, <b>{message.from_user.first_name}</b>!", parse_mode="HTML")


@bot.message_handler(commands=["document"])
def document(message):
    sent = bot.send_document(message.chat.id, b"content", visible_file_name="notes.txt")
    path = bot.get_file(sent.document.file_id).file_path
    bot.send_message(message.chat.id, bot.download_file(path).decode())


@bot.message_handler(func=lambda message: True)
def echo(message):
    bot.send_message(message.chat.id, f"echo: {message.text}")


bot.infinity_polling()
