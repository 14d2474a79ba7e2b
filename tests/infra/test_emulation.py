"""Both templates deployed into an emulation of AWS, and what came of them.

The emulation knows about half of the kinds of resources used here (the CDN, secrets, certificates and alarms are not among
them). Those are left out, and what refers to them gets a word instead; the linters judge them (test_lint.py).
"""

import collections
import io
import json
import os
import re
import warnings
import zipfile

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

import templates

SETTINGS = {"Environment": "dev", "DomainName": "games.example.org", "AlarmEmail": "you@example.org"}
NOBODY = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
# Attributes that the emulation's own resources lack.
LACKING = {"LoadBalancerFullName", "TargetGroupFullName", "RegionalDomainName", "CanonicalHostedZoneID"}
# Kinds that the emulation has to know, or these tests would look at nothing.
LOOKED_AT = {
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::DynamoDB::Table",
    "AWS::EC2::LaunchTemplate",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}


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


def translated(settings):
    """The root template as SAM hands it to CloudFormation, without the nested region."""
    template = templates.root()
    template["Transform"] = "AWS::Serverless-2016-10-31"
    template["Resources"].pop("HomeHosts")
    template["Outputs"].pop("PlayAddress")
    template["Globals"]["Function"]["CodeUri"] = "s3://latchkey-code/code.zip"
    translator = Translator({}, Parser(), boto_session=boto3.Session())
    return bearable(translator.translate(template, settings))


def of_region():
    """The region's template with every slot there may be."""
    template = templates.region(templates.EVERY_SLOT)
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
    """Makes a stack; gives how many resources of each kind it has."""
    stacks = boto3.client("cloudformation")
    given = {key: value for key, value in settings.items() if key in template["Parameters"]}
    stacks.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=name)
    made = [resource["ResourceType"] for page in pages for resource in page["StackResourceSummaries"]]
    assert len(made) == len(template["Resources"]), f"{len(template['Resources'])} resources were asked for"
    return collections.Counter(made)


@pytest.fixture(scope="module")
def made():
    """Both stacks, deployed; kinds and numbers of their resources."""
    warnings.simplefilter("ignore")
    before = dict(os.environ)
    os.environ.update(NOBODY)
    with mock_aws():
        zone = boto3.client("route53").create_hosted_zone(Name="example.org", CallerReference="once")["HostedZone"]["Id"]
        settings = SETTINGS | {"HostedZoneId": zone.rsplit("/", 1)[1]}
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", "nothing")
        buckets = boto3.client("s3")
        buckets.create_bucket(Bucket="latchkey-code")
        buckets.put_object(Bucket="latchkey-code", Key="code.zip", Body=code.getvalue())
        yield deploy("root", translated(settings), settings) + deploy("region", of_region(), settings)
    os.environ.clear()
    os.environ.update(before)


def test_the_emulation_makes_the_kinds_that_are_looked_at(made):
    assert LOOKED_AT <= set(made)
    assert made["AWS::Lambda::Function"] == 4
    assert made["AWS::Lambda::EventSourceMapping"] == 3
    assert made["AWS::SQS::Queue"] == 7
    assert made["AWS::AutoScaling::AutoScalingGroup"] == 90


@pytest.mark.parametrize("name", ["confirm", "stats.fifo", "campaign"])
def test_a_queue_leads_to_its_dead_letters(made, name):
    queues = boto3.client("sqs")
    url = queues.get_queue_url(QueueName=f"latchkey-dev-{name}")["QueueUrl"]
    about = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    dead = json.loads(about["RedrivePolicy"])["deadLetterTargetArn"]
    kind = ".fifo" if name.endswith(".fifo") else ""
    assert dead.rsplit(":", 1)[1] == f"latchkey-dev-{name.removesuffix('.fifo')}-dead{kind}"


def test_each_queue_drives_its_function_and_hears_which_jobs_failed(made):
    functions = boto3.client("lambda")
    driven = {}
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        driven[mapping["EventSourceArn"].rsplit(":", 1)[1]] = mapping["FunctionArn"].rsplit(":", 1)[1]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert driven == {
        "latchkey-dev-confirm": "latchkey-dev-confirm",
        "latchkey-dev-stats.fifo": "latchkey-dev-stats",
        "latchkey-dev-campaign": "latchkey-dev-mail",
    }


def test_functions_are_programs_that_bring_their_own_runtime(made):
    for function in boto3.client("lambda").list_functions()["Functions"]:
        assert function["Runtime"] == "provided.al2023"
        assert function["Handler"] == "bootstrap"
        assert function["FunctionName"].startswith("latchkey-dev-")


def test_every_slots_path_leads_to_the_group_of_its_own_machine(made):
    balancers, groups = boto3.client("elbv2"), boto3.client("autoscaling")
    balancer = balancers.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = balancers.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    pages = balancers.get_paginator("describe_rules").paginate(ListenerArn=listener)
    rules = [rule for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
    assert len(rules) == 90
    for rule in rules:
        slot, targets = rule["Priority"], rule["Actions"][0]["TargetGroupArn"]
        assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == [f"/s/{slot}/*"]
        about = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[f"latchkey-dev-slot-{slot}"])
        group = about["AutoScalingGroups"][0]
        assert group["TargetGroupARNs"] == [targets]
        assert (group["MinSize"], group["MaxSize"]) == (1, 1)
        assert {tag["Key"]: tag["Value"] for tag in group["Tags"]}["latchkey-slot"] == slot


def test_tables_are_keyed_as_the_programs_expect(made):
    tables = boto3.client("dynamodb")
    for name, keys in {"directory": [("pk", "HASH"), ("sk", "RANGE")], "claims": [("pk", "HASH")]}.items():
        about = tables.describe_table(TableName=f"latchkey-dev-{name}")["Table"]
        assert [(key["AttributeName"], key["KeyType"]) for key in about["KeySchema"]] == keys
