# Two commands on a fresh machine: `make book` and `make test`; `make` lists them all.
PYTHON ?= python3
BOOK := .venv-book/bin/python
PY := .venv/bin/python
INSTALL := -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt
NB ?=

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 16

.PHONY: help book plain serve pdf test verify bench ladder lab notebooks catalogues clean
.PHONY: locks test-oldest test-newest test-nightly

book: .venv-book/done  ## the site, without torch
	$(BOOK) web/build.py

plain: .venv-plain/done  ## the site without Jupyter Book, on the newest Sphinx, in _build/plain
	.venv-plain/bin/python web/plain_sphinx.py _build/plain

serve: book  ## the site at http://localhost:8000
	$(BOOK) -m http.server --bind 127.0.0.1 --directory _build/html 8000

pdf: book .venv-book/pdf  ## the whole book as one file, and a zip of the site; needs Chromium
	$(BOOK) web/make_pdf.py

test: .venv/done  ## unit tests, every notebook in rehearsal, the site
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/zizmor --offline --quiet --persona pedantic .github/workflows
	PYTHONWARNDEFAULTENCODING=1 OMP_NUM_THREADS=1 \
		$(PY) -m pytest -q -n 3 --dist loadfile --nbval notebooks tests

verify: .venv/done  ## the notebooks on the whole data but 04's training; by tests/notebooks/compare.py
	data=$$($(PY) -c "from experiments.record import *; print(whole_data())") && \
	D2L_LITE_DATA=$$data $(PY) -m pytest -q --nbval $(filter-out %/04_alexnet.ipynb,$(wildcard notebooks/*.ipynb))

bench: .venv/done .venv-bench/done  ## speed: of the helper, beside others, and of the site
	$(PY) -m experiments.bench
	$(PY) -m web.bench

ladder: .venv/done  ## what is missing of the ladder's trainings; hours
	$(PY) -m experiments.ladder

lab: .venv/done  ## JupyterLab on the notebooks
	$(PY) -m jupyter lab notebooks

notebooks: .venv/done  ## run and store one, `make notebooks NB=02_lenet`, or all
	$(PY) tests/notebooks/execute.py $(NB)

catalogues: .venv-book/done  ## update the Chinese catalogues in locale/; STUBS=--stubs fills them
	$(BOOK) web/catalogues.py $(STUBS)

clean:
	rm -rf _build build .venv .venv-book .venv-bench .venv-plain *.egg-info

.venv-book/done: requirements/book.txt requirements/constraints.txt
	$(PYTHON) -m venv .venv-book
	$(BOOK) $(INSTALL) -r requirements/book.txt
	touch $@

.venv-book/pdf: .venv-book/done requirements/pdf.txt
	$(BOOK) $(INSTALL) -r requirements/pdf.txt
	touch $@

.venv/done: requirements.txt requirements/book.txt requirements/test.txt requirements/constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PY) $(INSTALL) -r requirements.txt -r requirements/book.txt -r requirements/test.txt
	$(PY) $(INSTALL) --no-deps -e .
	touch $@

.venv-bench/done: requirements/bench.txt requirements/constraints.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(INSTALL) -r requirements/bench.txt
	.venv-bench/bin/python $(INSTALL) --no-deps d2l==1.0.3
	touch $@

# Locks, other versions, nights.
NEEDED := requirements.txt requirements/book.txt requirements/test.txt
REQUIREMENTS := $(addprefix -r ,$(NEEDED))
UV_COMPILE := .venv-uv/bin/uv pip compile -q --no-header --no-annotate
TESTS := -m pytest -q -n 3 --dist loadfile --nbval notebooks tests
COMPILE := .venv-uv/bin/uv pip compile --no-header --no-annotate --generate-hashes \
	--no-emit-index-url --python-version 3.11.7 --python-platform linux -c requirements/constraints.txt
MADE_FOR := Exact versions with hashes, for Python 3.11 on Linux, x86-64; by make locks.

locks: .venv-uv/done  ## the exact, hashed versions in requirements/locks/, from requirements/constraints.txt
	echo "# $(MADE_FOR)" > requirements/locks/book.txt
	$(COMPILE) requirements/book.txt requirements/pdf.txt >> requirements/locks/book.txt
	echo "# $(MADE_FOR)" > requirements/locks/tests.txt
	$(COMPILE) requirements.txt requirements/book.txt requirements/test.txt \
		requirements/pdf.txt >> requirements/locks/tests.txt

# What no bound names has the versions of the constraints, unless an old package
# refuses them: uv takes what stands in its output file where it can.
test-oldest: .venv-uv/done  ## the tests with the oldest versions that the metadata allow
	rm -rf .venv-oldest
	$(PYTHON) -m venv .venv-oldest
	$(UV_COMPILE) --no-deps --resolution lowest-direct --python .venv-oldest/bin/python \
		pyproject.toml requirements.txt -o .venv-oldest/direct.txt
	cp requirements/constraints.txt .venv-oldest/all.txt
	$(UV_COMPILE) --python .venv-oldest/bin/python $(NEEDED) -c .venv-oldest/direct.txt \
		-o .venv-oldest/all.txt
	.venv-oldest/bin/python -m pip install -q -r .venv-oldest/all.txt
	.venv-oldest/bin/python -m pip install -q --no-deps -e .
	OMP_NUM_THREADS=1 .venv-oldest/bin/python $(TESTS)

test-newest:  ## the tests with the newest on the index
	rm -rf .venv-newest
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install -q --upgrade $(REQUIREMENTS)
	.venv-newest/bin/python -m pip install -q --no-deps -e .
	OMP_NUM_THREADS=1 .venv-newest/bin/python $(TESTS)

test-nightly: .venv/done .venv-plain/done  ## the tests that take too long for each change; every time limit
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -m nightly tests
	for seed in 1 2 3; do OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 3 --dist loadfile \
		--random-order --random-order-seed=$$seed tests || exit 1; done
	$(PY) -m web.bench

# No constraints: they are of the older Sphinx.
.venv-plain/done: requirements/plain.txt
	$(PYTHON) -m venv .venv-plain
	.venv-plain/bin/python -m pip install -q --disable-pip-version-check -r requirements/plain.txt
	touch $@

.venv-uv/done:
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/python -m pip install -q uv==0.13.9
	touch $@
