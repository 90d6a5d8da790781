"""An ordinary aiogram 3 polling bot. Only the address of the server is unusual."""

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandStart
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

dispatcher = Dispatcher()


@dispatcher.message(CommandStart())
async def start(message: Message) -> None:
    await message.answer(f"Hello, <b>{message.from_user.full_name}</b>!")


@dispatcher.message(Command("ping"))
async def ping(message: Message) -> None:
    await message.answer("pong")


@dispatcher.message(Command("info"))
async def info(message: Message, bot: Bot) -> None:
    me = await bot.get_me()
    chat = await bot.get_chat(message.chat.id)
    member = await bot.get_chat_member(message.chat.id, me.id)
    hook = await bot.get_webhook_info()
    await bot.set_my_commands([BotCommand(command="ping", description="Answers pong")])
    commands = await bot.get_my_commands()
    await bot.send_chat_action(message.chat.id, "typing")
    await message.answer(
        f"{me.username} {chat.first_name} {member.status} {hook.url or '-'} {len(commands)}"
    )


@dispatcher.message(Command("files"))
async def files(message: Message, bot: Bot) -> None:
    sent = await message.answer_document(BufferedInputFile(b"content", "notes.txt"), caption="doc")
    await message.answer_photo(BufferedInputFile(b"picture", "a.jpg"))
    await message.answer_sticker(BufferedInputFile(b"sticker", "s.webp"))
    content = await bot.download(sent.document)
    await message.answer(content.read().decode())


@dispatcher.message(Command("menu"))
async def menu(message: Message) -> None:
    button = InlineKeyboardButton(text="Count", callback_data="count")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    await message.reply("0", reply_markup=keyboard)


@dispatcher.callback_query(F.data == "count")
async def count(query: CallbackQuery) -> None:
    await query.answer("counted")
    await query.message.edit_text("1")
    await query.message.delete()


@dispatcher.message(F.text)
async def echo(message: Message) -> None:
    await message.answer(f"echo: {message.text}", parse_mode=None)


async def main(url: str, token: str) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    bot = Bot(token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    await dispatcher.start_polling(bot)


asyncio.run(main(sys.argv[1], sys.argv[2]))
