"""Run the snippets of the pages: ``pytest docs --doctest-glob="*.rst"``."""

collect_ignore = ["conf.py", "_markdown.py", "_monitoring.py", "_results.py"]
collect_ignore_glob = ["_build/*", "_generated/*", "auto_examples/*", "generated/*"]
