"""What scripts/schemathesis.sh changes of the requests Schemathesis makes."""

import itertools
import re

import schemathesis

NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[ -~\t]{1,255}", key):
        # A key that was used before gives the job of then, whatever the body is: each request gets one of its own.
        case.headers["Idempotency-Key"] = f"key-{next(NUMBERS)}"
    query = case.query if isinstance(case.query, dict) else {}
    for name in ("wait", "timeout"):
        # Waiting for a minute, and for the next, would be all it does. What is no wait stays as it is.
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?(ms|s)?", str(query.get(name))):
            query[name] = "5ms"
    if case.operation.path.endswith("/tasks/next"):
        query.setdefault("timeout", "5ms")
        case.query = query
