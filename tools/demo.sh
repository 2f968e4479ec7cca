#!/bin/sh
# The main job, end to end: train, evaluate, export, index, search, show.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

step() {
    echo
    echo "\$ sbir $*"
    sbir "$@"
}

step data build-icons --to data/icons
step train icons_quick
step evaluate runs/icons_quick --untrained
step export runs/icons_quick
step index saved_models/icons_quick data/icons/styles/gallery --to indexes/icons_quick
step search indexes/icons_quick data/icons/styles/queries --limit 12 \
    --sheet demo/search.png --sheet demo/search.html

cat <<'END'

Look at the results:    demo/search.png, demo/search.html
The run and its curves: runs/icons_quick (tensorboard --logdir runs)
The model:              saved_models/icons_quick/1 (its card is README.md)
The index:              indexes/icons_quick
The pictures:           data/icons/styles/gallery

Search with your own drawing:
    .venv/bin/sbir search indexes/icons_quick YOUR-DRAWING.png --sheet found.png
Search your own pictures:
    .venv/bin/sbir index saved_models/icons_quick YOUR-PICTURES --to indexes/mine
END
