"""Indexes a folder and kills itself at one of the calls that this makes.

kill_while_indexing.py PICTURES INDEX SEED
"""

import os
import random
import signal
import sys

import numpy as np


class MeanColour:
    name, digest, dimension, path = "mean-colour", "c0" * 32, 3, None

    def encode(self, pictures, domain):
        del domain
        return np.array([picture.mean((0, 1)) / 255 for picture in pictures], np.float32)


def main() -> None:
    pictures, place, seed = sys.argv[1:]
    from serving.gallery import index_folder, target

    target._SECONDS = 0  # every batch is made durable
    left = random.Random(int(seed)).randrange(100, 1300)

    def count(frame, event, _):
        nonlocal left
        ours = "serving" in frame.f_code.co_filename
        left -= ours and event == "call"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    index_folder(MeanColour(), pictures, place, batch_size=2)
    os.kill(os.getpid(), signal.SIGKILL)  # at the latest


if __name__ == "__main__":
    main()
