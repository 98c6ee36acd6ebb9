"""Django's own pages in a browser: as wide as they are, their tables scroll, never the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from centres.models import User
from tests.factories import make_centre, make_practitioner, make_rule, make_site
from tests.frontend.staff.people import come_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 360, 768, 1280)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "responsable-de-la-protection-maternelle-et-infantile"


def test_no_page_of_the_administration_scrolls_sideways(
    browser: Browser, live_server: LiveServer
) -> None:
    chief = make_user("chief@example.org")
    User.objects.filter(pk=chief.pk).update(is_superuser=True, is_staff=True)
    centre = make_centre()
    make_user(f"{LONG}@example.org", "manager", centre)
    doctor = make_practitioner(centre.department, last_name=LONG[:60])
    rule = make_rule(site=make_site(centre, name=LONG), practitioner=doctor)
    context = browser.new_context(locale="fr-FR", base_url=live_server.url)
    come_in(context, User.objects.get(pk=chief.pk), live_server.url)
    page, faults = context.new_page(), []
    for path in (
        "",
        "centres/user/",
        f"centres/user/{chief.pk}/change/",
        f"centres/centre/{centre.pk}/change/",
        f"centres/openingrule/{rule.pk}/change/",
        "notifications/wording/",
    ):
        page.goto(f"/admin/{path}")
        assert page.locator("#content").is_visible(), path
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if (wide := page.evaluate(TOO_WIDE)) > 0:
                faults.append(f"{path} at {width}: {wide} too wide")
    context.close()
    assert faults == []
