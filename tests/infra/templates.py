"""The templates as the tests read them: with their loops written out as CloudFormation would do it."""

import copy
import functools
import pathlib

from cfnlint.decode import decode
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension

TREE = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TREE / "deploy"
ROOT = TREE / "template.yaml"
REGION = DEPLOY / "region.yaml"
EVERY_SLOT = tuple(range(1, 91))


def plain(value):
    """Without the linter's own types, which remember where each value stands."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        return str(value)
    return value


@functools.cache
def _written_out(path, slots):
    template, problems = decode(str(path))
    assert not problems, problems
    if slots:
        template["Parameters"]["Slots"]["Default"] = ",".join(map(str, slots))
    problems, result = language_extension(Template(str(path), template, ["us-east-1"]))
    assert not problems, problems
    return plain(result)


def written_out(path, slots=None):
    """The template without its loops, as a copy of the caller's own."""
    return copy.deepcopy(_written_out(path, slots))


def root():
    """The root template."""
    return written_out(ROOT)


def region(slots=(1,)):
    """The region's template with these slots."""
    return written_out(REGION, tuple(slots))


def of_type(template, kind):
    """Resources of one type, by name."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def properties(template, kind):
    """Properties of the resources of one type, by name."""
    return {name: resource["Properties"] for name, resource in of_type(template, kind).items()}


def texts(value):
    """Every text within a value; a substitution gives its pattern."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)


def filled(value, known):
    """A name as it will be: `Fn::Sub` with what is known put in."""
    pattern = value["Fn::Sub"] if isinstance(value, dict) else value
    if isinstance(pattern, list):
        pattern, more = pattern
        known = known | more
    for name, text in known.items():
        pattern = pattern.replace("${" + name + "}", text)
    assert "${" not in pattern, pattern
    return pattern
