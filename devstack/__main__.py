"""`python -m devstack COMMAND`: what the Makefile and the launcher's own parts call."""

import argparse
import shlex
import signal
import sys
from pathlib import Path

from devstack import Trouble, lifelines


def main() -> int:
    """Run one command; return its exit code."""
    options = _options()
    if options.tied:
        lifelines.tie_to_parent(signal.SIGTERM)  # `make` killed with -9 takes the site along
    # Each imports what it needs itself: keeper and guard stay small.
    match options.command:
        case "run":
            from devstack import launcher

            return launcher.run(demo_data=not options.no_demo_data)
        case "demo":
            from devstack import launcher

            return launcher.demo(as_json=options.json)
        case "urls":
            return _print_urls()
        case "keeper":
            from devstack.directory import DataDirectory
            from devstack.keeper import Keeper

            return Keeper(DataDirectory(options.data), durable=not options.throw_away).run()
        case "guard":
            from devstack import guard

            return guard.watch()
        case _:
            from devstack import environment, preparation

            environment.prepare()
            return preparation.prepare_site(demo_data=options.demo_data)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    parser.add_argument("--tied", action="store_true", help="stop when the process that started this ends")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the site until Ctrl-C")
    run.add_argument("--no-demo-data", action="store_true", help="begin with an empty site")
    demo = commands.add_parser("demo", help="walk the main job end to end on a throw-away site")
    demo.add_argument("--json", action="store_true", help="end with one line of JSON")
    commands.add_parser(
        "urls", help="print the addresses of the running private servers, to be eval'ed by a shell"
    )
    kept = commands.add_parser("keeper", help="(internal) own the private servers of a data directory")
    kept.add_argument("data", type=Path)
    kept.add_argument("--throw-away", action="store_true")
    commands.add_parser("guard", help="(internal) end processes whose supervisor was killed")
    prepared = commands.add_parser("prepare-site", help="(internal) tables, guidelines, demo data")
    prepared.add_argument("--demo-data", action="store_true")
    return parser.parse_args()


def _print_urls() -> int:
    """Print `export NAME=VALUE` lines of the running servers; exit code 1 if none run."""
    from devstack import environment, keeper, servers
    from devstack.directory import DataDirectory

    data = DataDirectory(environment.data_path())
    if not servers.are_running(data):
        raise Trouble(f"No private servers run on {data.path} now. `make run` starts them.")
    for name, server in keeper.status(data)["servers"].items():
        print(f"export {environment.SETTING_OF[name]}={shlex.quote(server['url'])}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(str(trouble))
