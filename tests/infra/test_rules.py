"""The rules in rules/*.guard: both templates keep them, each has something to judge, and each can be broken."""

import json
import pathlib
import re

import pytest
from cfn_guard_rs.cfn_guard_rs import run_checks_rs

FILES = sorted((pathlib.Path(__file__).parent / "rules").glob("*.guard"))
GONE = object()

# What breaks each rule: a kind of resource, where in it, and what stands there instead. The first resource of the kind that
# has the place is changed.
BREAKS = {
    "roles_name_their_actions": [
        ("AWS::IAM::Role", "Properties.Policies.0.PolicyDocument.Statement.0.Action", ["s3:*"]),
        ("AWS::IAM::Role", "Properties.Policies.0.PolicyDocument.Statement.0.Sid", GONE),
        ("AWS::IAM::Role", "Properties.Policies.0.PolicyDocument.Statement.0.NotAction", "s3:GetObject"),
        ("AWS::IAM::Role", "Properties.ManagedPolicyArns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
    ],
    "functions_have_roles_that_are_written_out": [
        ("AWS::Serverless::Function", "Properties.Role", GONE),
        ("AWS::Serverless::Function", "Properties.Policies", ["AmazonSQSFullAccess"]),
        ("AWS::Serverless::Function", "Properties.LoggingConfig", GONE),
    ],
    "machines_keep_their_credentials": [
        ("AWS::EC2::LaunchTemplate", "Properties.LaunchTemplateData.MetadataOptions.HttpTokens", "optional"),
        ("AWS::EC2::LaunchTemplate", "Properties.LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit", 2),
        ("AWS::EC2::LaunchTemplate", "Properties.LaunchTemplateData.BlockDeviceMappings.0.Ebs.Encrypted", False),
        ("AWS::EC2::LaunchTemplate", "Properties.LaunchTemplateData.KeyName", "mine"),
    ],
    "only_players_come_from_outside": [("AWS::EC2::SecurityGroup", "Properties.SecurityGroupIngress.0.FromPort", 22)],
    "inner_ways_name_their_group": [
        ("AWS::EC2::SecurityGroupIngress", "Properties.CidrIp", "0.0.0.0/0"),
        ("AWS::EC2::SecurityGroupIngress", "Properties.SourceSecurityGroupId", GONE),
    ],
    "everything_is_encrypted_on_the_way": [
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.ViewerCertificate.MinimumProtocolVersion", "TLSv1"),
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.WebACLId", GONE),
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.CacheBehaviors.1.ViewerProtocolPolicy", "allow-all"),
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.CacheBehaviors.2.ResponseHeadersPolicyId", GONE),
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.Origins.1.OriginAccessControlId", GONE),
        ("AWS::CloudFront::Distribution", "Properties.DistributionConfig.Origins.0.OriginCustomHeaders", []),
    ],
    "listeners_speak_tls": [
        ("AWS::ElasticLoadBalancingV2::Listener", "Properties.Protocol", "HTTP"),
        ("AWS::ElasticLoadBalancingV2::Listener", "Properties.SslPolicy", "ELBSecurityPolicy-2016-08"),
    ],
    "the_firewall_keeps_no_samples": [
        ("AWS::WAFv2::WebACL", "Properties.Rules.0.VisibilityConfig.SampledRequestsEnabled", True)
    ],
    "buckets_are_closed_to_the_public": [
        ("AWS::S3::Bucket", "Properties.PublicAccessBlockConfiguration.BlockPublicPolicy", False),
        ("AWS::S3::Bucket", "Properties.PublicAccessBlockConfiguration", GONE),
        ("AWS::S3::Bucket", "Properties.BucketEncryption", GONE),
    ],
    "buckets_sweep_and_stay": [
        ("AWS::S3::Bucket", "DeletionPolicy", "Delete"),
        ("AWS::S3::Bucket", "Properties.LifecycleConfiguration", GONE),
    ],
    "buckets_refuse_what_is_not_encrypted_on_the_way": [
        ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement.1.Condition", GONE),
    ],
    "buckets_let_services_in_by_name": [
        ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement.0.Principal", "*"),
        ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement.0.Condition", GONE),
    ],
    "tables_stay_and_are_encrypted": [
        ("AWS::DynamoDB::Table", "DeletionPolicy", "Delete"),
        ("AWS::DynamoDB::Table", "Properties.SSESpecification.SSEEnabled", False),
        ("AWS::DynamoDB::Table", "Properties.DeletionProtectionEnabled", GONE),
    ],
    "secrets_are_not_in_the_template": [("AWS::SecretsManager::Secret", "Properties.SecretString", "hunter2")],
    "logs_end": [("AWS::Logs::LogGroup", "Properties.RetentionInDays", GONE)],
    "queues_are_encrypted_and_lose_nothing": [
        ("AWS::SQS::Queue", "Properties.SqsManagedSseEnabled", False),
        ("AWS::SQS::Queue", "Properties.RedrivePolicy", GONE),
        ("AWS::SQS::Queue", "Properties.RedrivePolicy.maxReceiveCount", 1),
    ],
    "alarms_tell_somebody": [
        ("AWS::CloudWatch::Alarm", "Properties.AlarmActions", []),
        ("AWS::CloudWatch::Alarm", "Properties.TreatMissingData", GONE),
        ("AWS::CloudWatch::Alarm", "Properties.AlarmDescription", GONE),
    ],
    "a_slot_has_one_machine": [
        ("AWS::AutoScaling::AutoScalingGroup", "Properties.MaxSize", "2"),
        ("AWS::AutoScaling::AutoScalingGroup", "Properties.InstanceMaintenancePolicy.MaxHealthyPercentage", 200),
        ("AWS::AutoScaling::AutoScalingGroup", "Properties.HealthCheckType", "ELB"),
        ("AWS::AutoScaling::AutoScalingGroup", "Properties.LifecycleHookSpecificationList", []),
        ("AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy", {"AutoScalingReplacingUpdate": {"WillReplace": True}}),
    ],
    "a_machine_is_left_time_to_hand_its_rooms_over": [
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Properties.TargetGroupAttributes.0.Value", "30"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Properties.TargetGroupAttributes", []),
    ],
    "silent_sockets_outlive_a_beat": [
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties.LoadBalancerAttributes.0.Value", "false"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties.LoadBalancerAttributes.3.Value", "20"),
    ],
    "letters_of_each_set_have_feedback": [
        ("AWS::SES::ConfigurationSet", "Properties.SuppressionOptions.SuppressedReasons", []),
        ("AWS::SES::ConfigurationSet", "Properties.ReputationOptions.ReputationMetricsEnabled", False),
    ],
}


