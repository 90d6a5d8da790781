"""Points Telegram libraries at AVTOMATIKA_TELEGRAM_API_URL. Runs before the bot's first line."""

import importlib.abc
import importlib.machinery
import os
import sys

URL = os.environ.get("AVTOMATIKA_TELEGRAM_API_URL", "").rstrip("/")
REAL = "https://api.telegram.org"


def aiogram(module):
    """aiogram 3: the default server is one object that other modules take from here."""
    module.PRODUCTION = module.TelegramAPIServer.from_base(URL)


def telebot_sync(module):
    """pyTelegramBotAPI: two format strings, unset by default."""
    module.API_URL = URL + "/bot{0}/{1}"
    module.FILE_URL = URL + "/file/bot{0}/{1}"


def ptb(module):
    """python-telegram-bot: addresses are arguments, given by the builder or left at the default."""
    import functools
    import inspect

    original = module.Bot.__init__
    signature = inspect.signature(original)

    def elsewhere(value):
        if isinstance(value, str) and value.startswith(REAL):
            return URL + value[len(REAL):]
        return value

    @functools.wraps(original)
    def init(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name in ("base_url", "base_file_url"):
            if name in bound.arguments:
                bound.arguments[name] = elsewhere(bound.arguments[name])
        return original(*bound.args, **bound.kwargs)

    module.Bot.__init__ = init


PATCHES = {
    "aiogram.client.telegram": aiogram,
    "telebot.apihelper": telebot_sync,
    "telebot.asyncio_helper": telebot_sync,
    "telegram._bot": ptb,
    "telegram.bot": ptb,
}


class Patching(importlib.abc.Loader):
    """Loads as the real loader does, then patches."""

    def __init__(self, loader, patch):
        self.loader = loader
        self.patch = patch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        try:
            self.patch(module)
        except Exception as error:  # another version of the library: the bot decides what to do
            print(f"telegram-sim: {module.__name__} is not redirected: {error}", file=sys.stderr)

    def __getattr__(self, name):
        return getattr(self.loader, name)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules to patch; all others are none of its business."""

    def find_spec(self, name, path=None, target=None):
        patch = PATCHES.get(name)
        if patch is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Patching(spec.loader, patch)
        return spec


if URL:
    sys.meta_path.insert(0, Finder())
