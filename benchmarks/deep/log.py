"""Results as one JSON object a line, appended when it is known: a run that was stopped goes on where it stopped."""

import json

__all__ = ["Log"]


class Log:
    """An append-only file of records that are known by some of their fields.

    Parameters
    ----------
    path : Path
        Created with the first record. A last line without its end was cut off by a kill, and is removed.
    key : tuple of str
        Fields that name a record.
    """

    def __init__(self, path, key):
        self.path, self.key = path, key
        self._records = {}
        if path.exists():
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                path.write_bytes(whole)
            records = [json.loads(line) for line in whole.decode().splitlines()]
            self._records = {self._name(record): record for record in records}

    def _name(self, record):
        return json.dumps([record[name] for name in self.key], sort_keys=True)

    def __contains__(self, record):
        return self._name(record) in self._records

    def add(self, record):
        """Append a record."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        self._records[self._name(record)] = json.loads(json.dumps(record))

    def of(self, names):
        """List the records with the given names that there are, in their order."""
        return [self._records[self._name(name)] for name in names if name in self]
