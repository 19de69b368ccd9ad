"""Threads that help with one call.

Helpers only take units that the calling thread has not taken yet, so a call ends even if every helper is busy
elsewhere or none can be had. Threads start with the first call that needs them and idle in between.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported when first needed, for it takes a third of fieldgrad's own time
    from concurrent.futures import Future, ThreadPoolExecutor

_MOST_HELPERS = 512
_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None


def _forget() -> None:
    """A forked child has none of its parent's threads."""
    global _executor, _lock
    _executor, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _submit(work: Any, helpers: int) -> list[Future]:
    global _executor
    from concurrent.futures import ThreadPoolExecutor

    with _lock:
        if _executor is None:
            _executor = ThreadPoolExecutor(_MOST_HELPERS, thread_name_prefix="fieldgrad")
    futures: list[Future] = []
    with suppress(RuntimeError):  # no thread to be had, or the interpreter is closing: the caller does the work
        futures += (_executor.submit(work) for _ in range(helpers))
    return futures


def share(call: Any, helpers: int) -> None:
    """Run a call on this thread and up to that many others; any exception stops them all."""
    from concurrent.futures import wait

    futures = _submit(call.work, helpers)
    try:
        call.work(look=True)
        running = [future for future in futures if not future.cancel()]
        wait(running)
        for future in running:
            future.result()
    except BaseException:
        call.stop()
        wait([future for future in futures if not future.cancel()])
        raise
