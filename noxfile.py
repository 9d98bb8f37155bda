"""Sessions of development and continuous integration: ``nox -l`` lists them."""

import shutil

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True

PINNED = ("-c", "constraints.txt")
# torch without CUDA is a tenth of the size
CPU = ("--extra-index-url", "https://download.pytorch.org/whl/cpu")


@nox.session
def tests(session):
    """Run all tests on the pinned versions."""
    session.install(*PINNED, *CPU, "-e", ".[test]")
    session.run("pytest", "-m", "", *session.posargs)


@nox.session
def tests_min(session):
    """Run all tests on the oldest scikit-learn that is supported."""
    session.install(*CPU, "-e", ".[test]", "scikit-learn==1.6.1")
    session.run("python", "-c", "import sklearn; assert sklearn.__version__ == '1.6.1'")
    session.run("pytest", "-m", "", *session.posargs)


@nox.session
def lint(session):
    """Check style, format and spelling."""
    session.install(*PINNED, "ruff", "codespell")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")


@nox.session
def docs(session):
    """Run the snippets of the documentation, then build it; a warning is an error."""
    session.install(*PINNED, *CPU, "-e", ".[docs,test]")
    # pages of names that are gone would be warned of
    shutil.rmtree("docs/generated", ignore_errors=True)
    session.env.pop("SKSPECTRAL_DATA", None)
    session.run("pytest", "docs", "--doctest-glob=*.rst", "-q")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def bench(session):
    """Compare speed with the peers; arguments after ``--`` go to the benchmark."""
    session.install(*PINNED, *CPU, "-e", ".[bench]")
    session.run("python", "-m", "benchmarks.speed", *session.posargs)
