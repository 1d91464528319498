"""Hashes are stable, digests follow content, the commit is honest about changes."""

import subprocess
from pathlib import Path

import pytest

from deblur_lib import provenance


def test_equal_settings_give_equal_hashes() -> None:
    one = provenance.settings_hash({"b": [1, 2.5, None], "a": {"x": True}})
    assert one == provenance.settings_hash({"a": {"x": True}, "b": [1, 2.5, None]})
    assert one == "e4f1f031", "a changed hash would orphan every stored run"
    assert one != provenance.settings_hash({"a": {"x": False}, "b": [1, 2.5, None]})


def test_a_folder_digest_follows_names_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    one = provenance.folder_digest(tmp_path, ["a", "b"])
    assert one == provenance.folder_digest(tmp_path, ["b", "a"])
    (tmp_path / "b").write_text("3")
    assert one != provenance.folder_digest(tmp_path, ["a", "b"])


def test_the_commit_tells_when_files_differ(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) == ("", False, "the project is not a checkout")
    head = committed(tmp_path)
    assert provenance.commit(tmp_path) == (head, False, "")
    (tmp_path / "a").write_text("2")
    assert provenance.commit(tmp_path) == (head, True, "")


def test_the_commit_of_a_repository_around_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(tmp_path)
    inner = tmp_path / "unpacked"
    inner.mkdir()
    why = "the project is not a checkout of its own"
    assert provenance.commit(inner) == ("", False, why)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))  # as in a hook of that repository
    assert provenance.commit(inner) == ("", False, why)


def test_a_refusal_of_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert provenance.commit(tmp_path) == ("", False, "git refuses: dubious ownership")


def committed(folder: Path) -> str:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (folder / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "first")
    return git("rev-parse", "HEAD")


def test_hardware_names_the_processor_but_not_the_machine() -> None:
    import platform

    found = provenance.hardware()
    assert int(found["cores"]) >= 1
    assert found["processor"]
    assert platform.node() not in " ".join(found.values()).split()


def test_limits_of_instruction_sets_are_told_where_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in provenance.INSTRUCTION_SETS:
        monkeypatch.delenv(name, raising=False)
    assert "instruction_sets" not in provenance.hardware()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert provenance.hardware()["instruction_sets"] == "ONEDNN_MAX_CPU_ISA=AVX2"
