"""The boot script in a root folder of its own, with stand-ins for what talks to Amazon and to systemd."""

import hashlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile

import pytest

import templates

HOST = templates.DEPLOY / "host"
PARTS = ["latchkey-host.service", "agent.json", "sysctl.conf", "logrotate.conf"]
REGION = {
    "AWS_REGION": "eu-central-1",
    "LATCHKEY_ARTIFACTS": "latchkey-dev-artifacts-123456789012",
    "LATCHKEY_ENVIRONMENT": "dev",
    "LATCHKEY_HOME_REGION": "us-east-1",
    "LATCHKEY_LOG_GROUP": "/latchkey/dev/hosts",
    "LATCHKEY_PLAY_HOST": "eu-central-1.play.games.example.org",
}
# Notes how it was called; hands out what lies in the folder that stands for the bucket.
AWS = """#!/bin/bash
echo "aws $*" >> "$CALLS"
[[ $1 == s3 && $2 == cp ]] || exit 1
exec cp "$BUCKET/${*: -2:1}" "${*: -1}" 2>/dev/null
"""
CURL = """#!/bin/bash
echo "curl $*" >> "$CALLS"
case "$*" in
  *api/token*) [[ "$*" == *"-X PUT"* ]] && echo the-token ;;
  *meta-data/instance-id*) [[ "$*" == *"X-aws-ec2-metadata-token: the-token"* ]] && echo i-0123456789abcdef0 ;;
  *) exit 22 ;;
esac
"""
NEVER = """#!/bin/bash
echo "$(basename "$0") $*" >> "$CALLS"
exit 99
"""


