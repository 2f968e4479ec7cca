"""A table of facts without pictures: two classes, sound, to be spoilt row by row."""

import pyarrow as pa

from sbir_tf.data.facts import DOMAINS, facts_table

CLASSES = ("cat", "dog <&>")


def rows(each=20, classes=CLASSES, parts=("train",)):
    """`each` sketches and photos of every class, as dicts."""
    return [
        {
            "key": f"{domain}/{name}/{n}.png",
            "class": name,
            "label": label,
            "domain": bit,
            "parts": list(parts),
            "width": 60 + 20 * bit,
            "height": 60,
            "bytes": 900 + n,
            "digest": f"{domain} {name} {n}",
            "ink": 0.05 + 0.1 * bit,
            "colourfulness": 60.0 * bit,
        }
        for label, name in enumerate(classes)
        for domain, bit in DOMAINS.items()
        for n in range(each)
    ]


def facts(each=20, **changes) -> pa.Table:
    """The table; `changes` are put into its first row."""
    made = rows(each)
    made[0] |= changes
    return facts_table(made)
