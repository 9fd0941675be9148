"""What `import classy_nb` provides, and what it must not do."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import classy_nb
from classy_nb.errors import ClassyError, ClassyWarning

HEAVY = {"pandas", "numpy", "pyarrow", "requests", "urllib3", "ipywidgets", "IPython", "orjson", "aiohttp"}
ROOT = Path(classy_nb.__file__).parent.parent


def run(code: str) -> str:
    """Run code in a fresh interpreter; the package is found where this one found it."""
    prelude = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", prelude + code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


PUBLIC = {
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
    "spark_source",
    "read_csv",
    "show_versions",
    "to_csv",
    "to_excel",
    "to_parquet",
}


def test_no_public_name_is_lost_or_added_unnoticed() -> None:
    """Removing a name breaks notebooks: CHANGELOG.md has to say so."""
    assert set(classy_nb.__all__) == PUBLIC


def test_every_public_name_is_there_and_documented() -> None:
    for name in classy_nb.__all__:
        value = getattr(classy_nb, name)
        if name != "__version__":
            assert inspect.getdoc(value), name
    assert len(classy_nb.__all__) == len(set(classy_nb.__all__))


def test_all_errors_and_warnings_are_public() -> None:
    from classy_nb import errors

    kinds = {
        n for n, v in vars(errors).items() if inspect.isclass(v) and issubclass(v, Exception | BaseException)
    }
    assert kinds <= set(classy_nb.__all__)
    assert issubclass(classy_nb.LoginError, ClassyError)
    assert issubclass(classy_nb.DataWarning, ClassyWarning)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = classy_nb.nope  # type: ignore[attr-defined]


def test_tab_completion_offers_only_the_public_names() -> None:
    assert dir(classy_nb) == sorted(classy_nb.__all__)


def test_public_functions_document_parameters_results_and_errors() -> None:
    for name in ("connect", "demo", "find", "to_csv", "to_excel", "to_parquet"):
        text = inspect.getdoc(getattr(classy_nb, name)) or ""
        for section in ("Parameters\n", "Returns\n", "Raises\n"):
            assert section in text, (name, section)


def test_importing_the_package_imports_nothing_heavy() -> None:
    loaded = set(run("import classy_nb; print(*{n.split('.')[0] for n in sys.modules})").split())
    assert "classy_nb" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_importing_the_package_opens_no_socket_and_only_its_own_files() -> None:
    code = """
import json
seen = []
def hook(event, arguments):
    if event == "open" or event.startswith("socket."):
        seen.append([event, str(arguments[0])])
sys.addaudithook(hook)
import classy_nb
print(json.dumps(seen))
"""
    for event, what in json.loads(run(code)):
        assert event == "open"
        assert Path(what).is_relative_to(ROOT / "classy_nb") or Path(what).is_relative_to(sys.base_prefix), (
            what
        )


def test_importing_the_package_reads_no_environment_of_ours() -> None:
    code = """
import os
class Noting(type(os.environ)):
    def __getitem__(self, key):
        assert not key.startswith("CLASSY"), key
        return super().__getitem__(key)
os.environ.__class__ = Noting
import classy_nb
print("fine")
"""
    assert run(code) == "fine\n"


def test_the_package_is_typed_and_has_a_version() -> None:
    assert (ROOT / "classy_nb" / "py.typed").exists()
    assert classy_nb.__version__.count(".") == 2


def test_catching_an_error_needs_nothing_heavy() -> None:
    loaded = set(run("import classy_nb as cn; cn.LoginError; print(*sys.modules)").split())
    assert {name.split(".")[0] for name in loaded}.isdisjoint(HEAVY)