class Machine:
    """A machine that is there only as a folder."""

    def __init__(self, folder):
        self.root, self.bucket, self.calls = folder / "root", folder / "bucket", folder / "calls"
        self.tools = folder / "tools"
        for made in (self.root / "etc/latchkey", self.bucket, self.tools):
            made.mkdir(parents=True)
        for name, text in {"aws": AWS, "curl": CURL, "systemctl": NEVER, "sysctl": NEVER, "dnf": NEVER}.items():
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)
        self.settings(REGION)

    def settings(self, values):
        """What the launch template writes."""
        (self.root / "etc/latchkey/region.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def publish(self, version, program=b"the program", parts=PARTS, machine="x86_64"):
        """Puts a release into the bucket; gives its archive's checksum."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in [("gamehost", program)] + [(part, (HOST / part).read_bytes()) for part in parts]:
                about = tarfile.TarInfo(name)
                about.size, about.mode = len(content), 0o600
                archive.addfile(about, io.BytesIO(content))
        address = self.bucket / f"s3:/latchkey-dev-artifacts-123456789012/hosts/{version}/latchkey-host-{machine}.tar.gz"
        address.parent.mkdir(parents=True, exist_ok=True)
        address.write_bytes(packed.getvalue())
        return hashlib.sha256(packed.getvalue()).hexdigest()

    def boot(self, *words, machine="x86_64", **more):
        """Runs the script; gives its status and what it said."""
        environment = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "LATCHKEY_ROOT": str(self.root),
            "LATCHKEY_MACHINE": machine,
            "LATCHKEY_PAUSE": "0",
            "BUCKET": str(self.bucket),
            "CALLS": str(self.calls),
        } | more
        done = subprocess.run(
            ["bash", str(HOST / "boot.sh"), *words], env=environment, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stderr

    def called(self, tool):
        """How often a stand-in was called."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.split()[0] == tool]

    def host_env(self):
        """The settings it wrote for the host."""
        lines = (self.root / "etc/latchkey/host.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def state(self):
        """Every file and link with its content and mode."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_file():
                found[name] = (oct(path.stat().st_mode), path.read_bytes())
        return found


@pytest.fixture
def machine(tmp_path):
    """A machine with its settings and an empty bucket."""
    return Machine(tmp_path)


def line(version, sha, machine="x86_64", boot="0" * 64):
    """The parameter that names a release."""
    other = "1" * 64
    arm, intel = (sha, other) if machine == "aarch64" else (other, sha)
    return f"{version} boot={boot} aarch64={arm} x86_64={intel}"


@pytest.mark.parametrize("kind", ["x86_64", "aarch64"])
def test_a_release_of_the_machines_own_kind_is_put_in_place(machine, kind):
    sha = machine.publish("1.2.3", machine=kind)
    status, words = machine.boot("7", line("1.2.3", sha, kind), machine=kind)
    assert status == 0, words
    assert (machine.root / "opt/latchkey/current/gamehost").read_bytes() == b"the program"
    assert os.access(machine.root / "opt/latchkey/current/gamehost", os.X_OK)
    assert len(machine.called("aws")) == 1
    assert "--region us-east-1 s3://latchkey-dev-artifacts-123456789012/hosts/1.2.3/" in machine.called("aws")[0]
    for part, place in {
        "latchkey-host.service": "systemd/system/latchkey-host.service",
        "sysctl.conf": "sysctl.d/90-latchkey.conf",
        "logrotate.conf": "logrotate.d/latchkey",
    }.items():
        assert (machine.root / "etc" / place).read_bytes() == (HOST / part).read_bytes()
    agent = (machine.root / "etc/latchkey/agent.json").read_text()
    assert "@" not in agent
    assert '"slot-7/i-0123456789abcdef0"' in agent


def test_the_host_is_told_its_slot_its_address_and_its_version(machine):
    status, words = machine.boot("7", line("1.2.3", machine.publish("1.2.3")))
    assert status == 0, words
    given = machine.host_env()
    assert given["LATCHKEY_SLOT"] == "7"
    assert given["LATCHKEY_URL"] == "wss://eu-central-1.play.games.example.org/s/7/room"
    assert given["LATCHKEY_VERSION"] == "1.2.3"
    assert given["LATCHKEY_INSTANCE"] == "i-0123456789abcdef0"
    assert given["LATCHKEY_SCALING_GROUP"] == "latchkey-dev-slot-7"
    assert 0 < int(given["LATCHKEY_UNSTORED_BYTES"]) <= 2 << 30


def test_nothing_of_the_running_system_is_touched_in_a_root_of_its_own(machine):
    status, words = machine.boot("7", line("1.2.3", machine.publish("1.2.3")))
    assert status == 0, words
    assert not machine.called("systemctl") + machine.called("sysctl") + machine.called("dnf")
    assert "left out: systemctl restart latchkey-host.service" in words


def test_running_it_again_changes_nothing_and_fetches_nothing(machine):
    release = line("1.2.3", machine.publish("1.2.3"))
    assert machine.boot("7", release)[0] == 0
    before, fetched = machine.state(), len(machine.called("aws"))
    assert machine.boot("7", release)[0] == 0
    assert machine.state() == before
    assert len(machine.called("aws")) == fetched


def test_it_goes_to_another_release_and_back(machine):
    first, second = line("1.0.0", machine.publish("1.0.0", b"one")), line("2.0.0", machine.publish("2.0.0", b"two"))
    for release, program in ((first, b"one"), (second, b"two"), (first, b"one")):
        assert machine.boot("7", release)[0] == 0
        assert (machine.root / "opt/latchkey/current/gamehost").read_bytes() == program
    assert machine.host_env()["LATCHKEY_VERSION"] == "1.0.0"


def test_a_release_with_another_checksum_is_refused_and_nothing_of_it_stays(machine):
    machine.publish("1.2.3")
    before = machine.state()
    status, words = machine.boot("7", line("1.2.3", "a" * 64))
    assert status == 1
    assert "nothing of it is run" in words
    assert machine.state() == before


def test_a_release_that_lacks_a_file_is_refused(machine):
    sha = machine.publish("1.2.3", parts=PARTS[1:])
    status, words = machine.boot("7", line("1.2.3", sha))
    assert status == 1
    assert "lacks latchkey-host.service" in words
    assert not (machine.root / "opt/latchkey/current").exists()


def test_a_release_that_is_not_there_is_asked_for_six_times_and_then_given_up(machine):
    status, words = machine.boot("7", line("1.2.3", "a" * 64))
    assert status == 1
    assert len(machine.called("aws")) == 6
    assert "see whether the version was published" in words


def test_a_version_that_was_fetched_half_is_fetched_again(machine):
    release = line("1.2.3", machine.publish("1.2.3"))
    (machine.root / "opt/latchkey/.new.left").mkdir(parents=True)
    assert machine.boot("7", release)[0] == 0
    assert (machine.root / "opt/latchkey/current/gamehost").exists()


@pytest.mark.parametrize(
    "release",
    [
        "",
        "1.2.3",
        f"1.2.3 boot={'0' * 64} aarch64={'1' * 64}",
        f"1.2.3 boot={'0' * 64} aarch64={'1' * 64} x86_64={'2' * 63}",
        f"../1.2.3 boot={'0' * 64} aarch64={'1' * 64} x86_64={'2' * 64}",
        f"1.2.3;id boot={'0' * 64} aarch64={'1' * 64} x86_64={'2' * 64}",
        f"1.2.3 boot={'0' * 64} aarch64={'1' * 64} x86_64={'2' * 64}\nmore",
    ],
)
def test_a_line_that_is_no_release_is_refused(machine, release):
    status, words = machine.boot("7", release)
    assert status == 1
    assert "not a release" in words


@pytest.mark.parametrize("slot", ["", "0", "91", "07", "7 ", "x"])
def test_a_slot_that_is_none_is_refused(machine, slot):
    status, words = machine.boot(slot, line("1.2.3", "a" * 64))
    assert status == 1
    assert "not a slot" in words


def test_words_that_are_missing_are_asked_for(machine):
    status, words = machine.boot("7")
    assert status == 1
    assert "expected two words" in words


@pytest.mark.parametrize("name", sorted(REGION))
def test_a_setting_that_is_missing_is_named(machine, name):
    machine.settings({key: value for key, value in REGION.items() if key != name})
    status, words = machine.boot("7", line("1.2.3", machine.publish("1.2.3")))
    assert status == 1
    assert f"does not say {name}" in words


def test_a_machine_of_another_kind_is_refused(machine):
    status, words = machine.boot("7", line("1.2.3", "a" * 64), machine="riscv64")
    assert status == 1
    assert "take one of aarch64 or x86_64" in words


# --- what the launch template runs ------------------------------------------------------------------------------------

PARAMETERS = """#!/bin/bash
echo "aws $*" >> "$CALLS"
case "$1 $2" in
  "ssm get-parameters") cat "$PARAMETERS" ;;
  "s3 cp") exec cp "$BUCKET/${*: -2:1}" "${*: -1}" 2>/dev/null ;;
  *) exit 1 ;;
