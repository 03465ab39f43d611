# Two commands from nothing: `make demo` and `make test`.

GUESTCTL = .venv/bin/guestctl
BIN = .venv/bin

.PHONY: setup demo test lint bench docs stubs clean

setup:
	@scripts/setup.sh

# opens the shell on IMAGE, or on a teaching image; without a terminal it gives a short tour
demo: setup
	@scripts/demo.sh $(IMAGE)

test: lint
	$(BIN)/pytest

lint:
	@scripts/setup.sh tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@scripts/setup.sh tests
	$(BIN)/python -m benchmarks

# writes the reference pages anew from the declarations
docs:
	@scripts/setup.sh tests
	$(BIN)/python -m guestshell.reference docs/reference

# writes the types of libguestfs's methods anew from the installed version
stubs:
	@scripts/setup.sh tests
	$(BIN)/python -m scripts.stubs

clean:
	rm -rf .venv dist
