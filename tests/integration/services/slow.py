"""A service that takes its time to be imported."""

import gc
import time

SECONDS = 0.5

if __name__ == "slow":  # in a worker; a test reads the seconds alone
    time.sleep(SECONDS)


class Service:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self._asked = 0

    def collects(self) -> bool:
        """Whether garbage is collected meanwhile."""
        return gc.isenabled()

    def asked(self) -> int:
        """How often so far."""
        self._asked += 1
        return self._asked
