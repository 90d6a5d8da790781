"""A worker on the published Python SDK that goes with that server, `avtomatika-worker` 1.0b20, for `avtomatika bench`.

Settings come by the SDK's own environment: ORCHESTRATOR_URL, WORKER_ID, WORKER_TOKEN.
"""

import asyncio

from avtomatika_worker import Worker

worker = Worker(worker_type="bench", max_concurrent_tasks=100)


@worker.skill("noop")
async def noop(params: dict):
    return {"status": "success", "data": {}}


asyncio.run(worker.main())
