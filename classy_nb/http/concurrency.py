"""How many requests may be in flight at the same time: one number, shared by all lists of a connection.

`RateLimit` takes a slot for each GET; `HttpClient` returns it and reports how the request ended; pagination
cuts a list into as many ranges as there are slots. The number is found the way TCP finds its window:

- Slow start (Jacobson, "Congestion avoidance and control", 1988): begin with a few requests and double them
  after each round trip. By Little's law, throughput is the requests in flight divided by their mean time. If
  doubling brings no more of it in two rounds, the smaller number is kept for a while. Such a plateau also
  ends the startup of BBR (Cardwell et al., 2016), and Netflix's concurrency-limits also compares mean times.
- Multiplicative decrease, additive increase (Chiu and Jain, 1989): half as many after a 429, a 5xx or a
  failure, then one more with each round trip. A number at which requests were refused is not tried again for
  a minute.

Only comparable responses are compared: same path, about the same size, because a page of ten records takes
less time than one of a hundred. Rates are not decided here: requests that wait for `RateLimit` do not count.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .fork import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .cancel import Cancel

MOST_AT_ONCE = 32
_FEW = 4
_MINUTE = 60.0
"""Seconds for which a refusal is remembered; after that long without a request, the search begins again."""
_GAIN = 1.05
"""A larger number must bring at least this many times the throughput."""
_LOSS = 0.5
"""If it brings less than this share, one look is enough."""
_MORE = 1.5
"""How many times as large a number must be to compare it with a smaller one."""
_SLOWER = 2.0
"""How many times slower the same number of requests must become before a smaller number is sought."""
_LOOKS = 2
"""Rounds in a row that must agree: one alone may be a hiccup of the network, or of this computer."""
_HOLD = 8.0
"""Seconds until a larger number that brought nothing is tried again; doubled each time, up to a minute."""
_HELD_TRIPS = 16
"""The smaller number is kept for at least this many round trips, because finding out takes a few."""
_SLOW = 2.0
"""If a lone page takes longer than this many seconds, the number grows without waiting for round trips."""
_PATIENCE = 0.3
"""Seconds after which the number then doubles: a refusal would have arrived by then."""
_TAKEN_BACK = 4.0
"""How many times slower than a lone one a response must be to undo that."""
_POLL = 0.1
_MOST_KINDS = 200
_OK = 200
_REFUSED = (429, 503)
_FAILED = 500

Kind = tuple[str, int]
"""Path, and size of the response as a power of two: such requests take about the same time."""


class Sent(NamedTuple):
    """A request in flight: when it was sent, how many were in flight then, and in which round."""

    at: float
    number: int
    round: int


@dataclass
class _Times:
    """Sums over some responses: how long they took, and how many requests were in flight at the time."""

    count: int = 0
    seconds: float = 0.0
    numbers: int = 0

    def add(self, other: _Times) -> None:
        self.count += other.count
        self.seconds += other.seconds
        self.numbers += other.numbers

    @property
    def mean(self) -> float:
        return self.seconds / self.count

    @property
    def throughput(self) -> float:
        """Responses a second, by Little's law."""
        return self.numbers / max(self.seconds, 1e-9)  # some clocks stand still for milliseconds


@dataclass
class _Found:
    """What is known about the number since the start or a long pause."""

    number: int = _FEW
    doubling: bool = True
    round: int = 0
    """Counts changes of the number: requests sent before the latest change say nothing about it."""
    since: float = 0.0
    times: dict[Kind, _Times] = field(default_factory=dict)
    """Of the responses in this round, by kind."""
    known: dict[Kind, dict[int, _Times]] = field(default_factory=dict)
    """The same for earlier rounds, by the number at the time."""
    looks: int = 0
    hold: float = _HOLD
    held: bool = False
    hold_until: float = float("-inf")
    """How long a number is kept after a larger one brought nothing, whether one is being kept, until when."""
    alone: float = 0.0
    """Seconds that the latest lone request took."""
    unproven: bool = False
    """Whether the number has grown without waiting for responses."""
    patient: bool = False
    """Whether that turned out to be wrong."""


