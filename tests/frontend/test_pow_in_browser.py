"""The page's own SHA-256 finds answers the server accepts."""

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser

from frontend import pow

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("length", [1, 40, 54, 55, 56, 63, 64, 119, 200])
def test_the_browser_solves_challenges_of_any_length(browser: Browser, length: int) -> None:
    challenge = "c" * length
    page = browser.new_page()
    page.set_content(
        f'<form id="pow" data-challenge="{challenge}" data-bits="{pow.DIFFICULTY_BITS}">'
        '<input name="pow_answer"></form>'
        "<script>document.forms[0].requestSubmit = () => { window.solved = true }</script>"
    )
    page.add_script_tag(content=render_to_string("partials/pow.js"), type="module")
    page.wait_for_function("window.solved")
    assert pow.is_solution(challenge, page.input_value("input"))
    page.close()
