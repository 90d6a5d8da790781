"""Gives a server jobs to be asked about: one in each state that jobs rest in. Prints their ids, quoted.

    python seed.py URL CLIENT-TOKEN WORKER-TOKEN
"""

import json
import sys
import time
import urllib.request

URL, CLIENT, WORKER = sys.argv[1:]
TASKS = ["check_stock", "check_credit", "greeting"]


def ask(method, path, body=None, token=("X-Avtomatika-Token", CLIENT)):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {token[0]: token[1], "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def work(method, path, body=None):
    return ask(method, path, body, ("X-Worker-Token", WORKER))


def post(path, body):
    return ask("POST", path, body)["job_id"]


def until(job, *statuses):
    for _ in range(200):
        status = ask("GET", f"/api/jobs/{job}")["status"]
        if status in statuses:
            return
        time.sleep(0.05)
    sys.exit(f"job {job} is {status}, not {' or '.join(statuses)}")


def report(how):
    """Does whatever task there is."""
    task = work("GET", "/_worker/workers/somebody/tasks/next?timeout=10s")
    result = {"job_id": task["job_id"], "task_id": task["task_id"], "worker_id": "somebody", "lease": task["lease"], "result": how}
    work("POST", "/_worker/tasks/result", result)


work("POST", "/_worker/workers/register", {"worker_id": "somebody", "supported_tasks": TASKS})
jobs = {}

order = {"sku": "s", "quantity": 2, "price": 900}
jobs["waiting_for_human"] = post("/api/v1/jobs/order", order)
report({"status": "success", "data": {"reserved": "r"}})
report({"status": "success", "data": {}})
until(jobs["waiting_for_human"], "waiting_for_human")

jobs["quarantined"] = post("/api/v1/jobs/greet", {"name": "Ann"})
report({"status": "failure", "error": {"code": "PERMANENT_ERROR", "message": "no greeting fits"}})
until(jobs["quarantined"], "quarantined")

jobs["waiting_for_parallel_tasks"] = post("/api/v1/jobs/thumbnails", {"images": ["a", "b"]})
jobs["waiting_for_worker"] = post("/api/v1/jobs/greet", {"name": "Ann"})
jobs["waiting_for_event"] = post("/api/v1/jobs/payment", {"invoice": "i", "due": "2030-01-01T00:00:00Z"})
jobs["waiting_for_sub_job"] = post("/api/jobs/onboarding", {"user": "u", "name": "Ann"})
jobs["failed"] = post("/api/v1/jobs/greet", {})
jobs["completed"] = post("/api/v1/jobs/test", {"message": "hello"})
jobs["cancelled"] = post("/api/v1/jobs/import", {"source": "s"})
ask("POST", f"/api/jobs/{jobs['cancelled']}/cancel")
for status in ("completed", "failed", "cancelled", "waiting_for_sub_job", "waiting_for_event"):
    until(jobs[status], status)

for job in jobs.values():
    print(json.dumps(job))
