#!/usr/bin/env python3
"""Compare the CPU time of a whole job on scans that are downscaled with a Python script that
uses the openai client and Pillow, on the same pages and server, in one run: bench_run.py [PAGES]

Requires a release build, nginx, and Python with openai, Pillow and numpy. The CPU time includes
all child processes. The server is a separate process and is not included.
"""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

REPLY = ('{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
         '"content":"{\\\\"kind\\\\":\\\\"letter\\\\"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":25000,"completion_tokens":9,"total_tokens":25009}}')

SCRIPT = """
import base64, csv, io, json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import openai
from PIL import Image

client = openai.OpenAI(base_url=sys.argv[1], api_key="x")

def ask(path):
    image = Image.open(path).convert("RGB")
    image.thumbnail((768, 1086), Image.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    url = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    reply = client.chat.completions.create(model="gpt-4o-mini", temperature=0, max_tokens=300,
        response_format={"type": "json_object"},
        messages=[{"role": "user", "content": [{"type": "text", "text": "What kind of document is this? JSON."},
                                               {"type": "image_url", "image_url": {"url": url, "detail": "high"}}]}])
    return path.name, json.loads(reply.choices[0].message.content)["kind"], reply.usage.prompt_tokens

with ThreadPoolExecutor(8) as pool, open(sys.argv[3], "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerows(pool.map(ask, sorted(Path(sys.argv[2]).iterdir())))
"""


def draw(folder, count):
    import numpy as np
    from PIL import Image, ImageDraw
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 2, (2339, 1654, 3))
    for number in range(count):
        page = Image.new("RGB", (1654, 2339), (250, 249, 244))
        pen = ImageDraw.Draw(page)
        for line in range(60):
            pen.text((140, 130 + line * 35), f"{number} {line} " + "words of a letter that goes on and on " * 5, fill=(30, 30, 38))
        pen.rectangle((1000, 1700, 1500, 1900 + number), outline=(180, 30, 30), width=4)
        pixels = (np.asarray(page).astype(np.int16) + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(f"{folder}/{number:04}.jpg", quality=85)


def cpu(command, **options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    docmill = os.environ.get("DOCMILL", os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release/docmill"))
    docmill = os.path.abspath(docmill)
    with tempfile.TemporaryDirectory() as work:
        pages = f"{work}/pages"
        os.mkdir(pages)
        draw(pages, count)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(f"{work}/nginx.conf", "w") as file:
            file.write(f"daemon off; pid {work}/pid; error_log {work}/error.log; events {{}} http {{ access_log off; client_max_body_size 20m;"
                       f"client_body_buffer_size 4m; client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;"
                       f"uwsgi_temp_path {work}/u; scgi_temp_path {work}/s; server {{ listen 127.0.0.1:{port};"
                       f"location / {{ default_type application/json; return 200 '{REPLY}'; }} }} }}")
        server = subprocess.Popen(["timeout", "600", "nginx", "-c", f"{work}/nginx.conf", "-p", work], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            with open(f"{work}/job.yaml", "w") as file:
                file.write(textwrap.dedent(f"""\
                    version: 1
                    name: bench
                    input: {{folder: pages}}
                    provider: {{base_url: "http://127.0.0.1:{port}/v1", model: gpt-4o-mini, price: {{input: 1, output: 1}}}}
                    image: {{size: full}}
                    tasks: {{kind: {{classify: {{labels: [invoice, letter]}}}}}}
                    limits: {{concurrency: 8}}
                    output: {{csv: out.csv, parquet: out.parquet, report: report.json}}
                    """))
            with open(f"{work}/script.py", "w") as file:
                file.write(SCRIPT)
            ours, theirs = [], []
            for number in range(3):
                store = f"{work}/store{number}.db"
                ours.append(cpu([docmill, "run", f"{work}/job.yaml", "-q", "--store", store]))
                theirs.append(cpu([sys.executable, f"{work}/script.py", f"http://127.0.0.1:{port}/v1", pages, f"{work}/out2.csv"]))
            with open(f"{work}/out.csv") as file:
                assert sum(",ok,letter," in line for line in file) == count
            d, s = min(ours) / count * 1000, min(theirs) / count * 1000
            print(f"{count} pages of 1654 x 2339, minimum of 3: docmill {d:.1f} ms per page, script {s:.1f} ms per page, ratio {d / s:.2f}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
