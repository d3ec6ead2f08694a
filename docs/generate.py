"""Write the parts of the README that the code knows: the options, the local pool's T-SQL, and what it assumes.

``python docs/generate.py`` writes them; with ``--check`` it only says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import assumptions
import local_pool_tsql
import option_table

README = Path(__file__).parents[1] / "README.md"


def generated(readme: str) -> str:
    """Return the README's text with each generated part made anew."""
    parts = {
        "options": option_table.option_table(),
        "tsql": local_pool_tsql.as_markdown(),
        "assumptions": assumptions.as_markdown(),
    }
    for name, text in parts.items():
        begin, end = f"<!-- {name}: made by docs/generate.py -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        readme, count = pattern.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", readme)  # noqa: B023 - called at once
        if count != 1:
            raise SystemExit(f"README.md has {count} parts named {name!r}; it needs one.")
    return readme


def main() -> int:
    """Write or check; return the exit code."""
    old = README.read_text(encoding="utf-8")
    new = generated(old)
    if "--check" in sys.argv:
        print("up to date" if new == old else "README.md is stale: run python docs/generate.py")  # noqa: T201
        return int(new != old)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
