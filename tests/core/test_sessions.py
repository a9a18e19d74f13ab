"""Long sessions survive: real kills, a full disk, another process."""

import errno
import hashlib
import random
import subprocess
import sys
import time

import pytest

from alphaedit_lite import Edit
from alphaedit_lite import edits as edits_module
from tests.conftest import tiny
from tests.helpers import editor_for, same, weights

WORKER = """
import dataclasses, hashlib, sys, torch
from alphaedit_lite import Fact
from tests.conftest import tiny
from tests.helpers import editor_for
torch.set_num_threads(1)
lm = tiny("llama")
facts = [Fact("{} is located in the country of", f"Assam {i}", "France") for i in range(16)]
print("ready", flush=True)
for edit in editor_for(lm).edit_stream(facts, 1, sys.argv[1] if len(sys.argv) > 1 else None):
    pass
digest = hashlib.sha256()
for layer in range(lm.n_layers):
    digest.update(lm.weight(layer).contiguous().numpy().tobytes())
print(digest.hexdigest(), flush=True)
"""


def run(*arguments):
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The saved edits and the digest of the weights of a session that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(str(folder)).communicate()[0].split()[-1]


def test_a_session_killed_again_and_again_ends_with_the_same_weights(whole, tmp_path):
    rest = random.Random(0)
    kills = 0
    for _ in range(2):
        worker = run(str(tmp_path))
        while worker.stdout.readline() != "ready\n":
            pass
        have = len(list(tmp_path.glob("*.safetensors")))
        while worker.poll() is None and len(list(tmp_path.glob("*.safetensors"))) < have + 3:
            time.sleep(0.01)
        time.sleep(rest.random() * 0.1)  # anywhere in the middle of a batch, or of writing its file
        worker.kill()
        kills += worker.wait() != 0
        worker.stdout.close()
    assert kills >= 1
    assert run(str(tmp_path)).communicate()[0].split()[-1] == whole[1]


def test_an_edit_saved_by_one_process_is_applied_by_another(whole):
    folder, digest = whole
    lm = tiny("llama")
    before = weights(lm)
    edits = [Edit.load(path) for path in sorted(folder.glob("*.safetensors"))]
    for edit in edits:
        edit.apply(lm)
    found = hashlib.sha256()
    for layer in range(lm.n_layers):
        found.update(lm.weight(layer).contiguous().numpy().tobytes())
    assert found.hexdigest() == digest
    for edit in random.Random(1).sample(edits, len(edits)):  # taken out in any order
        edit.revert()
    assert same(weights(lm), before)


def test_a_full_disk_leaves_the_old_file(lm, facts, tmp_path, monkeypatch):
    path = tmp_path / "edit.safetensors"
    edit = editor_for(lm).edit(facts[:1])
    edit.save(path)
    old = path.read_bytes()

    def full(tensors, where, metadata):
        where.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(edits_module, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        edit.save(path)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["edit.safetensors"]
