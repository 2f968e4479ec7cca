#!/bin/sh
# The page, with the shipped model, over the bundled pictures.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

[ -d data/icons/photos ] || sbir data build-icons --to data/icons
sbir index saved_models/icons data/icons/photos --to indexes/icons
echo "Open the address below in a browser, and draw."
exec sbir serve --model saved_models/icons --index indexes/icons "$@"
