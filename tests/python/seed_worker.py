"""A worker on the published Python SDK, `avtomatika-worker` 1.0b3, as its own documents say to write one.

The seed-compatibility test starts it against a server of ours: nothing in here may know that the orchestrator is not
the one the SDK was made for. Settings come by the SDK's own environment: ORCHESTRATOR_URL, WORKER_ID, WORKER_TOKEN, and
HEARTBEAT_INTERVAL, TASK_POLL_TIMEOUT where a test is in a hurry. WORK_SECONDS is how long echo_task takes.

    pip install avtomatika-worker==1.0b3
    ORCHESTRATOR_URL=http://127.0.0.1:8080 WORKER_ID=seed-1 WORKER_TOKEN=test-worker-token python seed_worker.py
"""

import asyncio
import logging
import os
import signal
import sys

from avtomatika_worker import Worker

WORK_SECONDS = float(os.environ.get("WORK_SECONDS", "0.1"))

worker = Worker(worker_type="test-worker", max_concurrent_tasks=5)


@worker.task("echo_task")
async def echo_task(params, task_id, job_id, **kwargs):
    """Repeats `message` `multiply` times."""
    print(f"[WORKER] received echo_task {task_id} of job {job_id}: {params}", flush=True)
    message = params.get("message", "default")
    multiply = params.get("multiply", 1)
    await asyncio.sleep(WORK_SECONDS)
    return {
        "status": "success",
        "data": {
            "processed_message": " ".join([message] * multiply),
            "original_message": message,
            "multiplied_by": multiply,
        },
    }


@worker.task("failing_task")
async def failing_task(params, **kwargs):
    """Fails with the error code asked for: a passing fault unless told otherwise."""
    code = params.get("code", "TRANSIENT_ERROR")
    print(f"[WORKER] failing on purpose with {code}", flush=True)
    return {"status": "failure", "error": {"code": code, "message": "Intentional failure for testing"}}


@worker.task("raising_task")
async def raising_task(params, **kwargs):
    """Raises, which the SDK reports as a passing fault."""
    raise RuntimeError("Intentional exception for testing")


def stop(*_):
    # The SDK knows only Ctrl+C; a test stops its children by SIGTERM.
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGTERM, stop)
    print("[WORKER] starting", flush=True)
    worker.run()
