"""What can be made to go wrong, at construction or while the sandbox runs."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE_TIME = {
    "ok": "an ordinary answer (a placeholder in a script)",
    "500": "500 with {}",
    "500_message": "500 with success and message",
    "500_error": "500 with error and message",
    "500_text": "500 with the plain text `Server error!`",
    "502": "502 with a page of the gateway",
    "503": "503 with JSON of the gateway",
    "504": "504 with a page of the gateway",
    "429": "429 with Retry-After, X-RateLimit-Reset and retry_after",
    "429_body": "429 with retry_after in the body only",
    "429_bare": "429 that says nothing about when",
    "throttle_503": "503 as the old rate-limit status, without a body",
    "401": "401 invalid_token, although the token is good",
    "revoke": "the token is revoked: this and later requests with it get 401",
    "cloudflare": "403 page of the firewall",
    "redirect": "302 to another origin",
    "reset": "connection reset before an answer",
    "reset_body": "connection reset in the middle of the body",
    "short": "connection closed before Content-Length is reached",
    "truncated": "200 with JSON that ends in the middle",
    "truncated_gzip": "200 with a gzip body that ends in the middle",
    "html": "200 with a page",
    "empty_body": "200 without a body",
    "error_200": "200 with an error inside",
    "stall": "no answer for stall_seconds, then the connection closes",
    "drip": "a good answer, dripping: its first bytes one by one over stall_seconds",
}
"""Faults that happen to single requests: names for ``script`` and ``rates``."""


@dataclass
class Faults:
    """Everything that can go wrong; the attributes may be changed while the sandbox runs.

    Parameters
    ----------
    latency_ms
        Milliseconds before every data answer.
    slow
        Milliseconds *for each row of the page size* (``per_page``), by a part of the path:
        ``{"supporters": 30}`` makes a page of 100 supporters take 3 s.
    load_ms, load_power
        Milliseconds more for a data answer when others are under way: ``load_ms * others ** load_power``.
        With power 1 each further request at once brings less, with power 2 too many are slower than few.
    most_at_once
        How many data requests are answered at the same time: others get 429, at once. 0: any number.
    script
        Names of :data:`ONE_TIME`, one for each coming data request; used up in order.
    token_script
        The same for token requests (only those that make sense there).
    rates
        Probability of each name of :data:`ONE_TIME`, for every data request the script leaves alone.
    seed
        For the draws.
    retry_after
        Seconds that a scripted or drawn 429 asks to wait, or one above ``most_at_once``.
    stall_seconds
        How long ``stall`` and ``drip`` take.
    insert_per_request, delete_per_request
        Transactions that arrive or vanish (on average) before each answer to a list of transactions.
    """

    latency_ms: float = 0.0
    slow: dict[str, float] = field(default_factory=dict)
    load_ms: float = 0.0
    load_power: float = 1.0
    most_at_once: int = 0
    script: deque[str] = field(default_factory=deque)
    token_script: deque[str] = field(default_factory=deque)
    rates: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    retry_after: int = 1
    stall_seconds: float = 30.0
    insert_per_request: float = 0.0
    delete_per_request: float = 0.0

    rate_headers: bool = True
    """X-RateLimit-Limit and -Remaining on every data answer (documented; absent in the recordings)."""
    rate_limit_style: Literal["headers", "body", "bare", "503"] = "headers"
    cloudflare: Literal["off", "default_agents", "all"] = "off"
    member_only: Literal["answer", "401", "403"] = "answer"
    deprecated: Literal["answer", "gone"] = "answer"

    key_filter: Literal["work", "ignore", "reject"] = "work"
    """What happens to ``filter=id>N``."""
    unknown_attribute: Literal["reject", "ignore", "500"] = "reject"
    """What happens to an attribute that does not exist, in filter or sort."""
    unknown_include: Literal["ignore", "reject"] = "ignore"
    per_page_over: Literal["clamp", "reject"] = "clamp"
    """What happens to per_page above 100."""
    page_beyond: Literal["empty", "404"] = "empty"
    ignore_page: bool = False
    """Every page is page 1."""
    next_page_url: Literal["full", "page_only", "relative", "other_host", "missing"] = "full"
    empty_as_one: bool = False
    """An empty list says from, to and total 1."""
    total_off_by: int = 0
    duplicate_rows: int = 0
    """This many rows of each page come twice (in place of its last rows)."""
    active_as_text: bool = False
    queries_log: bool = False
    missing_keys: tuple[str, ...] = ()
    extra_keys: dict[str, object] = field(default_factory=dict)
    flip_types: bool = False
    """Numbers come as text, and text of digits as numbers, in every third row."""
    null_where_never: bool = False
    """Some columns that are declared never null are null in every fifth row."""

    expires_in: Literal["number", "text", "missing"] = "number"
    token_type: str = "bearer"  # noqa: S105 - the word, not a secret
    refresh_tokens: bool = False
    """Token answers bring a refresh token."""
    one_token: bool = False
    """A new token ends the ones before it."""

    def __post_init__(self) -> None:
        self.script = deque(self._known(self.script))
        self.token_script = deque(self._known(self.token_script))
        self._known(self.rates)
        if not all(0 <= rate <= 1 for rate in self.rates.values()):
            raise ValueError("The rate of a fault is the share of requests that have it: from 0 to 1.")
        self._random = random.Random(self.seed)  # noqa: S311 - not a secret
        self._lock = threading.Lock()

    @staticmethod
    def _known(names: Iterable[str]) -> list[str]:
        names = list(names)
        unknown = [name for name in names if name not in ONE_TIME]
        if unknown:
            raise ValueError(f"No such fault: {', '.join(unknown)}. Choose from: {', '.join(ONE_TIME)}.")
        return names

    def then(self, *names: str) -> None:
        """Add to the script: the coming data requests get these, one each."""
        self.script.extend(self._known(names))

    def then_token(self, *names: str) -> None:
        """Add to the script of token requests."""
        self.token_script.extend(self._known(names))

    def clear(self) -> None:
        """Set every attribute back to its default."""
        fresh = Faults(seed=self.seed)
        for entry in fields(self):
            setattr(self, entry.name, getattr(fresh, entry.name))

    def draw(self) -> str | None:
        """Return what happens to the next data request, or None."""
        with self._lock:
            if self.script:
                name = self.script.popleft()
                return None if name == "ok" else name
            point = self._random.random() if self.rates else 1.0
            for name, rate in self.rates.items():
                point -= rate
                if point < 0:
                    return name
        return None

    def draw_token(self) -> str | None:
        """Return what happens to the next token request, or None."""
        with self._lock:
            name = self.token_script.popleft() if self.token_script else None
        return None if name == "ok" else name

    def count(self, mean: float) -> int:
        """Draw a whole number with this mean."""
        whole = int(mean)
        with self._lock:
            return whole + (self._random.random() < mean - whole)

    def wait_ms(self, path: str, per_page: int, others: int = 0) -> float:
        """Milliseconds to wait before answering, *others* being under way."""
        alone = self.latency_ms + sum(ms * per_page for part, ms in self.slow.items() if part in path)
        return alone + self.load_ms * float(others**self.load_power)
