"""The page in a real browser, by Playwright: built once, opened from its file, watched for errors and requests."""

import contextlib

import pytest

from browser.test_report import CHROMIUM
from dnalect.page.build import page_text
from dnalect.tokens.single import SingleBases
from models import folders

READY = "html[data-ready]"


@pytest.fixture(scope="session")
def attention_model(tmp_path_factory):
    """A folder of a tiny attention model on single bases, with random weights."""
    words = ("vocab.txt", "\n".join(SingleBases("masked").words) + "\n")
    sizes = {"vocab_size": 9, "position_embedding_type": "rotary", "token_dropout": False, "add_bias_fnn": False}
    hub = folders.ESM | sizes | {"max_position_embeddings": 258}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(folders.TINY, "bases", ("nucleotide_transformer", hub, words))
        return folders.make("bases", tmp_path_factory.mktemp("page") / "tiny-attention")


@pytest.fixture(scope="session")
def page_file(tmp_path_factory, attention_model):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page_text(["duplex-yeast", "duplex-human", str(attention_model)]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def opened(browser, page_file):
    """A function (hash, width, scheme) -> the page, ready. No error and no request may have come by the end."""
    wrong = []
    with contextlib.ExitStack() as stack:

        def open_page(state="", width=1280, scheme="light"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            page = context.new_page()
            page.on(
                "console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None
            )
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "request", lambda request: None if request.url.startswith(INSIDE) else wrong.append(request.url[:200])
            )
            page.goto(page_file.as_uri() + state)
            page.wait_for_selector(READY, timeout=30_000)
            return page

        yield open_page
    assert not wrong


INSIDE = ("file://", "data:", "blob:")


@pytest.fixture
def shown():
    """A function (page, name) -> what a pane shows of the state that the page is in now."""

    def told(page, name):
        page.wait_for_function("name => dnalect.shown[name]?.link === dnalect.link", arg=name, timeout=30_000)
        return page.evaluate(
            "name => { const v = dnalect.shown[name].value; return ArrayBuffer.isView(v) ? [...v] : v; }", name
        )

    return told
