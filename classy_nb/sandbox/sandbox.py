"""The sandbox as tests and notebooks hold it: its data, its addresses, its log and its faults."""

from __future__ import annotations

import importlib.util
import math
import secrets
import time
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from . import arrivals, world
from .faults import Faults
from .server import HOST, TOKEN_PATH, Server, Service, Window
from .store import Store
from .token import Tokens

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

    from .server import Request

TODAY = date(2026, 11, 23)
"""The day on which the invented history ends, unless told otherwise."""
_FEWEST = 60
"""Transactions of the smallest organization; the one that the application may not see has this many."""


class Sandbox(Service):
    """A stand-in of the API on loopback, with invented data; start it with ``with`` or ``start``.

    Parameters
    ----------
    transactions
        Transactions of the first organization; everything else scales with it. Further organizations
        are smaller.
    seed
        The same seed, *today* and sizes give the same data.
    latency_ms
        From a data request's arrival to its answer (the same as ``faults.latency_ms``).
    requests_per_minute
        Limit of the application; 0 for none.
    token_lifetime
        Seconds that a token lives.
    client_id, client_secret
        The application's credentials; made up by default.
    port
        Port on 127.0.0.1; 0 for any free one.
    organizations
        How many organizations the application sees. One more, which it may not see, is always there.
    today
        The last day of the data.
    faults
        What goes wrong.
    compression
        Compress answers for clients that offer brotli or gzip (costs time, so it is off by default).
    window_seconds
        Length of the rate limit's window.

    Raises
    ------
    ImportError
        The server library is missing: ``pip install 'classy-nb[demo]'``.
    ValueError
        A number is too small, too large or not finite.
    """

    def __init__(
        self,
        *,
        transactions: int = 60_100,
        seed: int = 1,
        latency_ms: float = 0.0,
        requests_per_minute: int = 1_800,
        token_lifetime: float = 7_200,
        client_id: str | None = None,
        client_secret: str | None = None,
        port: int = 0,
        organizations: int = 1,
        today: date = TODAY,
        faults: Faults | None = None,
        compression: bool = False,
        window_seconds: float = 60.0,
    ) -> None:
        if transactions < _FEWEST:
            raise ValueError(f"transactions must be at least {_FEWEST}.")
        if not 0 <= port < 2**16 or organizations < 1 or requests_per_minute < 0:
            raise ValueError(
                "port must be below 65536, organizations above 0, requests_per_minute not below 0."
            )
        if not all(0 <= number < math.inf for number in (latency_ms, token_lifetime, window_seconds)):
            raise ValueError("latency_ms, token_lifetime and window_seconds must be finite and not below 0.")
        if faults is not None and not isinstance(faults, Faults):
            raise ValueError("faults must be a classy_nb.sandbox.Faults, such as Faults(latency_ms=300).")
        if importlib.util.find_spec("aiohttp") is None:
            raise ImportError("The sandbox needs its server library: pip install 'classy-nb[demo]'")
        self.client_id = client_id or secrets.token_hex(8)
        self.client_secret = client_secret or secrets.token_hex(16)
        self._ahead = 0.0
        self._port = port
        self._server: Server | None = None
        super().__init__(
            store=Store(),
            faults=Faults(seed=seed) if faults is None else faults,
            tokens=Tokens(self.client_id, self.client_secret, token_lifetime, self.clock),
            window=Window(requests_per_minute, self.clock, window_seconds),
            organization_ids=tuple(world.organization_id(n) for n in range(organizations)),
            compression=compression,
        )
        self.faults.latency_ms = latency_ms or self.faults.latency_ms
        self.foreign_organization_id = world.organization_id(organizations)
        self._build(seed, today, transactions, organizations)

    def _build(self, seed: int, today: date, transactions: int, organizations: int) -> None:
        for position in range(organizations + 1):
            smaller = max(_FEWEST, transactions // (20 * position)) if position else transactions
            count = _FEWEST if position == organizations else smaller
            world.build(self.store, seed=seed, today=today, transactions=count, position=position)
        self.store.finish()
        # The first page of transactions should cost no more than the others.
        table = self.store.table("transactions")
        for order in ("t.id", table.order):
            self.store.ids(
                table, "(t.organization_id = :organization)", {"organization": self.organization_id}, order
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = "not started" if self._server is None else self.base_url
        return f"<Sandbox: a stand-in with invented data, {where}>"

    def start(self) -> None:
        """Start serving.

        Raises
        ------
        OSError
            The port is taken.
        """
        if self._server is None:
            self._server = Server(self, self._port)
            self._server.start()

    def stop(self) -> None:
        """Stop serving and forget the data."""
        if self._server is not None:
            self._server.stop()
        self.store.close()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("The sandbox has not been started: use it in a with block, or call start().")
        return self._server

    @property
    def netloc(self) -> str:
        """Host and port of the API."""
        return f"{HOST}:{self._running.port}"

    @property
    def other_port(self) -> int:
        """Port of the other origin (signed files, redirects)."""
        return self._running.other_port

    @property
    def base_url(self) -> str:
        """URL that data paths are appended to."""
        return f"http://{self.netloc}/2.0"

    @property
    def token_url(self) -> str:
        """URL of the token endpoint."""
        return f"http://{self.netloc}{TOKEN_PATH}"

    @property
    def other_url(self) -> str:
        """URL of the other origin."""
        return self._running.other_url

    @property
    def organization_id(self) -> int:
        """Id of the first organization."""
        return self.organization_ids[0]

    def clock(self) -> float:
        """Seconds, monotonic; :meth:`advance` moves them."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass for token lifetimes and the rate limit, at once."""
        self._ahead += seconds

    def revoke_tokens(self) -> None:
        """End all tokens issued so far."""
        self.tokens.revoke()

    @property
    def requests(self) -> list[Request]:
        """The data requests so far, oldest first (the last 100,000)."""
        return [entry for entry in list(self.log) if entry.path.rstrip("/") != TOKEN_PATH]

    @property
    def token_requests(self) -> int:
        """How many token requests came so far."""
        return sum(entry.path.rstrip("/") == TOKEN_PATH for entry in list(self.log))

    def reset_log(self) -> None:
        """Forget the requests so far."""
        self.log.clear()

    def truth(self, name: str, organization: int | None = None) -> list[dict[str, Any]]:
        """Return all records of a kind as they are served, in the order of their ids.

        Parameters
        ----------
        name
            A name of :attr:`kinds`, such as ``transactions`` or ``transaction_items``.
        organization
            Its id; the first organization by default.
        """
        table = self.store.table(name)
        owner = "t.id" if name == "organizations" else "t.organization_id"
        wanted = self.organization_id if organization is None else organization
        ids = self.store.ids(table, f"{owner} = :owner", {"owner": wanted}, "t.id")
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), 5_000):
            part = ids[start : start + 5_000]
            found += self.store.records(table, part)
        return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of all kinds of records."""
        return self.store.names

    @property
    def database(self) -> sqlite3.Connection:
        """A read-only copy of the data as of now: one view of each kind, as it is served."""
        return self.store.snapshot()

    def insert_transactions(self, count: int, organization: int | None = None) -> list[int]:
        """Let *count* gifts arrive now; return their ids, greater than all before."""
        return arrivals.insert_transactions(self.store, organization or self.organization_id, count)

    def refund_transactions(self, count: int, organization: int | None = None) -> list[int]:
        """Refund *count* gifts, spread over the whole list; return their ids."""
        return arrivals.refund_transactions(self.store, organization or self.organization_id, count)

    def delete_transactions(self, count: int, organization: int | None = None) -> list[int]:
        """Delete *count* transactions, spread over the whole list; return their ids."""
        return arrivals.delete_transactions(self.store, organization or self.organization_id, count)

    def change_records(
        self, kind: str, count: int, organization: int | None = None, *, dated: bool = True
    ) -> list[int]:
        """Change a value in *count* records, spread over the whole list; return their ids.

        Parameters
        ----------
        kind
            ``transactions`` (the comment), ``supporters`` (the nickname), ``campaigns`` (the external id),
            ``fundraising_pages`` (the title) or ``fundraising_teams`` (the name).
        count
            How many.
        organization
            Whose; the first one by default.
        dated
            Whether ``updated_at`` says so.
        """
        owner = organization or self.organization_id
        return arrivals.change_records(self.store, owner, kind, count, dated=dated)
