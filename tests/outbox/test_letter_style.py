"""The style of our letters is the one inline style that pages let through, so that a preview looks as the mail does."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from django.conf import settings


def test_the_policy_lets_the_letters_own_style_through_and_no_other():
    letter = Path(settings.BASE_DIR, "templates/letters_base.html").read_text()
    (style,) = re.findall(r"<style>(.*?)</style>", letter, re.DOTALL)

    digest = b64encode(sha256(style.encode()).digest()).decode()

    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy["style-src"] == ["'self'", f"'sha256-{digest}'"]
