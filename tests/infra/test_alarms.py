"""Alarms: each tells the topic of its stack, goes by a figure that something reports, and is explained to the operator."""

import json
import re

import pytest

import templates

PAGE = (templates.TREE / "docs/operating-aws.md").read_text()
AGREED = (templates.DEPLOY / "README.md").read_text()


def named(alarm):
    """The alarm's name without the environment; a slot's number is any."""
    return re.sub(r"-\d+$", "-SLOT", templates.filled(alarm["AlarmName"], {"Environment": "ENV"}).removeprefix("latchkey-ENV-"))


def section(heading):
    """A section of the operator's page."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def explained():
    """Names in the first column of the table of alarms."""
    rows = [row.split(" | ")[0] for row in section("What alarms mean").splitlines() if row.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def alarms(*stacks):
    """Every alarm of these stacks."""
    return [alarm for stack in stacks for alarm in templates.properties(stack, "AWS::CloudWatch::Alarm").values()]


def test_every_alarm_is_explained_and_none_besides(root, region):
    assert explained() == {named(alarm) for alarm in alarms(root, region)}


@pytest.mark.parametrize("template", ["root", "region"])
def test_every_alarm_tells_the_topic_of_its_stack(template, request):
    stack = request.getfixturevalue(template)
    assert "Alarms" in templates.of_type(stack, "AWS::SNS::Topic")
    topic = {"Ref": "Alarms"} if template == "root" else {"Fn::If": ["OwnTopic", {"Ref": "Alarms"}, {"Ref": "AlarmTopic"}]}
    for alarm in alarms(stack):
        assert alarm["AlarmActions"] == [topic]
        assert alarm.get("OKActions", [topic]) == [topic]


def test_the_home_region_tells_the_topic_of_the_root(root):
    assert root["Resources"]["HomeHosts"]["Properties"]["Parameters"]["AlarmTopic"] == {"Ref": "Alarms"}


def own_figures(*stacks):
    """Figures of our own that alarms and dashboards go by, with the dimensions they are asked for with."""
    for alarm in alarms(*stacks):
        metrics = [alarm] + [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        for metric in metrics:
            if metric.get("Namespace") == "Latchkey":
                yield metric["MetricName"], tuple(dimension["Name"] for dimension in metric["Dimensions"])


def test_every_figure_of_an_alarm_is_agreed_with_the_programs(root, region):
    table = AGREED.split("### Figures")[1].split("\n## ")[0]
    agreed = set(re.findall(r"`([A-Z]\w+)`", table))
    figures = set(own_figures(root, region))
    assert len(figures) > 8
    for name, dimensions in figures:
        assert name in agreed
        assert dimensions in {("Environment",), ("Environment", "Region")}


def test_a_dashboard_is_what_cloudwatch_takes(root, region):
    for stack in (root, region):
        for board in templates.properties(stack, "AWS::CloudWatch::Dashboard").values():
            for widget in json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]:
                assert widget["x"] + widget["width"] <= 24
                assert widget["properties"]["metrics"]
