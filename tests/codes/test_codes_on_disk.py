"""What training writes, training and serving read alike; damage is named, nothing is run."""

import pickle
import zipfile

import numpy as np
import pytest

from sbir_tf.codes import BinaryCodes, load_codes, save_codes
from sbir_tf.errors import UserError
from serving.codes import open_codes
from serving.errors import ServingError


@pytest.fixture
def codes():
    rng = np.random.default_rng(0)
    kernel, bias = rng.standard_normal((6, 16)), rng.standard_normal(16)
    return BinaryCodes(kernel.astype(np.float32), bias.astype(np.float32), "itq")


@pytest.fixture
def path(codes, tmp_path):
    return save_codes(codes, tmp_path / "new" / "itq-16.npz", "icons", "ab" * 32)


def test_codes_come_back_as_they_were(codes, path):
    again, facts = load_codes(path)
    np.testing.assert_array_equal(again.kernel, codes.kernel)
    np.testing.assert_array_equal(again.bias, codes.bias)
    assert again.method == "itq"
    assert facts == {"method": "itq", "name": "icons", "weights": "ab" * 32}
    assert [file.name for file in path.parent.iterdir()] == ["itq-16.npz"]


def test_serving_codes_embeddings_as_the_library_does(codes, path):
    served = open_codes(path)
    rows = np.random.default_rng(1).standard_normal((50, 6)).astype(np.float32)
    np.testing.assert_array_equal(served.pack(rows), codes.pack(rows))
    assert (served.name, served.weights, served.bits) == ("icons", "ab" * 32, 16)


@pytest.mark.parametrize("read", [load_codes, open_codes])
class TestDamage:
    def test_a_file_said_to_be_encrypted_is_refused(self, read, path):
        whole = bytearray(path.read_bytes())
        flags = whole.index(b"PK\x01\x02") + 8  # of the first entry of the zip's directory
        whole[flags] |= 1
        path.write_bytes(whole)
        with pytest.raises((UserError, ServingError), match=r"damaged.*sbir codes fit"):
            read(path)

    def test_a_compressed_file_is_refused_before_it_grows(self, read, path):
        with np.load(path) as file:
            np.savez_compressed(path, **dict(file.items()))
        with pytest.raises((UserError, ServingError), match=r"it is compressed.*sbir codes fit"):
            read(path)

    def test_a_truncated_file_is_refused(self, read, path):
        whole = path.read_bytes()
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            with pytest.raises((UserError, ServingError), match=r"damaged.*sbir codes fit"):
                read(path)

    def test_a_changed_byte_is_found_or_changes_nothing(self, read, path, codes):
        whole = path.read_bytes()
        rows = np.random.default_rng(1).standard_normal((50, 6)).astype(np.float32)
        found = 0
        for place in range(0, len(whole), 5):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
            try:
                again = read(path)
            except (UserError, ServingError) as error:
                assert str(path) in str(error)
                assert "\n" not in str(error)
                found += 1
                continue
            again = again[0] if isinstance(again, tuple) else again
            np.testing.assert_array_equal(again.pack(rows), codes.pack(rows))
        assert found > 100

    def test_a_missing_file_is_named(self, read, tmp_path):
        with pytest.raises((UserError, ServingError), match="no such file of codes"):
            read(tmp_path / "none.npz")

    def test_a_newer_format_is_told_from_damage(self, read, path):
        rewrite(path, "facts", np.array('{"format": 2, "name": "", "method": "", "weights": ""}'))
        with pytest.raises((UserError, ServingError), match="newer format"):
            read(path)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kernel", np.ones((6, 12), np.float32)),
            ("kernel", np.full((6, 16), np.nan, np.float32)),
            ("kernel", np.ones((2, 3, 16), np.float32)),
            ("bias", np.ones(8, np.float32)),
            ("bias", np.array("text")),
            ("facts", np.array("[1]")),
            ("facts", np.array('{"format": 1}')),
            ("facts", np.array("not JSON")),
        ],
    )
    def test_other_content_is_refused(self, read, path, name, value):
        rewrite(path, name, value)
        with pytest.raises((UserError, ServingError), match=r"itq-16\.npz: not codes"):
            read(path)

    def test_a_pickle_inside_is_not_run(self, read, path, tmp_path):
        class Evil:
            def __reduce__(self):
                return (tmp_path / "run").touch, ()

        rewrite(path, "kernel", np.array([Evil()], object))
        with pytest.raises((UserError, ServingError), match="damaged"):
            read(path)
        path.write_bytes(pickle.dumps(Evil()))
        with pytest.raises((UserError, ServingError), match="damaged"):
            read(path)
        assert not (tmp_path / "run").exists()


def rewrite(path, name, value):
    with np.load(path) as arrays:
        values = dict(arrays.items())
    np.savez(path, **values | {name: value})
    assert zipfile.is_zipfile(path)


def test_a_write_that_fails_leaves_the_old_file(codes, path, monkeypatch):
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        save_codes(codes, path, "icons", "")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["itq-16.npz"]
