"""A small icon and a fabricated package, for tests that need no bundled archive."""

import io
import json
import tarfile

import pytest

from sbir_tf.data.icons.archive import Icon
from sbir_tf.data.icons.packages import integrity_of, package_file


@pytest.fixture
def make_icon():
    """Builds an icon from a body, 24 by 24 unless told."""

    def make(body, domain="sketch", box=(0, 0, 24, 24), **names):
        given = {"set": "one", "family": "one", "name": "thing", "class_name": "thing"} | names
        key = f"{given['set']}:{given['name']}"
        left, top, width, height = box
        return Icon(
            key=key,
            domain=domain,
            body=body,
            left=left,
            top=top,
            width=width,
            height=height,
            **given,
        )

    return make


@pytest.fixture
def make_package(tmp_path):
    """Writes an icon package and returns its entry in sources.json."""

    def make(name, icons, domain="sketch", aliases=None, styles=("(.+)",), family=None):
        source = {
            "set": name,
            "title": name.title(),
            "package": f"@icons/{name}",
            "version": "1.0.0",
            "domain": domain,
            "family": family or name,
            "author": {"name": f"Author of {name}"},
            "licence": {"title": "MIT", "spdx": "MIT"},
            "styles": list(styles),
        }
        bodies = {icon: {"body": body} for icon, body in icons.items()}
        contents = {"prefix": name, "icons": bodies, "aliases": aliases or {}}
        file = tmp_path / package_file(source)
        text = json.dumps(contents | {"width": 24, "height": 24}).encode()
        with tarfile.open(file, "w:gz") as package:
            member = tarfile.TarInfo("package/icons.json")
            member.size = len(text)
            package.addfile(member, io.BytesIO(text))
        return source | {"integrity": integrity_of(file)}

    return make
