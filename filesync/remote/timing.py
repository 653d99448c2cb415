"""How patient a client is, and by which clocks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from filesync.errors import Interrupted


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """What a client is told about time; all in seconds. Tests put their own clocks here.

    attempts, patient_attempts, few_attempts  how often one request is sent before its error is
                      believed; the second where the server only says "not yet" (429, a file still
                      processing), the third where hardly anything can change (an unknown host)
    patience          all the waiting between the attempts of one request, at most
    quick_timeout     silence we bear from requests that only look something up
    slow_timeout      the same where the server has much to take in (600 is the official client's)
    stop              set: every wait ends and no new request begins, with Interrupted
    sleep             None waits on `stop`, so that setting it ends the wait at once
    """

    attempts: int = 6
    patient_attempts: int = 20
    few_attempts: int = 3
    patience: float = 300.0
    connect_timeout: float = 5.0
    quick_timeout: float = 120.0
    slow_timeout: float = 600.0
    stop: threading.Event = field(default_factory=threading.Event)
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
