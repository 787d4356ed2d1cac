"""The command line: click fills one value of options, a run makes a report, the report is rendered, its verdict is the exit code.

What `vbatch --help` needs (app, registry_app, registry_changes, verb, values, asked, shell) imports nothing heavier than click. The bodies
of the verbs (judge, explain, verify, registry, changes) are imported when their verb runs.
"""

from vbatch.cli.shell import main

__all__ = ["main"]
