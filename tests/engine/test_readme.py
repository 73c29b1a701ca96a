import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "packages" / "areion-engine" / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
FOREIGN = ("flask", "django")


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_programs_of_the_readme_run(block, tmp_path):
    """Each program runs as it is printed; one for a framework that need not be installed is only compiled."""
    compile(block, "README.md", "exec")
    if not any(f"from {name} import" in block for name in FOREIGN):
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path, check=True, timeout=60)


def test_there_are_programs():
    """The programs are found."""
    assert len(BLOCKS) >= 5
