"""The host's unit: systemd takes every line of it, and it leaves the host little to do harm with."""

import json
import re
import shutil
import subprocess

import pytest

import templates

UNIT = templates.DEPLOY / "host/latchkey-host.service"
# Of ten, as systemd counts: 0 is shut in wholly. What is left are the network, which is its purpose, and its own user.
MOST = 1.5


def analyzed(*words):
    """What systemd says of a unit."""
    found = shutil.which("systemd-analyze")
    assert found, "systemd-analyze is not installed; apt-get install systemd"
    done = subprocess.run([found, *map(str, words)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def settings():
    """The unit's settings, each with its values in order."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def verified(folder, text):
    """Has systemd read this unit, with a program that is there."""
    unit = folder / UNIT.name
    unit.write_text(text.replace("ExecStart=/opt/latchkey/current/gamehost", "ExecStart=/bin/true"))
    return analyzed("verify", "--man=no", unit)


def test_systemd_takes_every_line(tmp_path):
    assert verified(tmp_path, UNIT.read_text()) == (0, "", "")


def test_systemd_would_find_a_line_that_is_wrong(tmp_path):
    _, _, words = verified(tmp_path, UNIT.read_text().replace("ProtectSystem=strict", "ProtectSystm=strict"))
    assert "ProtectSystm" in words


def test_the_host_is_shut_in():
    status, _, words = analyzed("security", "--offline=true", f"--threshold={int(MOST * 10)}", UNIT)
    assert status == 0, words


def test_a_line_of_the_sandbox_that_is_missing_is_noticed(tmp_path):
    loose = tmp_path / UNIT.name
    loose.write_text(UNIT.read_text().replace("SystemCallFilter=@system-service\n", "").replace("PrivateUsers=yes\n", ""))
    status, _, _ = analyzed("security", "--offline=true", f"--threshold={int(MOST * 10)}", loose)
    assert status != 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("DynamicUser", "yes"),
        ("MemoryMax", "85%"),
        ("MemorySwapMax", "0"),
        ("LimitCORE", "0"),
        ("KillMode", "mixed"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "78"),
    ],
)
def test_the_unit_says_what_the_page_of_parts_promises(name, value):
    assert settings()[name] == [value]


def test_a_host_may_hold_as_many_sockets_as_it_may_have_members():
    # The load of one machine at its peak, several times over (docs/operating-aws.md), and files of the journal beside it.
    assert int(settings()["LimitNOFILE"][0]) >= 8 * 4_000 + 1_024


def test_what_ships_logs_names_the_streams_by_slot_and_machine():
    agent = json.loads((templates.DEPLOY / "host/agent.json").read_text())
    for shipped in agent["logs"]["logs_collected"]["files"]["collect_list"]:
        assert shipped["log_group_name"] == "@LOG_GROUP@"
        assert shipped["log_stream_name"].startswith("slot-@SLOT@/@INSTANCE@")
    output = settings()["StandardOutput"][0].removeprefix("append:")
    assert output in {shipped["file_path"] for shipped in agent["logs"]["logs_collected"]["files"]["collect_list"]}
