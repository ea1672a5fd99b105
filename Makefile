# The commands of the project. `make` alone lists them.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo
LABELS := labels/passages.jsonl labels/excerpts.jsonl labels/damaged.jsonl

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-postgresql check bench scale quality scans fuzz load format labels model corpus clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

setup: $(READY) ## Make the virtual environment with the pinned versions

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found"; exit 1; }
	@echo "== setting up $(VENV) with $(PYTHON) (downloads what is not cached)"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments: \
	install its venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
	-c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY) ## Screen the project's own corpus, judge it as made-up readers would, and report
	@echo "== a study of the made-up papers in corpus/papers, in the folder $(DEMO)"
	@rm -rf $(DEMO)
	@$(BIN)/ddr-screen init $(DEMO)
	@cp corpus/study.toml $(DEMO)/study.toml
	@$(BIN)/ddr-screen add $(DEMO) corpus/papers --records corpus/records.jsonl
	@echo "== reading, cleaning and matching"
	@$(BIN)/ddr-screen run $(DEMO)
	@echo "== the top of the queue"
	@$(BIN)/ddr-screen queue $(DEMO) -n 5
	@echo "== made-up readers judge the queue, and papers drawn from the unflagged"
	@$(BIN)/ddr-screen sample $(DEMO) -n 12 --seed 1
	@$(BIN)/python corpus/judging.py $(DEMO)
	@echo "== exports, the appendix table and the report"
	@$(BIN)/ddr-screen export $(DEMO) --what hits --format csv -o $(DEMO)/hits.csv
	@$(BIN)/ddr-screen export $(DEMO) --what papers --format jsonl -o $(DEMO)/papers.jsonl
	@$(BIN)/ddr-screen export $(DEMO) --what findings --format xlsx -o $(DEMO)/findings.xlsx
	@$(BIN)/ddr-screen appendix $(DEMO) -o $(DEMO)/appendix.docx
	@$(BIN)/ddr-screen report $(DEMO) -o $(DEMO)/report.html --title "Demo: made-up papers of made-up hospitals"
	@echo "== the evidence as one file, checked against the papers"
	@$(BIN)/ddr-screen bundle $(DEMO) -o $(DEMO)/evidence.zip
	@$(BIN)/ddr-screen verify $(DEMO)/evidence.zip --sources corpus/papers

test: $(READY) ## Run the tests but the slow ones
	@echo "== running the tests on all processors (about five minutes on two)"
	@$(BIN)/python -m pytest -n auto --dist worksteal

test-slow: $(READY) ## Run the slow tests: the wheel, the benchmarks and the like (about ten minutes)
	@echo "== running the tests that 'make test' leaves out"
	@$(BIN)/python -m pytest -n auto --dist worksteal -m slow

test-postgresql: $(READY) ## Run the tests of databases on a server, DDR_SCREEN_TEST_SERVER
	@test -n "$$DDR_SCREEN_TEST_SERVER" || { echo "DDR_SCREEN_TEST_SERVER must be the URL of a \
	PostgreSQL server where databases may be made, as postgresql://postgres@127.0.0.1/postgres"; exit 1; }
	@echo "== running the tests that touch a database on PostgreSQL (about five minutes on two)"
	@$(BIN)/python -m pytest -n auto --dist worksteal -m 'database and not slow'

check: $(READY) ## Lint and check types
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy

bench: $(READY) ## Measure speed and memory, each beside a peer (about a minute)
	@$(BIN)/python -m benchmarks.bench $(BENCH)

scale: $(READY) ## Run 1,000, 10,000 and 124,770 made papers on one and two workers (an hour, 4 GB)
	@$(BIN)/python -m benchmarks.scale $(SCALE)

quality: $(READY) ## Measure which pages count as readable, and what damage becomes of (about three minutes)
	@$(BIN)/python -m benchmarks.quality $(QUALITY)

scans: $(READY) ## Print the corpus to pictures, screen those, and count hits found again (an hour)
	@$(BIN)/python -m benchmarks.scans $(SCANS)

fuzz: $(READY) ## Screen 2,000 files damaged at random; account for each (about two minutes)
	@$(BIN)/python -m benchmarks.fuzz $(FUZZ)

load: $(READY) ## Let twenty reviewers judge at once, and kill the server (about two minutes)
	@echo "== the workbench under load"
	@$(BIN)/python -m benchmarks.review $(LOAD)

format: $(READY) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

labels: $(READY) ## Make the damaged copies of the judged passages
	@$(BIN)/python labels/build.py

model: labels ## Train the model that ships, from labels/ (about a minute)
	@$(BIN)/ddr-screen train $(LABELS) --name brain-death -o models/brain-death

corpus: $(READY) ## Rebuild the papers of corpus/ from their sources
	@$(BIN)/python corpus/build.py

clean: ## Remove everything that was made
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
