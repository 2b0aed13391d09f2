#!/usr/bin/env python3
"""Opens a file in a headless Chromium, and prints what became of it as JSON.

    browser.py FILE WIDTH light|dark [PICTURE HEIGHT]

It speaks the DevTools protocol over a pipe, so that no port is open. What is asked of the page is asked from outside: the
page's own policy forbids scripts. With PICTURE, what is to be seen of the page is written there, as PNG.
"""

import base64
import fcntl
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

# How long all of it may take, in seconds.
PATIENCE = 120

LOOK = """
(() => {
  const all = [...document.querySelectorAll('*')];
  const attributes = new Set(all.flatMap(one => [...one.attributes].map(
    ({ name, value }) => JSON.stringify([one.localName, name, value]))));
  // What is folded is looked at, too.
  document.querySelectorAll('details').forEach(one => { one.open = true; });
  const width = document.documentElement.clientWidth;
  const channel = value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const contrast = one => {
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))].sort((a, b) => b - a);
    return (a + 0.05) / (b + 0.05);
  };
  const says = one => [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const texts = [...document.body.querySelectorAll('*')].filter(says);
  return {
    title: document.title,
    tags: [...new Set(all.map(one => one.localName))].sort(),
    attributes: [...attributes].map(text => JSON.parse(text)),
    messages: document.querySelectorAll('main > section > article').length,
    articles: document.querySelectorAll('article').length,
    text: document.body.textContent,
    width,
    scrolls: document.documentElement.scrollWidth,
    beyond: all.filter(one => one.getBoundingClientRect().right > width + 1).map(one => one.outerHTML.slice(0, 200)),
    narrowest: Math.min(...[...document.querySelectorAll('article')].map(one => one.getBoundingClientRect().width)),
    contrast: Math.min(...texts.map(contrast)),
    ground: getComputedStyle(document.body).backgroundColor,
  };
})()
"""


class Browser:
    def __init__(self, folder):
        program = shutil.which("chromium")
        if program is None:
            sys.exit("browser.py: there is no chromium; scripts/tools installs it")
        # The program reads its descriptor 3 and writes 4.
        high = lambda descriptor: fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20)
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        theirs = high(theirs_in), high(theirs_out)
        self.out, self.into = os.fdopen(high(ours_out), "wb"), os.fdopen(high(ours_in), "rb")
        for descriptor in (theirs_in, ours_out, ours_in, theirs_out):
            os.close(descriptor)

        def descriptors():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder}",
                   "--remote-debugging-pipe", "about:blank"]
        # What it keeps goes with the folder.
        surroundings = os.environ | {"HOME": folder, "TMPDIR": folder}
        self.process = subprocess.Popen([program, *options], env=surroundings, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=descriptors,
                                        pass_fds=(3, 4), start_new_session=True)
        for descriptor in theirs:
            os.close(descriptor)
        self.numbers, self.session, self.events = itertools.count(1), None, []

    def receive(self):
        frame = bytearray()
        while (byte := self.into.read(1)) != b"\0":
            if not byte:
                sys.exit("browser.py: chromium ended")
            frame += byte
        return json.loads(frame)

    def call(self, method, **parameters):
        number = next(self.numbers)
        frame = {"id": number, "method": method, "params": parameters}
        if self.session:
            frame["sessionId"] = self.session
        self.out.write(json.dumps(frame).encode() + b"\0")
        self.out.flush()
        while True:
            answer = self.receive()
            if answer.get("id") != number:
                self.events.append(answer)
            elif "error" in answer:
                sys.exit(f"browser.py: {method}: {answer['error']}")
            else:
                return answer["result"]

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def open(self, file, width, scheme, height):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5 if width < 600 else 1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=pathlib.Path(file).resolve().as_uri())
        self.wait("Page.loadEventFired")

    def look(self):
        found = self.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
        if "exceptionDetails" in found:
            sys.exit(f"browser.py: {found['exceptionDetails']}")
        # What was asked for beside the document itself, what was complained of, and what a script said.
        asked = [event["params"]["request"]["url"] for event in self.events
                 if event.get("method") == "Network.requestWillBeSent"]
        noise = ("Page.javascriptDialogOpening", "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return found["result"]["value"] | {
            "asked": asked[1:],
            "events": [event for event in self.events if event.get("method") in noise],
        }

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def main():
    file, width, scheme = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    picture, height = (sys.argv[4], int(sys.argv[5])) if len(sys.argv) > 4 else (None, 800)
    signal.alarm(PATIENCE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            browser.open(file, width, scheme, height)
            if picture:
                shot = browser.call("Page.captureScreenshot", format="png")
                pathlib.Path(picture).write_bytes(base64.b64decode(shot["data"]))
            print(json.dumps(browser.look()))
        finally:
            browser.close()


main()
