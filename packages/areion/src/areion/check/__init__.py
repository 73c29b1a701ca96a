"""The review of an application: what makes it unsafe or slow, found without serving it.

Nothing of this is imported by `import areion`: the command line imports it for ``areion check``.
"""

from areion.check.findings import Finding, Severity
from areion.check.review import review

__all__ = ["Finding", "Severity", "review"]