esac
"""
SLOT_CURL = CURL.replace("*meta-data/instance-id*", "*meta-data/tags/instance/latchkey-slot*").replace(
    "i-0123456789abcdef0", "7"
)
BASE = "/latchkey/dev/hosts/release"


def first_script(machine, tmp_path, parameters):
    """Runs the launch template's script in the machine's folder; gives the words with which the boot script was run."""
    known = {
        "AWS::Region": "us-east-1",
        "AWS::AccountId": "123456789012",
        "AWS::URLSuffix": "amazonaws.com",
        "Environment": "dev",
    }
    known |= {"HomeRegion": "us-east-1", "DomainName": "games.example.org"}
    about = templates.region()["Resources"]["MachineArm"]["Properties"]["LaunchTemplateData"]
    script = templates.filled(about["UserData"]["Fn::Base64"], known)
    # Everything it puts anywhere lies below the machine's folder here.
    script = script.replace("/etc/latchkey", f"{machine.root}/etc/latchkey").replace("/run/", f"{tmp_path}/")
    boot = tmp_path / "bucket/s3:/latchkey-dev-artifacts-123456789012/hosts/1.0.0/boot.sh"
    boot.parent.mkdir(parents=True, exist_ok=True)
    boot.write_text('printf "%s\\n" "$@"\n')
    (machine.tools / "aws").write_text(PARAMETERS)
    (machine.tools / "curl").write_text(SLOT_CURL)
    # Where it would wait for something to be published, it ends.
    (machine.tools / "sleep").write_text("#!/bin/bash\nkill $PPID\n")
    (machine.tools / "sleep").chmod(0o755)
    (tmp_path / "parameters").write_text(parameters.replace("BOOT", hashlib.sha256(boot.read_bytes()).hexdigest()))
    environment = {
        "PATH": f"{machine.tools}:{os.environ['PATH']}",
        "PARAMETERS": str(tmp_path / "parameters"),
        "BUCKET": str(machine.bucket),
        "CALLS": str(machine.calls),
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines() if done.returncode == 0 else None


def test_a_machine_runs_the_boot_script_of_the_common_release(machine, tmp_path):
    release = "1.0.0 boot=BOOT aarch64=a x86_64=b"
    words = first_script(machine, tmp_path, f"{BASE}\t{release}\n")
    assert words[0] == "7"
    assert words[1].startswith("1.0.0 boot=")


@pytest.mark.parametrize("order", [1, -1])
def test_a_slots_own_release_comes_before_the_common_one(machine, tmp_path, order):
    rows = [f"{BASE}/7\t1.0.0 boot=BOOT aarch64=own x86_64=b", f"{BASE}\t9.9.9 boot=BOOT aarch64=a x86_64=b"][::order]
    words = first_script(machine, tmp_path, "\n".join(rows) + "\n")
    assert "aarch64=own" in words[1]


@pytest.mark.parametrize(
    "parameters", ["", f"{BASE}\t1.0.0 boot={'0' * 64} aarch64=a x86_64=b\n"], ids=["nothing published", "changed"]
)
def test_a_boot_script_that_no_release_names_is_not_run(machine, tmp_path, parameters):
    assert first_script(machine, tmp_path, parameters) is None


def test_the_launch_template_says_what_the_boot_script_asks_for(region):
    script = region["Resources"]["MachineX86"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    assert set(REGION) <= set(re.findall(r"^ *([A-Z_]+)=", script, re.MULTILINE))


def test_shellcheck_finds_nothing():
    shellcheck = pathlib.Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([shellcheck, HOST / "boot.sh"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


# --- what the operator's page says of publishing ----------------------------------------------------------------------

CARGO = """#!/bin/bash
mkdir -p "target/${*: -1}" && folder=target/${*: -1}
folder=${folder%.2.34}/release
mkdir -p "$folder" && echo "built for $folder" > "$folder/gamehost"
"""
PUBLISH = """#!/bin/bash
case "$1 $2" in
  "s3 cp") mkdir -p "$(dirname "$BUCKET/$4")" && cp "$3" "$BUCKET/$4" ;;
  "ssm put-parameter") echo "${*: -1}" > "$BUCKET/parameter" ;;
  *) exit 1 ;;
