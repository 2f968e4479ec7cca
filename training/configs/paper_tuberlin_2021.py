"""The published method of 2021 on TU-Berlin Extended: SE-ResNeXt-101, DASE and MEMS.

    sbir train paper_tuberlin_2021 --set network.weights=seresnext101_32x4d.pth
    sbir evaluate runs/paper_tuberlin_2021

Data: the two public archives under data/tuberlin, as `png/<class>/` and `ImageResized/<class>/`.
The photos' red and blue, swapped in that archive, are swapped back
(`--set data.swap_red_blue=false` if yours are not), and its misspelt folders find their classes.
Weights, hardware and what is as published: see `paper_sketchy_2021`; here 10 test sketches of each
class are held out. It was never run to its end here: no figure is claimed for it, neither ours
nor the paper's.
Every photo of the gallery is trained on in this protocol; only the query sketches are new.
"""

import dataclasses

from training.configs.paper_sketchy_2021 import CONFIG as SKETCHY

CONFIG = dataclasses.replace(
    SKETCHY,
    name="paper_tuberlin_2021",
    data=dataclasses.replace(
        SKETCHY.data, root="data/tuberlin", layout="tuberlin_ext", test_sketches=10
    ),
)
