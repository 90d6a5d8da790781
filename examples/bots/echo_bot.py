# /// script
# requires-python = ">=3.11"
# dependencies = ["aiogram>=3,<4"]
# ///
"""An echo bot on aiogram 3: /start, /ping, and every other text comes back.

In a container of its own:
    avtomatika-bot start my-bot --simple examples/bots/echo_bot.py -e BOT_TOKEN=123456:TEST-TOKEN
The packages it needs are those of the block above; nothing else has to be said.

On this machine, without Avtomatika:
    pip install "aiogram>=3,<4" && BOT_TOKEN=123456:TEST-TOKEN python examples/bots/echo_bot.py
"""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime

from aiogram import Bot, Dispatcher, F
from aiogram.filters import Command, CommandStart
from aiogram.types import Message

log = logging.getLogger("echo_bot")
dispatcher = Dispatcher()


@dispatcher.message(CommandStart())
async def start(message: Message) -> None:
    name = message.from_user.first_name if message.from_user else "друг"
    await message.answer(f"👋 Привет, {name}!\nЯ Echo-бот. Отправь мне любое сообщение, и я его повторю.")


@dispatcher.message(Command("ping"))
async def ping(message: Message) -> None:
    await message.answer(f"🏓 pong, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")


@dispatcher.message(F.text)
async def echo(message: Message) -> None:
    await message.answer(message.text)


@dispatcher.message()
async def anything_else(message: Message) -> None:
    await message.answer("Пока я повторяю только текст.")


async def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    token = os.environ.get("BOT_TOKEN")
    if not token:
        sys.exit("BOT_TOKEN is not set: start me with -e BOT_TOKEN=<the token @BotFather gave you>")

    log.info("Starting Echo Bot...")
    async with Bot(token) as bot:
        # A webhook left over from another life would forbid polling. What people wrote meanwhile is kept and answered.
        await bot.delete_webhook(drop_pending_updates=False)
        await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main())
