#!/usr/bin/env python3
"""Checks the templates without an account: cfn-lint, the rules beside this file, and what only the whole can break.

    pip install cfn-lint cfn-guard-rs
    deploy/rules/check.py

Loops are written out as CloudFormation would do it, for the slots of the template and for all ninety.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from cfn_guard_rs.cfn_guard_rs import run_checks_rs
from cfnlint.decode import decode
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension

DEPLOY = pathlib.Path(__file__).resolve().parent.parent
ROOT = DEPLOY.parent / "template.yaml"
REGION = DEPLOY / "region.yaml"
# What CloudFormation takes in one stack.
RESOURCES = 500
TEMPLATE_BYTES = 1_000_000


def plain(value):
    """Without the linter's own types, which remember where each value stands."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        return str(value)
    return value


def written_out(path, slots=None):
    """The template without its loops."""
    template, problems = decode(str(path))
    assert not problems, problems
    if slots:
        template["Parameters"]["Slots"]["Default"] = ",".join(map(str, slots))
    problems, result = language_extension(Template(str(path), template, ["us-east-1"]))
    assert not problems, problems
    return plain(result)


def of_type(template, kind):
    """Resources of one type, by name."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def by_rules(name, template):
    """What the rules find wrong."""
    wrong = []
    for rules in sorted(pathlib.Path(__file__).parent.glob("*.guard")):
        # The binding's own types cannot hold every answer, so its JSON is read instead.
        done = json.loads(run_checks_rs(json.dumps(template), rules.read_text(), False))
        wrong += [f"{name}: {rules.name}: {clause['Rule']['name']}" for clause in done["not_compliant"]]
        if name == "all":
            wrong += [f"{rules.name}: {rule} has nothing to judge" for rule in done["not_applicable"]]
    return wrong


def of_region(template, slots):
    """What must hold between the resources of a region."""
    wrong = []
    count, size = len(template["Resources"]), len(json.dumps(template))
    if count > RESOURCES or size > TEMPLATE_BYTES:
        wrong.append(f"{slots} slots are {count} resources and {size} bytes; a stack takes {RESOURCES} and {TEMPLATE_BYTES}")
    rules = of_type(template, "AWS::ElasticLoadBalancingV2::ListenerRule")
    if len(rules) != slots:
        wrong.append(f"{len(rules)} rules for {slots} slots")
    for name, rule in rules.items():
        slot = name.removeprefix("Rule")
        paths = rule["Conditions"][0]["PathPatternConfig"]["Values"]
        leads_to = rule["Actions"][0]["TargetGroupArn"]["Ref"]
        targets = template["Resources"][leads_to]["Properties"]
        host = template["Resources"][f"Host{slot}"]["Properties"]
        if not (
            paths == [f"/s/{slot}/*"]
            and rule["Priority"] == slot
            and targets["HealthCheckPath"] == f"/s/{slot}/readyz"
            and host["TargetGroupARNs"] == [{"Ref": leads_to}]
            and {"Key": "latchkey-slot", "Value": slot, "PropagateAtLaunch": True} in host["Tags"]
        ):
            wrong.append(f"slot {slot}: rule, targets, machine and path do not belong together")
    return wrong


def of_root(template):
    """What must hold between the functions and their queues."""
    wrong = []
    queues = of_type(template, "AWS::SQS::Queue")
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        for event in function["Events"].values():
            if event["Type"] != "SQS":
                continue
            source = event["Properties"]["Queue"]["Fn::GetAtt"][0]
            queue = queues[source]
            if queue["VisibilityTimeout"] < 6 * function["Timeout"]:
                wrong.append(f"{source} hides messages for less than six times the timeout of {name}")
            if event["Properties"].get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                wrong.append(f"{name} does not say which messages of a batch failed")
            if "RedrivePolicy" not in queue:
                wrong.append(f"{source} has nowhere to put what {name} gives up")
                continue
            dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            if queue.get("FifoQueue") != queues[dead].get("FifoQueue"):
                wrong.append(f"{dead} must be of the same kind as {source}")
        if name != "Site" and function["Timeout"] > 900:
            wrong.append(f"{name} may run longer than Lambda allows")
    given = template["Resources"]["HomeHosts"]["Properties"]["Parameters"]
    known = written_out(REGION)["Parameters"]
    wrong += [f"the region knows no parameter {name}" for name in given if name not in known]
    wrong += [f"the region is not given {name}" for name, is_ in known.items() if "Default" not in is_ and name not in given]
    return wrong


def lint(*paths):
    """What cfn-lint finds wrong."""
    done = subprocess.run(["cfn-lint", "--format", "parseable", *map(str, paths)], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() + done.stderr.splitlines()


def main():
    """Says what is wrong, and fails if anything is."""
    every = range(1, 91)
    root, one, all_slots = written_out(ROOT), written_out(REGION), written_out(REGION, every)
    wrong = lint(ROOT, REGION)
    with tempfile.TemporaryDirectory() as folder:
        ninety = pathlib.Path(folder) / "ninety.yaml"
        slots = ",".join(map(str, every))
        ninety.write_text(REGION.read_text().replace('Default: "1"', f'Default: "{slots}"', 1))
        wrong += lint(ninety)
    wrong += by_rules("template.yaml", root) + by_rules("deploy/region.yaml", one)
    # Rules of which neither template has anything to judge would never be missed.
    wrong += by_rules("all", {"Resources": root["Resources"] | one["Resources"]})
    wrong += of_region(one, 1) + of_region(all_slots, 90) + of_root(root)
    for line in dict.fromkeys(wrong):
        print(line, file=sys.stderr)
    print(f"{len(root['Resources'])} resources in the root, {len(all_slots['Resources'])} in a region of 90 slots")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
