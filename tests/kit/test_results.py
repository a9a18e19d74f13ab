"""Results files: what was measured comes back, and nothing that was measured in another way."""

import json

import pytest

from alphaedit_lite.book.kit import results as keeping
from alphaedit_lite.book.kit.results import versions

MADE = {"fingerprint": "0123", "layers": (4, 5), "targets": {"clamp": 0.6}}


def begun(path):
    found = keeping.resume(path, MADE, seconds=0.0, rows=[], sets={})
    found["rows"] += [{"editor": "MEMIT", "λ": 1.5}, {"editor": "ROME", "λ": None}]
    found["sets"]["zsRE"] = {"n": 3}
    keeping.keep(path, found, "rows", "sets")
    return found


def test_what_was_kept_comes_back(tmp_path):
    path = tmp_path / "results.json"
    assert keeping.resume(path, MADE, rows=[])["versions"] == versions()
    found = begun(path)
    assert keeping.resume(path, MADE, seconds=0.0, rows=[], sets={}) == found
    assert found["layers"] == [4, 5]  # tuples come back as lists: compared as such


def test_every_member_has_its_line(tmp_path):
    begun(path := tmp_path / "results.json")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert '{"editor": "MEMIT", "λ": 1.5},' in lines
    assert '"zsRE": {"n": 3}' in lines
    keeping.keep(path, {"rows": [], "sets": {}}, "rows", "sets")
    assert json.loads(path.read_text()) == {"rows": [], "sets": {}}


@pytest.mark.parametrize(
    "other", [{"fingerprint": "4567"}, {"layers": (4,)}, {"targets": {"clamp": 0.7}}, {"new": 1}]
)
def test_what_was_made_otherwise_does_not_count(tmp_path, other):
    begun(path := tmp_path / "results.json")
    assert keeping.resume(path, MADE | other, rows=[])["rows"] == []


def test_a_file_cut_off_in_the_middle_does_not_count(tmp_path):
    begun(path := tmp_path / "results.json")
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:length])
        assert keeping.resume(path, MADE, rows=[])["rows"] == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    begun(path := tmp_path / "results.json")
    before = path.read_bytes()
    with pytest.raises(TypeError, match="not JSON serializable"):
        keeping.keep(path, {"rows": [object()]}, "rows")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
