"""Classy (GoFundMe Pro) data as typed pandas DataFrames, from a notebook. Read-only.

::

    import classy_nb as cn

    classy = cn.connect()                       # credentials from .env or the environment
    gifts = classy.transactions(since=2026, where="status = success")
    cn.to_csv(gifts, "gifts.csv")

``cn.demo()`` instead of ``cn.connect()`` needs no account: it starts a sandbox with invented data.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

TYPE_CHECKING = False  # as typing has it, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from . import analysis
    from .client import Classy, Demo, Resource, connect, demo, login
    from .client.finding import find
    from .credentials import Credentials
    from .errors import (
        BadRequestError,
        BlockedError,
        ClassyError,
        ClassyWarning,
        ConnectionClosedError,
        ConnectionFailedError,
        ConnectionSetupError,
        CredentialsError,
        CredentialsWarning,
        DataWarning,
        DeprecatedEndpointWarning,
        ExportError,
        IncompleteResultError,
        InterruptedFetchError,
        LoginError,
        MemberOnlyError,
        MirrorError,
        NoSuchPathError,
        NotFoundError,
        NotLoggedInError,
        NotPicklableError,
        PermissionDeniedError,
        QueryWarning,
        RateLimitedError,
        RedirectRefusedError,
        ResponseError,
        ServerError,
        TimedOutError,
        UnauthorizedError,
        UnexpectedAnswerError,
        UsageError,
        show_versions,
    )
    from .export import read_csv, to_csv, to_excel, to_parquet
    from .frames import explode
    from .mirror import Mirror, dlt_source, open_mirror
    from .spark import spark_source

# Imported when first used: `import classy_nb` reads no file but its own and starts in milliseconds.
_HOMES = {
    **dict.fromkeys(("Classy", "Demo", "Resource", "connect", "demo", "login"), ".client"),
    "find": ".client.finding",
    "Credentials": ".credentials",
    "explode": ".frames",
    **dict.fromkeys(("Mirror", "dlt_source", "open_mirror"), ".mirror"),
    "spark_source": ".spark",
    **dict.fromkeys(("read_csv", "to_csv", "to_excel", "to_parquet"), ".export"),
}

__all__ = [
    "BadRequestError",
    "BlockedError",
    "Classy",
    "ClassyError",
    "ClassyWarning",
    "ConnectionClosedError",
    "ConnectionFailedError",
    "ConnectionSetupError",
    "Credentials",
    "CredentialsError",
    "CredentialsWarning",
    "DataWarning",
    "Demo",
    "DeprecatedEndpointWarning",
    "ExportError",
    "IncompleteResultError",
    "InterruptedFetchError",
    "LoginError",
    "MemberOnlyError",
    "Mirror",
    "MirrorError",
    "NoSuchPathError",
    "NotFoundError",
    "NotLoggedInError",
    "NotPicklableError",
    "PermissionDeniedError",
    "QueryWarning",
    "RateLimitedError",
    "RedirectRefusedError",
    "Resource",
    "ResponseError",
    "ServerError",
    "TimedOutError",
    "UnauthorizedError",
    "UnexpectedAnswerError",
    "UsageError",
    "__version__",
    "analysis",
    "connect",
    "demo",
    "dlt_source",
    "explode",
    "find",
    "login",
    "open_mirror",
    "read_csv",
    "show_versions",
    "spark_source",
    "to_csv",
    "to_excel",
    "to_parquet",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "analysis":
        return import_module(".analysis", __name__)
    value = getattr(import_module(_HOMES.get(name, ".errors"), __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)  # what a notebook offers behind "cn." and Tab
