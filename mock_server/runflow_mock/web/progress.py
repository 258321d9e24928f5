"""Progress: whether a client that still sends, or still has to take an answer, does so fast enough to be waited for."""


class Progress:
    """How many bytes have moved on a connection since when; it has stalled where fewer than `bytes_min` did within `seconds_max`.

    One byte now and then is no progress: whoever drips would hold a place, and what is kept for it, for hours.
    """

    __slots__ = ("_bytes_min", "_moved", "_seconds_max", "_since")

    def __init__(self, seconds_max: float, bytes_min: int, since: float, moved: int) -> None:
        self._seconds_max = seconds_max
        self._bytes_min = bytes_min
        self._since = since
        self._moved = moved

    def has_stalled(self, now: float, moved: int) -> bool:
        """Tells whether too little has moved; `moved` is how much has in all."""
        if moved - self._moved >= self._bytes_min:
            self._since, self._moved = now, moved
        return now - self._since > self._seconds_max
