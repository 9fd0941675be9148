"""The error tree: one root, messages that say what to do next, and errors that survive pickling."""

import copy
import inspect
import pickle
import re

import pytest

from classy_nb import errors as e

ALL = [c for c in vars(e).values() if inspect.isclass(c) and issubclass(c, BaseException)]
ERRORS = [c for c in ALL if issubclass(c, e.ClassyError)]
WARNINGS = [c for c in ALL if issubclass(c, Warning)]


def test_one_root_covers_every_failure() -> None:
    assert set(ALL) == {*ERRORS, *WARNINGS}
    assert len(ERRORS) == 26
    assert all(issubclass(c, e.ClassyWarning) for c in WARNINGS)
    assert all(c.__doc__ for c in ALL)


def test_the_tree_in_the_module_docstring_is_the_tree() -> None:
    drawn = [line for line in (e.__doc__ or "").splitlines() if "──" in line or line.strip() == "ClassyError"]
    depth_of = {}
    stack: list[str] = []
    for line in drawn:
        name = line.replace("│", " ").replace("├── ", "    ").replace("└── ", "    ").split()[0]
        depth = (len(line) - len(line.lstrip(" │├└─"))) // 4
        stack = [*stack[: depth - 1], name]
        depth_of[name] = stack[-2] if len(stack) > 1 else None
    assert set(depth_of) == {c.__name__ for c in ERRORS}
    for name, parent in depth_of.items():
        if parent:
            assert getattr(e, name).__bases__[0].__name__ == parent


@pytest.mark.parametrize("cls", ERRORS, ids=lambda c: c.__name__)
def test_errors_survive_pickling_and_copying(cls: type[e.ClassyError]) -> None:
    error = cls("It broke.", method="GET", path="/a", status=500)
    if isinstance(error, e.PermissionDeniedError):
        error.permissions = ("fetch a",)
    if isinstance(error, e.ResponseError):
        error.retry_after = 3.0
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.args == error.args


def test_a_message_says_what_happened_where_and_what_to_do() -> None:
    error = e.ClassyError("It broke.", advice="Fix it.", method="GET", path="/a", status=500)
    assert str(error) == "It broke. [GET /a -> 500] Fix it."
    assert str(e.ClassyError("It broke.")) == "It broke."
    assert str(e.ClassyError("It broke.", status=500)) == "It broke. [-> 500]"
    assert str(e.LoginError("No.", advice="")) == "No."
    assert str(e.NotFoundError("No.", path="/a", method="GET")) == "No. [GET /a] Check the id."


@pytest.mark.parametrize(
    ("cls", "other"),
    [
        (e.UsageError, ValueError),
        (e.InterruptedFetchError, KeyboardInterrupt),
        (e.ExportError, OSError),
        (e.LoginError, e.CredentialsError),
        (e.NotLoggedInError, e.CredentialsError),
        (e.TimedOutError, e.ConnectionFailedError),
        (e.ConnectionSetupError, e.ConnectionFailedError),
        (e.NoSuchPathError, e.NotFoundError),
        (e.MemberOnlyError, e.PermissionDeniedError),
    ],
)
def test_errors_are_subclasses_of_what_people_would_catch(
    cls: type[e.ClassyError], other: type[BaseException]
) -> None:
    with pytest.raises(other, match="It broke"):
        raise cls("It broke.")


def test_every_error_has_advice_except_roots_and_the_obvious() -> None:
    silent = [c for c in ERRORS if not c.default_advice]
    assert silent == [e.ClassyError, e.UsageError, e.ResponseError, e.InterruptedFetchError]


def test_a_warning_points_at_the_first_line_outside_the_package() -> None:
    with pytest.warns(e.DataWarning, match="odd values") as caught:
        e.warn("odd values", e.DataWarning)
    assert caught[0].filename == __file__


def test_warnings_can_be_kept_for_a_widget() -> None:
    with e.kept_warnings() as kept:
        e.warn("odd values", e.DataWarning)
    assert kept == ["odd values"]


def test_an_answer_worth_a_report_has_the_versions_in_a_note_and_nothing_else() -> None:
    error = e.UnexpectedAnswerError("It is not JSON.", method="GET", path="/a", status=200)
    assert error.__notes__ == [f"For a report at {e.ISSUES}: {e.versions()}"]
    assert str(error).endswith("please report it with the path.")
    assert pickle.loads(pickle.dumps(error)).__notes__ == error.__notes__
    explained = e.UnexpectedAnswerError("A sign-in page came.", advice="Sign in to the network first.")
    assert not hasattr(explained, "__notes__")


def test_the_versions_name_no_host_user_or_path(capsys: pytest.CaptureFixture[str]) -> None:
    e.show_versions()
    line = capsys.readouterr().out
    assert line == f"{e.versions()}\n"
    pattern = (
        r"classy-nb [\w.]+, \w+ [\d.]+\w*, pandas [\w.+]+, pyarrow [\w.+]+, (Linux|Darwin|Windows) \w+\n"
    )
    assert re.fullmatch(pattern, line)
