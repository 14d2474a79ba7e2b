"""What only the whole can break: that the parts of a slot, of a queue and of the two stacks belong together."""

import json
import re
import tomllib

import pytest

import templates

# What CloudFormation takes in one stack.
RESOURCES = 500
TEMPLATE_BYTES = 1_000_000
USER_DATA_BYTES = 16_384
# The longest names there may be.
LONGEST = {"Environment": "abcdefghijkl", "AWS::Region": "ap-southeast-2", "AWS::AccountId": "123456789012"}


@pytest.mark.parametrize("slots", [(1,), (7, 41, 90), templates.EVERY_SLOT], ids=["one slot", "three slots", "every slot"])
def test_rule_targets_machine_and_alarm_of_a_slot_belong_together(slots):
    region = templates.region(slots)
    rules = templates.properties(region, "AWS::ElasticLoadBalancingV2::ListenerRule")
    assert len(rules) == len(slots)
    for name, rule in rules.items():
        slot = name.removeprefix("Rule")
        leads_to = rule["Actions"][0]["TargetGroupArn"]["Ref"]
        targets = region["Resources"][leads_to]["Properties"]
        host = region["Resources"][f"Host{slot}"]["Properties"]
        alarm = region["Resources"][f"NoHost{slot}"]["Properties"]
        assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == [f"/s/{slot}/*"]
        assert rule["Priority"] == slot
        assert targets["HealthCheckPath"] == f"/s/{slot}/readyz"
        assert host["TargetGroupARNs"] == [{"Ref": leads_to}]
        assert {"Key": "latchkey-slot", "Value": slot, "PropagateAtLaunch": True} in host["Tags"]
        assert {"Name": "TargetGroup", "Value": {"Fn::GetAtt": [leads_to, "TargetGroupFullName"]}} in alarm["Dimensions"]


def test_stacks_fit_into_what_cloudformation_takes(root, whole_region):
    for template in (root, whole_region):
        assert len(template["Resources"]) <= RESOURCES
        assert len(json.dumps(template)) <= TEMPLATE_BYTES


def test_the_script_of_a_machine_fits_into_its_user_data(region):
    for machine in templates.properties(region, "AWS::EC2::LaunchTemplate").values():
        script = machine["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
        assert len(script.encode()) * 4 / 3 < USER_DATA_BYTES
        # Braces are the template's; the shell's would be taken for one of its names.
        assert set(re.findall(r"\$\{([^}]*)\}", script)) <= {
            "AWS::AccountId", "AWS::Region", "AWS::URLSuffix", "DomainName", "Environment", "HomeRegion",
        }  # fmt: skip


@pytest.mark.parametrize("template", ["root", "region"])
def test_names_fit_for_the_longest_environment_and_region(template, request):
    limits = {
        "AWS::S3::Bucket": ("BucketName", 63),
        "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Name", 32),
        "AWS::SQS::Queue": ("QueueName", 80),
        "AWS::Serverless::Function": ("FunctionName", 64),
        "AWS::AutoScaling::AutoScalingGroup": ("AutoScalingGroupName", 255),
    }
    for kind, (key, most) in limits.items():
        for name, resource in templates.properties(request.getfixturevalue(template), kind).items():
            full = templates.filled(resource[key], LONGEST)
            assert len(full) <= most, f"{name}: {full}"


def queue_of(event):
    """The queue that a function's event comes from."""
    return event["Properties"]["Queue"]["Fn::GetAtt"][0]


