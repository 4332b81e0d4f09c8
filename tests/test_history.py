"""When a page last changed, as git knows it, and what a clone says that knows less."""

import datetime
import subprocess
from pathlib import Path

import pytest

import book_history


def git(folder: Path, *arguments: str, day: str = "2026-01-01") -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    dates = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", **dates})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "whole"
    (root / "book").mkdir(parents=True)
    git(root, "init", "-q")
    for day, changed in (("2026-01-02", ["a.md", "über uns.md"]), ("2026-03-04", ["b.md"]), ("2026-05-06", ["a.md"])):
        for name in changed:
            (root / "book" / name).write_text(day)
        git(root, "add", "-A", day=day)
        git(root, "commit", "-qm", "change", day=day)
    return root


def test_a_page_has_the_day_of_its_last_commit(repository: Path):
    (repository / "book" / "new.md").write_text("not committed")
    assert book_history.last_changes(repository) == {
        "book/a.md": datetime.date(2026, 5, 6),
        "book/b.md": datetime.date(2026, 3, 4),
        "book/über uns.md": datetime.date(2026, 1, 2),
    }


def test_without_git_or_without_its_history_no_day_is_claimed(repository: Path, tmp_path: Path):
    (tmp_path / "plain" / "book").mkdir(parents=True)
    assert book_history.last_changes(tmp_path / "plain") == {}
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    assert book_history.last_changes(tmp_path / "shallow") == {}
