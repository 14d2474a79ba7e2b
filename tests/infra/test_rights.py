"""Who may do what: every statement names its actions and its resources, or says in the template why it cannot."""

import pytest

import templates

# What only reads; nothing else may have a resource of `*`.
WITHOUT_RESOURCE = {
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def statements(role):
    """Every statement of a role."""
    for policy in role["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value):
    """One or many, as many."""
    return value if isinstance(value, list) else [value]


def vague(statement):
    """Whether the statement names resources by a pattern."""
    return any(sign in text for text in templates.texts(statement["Resource"]) for sign in "*?")


def wrong_with(name, role):
    """What is wrong with the rights of a role."""
    reasons = role.get("Metadata", {}).get("Wildcards", {})
    wrong = []
    for statement in statements(role):
        sid = statement.get("Sid", "?")
        if any("*" in action for action in listed(statement["Action"])):
            wrong.append(f"{name}.{sid} does not name its actions")
        if vague(statement) and not reasons.get(sid):
            wrong.append(f"{name}.{sid} does not name its resources, and nothing says why")
        if "*" in listed(statement["Resource"]) and not set(listed(statement["Action"])) <= WITHOUT_RESOURCE:
            wrong.append(f"{name}.{sid} is for all resources, and not each of its actions has to be")
    needless = set(reasons) - {statement.get("Sid") for statement in statements(role) if vague(statement)}
    return wrong + [f"{name} gives a reason for {sid}, which needs none" for sid in sorted(needless)]


@pytest.mark.parametrize("template", ["root", "region"])
def test_every_statement_names_its_resources_or_says_why_not(template, request):
    roles = templates.of_type(request.getfixturevalue(template), "AWS::IAM::Role")
    assert roles
    assert not [line for name, role in roles.items() for line in wrong_with(name, role)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Action": "s3:*"}, "does not name its actions"),
        ({"Resource": "arn:aws:s3:::a/*"}, "nothing says why"),
        ({"Resource": {"Fn::Sub": "arn:aws:s3:::${A}-?"}}, "nothing says why"),
        ({"Resource": ["*"], "Sid": "OpenSessions"}, "is for all resources"),
    ],
)
def test_a_statement_that_names_too_little_is_refused(change, complaint, region):
    role = region["Resources"]["HostRole"]
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(
        {"Sid": "More", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/b"} | change
    )
    assert any(complaint in line for line in wrong_with("HostRole", role))


def test_a_reason_without_a_pattern_is_refused(region):
    role = region["Resources"]["HostRole"]
    role["Metadata"]["Wildcards"]["KeepDirectory"] = "because"
    assert wrong_with("HostRole", role) == ["HostRole gives a reason for KeepDirectory, which needs none"]


@pytest.mark.parametrize("template", ["root", "region"])
@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"])
def test_nobody_is_let_in_who_is_not_named(template, kind, request):
    for name, policy in templates.properties(request.getfixturevalue(template), kind).items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert "Service" in statement["Principal"], name
                assert statement["Resource"] != "*", name


def test_a_function_reads_the_secrets_it_is_given_and_no_others(root):
    for name, function in templates.properties(root, "AWS::Serverless::Function").items():
        given = (root["Globals"]["Function"]["Environment"]["Variables"] | function["Environment"]["Variables"]).items()
        secrets = {value["Ref"] for key, value in given if key.endswith("_SECRET")}
        role = root["Resources"][function["Role"]["Fn::GetAtt"][0]]
        reads = [statement for statement in statements(role) if statement["Action"] == "secretsmanager:GetSecretValue"]
        assert {resource["Ref"] for statement in reads for resource in listed(statement["Resource"])} == secrets, name


def test_a_function_may_take_from_its_own_queue_alone(root):
    for name, function in templates.properties(root, "AWS::Serverless::Function").items():
        sources = {
            event["Properties"]["Queue"]["Fn::GetAtt"][0] for event in function["Events"].values() if event["Type"] == "SQS"
        }
        role = root["Resources"][function["Role"]["Fn::GetAtt"][0]]
        taken = [statement["Resource"] for statement in statements(role) if "sqs:ReceiveMessage" in listed(statement["Action"])]
        assert {resource["Fn::GetAtt"][0] for resource in taken} == sources, name
