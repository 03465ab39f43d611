# Two commands from nothing: `make demo` and `make test`.

GUESTCTL = .venv/bin/guestctl
BIN = .venv/bin

.PHONY: setup demo test lint coverage bench fuzz docs stubs dist deb deb-check pipx-check floors clean

setup:
	@scripts/setup.sh

# opens the shell on IMAGE, or on a teaching image; without a terminal it gives a short tour
demo: setup
	@scripts/demo.sh $(IMAGE)

test: lint
	$(BIN)/pytest --numprocesses auto --dist loadfile

lint:
	@scripts/setup.sh tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# which lines and branches of the program the tests take; a few tests fail under it, for it finds
# no room for its own data where a disk is full
coverage:
	@scripts/setup.sh tests
	-$(BIN)/coverage run -m pytest --numprocesses auto --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort cover

bench:
	@scripts/setup.sh tests
	$(BIN)/python -m benchmarks

# attacks that take an hour: damaged images and texts, killed appliances, Ctrl-C at any instant
fuzz:
	@scripts/setup.sh tests
	$(BIN)/python -m campaigns

# writes the reference pages anew from the declarations, and builds the site in site/
docs:
	@scripts/setup.sh tests
	$(BIN)/python -m guestshell.reference docs/reference
	@scripts/player.sh docs/assets
	$(BIN)/zensical build --strict --clean

# the sdist and the wheel
dist:
	@scripts/setup.sh tests
	rm -f dist/guestshell-*-py3-none-any.whl dist/guestshell-*.tar.gz
	$(BIN)/python -m hatchling build
	$(BIN)/twine check --strict dist/*.whl dist/guestshell-*.tar.gz

# dist/guestctl_VERSION_all.deb; needs what packaging/debian/control names
deb:
	@scripts/build_deb.sh

# builds the .deb in one clean Debian, installs and tries it in another; needs root
deb-check:
	@scripts/deb_check.sh $(SUITE)

# installs the wheel with pipx in a clean Debian and tries it; needs root
pipx-check: dist
	@scripts/pipx_check.sh $(SUITE)

# the tests without an appliance on the oldest dependencies that are allowed
floors:
	@scripts/floors.sh

# writes the types of libguestfs's methods anew from the installed version
stubs:
	@scripts/setup.sh tests
	$(BIN)/python -m scripts.stubs

clean:
	rm -rf .venv dist site
