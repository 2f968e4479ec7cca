"""torchmetrics' AP of each query in PyTorch, for `benchmarks.evaluation`.

    PYTHON benchmarks/torch_ranking.py FOLDER/CASE

in an environment that has torch. With torchmetrics installed its own function is called, else the
same steps, as its documentation gives them, are taken here.
"""

import json
import sys
import time

import numpy as np
import torch

try:
    from torchmetrics.functional.retrieval import retrieval_average_precision
except ImportError:

    def retrieval_average_precision(preds, target):
        """The target sorted by falling score; the mean of i / rank_i over its hits."""
        ranked = target[torch.argsort(preds, descending=True)]
        ranks = torch.arange(1, len(ranked) + 1, dtype=torch.float32)[ranked > 0]
        return ((torch.arange(len(ranks), dtype=torch.float32) + 1) / ranks).mean()


def main(case: str) -> None:
    scores = -torch.from_numpy(np.load(f"{case}.distances.npy"))
    relevant = torch.from_numpy(np.load(f"{case}.relevant.npy"))
    torch.set_num_threads(1)
    began = time.process_time()
    pairs = zip(scores, relevant, strict=True)
    values = [float(retrieval_average_precision(*pair)) for pair in pairs]
    print(json.dumps({"seconds": time.process_time() - began, "ap": values}))


if __name__ == "__main__":
    main(sys.argv[1])
