"""Client id and secret: from arguments, the environment or a ``.env`` file, and back into one."""

from __future__ import annotations

from .credentials import Credentials
from .settings import BASE_URL, TOKEN_URL, VENDOR_HOSTS

__all__ = ["BASE_URL", "TOKEN_URL", "VENDOR_HOSTS", "Credentials"]
