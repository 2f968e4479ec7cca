"""Who may import whom: see docs/architecture.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pictures", "sbir_tf", "training", "serving")
# Folder (or file): packages of ours that it may import. The longest match rules.
MAY_IMPORT = {
    "pictures": ("pictures",),
    "sbir_tf/__main__.py": ("pictures", "sbir_tf", "training", "serving"),
    "sbir_tf": ("sbir_tf",),
    "sbir_tf/layers": ("sbir_tf.errors", "sbir_tf.layers"),
    "sbir_tf/losses": ("sbir_tf.addons", "sbir_tf.errors", "sbir_tf.losses"),
    "sbir_tf/models": ("sbir_tf.errors", "sbir_tf.layers", "sbir_tf.losses", "sbir_tf.models"),
    "sbir_tf/data": (
        *("pictures", "sbir_tf.addons", "sbir_tf.errors", "sbir_tf.files", "sbir_tf.data"),
    ),
    "sbir_tf/data/commands": ("sbir_tf.console", "sbir_tf.data", "sbir_tf.errors"),
    "sbir_tf/codes": ("sbir_tf.errors", "sbir_tf.files", "sbir_tf.codes"),
    "sbir_tf/evaluation": ("sbir_tf.errors", "sbir_tf.evaluation", "sbir_tf.files"),
    "sbir_tf/report": ("sbir_tf.errors", "sbir_tf.evaluation", "sbir_tf.files", "sbir_tf.report"),
    "training": ("sbir_tf", "training"),
    "serving": ("pictures", "serving"),
    "serving/commands": ("sbir_tf.console", "serving"),
}
# Packages of others that only these may import.
KEPT_TO = {
    "scann": ("serving/index",),
    "faiss": ("serving/codes/hamming.py", "serving/index/exact.py"),
    "tensorflow_addons": ("sbir_tf/addons.py",),
    "tensorflow_data_validation": ("sbir_tf/data/validation",),
    "apache_beam": ("sbir_tf/data/records", "sbir_tf/data/validation", "serving/gallery"),
    "pymilvus": ("serving/index/milvus",),
    "tensorflow": ("sbir_tf", "training", "serving/encoders/in_process.py"),
    "keras": ("sbir_tf", "training"),
}
FILES = sorted(
    path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)


def imported(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from package import module` may name a module.
            yield node.module if node.level == 0 else f"{path.parent}.{node.module}"


def inside(name, package):
    return name == package or name.startswith(f"{package}.")


def rule_for(path):
    matches = [place for place in MAY_IMPORT if str(path) == place or Path(place) in path.parents]
    return MAY_IMPORT[max(matches, key=len)]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_what_its_folder_may(path):
    ours = [name for name in imported(path) if name.split(".")[0] in PACKAGES]
    wrong = [n for n in ours if not any(inside(n, allowed) for allowed in rule_for(path))]
    assert wrong == []


@pytest.mark.parametrize("package", sorted(KEPT_TO))
def test_a_heavy_package_is_imported_only_where_its_job_is(package):
    users = [path for path in FILES if any(inside(name, package) for name in imported(path))]
    places = KEPT_TO[package]
    wrong = [u for u in users if not any(str(u) == p or Path(p) in u.parents for p in places)]
    assert wrong == []
    assert users


def test_no_library_code_asserts():
    asserting = [
        str(path)
        for path in FILES
        if any(isinstance(n, ast.Assert) for n in ast.walk(ast.parse((ROOT / path).read_text())))
    ]
    assert asserting == []
