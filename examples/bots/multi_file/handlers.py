"""What the bot does with each message."""

from aiogram import F, Router
from aiogram.filters import Command, CommandStart
from aiogram.types import Message

import texts

router = Router()


@router.message(CommandStart())
async def start(message: Message) -> None:
    name = message.from_user.first_name if message.from_user else texts.STRANGER
    await message.answer(texts.GREETING.format(name=name))


@router.message(Command("help"))
async def help_(message: Message) -> None:
    await message.answer(texts.HELP)


@router.message(F.text)
async def count(message: Message) -> None:
    await message.answer(texts.COUNTED.format(words=len(message.text.split()), characters=len(message.text)))