def names(path):
    """The rules of a file."""
    return set(re.findall(r"^rule (\w+)", path.read_text(), re.MULTILINE))


def judged(template):
    """Rules that were broken, and those that had nothing to judge."""
    broken, idle = set(), set()
    for path in FILES:
        # The binding's own types cannot hold every answer, and the front of a long one is cut off. Its end always says which
        # rules were kept and which had nothing to judge; all others were broken.
        said = run_checks_rs(json.dumps(template), path.read_text(), False)
        _, skipped, kept = said.rpartition('"not_applicable": ')
        end = json.loads('{"not_applicable": ' + kept)
        assert skipped, said
        idle |= set(end["not_applicable"])
        broken |= names(path) - set(end["not_applicable"]) - set(end["compliant"])
    return broken, idle


def changed(resources, kind, place, value):
    """The resources of this kind, of which the first that has the place was changed there."""
    same = {name: resource for name, resource in resources.items() if resource["Type"] == kind}
    *way, last = place.split(".")
    for resource in same.values():
        at = resource
        for step in way:
            at = (
                at[int(step)]
                if isinstance(at, list) and int(step) < len(at)
                else at.get(step)
                if isinstance(at, dict)
                else None
            )
            if at is None:
                break
        if at is None or (last not in at and (value is GONE or last not in NEW)):
            continue
        if value is GONE:
            del at[last]
        else:
            at[last] = value
        return {"Resources": same}
    raise AssertionError(f"no {kind} has {place}")


# Places that are empty in the templates, as they should be.
NEW = {"NotAction", "ManagedPolicyArns", "Policies", "KeyName", "CidrIp", "UpdatePolicy"}


@pytest.mark.parametrize("template", ["root", "region"])
def test_a_template_keeps_every_rule(template, request):
    broken, _ = judged(request.getfixturevalue(template))
    assert not broken


def test_every_rule_has_something_to_judge(root, region):
    _, idle = judged({"Resources": root["Resources"] | region["Resources"]})
    assert not idle


def test_it_is_shown_of_every_rule_that_it_can_be_broken():
    assert set(BREAKS) == set().union(*map(names, FILES))


@pytest.mark.parametrize(
    ("rule", "kind", "place", "value"),
    [
        pytest.param(rule, *change, id=f"{rule}-{change[1].rsplit('.', 2)[-1]}-{at}")
        for rule, all_ in BREAKS.items()
        for at, change in enumerate(all_)
    ],
)
def test_a_template_that_breaks_a_rule_is_refused(rule, kind, place, value, root, region):
    template = changed(root["Resources"] | region["Resources"], kind, place, value)
    broken, _ = judged(template)
    assert rule in broken
