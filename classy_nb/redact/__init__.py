"""What is secret, what is personal, and how both are kept out of sight.

Text, JSON values, paths and exceptions go in; the same come out with secrets and personal data masked or
cleared. Messages, logs, the explorer's preview and the tests' cassettes use the same lists; every public
entry of the package has :func:`clear_tracebacks`. Standard library only.
"""

from __future__ import annotations

from .keys import PERSONAL_KEYS, SECRET_HEADERS, SECRET_KEYS, is_personal, redact
from .secret import MASK, Secret
from .text import safe_path, scrub
from .tracebacks import clear_tracebacks

__all__ = [
    "MASK",
    "PERSONAL_KEYS",
    "SECRET_HEADERS",
    "SECRET_KEYS",
    "Secret",
    "clear_tracebacks",
    "is_personal",
    "redact",
    "safe_path",
    "scrub",
]
