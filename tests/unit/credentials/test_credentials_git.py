"""`Credentials.save` and git: nothing is written where the next commit would take it."""

import os
import shutil
import subprocess

import pytest

from classy_nb.credentials import Credentials
from classy_nb.errors import CredentialsError, CredentialsWarning

MINE = Credentials("the-id", "s3cret-c4nary")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path


@pytest.fixture
def repository(folder):
    git("init", "-q")
    (folder / ".gitignore").write_text(".env\n")
    return folder


def git(*arguments):
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments],
        check=True,
        capture_output=True,
    )


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_git_tracks_the_file(repository):
    (repository / ".env").write_text("A=1\n")
    git("add", "-f", ".env")
    with pytest.raises(
        CredentialsError, match=r"git tracks .*\.env: the secret would be committed.* rm --cached"
    ):
        MINE.save()
    assert (repository / ".env").read_text() == "A=1\n"


def test_git_does_not_ignore_the_file(repository):
    (repository / ".gitignore").unlink()
    with pytest.raises(
        CredentialsError, match=r"git does not ignore .*\.env.* Add the line \.env to \.gitignore"
    ):
        MINE.save()
    assert files(repository) == [".git"]


def test_git_ignores_the_file(repository):
    below = repository / "notebooks"
    below.mkdir()
    assert MINE.save(below / ".env") == below / ".env"
    assert Credentials.load(environ={}, start=below) == MINE


def test_a_name_is_not_a_pattern(repository):
    """``[.]env`` is another file than ``.env``, whatever git's patterns would make of it."""
    (repository / ".env").write_text("A=1\n")
    (repository / ".gitignore").write_text("*env*\n")
    git("add", "-f", ".env")
    MINE.save("[.]env")
    assert Credentials.load(env_file="[.]env", environ={}) == MINE


def test_a_hook_s_variables_do_not_send_git_elsewhere(repository, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(["git", "init", "-q", str(elsewhere)], check=True)
    (repository / ".gitignore").unlink()
    monkeypatch.setenv("GIT_DIR", str(elsewhere / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(elsewhere))
    with pytest.raises(CredentialsError, match="git does not ignore"):
        MINE.save()


def test_git_is_not_installed_and_there_is_no_repository(folder, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert Credentials.load(env_file=MINE.save(), environ={}) == MINE


@pytest.mark.parametrize("failure", ["absent", "refusing", "hanging"])
def test_a_repository_that_git_cannot_be_asked_about_is_warned_about(repository, monkeypatch, failure):
    def hanging(*arguments, **options):
        raise subprocess.TimeoutExpired("git", 20)

    if failure == "absent":
        monkeypatch.setattr(shutil, "which", lambda name: None)
    elif failure == "refusing":
        (repository / ".git" / "HEAD").unlink()
    else:
        monkeypatch.setattr(subprocess, "run", hanging)
    with pytest.warns(
        CredentialsWarning, match="git could not be asked about .*make sure that it ignores the file"
    ):
        MINE.save()
    assert Credentials.load(environ={}) == MINE


def test_inside_git_s_own_folder_there_is_nothing_to_commit(repository):
    assert Credentials.load(env_file=MINE.save(".git/x.env"), environ={}) == MINE
