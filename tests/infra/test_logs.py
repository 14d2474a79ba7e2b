"""Tables and questions over the logs: the table's pattern takes the lines as they are written, and nothing personal is kept."""

import re

import pytest

import templates

# Lines of a load balancer, with every field it writes.
UPGRADE = (
    "wss 2026-11-22T18:00:01.000000Z app/latchkey-dev/0123456789abcdef 192.0.2.7:51000 10.64.0.9:8080 0.001 0.002 0.000 101 101 "
    '431 98765 "GET https://us-east-1.play.games.example.org:443/s/7/room HTTP/1.1" "Some Browser/1.0 (an \\x22odd\\x22 one)" '
    "TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1 "
    '"Root=1-2-3" "us-east-1.play.games.example.org" "arn:aws:acm:us-east-1:123456789012:certificate/c" 7 '
    '2026-11-22T17:00:00.000000Z "waf,forward" "-" "-" "10.64.0.9:8080" "101" "-" "-" TID_1 "-" "-" "-"'
)
NO_TARGET = (
    "https 2026-11-22T18:00:01.000000Z app/latchkey-dev/0123456789abcdef 192.0.2.7:51000 - -1 -1 -1 503 - 431 0 "
    '"GET https://us-east-1.play.games.example.org:443/s/8/room HTTP/2.0" "-" TLS_AES_128_GCM_SHA256 TLSv1.3 '
    'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1 "Root=1-2-3" "-" "-" 8 '
    '2026-11-22T17:00:00.000000Z "forward" "-" "-" "-" "-" "-" "-" TID_2'
)


def columns(table):
    """Names of a table's columns."""
    return [column["Name"] for column in table["TableInput"]["StorageDescriptor"]["Columns"]]


@pytest.mark.parametrize(
    ("line", "status", "slot", "path"),
    [(UPGRADE, "101", "7", "/s/7/room"), (NO_TARGET, "503", "8", "/s/8/room")],
    ids=["an upgrade", "a slot without a machine"],
)
def test_the_table_of_the_load_balancer_takes_its_lines(line, status, slot, path, region):
    table = region["Resources"]["BalancerTable"]["Properties"]
    pattern = table["TableInput"]["StorageDescriptor"]["SerdeInfo"]["Parameters"]["input.regex"]
    row = dict(zip(columns(table), re.fullmatch(pattern, line).groups(), strict=True))
    assert (row["status"], row["slot"]) == (status, slot)
    assert row["url"].endswith(path)
    assert "192.0.2.7" not in " ".join(row.values())


def test_the_table_of_the_cdn_has_a_column_for_each_field_that_is_kept(root):
    kept = set(root["Resources"]["EdgeLogs"]["Properties"]["RecordFields"])
    table = root["Resources"]["EdgeTable"]["Properties"]
    mapped = table["TableInput"]["StorageDescriptor"]["SerdeInfo"]["Parameters"]
    assert set(mapped.values()) == kept
    assert [f"mapping.{name}" for name in columns(table)] == list(mapped)


def test_the_cdn_keeps_nothing_personal_and_no_key(root):
    personal = {
        "c-ip",
        "c-port",
        "cs-uri-stem",
        "cs-uri-query",
        "cs(Cookie)",
        "cs(Referer)",
        "cs(User-Agent)",
        "x-forwarded-for",
        "asn",
    }
    assert not personal & set(root["Resources"]["EdgeLogs"]["Properties"]["RecordFields"])
    api = root["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    assert not re.search(r"sourceIp|path|rawPath|queryString|userAgent|routeKey", api)


@pytest.mark.parametrize(("template", "table"), [("root", "EdgeTable"), ("region", "BalancerTable")])
def test_the_folders_of_a_table_follow_from_the_date(template, table, request):
    stack = request.getfixturevalue(template)
    about = stack["Resources"][table]["Properties"]["TableInput"]
    assert about["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    assert about["Parameters"]["projection.day.format"] == "yyyy/MM/dd"
    folder = about["Parameters"]["storage.location.template"]["Fn::Sub"]
    assert folder == about["StorageDescriptor"]["Location"]["Fn::Sub"] + "${!day}"
    for query in templates.properties(stack, "AWS::Athena::NamedQuery").values():
        assert re.search(r"day (=|>=) date_format\(current_date[^,]*, '%Y/%m/%d'\)", query["QueryString"])


def test_the_cdn_writes_where_its_table_reads(root):
    resources = root["Resources"]
    assert resources["EdgeLogPlace"]["Properties"]["DestinationResourceArn"] == {"Fn::Sub": "${Logs.Arn}/cdn"}
    assert resources["EdgeLogs"]["Properties"]["S3SuffixPath"] == "{yyyy}/{MM}/{dd}"
    assert resources["EdgeTable"]["Properties"]["TableInput"]["StorageDescriptor"]["Location"] == {
        "Fn::Sub": "s3://${Logs}/cdn/"
    }
    allowed = resources["LogsPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert allowed["Resource"] == {"Fn::Sub": "${Logs.Arn}/cdn/*"}


def test_the_load_balancer_writes_where_its_table_reads(region):
    resources = region["Resources"]
    attributes = {one["Key"]: one["Value"] for one in resources["Balancer"]["Properties"]["LoadBalancerAttributes"]}
    prefix = attributes["access_logs.s3.prefix"]
    read = resources["BalancerTable"]["Properties"]["TableInput"]["StorageDescriptor"]["Location"]["Fn::Sub"]
    assert read == f"s3://${{Logs}}/{prefix}/AWSLogs/${{AWS::AccountId}}/elasticloadbalancing/${{AWS::Region}}/"
    allowed = resources["LogPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert allowed["Resource"] == {"Fn::Sub": f"${{Logs.Arn}}/{prefix}/AWSLogs/${{AWS::AccountId}}/*"}


@pytest.mark.parametrize("template", ["root", "region"])
def test_a_question_asks_for_columns_that_there_are(template, request):
    stack = request.getfixturevalue(template)
    (table,) = templates.properties(stack, "AWS::Glue::Table").values()
    known = {*columns(table), "day", "hour", "requests", "connections", "percent_kept", "first_byte_seconds_95", "mib"}
    words = {
        "select", "from", "where", "and", "as", "group", "by", "order", "desc", "interval", "day", "count", "count_if", "sum", "substr",
        "date_format", "current_date", "approx_percentile", "try_cast", "double", "bigint", "like", "type", "sent_bytes", "received_bytes",
    }  # fmt: skip
    for query in templates.properties(stack, "AWS::Athena::NamedQuery").values():
        text = re.sub(r"'[^']*'", "", query["QueryString"])
        assert {word.lower() for word in re.findall(r"[a-zA-Z_]\w*", text)} <= known | words
