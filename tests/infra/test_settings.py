"""What programs are given: exactly what they ask for, neither one less nor one more."""

import re

import pytest

import templates

AGREED = (templates.DEPLOY / "README.md").read_text()


def section(heading):
    """A section of the page of parts."""
    return AGREED.split(f"\n### {heading}\n")[1].split("\n##")[0]


def program(path):
    """A source file without its tests."""
    return (templates.TREE / path).read_text().split("#[cfg(test)]")[0]


# --- the host ---------------------------------------------------------------------------------------------------------


def told(path, text):
    """Names that are set by lines `NAME=VALUE` of what is written to a file."""
    written = re.search(rf"cat > [^\n]*{re.escape(path)}[^\n]* <<'?END'?\n(.*?)\n\s*END\n", text, re.DOTALL)[1]
    return set(re.findall(r"^\s*([A-Z_0-9]+)=", written, re.MULTILINE))


def of_the_region(region):
    """What the launch template writes."""
    about = region["Resources"]["MachineArm"]["Properties"]["LaunchTemplateData"]
    return told("/etc/latchkey/region.env", about["UserData"]["Fn::Base64"]["Fn::Sub"])


def of_the_machine():
    """What the boot script writes."""
    return told("/etc/latchkey/host.env", (templates.DEPLOY / "host/boot.sh").read_text())


def test_the_host_is_given_what_it_asks_for(region):
    asked = set(re.findall(r'reader\s*\.\w+\(\s*"([A-Z_]+)"', program("gamehost/server/src/settings.rs")))
    for_the_boot_script = {"LATCHKEY_ARTIFACTS", "LATCHKEY_LOG_GROUP", "LATCHKEY_PLAY_HOST"}
    assert len(asked) > 15
    assert of_the_region(region) | of_the_machine() == asked | for_the_boot_script
    assert not of_the_region(region) & of_the_machine()


def test_what_the_host_is_given_is_agreed(region):
    agreed = set(re.findall(r"`((?:AWS|LATCHKEY)_[A-Z_]+)`", section("The host (`gamehost`)").split("To systemd")[0]))
    assert agreed == of_the_region(region) | of_the_machine()


def test_the_host_reports_the_figures_that_are_agreed():
    rows = [row.split(" | ") for row in section("Figures").splitlines() if row.startswith("| `")]
    agreed = {name for row in rows if row[1] == "host" for name in re.findall(r"`(\w+)`", row[0])}
    reported = set(re.findall(r'"([A-Z][a-zA-Z]+)",\s*(?:SECONDS|COUNT|NONE)', program("gamehost/server/src/figures.rs")))
    assert agreed == reported


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["database", "links", "site", "host"])
def test_a_secret_has_the_fields_that_are_agreed(secret):
    row = next(row for row in section("Secrets").splitlines() if row.startswith(f"| `{secret}` |"))
    source = program("adapters/cloud/src/secrets.rs")
    read = source.split(f"impl Secret for {secret.capitalize()}Secret")[1].split("\nimpl ")[0].split("\npub struct")[0]
    named = dict(re.findall(r'const (\w+): &str = "(\w+)"', read))
    fields = {named.get(field, field) for field in re.findall(r'fields\.(?:text|key)\("?(\w+)"?\)', read)}
    assert fields
    assert fields == set(re.findall(r"`(\w+)`", row.split(" | ")[1]))


# --- functions --------------------------------------------------------------------------------------------------------


def test_a_function_is_given_what_is_agreed(root):
    rows = [row.strip("| ").split(" | ") for row in section("The functions `site`, `confirm`, `stats`, `mail`").splitlines()]
    agreed = {name.strip("`"): who for name, who, *_ in (row for row in rows if row[0].startswith("`LATCHKEY"))}
    common = root["Globals"]["Function"]["Environment"]["Variables"]
    assert {name for name, who in agreed.items() if who == "all"} == set(common)
    for name, function in templates.properties(root, "AWS::Serverless::Function").items():
        own = {variable for variable, who in agreed.items() if name.lower() in who.split(", ")}
        assert set(function["Environment"]["Variables"]) == own, name


def test_functions_report_the_figures_that_are_agreed():
    rows = [row.split(" | ") for row in section("Figures").splitlines() if row.startswith("| `")]
    agreed = {name for row in rows if row[1] != "host" for name in re.findall(r"`(\w+)`", row[0])}
    folders = ["lambdas/functions/src", "lambdas/jobs/src", "lambdas/site/src", "platform/src"]
    reported = set()
    for path in (path for folder in folders for path in (templates.TREE / folder).rglob("*.rs")):
        text = path.read_text().split("#[cfg(test)]")[0]
        named = dict(re.findall(r'const (\w+): &str = "(\w+)";', text))
        reported |= {literal or named[name] for literal, name in re.findall(r'\bfigure = (?:"(\w+)"|([A-Z_]+)\b)', text)}
    assert agreed == reported
