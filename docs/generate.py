"""Write what the code knows: parts of the README, and whole pages of this folder.

``python docs/generate.py`` writes them; with ``--check`` it only says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import assumptions
import local_pool_tsql
import operator_arguments
import option_table
import remedy_table
import rights_table

ROOT = Path(__file__).parents[1]


def readme(text: str) -> str:
    """Return the README's text with each generated part made anew."""
    parts = {
        "options": option_table.option_table(),
        "rights": rights_table.as_markdown(),
    }
    for name, part in parts.items():
        begin, end = f"<!-- {name}: made by docs/generate.py -->", f"<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        text, count = pattern.subn(lambda _: f"{begin}\n\n{part.rstrip()}\n\n{end}", text)  # noqa: B023 - called at once
        if count != 1:
            raise SystemExit(f"README.md has {count} parts named {name!r}; it needs one.")
    return text


def generated() -> dict[Path, str]:
    """Return the text of each file, made anew."""
    return {
        ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        ROOT / "docs" / "operators.md": operator_arguments.as_markdown() + "\n",
        ROOT / "docs" / "errors.md": remedy_table.as_markdown() + "\n",
        ROOT / "docs" / "local_pool.md": local_pool_tsql.as_markdown() + "\n",
        ROOT / "docs" / "assumptions.md": assumptions.as_markdown() + "\n",
    }


def main() -> int:
    """Write or check; return the exit code."""
    files = generated()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"{names}: stale; run python docs/generate.py" if stale else "up to date")  # noqa: T201
        return int(bool(stale))
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
