"""What the login form and the prompts ask of the client, which is above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from classy_nb.redact import Secret


class Session(Protocol):
    """Logged in; the organization may still have to be chosen."""

    organizations: Mapping[int, str]
    """What there is to choose from, at least one: id to name (which may be blank)."""
    notes: Sequence[str]
    """What was odd about the credentials."""

    def save(self, organization: int) -> Sequence[str]:
        """Write the credentials into the file; return what is odd about that."""

    def connect(self, organization: int) -> None:
        """Make the connection usable."""

    def close(self) -> None:
        """Give up: close the connections."""


class Connector(Protocol):
    """Logs in with what people type."""

    host: str
    """Who is asked."""
    live: bool
    """Whether that is the vendor."""
    file: Path
    """Where credentials are remembered, if people want that."""
    file_name: str
    """The same as the caller wrote it."""

    def log_in(self, client_id: Secret, client_secret: Secret) -> Session:
        """Log in and list the organizations."""

    def start_sandbox(self) -> str:
        """Start a sandbox, connect to it, and return its organization's name."""
