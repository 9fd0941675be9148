"""Measure how deep the house is: five ways through it, as a Markdown table.

Usage: ``python tools/stack_depth.py [--rows 60] [--json FILE]``

Each way runs once to import and cache what it needs, and a second time under a profiler. Only the package's
own frames and functions count, without the sandbox, which is the other side of the wire. Nothing but public
names is used, so that the same file measures older trees: ``cd OTHER && python .../stack_depth.py``.

``frames / files`` are those on the stack at a moment: when ``requests.Session.send`` is about to send the
list's first request (or the token's), when a file gets its final name, or at the deepest point inside of the
room ``frames``. Where a worker thread sends, the stacks of the threads that wait for it count too, since a
reader has to go through both; ``alone`` is the sending thread without them. ``functions / files entered`` are
all that the whole call runs, in any thread. Module bodies, class bodies and comprehensions are not functions
(comprehensions are frames on Python 3.11 only).
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import json
import os
import sys
import tempfile
import threading
import time
import warnings
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

sys.path.insert(0, str(Path.cwd()))  # the tree that is measured is the one it is called in

import requests

import classy_nb as cn
from classy_nb.sandbox import Sandbox

PACKAGE = Path(cn.__file__).parent
OTHER_SIDE = str(PACKAGE / "sandbox")
COMPREHENSIONS = {"<listcomp>", "<dictcomp>", "<setcomp>"}
A_FUNCTION = 0x1  # CO_OPTIMIZED: set for functions, not for the bodies of modules and classes

Stack = list["CodeType"]


class Way:
    """Watch one call: the stack at its moments, and every function that it enters."""

    def __init__(self) -> None:
        self.stacks: dict[str, Stack] = {}
        """Moment -> the package's functions on the stack then, innermost first."""
        self.alone: dict[str, int] = {}
        """Moment -> how many of these are of the thread that got there."""
        self.entered: set[CodeType] = set()
        self.entered_after: set[CodeType] = set()
        """What was entered once the first answer with records had arrived."""
        self.arrived = False

    def profile(self, frame: FrameType, event: str, _argument: object) -> None:
        """Take note of one function call; see ``sys.setprofile``."""
        if event != "call" or not _is_ours(frame.f_code):
            return
        self.entered.add(frame.f_code)
        if self.arrived:
            self.entered_after.add(frame.f_code)
            if Path(frame.f_code.co_filename).parent.name == "frames":
                stack = _stack(frame)
                if len(stack) > len(self.stacks.get("frames", [])):
                    self.stacks["frames"] = stack

    def moment(self, name: str, frame: FrameType | None) -> None:
        """Keep the stack of the first time that *name* happens, and those of the threads that wait for it."""
        if name not in self.stacks:
            self.alone[name] = len(_stack(frame))
            self.stacks[name] = [code for each in _waiting_for(frame) for code in _stack(each)]


def _is_ours(code: CodeType) -> bool:
    return (
        code.co_filename.startswith(str(PACKAGE))
        and not code.co_filename.startswith(OTHER_SIDE)
        and bool(code.co_flags & A_FUNCTION)
        and code.co_name not in COMPREHENSIONS
    )


def _stack(frame: FrameType | None) -> Stack:
    found = []
    while frame is not None:
        if _is_ours(frame.f_code):
            found.append(frame.f_code)
        frame = frame.f_back
    return found


_starters: weakref.WeakKeyDictionary[threading.Thread, threading.Thread] = weakref.WeakKeyDictionary()
"""Thread -> the one that started it."""
_start = threading.Thread.start


def _watched_start(self: threading.Thread) -> None:
    _starters[self] = threading.current_thread()
    _start(self)


def _waiting_for(frame: FrameType | None) -> Iterator[FrameType | None]:
    """Yield *frame* of this thread, and where the thread that started it stands, and so on.

    Handing a request over to a worker makes the stack of each thread short, but not the way.
    """
    yield frame
    everywhere = sys._current_frames()  # noqa: SLF001 - the documented way to look at other threads
    thread = _starters.get(threading.current_thread())
    while thread is not None:
        yield everywhere.get(thread.ident or 0)
        thread = _starters.get(thread)


_watching: Way | None = None
_send = requests.Session.send


def _watched_send(self: requests.Session, request: Any, **options: Any) -> requests.Response:
    way = _watching
    if way is None:
        return _send(self, request, **options)
    kind = "token" if request.method == "POST" else "list"
    way.moment(kind, inspect.currentframe())
    response = _send(self, request, **options)
    if kind == "list" and "/transactions" in request.url:
        way.arrived = True
    return response


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    # os.replace reports itself as os.rename; parts of an export on the way get other names.
    if event == "os.rename" and _watching is not None and str(arguments[1]).endswith("gifts.csv"):
        _watching.moment("disk", inspect.currentframe())


