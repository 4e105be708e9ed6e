"""How many bytes of requests are held at once, of all contracts and of each: who asks for more is told to wait."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOBUFS
from threading import Lock


class Share:
    """What one request holds."""

    def __init__(self, all_of_them: "InFlight", contract_id: int) -> None:
        self._all, self._contract_id = all_of_them, contract_id
        self.size_bytes = 0

    def more(self, size_bytes: int) -> None:
        """It is about to hold so many bytes more. OSError if that is too much just now."""
        self._all.take(self._contract_id, size_bytes)
        self.size_bytes += size_bytes


class InFlight:
    """The requests of one process. May be used by several threads."""

    def __init__(self, *, total_bytes: int, contract_bytes: int) -> None:
        self._total_bytes, self._contract_bytes = total_bytes, contract_bytes
        self._held: Counter[int] = Counter()
        self._lock = Lock()

    @contextmanager
    def share(self, contract_id: int) -> Iterator[Share]:
        """One request's share, which is given back at the end."""
        share = Share(self, contract_id)
        try:
            yield share
        finally:
            with self._lock:
                self._held[contract_id] -= share.size_bytes
                if not self._held[contract_id]:
                    del self._held[contract_id]

    def take(self, contract_id: int, size_bytes: int) -> None:
        """Count so many bytes more. OSError if that is too much, for the contract or for all of them."""
        with self._lock:
            mine, total = self._held[contract_id] + size_bytes, self._held.total() + size_bytes
            if mine > self._contract_bytes or total > self._total_bytes:
                raise OSError(ENOBUFS, "as many bytes as may be are under way")
            self._held[contract_id] = mine
