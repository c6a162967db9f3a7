#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of alcm report in headless Chromium: run [--screenshots DIR] [TEST…]

Each test is a function test_NAME(b) that gets a browser; b.open(PAGE) opens one of the pages that
Pages makes. --screenshots writes pictures to look at. ALCM_BUILD names the build folder.
"""
import argparse
import contextlib
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import numpy as np
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
ALCM = pathlib.Path(os.environ.get("ALCM_BUILD", TOP / "build")).resolve() / "tools/alcm"
FLAGS = ("--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
         "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
         "--hide-scrollbars --window-size=1280,1400").split()
# Would run, load or break out if anything let it.
HOSTILE = ["</script><script>hacked=1</script>.npy", "<img src=x onerror=hacked=1>.npy",
           "\" onmouseover=hacked=1 x=\".npy", "rtl\u202eyn.npy"]
MANY = 5000
CONTAINERS = 2000  # of so many files the page still has the tensors


def safetensors(path, tensors):
    """{name: (type as the format spells it, array)}"""
    head, at = {}, 0
    for name, (dtype, a) in tensors.items():
        head[name] = {"dtype": dtype, "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for _, a in tensors.values()))


class Pages:
    """Stores, and the pages about them, made when they are asked for."""

    def __init__(self, work):
        self.work = work

    def alcm(self, *args):
        subprocess.run([ALCM, *map(str, args)], check=True, stdout=subprocess.DEVNULL)

    def run(self, store):
        subprocess.run([sys.executable, HERE / "make_run.py", self.work / "plain"], check=True)
        (self.work / "plain/run/step600/exp_avg").rename(self.work / "lossy")
        self.alcm("pack", "-r", "-o", store, self.work / "plain")
        self.alcm("pack", "-r", "-o", store / "run/step600/exp_avg", "--profile", "bounded:0.001", self.work / "lossy")

    def hostile(self, store):
        source = next(self.store("run").rglob("logits.npy"))
        (store / "<b>step1").mkdir(parents=True)
        for name in HOSTILE:
            shutil.copy(source, store / name.replace("/", "\u2215"))
        shutil.copy(source, store / "<b>step1" / "&amp;.npy")

    def many(self, store):
        """As many as the page shows singly: copies of ten small ones of several types."""
        rng = np.random.default_rng(3)
        (self.work / "small").mkdir()
        for i, dtype in enumerate(("f4", "f2", "f8", "i4", "i8") * 2):
            np.save(self.work / f"small/model.layers.{i}.self_attn.q_proj.weight.npy",
                    (rng.standard_normal((64, 40 + i)) * 9).astype(dtype))
        self.alcm("pack", "-r", "-o", self.work / "few", self.work / "small")
        for k in range(MANY // 10):
            shutil.copytree(self.work / "few", store / f"run-with-a-name-of-some-length/checkpoint-{k:05}")

    def more(self, store):
        """More than there are rows, by small ones. Takes over the store of "many"."""
        self.figures("many")
        self.store("many").rename(store)
        (store / "small").mkdir()
        np.save(self.work / "0.npy", np.arange(1100, dtype="f4"))
        self.alcm("pack", "-o", store / "small/0.npy", self.work / "0.npy")
        for i in range(1, 300):
            shutil.copy(store / "small/0.npy", store / f"small/{i}.npy")

    def one(self, store):
        store.mkdir()
        shutil.copy(next(self.store("run").rglob("step200/weight/embed.npy")), store / "embed.npy")

    def container(self, store):
        rng = np.random.default_rng(4)
        (self.work / "model").mkdir()
        tensors = {HOSTILE[1]: ("F32", rng.standard_normal((64, 64)).astype("f4")),
                   "embed.weight": ("F64", rng.standard_normal((90, 40))), "empty": ("U8", np.zeros(0, "u1"))}
        for i in range(80):
            tensors[f"layers.{i}.weight"] = ("F16", rng.standard_normal((32, 32)).astype("f2"))
        safetensors(self.work / "model/m.safetensors", tensors)
        self.alcm("pack", "-r", "-o", store, self.work / "model")

    def containers(self, store):
        """The most that there are tensors of, several types with a plane for each byte."""
        rng = np.random.default_rng(5)
        (self.work / "models").mkdir()
        for i in range(10):
            safetensors(self.work / f"models/model-{i:05}-of-00010.safetensors", {
                f"model.layers.{i}.self_attn.{k}_proj.weight": ("F64" if k == "q" else "F32", rng.standard_normal((64, 40 + i))
                                                                .astype("f8" if k == "q" else "f4")) for k in "qkvo"})
        self.alcm("pack", "-r", "-o", self.work / "few-models", self.work / "models")
        for k in range(CONTAINERS // 10):
            shutil.copytree(self.work / "few-models", store / f"run-with-a-name-of-some-length/checkpoint-{k:05}")

    def store(self, name):
        store = self.work / {"run": "checkpoints"}.get(name, f"store-{name}")
        if not store.exists():
            getattr(self, name)(store)
        return store

    def page(self, name):
        page = self.work / f"{name}.html"
        if not page.exists():
            store = self.store(name)
            os.chdir(store.parent)
            self.alcm("report", store.name, "-o", page)
            self.alcm("report", "--json", store.name, "-o", self.work / f"{name}.json")
        return page

    @functools.lru_cache
    def figures(self, name):
        self.page(name)
        return json.loads((self.work / f"{name}.json").read_text(encoding="utf-8"))


class Browser:
    def __init__(self, pages, scripts=True):
        options = webdriver.ChromeOptions()
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={tempfile.mkdtemp(dir=pages.work)}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            options.add_experimental_option("prefs",
                                            {"profile.managed_default_content_settings.javascript": 2})
        service = webdriver.chrome.service.Service("/usr/bin/chromedriver")
        self.scripts = scripts
        self.pages, self.driver, self.name = pages, webdriver.Chrome(service=service, options=options), None
        self.media()

    def media(self, dark=False, kind="screen"):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "media": kind, "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                        {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def open(self, name):
        self.name = name
        self.driver.get(self.pages.page(name).as_uri())
        if self.scripts:
            becomes(lambda: self.js("return document.documentElement.classList.contains('ready')"), True)

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.js("return Array.from(document.querySelectorAll(arguments[0]), e => e.textContent)", selector)

    def key(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def column(self, title):
        """What the drawn rows have in a column."""
        at = [t.strip() for t in self.texts("#table thead th")].index(title) + 1
        return self.texts(f"#table tbody tr[data-index] > :nth-child({at})")

    def files(self):
        return {f["path"]: f for f in self.pages.figures(self.name)["files"] if f["compressed_files"]}


def equal(got, want):
    assert got == want, f"{got!r}, not {want!r}"


def becomes(look, want):
    """Events of the browser come when they come."""
    end = time.monotonic() + 30
    while look() != want and time.monotonic() < end:
        time.sleep(.05)
    equal(look(), want)


# ---- tests -------------------------------------------------------------------------------------


def test_opens_without_complaints_or_requests(b):
    b.open("run")
    equal(b.driver.get_log("browser"), [])
    equal(b.js("return performance.getEntriesByType('resource').length"), 0)
    equal(b.one("h1").text.replace("\u00a0", " "), b.pages.figures("run")["headline"])
    equal(len(b.column("File")), len(b.files()))
    equal(len(b.all(".dot")), len(b.files()))
    assert "Lossy: values of" in b.one(".lossy").text


def test_figures_are_those_of_the_json(b):
    b.open("run")
    files = b.files()
    for path, ratio, caq, bits in zip(b.column("File"), b.column("Ratio"), b.column("CAQ"), b.column("Bits/value")):
        f = files[path]
        equal((ratio, caq, bits), (f"{f['ratio']:.3f}", f"{f['caq']:.3f}", f"{f['bits_per_value']:.2f}"))
    all_ = b.pages.figures("run")["compressed"]
    total = b.texts("#table tfoot td")
    equal((total[0], total[5], total[10]), (f"All {len(files)}", f"{all_['ratio']:.3f}", f"{all_['caq']:.3f}"))


def test_sorts(b):
    b.open("run")
    heads = {e.text.strip(" ↕↑↓"): e for e in b.all("#table thead button")}
    for title in ("Ratio", "CAQ"):
        for down in (True, False):
            heads[title].click()
            values = [float(v) for v in b.column(title)]
            equal(values, sorted(values, reverse=down))
            equal(b.texts("th[aria-sort=descending]"), [title] if down else [])
    heads["File"].click()
    equal(b.column("File"), sorted(b.column("File")))
    equal(b.texts("th[aria-sort=ascending]"), ["File"])


def count(b):
    return b.texts("#count")[0]


def clear(b):
    b.one("#filters button").click()
    n = sum(f["files"] for f in b.files().values())
    becomes(lambda: count(b), f"{n} files")


def test_filters(b):
    b.open("run")
    n = len(b.files())
    Select(b.one("#type")).select_by_visible_text("bfloat16")
    becomes(lambda: set(b.column("Type")), {"bfloat16"})
    becomes(lambda: len(b.all(".dot")), 6)
    equal(count(b), f"6 of {n} files")
    b.one("#search").send_keys("step300")
    becomes(lambda: b.column("File"), ["run/step300/bf16/block.0.mlp.up.npy"])
    clear(b)
    Select(b.one("#profile")).select_by_visible_text("bounded:0.001")
    becomes(lambda: {p.rsplit("/", 1)[0] for p in b.column("File")}, {"run/step600/exp_avg"})
    clear(b)
    Select(b.one("#directory")).select_by_visible_text("run/step100/")
    becomes(lambda: {p.split("/")[1] for p in b.column("File")}, {"step100"})
    b.one("#search").send_keys("no such file")
    becomes(lambda: b.column("File"), [])
    becomes(lambda: b.one("#chart").text, "No file to show.")


def test_directory_leads_to_its_files(b):
    b.open("run")
    next(e for e in b.all("#dirs button") if e.text == "step200").click()
    equal(b.one("#directory").get_property("value"), "run/step200/")
    equal({p.split("/")[1] for p in b.column("File")}, {"step200"})


def shown_row(b):
    """The path of the one selected row, which must be seen and have the focus."""
    row = b.one("#table tr.on")
    assert b.js("""const r = arguments[0].getBoundingClientRect(), s = document.querySelector('#table .scroll').getBoundingClientRect();
        return r.top >= s.top && r.bottom <= s.bottom && r.bottom <= innerHeight && r.top >= 0""", row), "not in sight"
    assert b.js("return arguments[0].contains(document.activeElement)", row), "no focus"
    return row.find_element(By.TAG_NAME, "bdi").text


def test_dot_leads_to_its_row(b):
    b.open("run")
    dots = b.all(".dot")
    for dot in (dots[-1], dots[len(dots) // 2]):
        path = dot.get_attribute("aria-label").split(": ")[0]
        b.js("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", dot)
        equal(shown_row(b), path)
        equal(b.one("#detail h3").text, path)
        assert "on" in dot.get_attribute("class").split()


def test_works_by_keyboard(b):
    b.open("run")
    b.one("body").send_keys(Keys.TAB)
    equal(b.driver.switch_to.active_element.text, "Skip to the files")
    for _ in range(30):
        b.key(Keys.TAB)
        if "dot" in (b.driver.switch_to.active_element.get_attribute("class") or ""):
            break
    labels = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.END):
        labels.append(b.driver.switch_to.active_element.get_attribute("aria-label"))
        b.key(key)
    equal((len(set(labels)), labels[1]), (3, labels[3]))
    assert b.one(".tip").is_displayed(), "no tip at the mark with the focus"
    last = b.driver.switch_to.active_element.get_attribute("aria-label").split(": ")[0]
    b.key(Keys.ENTER)
    equal(shown_row(b), last)
    b.key(Keys.ESCAPE)
    equal(b.all("#detail h3"), [])
    equal(b.driver.switch_to.active_element.text, last)
    b.key(Keys.ENTER)
    equal(b.one("#detail h3").text, last)
    head = b.all("#table thead button")[5]
    b.js("arguments[0].focus()", head)
    b.key(Keys.ENTER)
    equal(b.texts("th[aria-sort=descending]"), ["Ratio"])


def test_detail_of_a_file(b):
    b.open("run")
    f = b.files()["run/step200/weight/embed.npy"]
    b.one("#search").send_keys("step200/weight/embed")
    becomes(lambda: b.column("File"), ["run/step200/weight/embed.npy"])
    b.one("#table .open").click()
    text = b.one("#detail").text
    for p in f["planes"]:
        assert p["name"] in text and p["coder"] in text, (p, text)
    for want in ("mantissa byte 3 and sign", "kurtosis", "predicted by the network", "achieved",
                 f"{100 * f['achieved_entropy']:.1f} %", "The same file at 6 steps", "Lossless."):
        assert want in text, f"{want!r} is not in {text}"
    bars = b.js("""return Array.from(document.querySelectorAll('#detail svg'), s => [s.getAttribute('aria-label'),
        s.querySelectorAll('rect').length])""")
    assert any(l.startswith("Histogram of values") and n == len(f["histogram"]["counts"]) for l, n in bars), bars
    assert any(l.startswith("Histogram of exponents") and n == len(f["histogram"]["exponent_counts"]) for l, n in bars), bars
    clear(b)
    b.one("#search").send_keys("step600/exp_avg/embed")
    becomes(lambda: b.column("File"), ["run/step600/exp_avg/embed.npy"])
    b.one("#table .open").click()
    assert "Errors of the values" in b.one("#detail").text and "PSNR" in b.one("#detail").text


def test_tensors_and_their_planes(b):
    b.open("container")
    tensors = b.files()["m.safetensors"]["tensors"]
    rows = b.all("#detail tbody tr")
    equal([r.find_element(By.TAG_NAME, "bdi").text for r in rows], [t["name"] for t in tensors])
    equal([t["count"] for t in tensors], [1, 1, 1, 80])
    for row, t in zip(rows, tensors):
        cells = [e.text for e in row.find_elements(By.TAG_NAME, "td")]
        equal(cells[:2], [t["dtype"], " × ".join(map(str, t["shape"]))])
        equal(cells[4], f"{t['ratio']:.3f}" if t["ratio"] else "–")
        assert abs(sum(p["stored"] for p in t["planes"]) - t["stored"]) <= len(t["planes"]), t
        bars = row.find_elements(By.TAG_NAME, "svg")
        equal(len(bars), 1 if t["bytes"] else 0)
        for p in t["planes"] if bars else []:
            if p["bytes"] > t["bytes"] / 1000:
                assert p["name"] in bars[0].get_attribute("aria-label"), (p, bars[0].get_attribute("aria-label"))
    button = rows[1].find_element(By.TAG_NAME, "button")
    for key in (Keys.ENTER, Keys.SPACE):
        equal((button.get_attribute("aria-expanded"), len(b.all("#detail tr.planes"))), ("false", 0))
        button.send_keys(key)
        equal(button.get_attribute("aria-expanded"), "true")
        text = b.one("#detail tr.planes").text
        for want in ("exponent", "mantissa byte 7 and sign", tensors[1]["planes"][0]["coder"]):
            assert want in text, (want, text)
        button.send_keys(key)
    equal(b.js("return typeof hacked"), "undefined")
    equal(b.driver.get_log("browser"), [])


def test_tensors_of_many_files(b):
    size = b.pages.page("containers").stat().st_size
    assert size < 3_000_000, f"{size} bytes"
    b.open("containers")
    b.all("#table .open")[0].click()
    equal(len(b.all("#detail .wide tbody tr")), 3)
    assert "1 more rows" in b.one("#detail .wide").text


def test_one_file_is_open_at_once(b):
    b.open("one")
    equal(b.one("#detail h3").text, "embed.npy")


def test_many_files(b):
    size = b.pages.page("many").stat().st_size
    assert size < 3_000_000, f"{size} bytes"
    b.open("many")
    equal(count(b), f"{MANY} files")
    assert len(b.all("#table tbody tr")) < 150, "rows that nobody sees are drawn"
    equal(b.one("#table table").get_attribute("aria-rowcount"), str(MANY + 2))
    # By path, and down to the last one.
    b.all("#table thead button")[0].click()
    b.js("const s = document.querySelector('#table .scroll'); s.scrollTop = s.scrollHeight")
    becomes(lambda: b.column("File")[-1], sorted(b.files())[-1])
    assert len(b.all("#table tbody tr")) < 150
    # A row far away is come to by its mark.
    b.js("document.querySelectorAll('.dot')[2500].dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    equal(shown_row(b), b.one("#detail h3").text)
    b.one("#search").send_keys("checkpoint-00042")
    becomes(lambda: count(b), f"10 of {MANY} files")
    equal(len(b.column("File")), 10)
    # For paper all of them are there.
    clear(b)
    b.js("dispatchEvent(new Event('beforeprint'))")
    equal(len(b.column("File")), MANY)
    b.js("dispatchEvent(new Event('afterprint'))")
    assert len(b.all("#table tbody tr")) < 150


def contrast(b, selector):
    """WCAG's ratio of an element's text to the nearest background."""
    return b.js("""
        const e = document.querySelector(arguments[0]);
        let back = e;
        const parse = c => c.match(/[0-9.]+/g).map(Number);
        while (back.parentElement && parse(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
        const l = c => { const [r, g, b] = parse(c).slice(0, 3).map(v => { v /= 255;
            return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
        const [x, y] = [l(getComputedStyle(e).color), l(getComputedStyle(back).backgroundColor)].sort((p, q) => q - p);
        return (x + .05) / (y + .05);""", selector)


def test_light_and_dark(b):
    backgrounds = []
    for dark in (False, True):
        b.media(dark)
        b.open("run")
        b.one("#table .open").click()
        backgrounds.append(b.js("return getComputedStyle(document.body).backgroundColor"))
        for selector in ("h1", ".lossy", ".note", "nav a", ".open", "#table td", ".cards dt", "footer", "tr.on td",
                         ".facts dt", "label", "output"):
            assert contrast(b, selector) >= 4.5, f"{selector}: {contrast(b, selector):.2f}, dark: {dark}"
    b.media()
    assert backgrounds[0] != backgrounds[1], backgrounds


def test_prints(b):
    b.open("run")
    b.media(kind="print")
    for hidden in ("nav", "#filters", ".skip"):
        assert not b.one(hidden).is_displayed(), hidden
    assert b.one("h1").is_displayed() and b.one("#chart").is_displayed()
    equal(b.js("return getComputedStyle(document.querySelector('#table .scroll')).maxHeight"), "none")
    pdf = b.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(pdf) > 20_000
    b.media()


def test_names_are_only_names(b):
    b.open("hostile")
    equal(b.driver.get_log("browser"), [])
    equal(b.js("return typeof hacked"), "undefined")
    equal(len(b.column("File")), len(HOSTILE) + 1)
    assert any("rtl\\u202eyn.npy" in p for p in b.column("File")), b.column("File")
    for i in range(len(HOSTILE) + 1):
        b.all("#table .open")[i].click()
    equal(b.js("return typeof hacked"), "undefined")
    equal(b.js("return document.querySelectorAll('main img, main b, main script').length"), 0)
    # Even a script that got into the page would not run.
    b.js("const s = document.createElement('script'); s.textContent = 'hacked = 1'; document.body.append(s)")
    equal(b.js("return typeof hacked"), "undefined")
    assert any("Content Security Policy" in e["message"] for e in b.driver.get_log("browser"))


def test_everything_has_a_name(b):
    b.open("run")
    b.one("#table .open").click()
    nameless = b.js("""
        const named = e => (e.getAttribute('aria-label') || e.textContent || '').trim()
            || (e.getAttribute('aria-labelledby') || '').split(' ').every(i => document.getElementById(i)) && e.hasAttribute('aria-labelledby');
        return Array.from(document.querySelectorAll('svg[role], button, a, section, nav, [role=region]'))
            .filter(e => !named(e)).map(e => e.outerHTML.slice(0, 120))
            .concat(Array.from(document.querySelectorAll('input, select')).filter(e => !e.labels.length).map(e => e.id));""")
    equal(nameless, [])
    ids = b.js("return Array.from(document.querySelectorAll('[id]'), e => e.id)")
    equal(len(ids), len(set(ids)))
    levels = b.js("return Array.from(document.querySelectorAll('h1, h2, h3, h4'), e => Number(e.tagName[1]))")
    equal(levels.count(1), 1)
    assert all(y - x <= 1 for x, y in zip(levels, levels[1:])), levels
    assert all(b.js("return Array.from(document.querySelectorAll('th'), e => e.hasAttribute('scope'))"))


def test_fits_a_phone(b):
    b.driver.set_window_size(500, 900)
    b.open("run")
    wide = b.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    b.driver.set_window_size(1280, 1400)
    equal(wide, 0)


def test_browser_that_cannot_inflate(b):
    """An old one says so, and shows what is drawn without its help."""
    script = b.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream"})
    b.driver.get(b.pages.page("run").as_uri())
    becomes(lambda: "alcm report --csv" in b.one("#table").text, True)
    assert b.one("#dirs").is_displayed() and b.one("#steps svg").is_displayed()
    b.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_without_scripts(b):
    """Gets a browser that runs none."""
    b.open("run")
    source = b.driver.execute_cdp_cmd("DOMSnapshot.captureSnapshot", {"computedStyles": ["display"]})
    texts = " ".join(source["strings"])
    files = b.files()
    for path in files:
        assert path.rsplit("/", 1)[1] in texts and path.rsplit("/", 1)[0] + "/" in texts, path
    rows = b.all(".static tbody tr:has(td)")
    equal(len(rows), len(files))
    assert rows[0].is_displayed() and b.one("#dirs").is_displayed()
    assert b.all("#steps svg rect") and b.one("#steps svg").is_displayed()
    for scripted in ("#map", "#filters", "#table"):
        assert not b.one(scripted).is_displayed(), scripted


def test_more_files_than_rows(b):
    """Small ones are rolled up, and nothing is lost from the sums."""
    b.open("more")
    equal(count(b), f"{MANY + 300} files")
    b.one("#search").send_keys("small/")
    becomes(lambda: b.column("File"), ["small/… (300 files)"])
    clear(b)
    equal(b.texts("#table tfoot td")[5], f"{b.pages.figures('more')['all']['ratio']:.3f}")


# ---- pictures ----------------------------------------------------------------------------------


def screenshots(browser, plain, folder):
    folder.mkdir(parents=True, exist_ok=True)

    def shoot(b, name):
        b.driver.save_screenshot(str(folder / f"{name}.png"))

    for dark in (False, True):
        browser.media(dark)
        browser.driver.set_window_size(1240, 1290)
        browser.open("run")
        shoot(browser, "dark" if dark else "light")  # light.png is docs/report.png
        browser.driver.set_window_size(1280, 1700)
        browser.one("#search").send_keys("step200/")
        browser.one("#table .open").click()
        browser.js("document.querySelector('#detail').scrollIntoView()")
        shoot(browser, "detail-dark" if dark else "detail")
        browser.js("document.querySelector('#directories').scrollIntoView()")
        shoot(browser, "directories-dark" if dark else "directories")
        browser.js("document.querySelector('#plain').scrollIntoView()")
        shoot(browser, "end-dark" if dark else "end")
    browser.media()
    browser.driver.set_window_size(500, 1000)
    browser.open("run")
    shoot(browser, "phone")
    browser.driver.set_window_size(1280, 1400)
    browser.open("many")
    shoot(browser, "many")
    plain.open("run")
    shoot(plain, "no-script")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="DIR")
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    folder = args.screenshots and args.screenshots.resolve()
    failed = passed = 0
    with tempfile.TemporaryDirectory() as work, contextlib.ExitStack() as stack:
        pages = Pages(pathlib.Path(work))
        browsers = {}

        def browser(scripts):
            if scripts not in browsers:
                browsers[scripts] = Browser(pages, scripts)
                stack.callback(browsers[scripts].driver.quit)
            return browsers[scripts]

        if folder:
            screenshots(browser(True), browser(False), folder)
        for name, test in list(globals().items()):
            if not name.startswith("test_") or folder or args.tests and name[5:] not in args.tests:
                continue
            try:
                test(browser(name != "test_without_scripts"))
                passed += 1
            except Exception:
                failed += 1
                print(f"== {name}\n{traceback.format_exc()}")
    if not folder:
        print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
