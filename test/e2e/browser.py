"""browser: Debian's Chromium, headless, driven through its driver; it asks nobody but loopback."""
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

DESK, PHONE = (1280, 900), (390, 844)
OPTIONS = ("--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
           "--disable-component-update --disable-sync --hide-scrollbars").split()


class Browser:
    def __init__(self, size=DESK, language="id"):
        self.profile = tempfile.mkdtemp(prefix="chromium.")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for word in OPTIONS + ["--user-data-dir=" + self.profile]:
            options.add_argument(word)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.resize(size)

    def resize(self, size):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE})

    def open(self, url):
        self.driver.get(url)

    def find(self, css, seconds=15):
        """The element, as soon as it is there."""
        return WebDriverWait(self.driver, seconds).until(lambda d: d.find_element(By.CSS_SELECTOR, css), css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def until(self, what, condition, seconds=15):
        return WebDriverWait(self.driver, seconds, ignored_exceptions=[Exception]).until(lambda _: condition(), what)

    def click(self, css):
        self.find(css).click()

    def run(self, script):
        return self.driver.execute_script(script)

    @property
    def text(self):
        return self.find("body").text

    @property
    def address(self):
        return self.driver.current_url

    def complaints(self):
        """What the page broke, the answers of our own API aside: those it shows to the person."""
        return [e for e in self.driver.get_log("browser") if e["level"] == "SEVERE" and "/api/" not in e["message"]]

    def is_too_wide(self):
        return self.driver.execute_script("return document.documentElement.scrollWidth > innerWidth")

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
