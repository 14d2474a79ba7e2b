"""The templates as fixtures: read once, written out once, and handed to each test as a copy of its own."""

import pytest

import templates


@pytest.fixture
def root():
    """The root template."""
    return templates.root()


@pytest.fixture
def region():
    """The region's template with one slot."""
    return templates.region()


@pytest.fixture
def whole_region():
    """The region's template with every slot there may be."""
    return templates.region(templates.EVERY_SLOT)
