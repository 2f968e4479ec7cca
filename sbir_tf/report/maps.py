"""Sketches and photos on a plane: what lies together in the space of embeddings."""

import numpy as np

from sbir_tf.report.reading import Evaluation
from sbir_tf.report.style import COLOURS, FAINT, figure

MOST = 1500  # points: more take minutes to place and hide one another
NAMED = 7  # classes with a colour of their own
SHAPES = (("queries", "^", "sketch"), ("gallery", "o", "photo"))


def sample(evaluation: Evaluation, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings (N, D), labels (N,) and domains (N,), at most `MOST`, drawn by the seed."""
    arrays = evaluation.embeddings
    both = np.concatenate([arrays["queries"], arrays["gallery"]]).astype(np.float64)
    labels = np.concatenate([arrays["query_labels"], arrays["gallery_labels"]])
    domains = np.repeat([0, 1], [len(arrays["queries"]), len(arrays["gallery"])])
    rows = np.random.default_rng(seed).permutation(len(both))[:MOST]
    rows.sort()
    return both[rows], labels[rows], domains[rows]


def placed(embeddings: np.ndarray, method: str, seed: int = 0) -> np.ndarray:
    """The points (N, 2) of embeddings (N, D), by "PCA" or "t-SNE"."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method == "PCA":
        return PCA(2, svd_solver="full").fit_transform(embeddings)
    perplexity = min(30.0, max(1.0, (len(embeddings) - 1) / 3))
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return tsne.fit_transform(embeddings)


def scatter(evaluation: Evaluation, method: str):
    """The figure: shape by domain, colour by class for the classes with most points."""
    embeddings, labels, domains = sample(evaluation)
    points, names = placed(embeddings, method), evaluation.ranked.class_names
    counts = np.bincount(labels)
    named = np.argsort(-counts, kind="stable")[: min(NAMED, (counts > 0).sum())]
    with figure(5.2) as (drawn, axes):
        for domain, (_, marker, _) in enumerate(SHAPES):
            settings = {"marker": marker, "s": 14, "linewidths": 0}
            rest = (domains == domain) & ~np.isin(labels, named)
            axes.scatter(*points[rest].T, color="#c3cad1", alpha=0.6, **settings)
            for place, label in enumerate(named):
                own = (domains == domain) & (labels == label)
                settings["s"] = 30
                axes.scatter(*points[own].T, color=COLOURS[place], **settings)
        axes.set(xticks=[], yticks=[], xlabel=f"{method}, first direction", ylabel="second")
        axes.grid(False)
        drawn.legend(
            handles=[*of_shapes(), *of_classes(named, names)],
            loc="outside lower center",
            ncols=2,
        )
    return drawn


def of_shapes() -> list:
    """What the shapes mean, for the legend."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="", marker=marker, color=FAINT, label=name)
        for _, marker, name in SHAPES
    ]


def of_classes(named: np.ndarray, names) -> list:
    """What the colours mean."""
    from matplotlib.lines import Line2D

    shown = [
        Line2D([], [], linestyle="", marker="s", color=COLOURS[place], label=names[label])
        for place, label in enumerate(named)
    ]
    return [*shown, Line2D([], [], linestyle="", marker="s", color="#c3cad1", label="others")]
