"""A worker on the seed era's Python SDK, `avtomatika-worker` 1.0b3, unmodified, for `avtomatika bench`.

Settings come by the SDK's own environment: ORCHESTRATOR_URL, WORKER_ID, WORKER_TOKEN.
"""

import asyncio
import logging

from avtomatika_worker import Worker

logging.disable(logging.CRITICAL)
worker = Worker(worker_type="bench", max_concurrent_tasks=100)


@worker.task("noop")
async def noop(params, **kwargs):
    return {"status": "success", "data": {}}


asyncio.run(worker.main())
