"""Opening a report in a browser as a reader does, and noting whatever goes wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Of a line of the list: open the result, and tell about it.
OPEN, TELL = 0, 1


def chromium() -> str | None:
    """Where Chromium is, if it is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Visit:
    """A report that is open, and what it did that it should not."""

    page: object
    wrong: list[str] = field(default_factory=list)

    def menu(self) -> list[str]:
        """Go to the front page's menu and give its headings."""
        self.page.locator("nav nav a").first.click()
        return self.page.locator("nav .p-3 > ul li a").all_inner_texts()

    def go(self, *headings: str) -> list[str]:
        """Follow headings from the menu; the headings below the last one, if it has any."""
        self.menu()
        for heading in headings:
            self.page.locator("nav .p-3 > ul li a").get_by_text(heading, exact=True).click()
        return self.page.locator("nav .p-3 > ul li a").all_inner_texts()

    def toggles(self) -> list:
        """The switches of a list of results; none stands for a list as it is."""
        return self.page.locator("nav fieldset label").all() or [None]

    def follow(self, number: int, button: int) -> None:
        """Press a button of a line of the list."""
        line = self.page.locator("nav tbody tr").nth(number)
        line.locator("a").nth(button).click()

    def shown(self) -> str:
        """Which result was chosen last."""
        return self.page.evaluate("app.state.resultPath")

    def image_width(self) -> int:
        """Width of the image that is open, 0 for one that is broken."""
        image = self.page.locator("#app img[src^='data:image']:not(nav img)")
        return image.evaluate("async image => { await image.decode().catch(() => 0); return image.naturalWidth }")

    def table_text(self) -> str:
        """Text of the table that is open."""
        return self.page.frame_locator("iframe").locator("body").inner_text()


@contextmanager
def visiting(path: Path) -> Iterator[Visit]:
    """Open a report with no network, and close it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root, which a CI job may be, Chromium needs to be told to go without a sandbox.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            page = browser.new_context(offline=True).new_page()
            visit = Visit(page)
            uri = Path(path).resolve().as_uri()
            page.on("console", lambda message: message.type == "error" and visit.wrong.append(message.text))
            page.on("pageerror", lambda error: visit.wrong.append(str(error)))
            page.on("dialog", lambda dialog: (visit.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
            page.on(
                "request",
                lambda request: request.url.startswith(("data:", f"{uri}")) or visit.wrong.append(request.url),
            )
            page.set_default_timeout(60_000)
            page.goto(uri)
            yield visit
        except Exception as error:
            error.add_note(f"what had gone wrong before: {visit.wrong}")
            raise
        finally:
            browser.close()