def test_queues_and_their_functions_fit_together(root):
    queues = templates.properties(root, "AWS::SQS::Queue")
    sources = [
        (function, event["Properties"], queues[queue_of(event)])
        for function in templates.properties(root, "AWS::Serverless::Function").values()
        for event in function["Events"].values()
        if event["Type"] == "SQS"
    ]
    assert len(sources) == 3
    for function, event, queue in sources:
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + event.get("MaximumBatchingWindowInSeconds", 0)
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert event["BatchSize"] <= 10, "more in a batch needs a window to gather them in"
        dead = queues[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        assert queue.get("FifoQueue") == dead.get("FifoQueue")
        # What is given up keeps the time at which it was first sent.
        assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
        named = dead["RedriveAllowPolicy"]["sourceQueueArns"][0]["Fn::Sub"]
        assert named.endswith(":" + queue["QueueName"]["Fn::Sub"])


def test_a_queue_hands_a_job_out_as_often_as_it_is_tried(root):
    limits = (templates.TREE / "platform/src/limits.rs").read_text()
    tried = {name: int(times) for name, times in re.findall(r"const (JOB_ATTEMPTS\w*): u32 = (\d+);", limits)}
    for name, limit in {"Confirm": "JOB_ATTEMPTS", "Stats": "JOB_ATTEMPTS_IN_LINE", "Campaign": "JOB_ATTEMPTS_IN_LINE"}.items():
        queue = root["Resources"][f"{name}Queue"]["Properties"]
        assert queue["RedrivePolicy"]["maxReceiveCount"] == tried[limit]


def test_stats_are_the_queue_in_order_and_the_only_one(root):
    queues = templates.properties(root, "AWS::SQS::Queue")
    fifo = {name for name, queue in queues.items() if queue.get("FifoQueue")}
    assert fifo == {"StatsQueue", "StatsDead"}
    for name, queue in queues.items():
        assert queue["QueueName"]["Fn::Sub"].endswith(".fifo") == (name in fifo)


def test_the_root_gives_the_region_what_it_asks_for(root, region):
    given = set(root["Resources"]["HomeHosts"]["Properties"]["Parameters"])
    known = region["Parameters"]
    assert given <= set(known)
    assert {name for name, parameter in known.items() if "Default" not in parameter} <= given


def test_what_the_region_finds_by_name_is_what_the_root_makes(root, region):
    made = {
        "latchkey-${Environment}-directory": root["Resources"]["Directory"]["Properties"]["TableName"],
        "latchkey/${Environment}/host": root["Resources"]["HostSecret"]["Properties"]["Name"],
        "latchkey-${Environment}-stats.fifo": root["Resources"]["StatsQueue"]["Properties"]["QueueName"],
        "latchkey-${Environment}-artifacts-${AWS::AccountId}": root["Resources"]["Artifacts"]["Properties"]["BucketName"],
    }
    script = region["Resources"]["MachineArm"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    rights = json.dumps(region["Resources"]["HostRole"])
    for name, of_root in made.items():
        assert of_root == {"Fn::Sub": name}
        assert name in script
        assert name in rights


def test_whatever_the_load_balancer_cuts_off_is_silent_for_several_beats(region):
    limits = (templates.TREE / "gamehost/protocol/src/limits.rs").read_text()
    beat = int(re.search(r"BEAT_AFTER_MS: u64 = ([\d_]+)", limits)[1])
    balancer = region["Resources"]["Balancer"]["Properties"]["LoadBalancerAttributes"]
    idle = next(int(one["Value"]) for one in balancer if one["Key"] == "idle_timeout.timeout_seconds")
    assert idle * 1000 >= 3 * beat


def test_a_machine_that_is_taken_out_is_left_the_time_its_unit_is_given(region):
    unit = (templates.DEPLOY / "host/latchkey-host.service").read_text()
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])
    for targets in templates.properties(region, "AWS::ElasticLoadBalancingV2::TargetGroup").values():
        delay = next(one["Value"] for one in targets["TargetGroupAttributes"] if one["Key"].startswith("deregistration"))
        assert int(delay) >= stop


def test_what_both_stacks_ask_for_is_asked_for_alike(root, region):
    for name in set(root["Parameters"]) & set(region["Parameters"]):
        ours, theirs = root["Parameters"][name], region["Parameters"][name]
        for key in ("Type", "Default", "AllowedPattern", "AllowedValues", "MinValue", "MaxValue"):
            assert ours.get(key) == theirs.get(key) or (name, key) in {
                ("AlarmEmail", "Default"),
                ("AlarmEmail", "AllowedPattern"),
            }, name


def deployments():
    """The parameters of every deployment in samconfig.toml, by its name."""
    everything = tomllib.loads((templates.TREE / "samconfig.toml").read_text())
    del everything["version"]
    named = {name: about["deploy"]["parameters"] for name, about in everything.items() if "deploy" in about}
    return {
        name: (about.get("template_file"), dict(pair.split("=", 1) for pair in about["parameter_overrides"]))
        for name, about in named.items()
    }


@pytest.mark.parametrize("deployment", deployments())
def test_a_deployment_gives_parameters_that_there_are(deployment, root, region):
    file, given = deployments()[deployment]
    known = (region if file == "deploy/region.yaml" else root)["Parameters"]
    assert set(given) <= set(known)
    assert {name for name, parameter in known.items() if "Default" not in parameter} <= set(given)
    for slot in given["Slots"].split(","):
        assert re.fullmatch(known["Slots"]["AllowedPattern"], slot)


def test_regions_of_one_environment_share_no_slot():
    slots = [(given["Environment"], slot) for _, given in deployments().values() for slot in given["Slots"].split(",")]
    assert len(slots) == len(set(slots)) > 5
