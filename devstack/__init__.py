"""The launcher: a private PostgreSQL and Valkey for whoever needs them, and every process of the site.

`keeper` owns the servers and ends them when nobody uses them; `environment` joins it and fills os.environ;
`supervisor` runs the processes. Nothing in here knows a model or a table.
"""


class Trouble(Exception):
    """Says in sentences what is wrong and what to do; shown to a person as it is, without a stack trace."""
