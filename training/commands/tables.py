"""What several commands print of results."""


def metric_rows(values) -> list[tuple[str, float]]:
    """Names and values of a result's metrics, or of chance's."""
    rows = [("mAP@all", values.map_all)]
    for name in ("map_at", "precision_at", "hit_at"):
        label = {"map_at": "mAP", "precision_at": "P", "hit_at": "hit"}[name]
        rows += [(f"{label}@{k}", value) for k, value in getattr(values, name).items()]
    return rows
