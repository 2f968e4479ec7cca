"""Bags of visual words: SIFT of line drawings, counted by the nearest of learnt words."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sbir_tf.errors import UserError
from training.baselines.edges import line_drawings

SAMPLE = 100_000  # descriptors that the words are learnt from
DRAWN = 1e-3  # a patch without lines has a descriptor of zeros


@dataclass(frozen=True)
class SIFTWords:
    """How often each visual word occurs in a picture's lines.

    SIFT describes patches on a grid, upright and of one scale, as is usual for sketches; words
    are the centres of a k-means of the training pictures' patches. Counts are L1-normalised, then
    rooted, so that Euclidean distance is Hellinger's.

    Attributes:
        size: Side of the pictures, pixels.
        words: In the vocabulary.
        patch: Side of a patch, pixels.
        step: Between patches, pixels.
        grid: Counts are kept apart for so many by so many regions of the picture; 1 keeps one bag.
        low, high: Canny's thresholds.

    Reference:
        Sivic and Zisserman, Video Google, ICCV 2003; Lowe, Distinctive Image Features from
        Scale-Invariant Keypoints, IJCV 2004; for sketches Eitz et al., Sketch-Based Image
        Retrieval: Benchmark and Bag-of-Features Descriptors, TVCG 2011.
    """

    size: int = 128
    words: int = 500
    patch: int = 32
    step: int = 8
    grid: int = 2
    low: int = 50
    high: int = 150

    learns: ClassVar[bool] = True
    random: ClassVar[bool] = True
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """Learn the words; gives the function that counts them in items."""
        from sklearn.cluster import MiniBatchKMeans

        patches = [row for items in (sketches, photos) for row, _ in self.patches(items)]
        patches = np.concatenate([np.empty((0, 128), np.float32), *patches])
        if len(patches) < self.words:
            raise UserError(
                f"words must be at most the training pictures' patches with lines, {len(patches)}. "
                f"Received: words={self.words}"
            )
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(patches))[:SAMPLE]
        words = MiniBatchKMeans(
            self.words, batch_size=4096, n_init=1, max_iter=20, random_state=seed
        ).fit(patches[chosen])
        return lambda items: self.count(items, words)

    def patches(self, items):
        """Descriptors (P, 128) of every item's patches with lines, and their regions (P,)."""
        import cv2

        sift = cv2.SIFT_create()
        first, span = self.patch // 2, self.size - self.patch
        places = first + np.arange(0, span + 1, self.step)
        # OpenCV describes twelve times a keypoint's radius: four bins, each three radii wide.
        points = [
            cv2.KeyPoint(float(x), float(y), self.patch / 6, 0) for y in places for x in places
        ]
        region = places * self.grid // self.size
        regions = np.array([self.grid * row + column for row in region for column in region])
        for drawing in line_drawings(items, self.low, self.high):
            _, rows = sift.compute(drawing, points)
            drawn = np.linalg.norm(rows, axis=1) > DRAWN
            yield rows[drawn], regions[drawn]

    def count(self, items, words) -> np.ndarray:
        """Rooted shares (N, words x regions) float32."""
        width = self.words * self.grid**2
        bags = np.zeros((len(items), width), np.float32)
        for bag, (rows, regions) in zip(bags, self.patches(items), strict=True):
            if len(rows):
                found = regions * self.words + words.predict(rows)
                bag[:] = np.sqrt(np.bincount(found, minlength=width) / len(rows))
        return bags
