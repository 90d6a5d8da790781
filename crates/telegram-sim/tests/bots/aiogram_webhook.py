"""An aiogram 3 bot behind a webhook, as its documentation shows."""

import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

url, token, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
dispatcher = Dispatcher()


@dispatcher.message()
async def echo(message: Message):
    # Returned, not awaited: the answer travels in the response of the webhook.
    return message.answer(f"hook: {message.text}")


async def on_startup(bot: Bot) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="s3cret")


dispatcher.startup.register(on_startup)
bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))
app = web.Application()
handler = SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token="s3cret")
handler.register(app, path="/hook")
setup_application(app, dispatcher, bot=bot)
web.run_app(app, host="127.0.0.1", port=port)