esac
"""


@pytest.mark.parametrize("kind", ["x86_64", "aarch64"])
def test_a_release_that_is_published_as_the_page_says_is_taken_by_a_machine(machine, tmp_path, kind):
    page = (templates.TREE / "docs/operating-aws.md").read_text()
    block = re.search(r"\n((?:    .*\n)+)", page.split("### Publishing a release of the host")[1])[1]
    words = block.replace("latchkey-ENV-artifacts-ACCOUNT", REGION["LATCHKEY_ARTIFACTS"])
    tree, tools = tmp_path / "tree", tmp_path / "publishing"
    (tree / "deploy").mkdir(parents=True)
    (tree / "deploy/host").symlink_to(HOST)
    tools.mkdir()
    for name, text in {"cargo": CARGO, "aws": PUBLISH}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "BUCKET": str(machine.bucket)}
    done = subprocess.run(["bash", "-euc", words], cwd=tree, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    release = (machine.bucket / "parameter").read_text().strip()
    status, said = machine.boot("7", release, machine=kind)
    assert status == 0, said
    program = (machine.root / "opt/latchkey/current/gamehost").read_text()
    assert program == f"built for target/{kind}-unknown-linux-gnu/release\n"
    boot = (machine.bucket / "s3:" / REGION["LATCHKEY_ARTIFACTS"] / "hosts/1.0.0/boot.sh").read_bytes()
    assert f"boot={hashlib.sha256(boot).hexdigest()} " in release
