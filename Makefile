# Thin names for six commands. Each sets up its own environment in .venv when that is missing.
PROFILE ?= demo
FLAGS ?=
PAPERS := $(basename $(notdir $(wildcard notebooks/*.ipynb)))

.PHONY: reproduce published test book lint commands
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make reproduce   train, evaluate and report every paper, then build the book (PROFILE=$(PROFILE))"
	@echo "make published   build the book from results/, the largest published profile; trains nothing"
	@echo "make test        run all tests; the first run needs a few minutes"
	@echo "make book        build the book from the executed notebooks"
	@echo "make commands    run the examples of the page of the commands and store what they print"
	@echo "make lint        check style and types"

.venv/ready: pyproject.toml constraints.txt
	@echo "Setting up .venv (about 2 GB, one or two minutes)"
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[notebooks,book,test]'
	touch .venv/ready

reproduce: .venv/ready $(PAPERS:%=reproduce-%)
	.venv/bin/deblur book --profile $(PROFILE)

reproduce-%: .venv/ready
	@echo "Reproducing $* at profile $(PROFILE); finished runs are not repeated"
	.venv/bin/deblur reproduce $* --profile $(PROFILE) $(FLAGS)

published: .venv/ready $(PAPERS:%=published-%)
	.venv/bin/deblur book

published-%: .venv/ready
	@echo "Showing the published results of $*"
	.venv/bin/deblur reproduce $* --published $(FLAGS)

test: .venv/ready
	@echo "Running all tests; skipped ones are listed with their reason"
	.venv/bin/python -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

book: .venv/ready
	@echo "Building the book from build/notebooks"
	.venv/bin/deblur book $(if $(filter smoke,$(PROFILE)),--profile smoke)

commands: .venv/ready
	@echo "Running the examples of the page of the commands"
	.venv/bin/python -m deblur_lib.cli.captured

lint: .venv/ready
	@echo "Checking style and types"
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy deblur_lib
