"""Errors in words for people who fill in a form."""

from __future__ import annotations

from classy_nb.errors import ClassyError, CredentialsError


def words(error: BaseException) -> str:
    """Say what went wrong. Of errors that are not ours, only the kind: their text may hold personal data."""
    if isinstance(error, ClassyError):
        if error.advice == CredentialsError.default_advice:
            return error.what  # advice about arguments and environment variables is no help in a form
        return " ".join(part for part in (error.what, error.advice) if part)
    if isinstance(error, ImportError) and "pip install" in str(error):
        return str(error)
    return (
        f"Something went wrong behind this form ({type(error).__name__}): run the cell again, or report it."
    )