class Concurrency:
    """Finds how many requests may be in flight; thread-safe.

    Parameters
    ----------
    most
        The number is never larger.
    clock
        Monotonic seconds.
    """

    def __init__(self, most: int = MOST_AT_ONCE, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._free = threading.Condition()
        self._under_way = 0
        self._ended = clock()
        """When the last request ended."""
        self._most_accepted, self._refused_until = most, float("-inf")
        """How many requests were accepted when others were refused, and until when that holds."""
        self._backed_off = -1
        """The round in which the number was last halved."""
        self._halved = self._burst = self._refusals = 0
        """At that time: the number, how many requests were in flight, and how many of them were refused."""
        self._found = _Found(min(_FEW, most), since=clock())
        renew_after_fork(self, Concurrency._after_fork)

    def _after_fork(self) -> None:
        """Keep the number in a forked process; the requests in flight are the parent's."""
        self._free = threading.Condition()
        self._under_way = 0

    @property
    def number(self) -> int:
        """How many requests may be in flight now."""
        with self._free:
            self._grow_while_answers_are_slow(self._clock())
            return self._found.number

    def take(self) -> Sent | None:
        """Take a slot for a request that is sent now; return None if none is free."""
        with self._free:
            now = self._clock()
            if not self._under_way and now > self._ended + _MINUTE:
                self._found = self._afresh(now)
            self._grow_while_answers_are_slow(now)
            if self._under_way >= self._found.number:
                return None
            self._under_way += 1
            return Sent(now, self._under_way, self._found.round)

    def wait(self, cancel: Cancel | None = None) -> None:
        """Wait until there may be a slot.

        Raises
        ------
        InterruptedFetchError
            The fetch was canceled.
        """
        with self._free:
            if self._under_way >= self._found.number:
                self._free.wait(_POLL)
        if cancel is not None:
            cancel.check()

    def release(
        self, sent: Sent, path: str = "", status: int | None = None, size: int = 0, *, ended: bool = True
    ) -> None:
        """Give a slot back, and report how its request ended.

        Parameters
        ----------
        sent
            What :meth:`take` returned.
        path, status, size
            What was requested, and the response's status and bytes; no status if the request failed.
        ended
            False if it was cut off on this side, which says nothing about the server.
        """
        with self._free:
            now = self._ended = self._clock()
            busy = max(sent.number, self._under_way)
            self._under_way = max(0, self._under_way - 1)  # in a forked process it may be the parent's
            if ended and status in _REFUSED:
                self._refused(sent, busy, now)
            elif ended and (status is None or status >= _FAILED):
                self._back_off(sent, busy, now)
            elif ended and status == _OK:
                self._answered(sent, (path, size.bit_length()), busy, now)
            self._free.notify_all()

    def _afresh(self, now: float) -> _Found:
        return _Found(min(_FEW, self.most), round=self._found.round + 1, since=now)

    def _back_off(self, sent: Sent, busy: int, now: float) -> None:
        # A lone request cannot be too many; of requests that were in flight together, only the first counts.
        if busy > 1 and sent.round > self._backed_off:
            found = self._found
            self._backed_off, self._halved, self._refusals = found.round, found.number, 0
            found.doubling = False
            self._set(max(1, found.number // 2), now)

    def _refused(self, sent: Sent, busy: int, now: float) -> None:
        self._back_off(sent, busy, now)
        if busy > 1 and sent.round <= self._backed_off:
            # What was let through at the same time is what the server takes. If hardly anything was, the rate
            # was too high.
            self._burst = max(busy, self._burst) if self._refusals else busy
            self._refusals += 1
            self._most_accepted = max(1, self._halved // 2, self._burst - self._refusals)
            self._refused_until = now + _MINUTE

    def _answered(self, sent: Sent, kind: Kind, busy: int, now: float) -> None:
        found, seconds = self._found, now - sent.at
        if busy == 1:
            found.alone = seconds
            if kind not in found.known:
                # A list that has not been read yet: what the server takes for others says nothing about it.
                if len(found.known) >= _MOST_KINDS:
                    found.known.clear()
                found.known[kind] = {1: _Times(1, seconds, 1)}
                if now >= self._refused_until:
                    self._found = self._afresh(now)
                    self._found.known, self._found.alone = found.known, seconds
                return
        alone = found.known.get(kind, {}).get(1)
        if found.unproven and alone is not None and seconds > _TAKEN_BACK * alone.mean:
            found.patient, found.unproven = True, False
            self._set(max(1, min(_FEW, int(found.number * alone.mean / seconds))), now)
            return
        if sent.round != found.round or 2 * sent.number <= found.number:
            return  # sent before the number changed, or when fewer were under way
        found.times.setdefault(kind, _Times()).add(_Times(1, seconds, sent.number))
        if 2 * sum(times.count for times in found.times.values()) >= found.number:
            self._end_round(now)

    def _end_round(self, now: float) -> None:
        found = self._found
        better: list[int] = []
        worse = slower = far = 0
        for kind, times in found.times.items():
            known = found.known.setdefault(kind, {})
            here = known.setdefault(found.number, _Times())
            if here.count and times.mean > _SLOWER * here.mean:
                slower += times.count
                continue
            here.add(times)
            fewer = [(was.throughput, few) for few, was in known.items() if few * _MORE <= found.number]
            most, number = max(fewer, default=(0.0, 0))
            if here.throughput < _GAIN * most:
                worse += times.count
                far += times.count if times.throughput < _LOSS * most else 0
                better.append(number)
        answers = sum(times.count for times in found.times.values())
        round_trip = sum(times.seconds for times in found.times.values()) / answers
        kinds, found.times = list(found.times), {}
        if 2 * max(worse, slower) <= answers:
            found.looks, found.unproven = 0, False
            if found.held and now >= found.hold_until:
                # Even the smaller number may have been too large: begin again with half of it.
                found.held = False
                self._forget(kinds)
                self._set(max(1, found.number // 2), now)
            elif now >= found.hold_until:
                self._grow(now)
            return
        found.looks += _LOOKS if 2 * far > answers else 1
        if found.looks < _LOOKS:
            return
        if 2 * worse > answers:
            found.held, found.hold_until = True, now + max(found.hold, _HELD_TRIPS * round_trip)
            found.hold = min(2 * found.hold, _MINUTE)
            wanted = max(better)
            self._forget(kinds, wanted)
        else:
            # It is no longer fast: check whether half as many bring the same throughput.
            wanted = max(1, found.number // 2)
            self._forget(kinds)
        self._set(wanted, now)

    def _forget(self, kinds: Iterable[Kind], number: int = 0) -> None:
        """Forget how long these kinds take with at least *number* requests in flight."""
        for kind in kinds:
            known = self._found.known[kind]
            self._found.known[kind] = {few: times for few, times in known.items() if few < number}

    def _grow(self, now: float) -> None:
        most = min(self.most, self._most_accepted) if now < self._refused_until else self.most
        number = self._found.number
        wanted = min(most, 2 * number if self._found.doubling else number + 1)
        if wanted > number:
            self._set(wanted, now)

    def _grow_while_answers_are_slow(self, now: float) -> None:
        """Double the number without waiting for whole round trips if they take seconds."""
        found = self._found
        if not found.doubling or found.patient or found.alone <= _SLOW or now < found.hold_until:
            return
        if now - max(found.since, self._ended) > _PATIENCE and self._under_way >= found.number:
            found.unproven = True
            self._grow(now)

    def _set(self, number: int, now: float) -> None:
        found = self._found
        found.number, found.since = number, now
        found.round += 1
        found.times, found.looks = {}, 0
        self._free.notify_all()
