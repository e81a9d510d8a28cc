"""A circuit breaker: a part that fails again and again is left alone for a while, then tried by one."""

from collections.abc import Callable
from enum import IntEnum
from time import monotonic

FAILURES = 3  # in a row open it
REST = 10.0  # seconds until one may try again


class State(IntEnum):
    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Closed: everybody asks. Open: nobody does. Half open: one asks, and its answer decides."""

    def __init__(
        self, *, failures: int = FAILURES, rest: float = REST, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._rest, self._clock = failures, rest, clock
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        if self._opened is None:
            return State.CLOSED
        return State.HALF_OPEN if self._clock() - self._opened >= self._rest else State.OPEN

    def may_ask(self) -> bool:
        """Return whether to ask now; in the half-open state only one is told so until it has succeeded or failed."""
        if self.state == State.HALF_OPEN and not self._trying:
            self._trying = True
            return True
        return self.state == State.CLOSED

    def succeeded(self) -> None:
        self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        self._failures, self._trying = self._failures + 1, False
        if self._opened is not None or self._failures >= self._most:
            self._opened = self._clock()
