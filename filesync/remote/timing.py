"""Timeouts, numbers of attempts, and the clocks of a client."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from filesync.errors import Interrupted


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Everything about time, in seconds, and how much at once. Tests pass their own clocks.

    attempts, patient_attempts, few_attempts  how often one request is sent before it fails; the
                      second if the server only says "not yet" (429, a file still processing), the
                      third if a change is unlikely (an unknown host, JSON that is not the API's)
    patience          the most time that a whole run waits because the server says "not yet"
    dark              the longest time without any good answer; then the server counts as down
    quick_timeout     how long the server may be silent in requests that only look something up
    slow_timeout      the same for requests with a large body (600 as the official client)
    read_timeout, error_timeout  in which an answer must be there, whole, once it has begun
    stop              if set, every wait ends and no new request begins; both raise Interrupted
    at_once           the most requests under way at the same moment, None for as many as threads
                      ask; downloads are not counted
    may_write         called before each request that changes something; may raise
    sleep             None waits on `stop`, so that setting it ends the wait at once
    """

    attempts: int = 6
    patient_attempts: int = 20
    few_attempts: int = 3
    patience: float = 300.0
    dark: float = 55.0
    connect_timeout: float = 5.0
    quick_timeout: float = 45.0
    slow_timeout: float = 600.0
    read_timeout: float = 120.0
    error_timeout: float = 5.0
    at_once: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    may_write: Callable[[], None] = lambda: None
    sleep: Callable[[float], object] | None = None
    monotonic: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random

    def check_stop(self) -> None:
        """Raise Interrupted if the run is being stopped."""
        if self.stop.is_set():
            raise Interrupted("interrupted")

    def pause(self, seconds: float) -> None:
        """Wait, or raise Interrupted as soon as the run is being stopped."""
        self.check_stop()
        (self.sleep or self.stop.wait)(seconds)
        self.check_stop()
