"""A stand-in for the Messages API on loopback: whoever starts it is the model.

The first line on standard output is the port. Then every request that an agent makes of its model is a line of JSON
there, and the next line of standard input is the turn that answers it, once it comes: a list of content blocks, as in

    [{"type": "text", "text": "One moment."}, {"type": "tool_use", "name": "Bash", "input": {"command": "true"}}]

Small requests beside the conversation, as for a title, bring no tools; they get a fixed answer and are not shown.
It ends with its standard input.
"""

import http.server
import itertools
import json
import os
import queue
import sys
import threading

TURNS = queue.Queue()
ONE_AT_A_TIME = threading.Lock()
NUMBERS = itertools.count(1)


def turn_for(request):
    """The content that answers a request."""
    if not request.get("tools"):
        return [{"type": "text", "text": "ok"}]
    with ONE_AT_A_TIME:
        print(json.dumps(request), flush=True)
        return json.loads(TURNS.get())


def message(request):
    """A whole answer, with what the API fills in."""
    content = turn_for(request)
    calls = [block for block in content if block["type"] == "tool_use"]
    for block in calls:
        block["id"] = f"toolu_{next(NUMBERS)}"
    return {
        "id": f"msg_{next(NUMBERS)}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def beginning_and_rest(block):
    """A block as it is announced, and what comes after: input comes as text, in pieces."""
    if block["type"] == "tool_use":
        return {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}


def events(whole):
    """The same answer, as it is streamed."""
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
    for index, block in enumerate(whole["content"]):
        beginning, rest = beginning_and_rest(block)
        yield {"type": "content_block_start", "index": index, "content_block": beginning}
        yield {"type": "content_block_delta", "index": index, "delta": rest}
        yield {"type": "content_block_stop", "index": index}
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": whole["usage"]}
    yield {"type": "message_stop"}


class Api(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "count_tokens" in self.path:
            return self.answer("application/json", json.dumps({"input_tokens": 1}))
        whole = message(request)
        if not request.get("stream"):
            return self.answer("application/json", json.dumps(whole))
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(whole))
        return self.answer("text/event-stream", "".join(lines))

    def do_HEAD(self):
        """Whether it is there."""
        self.answer("text/plain", "")

    def answer(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing: standard error is for what goes wrong."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in sys.stdin:
    TURNS.put(line)
# Requests that wait for a turn wait in vain: no thread of theirs keeps the process.
os._exit(0)
