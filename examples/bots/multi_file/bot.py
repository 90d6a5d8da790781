"""A bot of several files: this one starts it, handlers.py answers, texts.py holds what is said.

    avtomatika-bot start my-bot --simple examples/bots/multi_file -e BOT_TOKEN=123456:TEST-TOKEN
The folder goes as it is; its packages are those of requirements.txt.
"""

import asyncio
import logging
import os
import sys

from aiogram import Bot, Dispatcher

from handlers import router
from texts import STARTING

log = logging.getLogger("multi_file_bot")


async def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    token = os.environ.get("BOT_TOKEN")
    if not token:
        sys.exit("BOT_TOKEN is not set: start me with -e BOT_TOKEN=<the token @BotFather gave you>")

    log.info(STARTING)
    dispatcher = Dispatcher()
    dispatcher.include_router(router)
    async with Bot(token) as bot:
        await bot.delete_webhook(drop_pending_updates=False)
        await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main())
