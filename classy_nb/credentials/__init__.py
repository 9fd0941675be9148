"""Client id and secret: found, validated, and saved.

Arguments, the environment, a ``.env`` file or a secret store come in; a :class:`Credentials` comes out,
checked and with a masked secret. The client's ``connect``, ``demo`` and ``login`` call this room, and nothing
in it talks to the API.
"""

from __future__ import annotations

from .credentials import Credentials
from .dotenv_file import git_state
from .stores import COLAB, KEYRING, NO_RUNTIME, SystemKeyring, read_scope
from .validation import BASE_URL, TOKEN_URL, VENDOR_HOSTS, checked_timezone

__all__ = [
    "BASE_URL",
    "COLAB",
    "KEYRING",
    "NO_RUNTIME",
    "TOKEN_URL",
    "VENDOR_HOSTS",
    "Credentials",
    "SystemKeyring",
    "checked_timezone",
    "git_state",
    "read_scope",
]
