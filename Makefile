# `make book` and `make test` do everything, each alone, on a machine that has Python and make. `make` lists the rest.
#
# make builds each file below from the files after its colon, and again only when one of those is newer. Where a step leaves
# no file of its own, an empty one stands for it: in .venv what concerns the environment, in _build what concerns the book.

PYTHON ?= python3
PORT ?= 8000
# How many of the recipes, chapters and tests run at a time: what the machine has cores and memory for.
ifndef JOBS
JOBS := $(or $(shell $(PYTHON) tools/machine.py 2>/dev/null),1)
endif
MAKEFLAGS += --jobs=$(JOBS)

# Which PyTorch: cpu is its own CPU wheels, without CUDA; pypi is the package index's. .venv remembers.
HAS_TORCH := $(shell cat .venv/.torch 2>/dev/null || echo pypi)
TORCH ?= $(HAS_TORCH)

PY := .venv/bin/python
NPM := $(PY) tools/npm.py
NOTEBOOKS := $(wildcard book/*.ipynb)
SENET := $(shell find senet sebook -name '*.py')
DATA := $(shell find data -type f 2>/dev/null)
FRONTEND := $(shell find frontend -name node_modules -prune -o -name test -prune -o -type f -print)
BOOK := $(shell find book -name node_modules -prune -o -name __pycache__ -prune -o -name .ipynb_checkpoints -prune -o -type f -print)
BUNDLE := sebook/widgets/static/page.js

# One thread in each of several processes: on few cores more threads only get in each other's way.
export OMP_NUM_THREADS ?= 1
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DELETE_ON_ERROR:
.PHONY: help book serve test lint prose format lock pin clean publish-check alone kit pdf lighthouse engine-bench page-training webkit student instructor package-test browsers frontend-test FORCE

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: _build/.book  ## build the book into _build/html, with all that it needs (TORCH=cpu: without CUDA)
	@echo "The book is built: open _build/html/index.html, or run \`make serve\`."

serve: book  ## build the book and serve it on http://localhost:8000 (PORT=8001 for another port)
	$(PY) tools/serve.py _build/html --port $(PORT)

test: lint browsers book frontend-test  ## lint, test the front end, the package, and the built book in a real browser
	$(PY) -m pytest --numprocesses $(JOBS) --dist worksteal

# Fetched while the chapters run.
browsers: .venv/.packages
	$(PY) tools/chromium.py --install
	$(PY) -m tools.firefox --install
	$(PY) -m tools.webkit --install --optional

# After the chapters, which take all cores: Sphinx, which comes then, takes one.
frontend-test: frontend/node_modules/.package-lock.json frontend/engine/node_modules/.package-lock.json | _build/.chapters
	$(NPM) --prefix frontend test

webkit: book  ## install WebKitGTK, as root or by sudo, and test the book in it (make test does, where it can)
	$(PY) -m tools.webkit --install --sudo
	$(PY) -m pytest --numprocesses 0 -rs tests/book/test_webkit.py

lint: .venv/.project frontend/node_modules/.package-lock.json frontend/engine/node_modules/.package-lock.json  ## check style, types, English, and that notebooks hold no outputs
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m nbstripout --keep-id --verify $(NOTEBOOKS)
	$(PY) -m tools.prose
	$(NPM) --prefix frontend run check

prose: .venv/.packages  ## list turns of phrase that the project's English avoids (tools/prose_rules.yml)
	$(PY) -m tools.prose

format: .venv/.packages frontend/node_modules/.package-lock.json  ## fix style, and strip the notebooks of outputs
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) -m nbstripout --keep-id $(NOTEBOOKS)
	$(NPM) --prefix frontend run format

publish-check: test  ## do what the workflow does before it publishes: warnings are errors, every test, no broken link
	$(PY) tools/links.py _build/html --base "$$($(PY) tools/links.py --address)"

alone: .venv/.project  ## run every chapter alone in an environment like Colab's, with 2 GB of memory (SHARE=folder of packages)
	$(PY) -m tools.alone $(if $(SHARE),--share $(SHARE)) $(NOTEBOOKS)

kit: book  ## pack book, notebooks, package and weights into a zip for a room without a network
	$(PY) -m tools.kit

student: book  ## write the chapters with blanks, without solutions, as notebooks into dist/student
	$(PY) -m tools.versions student

instructor: book  ## write them with solutions and teaching notes into dist/instructor
	$(PY) -m tools.versions instructor

pdf: book  ## print the whole book into dist/, by Chromium
	$(PY) -m tools.pdf

lighthouse: book frontend/lighthouse/node_modules/.package-lock.json  ## measure pages as a phone sees them, into data/results/lighthouse.json
	$(PY) tools/chromium.py --install
	$(PY) -m tools.lighthouse

engine-bench: _build/.live  ## measure networks in the browser, batch norms folded and not, into data/results/engine.json
	$(PY) tools/chromium.py --install
	$(PY) -m tools.engine_bench

page-training: _build/.book  ## train in the browser and by PyTorch, and compare, into data/results/page-training.json
	$(PY) tools/chromium.py --install
	$(PY) -m tools.page_training

lock: UPGRADE := --upgrade
lock pin: .venv/.packages
lock:  ## resolve requirements.in from scratch into requirements.txt, with a hash of every file that may be installed
pin:  ## take what requirements.in newly names into requirements.txt, and leave the other versions as they are
lock pin:
	$(PY) -m pip install --quiet uv
	$(PY) -m uv pip compile requirements.in $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --quiet --output-file requirements.txt
	$(PY) -m tools.wheels

# All but those that read or make a built book.
PACKAGE_TESTS := $(filter-out $(patsubst %,tests/test_%.py,budgets guide versions),$(wildcard tests/test_*.py))

package-test: .venv/.project  ## test the package without a book or a browser
	$(PY) -m pytest --numprocesses $(JOBS) --dist worksteal $(PACKAGE_TESTS)

clean:  ## remove what was made, but the environment (rm -rf .venv for that)
	rm -rf _build sebook/widgets/static frontend/node_modules frontend/engine/node_modules frontend/lighthouse/node_modules book/node_modules .pytest_cache .ruff_cache .hypothesis

# --- the environment ---------------------------------------------------------------------------------------------------------

ifneq ($(TORCH),$(HAS_TORCH))
.venv/.packages: FORCE
endif

.venv/.packages: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here: install Python 3.11 to 3.14, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit( \
		v < (3, 11) and "$(PYTHON) is Python %d.%d, and 3.11 is the least: name a newer one, as in make PYTHON=python3.12" % v or \
		v > (3, 14) and "$(PYTHON) is Python %d.%d, and 3.14 is the newest with every package: name an older one, as in make PYTHON=python3.14" % v)'
	@rm -f $@
	@$(PYTHON) tools/install.py --venv .venv --torch $(TORCH)
	@touch $@

# The package is installed as a link to this folder. The bundle comes first, or installing would build it a second time.
.venv/.project: pyproject.toml hatch_build.py .venv/.packages | $(BUNDLE)
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

%/node_modules/.package-lock.json: %/package-lock.json %/package.json .venv/.packages
	$(NPM) --prefix $* ci
	@touch $@

$(BUNDLE): $(FRONTEND) frontend/node_modules/.package-lock.json
	$(NPM) --prefix frontend run build
	@touch $@

# --- the book ----------------------------------------------------------------------------------------------------------------

# Remembers SENET_DATA, so that the gallery is made again when other pictures are at hand.
_build/.data: FORCE
	@mkdir -p $(@D)
	@echo '$(SENET_DATA)' | cmp --silent - $@ || echo '$(SENET_DATA)' > $@

# What a page answers from, and the networks for the reader's browser: one process, since to import PyTorch takes as long as the rest.
# Feature maps are among the networks' outputs, which adds 100 bytes.
_build/.gallery: $(SENET) $(DATA) _build/.data .venv/.project
	$(PY) -m senet gallery --out _build/assets/senet --onnx _build/models
	@touch $@

MODELS := $(patsubst data/%.safetensors,_build/models/%.onnx,$(filter-out %.profiles.safetensors,$(wildcard data/*.safetensors)))

# What a page needs to train a network: sebook/pages/trainer.py.
TRAINED := $(patsubst %,_build/models/train-%.json,$(foreach net,none se-r2 se-r4 se-r8 se-r16,$(net) $(net)-quick))

# A network in 8 bits, which ships: sebook/shipping/in_page.py.
EIGHT := data/se_resnet20_cifar10.int8.onnx

# Another's network, which npm has fetched with the runtime (frontend/engine/package.json) and nobody keeps in the repository.
OTHERS := _build/models/selfie_segmentation.onnx

$(OTHERS): $(wildcard sebook/wild/*.py) frontend/engine/node_modules/.package-lock.json .venv/.project
	@mkdir -p $(@D)
	$(PY) -m sebook.wild.segmenter $@

_build/.live: _build/.gallery $(OTHERS) $(FRONTEND) frontend/engine/node_modules/.package-lock.json frontend/node_modules/.package-lock.json
	$(NPM) --prefix frontend/engine run build -- $(abspath _build/assets/senet) $(abspath $(MODELS) $(TRAINED) $(EIGHT) $(OTHERS))
	@touch $@

# The chapters' outputs, each kept until its code, the package or the data changes. `jupyter-book build .` would also run them, and
# nothing beside them. One opens another's network, which npm fetches for the page (sebook/wild/segmenter.py).
_build/.chapters: $(NOTEBOOKS) $(SENET) $(DATA) requirements.txt _config.yml _toc.yml _build/.data .venv/.project frontend/engine/node_modules/.package-lock.json
	$(PY) -m tools.execute
	@touch $@

# --all: Sphinx would miss changes in assets, extensions and configuration.
_build/.book: $(BOOK) _config.yml _toc.yml $(BUNDLE) book/node_modules/.package-lock.json _build/.chapters _build/.gallery _build/.live
	rm -rf _build/html
	.venv/bin/jupyter-book build . --all --warningiserror --keep-going --quiet
	@touch $@
