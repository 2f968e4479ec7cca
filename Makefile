# `make demo` and `make test` set themselves up; see tools/setup.sh.
.PHONY: demo serve test test-all lint setup setup-dev lock

demo: setup
	@sh tools/demo.sh

# The page to draw on, with the shipped model.
serve: setup
	@sh tools/serve.sh

test: setup-dev
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile -m "not slow"

# Also those that train networks, kill processes and run whole commands: a quarter of an hour more.
test-all: setup-dev
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile

lint: setup-dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

setup:
	@sh tools/setup.sh requirements.txt

setup-dev:
	@sh tools/setup.sh requirements.txt requirements-dev.txt

lock:
	uv pip compile --no-header --no-annotate --python-version 3.11 requirements.in -o requirements.txt
	uv pip compile --no-header --no-annotate --python-version 3.11 requirements-dev.in -o requirements-dev.txt
