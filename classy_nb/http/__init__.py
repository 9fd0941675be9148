"""One request and its answer: token, rate limit, retries, errors.

A path with its parameters comes in; JSON, or an error of this package, goes out. Pagination and the client
call `HttpClient.get`, with one `Cancel` for each fetch. `connect` builds the `HttpClient` and hands it a
`TokenAuth`.
"""

from .auth import Token, TokenAuth, origin_of
from .cancel import Cancel
from .client import TIMEOUT, HttpClient
from .concurrency import MOST_AT_ONCE, Concurrency
from .fork import renew_after_fork
from .rate_limit import DEFAULT_LIMIT, RateLimit
from .responses import kind_of, message_of, words_of
from .retry import MOST_REPEATS, RetryPolicy

__all__ = [
    "DEFAULT_LIMIT",
    "MOST_AT_ONCE",
    "MOST_REPEATS",
    "TIMEOUT",
    "Cancel",
    "Concurrency",
    "HttpClient",
    "RateLimit",
    "RetryPolicy",
    "Token",
    "TokenAuth",
    "kind_of",
    "message_of",
    "origin_of",
    "renew_after_fork",
    "words_of",
]
