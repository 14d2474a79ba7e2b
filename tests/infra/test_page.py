"""The operator's page: what it adds up, and what it says of others, is so."""

import re

import templates

PAGE = (templates.TREE / "docs/operating-aws.md").read_text()


def number(text):
    """A number of the table of costs."""
    return int(re.sub(r"\D", "", text))


def test_the_costs_add_up():
    table = PAGE.split("## What it costs")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines() if row.startswith("|")]
    parts, (whole,) = [row for row in rows[2:] if "in all" not in row[0]], [row for row in rows if "in all" in row[0]]
    assert len(parts) > 10
    for column in (1, 2):
        said = number(whole[column])
        assert abs(sum(number(row[column]) for row in parts) - said) <= said * 0.02


def test_the_webhook_is_given_the_events_that_are_understood():
    step = PAGE.split("**Stripe.**")[1].split("\n5. ")[0]
    asked = set(re.findall(r"`((?:charge|checkout|payment_intent)\.[a-z_.]+)`", step))
    source = (templates.TREE / "platform/src/payments/webhook.rs").read_text()
    understood = set(re.findall(r'"((?:charge|checkout|payment_intent)\.[a-z_.]+)"', source))
    # A card that was refused may be tried again within the same checkout, which says in the end what became of it.
    assert asked == understood - {"payment_intent.payment_failed"}
    version = re.search(r'VERSION: &str = "([^"]+)"', (templates.TREE / "adapters/cloud/src/stripe.rs").read_text())[1]
    assert f"`{version}`" in step


def test_the_webhook_posts_to_the_address_the_stack_gives_out(root):
    address = root["Outputs"]["PaymentEvents"]["Value"]["Fn::Sub"]
    path = address.removeprefix("https://${DomainName}")
    assert f'"{path}"' in (templates.TREE / "lambdas/site/src/routes.rs").read_text()
    assert f"`https://DOMAIN{path}`" in PAGE


def test_the_directory_is_made_again_with_the_keys_of_the_template(root):
    table = root["Resources"]["Directory"]["Properties"]
    command = PAGE.split("### An empty directory")[1].split("\n## ")[0]
    assert table["TableName"]["Fn::Sub"].replace("${Environment}", "ENV") in command
    for key in table["KeySchema"]:
        assert f"AttributeName={key['AttributeName']},KeyType={key['KeyType']}" in command


def test_headings_that_are_linked_to_are_there():
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