def watch(call: Callable[[], object]) -> Way:
    """Run *call* twice, and watch it the second time."""
    global _watching  # noqa: PLW0603 - an audit hook stays for good, so it must know when to look
    call()
    way = Way()
    _watching = way
    threading.setprofile(way.profile)
    sys.setprofile(way.profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        _watching = None
    return way


def ways(box: Sandbox, folder: Path) -> Iterator[tuple[str, str, Way]]:
    """Yield title, moment and what was seen of each of the five ways."""
    settings = {
        "CLASSY_CLIENT_ID": box.client_id,
        "CLASSY_CLIENT_SECRET": box.client_secret,
        "CLASSY_BASE_URL": box.base_url,
        "CLASSY_TOKEN_URL": box.token_url,
    }
    (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()), "utf-8")
    (folder / ".env").chmod(0o600)
    classy = cn.connect()
    target = folder / "gifts.csv"

    way = watch(lambda: classy.transactions(where="id > 0", since=2000))
    yield "1. a condition to the URL", "list", way
    after = Way()
    after.stacks, after.entered = way.stacks, way.entered_after
    yield "2. bytes to cells (from the answer on)", "frames", after
    yield "3. the secret from `.env` to the token request", "token", watch(lambda: cn.connect().close())
    yield "4. the secret from the form to the token request", "token", watch(lambda: _log_in(box))

    way = watch(lambda: classy.transactions.to_csv(target))
    yield "5. `.to_csv`, to the socket", "list", way
    yield "5. `.to_csv`, to disk", "disk", way
    classy.close()


def _log_in(box: Sandbox) -> None:
    """Do as a browser does: the form's view says hello, and sends what was typed."""
    import ipywidgets  # type: ignore[import-untyped]

    made: list[Any] = []
    ipywidgets.Widget.on_widget_constructed(made.append)
    try:
        # Without a notebook, displaying the form prints the line that stands in for it.
        with contextlib.redirect_stdout(io.StringIO()):
            classy = cn.login(prompt=False, base_url=box.base_url, token_url=box.token_url)
    finally:
        ipywidgets.Widget.on_widget_constructed(None)
    form = next(widget for widget in made if type(widget).__module__.startswith("classy_nb."))
    typed = {"client_id": box.client_id, "client_secret": box.client_secret}
    for message in ({"kind": "hello"}, {"kind": "submit", **typed}):
        form._handle_custom_msg({"view": "1", **message}, [])  # noqa: SLF001 - as ipywidgets calls it
    profile = sys.getprofile()
    sys.setprofile(None)  # looking whether the form's thread is done is no part of the way
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with contextlib.suppress(cn.NotLoggedInError):
            _ = classy.organization
            break
        time.sleep(0.01)
    sys.setprofile(profile)
    classy.close()


def table(found: Iterable[tuple[str, str, Way]]) -> list[dict[str, Any]]:
    """Return one row for each way, as the Markdown table and the JSON file have them."""
    rows = []
    for title, moment, way in found:
        stack = way.stacks.get(moment, [])
        rows.append(
            {
                "way": title,
                "frames": len(stack),
                "files": len({code.co_filename for code in stack}),
                "alone": way.alone.get(moment, len(stack)),
                "functions": len({(code.co_filename, code.co_firstlineno) for code in way.entered}),
                "files_entered": len({code.co_filename for code in way.entered}),
                "stack": [f"{_short(code.co_filename)}: {code.co_qualname}" for code in reversed(stack)],
            }
        )
    return rows


def size() -> dict[str, tuple[int, int]]:
    """Return modules and lines, of each room and in total."""
    found: dict[str, tuple[int, int]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text("utf-8").count("\n")
        parts = path.relative_to(PACKAGE).parts
        for name in (parts[0] if len(parts) > 1 else "(files at the top)", "total"):
            modules, before = found.get(name, (0, 0))
            found[name] = modules + 1, before + lines
    found["total"] = found.pop("total")  # last
    return found


def _short(name: str) -> str:
    return Path(name).relative_to(PACKAGE).as_posix()


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--rows", type=int, default=60, help="transactions in the sandbox (default: 60, one page)"
    )
    parser.add_argument("--stacks", action="store_true", help="also print the frames, outermost first")
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    asked = parser.parse_args()
    requests.Session.send = _watched_send  # type: ignore[method-assign]
    threading.Thread.start = _watched_start  # type: ignore[method-assign]
    sys.addaudithook(_audit)
    for name in [name for name in os.environ if name.startswith("CLASSY_")]:
        del os.environ[name]
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        warnings.catch_warnings(),
        Sandbox(transactions=asked.rows) as box,
    ):
        warnings.simplefilter("ignore")
        rows = table(ways(box, Path(folder)))
    sizes = size()
    print(f"{PACKAGE}, Python {sys.version.split()[0]}, {asked.rows} transactions\n")
    print("| way | frames / files on the stack | alone | functions / files entered by the whole call |")
    print("|---|---|---|---|")
    for row in rows:
        print("| {way} | {frames} / {files} | {alone} | {functions} / {files_entered} |".format(**row))
    print("\n| room | modules | lines |\n|---|---|---|")
    for name, (modules, lines) in sizes.items():
        print(f"| {name} | {modules} | {lines:,} |")
    if asked.stacks:
        for row in rows:
            print(f"\n{row['way']}:", *row["stack"], sep="\n    ")
    if asked.json:
        asked.json.write_text(json.dumps({"ways": rows, "size": sizes}, indent=2), "utf-8")


if __name__ == "__main__":
    main()
