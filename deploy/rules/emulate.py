#!/usr/bin/env python3
"""Deploys both templates into an emulation of AWS and looks at what came of them.

    pip install cfn-lint aws-sam-translator 'moto[cloudformation,iam,elbv2,autoscaling]'
    deploy/rules/emulate.py

The emulation knows about half of the kinds of resources used here (the CDN, secrets, certificates and alarms are not among
them). Those are left out, and what refers to them gets a word instead; cfn-lint judges them (`check.py`).
"""

import io
import os
import re
import sys
import warnings
import zipfile

os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}

import boto3
from moto import mock_aws
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

import check

SETTINGS = {"Environment": "dev", "DomainName": "games.example.org", "AlarmEmail": "you@example.org"}
# Attributes that the emulation's own resources lack.
LACKING = {"LoadBalancerFullName", "TargetGroupFullName", "RegionalDomainName", "CanonicalHostedZoneID"}


def kinds():
    """The kinds of resources the emulation knows."""
    known, waiting = set(parsing.NULL_MODELS), [CloudFormationModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        try:
            known.add(model.cloudformation_type())
        except (NotImplementedError, TypeError):
            pass
    return known


def bearable(template):
    """The template without what the emulation does not know."""
    known = kinds()
    gone = {name for name, resource in template["Resources"].items() if resource["Type"] not in known}

    def in_text(match):
        name, attribute = match[1], (match[2] or "").removeprefix(".")
        return "left-out" if name in gone or attribute in LACKING else match[0]

    def walk(value):
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"} and value["Ref"] in gone:
            return "left-out"
        if set(value) == {"Fn::GetAtt"}:
            name, attribute = value["Fn::GetAtt"]
            return "left-out" if name in gone or attribute in LACKING else value
        if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
            return {"Fn::Sub": re.sub(r"\$\{(\w+)(\.\w+)?\}", in_text, value["Fn::Sub"])}
        return {key: walk(inner) for key, inner in value.items()}

    kept = {name: walk(resource) for name, resource in template["Resources"].items() if name not in gone}
    for resource in kept.values():
        waits_for = resource.pop("DependsOn", [])
        waits_for = [waits_for] if isinstance(waits_for, str) else waits_for
        resource["DependsOn"] = [name for name in waits_for if name not in gone]
    return template | {"Resources": kept, "Outputs": {}}


def root(settings):
    """The root template as SAM hands it to CloudFormation, without the nested region."""
    template = check.written_out(check.ROOT)
    template["Transform"] = "AWS::Serverless-2016-10-31"
    template["Resources"].pop("HomeHosts")
    template["Outputs"].pop("PlayAddress")
    template["Globals"]["Function"]["CodeUri"] = "s3://latchkey-code/code.zip"
    translator = Translator({}, Parser(), boto_session=boto3.Session())
    return bearable(translator.translate(template, settings))


def region():
    """The region's template with every slot there may be."""
    template = check.written_out(check.REGION, range(1, 91))
    template.pop("Transform")
    for image in ("ImageArm", "ImageX86"):
        template["Parameters"][image] = {"Type": "String", "Default": "ami-12345678"}
    for subnet in ("SubnetA", "SubnetB"):
        # The emulation cannot divide an IPv6 network.
        template["Resources"][subnet]["Properties"].pop("Ipv6CidrBlock")
    template = bearable(template)
    certificate = boto3.client("acm").request_certificate(DomainName="left.out.example.org")["CertificateArn"]
    template["Resources"]["Listener"]["Properties"]["Certificates"] = [{"CertificateArn": certificate}]
    return template


def deploy(name, template, settings):
    """Makes a stack, and says what it consists of."""
    stacks = boto3.client("cloudformation")
    given = {key: value for key, value in settings.items() if key in template["Parameters"]}
    stacks.create_stack(
        StackName=name,
        TemplateBody=check.json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    assert status == "CREATE_COMPLETE", f"{name}: {status}"
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=name)
    made = [resource for page in pages for resource in page["StackResourceSummaries"]]
    print(f"{name}: {len(made)} resources")
    assert len(made) == len(template["Resources"]), f"{name}: {len(template['Resources'])} resources were asked for"


def look_at_root():
    """Queues lead to their dead letters, and functions are given what they are promised."""
    queues = boto3.client("sqs")
    for name in ("confirm", "stats.fifo", "campaign"):
        url = queues.get_queue_url(QueueName=f"latchkey-dev-{name}")["QueueUrl"]
        about = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        dead = check.json.loads(about["RedrivePolicy"])["deadLetterTargetArn"]
        assert dead.rsplit(":", 1)[1] == "latchkey-dev-" + name.replace(".fifo", "") + "-dead" + (".fifo" if ".fifo" in name else "")
    promised = (check.DEPLOY / "README.md").read_text()
    for function in boto3.client("lambda").list_functions()["Functions"]:
        for variable in function["Environment"]["Variables"]:
            assert f"`{variable}`" in promised, f"{function['FunctionName']} is given {variable}, of which nothing is said"


def look_at_region():
    """Every slot's path leads to the group of its own machine."""
    balancers, groups = boto3.client("elbv2"), boto3.client("autoscaling")
    balancer = balancers.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = balancers.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    pages = balancers.get_paginator("describe_rules").paginate(ListenerArn=listener)
    rules = [rule for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
    assert len(rules) == 90, f"{len(rules)} rules"
    for rule in rules:
        slot, targets = rule["Priority"], rule["Actions"][0]["TargetGroupArn"]
        assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == [f"/s/{slot}/*"]
        about = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[f"latchkey-dev-slot-{slot}"])
        group = about["AutoScalingGroups"][0]
        assert group["TargetGroupARNs"] == [targets]
        assert (group["MinSize"], group["MaxSize"]) == (1, 1)
        assert {tag["Key"]: tag["Value"] for tag in group["Tags"]}["latchkey-slot"] == slot


@mock_aws
def main():
    """Deploys and looks; fails where something is not as it should be."""
    warnings.simplefilter("ignore")
    zone = boto3.client("route53").create_hosted_zone(Name="example.org", CallerReference="once")["HostedZone"]["Id"]
    settings = SETTINGS | {"HostedZoneId": zone.rsplit("/", 1)[1]}
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "nothing")
    buckets = boto3.client("s3")
    buckets.create_bucket(Bucket="latchkey-code")
    buckets.put_object(Bucket="latchkey-code", Key="code.zip", Body=code.getvalue())
    deploy("root", root(settings), settings)
    look_at_root()
    deploy("region", region(), settings)
    look_at_region()


if __name__ == "__main__":
    sys.exit(main())
