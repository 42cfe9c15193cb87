#!/usr/bin/env python3
"""Test the simulator with the official openai client: openai_client.py BASE_URL IMAGE

Covers plain and streamed replies, structured output, a data-URL image, a batch, and a 429 that the
client retries.
"""
import base64
import json
import sys
import time

import openai


def main():
    base_url, path = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key="any", max_retries=5)
    with open(path, "rb") as file:
        image = "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()
    messages = [{
        "role": "user",
        "content": [
            {"type": "text", "text": "What kind of document is this? Reply as JSON."},
            {"type": "image_url", "image_url": {"url": image, "detail": "high"}},
        ],
    }]
    schema = {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["invoice", "letter", "photo"]}},
        "required": ["kind"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "page", "strict": True, "schema": schema}}
    model = "openai/gpt-4o-mini"

    plain = client.chat.completions.create(model=model, messages=messages, response_format=form)
    assert json.loads(plain.choices[0].message.content) == {"kind": "invoice"}, plain
    assert plain.usage.prompt_tokens > 25_000 and plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens

    text, usage = "", None
    stream = client.chat.completions.create(
        model=model, messages=messages, response_format=form, stream=True, stream_options={"include_usage": True})
    for chunk in stream:
        usage = chunk.usage or usage
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert json.loads(text) == {"kind": "invoice"}, text
    assert usage == plain.usage, (usage, plain.usage)

    models = [model.id for model in client.models.list()]
    assert "openai/gpt-4o-mini" in models, models

    try:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "nothing"}}]}])
        raise AssertionError("an invalid image URL was accepted")
    except openai.BadRequestError as error:
        assert error.code == "invalid_value", error

    # Send two requests as a batch: upload, create, list, wait, read.
    body = {"model": model, "messages": messages, "response_format": form}
    lines = [json.dumps({"custom_id": f"page-{at}", "method": "POST", "url": "/v1/chat/completions", "body": body}) for at in range(2)]
    uploaded = client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"by": "test"})
    assert batch.id in [known.id for known in client.batches.list(limit=1)], batch
    for _ in range(100):
        batch = client.batches.retrieve(batch.id)
        if batch.status == "completed":
            break
        time.sleep(0.1)
    assert batch.request_counts.completed == 2 and batch.metadata == {"by": "test"}, batch
    replies = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert sorted(reply["custom_id"] for reply in replies) == ["page-0", "page-1"], replies
    bodies = [reply["response"]["body"] for reply in replies]
    assert all(json.loads(body["choices"][0]["message"]["content"]) == {"kind": "invoice"} for body in bodies), bodies
    assert all(body["usage"]["prompt_tokens"] == plain.usage.prompt_tokens for body in bodies), bodies

    # The limit is 60 per minute and two at once: the third request is throttled and retried.
    raw = [client.chat.completions.with_raw_response.create(model=model, messages=messages, response_format=form) for _ in range(3)]
    retried = [int(reply.http_request.headers["x-stainless-retry-count"]) for reply in raw]
    assert sum(retried) > 0, retried
    assert all(reply.headers["x-ratelimit-limit-requests"] == "60" for reply in raw)
    print(f"openai {openai.__version__}: plain, streamed, structured, batched, throttled and retried ({retried})")


if __name__ == "__main__":
    main()
