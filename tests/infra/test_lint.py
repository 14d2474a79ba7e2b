"""What Amazon's own tools say of the templates."""

import os
import pathlib
import subprocess
import sys

import pytest

import templates

TOOLS = pathlib.Path(sys.executable).parent


def said(*command):
    """What a tool of this environment says."""
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [str(TOOLS / command[0]), *map(str, command[1:])],
        cwd=templates.TREE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("path", [templates.ROOT, templates.REGION], ids=lambda path: path.name)
def test_sam_takes_the_template(path):
    status, words = said("sam", "validate", "--lint", "--template", path)
    assert status == 0, words


@pytest.mark.parametrize("slots", [None, ",".join(map(str, templates.EVERY_SLOT))], ids=["one slot", "every slot"])
def test_cfn_lint_finds_nothing(slots, tmp_path):
    paths = [templates.ROOT, templates.REGION]
    if slots:
        text = templates.REGION.read_text()
        assert text.count('Default: "1"') == 1
        paths = [tmp_path / "region.yaml"]
        paths[0].write_text(text.replace('Default: "1"', f'Default: "{slots}"'))
    status, words = said("cfn-lint", "--regions", "us-east-1", "eu-central-1", "--format", "parseable", *paths)
    assert (status, words) == (0, "")


def test_cfn_lint_would_find_what_is_wrong(tmp_path):
    broken = tmp_path / "region.yaml"
    broken.write_text(templates.REGION.read_text().replace("Groups: [!Ref HostGroup]", "Groups: [!Ref NoGroup]", 1))
    status, words = said("cfn-lint", broken)
    assert status != 0
    assert "NoGroup" in words
