"""Records say which code made them, where that can be told."""

import shutil
import subprocess

import pytest

from pickbench import provenance
from pickbench.provenance import checkout

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A repository with a package in it, in the place of this one; gives a function that runs git there."""
    package = tmp_path / "src" / "package"
    package.mkdir(parents=True)
    (package / "provenance.py").write_text("")
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    return git


def test_a_checkout_has_a_commit_and_is_dirty_when_its_code_has_changed(code, tmp_path):
    assert checkout() is None
    code("add", ".")
    code("commit", "-qm", "Begin")
    clean = {"commit": code("rev-parse", "HEAD"), "dirty": False}
    assert checkout() == clean
    # A configuration is no code, and is in the record itself.
    (tmp_path / "my.yaml").write_text("")
    assert checkout() == clean
    (tmp_path / "src" / "package" / "another.py").write_text("")
    assert checkout() == {**clean, "dirty": True}


def test_an_installed_package_is_not_what_lies_around_it(code, tmp_path):
    (tmp_path / ".gitignore").write_text("src\n")
    code("add", ".")
    code("commit", "-qm", "Another project")
    assert checkout() is None


def test_without_git_there_is_no_commit(code, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert checkout() is None
