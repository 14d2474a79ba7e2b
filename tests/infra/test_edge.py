"""What browsers reach: which paths lead where, what is kept for how long, and that nobody gets round the CDN."""

import re

import pytest

import templates

YEAR = 31_536_000
SITE = templates.TREE / "lambdas/site/src"


@pytest.fixture
def edge(root):
    """Settings of the distribution."""
    return root["Resources"]["Edge"]["Properties"]["DistributionConfig"]


def test_pages_come_from_the_site_and_are_kept_by_nobody(edge, root):
    pages = edge["DefaultCacheBehavior"]
    kept = root["Mappings"]["Kept"]
    assert pages["TargetOriginId"] == "site"
    assert pages["CachePolicyId"] in ({"Fn::FindInMap": ["Kept", "Cache", "Nothing"]}, kept["Cache"]["Nothing"])
    assert pages["OriginRequestPolicyId"] in (
        {"Fn::FindInMap": ["Kept", "Forward", "AllButHost"]},
        kept["Forward"]["AllButHost"],
    )
    assert {"GET", "POST"} <= set(pages["AllowedMethods"])


@pytest.mark.parametrize(("path", "origin"), [("/assets/*", "site"), ("/t/*", "titles"), ("/media/*", "media")])
def test_files_are_kept_for_as_long_as_their_origin_says(path, origin, edge):
    (files,) = [behaviour for behaviour in edge["CacheBehaviors"] if behaviour["PathPattern"] == path]
    assert files["TargetOriginId"] == origin
    assert files["CachePolicyId"] == {"Ref": "KeepFiles"}
    assert files["AllowedMethods"] == ["GET", "HEAD"]
    assert files["Compress"] is True


def test_the_longest_time_is_the_year_that_the_site_gives_its_files(root):
    policy = root["Resources"]["KeepFiles"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, YEAR)
    assert f"public, max-age={YEAR}, immutable" in (SITE / "files.rs").read_text()
    assert f"max-age={YEAR}, immutable" in (templates.DEPLOY / "README.md").read_text()


def test_the_site_knows_the_paths_that_are_kept():
    routes = (SITE / "routes.rs").read_text()
    for path in ('"/assets/', '"/t/'):
        assert path in routes


@pytest.mark.parametrize(("bucket", "folder"), [("Titles", "t"), ("Media", "media")])
def test_a_bucket_is_read_by_this_distribution_alone(bucket, folder, edge, root):
    (origin,) = [origin for origin in edge["Origins"] if origin["DomainName"] == {"Fn::GetAtt": [bucket, "RegionalDomainName"]}]
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["BucketAccess", "Id"]}
    allowed = root["Resources"][f"{bucket}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    assert allowed["Resource"] == {"Fn::Sub": f"${{{bucket}.Arn}}/{folder}/*"}
    assert allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(":distribution/${Edge}")


def test_the_site_is_shown_a_secret_that_it_is_given_as_well(edge, root):
    (site,) = [origin for origin in edge["Origins"] if origin["Id"] == "site"]
    (shown,) = site["OriginCustomHeaders"]
    assert shown["HeaderValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecret}:SecretString}}"}
    given = root["Resources"]["Site"]["Properties"]["Environment"]["Variables"]
    assert given["LATCHKEY_ORIGIN_SECRET"] == {"Ref": "OriginSecret"}
    assert f"`{shown['HeaderName']}`" in (templates.DEPLOY / "README.md").read_text()


def test_whoever_waits_outlasts_whom_they_wait_for(edge, root):
    (site,) = [origin for origin in edge["Origins"] if origin["Id"] == "site"]
    function = root["Resources"]["Site"]["Properties"]
    api = function["Events"]["Everything"]["Properties"]["TimeoutInMillis"]
    assert function["Timeout"] * 1000 < api < site["CustomOriginConfig"]["OriginReadTimeout"] * 1000


def test_addresses_that_ask_too_often_are_refused(root):
    firewall = root["Resources"]["Firewall"]["Properties"]
    (rate,) = [rule for rule in firewall["Rules"] if "RateBasedStatement" in rule["Statement"]]
    assert firewall["Scope"] == "CLOUDFRONT"
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "RequestsPerFiveMinutes"}
    assert "Block" in rate["Action"]


def test_every_answer_has_the_headers_that_keep_pages_safe(root):
    headers = root["Resources"]["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= YEAR
    assert headers["ContentTypeOptions"]["Override"] is True
    # What the site says of its own pages stands.
    assert headers["ContentSecurityPolicy"]["Override"] is False
    assert re.match(r"default-src 'none'", headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])


def test_letters_are_signed_and_come_from_a_domain_of_their_own(root):
    names = root["Resources"]["MailNames"]["Properties"]["RecordSets"]
    kinds = {(record["Type"], record["Name"].get("Fn::Sub", "dkim")) for record in names}
    assert len([record for record in names if record["Type"] == "CNAME"]) == 3
    assert {("MX", "bounce.${DomainName}"), ("TXT", "bounce.${DomainName}"), ("TXT", "_dmarc.${DomainName}")} <= kinds
    identity = root["Resources"]["MailIdentity"]["Properties"]
    assert identity["DkimAttributes"] == {"SigningEnabled": True}
    assert identity["MailFromAttributes"]["MailFromDomain"] == {"Fn::Sub": "bounce.${DomainName}"}


def test_what_becomes_of_letters_of_both_sets_goes_to_the_function_mail(root):
    sets = templates.of_type(root, "AWS::SES::ConfigurationSet")
    destinations = templates.properties(root, "AWS::SES::ConfigurationSetEventDestination").values()
    assert {one["ConfigurationSetName"]["Ref"] for one in destinations} == set(sets)
    for one in destinations:
        assert {"BOUNCE", "COMPLAINT"} <= set(one["EventDestination"]["MatchingEventTypes"])
    rule = root["Resources"]["FeedbackRule"]["Properties"]
    assert {ref["Ref"] for ref in rule["EventPattern"]["detail"]["mail"]["tags"]["ses:configuration-set"]} == set(sets)
    assert rule["Targets"][0]["Arn"] == {"Fn::GetAtt": ["Mail", "Arn"]}
