#!/usr/bin/env python
"""Django's command line, on private servers wherever DATABASE_URL or REDIS_URL is unset."""

import os
import signal
import sys

from devstack import Trouble, environment, lifelines

# These ask no server anything, so none is started for them.
SERVERLESS = {
    "help",
    "version",
    "startapp",
    "makemessages",
    "compilemessages",
    "findstatic",
    "collectstatic",
    "diffsettings",
}


def main() -> None:
    """Complete the environment, then run the command."""
    words = sys.argv[1:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if os.environ.get(
        "RUN_MAIN"
    ):  # runserver's reloader started us: killed with -9 it must not leave us behind
        lifelines.tie_to_parent(signal.SIGTERM)
    try:
        if not words or words[0] in SERVERLESS or {"-h", "--help", "--version"} & set(words):
            environment.prepare_without_servers()
        else:
            environment.prepare(say=lambda line: print(f"{line} …", file=sys.stderr))
    except Trouble as trouble:
        sys.exit(str(trouble))
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in words:
            raise
        sys.exit(f"A setting is wrong: {error}")


if __name__ == "__main__":
    main()
