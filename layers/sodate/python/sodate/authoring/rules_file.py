"""One rules.yaml by itself, for comparing rule sets."""

from pathlib import Path

from sodate.authoring.document import validated
from sodate.errors import Invalid
from sodate.messages import Message, joined
from sodate.playbook.yamlfile import parse
from sodate.scoring.rules import RuleSet

_MOST_SHOWN = 20


def read_rules(path: Path) -> RuleSet:
    """The rule set of the file.

    Raises: `Invalid` with file and line of each of the first 20 problems.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(Message("{key} cannot be read: {error}", key=path, error=error)) from error
    read = parse(str(path), text)
    problems = read.problems
    if not problems:
        rules, problems = validated(RuleSet, str(path), read.data, read.lines)
        if rules is not None:
            return rules
    lines = [joined("", [f"{one.file}:{one.line}: ", one.message]) for one in problems[:_MOST_SHOWN]]
    raise Invalid(joined("\n", lines))
