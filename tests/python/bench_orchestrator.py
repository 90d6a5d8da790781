"""The published Python server, `avtomatika` 1.0b30, with one blueprint of one task, for `avtomatika bench`.

It is run as its authors would want it to be measured: no rate limit, no history, nothing logged, and a client whose quota
does not run out. Every job that ends is told of by a datagram, so that the load need not ask for it.

    BENCH_PORT        where it listens on 127.0.0.1
    BENCH_DONE_PORT   where the datagrams go
    BENCH_REDIS_PORT  a Redis of its own, which is emptied first; without it jobs are kept in memory
"""

import asyncio
import logging
import os
import socket

from avtomatika import OrchestratorEngine
from avtomatika.blueprint import Blueprint
from avtomatika.config import Config
from avtomatika.storage.memory import MemoryStorage

CLIENT = "bench-client"
QUOTA = 1_000_000_000

flow = Blueprint("bench", api_endpoint="/jobs/bench")


@flow.handler("start", is_start=True)
async def start(actions):
    actions.dispatch_task(
        task_type="noop",
        params={},
        transitions={"success": "finished", "failure": "failed"},
        timeout_seconds=60,
    )


# Named as the server wants them: any other end counts as a failure there.
@flow.handler("finished", is_end=True)
async def finished(job_id):
    pass


@flow.handler("failed", is_end=True)
async def failed(job_id):
    pass


async def storage():
    port = os.environ.get("BENCH_REDIS_PORT")
    if port is None:
        return MemoryStorage()
    from avtomatika.storage.redis import RedisStorage
    from redis.asyncio import Redis

    # The client's own limit of 5 s would cut the server's polls of 30 s into pieces, and lose tasks with them.
    client = Redis(host="127.0.0.1", port=int(port), socket_timeout=None)
    await client.flushall()
    return RedisStorage(client)


async def main():
    done = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    done.connect(("127.0.0.1", int(os.environ["BENCH_DONE_PORT"])))

    async def tell(job_id, status, state):
        done.send(f"{job_id} {status}".encode())

    config = Config()
    config.API_HOST = "127.0.0.1"
    config.API_PORT = int(os.environ["BENCH_PORT"])
    kept = await storage()
    await kept.save_client_config(CLIENT, {"token": CLIENT, "plan": "bench"})
    await kept.initialize_client_quota(CLIENT, QUOTA)
    engine = OrchestratorEngine(kept, config)
    engine.on_job_finished.append(tell)
    engine.register_blueprint(flow)
    await engine.start()
    logging.disable(logging.CRITICAL)
    await asyncio.Event().wait()


asyncio.run(main())
