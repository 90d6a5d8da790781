# /// script
# requires-python = ">=3.11"
# dependencies = ["aiogram>=3,<4"]
# ///
"""The echo bot's next version, to see an update with: it answers as V2 and repeats in capitals.

    avtomatika-bot start my-bot --simple examples/bots/echo_bot.py -e BOT_TOKEN=123456:TEST-TOKEN
    avtomatika-bot update my-bot --simple examples/bots/echo_bot_v2.py
The token need not be given again: an update without -e keeps the environment the bot has.
"""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime

from aiogram import Bot, Dispatcher, F
from aiogram.filters import Command, CommandStart
from aiogram.types import Message

log = logging.getLogger("echo_bot_v2")
dispatcher = Dispatcher()


@dispatcher.message(CommandStart())
async def start(message: Message) -> None:
    name = message.from_user.first_name if message.from_user else "друг"
    await message.answer(f"👋 Привет, {name}!\nЯ Echo-бот V2. Отправь мне любое сообщение, и я повторю его громче.")


@dispatcher.message(Command("ping"))
async def ping(message: Message) -> None:
    await message.answer(f"🏓 pong V2, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")


@dispatcher.message(F.text)
async def echo(message: Message) -> None:
    await message.answer(message.text.upper())


async def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    token = os.environ.get("BOT_TOKEN")
    if not token:
        sys.exit("BOT_TOKEN is not set: start me with -e BOT_TOKEN=<the token @BotFather gave you>")

    log.info("Starting Echo Bot V2...")
    async with Bot(token) as bot:
        await bot.delete_webhook(drop_pending_updates=False)
        await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main())
