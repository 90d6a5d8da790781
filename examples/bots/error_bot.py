"""A bot that crashes, to see what a crash looks like: the traceback in `logs`, `restarting (n)` in `status`.

    avtomatika-bot start error-bot --simple examples/bots/error_bot.py
    avtomatika-bot logs error-bot
    avtomatika-bot status error-bot

CRASH_AFTER_S says how many seconds it lives: 5 unless set; with 0 it does not even get through its start.
It needs no packages and talks to nobody.
"""

import os
import time


def serve(seconds: float) -> None:
    print(f"Error bot is up; it will crash in {seconds:g} s", flush=True)
    time.sleep(seconds)
    raise ValueError("TEST ERROR")


if __name__ == "__main__":
    serve(float(os.environ.get("CRASH_AFTER_S", "5")))
