"""The Python server of the seed era, `avtomatika` 1.0b6, with one blueprint of one task, for `avtomatika bench`.

As published it completes no job at all. Two of its faults are put right from outside, so that there is something to
measure, both in its favour:

* Its check of a worker's token reads the body through a copy of the request, and nothing is left for the handler of
  results. Here the copy is the request itself, which remembers what was read.
* Its storage in memory breaks when two tasks of one priority wait for one worker. Here no two have the same.

    BENCH_PORT        where it listens on 127.0.0.1
    BENCH_DONE_PORT   where a datagram tells of each job that ends
    BENCH_REDIS_PORT  a Redis of its own, which is emptied first; without it jobs are kept in memory
"""

import asyncio
import itertools
import logging
import os
import socket

from aiohttp import web
from avtomatika import OrchestratorEngine, StateMachineBlueprint
from avtomatika.config import Config
from avtomatika.storage.memory import MemoryStorage

web.Request.clone = lambda request, **changes: request

CLIENT = "bench-client"
QUOTA = 1_000_000_000

done = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
done.connect(("127.0.0.1", int(os.environ["BENCH_DONE_PORT"])))
# The earliest first: a queue in order, which the server itself does not promise.
places = itertools.count()
flow = StateMachineBlueprint("bench", api_endpoint="/jobs/bench")


@flow.handler_for("start", is_start=True)
async def start(context, actions):
    actions.dispatch_task(
        task_type="noop",
        params={},
        transitions={"success": "done", "failure": "failed"},
        timeout_seconds=60,
        priority=-next(places) / 1e9,
    )


# Not called "finished": the server ends a job in a state of that name without running its handler.
@flow.handler_for("done", is_end=True)
async def completed(context):
    done.send(f"{context.job_id} finished".encode())


@flow.handler_for("failed", is_end=True)
async def failed(context):
    done.send(f"{context.job_id} failed".encode())


async def storage():
    port = os.environ.get("BENCH_REDIS_PORT")
    if port is None:
        return MemoryStorage()
    from avtomatika.storage.redis import RedisStorage
    from redis.asyncio import Redis

    client = Redis(host="127.0.0.1", port=int(port))
    await client.flushall()
    return RedisStorage(client)


async def main():
    config = Config()
    config.API_HOST = "127.0.0.1"
    config.API_PORT = int(os.environ["BENCH_PORT"])
    kept = await storage()
    await kept.save_client_config(CLIENT, {"token": CLIENT, "plan": "bench"})
    await kept.initialize_client_quota(CLIENT, QUOTA)
    engine = OrchestratorEngine(kept, config)
    engine.register_blueprint(flow)
    await engine.start()
    logging.disable(logging.CRITICAL)
    await asyncio.Event().wait()


asyncio.run(main())
