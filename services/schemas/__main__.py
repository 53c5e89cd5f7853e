"""`python -m services.schemas`: the commands without the rest of the platform, for `make check`."""

import sys

from services.cli.schemas import app
from services.errors import TouchstoneError


def main() -> None:
    """Run one command; what it refuses is said on stderr and told by the exit code."""
    try:
        app(prog_name="touchstone schemas")
    except TouchstoneError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
