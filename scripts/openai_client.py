#!/usr/bin/env python3
"""The official openai client against the simulator: openai_client.py BASE_URL IMAGE

Plain, streamed, structured output, a data-URL image, and a 429 that it retries.
"""
import base64
import json
import sys

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
        raise AssertionError("a bad image URL was taken")
    except openai.BadRequestError as error:
        assert error.code == "invalid_value", error

    # 60 a minute, two at once: the third is refused, waits, and comes through.
    raw = [client.chat.completions.with_raw_response.create(model=model, messages=messages, response_format=form) for _ in range(3)]
    retried = [int(reply.http_request.headers["x-stainless-retry-count"]) for reply in raw]
    assert sum(retried) > 0, retried
    assert all(reply.headers["x-ratelimit-limit-requests"] == "60" for reply in raw)
    print(f"openai {openai.__version__}: plain, streamed, structured, refused and retried ({retried})")


if __name__ == "__main__":
    main()
