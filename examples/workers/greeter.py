"""A worker in plain HTTP: the task `greet`, with Python's standard library and nothing else.

    WORKER_TOKEN=$(cat avtomatika-data/worker.token) python3 greeter.py

docs/workers.md tells what each request is for. One task at a time; a thread of its own sends heartbeats.
"""

import json
import os
import random
import signal
import threading
import time
from urllib import error, request

URL = os.environ.get("ORCHESTRATOR_URL", "http://127.0.0.1:8080").rstrip("/")
TOKEN = os.environ["WORKER_TOKEN"]
WORKER = os.environ.get("WORKER_ID", "greeter-py")

session = None  # this registration, as the server named it
beat_s = 15.0  # how often the server wants to hear of us
current = None  # the task at hand, from the moment we have it until its result was answered
stop_task = threading.Event()  # nobody waits for that task any more
going_down = threading.Event()


class MustRegister(Exception):
    """The server does not know us, or somebody else took our name."""


class Refused(Exception):
    """The server won't have it, however often it is sent."""


def call(method, path, body=None):
    """One request, sent again until it is answered. What counts only once may be sent twice."""
    data = None if body is None else json.dumps(body).encode()
    pause_s = 0.5
    while True:
        wait_s = pause_s * random.uniform(0.5, 1.5)
        try:
            headers = {"X-Worker-Token": TOKEN, "Content-Type": "application/json"}
            with request.urlopen(request.Request(URL + path, data, headers, method=method), timeout=60) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except error.HTTPError as refusal:
            told = refusal.read().decode(errors="replace")
            if refusal.code == 404 and "WORKER_NOT_FOUND" in told:
                raise MustRegister from None
            if refusal.code != 429 and refusal.code < 500:
                raise Refused(f"{method} {path}: {refusal.code} {told}") from None
            wait_s = float(refusal.headers.get("Retry-After") or wait_s)
        except OSError:
            pass  # the server is away
        time.sleep(wait_s)
        pause_s = min(pause_s * 2, 30)


def register():
    global session, beat_s
    answer = call("POST", "/_worker/workers/register",
                  {"worker_id": WORKER, "worker_type": "greeter", "supported_tasks": ["greet"], "max_concurrent_tasks": 1})
    session, beat_s = answer["session_id"], answer["heartbeat_interval_ms"] / 1000


def beat(status):
    task = current
    running = [{"task_id": task["task_id"], "lease": task["lease"]}] if task else []
    answer = call("PATCH", f"/_worker/workers/{WORKER}",
                  {"session_id": session, "status": status, "load": len(running), "running": running})
    if task and task["task_id"] in answer["cancel_task_ids"] + answer["lost_task_ids"]:
        stop_task.set()


def beats():
    while True:
        time.sleep(beat_s)
        try:
            beat("draining" if going_down.is_set() else "busy" if current else "idle")
        except MustRegister:
            register()


def greet(task):
    name = task["params"].get("name")
    if not isinstance(name, str):
        return {"status": "failure", "error": {"code": "INVALID_INPUT_ERROR", "message": "name must be a string"}}
    # Work in pieces, and look between them whether anybody still waits for it.
    if stop_task.wait(task["params"].get("think_ms", 0) / 1000):
        return {"status": "cancelled"}
    return {"status": "success", "data": {"text": f"Hello, {name}!"}}


def main():
    global current
    signal.signal(signal.SIGTERM, lambda *_: going_down.set())
    register()
    threading.Thread(target=beats, daemon=True).start()
    while not going_down.is_set():
        try:
            task = call("GET", f"/_worker/workers/{WORKER}/tasks/next?timeout=5&session={session}")
        except MustRegister:
            register()
            continue
        if task is None:
            continue
        stop_task.clear()
        current = task
        try:
            result = greet(task)
        except Exception as broke:
            result = {"status": "failure", "error": {"code": "TRANSIENT_ERROR", "message": str(broke)}}
        try:
            call("POST", "/_worker/tasks/result", {"job_id": task["job_id"], "task_id": task["task_id"],
                                                   "lease": task["lease"], "worker_id": WORKER, "result": result})
        except Refused as why:
            print(why, flush=True)  # the job is gone, for instance: nobody waits for this any more
        current = None
    beat("offline")


if __name__ == "__main__":
    try:
        main()
    except Refused as why:
        raise SystemExit(str(why)) from None
