"""Print the cost of 1,000 A4 pages for every way to send them, as in docs/spend.md.

    python3 scripts/cost_table.py [target/release/docmill]

Draws 1,000 pages of 2,480 x 3,508 pixels (300 dpi; requires Pillow) and estimates their cost with
`docmill plan`. For comparison it adds the cost of the example request of the provider's page: the
original image, a short question, and `max_tokens` 4096.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw

JOB = """
version: 1
name: cost
input: {folder: pages}
provider: {base_url: https://platform.qubrid.com/v1, model: openai/gpt-4o-mini}
tasks:
  kind: {classify: {labels: {invoice: A request for payment with line items., letter: Addressed prose with a signature.,
    form: Boxes to fill in., receipt: A narrow strip from a till.}, other: true}}
  features: {tag: {labels: {table: A ruled or aligned table., stamp: An ink stamp., logo: A company's sign.}, max: 3}}
"""


def main() -> None:
    docmill = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/docmill").resolve()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "pages").mkdir()
        for at in range(1000):
            page = Image.new("L", (2480, 3508), 255)
            draw = ImageDraw.Draw(page)
            for line in range(0, 60):
                draw.rectangle((200, 200 + line * 50, 200 + (at * 37 + line * 211) % 2000, 215 + line * 50), fill=20)
            page.save(root / "pages" / f"{at:04}.jpg", quality=40)
        (root / "job.yaml").write_text(JOB)
        ran = subprocess.run([docmill, "plan", "job.yaml", "--format", "json"], cwd=root, capture_output=True, check=True)
    plan = json.loads(ran.stdout)
    image = 2833 + 6 * 5667
    example = [(image + 20) * 0.40 / 1e6 * 1000 + output * 1.60 / 1e6 * 1000 for output in (150, 4096)]
    print(f"example request: USD {example[0]:.2f} (a reply of 150 tokens) to {example[1]:.2f} (all 4096)")
    for way in plan["alternatives"]:
        print(f"{way['detail']:>5} {way['size']:<9} {int(way['input_tokens']) // 1000:>7,} tokens per page  USD {float(way['cost_usd']):.2f}")


main()
